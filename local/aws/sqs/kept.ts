/**
 * What of SQS outlives the process: queues, messages and where they are, deduplication ids, move tasks. A message
 * is two records, so that a receive does not write its body again.
 */
import type { AwsContext } from '../context.ts';
import type { FirstSend } from './deduplication.ts';
import type { StoredMessage } from './message.ts';

/** Orders that are reserved at once, so that a restart never gives one out twice. */
const RESERVED_ORDERS = 10_000;

/** A queue as it is kept. */
export interface KeptQueue {
  /** In the receipt handles, which stay good. */
  readonly token: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly modifiedAt: number;
  readonly purgedAt?: number | undefined;
}

/** What changes while a message is in the queue. */
type Movement = Pick<
  StoredMessage,
  'order' | 'receiveCount' | 'firstReceivedAt' | 'lastReceivedAt' | 'dueAt' | 'receipt'
>;

export interface KeptDeduplication {
  readonly key: string;
  readonly first: FirstSend;
  readonly until: number;
}

/** What an earlier process kept of one queue's content. */
export interface KeptContent {
  /** In the order in which they came. */
  readonly messages: readonly StoredMessage[];
  readonly deduplication: readonly KeptDeduplication[];
  /** Every order given out so far is at most this. */
  readonly lastOrder: number;
}

/** Keeps the content of one queue. */
export interface ContentKeeper {
  sent(message: StoredMessage): void;
  /** It was received, or its due time changed. */
  changed(message: StoredMessage): void;
  gone(message: StoredMessage): void;
  deduplicated(entry: KeptDeduplication): void;
  forgotten(key: string): void;
  /** An order was given out. */
  ordered(order: number): void;
}

export interface SqsState {
  readonly queues: {
    entries(): readonly (readonly [name: string, queue: KeptQueue])[];
    put(name: string, queue: KeptQueue): void;
    delete(name: string): void;
  };
  /** The kept content of the queue with this token; it is given once. */
  content(token: string): KeptContent;
  /** Undefined when nothing is kept, so that a queue does no work for it. */
  keeper(token: string): ContentKeeper | undefined;
  /** Forgets counters of a deleted queue. */
  forget(token: string): void;
}

export function createSqsState({ state }: Pick<AwsContext, 'state'>): SqsState {
  const queues = state.collection<KeptQueue>('sqs.queues');
  const messages = state.collection<StoredMessage>('sqs.messages');
  const movements = state.collection<Movement>('sqs.movements');
  const deduplication = state.collection<KeptDeduplication>('sqs.deduplication');
  const orders = state.collection<number>('sqs.orders');
  const contents = readContents();

  return {
    queues,
    content(token) {
      const content = contents.get(token);
      contents.delete(token);
      return content ?? { messages: [], deduplication: [], lastOrder: 0 };
    },
    keeper: (token) => (state.persistent ? keeper(token) : undefined),
    forget: (token) => orders.delete(token),
  };

  function keeper(token: string): ContentKeeper {
    let reserved = 0;
    return {
      sent: (message) => messages.put(`${token} ${message.key}`, message),
      changed({ key, order, receiveCount, firstReceivedAt, lastReceivedAt, dueAt, receipt }) {
        const movement = { order, receiveCount, firstReceivedAt, lastReceivedAt, dueAt, receipt };
        movements.put(`${token} ${key}`, movement);
      },
      gone({ key }) {
        messages.delete(`${token} ${key}`);
        movements.delete(`${token} ${key}`);
      },
      deduplicated: (entry) => deduplication.put(`${token} ${entry.key}`, entry),
      forgotten: (key) => deduplication.delete(`${token} ${key}`),
      ordered(order) {
        if (order <= reserved) return;
        reserved = order + RESERVED_ORDERS;
        orders.put(token, reserved);
      },
    };
  }

  function readContents(): Map<string, KeptContent> {
    const read = new Map<
      string,
      { messages: StoredMessage[]; deduplication: KeptDeduplication[]; lastOrder: number }
    >();
    const of = (key: string) => {
      const [token = ''] = key.split(' ', 1);
      let content = read.get(token);
      if (!content) read.set(token, (content = { messages: [], deduplication: [], lastOrder: 0 }));
      return content;
    };
    const moved = new Map(movements.entries());
    for (const [key, message] of messages.entries()) {
      of(key).messages.push({ ...message, ...moved.get(key) });
    }
    for (const [key, entry] of deduplication.entries()) of(key).deduplication.push(entry);
    for (const [token, order] of orders.entries()) of(token).lastOrder = order;
    return read;
  }
}
