/**
 * One queue: its messages, where each of them is, and every way from one state to the next. Inputs are valid
 * when they get here; the actions check them.
 */
import type { AwsContext, Happening } from '../context.ts';
import { invalidValue, messageNotInFlight, overLimit } from './errors.ts';
import { createAlarm } from './alarm.ts';
import { createDeduplication, deduplicationKey, type FirstSend } from './deduplication.ts';
import { createFifoLine } from './fifo-line.ts';
import type { ContentKeeper, KeptContent } from './kept.ts';
import type { Line } from './line.ts';
import { MAXIMUM_IN_FLIGHT, MAXIMUM_VISIBILITY_SECONDS, RECEIVES_BEFORE_THE_BACK } from './limits.ts';
import { toStored, type NewMessage, type ReceivedMessage, type StoredMessage } from './message.ts';
import type { QueueSettings } from './queue-attributes.ts';
import { createReceiveAttempts } from './receive-attempts.ts';
import { createRetention } from './retention.ts';
import { parseReceiptHandle, receiptHandle } from './receipt-handle.ts';
import { createStandardLine } from './standard-line.ts';
import { createTimetable } from './timetable.ts';
import { countSent, createTraffic, gaugesOf, type QueueGauges, type Traffic } from './traffic.ts';
import { createWaiters } from './waiters.ts';

/** The first sequence number and the step to the next; AWS shows 20 digits that grow by an unspecified amount. */
const FIRST_SEQUENCE_NUMBER = 18_900_000_000_000_000_000n;
const SEQUENCE_STEP = 256n;

export interface ReceiveRequest {
  readonly maxMessages: number;
  readonly visibilitySeconds: number;
  readonly waitSeconds: number;
  readonly attemptId?: string | undefined;
}

export interface QueueCounts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

export interface Queue {
  readonly name: string;
  readonly arn: string;
  readonly fifo: boolean;
  readonly createdAt: number;
  settings: QueueSettings;
  /** Stores a message, or finds that it repeats an earlier one. Call {@link notify} when all are in. */
  send(message: NewMessage): FirstSend | { readonly messageId: string; readonly sequenceNumber?: undefined };
  /** Serves receivers that wait. Called after every change that may have made a message available. */
  notify(): void;
  /**
   * The same, once what runs now is done: the messages of a batch that another service delivers one by one
   * reach a waiting receiver together.
   */
  notifySoon(): void;
  receive(request: ReceiveRequest, signal?: AbortSignal): Promise<ReceivedMessage[]>;
  delete(handle: string): void;
  changeVisibility(handle: string, seconds: number): void;
  /**
   * Takes waiting messages out for good, in line order: a move to another queue. Stops at `wanted`, or at the
   * first message that `accept` refuses, which keeps its place.
   */
  withdraw(
    wanted: number,
    accept: (message: StoredMessage) => boolean,
  ): { readonly taken: readonly StoredMessage[]; readonly refused: boolean };
  purge(): void;
  /** Applies new settings to the messages that are in the queue. */
  configure(settings: QueueSettings): void;
  counts(): QueueCounts;
  /** Groups of the queue, for the metrics. */
  groupCounts(): { readonly noisy: number; readonly inFlight: number };
  /** What was counted since the last time it was taken, and what is measured now: for the metrics. */
  takeTraffic(): Traffic;
  gauges(): AllGauges;
  /** Milliseconds since the oldest message came into this queue; undefined when it is empty. */
  oldestAge(): number | undefined;
  /** What is in the queue, in order of arrival. Consumes nothing. */
  messages(): readonly Readonly<StoredMessage>[];
  /** Deletes what is in the queue, which is deleted itself. */
  discard(): void;
  close(): void;
}

/** The gauges of a queue. */
export interface AllGauges {
  readonly all: QueueGauges;
  /** Without the messages of noisy groups. */
  readonly quiet: QueueGauges;
  readonly noisyGroups: number;
  readonly groupsInFlight: number;
  /** True once a message with a group id came. */
  readonly grouped: boolean;
}

export interface QueueSetup {
  readonly context: AwsContext;
  readonly name: string;
  readonly arn: string;
  readonly settings: QueueSettings;
  readonly createdAt: number;
  /** In the receipt handles. Another one for every queue, also of the same name. */
  readonly token: string;
  /** What an earlier process kept. */
  readonly content: KeptContent;
  /** Keeps the content; undefined when nothing is kept. */
  readonly keeper: ContentKeeper | undefined;
  /** The queue an ARN names, to find dead-letter queues. */
  readonly findQueue: (arn: string) => Queue | undefined;
}

export function createQueue(setup: QueueSetup): Queue {
  const { context, name, arn, token, keeper, findQueue } = setup;
  const { clock } = context;
  const fifo = name.endsWith('.fifo');
  const newLine = (): Line => (fifo ? createFifoLine() : createStandardLine());
  let line = newLine();
  const stored = new Map<number, StoredMessage>();
  const traffic = createTraffic();
  let grouped = false;
  const count = { delayed: 0, waiting: 0, 'in-flight': 0, gone: 0 };
  const deduplication = createDeduplication(keeper, setup.content.deduplication);
  const attempts = createReceiveAttempts();
  const waiters = createWaiters<ReceiveRequest, ReceivedMessage[]>(clock, () => {
    traffic.emptyReceives++;
    return [];
  });
  let { lastOrder } = setup.content;
  let notifying = false;
  const wake = createAlarm(clock, () => queue.notify());

  /** Ends of delays and visibility timeouts. */
  const due = createTimetable<StoredMessage>(
    (message, at) => (message.state === 'delayed' || message.state === 'in-flight') && message.dueAt === at,
    () => count.delayed + count['in-flight'],
  );
  const retention = createRetention(() => stored.size);

  const report = (kind: Happening['kind'], message: StoredMessage, detail?: Happening['detail']): void => {
    const { messageId } = message;
    context.events.emit({ kind, service: 'sqs', resourceArn: arn, messageId, ...(detail && { detail }) });
  };

  const setState = (message: StoredMessage, state: StoredMessage['state']): void => {
    count[message.state]--;
    message.state = state;
    count[state]++;
  };

  const nextOrder = (): number => {
    lastOrder++;
    keeper?.ordered(lastOrder);
    return lastOrder;
  };

  const setDue = (message: StoredMessage, dueAt: number): void => {
    message.dueAt = dueAt;
    due.add(message, dueAt);
    keeper?.changed(message);
  };

  const makeAvailable = (message: StoredMessage): void => {
    const wasInFlight = message.state === 'in-flight';
    setState(message, 'waiting');
    if (wasInFlight) {
      line.release(message, clock.now());
      if (!fifo && message.receipt >= RECEIVES_BEFORE_THE_BACK) message.order = nextOrder();
    }
    line.add(message);
  };

  /** Puts a message where its state says. */
  const enter = (message: StoredMessage): void => {
    count[message.state]++;
    stored.set(message.key, message);
    retention.add(message);
    line.enter(message);
    if (message.groupId !== undefined) grouped = true;
    if (message.state === 'waiting') return line.add(message);
    due.add(message, message.dueAt);
    if (message.state === 'in-flight') line.hold(message);
  };

  const remove = (message: StoredMessage): void => {
    const wasInFlight = message.state === 'in-flight';
    setState(message, 'gone');
    stored.delete(message.key);
    line.remove(message);
    if (wasInFlight) line.release(message, clock.now());
    keeper?.gone(message);
  };

  /** Brings every message to where it is now. */
  const catchUp = (): void => {
    const now = clock.now();
    const expired = now - queue.settings.retentionSeconds * 1000;
    for (let message = retention.takeSentBy(expired); message; message = retention.takeSentBy(expired)) {
      remove(message);
      report('expired', message);
    }
    for (let message = due.takeDue(now); message; message = due.takeDue(now)) {
      if (message.state === 'in-flight') report('released', message);
      makeAvailable(message);
    }
  };

  const deadLetter = (message: StoredMessage): Queue | undefined => {
    const { redrive } = queue.settings;
    if (!redrive || message.receipt < redrive.maxReceiveCount) return undefined;
    const target = findQueue(redrive.targetArn);
    if (!target) return undefined;
    target.send({
      ...message,
      // A FIFO dead-letter queue must take every message: the id that told repetitions apart did its work.
      deduplicationId: fifo ? message.messageId : undefined,
      delaySeconds: 0,
      from: {
        queueArn: arn,
        sentAt: fifo ? clock.now() : message.sentAt,
        receiveCount: message.receiveCount,
      },
    });
    remove(message);
    report('dead-lettered', message, { to: target.arn, receiveCount: message.receiveCount });
    return target;
  };

  const take = (request: ReceiveRequest): StoredMessage[] => {
    const now = clock.now();
    const wanted = Math.min(request.maxMessages, MAXIMUM_IN_FLIGHT - count['in-flight']);
    const taken: StoredMessage[] = [];
    const deadLetterQueues = new Set<Queue>();
    const receive = line.begin(now);
    while (taken.length < wanted) {
      const message = receive.next();
      if (!message) break;
      const movedTo = deadLetter(message);
      if (movedTo) {
        deadLetterQueues.add(movedTo);
        continue;
      }
      setState(message, 'in-flight');
      message.receiveCount++;
      message.receipt++;
      message.firstReceivedAt ??= now;
      message.lastReceivedAt = now;
      setDue(message, now + request.visibilitySeconds * 1000);
      line.hold(message);
      taken.push(message);
      traffic.received++;
      report('received', message, { receiveCount: message.receiveCount });
    }
    receive.end();
    for (const target of deadLetterQueues) target.notify();
    return taken;
  };

  const hand = (request: ReceiveRequest, taken: readonly StoredMessage[]): ReceivedMessage[] => {
    if (request.attemptId !== undefined && taken.length > 0) {
      attempts.remember(request.attemptId, taken, clock.now());
    }
    const handed = taken.map((message) => ({
      message: { ...message },
      receiptHandle: receiptHandle(token, message),
    }));
    if (request.visibilitySeconds === 0) catchUp();
    return handed;
  };

  const repeated = (request: ReceiveRequest): readonly StoredMessage[] | undefined => {
    if (request.attemptId === undefined) return undefined;
    const taken = attempts.repeat(request.attemptId, clock.now());
    for (const message of taken ?? []) setDue(message, clock.now() + request.visibilitySeconds * 1000);
    return taken;
  };

  /** A message nobody has received yet is delayed from its arrival on. */
  const delayAnew = (message: StoredMessage): void => {
    if (message.receipt > 0) return;
    const dueAt = message.arrivedAt + queue.settings.delaySeconds * 1000;
    if (message.state === 'waiting' && dueAt <= clock.now()) return;
    if (message.state === 'waiting') setState(message, 'delayed');
    setDue(message, dueAt);
  };

  /** Sleeps until the next message falls due, and only while somebody waits for it. */
  const armWake = (): void => {
    if (waiters.size === 0) return wake.setFor(undefined);
    // The end of a message in flight, even by retention, can unlock its group.
    const expiry = (retention.oldest() ?? Infinity) + queue.settings.retentionSeconds * 1000;
    const next = Math.min(due.nextDue() ?? Infinity, expiry);
    wake.setFor(next === Infinity ? undefined : next);
  };

  const inFlightMessage = (handle: string): StoredMessage => {
    const { key, receipt } = parseReceiptHandle(token, handle);
    const message = stored.get(key);
    if (!message || message.receipt !== receipt) {
      const reason = 'Message does not exist or is not available for visibility timeout change.';
      throw invalidValue('ReceiptHandle', handle, reason);
    }
    if (message.state !== 'in-flight') throw messageNotInFlight();
    return message;
  };

  const queue: Queue = {
    name,
    arn,
    fifo,
    createdAt: setup.createdAt,
    settings: setup.settings,

    send(message) {
      const now = clock.now();
      const { groupId = '', deduplicationId } = message;
      let key: string | undefined;
      if (fifo && deduplicationId !== undefined) {
        key = deduplicationKey(queue.settings.deduplicationScope, groupId, deduplicationId);
        const first = deduplication.find(key, now);
        if (first) {
          traffic.deduplicated++;
          const detail = { group: groupId };
          context.events.emit({ kind: 'deduplicated', service: 'sqs', resourceArn: arn, ...first, detail });
          return first;
        }
      }
      const order = nextOrder();
      const delay = (message.delaySeconds ?? queue.settings.delaySeconds) * 1000;
      const number = fifo ? String(FIRST_SEQUENCE_NUMBER + SEQUENCE_STEP * BigInt(order)) : undefined;
      const entry = toStored(message, { order, sequenceNumber: number, now, delay });
      const { messageId } = entry;
      enter(entry);
      keeper?.sent(entry);
      if (message.from === undefined) {
        countSent(traffic, message.bytes ?? 0);
        report('sent', entry);
      }
      if (entry.sequenceNumber === undefined) return { messageId };
      const first = { messageId, sequenceNumber: entry.sequenceNumber };
      if (key !== undefined) deduplication.remember(key, first, now);
      return first;
    },

    notify() {
      if (waiters.size === 0) return;
      catchUp();
      waiters.serve((request) => {
        const taken = count.waiting > 0 ? take(request) : [];
        return taken.length > 0 ? hand(request, taken) : undefined;
      });
      armWake();
    },

    notifySoon() {
      if (waiters.size === 0 || notifying) return;
      notifying = true;
      setImmediate(() => {
        notifying = false;
        queue.notify();
      });
    },

    async receive(request, signal) {
      catchUp();
      const taken = repeated(request) ?? take(request);
      if (taken.length > 0) return hand(request, taken);
      if (request.waitSeconds === 0) {
        if (!fifo && count['in-flight'] >= MAXIMUM_IN_FLIGHT) {
          throw overLimit(
            `The queue has ${MAXIMUM_IN_FLIGHT} messages in flight, which is the most a queue can have.`,
          );
        }
        traffic.emptyReceives++;
        return [];
      }
      const handed = waiters.wait(request, request.waitSeconds * 1000, signal);
      armWake();
      return handed;
    },

    delete(handle) {
      const { key, receipt } = parseReceiptHandle(token, handle);
      catchUp();
      const message = stored.get(key);
      const current = message?.receipt === receipt;
      if (fifo && message && !(current && message.state === 'in-flight')) {
        throw invalidValue('ReceiptHandle', handle, 'The receipt handle has expired.');
      }
      // Counted by the handle: a second deletion of a message is one too.
      traffic.deleted++;
      // A standard queue answers yes to an outdated handle and keeps the message.
      if (!message || !current) return;
      remove(message);
      report('deleted', message);
      queue.notify();
    },

    changeVisibility(handle, seconds) {
      catchUp();
      const message = inFlightMessage(handle);
      const now = clock.now();
      const held = Math.floor((now - message.lastReceivedAt) / 1000);
      if (held + seconds > MAXIMUM_VISIBILITY_SECONDS) {
        const reason = `Total VisibilityTimeout for the message is beyond the limit [${MAXIMUM_VISIBILITY_SECONDS} seconds]`;
        throw invalidValue('VisibilityTimeout', seconds, reason);
      }
      setDue(message, now + seconds * 1000);
      catchUp();
      queue.notify();
    },

    withdraw(wanted, accept) {
      catchUp();
      const taken: StoredMessage[] = [];
      let refused: StoredMessage | undefined;
      const receive = line.begin(clock.now());
      while (taken.length < wanted && !refused) {
        const message = receive.next();
        if (!message) break;
        if (accept(message)) {
          remove(message);
          taken.push(message);
        } else refused = message;
      }
      receive.end();
      if (refused) line.add(refused);
      return { taken, refused: refused !== undefined };
    },

    purge() {
      for (const message of stored.values()) {
        setState(message, 'gone');
        keeper?.gone(message);
      }
      stored.clear();
      due.clear();
      retention.clear();
      line = newLine();
      context.events.emit({ kind: 'purged', service: 'sqs', resourceArn: arn });
    },

    configure(next) {
      catchUp();
      const delayed = next.delaySeconds !== queue.settings.delaySeconds;
      queue.settings = next;
      // A new delay holds for what is in a FIFO queue already, not for what is in a standard queue.
      if (fifo && delayed) for (const message of stored.values()) delayAnew(message);
      catchUp();
      queue.notify();
    },

    counts() {
      catchUp();
      return { visible: count.waiting, inFlight: count['in-flight'], delayed: count.delayed };
    },
    groupCounts() {
      const { noisy, inFlight } = line.groupCounts(clock.now());
      return { noisy: noisy.size, inFlight };
    },
    takeTraffic() {
      const taken = { ...traffic };
      Object.assign(traffic, createTraffic());
      return taken;
    },
    gauges() {
      catchUp();
      const now = clock.now();
      const counts = { visible: count.waiting, inFlight: count['in-flight'], delayed: count.delayed };
      const { noisy, inFlight: groupsInFlight } = line.groupCounts(now);
      const all = gaugesOf(stored.values(), counts, { now, fifo, except: new Set() });
      const quiet = noisy.size === 0 ? all : gaugesOf(stored.values(), counts, { now, fifo, except: noisy });
      return { all, quiet, noisyGroups: noisy.size, groupsInFlight, grouped };
    },
    oldestAge() {
      catchUp();
      for (const oldest of stored.values()) return clock.now() - oldest.arrivedAt;
      return undefined;
    },
    messages() {
      catchUp();
      return [...stored.values()].map((message) => ({ ...message }));
    },
    discard() {
      if (keeper) for (const message of stored.values()) keeper.gone(message);
    },
    close() {
      waiters.dismiss();
      armWake();
    },
  };
  for (const message of setup.content.messages) {
    // What ended meanwhile ends now: the next call catches up with it.
    const delayed = message.dueAt > message.arrivedAt ? 'delayed' : 'waiting';
    message.state = message.receipt > 0 ? 'in-flight' : delayed;
    enter(message);
  }
  return queue;
}
