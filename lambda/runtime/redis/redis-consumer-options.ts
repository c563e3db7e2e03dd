/** The options of a consumer of Redis streams, and what is made of them. */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { Backoff } from '../backoff.ts';
import type { SqsHandler } from '../consume.ts';
import type { ConsumerOptions } from '../consumer/consumer-options.ts';
import { RuntimeError } from '../errors.ts';
import { uuidv7 } from '../../../lib/contracts/index.ts';
import type { StreamName } from './keys.ts';
import type { RedisServer } from './server.ts';

export interface PollRedisOptions
  extends Omit<ConsumerOptions, 'deadLetterQueueUrl' | 'client' | 'putBack'>, StreamName {
  /** @default - WAYBILL_REDIS_URL and its fellows, see redisFromEnvironment() */
  readonly server?: RedisServer;
  /**
   * The same number as the publishers have.
   * @default 1
   */
  readonly partitions?: number;
  /**
   * - `'none'`: all readers share all partitions, entry by entry.
   * - `'key'`: a partition has one reader at a time. Events of one ordering key are handled in their order.
   * - `'total'`: the events of the stream are handled one after the other. It has to have one partition.
   *
   * All readers of a group have the same.
   * @default 'none'
   */
  readonly order?: 'none' | 'key' | 'total';
  /** @default - the consumer's name */
  readonly group?: string;
  /**
   * Events in work at a time.
   * @default 10
   */
  readonly concurrency?: number;
  /**
   * Where a group begins that is new.
   * @default 'earliest'
   */
  readonly startFrom?: 'earliest' | 'latest';
  /**
   * Seconds without a sign of life after which another reader takes over: an entry, or with an order a partition.
   * @default 30
   */
  readonly visibilityTimeout?: number;
  /**
   * Deliveries after which an event whose handler throws is given up. With `controls` failures count.
   * @default 5
   */
  readonly maxReceiveCount?: number;
  /**
   * Seconds a failed event waits: full jitter below `base * 2^(receiveCount - 1)`, at most `cap`. With an order what
   * follows of its key waits too, and nothing else does.
   * @default { base: 2, cap: 900 }
   */
  readonly backoff?: Backoff;
  /**
   * Seconds an entry is kept, however soon it was handled: as long as a new group should find, or a replay reach back.
   * What a group has not handled is never removed.
   * @default 604800, seven days
   */
  readonly retentionSeconds?: number;
  /**
   * Seconds a dead letter is kept.
   * @default 1209600, fourteen days
   */
  readonly deadLetterRetentionSeconds?: number;
  /**
   * Milliseconds between trimmings.
   * @default 60000
   */
  readonly trimInterval?: number;
}

/** For a consumer that was declared by `consume(...)`: its own options hold where none are given here. */
export interface PollRedisConsumerOptions extends Omit<PollRedisOptions, 'consumer'> {
  /** What `consume(contracts, handler)` returned: the same that runs as a function behind a queue. */
  readonly consumer: SqsHandler;
  /**
   * The consumer's name, and the group's unless `group` is given.
   * @default - the `consumer` of the declaration, else WAYBILL_CONSUMER
   */
  readonly name?: string;
}

export interface RedisConsumerSettings {
  readonly partitions: number;
  readonly order: 'none' | 'key' | 'total';
  readonly group: string;
  readonly concurrency: number;
  readonly start: '0' | '$';
  /** Milliseconds. */
  readonly visibility: number;
  /** Seconds. */
  readonly backoff: Backoff;
  readonly retentionSeconds: number;
  readonly deadLetterRetentionSeconds: number;
  readonly trimInterval: number;
  /** This reader among those of its group. Another one at each start: what an earlier life left is taken over in time. */
  readonly reader: string;
}

export const DEFAULT_MAX_RECEIVE_COUNT = 5;
const DEFAULT_VISIBILITY_SECONDS = 30;
const DAY = 86_400;

/** @throws RuntimeError WAYBILL_OPTION_INVALID */
export function redisConsumerSettings(options: PollRedisOptions, consumer: string): RedisConsumerSettings {
  const settings: RedisConsumerSettings = {
    partitions: options.partitions ?? 1,
    order: options.order ?? 'none',
    group: options.group ?? consumer,
    concurrency: options.order === 'total' ? 1 : (options.concurrency ?? 10),
    start: options.startFrom === 'latest' ? '$' : '0',
    visibility: (options.visibilityTimeout ?? DEFAULT_VISIBILITY_SECONDS) * 1000,
    backoff: options.backoff ?? { base: 2, cap: 900 },
    retentionSeconds: options.retentionSeconds ?? 7 * DAY,
    deadLetterRetentionSeconds: options.deadLetterRetentionSeconds ?? 14 * DAY,
    trimInterval: options.trimInterval ?? 60_000,
    reader: readerName(),
  };
  const wrong = mistakeIn(settings);
  if (wrong !== undefined) throw new RuntimeError('WAYBILL_OPTION_INVALID', `pollRedis(): ${wrong}`);
  return settings;
}

function mistakeIn(settings: RedisConsumerSettings): string | undefined {
  const { order, partitions, concurrency, visibility, backoff } = settings;
  if (order === 'total' && partitions !== 1) {
    return `a total order needs one partition, received ${partitions}: order by 'key', or publish with one partition`;
  }
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    return `concurrency must be a whole number above zero, received ${concurrency}`;
  }
  if (!(visibility >= 1_000)) {
    return `visibilityTimeout must be at least 1 second, received ${visibility / 1000}`;
  }
  if (!(backoff.base > 0) || backoff.cap < backoff.base) {
    return `backoff must have 0 < base <= cap seconds, received base ${backoff.base}, cap ${backoff.cap}`;
  }
  return undefined;
}

/** Readable in XINFO CONSUMERS: the machine, the process, and what tells two of them apart. */
function readerName(): string {
  const life = createHash('sha256').update(uuidv7()).digest('hex').slice(0, 8);
  return `${hostname()}-${process.pid}-${life}`;
}
