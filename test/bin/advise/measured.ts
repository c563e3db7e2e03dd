/** Figures of a small system, measured for a whole day, that passes no threshold. */
import type { EventMetrics } from '../../../lambda/runtime/event-store/index.ts';

const latency = (p50: number, p99: number) => ({ p50, p99, max: p99, events: 1_000 });

export const calm: EventMetrics = {
  schemaVersion: '1.0',
  measuredAt: '2026-11-21T12:00:00.000Z',
  windowSeconds: 300,
  events: {
    perSecond: 0.1,
    lastDay: 9_000,
    busiestSecond: 12,
    byType: [{ type: 'FeedbackReceived', perSecond: 0.1, lastDay: 9_000, busiestSecond: 12 }],
    countedHours: 24,
    isComplete: true,
    averageBytes: 600,
    publishLatency: latency(3, 12),
  },
  consumers: ['sentiment', 'priority'].map((name) => ({
    name,
    transport: 'postgres' as const,
    handledPerSecond: 0.1,
    errorRate: 0,
    processingLatency: latency(9, 40),
    deadLetters: 0,
    unprocessed: 0,
    oldestUnprocessedSeconds: 0,
    isBounded: false,
  })),
  processingLatency: latency(9, 40),
  errorRate: 0,
  deadLetters: 0,
  oldestUnprocessedSeconds: 0,
  database: {
    connections: 12,
    maxConnections: 200,
    activeConnections: 1,
    longestTransactionSeconds: 0,
    busyConnections: 0.2,
    transactionsPerSecond: 4,
  },
  notMeasured: [],
};

type Changes<Of> = {
  readonly [Key in keyof Of]?: Of[Key] extends readonly unknown[] ? Of[Key] : Changes<Of[Key]> | Of[Key];
};

/** The same with some figures changed. */
export function calmBut(changes: Changes<EventMetrics>): EventMetrics {
  const { events, database, ...others } = changes;
  return {
    ...calm,
    ...(others as Partial<EventMetrics>),
    events: { ...calm.events, ...(events as Partial<EventMetrics['events']>) },
    database: { ...calm.database, ...(database as Partial<EventMetrics['database']>) },
  };
}

export function agentsOn(
  ...transports: readonly EventMetrics['consumers'][number]['transport'][]
): EventMetrics['consumers'] {
  return transports.map((transport, index) => ({ ...calm.consumers[0]!, name: `agent-${index}`, transport }));
}
