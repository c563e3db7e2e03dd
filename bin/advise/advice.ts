/**
 * Which transport, and how urgent.
 *
 * | passed | recommended |
 * |---|---|
 * | events a second, agents, or Regions | SNS/SQS |
 * | many events a day, and not latency | SNS/SQS |
 * | events a day, or latency | Redis Streams |
 * | none of these | PostgreSQL |
 * | nothing is measured | none: there is nothing to advise on |
 *
 * Order and guaranteed delivery move nobody: all three keep both. They decide how the transport is made: FIFO, and Redis
 * that waits for its disk.
 */
import type { TransportKind } from '../../lib/estimate/transports/index.ts';
import type { Measured } from './measured.ts';
import type { ThresholdResult } from './thresholds.ts';

/**
 * `now`: a figure is strained, or the busiest second passes its limit. `plan`: a limit is passed, and nothing is strained
 * yet. `stay`: nothing has to move.
 */
export type Urgency = 'now' | 'plan' | 'stay';

export interface Strain {
  readonly what: string;
  readonly measured: number | null;
  readonly limit: number;
  readonly isStrained: boolean | null;
}

export interface Advice {
  readonly recommended: TransportKind | null;
  readonly urgency: Urgency;
  /** Thresholds that are passed and speak for a larger transport. */
  readonly reasons: readonly ThresholdResult['name'][];
  readonly warnings: readonly string[];
  /** Thresholds that are open and could change the recommendation. */
  readonly open: readonly string[];
  readonly strain: readonly Strain[];
  /** Agents that are on a smaller transport than recommended. Null where it is not known which are where. */
  readonly toMove: readonly { readonly agent: string; readonly from: TransportKind }[] | null;
}

const SIZE: Readonly<Record<TransportKind, number>> = { postgres: 0, redis: 1, 'sns-sqs': 2 };

/** Signs that the database does not keep up, whatever the volume. */
const LIMITS = {
  /** Seconds. */
  oldestUnprocessed: 60,
  /** Of the connections that there may be. */
  connections: 0.8,
  errorRate: 0.05,
} as const;

export function advise(measured: Measured, results: readonly ThresholdResult[]): Advice {
  const passed = (name: ThresholdResult['name']): boolean =>
    results.some((result) => result.name === name && result.state === 'passed');
  const strain = strainOf(measured, results);
  const isMeasured = results.some(
    ({ state, limit, name }) => limit !== null && name !== 'regions' && state !== 'open',
  );
  const hasGrown = passed('events-per-second') || passed('agents') || passed('regions');
  const isManyADay = passed('many-events-per-day') && !passed('latency');
  const recommended: TransportKind | null =
    !isMeasured && !hasGrown
      ? null
      : hasGrown || isManyADay
        ? 'sns-sqs'
        : passed('events-per-day') || passed('latency')
          ? 'redis'
          : 'postgres';
  const votes = results.filter(({ state, speaksFor }) => state === 'passed' && speaksFor !== 'any');
  const toMove = recommended === null ? null : agentsBelow(measured, recommended);
  const isThere = recommended === 'postgres' || recommended === null || toMove?.length === 0;
  const isUrgent = strain.some(({ isStrained }) => isStrained === true) || passed('events-per-second');
  return {
    recommended,
    urgency: isThere ? 'stay' : isUrgent ? 'now' : 'plan',
    reasons: votes.map(({ name }) => name),
    warnings: warningsOf(measured, recommended, passed),
    open: results
      .filter(
        ({ state, speaksFor }) =>
          state === 'open' && speaksFor !== 'any' && SIZE[speaksFor] > SIZE[recommended ?? 'postgres'],
      )
      .map(({ name, note }) => `${name}: ${note ?? 'not measured'}`),
    strain,
    toMove,
  };
}

function agentsBelow(measured: Measured, recommended: TransportKind): Advice['toMove'] {
  return (
    measured.liveOn
      ?.filter(({ transport }) => SIZE[transport] < SIZE[recommended])
      .map(({ agent, transport }) => ({ agent, from: transport })) ?? null
  );
}

function strainOf(measured: Measured, results: readonly ThresholdResult[]): readonly Strain[] {
  const above = (what: string, value: number | null, limit: number): Strain => ({
    what,
    measured: value,
    limit,
    isStrained: value === null ? null : value > limit,
  });
  const { connections, maxConnections } = measured;
  const latency = results.find(({ name }) => name === 'latency');
  return [
    {
      what: 'append to handling, p99, ms',
      measured: typeof latency?.measured === 'number' ? latency.measured : null,
      limit: latency?.limit ?? 0,
      isStrained: latency === undefined || latency.state === 'open' ? null : latency.state === 'passed',
    },
    above('oldest unprocessed event, seconds', measured.oldestUnprocessedSeconds, LIMITS.oldestUnprocessed),
    above(
      'connections, of those that there may be',
      connections === null || maxConnections === null ? null : connections / maxConnections,
      LIMITS.connections,
    ),
    above('attempts that fail', measured.errorRate, LIMITS.errorRate),
  ];
}

function warningsOf(
  measured: Measured,
  recommended: TransportKind | null,
  passed: (name: ThresholdResult['name']) => boolean,
): readonly string[] {
  const { errorRate, oldestUnprocessedSeconds, liveOn } = measured;
  const warnings: string[] = [];
  if (recommended === 'sns-sqs' && passed('latency')) {
    warnings.push(
      'SNS, SQS and Lambda add tens of milliseconds to each event: leave agents that need less than the latency limit on Redis Streams, and move the others.',
    );
  }
  if (recommended === 'redis' && passed('many-events-per-day')) {
    warnings.push('The volume alone speaks for SNS/SQS; the latency that is wanted speaks against it.');
  }
  if (recommended === 'redis' && passed('guaranteed-delivery')) {
    warnings.push(
      'Take MemoryDB or durable ElastiCache: plain ElastiCache may lose what it has accepted when its primary fails.',
    );
  }
  if (
    passed('latency') &&
    oldestUnprocessedSeconds !== null &&
    oldestUnprocessedSeconds > LIMITS.oldestUnprocessed
  ) {
    warnings.push(
      'There is a backlog, and latency is mostly waiting: see first whether the agents themselves are slow. Another transport does not make a handler quicker.',
    );
  }
  if (errorRate !== null && errorRate > LIMITS.errorRate) {
    warnings.push('Many attempts fail: mend that first. Another transport fails as often.');
  }
  if (recommended !== null && liveOn?.some(({ transport }) => SIZE[transport] > SIZE[recommended]) === true) {
    warnings.push(
      `Some agents are on a larger transport than these figures ask for. They may stay; ${recommended} would do.`,
    );
  }
  return warnings;
}
