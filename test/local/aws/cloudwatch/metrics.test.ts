import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  addStatisticSet,
  addValue,
  emptyBucket,
  statisticNamed,
} from '../../../../local/aws/cloudwatch/statistics.ts';
import { MINUTE, START, watched, type Watched } from './harness.ts';

describe('statistics', () => {
  const told = (statistic: string, values: readonly number[]) => {
    const bucket = emptyBucket();
    for (const value of values) addValue(bucket, value);
    return statisticNamed(statistic)?.(bucket);
  };
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);

  test.each([
    ['SampleCount', 100],
    ['Sum', 5050],
    ['Average', 50.5],
    ['Minimum', 1],
    ['Maximum', 100],
    ['p50', 50],
    ['p99', 99],
    ['p99.9', 100],
    ['p0', 1],
    ['tm90', 45.5],
    ['TM(10%:90%)', 50.5],
    ['TM(:90%)', 45.5],
    ['TC(10%:90%)', 80],
    ['TS(:10%)', 55],
    ['PR(:25)', 25],
    ['PR(10:)', 90],
    ['IQM', 50.5],
    ['wm98', 50.47],
  ])('%s of 1 to 100 is %d', (statistic, expected) => {
    expect(told(statistic, hundred)).toBeCloseTo(expected, 6);
  });

  test.each(['p101', 'Median', 'pp9', 'TM(10:90%)', 'toString', ''])('%s is no statistic', (name) => {
    expect(statisticNamed(name)).toBeUndefined();
  });

  test('a statistic set has percentiles only when all its values are the same', () => {
    const different = emptyBucket();
    addStatisticSet(different, { count: 2, sum: 3, minimum: 1, maximum: 2 });
    expect(statisticNamed('Average')?.(different)).toBe(1.5);
    expect(statisticNamed('p50')?.(different)).toBeUndefined();
    const same = emptyBucket();
    addStatisticSet(same, { count: 2, sum: 4, minimum: 2, maximum: 2 });
    expect(statisticNamed('p50')?.(same)).toBe(2);
  });

  test('percentiles stay exact to three digits beyond the values kept exactly', () => {
    const values = Array.from({ length: 100_000 }, (_, index) => index);
    expect(told('p90', values)! / 90_000).toBeCloseTo(1, 2);
    expect(told('Sum', values)).toBe(4_999_950_000);
  });
});

describe('data', () => {
  let aws: Watched;
  beforeEach(() => {
    aws = watched();
  });
  afterEach(() => aws.close());

  const span = () => ({
    StartTime: (START - 10 * MINUTE) / 1000,
    EndTime: (aws.clock.now() + MINUTE) / 1000,
  });
  const data = async (expression: string, names: readonly string[] = ['m', 'n']) => {
    const metrics = names.map((MetricName, index) => ({
      Id: `m${index + 1}`,
      MetricStat: { Metric: { Namespace: 'test', MetricName }, Period: 60, Stat: 'Sum' },
      ReturnData: false,
    }));
    const { MetricDataResults } = await aws.call('GetMetricData', {
      StartTime: START / 1000,
      EndTime: (START + 3 * MINUTE) / 1000,
      ScanBy: 'TimestampAscending',
      MetricDataQueries: [{ Id: 'e', Expression: expression }, ...metrics],
    });
    return (MetricDataResults as { Values: number[] }[]).map(({ Values }) => Values);
  };

  test('values, counts and statistic sets of one minute are one data point', async () => {
    await aws.put(4);
    await aws.call('PutMetricData', {
      Namespace: 'test',
      MetricData: [
        { MetricName: 'm', Values: [1, 2], Counts: [3, 1] },
        { MetricName: 'm', StatisticValues: { SampleCount: 2, Sum: 20, Minimum: 8, Maximum: 12 } },
      ],
    });
    const { Datapoints } = await aws.call('GetMetricStatistics', {
      Namespace: 'test',
      MetricName: 'm',
      ...span(),
      Period: 60,
      Statistics: ['Sum', 'SampleCount', 'Minimum', 'Maximum', 'Average'],
    });
    expect(Datapoints).toEqual([
      {
        Timestamp: START / 1000,
        Unit: 'None',
        Sum: 29,
        SampleCount: 7,
        Minimum: 1,
        Maximum: 12,
        Average: 29 / 7,
      },
    ]);
  });

  test('each unit has data points of its own', async () => {
    for (const Unit of ['Seconds', 'Milliseconds']) {
      await aws.call('PutMetricData', {
        Namespace: 'test',
        MetricData: [{ MetricName: 'm', Value: 1, Unit }],
      });
    }
    const ask = { Namespace: 'test', MetricName: 'm', ...span(), Period: 60, Statistics: ['Sum'] };
    expect((await aws.call('GetMetricStatistics', ask))['Datapoints']).toHaveLength(2);
    expect((await aws.call('GetMetricStatistics', { ...ask, Unit: 'Seconds' }))['Datapoints']).toHaveLength(
      1,
    );
  });

  test('dimensions make another metric, whatever their order', async () => {
    const put = (Dimensions: unknown) =>
      aws.call('PutMetricData', {
        Namespace: 'test',
        MetricData: [{ MetricName: 'd', Value: 1, Dimensions }],
      });
    const [a, b] = [
      { Name: 'A', Value: '1' },
      { Name: 'B', Value: '2' },
    ];
    await put([a, b]);
    await put([b, a]);
    await put([a]);
    const { Metrics } = await aws.call('ListMetrics', { Namespace: 'test' });
    expect(Metrics).toHaveLength(2);
    expect(
      aws.monitoring.metric({
        namespace: 'test',
        name: 'd',
        dimensions: { B: '2', A: '1' },
        statistic: 'Sum',
      }),
    ).toBe(2);
    expect(
      aws.monitoring.metric({ namespace: 'test', name: 'd', dimensions: {}, statistic: 'Sum' }),
    ).toBeUndefined();
  });

  test.each<[string, readonly (readonly number[])[]]>([
    ['m1 + m2', [[11, 33]]],
    ['(m1 - 1) * 2 ^ 2', [[0, 4, 8]]],
    ['m1 / m2', [[0.1, 0.1]]],
    ['m1 / 0', [[]]],
    ['SUM([m1, m2])', [[11, 2, 33]]],
    ['SUM(METRICS())', [[11, 2, 33]]],
    ['AVG(METRICS("m2"))', [[10, 30]]],
    ['MAX(m1)', [[3, 3, 3]]],
    ['MIN([m1, m2])', [[1, 2, 3]]],
    ['FILL(m2, 0)', [[10, 0, 30]]],
    ['FILL(m2, REPEAT)', [[10, 10, 30]]],
    ['FILL(m2, LINEAR)', [[10, 20, 30]]],
    ['IF(m1 > 1, m1, 0)', [[0, 2, 3]]],
    ['IF(m1 > 1 AND m1 < 3, 1, 0)', [[0, 1, 0]]],
    ['IF(m1 == 2, m1)', [[2]]],
    ['RATE(m1) * 60', [[1, 1]]],
    ['DIFF(m1)', [[1, 1]]],
    ['ABS(-m1)', [[1, 2, 3]]],
    ['CEIL(m1 / 2)', [[1, 1, 2]]],
    ['FLOOR(m1 / 2)', [[0, 1, 1]]],
    ['RUNNING_SUM(m1)', [[1, 3, 6]]],
    ['m1 * PERIOD(m1)', [[60, 120, 180]]],
    ['METRIC_COUNT(METRICS()) * TIME_SERIES(1)', [[2, 2, 2]]],
    [
      '[m1, m2]',
      [
        [1, 2, 3],
        [10, 30],
      ],
    ],
    ['1 + 2 * 3', [[7, 7, 7]]],
  ])('%s', async (expression, expected) => {
    for (const [minute, value] of [1, 2, 3].entries()) await aws.put(value, START + minute * MINUTE, 'm');
    for (const [minute, value] of [
      [0, 10],
      [2, 30],
    ] as const)
      await aws.put(value, START + minute * MINUTE, 'n');
    expect(await data(expression)).toEqual(
      expected.map((values) => values.map((value) => expect.closeTo(value, 9))),
    );
  });

  test.each([
    'ANOMALY_DETECTION_BAND(m1)',
    'SEARCH("x", "Sum", 60)',
    'm1 +',
    'm9',
    '(m1',
    'm1 m2',
    'M1',
    '#',
  ])('%s is refused by name', async (expression) => {
    await expect(data(expression)).rejects.toMatchObject({ code: 'ValidationError', httpStatus: 400 });
  });

  test('data grows coarser with age and goes after 455 days', async () => {
    await aws.put(1, START, 'm');
    await aws.put(2, START + MINUTE, 'm');
    await aws.clock.advance(16 * 24 * 60 * MINUTE);
    await aws.put(1);
    const ask = (Period: number) =>
      aws.call('GetMetricStatistics', {
        Namespace: 'test',
        MetricName: 'm',
        StartTime: START / 1000,
        EndTime: (START + 10 * MINUTE) / 1000,
        Period,
        Statistics: ['Sum'],
      });
    expect((await ask(60))['Datapoints']).toMatchObject([{ Timestamp: START / 1000, Sum: 3 }]);
    expect((await ask(300))['Datapoints']).toMatchObject([{ Sum: 3 }]);
  });

  test.each([
    [{ Namespace: 'AWS/SQS', MetricData: [{ MetricName: 'm', Value: 1 }] }, 'InvalidParameterValue'],
    [{ Namespace: 'test', MetricData: [] }, 'MissingParameter'],
    [{ Namespace: 'test', MetricData: [{ MetricName: 'm' }] }, 'MissingParameter'],
    [
      { Namespace: 'test', MetricData: [{ MetricName: 'm', Value: 1, Values: [1] }] },
      'InvalidParameterCombination',
    ],
    [{ Namespace: 'test', MetricData: [{ MetricName: 'm', Value: 2 ** 361 }] }, 'InvalidParameterValue'],
    [
      { Namespace: 'test', MetricData: [{ MetricName: 'm', Value: 1, Unit: 'Apples' }] },
      'InvalidParameterValue',
    ],
    [
      { Namespace: 'test', MetricData: [{ MetricName: 'm', Value: 1, StorageResolution: 7 }] },
      'InvalidParameterValue',
    ],
    [
      { Namespace: 'test', MetricData: [{ MetricName: 'm', Values: [1, 2], Counts: [1] }] },
      'InvalidParameterValue',
    ],
    [
      {
        Namespace: 'test',
        MetricData: [{ MetricName: 'm', Value: 1, Timestamp: START / 1000 - 15 * 86_400 }],
      },
      'InvalidParameterValue',
    ],
    [
      { Namespace: 'test', MetricData: [{ MetricName: 'm', Value: 1, Timestamp: START / 1000 + 3 * 3_600 }] },
      'InvalidParameterValue',
    ],
  ])('PutMetricData refuses %j', async (input, queryCode) => {
    await expect(aws.call('PutMetricData', input)).rejects.toMatchObject({ queryCode, httpStatus: 400 });
    expect((await aws.call('ListMetrics'))['Metrics']).toEqual([]);
  });
});
