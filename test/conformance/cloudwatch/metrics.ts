/** Shorthand of the CloudWatch behaviours: a namespace of one's own, data points in and out, alarms. */
import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  PutCompositeAlarmCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
  type Datapoint,
  type GetMetricStatisticsCommandInput,
  type MetricAlarm,
  type MetricDataQuery,
  type MetricDatum,
  type PutCompositeAlarmCommandInput,
  type PutMetricAlarmCommandInput,
} from '@aws-sdk/client-cloudwatch';
import type { Conformance } from '../harness.ts';

export const API = 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference';
export const GUIDE = 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Seconds until what was put can be read: minutes in AWS, at once here. */
export function patience({ embedded }: Conformance): number {
  return embedded ? 2 : 180;
}

/** A span that holds everything a behaviour puts, also after the clock was skipped. */
export function span() {
  return { StartTime: new Date(Date.now() - HOUR), EndTime: new Date(Date.now() + DAY) };
}

export interface TestMetrics {
  readonly client: CloudWatchClient;
  readonly namespace: string;
  put(...data: readonly MetricDatum[]): Promise<unknown>;
  /** The statistics of a metric, added up over the whole time in one data point. */
  statistics(name: string, input: Partial<GetMetricStatisticsCommandInput>): Promise<Datapoint[]>;
  /** Values of the queries that return data, oldest first. */
  data(...queries: readonly MetricDataQuery[]): Promise<number[][]>;
  /** A query of one of the namespace's metrics. */
  query(Id: string, MetricName: string, Stat?: string, ReturnData?: boolean): MetricDataQuery;
  /** An alarm on the metric `m`: above 5 in one minute. Deleted afterwards. */
  alarm(input?: Partial<PutMetricAlarmCommandInput>): Promise<string>;
  composite(AlarmRule: string, input?: Partial<PutCompositeAlarmCommandInput>): Promise<string>;
  described(name: string): Promise<MetricAlarm>;
  state(name: string): Promise<string | undefined>;
}

export function metricsOf(aws: Conformance): TestMetrics {
  const client = aws.client(CloudWatchClient);
  const namespace = aws.uniqueName('metrics');
  const remove = (name: string) =>
    aws.cleanup(() => client.send(new DeleteAlarmsCommand({ AlarmNames: [name] })));

  const describe = async (name: string) => {
    const types = ['MetricAlarm', 'CompositeAlarm'] as const;
    const { MetricAlarms = [], CompositeAlarms = [] } = await client.send(
      new DescribeAlarmsCommand({ AlarmNames: [name], AlarmTypes: [...types] }),
    );
    return MetricAlarms[0] ?? CompositeAlarms[0];
  };

  return {
    client,
    namespace,
    put: (...data) => client.send(new PutMetricDataCommand({ Namespace: namespace, MetricData: [...data] })),
    async statistics(name, input) {
      const { Datapoints = [] } = await client.send(
        new GetMetricStatisticsCommand({
          Namespace: namespace,
          MetricName: name,
          ...span(),
          Period: 86_400,
          ...input,
        }),
      );
      return Datapoints;
    },
    async data(...queries) {
      const { MetricDataResults = [] } = await client.send(
        new GetMetricDataCommand({
          ...span(),
          ScanBy: 'TimestampAscending',
          MetricDataQueries: [...queries],
        }),
      );
      return MetricDataResults.map(({ Values = [] }) => Values);
    },
    query: (Id, MetricName, Stat = 'Sum', ReturnData = true) => ({
      Id,
      MetricStat: { Metric: { Namespace: namespace, MetricName }, Period: 3600, Stat },
      ReturnData,
    }),
    async alarm(input = {}) {
      const AlarmName = aws.uniqueName('alarm');
      remove(AlarmName);
      const metric = input.Metrics
        ? {}
        : { Namespace: namespace, MetricName: 'm', Statistic: 'Maximum' as const, Period: 60 };
      await client.send(
        new PutMetricAlarmCommand({
          AlarmName,
          ...metric,
          EvaluationPeriods: 1,
          Threshold: 5,
          ComparisonOperator: 'GreaterThanThreshold',
          ...input,
        }),
      );
      return AlarmName;
    },
    async composite(AlarmRule, input = {}) {
      const AlarmName = aws.uniqueName('composite');
      remove(AlarmName);
      await client.send(new PutCompositeAlarmCommand({ AlarmName, AlarmRule, ...input }));
      return AlarmName;
    },
    async described(name) {
      const found = await describe(name);
      if (!found) throw new Error(`there is no alarm ${name}`);
      return found;
    },
    state: async (name) => (await describe(name))?.StateValue,
  };
}
