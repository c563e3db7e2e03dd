/**
 * One record, from its bytes to where it ends. Never a silent commit: a record is done with only when its handler
 * returned, or when it is safe in another topic.
 */
import type { AnyEventContract } from '../../../lib/contracts/index.ts';
import { postponementOf } from '../consumer/admission.ts';
import { handleMessage } from '../consumer/handle-message.ts';
import type { Consumer, DeadLetter } from '../consumer/handle-message.ts';
import { isAcknowledged } from '../consumer/outcome.ts';
import { describeError } from '../logger.ts';
import { DEFAULT_MESSAGE_BYTES } from '../transports/limits.ts';
import type { KafkaCluster } from './cluster.ts';
import type { RetryPolicy, RetryTopic } from './kafka-consumer-options.ts';
import { recordProducer } from './producers.ts';
import { asMessage, attemptOf, RETRY_HEADERS } from './received-record.ts';
import type { ReceivedRecord } from './received-record.ts';
import { sendRecords } from './send-records.ts';

/** Puts a record into another topic of the cluster; false when it could not. */
export type MoveRecord = (
  topic: string,
  record: ReceivedRecord,
  headers: Readonly<Record<string, string>>,
) => Promise<boolean>;

export type Disposition =
  | { readonly kind: 'done' }
  /** It waits in a retry topic now, and what follows of its key has to follow it there. */
  | { readonly kind: 'moved'; readonly to: RetryTopic }
  /** It has to be delivered again from where it is. */
  | { readonly kind: 'stays' };

export interface RecordRun {
  readonly signal: AbortSignal;
  isOver(): boolean;
}

/**
 * | outcome of the handler | with retry topics | without |
 * |---|---|---|
 * | returned, or skipped as a replay | done | done |
 * | can't be read, or PermanentError | dead-letter topic | dead-letter topic |
 * | threw, retry topics left | the next retry topic, counted | stays |
 * | threw, in the last retry topic | dead-letter topic | - |
 * | what it needs is not there (postponed) | the retry topic it would go to, not counted | stays |
 * | a move fails, or there is no dead-letter topic | stays | stays |
 *
 * @param tries how often it was tried in place, besides what its headers tell
 */
export async function handleRecord<Contract extends AnyEventContract>(
  consumer: Consumer<Contract>,
  policy: RetryPolicy,
  move: MoveRecord,
  record: ReceivedRecord,
  run: RecordRun,
  tries = 0,
): Promise<Disposition> {
  const attempt = attemptOf(record);
  const message = asMessage(record, attempt + tries);
  const outcome = await handleMessage(consumer, message, {
    signal: run.signal,
    isOver: () => run.isOver(),
    deadLetter: async (_message, letter) =>
      policy.deadLetterTopic !== undefined &&
      (await move(policy.deadLetterTopic, record, deadLetterHeaders(consumer.name, record, letter))),
  });
  if (isAcknowledged(outcome)) return { kind: 'done' };
  const next = policy.retryTopics[attempt - 1];
  if (next === undefined || (outcome !== 'failed' && outcome !== 'postponed')) return { kind: 'stays' };
  const postponed = outcome === 'postponed';
  const seconds = postponed ? Math.max(next.delaySeconds, postponementOf(message)) : next.delaySeconds;
  const headers = retryHeaders(consumer.clock.now(), seconds, postponed ? attempt : attempt + 1);
  return (await move(next.topic, record, headers)) ? { kind: 'moved', to: next } : { kind: 'stays' };
}

/** Sends a record after one of its key that was moved, so that they keep their order. It was not tried. */
export async function followRecord(
  consumer: Pick<Consumer, 'clock' | 'logger'>,
  move: MoveRecord,
  record: ReceivedRecord,
  to: RetryTopic,
): Promise<boolean> {
  const headers = retryHeaders(consumer.clock.now(), to.delaySeconds, attemptOf(record));
  const moved = await move(to.topic, record, headers);
  if (moved) consumer.logger.info('message follows its key to a retry topic', { messageId: placeOf(record) });
  return moved;
}

/** Moves by the producer of the cluster. What fails is logged. */
export function mover(cluster: KafkaCluster, { logger }: Pick<Consumer, 'logger'>): MoveRecord {
  return async (topic, record, headers) => {
    const eventId = placeOf(record);
    const kept = Object.entries(record.headers).filter(([name]) => !OWN_HEADERS.has(name));
    try {
      const producer = await recordProducer(cluster);
      const outgoing = {
        eventId,
        key: record.key,
        value: record.value,
        headers: { ...Object.fromEntries(kept), ...headers },
      };
      const [failure] = await sendRecords(producer, topic, [outgoing], MOVED_BYTES);
      if (failure !== undefined) {
        logger.error('record not moved: it stays', { messageId: eventId, topic, code: failure.code });
      }
      return failure === undefined;
    } catch (error) {
      logger.error('record not moved: it stays', { messageId: eventId, topic, detail: describeError(error) });
      return false;
    }
  };
}

/** Above what was published, because headers were added: the broker has the last word. */
const MOVED_BYTES = 10 * DEFAULT_MESSAGE_BYTES;

const OWN_HEADERS: ReadonlySet<string> = new Set(Object.values(RETRY_HEADERS));

const placeOf = ({ topic, partition, offset }: ReceivedRecord): string => `${topic}-${partition}@${offset}`;

const retryHeaders = (now: number, delaySeconds: number, attempt: number) => ({
  [RETRY_HEADERS.attempt]: String(attempt),
  [RETRY_HEADERS.notBefore]: String(now + delaySeconds * 1000),
});

/** As in a dead-letter queue of SQS, and where it came from. It is not counted on, so that a redrive begins anew. */
const deadLetterHeaders = (consumer: string, record: ReceivedRecord, { reason, detail }: DeadLetter) => ({
  deadLetterReason: reason,
  deadLetterDetail: detail.slice(0, 256),
  deadLetterConsumer: consumer,
  deadLetterReceiveCount: String(attemptOf(record)),
  deadLetterSource: placeOf(record),
});
