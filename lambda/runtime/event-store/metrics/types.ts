/** What the metrics of an event store are asked for, and what they answer. */

/** Which transport carries events to a consumer. */
export type MeasuredTransport = 'postgres' | 'redis' | 'sns-sqs';

export interface MeasuredConsumer {
  /** As in `consume(..., { consumer })`: the key of its inbox. */
  readonly name: string;
  /** The event types that it handles. */
  readonly types: readonly string[];
}

export interface EventMetricsOptions {
  /**
   * Whose latency, errors and backlog are measured.
   * @default - none: volume, publish latency and the database only
   */
  readonly consumers?: readonly MeasuredConsumer[];
  /**
   * Seconds until now that rates and latencies are of: 10 to 3600. Volume per day is of the last 24 hours, whatever
   * this is.
   * @default 300
   */
  readonly windowSeconds?: number;
}

/** Milliseconds, of a sample. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** How many events the figures are of: the newest ones of the window. */
  readonly events: number;
}

export interface EventVolume {
  /** Appended a second, on average over the window. */
  readonly perSecond: number;
  /** Appended in the last 24 hours. Not extrapolated: see `countedHours`. */
  readonly lastDay: number;
  /** Appended in the busiest second of the last 24 hours. */
  readonly busiestSecond: number;
}

export interface TypeVolume extends EventVolume {
  readonly type: string;
}

export interface StoreMetrics extends EventVolume {
  readonly byType: readonly TypeVolume[];
  /** Hours of the last 24 that the count is of: below 24 where the first event is younger. */
  readonly countedHours: number;
  /** False where so much has come since the last count that this one did not reach the end: ask again. */
  readonly isComplete: boolean;
  /** Bytes of an event as JSON, on average over the newest events. Null without events. */
  readonly averageBytes: number | null;
  /**
   * From an event's own `timestamp`, by its producer's clock, to its append, by the database's. Null without events in
   * the window.
   */
  readonly publishLatency: Latency | null;
}

/** Null is "not measured"; `notMeasured` says why. */
export interface ConsumerMetrics {
  readonly name: string;
  /** Where it is live. */
  readonly transport: MeasuredTransport;
  /** Handled a second, by the inbox, whatever the transport. */
  readonly handledPerSecond: number;
  /** Failed attempts over all attempts, 0 to 1. Null without attempts in the window, or where nobody counts failures. */
  readonly errorRate: number | null;
  /** From the append to the beginning of the effect's transaction. Null without handled events in the window. */
  readonly processingLatency: Latency | null;
  /** Events that nobody has redriven. Null on Redis and SQS, which keep their own. */
  readonly deadLetters: number | null;
  /** Events of its types that it has not handled. */
  readonly unprocessed: number;
  /** Seconds since the append of the oldest of them; 0 without any. */
  readonly oldestUnprocessedSeconds: number;
  /** Whether older ones may be there than were looked at. */
  readonly isBounded: boolean;
}

export interface DatabaseMetrics {
  readonly connections: number;
  readonly maxConnections: number;
  /** Null where the role may not see what others do. */
  readonly activeConnections: number | null;
  /** Seconds. Null as above; 0 without one. */
  readonly longestTransactionSeconds: number | null;
  /**
   * Seconds that statements took in one second, on average over the window: connections that were busy at a time.
   * Compare it with the cores. Null at the first reading, which has nothing to be compared with.
   */
  readonly busyConnections: number | null;
  readonly transactionsPerSecond: number | null;
}

export interface NotMeasured {
  /** The path of the figure, such as `consumers.sentiment.deadLetters`. */
  readonly what: string;
  readonly why: string;
}

export interface EventMetrics {
  readonly schemaVersion: '1.0';
  /** ISO 8601, UTC, by the database's clock. */
  readonly measuredAt: string;
  readonly windowSeconds: number;
  readonly events: StoreMetrics;
  readonly consumers: readonly ConsumerMetrics[];
  /** Of all consumers together. */
  readonly processingLatency: Latency | null;
  /** Of those that have one. */
  readonly errorRate: number | null;
  /** Of the consumers where they are measured. */
  readonly deadLetters: number;
  readonly oldestUnprocessedSeconds: number;
  readonly database: DatabaseMetrics;
  readonly notMeasured: readonly NotMeasured[];
}
