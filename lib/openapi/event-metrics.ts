/** Schemas of what `eventMetrics()` answers (lambda/runtime/event-store/metrics/types.ts). */
import { object, ref } from './document.ts';
import type { Json } from './document.ts';

const number = { type: 'number', minimum: 0 };
const orNull = { type: ['number', 'null'], minimum: 0 };
const latencyOrNull = { oneOf: [ref('Latency'), { type: 'null' }] };
const volume = { perSecond: number, lastDay: number, busiestSecond: number };

/** @param consumers - names of those that are measured */
export function eventMetricsSchemas(consumers: readonly string[]): Readonly<Record<string, Json>> {
  return {
    EventMetrics: {
      description: 'Null is what was not measured; `notMeasured` says why.',
      ...object({
        schemaVersion: { const: '1.0' },
        measuredAt: { type: 'string', format: 'date-time' },
        windowSeconds: { type: 'integer' },
        events: object({
          ...volume,
          byType: { type: 'array', items: object({ type: { type: 'string' }, ...volume }) },
          countedHours: number,
          isComplete: { type: 'boolean' },
          averageBytes: orNull,
          publishLatency: latencyOrNull,
        }),
        consumers: { type: 'array', items: ref('ConsumerMetrics') },
        processingLatency: latencyOrNull,
        errorRate: { ...orNull, maximum: 1 },
        deadLetters: number,
        oldestUnprocessedSeconds: number,
        database: object({
          connections: number,
          maxConnections: number,
          activeConnections: orNull,
          longestTransactionSeconds: orNull,
          busyConnections: orNull,
          transactionsPerSecond: orNull,
        }),
        notMeasured: {
          type: 'array',
          items: object({ what: { type: 'string' }, why: { type: 'string' } }),
        },
      }),
    },
    ConsumerMetrics: object({
      name: { type: 'string', enum: consumers },
      transport: { type: 'string', enum: ['postgres', 'redis', 'sns-sqs'] },
      handledPerSecond: number,
      errorRate: { ...orNull, maximum: 1 },
      processingLatency: latencyOrNull,
      deadLetters: orNull,
      unprocessed: number,
      oldestUnprocessedSeconds: number,
      isBounded: { type: 'boolean' },
    }),
    Latency: {
      description: 'Milliseconds, of the newest events of the window.',
      ...object({
        // Two clocks: an event may be younger than its append.
        p50: { type: 'number' },
        p99: { type: 'number' },
        max: { type: 'number' },
        events: { type: 'integer', minimum: 0 },
      }),
    },
  };
}
