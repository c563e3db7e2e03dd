import { describe, expect, test } from '@jest/globals';

import { fromEventMetrics } from '../../../bin/advise/read-metrics.ts';
import { reportOf } from '../../../bin/advise/report.ts';
import type { AdviceReport } from '../../../bin/advise/report.ts';
import { adviceText } from '../../../bin/advise/text.ts';
import { thresholdsFrom } from '../../../bin/advise/thresholds.ts';
import type { Needs } from '../../../bin/advise/thresholds.ts';
import type { EventMetrics } from '../../../lambda/runtime/event-store/index.ts';
import { agentsConfig, environmentConfig } from '../../../lib/config/index.ts';
import { agentsOn, calm, calmBut } from './measured.ts';

const TOLD: Needs = { ordering: true, guaranteedDelivery: true, regions: 1 };

function reported(metrics: EventMetrics, needs = TOLD, thresholds: readonly string[] = []): AdviceReport {
  return reportOf(fromEventMetrics(metrics, 'a test'), {
    environment: 'prod',
    sizes: agentsConfig(environmentConfig('prod')),
    needs,
    thresholds: thresholdsFrom(thresholds),
  });
}

const stateOf = ({ thresholds }: AdviceReport, name: string): string | undefined =>
  thresholds.find((one) => one.name === name)?.state;

/** What a day of so many events is, latency being as given. */
const ofDay = (lastDay: number): EventMetrics => calmBut({ events: { lastDay } });
const ofAgents = (count: number): EventMetrics =>
  calmBut({ consumers: agentsOn(...Array.from({ length: count }, () => 'postgres' as const)) });
const ofLatency = (p99: number, lastDay = 9_000): EventMetrics =>
  calmBut({ events: { lastDay }, processingLatency: { p50: 9, p99, max: p99, events: 100 } });

test('a small system stays on PostgreSQL, with its figures, every threshold, the costs and no steps', () => {
  const report = reported(calm);
  expect(report).toMatchObject({
    recommended: 'postgres',
    urgency: 'stay',
    reasons: [],
    warnings: [],
    steps: [],
  });
  expect(report.thresholds.map(({ name, state }) => [name, state])).toEqual([
    ['events-per-day', 'not passed'],
    ['many-events-per-day', 'not passed'],
    ['events-per-second', 'not passed'],
    ['latency', 'not passed'],
    ['agents', 'not passed'],
    ['ordering', 'passed'],
    ['guaranteed-delivery', 'passed'],
    ['regions', 'not passed'],
  ]);
  const text = adviceText(report);
  for (const line of [
    /events in the last 24 hours\s+9,000\s+24 h counted/,
    /append to handling, p50 \/ p99\s+9 \/ 40 ms/,
    /not passed\s+events-per-day\s+events in the last 24 hours: 9,000, limit 10,000/,
    /Recommendation: stay on PostgreSQL/,
    /PostgreSQL\s+[\d.]+\s+Fargate/,
    /SNS\/SQS\s+[\d.]+/,
  ]) {
    expect(text).toMatch(line);
  }
  expect(text).not.toContain('Steps');
});

describe('each threshold, at its limit and above', () => {
  test.each<[string, EventMetrics, EventMetrics, AdviceReport['recommended']]>([
    ['events-per-day', ofDay(10_000), ofDay(10_001), 'redis'],
    ['many-events-per-day', ofDay(100_000), ofDay(100_001), 'sns-sqs'],
    [
      'events-per-second',
      calmBut({ events: { busiestSecond: 1_000 } }),
      calmBut({ events: { busiestSecond: 1_001 } }),
      'sns-sqs',
    ],
    // Less than the limit is wanted, so the limit is too much.
    ['latency', ofLatency(99.9), ofLatency(100), 'redis'],
    ['agents', ofAgents(20), ofAgents(21), 'sns-sqs'],
  ])('%s', (name, kept, passed, recommended) => {
    expect(stateOf(reported(kept), name)).toBe('not passed');
    const report = reported(passed);
    expect(stateOf(report, name)).toBe('passed');
    expect(report.recommended).toBe(recommended);
    expect(report.reasons).toContain(name);
    expect(report.steps.length).toBeGreaterThan(0);
  });

  test('Regions, as they are told', () => {
    expect(stateOf(reported(calm, { ...TOLD, regions: 1 }), 'regions')).toBe('not passed');
    const report = reported(calm, { ...TOLD, regions: 2 });
    expect(stateOf(report, 'regions')).toBe('passed');
    expect(report.recommended).toBe('sns-sqs');
  });

  test.each([
    ['ordering', { ordering: true }, { ordering: false }],
    ['guaranteed-delivery', { guaranteedDelivery: true }, { guaranteedDelivery: false }],
  ] as const)('%s: needed, not needed, not told; it moves nobody', (name, needed, not) => {
    expect(stateOf(reported(calm, { regions: 1, ...needed }), name)).toBe('passed');
    expect(stateOf(reported(calm, { regions: 1, ...not }), name)).toBe('not passed');
    expect(stateOf(reported(calm, { regions: 1 }), name)).toBe('open');
    expect(reported(calm, { regions: 1, ...needed }).recommended).toBe('postgres');
  });

  test.each([
    ['events-per-day=8999', 'redis'],
    ['many-events-per-day=1000000', 'postgres'],
    ['events-per-second=11', 'sns-sqs'],
    ['latency=40', 'redis'],
    ['agents=1', 'sns-sqs'],
  ] as const)('another limit: %s', (threshold, recommended) => {
    expect(reported(calm, TOLD, [threshold]).recommended).toBe(recommended);
  });
});

describe('several at a time', () => {
  test.each<[string, EventMetrics, Needs, AdviceReport['recommended'], AdviceReport['urgency']]>([
    ['events a day alone are a plan', ofDay(50_000), TOLD, 'redis', 'plan'],
    ['many events a day alone are a plan', ofDay(500_000), TOLD, 'sns-sqs', 'plan'],
    ['latency is urgent', ofLatency(300), TOLD, 'redis', 'now'],
    ['latency keeps many events a day on Redis', ofLatency(300, 500_000), TOLD, 'redis', 'now'],
    ['but not several Regions', ofLatency(300), { ...TOLD, regions: 2 }, 'sns-sqs', 'now'],
    ['a busy second is urgent', calmBut({ events: { busiestSecond: 5_000 } }), TOLD, 'sns-sqs', 'now'],
    [
      'a volume with a backlog is urgent',
      calmBut({ events: { lastDay: 50_000 }, oldestUnprocessedSeconds: 61 }),
      TOLD,
      'redis',
      'now',
    ],
    [
      'a volume with connections that run out is urgent',
      calmBut({ events: { lastDay: 50_000 }, database: { connections: 161 } }),
      TOLD,
      'redis',
      'now',
    ],
    ['a backlog alone moves nobody', calmBut({ oldestUnprocessedSeconds: 600 }), TOLD, 'postgres', 'stay'],
  ])('%s', (_, metrics, needs, recommended, urgency) => {
    expect(reported(metrics, needs)).toMatchObject({ recommended, urgency });
  });

  test.each<[string, EventMetrics, Needs, RegExp]>([
    ['latency on SNS/SQS', ofLatency(300), { regions: 2 }, /leave agents .* on Redis Streams/],
    ['many events and latency', ofLatency(300, 500_000), TOLD, /speaks for SNS\/SQS/],
    ['nothing may be lost on Redis', ofDay(50_000), TOLD, /MemoryDB or durable ElastiCache/],
    ['latency of a backlog', calmBut({ ...ofLatency(300), oldestUnprocessedSeconds: 90 }), TOLD, /a backlog/],
    ['many failures', calmBut({ errorRate: 0.2 }), TOLD, /Many attempts fail/],
  ])('it warns: %s', (_, metrics, needs, warning) => {
    expect(reported(metrics, needs).warnings.join(' ')).toMatch(warning);
  });
});

describe('what is not measured is said, and not guessed', () => {
  test('part of a day passes a limit, and keeps none', () => {
    const part = (lastDay: number) => reported(calmBut({ events: { lastDay, countedHours: 2 } }));
    expect(stateOf(part(9_000), 'events-per-day')).toBe('open');
    expect(part(9_000).open.join()).toContain('counted for 2.0 hours of 24 only');
    expect(stateOf(part(10_001), 'events-per-day')).toBe('passed');
    expect(stateOf(part(10_001), 'many-events-per-day')).toBe('open');
  });

  test('a count that is not complete is part of a day', () => {
    expect(stateOf(reported(calmBut({ events: { isComplete: false } })), 'events-per-day')).toBe('open');
  });

  test('without consumers there is no latency, no number of agents and no cost', () => {
    const report = reported(calmBut({ consumers: [], processingLatency: null, errorRate: null }));
    expect(stateOf(report, 'latency')).toBe('open');
    expect(stateOf(report, 'agents')).toBe('open');
    expect(report.costs).toMatchObject({
      load: null,
      transports: [],
      why: 'the number of agents is not measured',
    });
    const text = adviceText(report);
    expect(text).toMatch(/append to handling, p50 \/ p99\s+not measured/);
    expect(text).toMatch(/could change it, agents: not measured/);
    expect(text).toContain('Cost a month: not measured');
  });

  test('with nothing measured there is no advice', () => {
    const nothing = {
      ...fromEventMetrics(calm, 'x'),
      eventsLastDay: null,
      busiestSecond: null,
      processingLatency: null,
      agents: null,
      liveOn: null,
    };
    const report = reportOf(nothing, {
      environment: 'prod',
      sizes: agentsConfig(environmentConfig('prod')),
      needs: {},
      thresholds: thresholdsFrom([]),
    });
    expect(report).toMatchObject({ recommended: null, urgency: 'stay', steps: [] });
    expect(adviceText(report)).toContain('Recommendation: none, because too little is measured');
  });

  test('deliveries that were not measured are an upper bound, and the text says so', () => {
    const report = reported(calmBut({ events: { perSecond: 0 } }));
    expect(report.costs.isUpperBound).toBe(true);
    expect(report.costs.load!.deliveriesPerSecond).toBeCloseTo((9_000 / 86_400) * 2, 9);
    expect(adviceText(report)).toContain('deliveries not measured, at most');
    expect(reported(calm).costs.isUpperBound).toBe(false);
  });

  test('what the source could not measure is passed on', () => {
    const report = reported(calmBut({ notMeasured: [{ what: 'errorRate', why: 'nothing was tried' }] }));
    expect(adviceText(report)).toMatch(/Not measured\n\s+errorRate\s+nothing was tried/);
  });
});

describe('agents that have moved', () => {
  test('only those on a smaller transport are to move, and the steps name them', () => {
    const report = reported(
      calmBut({ events: { lastDay: 50_000 }, consumers: agentsOn('redis', 'postgres', 'postgres') }),
    );
    expect(report.toMove).toEqual([
      { agent: 'agent-1', from: 'postgres' },
      { agent: 'agent-2', from: 'postgres' },
    ]);
    const steps = report.steps.join('\n');
    expect(steps).toContain("agent-1: { transport: 'postgres', next: ['redis'] }");
    expect(steps).toContain('waybill transport move agent-1 --to redis');
    expect(steps).toContain('waybill transport rollback agent-1');
    expect(steps).toContain('docs/transport-migration.md');
    expect(steps).toContain('the others to redis: agent-2');
  });

  test('when all are there, they stay', () => {
    const report = reported(calmBut({ events: { lastDay: 50_000 }, consumers: agentsOn('redis', 'redis') }));
    expect(report).toMatchObject({ recommended: 'redis', urgency: 'stay', toMove: [], steps: [] });
    expect(adviceText(report)).toContain('Recommendation: stay on Redis Streams');
  });

  test('nobody is moved back: it says that less would do', () => {
    const report = reported(calmBut({ consumers: agentsOn('sns-sqs', 'postgres') }));
    expect(report).toMatchObject({ recommended: 'postgres', urgency: 'stay', steps: [] });
    expect(report.warnings.join()).toContain('larger transport');
    expect(adviceText(report)).toContain('stay as it is; PostgreSQL would do');
  });
});

test.each([
  'latency',
  'latency=',
  'latency=fast',
  'latency=-1',
  'speed=3',
  'many-events-per-day=5',
  'toString=1',
])('the threshold %s is refused', (threshold) => {
  expect(() => thresholdsFrom([threshold])).toThrow(
    expect.objectContaining({ code: 'WAYBILL_THRESHOLD_INVALID' }),
  );
});
