/** What the readers of both kinds are given, and what they answer to. */
import type { Random } from '../clock.ts';
import type { Consumer } from '../consumer/handle-message.ts';
import type { Slots } from '../poller/slots.ts';
import type { RedisConnection } from './connection.ts';
import type { PartitionKeys } from './keys.ts';
import type { RedisConsumerSettings } from './redis-consumer-options.ts';

export interface ReaderProps {
  /** For all that does not block. */
  readonly connection: RedisConnection;
  readonly consumer: Consumer;
  readonly settings: RedisConsumerSettings;
  readonly slots: Slots;
  readonly random: Random;
  /** Nothing new is taken any more. */
  readonly stopping: AbortSignal;
  /** Handlers that still run are out of time. */
  readonly late: AbortSignal;
  /** The handlers of the whole poller that run. */
  readonly inWork: { count: number };
}

export interface PartitionReader {
  /** Resolves when nothing of it runs any more. */
  readonly ended: Promise<void>;
}

export type StartReader = (props: ReaderProps, keys: PartitionKeys) => PartitionReader;

/** Milliseconds. A read waits so long for something to come; what is to be tried again is looked for in between. */
export const BLOCK = 500;
/** Milliseconds between reads that fail. */
export const READ_BACKOFF = { base: 250, cap: 10_000 };
