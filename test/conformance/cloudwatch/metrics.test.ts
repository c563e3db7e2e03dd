/** Metrics: what is taken, what is refused, how it is read, and math. */
import {
  DeleteDashboardsCommand,
  GetDashboardCommand,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListDashboardsCommand,
  ListMetricsCommand,
  PutDashboardCommand,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { behavioursOf, expect, refused } from '../harness.ts';
import { API, GUIDE, metricsOf, patience, span } from './metrics.ts';

const behaviour = behavioursOf('cloudwatch');
const PUT = `${API}/API_PutMetricData.html`;
const STATISTICS = `${API}/API_GetMetricStatistics.html`;
const DATA = `${API}/API_GetMetricData.html`;
const MATH = `${GUIDE}/using-metric-math.html`;
const DASHBOARDS = `${API}/API_PutDashboard.html`;
const ALL = ['Sum', 'Average', 'Minimum', 'Maximum', 'SampleCount'] as const;

behaviour('values of one period are one data point with five statistics', STATISTICS, async (aws) => {
  const metrics = metricsOf(aws);
  await metrics.put({ MetricName: 'm', Value: 1 }, { MetricName: 'm', Value: 3 });
  await aws.eventually(async () => {
    expect(await metrics.statistics('m', { Statistics: [...ALL] })).toMatchObject([
      { Sum: 4, Average: 2, Minimum: 1, Maximum: 3, SampleCount: 2 },
    ]);
  }, patience(aws));
});

behaviour('values come with counts', PUT, async (aws) => {
  const metrics = metricsOf(aws);
  await metrics.put({ MetricName: 'm', Values: [10, 20], Counts: [3, 1] });
  await aws.eventually(async () => {
    expect(await metrics.statistics('m', { Statistics: ['Sum', 'SampleCount'] })).toMatchObject([
      { Sum: 50, SampleCount: 4 },
    ]);
  }, patience(aws));
});

behaviour('a statistic set is taken', PUT, async (aws) => {
  const metrics = metricsOf(aws);
  const StatisticValues = { SampleCount: 4, Sum: 10, Minimum: 1, Maximum: 4 };
  await metrics.put({ MetricName: 'm', StatisticValues });
  await aws.eventually(async () => {
    expect(await metrics.statistics('m', { Statistics: [...ALL] })).toMatchObject([
      { ...StatisticValues, Average: 2.5 },
    ]);
  }, patience(aws));
});

behaviour('percentiles are told from values', STATISTICS, async (aws) => {
  const metrics = metricsOf(aws);
  await metrics.put({ MetricName: 'm', Values: Array.from({ length: 100 }, (_, index) => index + 1) });
  await aws.eventually(async () => {
    const [point] = await metrics.statistics('m', { ExtendedStatistics: ['p90', 'p50'] });
    expect(Math.abs(point!.ExtendedStatistics!['p90']! - 90)).toBeLessThan(3);
    expect(Math.abs(point!.ExtendedStatistics!['p50']! - 50)).toBeLessThan(3);
  }, patience(aws));
});

behaviour('trimmed means leave out the ends', `${GUIDE}/Statistics-definitions.html`, async (aws) => {
  const metrics = metricsOf(aws);
  await metrics.put({
    MetricName: 'm',
    Values: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1000],
    Counts: Array(10).fill(1),
  });
  await aws.eventually(async () => {
    const [point] = await metrics.statistics('m', { ExtendedStatistics: ['tm90'] });
    expect(point!.ExtendedStatistics!['tm90']).toBeCloseTo(1, 1);
  }, patience(aws));
});

behaviour('a percentile of a statistic set with different values does not exist', PUT, async (aws) => {
  const metrics = metricsOf(aws);
  await metrics.put({
    MetricName: 'm',
    StatisticValues: { SampleCount: 4, Sum: 10, Minimum: 1, Maximum: 4 },
  });
  await aws.eventually(async () => {
    expect(await metrics.statistics('m', { Statistics: ['Sum'] })).toHaveLength(1);
    const points = await metrics.statistics('m', { ExtendedStatistics: ['p50'] });
    expect(points.flatMap(({ ExtendedStatistics }) => Object.keys(ExtendedStatistics ?? {}))).toEqual([]);
  }, patience(aws));
});

behaviour('dimensions make a metric of its own', `${GUIDE}/cloudwatch_concepts.html`, async (aws) => {
  const metrics = metricsOf(aws);
  const Dimensions = [{ Name: 'Queue', Value: 'a' }];
  await metrics.put({ MetricName: 'm', Value: 1, Dimensions });
  await aws.eventually(async () => {
    expect(await metrics.statistics('m', { Statistics: ['Sum'], Dimensions })).toMatchObject([{ Sum: 1 }]);
  }, patience(aws));
  expect(await metrics.statistics('m', { Statistics: ['Sum'] })).toEqual([]);
});

behaviour('a unit that is asked for leaves out data of other units', STATISTICS, async (aws) => {
  const metrics = metricsOf(aws);
  await metrics.put(
    { MetricName: 'm', Value: 1, Unit: 'Seconds' },
    { MetricName: 'm', Value: 2, Unit: 'Bytes' },
  );
  await aws.eventually(async () => {
    expect(await metrics.statistics('m', { Statistics: ['Sum'], Unit: 'Bytes' })).toMatchObject([
      { Sum: 2, Unit: 'Bytes' },
    ]);
  }, patience(aws));
});

behaviour('a data point carries its own time', PUT, async (aws) => {
  const metrics = metricsOf(aws);
  const Timestamp = new Date(Math.floor(Date.now() / 60_000) * 60_000 - 600_000);
  await metrics.put({ MetricName: 'm', Value: 1, Timestamp });
  await aws.eventually(async () => {
    expect(await metrics.statistics('m', { Statistics: ['Sum'], ...span(), Period: 120 })).toHaveLength(1);
  }, patience(aws));
});

behaviour(
  'metrics are listed by namespace, name and dimension',
  `${API}/API_ListMetrics.html`,
  async (aws) => {
    const metrics = metricsOf(aws);
    const Dimensions = [{ Name: 'Queue', Value: 'a' }];
    await metrics.put({ MetricName: 'm', Value: 1, Dimensions }, { MetricName: 'n', Value: 1 });
    const list = async (input: object) => {
      const { Metrics } = await metrics.client.send(
        new ListMetricsCommand({ Namespace: metrics.namespace, ...input }),
      );
      return Metrics?.map(({ MetricName }) => MetricName).toSorted();
    };
    await aws.eventually(
      async () => {
        expect(await list({})).toEqual(['m', 'n']);
        expect(await list({ MetricName: 'n' })).toEqual(['n']);
        expect(await list({ Dimensions: [{ Name: 'Queue' }] })).toEqual(['m']);
        expect(await list({ Dimensions: [{ Name: 'Queue', Value: 'b' }] })).toEqual([]);
      },
      aws.embedded ? 2 : 900,
    );
  },
);

for (const [what, datum, code] of [
  ['no value', {}, 'MissingParameter'],
  ['a value and values', { Value: 1, Values: [1] }, 'InvalidParameterCombination'],
  ['values and counts of different length', { Values: [1, 2], Counts: [1] }, 'InvalidParameterValue'],
  ['a value over 2 to the 360th', { Value: 2 ** 361 }, 'InvalidParameterValue'],
  ['an unknown unit', { Value: 1, Unit: 'Apples' }, 'InvalidParameterValue'],
  ['a storage resolution of 7', { Value: 1, StorageResolution: 7 }, 'InvalidParameterValue'],
  [
    'a time more than two weeks ago',
    { Value: 1, Timestamp: new Date(Date.now() - 15 * 86_400_000) },
    'InvalidParameterValue',
  ],
] as const) {
  behaviour(`a data point with ${what} is refused`, PUT, async (aws) => {
    const metrics = metricsOf(aws);
    const put = metrics.put({ MetricName: 'm', ...datum } as Parameters<typeof metrics.put>[0]);
    await refused(put, code, `${code}Exception`, 'ValidationError', 'MissingRequiredParameterException');
  });
}

behaviour('a namespace of AWS is reserved', PUT, async (aws) => {
  const { client } = metricsOf(aws);
  const put = client.send(
    new PutMetricDataCommand({ Namespace: 'AWS/SQS', MetricData: [{ MetricName: 'm', Value: 1 }] }),
  );
  await refused(put, 'InvalidParameterValue', 'InvalidParameterValueException');
});

behaviour('a start that is not before the end is refused', STATISTICS, async (aws) => {
  const metrics = metricsOf(aws);
  const now = new Date();
  const ask = metrics.statistics('m', { Statistics: ['Sum'], StartTime: now, EndTime: now });
  await refused(ask, 'InvalidParameterCombination', 'InvalidParameterCombinationException');
});

behaviour('more than 1,440 data points are refused', STATISTICS, async (aws) => {
  const metrics = metricsOf(aws);
  const StartTime = new Date(Date.now() - 3 * 86_400_000);
  const ask = metrics.statistics('m', { Statistics: ['Sum'], StartTime, EndTime: new Date(), Period: 60 });
  await refused(ask, 'InvalidParameterCombination', 'InvalidParameterCombinationException');
});

behaviour('a period that is no multiple of 60 is refused', STATISTICS, async (aws) => {
  const { client, namespace } = metricsOf(aws);
  const ask = client.send(
    new GetMetricStatisticsCommand({
      Namespace: namespace,
      MetricName: 'm',
      ...span(),
      Period: 77,
      Statistics: ['Sum'],
    }),
  );
  await refused(ask, 'InvalidParameterValue', 'InvalidParameterValueException', 'ValidationError');
});

behaviour('a request without statistics is refused', STATISTICS, async (aws) => {
  await refused(
    metricsOf(aws).statistics('m', {}),
    'MissingParameter',
    'MissingRequiredParameterException',
    'InvalidParameterCombination',
  );
});

behaviour('GetMetricData gives newest first unless told otherwise', DATA, async (aws) => {
  const metrics = metricsOf(aws);
  const hour = 3_600_000;
  const at = (hoursAgo: number) => new Date(Math.floor(Date.now() / hour) * hour - hoursAgo * hour + 1000);
  await metrics.put(
    { MetricName: 'm', Value: 1, Timestamp: at(3) },
    { MetricName: 'm', Value: 2, Timestamp: at(1) },
  );
  await aws.eventually(async () => {
    const { MetricDataResults } = await metrics.client.send(
      new GetMetricDataCommand({
        StartTime: at(6),
        EndTime: new Date(),
        MetricDataQueries: [metrics.query('q', 'm')],
      }),
    );
    expect(MetricDataResults).toMatchObject([
      { Id: 'q', Label: 'm', Values: [2, 1], StatusCode: 'Complete' },
    ]);
  }, patience(aws));
});

for (const [expression, expected] of [
  ['a + b', 14],
  ['(a - b) * 2 / 4', 3],
  ['SUM([a, b])', 14],
  ['AVG(METRICS())', 7],
  ['MAX([a, b])', 10],
  ['MIN([a, b])', 4],
  ['IF(a > b, 1, 0)', 1],
  ['FILL(a, 0) + FILL(b, 0)', 14],
] as const) {
  behaviour(`metric math: ${expression}`, MATH, async (aws) => {
    const metrics = metricsOf(aws);
    const Timestamp = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000);
    await metrics.put({ MetricName: 'a', Value: 10, Timestamp }, { MetricName: 'b', Value: 4, Timestamp });
    await aws.eventually(async () => {
      const values = await metrics.data(
        { Id: 'e', Expression: expression },
        metrics.query('a', 'a', 'Sum', false),
        metrics.query('b', 'b', 'Sum', false),
      );
      expect(values[0]).toContain(expected);
    }, patience(aws));
  });
}

behaviour('an expression over an id that no query has is refused', DATA, async (aws) => {
  await refused(metricsOf(aws).data({ Id: 'e', Expression: 'nothing * 2' }), 'ValidationError');
});

behaviour('an expression that is not closed is refused', DATA, async (aws) => {
  const metrics = metricsOf(aws);
  await refused(metrics.data({ Id: 'e', Expression: 'SUM([a' }, metrics.query('a', 'a')), 'ValidationError');
});

behaviour('two queries of one id are refused', DATA, async (aws) => {
  const metrics = metricsOf(aws);
  await refused(metrics.data(metrics.query('a', 'a'), metrics.query('a', 'b')), 'ValidationError');
});

behaviour('a dashboard is kept, listed, given back and deleted', DASHBOARDS, async (aws) => {
  const { client } = metricsOf(aws);
  const DashboardName = aws.uniqueName('dashboard');
  const DashboardBody = '{"widgets":[]}';
  await client.send(new PutDashboardCommand({ DashboardName, DashboardBody }));
  aws.cleanup(() => client.send(new DeleteDashboardsCommand({ DashboardNames: [DashboardName] })));
  expect((await client.send(new GetDashboardCommand({ DashboardName }))).DashboardBody).toBe(DashboardBody);
  const { DashboardEntries } = await client.send(
    new ListDashboardsCommand({ DashboardNamePrefix: DashboardName }),
  );
  expect(DashboardEntries).toMatchObject([{ DashboardName, Size: DashboardBody.length }]);
  await client.send(new DeleteDashboardsCommand({ DashboardNames: [DashboardName] }));
  await refused(
    client.send(new GetDashboardCommand({ DashboardName })),
    'ResourceNotFound',
    'DashboardNotFoundError',
  );
});

behaviour('a dashboard that is not JSON is refused', DASHBOARDS, async (aws) => {
  const { client } = metricsOf(aws);
  const put = new PutDashboardCommand({ DashboardName: aws.uniqueName('dashboard'), DashboardBody: 'x' });
  await refused(client.send(put), 'InvalidParameterInput', 'DashboardInvalidInputError');
});

behaviour(
  'a queue’s metrics have AWS’s names',
  'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html',
  async (aws) => {
    const metrics = metricsOf(aws);
    const queue = await aws.queue();
    await queue.send('hello');
    await aws.wait(61);
    const sum = (MetricName: string, statistic: 'Sum' | 'Maximum') =>
      metrics
        .statistics(MetricName, {
          Namespace: 'AWS/SQS',
          Dimensions: [{ Name: 'QueueName', Value: queue.name }],
          Statistics: [statistic],
        })
        .then((points) => points.reduce((total, point) => total + (point[statistic] ?? 0), 0));
    await aws.eventually(
      async () => {
        expect(await sum('NumberOfMessagesSent', 'Sum')).toBe(1);
        expect(await sum('ApproximateNumberOfMessagesVisible', 'Maximum')).toBe(1);
        expect(await sum('SentMessageSize', 'Sum')).toBe(5);
      },
      aws.embedded ? 2 : 600,
    );
  },
);
