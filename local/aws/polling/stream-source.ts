/** A stream as a poller's settings: what is read, how it is cut into batches, and who takes them. */
import type { BatchOutcome, CountPolled, InvocationFailure } from './batch.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { ReadFrom, ShardReader, StreamRecord } from './shard-reader.ts';

export interface StreamSource {
  readonly reader: ShardReader;
  readonly start: ReadFrom;
  readonly batchSize: number;
  readonly batchingWindowSeconds: number;
  /** Batches of one shard that may run at once, 1 to 10. */
  readonly parallelizationFactor: number;
  /** Infinity: until the records expire. */
  readonly maximumRetryAttempts: number;
  /** Infinity: until the records expire. */
  readonly maximumRecordAgeSeconds: number;
  /** Halves a batch that failed before it is tried again. */
  readonly bisect: boolean;
  /** 0: no windows. */
  readonly tumblingWindowSeconds: number;
  readonly matches: (record: Readonly<Record<string, unknown>>) => boolean;
  readonly deliver: (batch: StreamBatch) => Promise<BatchOutcome>;
  /** Told of records that nobody is going to process. */
  readonly discard: (batch: DiscardedBatch) => Promise<void>;
  readonly checkpoints: Checkpoints;
  readonly count: CountPolled;
  readonly service: string;
}

export interface StreamBatch {
  readonly shardId: string;
  readonly records: readonly StreamRecord[];
  /** Set when there are tumbling windows. */
  readonly window?: WindowOfBatch;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html */
export interface WindowOfBatch {
  /** Milliseconds since the epoch. */
  readonly start: number;
  readonly end: number;
  /** What the function answered before in this window. */
  readonly state: unknown;
  readonly isFinalInvokeForWindow: boolean;
  readonly isWindowTerminatedEarly: boolean;
}

export type DiscardCondition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

export interface DiscardedBatch {
  readonly shardId: string;
  readonly records: readonly StreamRecord[];
  readonly condition: DiscardCondition;
  readonly invokeCount: number;
  readonly failure: InvocationFailure | undefined;
}
