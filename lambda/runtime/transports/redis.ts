/** Publishes to a stream of Redis or Valkey, in the order of each key. */
import { fullJitter } from '../backoff.ts';
import { sleep, systemClock } from '../clock.ts';
import { sharedRedis } from '../redis/connection.ts';
import type { RedisConnection } from '../redis/connection.ts';
import { fieldsOf } from '../redis/entry.ts';
import { redisFailure } from '../redis/errors.ts';
import { partitionKeys, partitionOf } from '../redis/keys.ts';
import type { StreamName } from '../redis/keys.ts';
import { PUBLISH } from '../redis/scripts.ts';
import { redisFromEnvironment } from '../redis/server.ts';
import type { RedisServer } from '../redis/server.ts';
import { agreeOnPartitions, checkedStream } from '../redis/settings.ts';
import type { EncodedMessage, PublishFailure, Transport } from '../types.ts';
import { KIBIBYTE } from './limits.ts';
import type { SendTuning } from './send-in-batches.ts';

export interface RedisTransportProps extends StreamName {
  /** @default - WAYBILL_REDIS_URL and its fellows, see redisFromEnvironment() */
  readonly server?: RedisServer;
  /**
   * Parts of the stream, each in order and each with one reader at a time where order counts. The same number everywhere.
   * @default 1
   */
  readonly partitions?: number;
  /**
   * Seconds in which an eventId is published once: an event that is sent again because nobody knows whether it arrived.
   * Costs about 120 bytes of memory for each event of that time. 0 turns it off.
   * @default 300
   */
  readonly deduplicationSeconds?: number;
  /** How often a batch is sent in all. @default - 5 attempts */
  readonly tuning?: Omit<SendTuning, 'concurrency'>;
}

/**
 * What one call of a script carries. Ours: Redis takes 512 MB, but nobody else is served meanwhile. An entry may be as
 * large as a message of SQS.
 */
export const REDIS_LIMITS = { entries: 100, bytes: 1024 * KIBIBYTE, entryBytes: 1024 * KIBIBYTE };

const DEFAULT_DEDUPLICATION_SECONDS = 300;
const DEFAULT_ATTEMPTS = 5;
/** Milliseconds. A failover takes longer: who has more patience (the outbox) comes again. */
const BACKOFF = { base: 200, cap: 2_000 };

/**
 * A batch is one script and taken as a whole, in its order. An eventId is written once within the window, also when the
 * first answer was lost. Needs the package `@redis/client`.
 *
 * @example
 * const transport = redisTransport({ stream: 'feedback', partitions: 8 });
 *
 * @throws RedisError WAYBILL_REDIS_NOT_CONFIGURED
 */
export function redisTransport(props: RedisTransportProps): Transport {
  const { partitions = 1, deduplicationSeconds = DEFAULT_DEDUPLICATION_SECONDS } = props;
  checkedStream(props, partitions);
  const window = String(deduplicationSeconds * 1000);
  const { attempts = DEFAULT_ATTEMPTS, clock = systemClock, random = Math.random } = props.tuning ?? {};
  let connection: RedisConnection | undefined;
  let agreed: Promise<void> | undefined;

  const ready = (): Promise<RedisConnection> => {
    connection ??= sharedRedis(props.server ?? redisFromEnvironment());
    const open = connection;
    agreed ??= agreeOnPartitions(open, props, partitions);
    agreed.catch(() => {
      agreed = undefined;
    });
    return agreed.then(() => open);
  };

  const write = async (partition: number, batch: readonly EncodedMessage[]): Promise<void> => {
    const { stream, published } = partitionKeys(props, partition);
    const values = [window];
    for (const message of batch) {
      const fields = fieldsOf(message);
      values.push(message.eventId, String(fields.length), ...fields);
    }
    await (await ready()).run(PUBLISH, [stream, published], values);
  };

  /** Batch after batch: what follows one that failed is not sent, which keeps the order. */
  const sendToPartition = async (
    partition: number,
    messages: readonly EncodedMessage[],
  ): Promise<PublishFailure[]> => {
    const failed: PublishFailure[] = [];
    let broken: PublishFailure | undefined;
    for (const batch of batchesOf(messages)) {
      if (broken === undefined && isTooLarge(batch[0]!)) {
        failed.push(tooLarge(batch[0]!));
        continue;
      }
      const failure = broken === undefined ? await attempt(() => write(partition, batch)) : undefined;
      for (const { eventId } of batch) {
        if (broken !== undefined) failed.push(held(eventId, broken));
        else if (failure !== undefined) failed.push({ eventId, ...failure });
      }
      if (failure !== undefined) broken ??= failed.at(-1);
    }
    return failed;
  };

  const attempt = async (call: () => Promise<void>): Promise<Omit<PublishFailure, 'eventId'> | undefined> => {
    for (let tries = 1; ; tries += 1) {
      try {
        await call();
        return undefined;
      } catch (error) {
        const { code, message, retryNow } = redisFailure(error);
        if (!retryNow || tries >= attempts) return { code, message, retryable: true };
        await sleep(clock, fullJitter(BACKOFF, tries, random));
      }
    }
  };

  return {
    async send(messages) {
      const byPartition = new Map<number, EncodedMessage[]>();
      for (const message of messages) {
        const partition = partitionOf(message.orderingKey, partitions);
        const known = byPartition.get(partition);
        if (known === undefined) byPartition.set(partition, [message]);
        else known.push(message);
      }
      const failed = await Promise.all(
        [...byPartition].map(([partition, some]) => sendToPartition(partition, some)),
      );
      return { failed: failed.flat() };
    },
  };
}

/** Packed by count and bytes, in their order. What is too large is a batch by itself. */
function batchesOf(messages: readonly EncodedMessage[]): EncodedMessage[][] {
  const batches: EncodedMessage[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    const size = entryBytes(message);
    if (bytes + size > REDIS_LIMITS.bytes || batches.at(-1)!.length === REDIS_LIMITS.entries) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)!.push(message);
    bytes += size;
  }
  return batches;
}

function entryBytes(message: EncodedMessage): number {
  let bytes = message.eventId.length;
  for (const text of fieldsOf(message)) bytes += Buffer.byteLength(text);
  return bytes;
}

const isTooLarge = (message: EncodedMessage): boolean => entryBytes(message) > REDIS_LIMITS.entryBytes;

const tooLarge = (message: EncodedMessage): PublishFailure => ({
  eventId: message.eventId,
  code: 'WAYBILL_EVENT_TOO_LARGE',
  message: `the event takes ${entryBytes(message)} bytes, the limit is ${REDIS_LIMITS.entryBytes}: keep large content in S3, see claimCheck of createPublisher()`,
  retryable: false,
});

const held = (eventId: string, before: PublishFailure): PublishFailure => ({
  eventId,
  code: 'WAYBILL_ORDER_HELD',
  message: `not sent, to keep the order of its key: event ${before.eventId} before it failed with ${before.code}`,
  retryable: true,
});
