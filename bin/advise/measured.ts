/** The figures that advice is given on, from wherever they were read. Null is "not measured". */
import type { TransportKind } from '../../lib/estimate/transports/index.ts';

export interface MeasuredLatency {
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

export interface Measured {
  /** Where it was read: an address, a file, a stage. */
  readonly source: string;
  /** ISO 8601. */
  readonly measuredAt: string;
  readonly eventsPerSecond: number | null;
  readonly eventsLastDay: number | null;
  /** Of the last 24 hours, how many were counted. */
  readonly countedHours: number | null;
  readonly busiestSecond: number | null;
  readonly averageBytes: number | null;
  readonly handledPerSecond: number | null;
  readonly publishLatency: MeasuredLatency | null;
  readonly processingLatency: MeasuredLatency | null;
  /** 0 to 1. */
  readonly errorRate: number | null;
  readonly deadLetters: number | null;
  readonly oldestUnprocessedSeconds: number | null;
  readonly agents: number | null;
  readonly connections: number | null;
  readonly maxConnections: number | null;
  readonly busyConnections: number | null;
  /** Null: where they are live is not known. */
  readonly liveOn: readonly { readonly agent: string; readonly transport: TransportKind }[] | null;
  /** What the source itself says it could not measure. */
  readonly notMeasured: readonly { readonly what: string; readonly why: string }[];
}
