/** CloudWatch: metrics, alarms that are evaluated by the clock, and dashboards. */
import { actionNamed } from '../actions.ts';
import type { AwsContext, AwsService, ClockTimer } from '../context.ts';
import type { StateValue } from './alarm-model.ts';
import { alarmBase, alarmRequests } from './alarm-requests.ts';
import { createAlarms, EVALUATION_INTERVAL, SHORT_EVALUATION_INTERVAL } from './alarms.ts';
import { cloudWatchAuthorization } from './authorization.ts';
import { dashboardActions } from './dashboards.ts';
import type { Input } from './errors.ts';
import { createMetricStore, type MetricIdentity } from './metric-store.ts';
import { CLOUDWATCH_PROTOCOLS } from './protocols.ts';
import { putMetricData } from './put-metric-data.ts';
import { getMetricData, getMetricStatistics, listMetrics } from './read-metrics.ts';
import { startServiceMetrics } from './service-metrics/index.ts';
import { addValue, statisticNamed } from './statistics.ts';

export type { StateValue } from './alarm-model.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly monitoring: CloudWatchService;
  }
}

/** An alarm as {@link CloudWatchService.alarms} shows it. */
export interface AlarmView {
  readonly name: string;
  readonly arn: string;
  readonly kind: 'metric' | 'composite';
  readonly state: StateValue;
  readonly reason: string;
  /** When it came to this state, in milliseconds since the epoch. */
  readonly since: number;
  /** What it watches; undefined when that is an expression or other alarms. */
  readonly metric: MetricIdentity | undefined;
}

/** Which metric, which statistic, over which time. */
export interface MetricQuestion extends MetricIdentity {
  /** `Sum`, `Maximum`, `p99` and so on. */
  readonly statistic: string;
  /**
   * Milliseconds since the epoch.
   * @default - everything up to now
   */
  readonly since?: number;
}

/** The in-process face of CloudWatch. It is called `monitoring` after its endpoint. */
export interface CloudWatchService extends AwsService {
  readonly name: 'monitoring';
  alarms(): readonly AlarmView[];
  /** One number over the whole time; undefined without data. */
  metric(question: MetricQuestion): number | undefined;
}

export function createCloudWatchService(context: AwsContext): CloudWatchService {
  const { clock } = context;
  const store = createMetricStore(() => clock.now());
  const serviceMetrics = startServiceMetrics(context, store);
  const alarms = createAlarms(context, store, (input) => alarmBase(context, input));
  const stopObserving = context.metrics.observe((sample) => {
    const bucket = store.bucket(
      store.series(sample),
      sample.unit ?? 'Count',
      sample.at ?? clock.now(),
      sample.highResolution,
    );
    addValue(bucket, sample.value);
  });

  let timer: ClockTimer | undefined;
  const arm = (): void => {
    const short = alarms.all().some((alarm) => alarm.kind === 'metric' && alarm.period < 60);
    const interval = short ? SHORT_EVALUATION_INTERVAL : EVALUATION_INTERVAL;
    if (timer) clock.clearTimeout(timer);
    timer = clock.setTimeout(
      () => {
        const at = clock.now() - (clock.now() % interval);
        if (at % EVALUATION_INTERVAL === 0) serviceMetrics.sample(at);
        else serviceMetrics.collect();
        alarms.evaluateAll(at);
        arm();
      },
      interval - (clock.now() % interval),
    );
  };

  const read =
    (action: (input: Input) => unknown) =>
    (input: Input): unknown => {
      serviceMetrics.collect();
      return action(input);
    };

  const actions: Readonly<Record<string, (input: Input) => unknown>> = {
    ...alarmRequests(context, alarms),
    ...dashboardActions(context),
    PutMetricData: (input) => putMetricData(store, input, clock.now()),
    GetMetricStatistics: read((input) => getMetricStatistics(store, input)),
    GetMetricData: read((input) => getMetricData(store, input)),
    ListMetrics: read((input) => listMetrics(store, input, clock.now())),
  };

  arm();
  return {
    name: 'monitoring',
    protocols: CLOUDWATCH_PROTOCOLS,
    async handle(action, input) {
      const output = actionNamed(actions, 'CloudWatch', action)(input) ?? {};
      if (action === 'PutMetricAlarm') arm();
      return output;
    },
    authorization: (action, input) => cloudWatchAuthorization(context, action, input),
    alarms: () =>
      alarms.all().map((alarm) => ({
        name: alarm.name,
        arn: alarm.arn,
        kind: alarm.kind,
        state: alarm.state.value,
        reason: alarm.state.reason,
        since: alarm.state.transitionedAt,
        metric: alarm.kind === 'metric' ? alarm.stat?.metric : undefined,
      })),
    metric({ statistic, since = 0, ...metric }) {
      serviceMetrics.collect();
      const series = store.find(metric);
      const bucket = series && store.between(series, since, Infinity);
      return bucket && statisticNamed(statistic)?.(bucket);
    },
    close() {
      if (timer) clock.clearTimeout(timer);
      stopObserving();
      serviceMetrics.close();
    },
  };
}
