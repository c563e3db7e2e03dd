/** `consumeAmqp()`: an event handler as a Lambda function behind an Amazon MQ (RabbitMQ) event source. */
import { createHash } from 'node:crypto';
import { consumerFrom } from './consumer-settings.ts';
import type { AmqpConsumerOptions } from './consumer-settings.ts';
import { deadLetterOrLeave } from '../consumer/consumer-options.ts';
import { invocationDeadline } from '../consumer/deadline.ts';
import type { DeadlineMargins } from '../consumer/deadline.ts';
import { handleMessage } from '../consumer/handle-message.ts';
import type { Consumer, DeadLetter, MessageRun } from '../consumer/handle-message.ts';
import { isAcknowledged } from '../consumer/outcome.ts';
import type { Outcome } from '../consumer/outcome.ts';
import { untilReleased } from '../consumer/reader-admission.ts';
import { describeError } from '../logger.ts';
import type { Handler, InvocationContext } from '../types.ts';
import { publishDeadLetter } from './dead-letter.ts';
import { AmqpError } from './errors.ts';
import { messagesOf, recordOf } from './incoming-message.ts';
import type { AmazonMqEvent, IncomingMessage } from './incoming-message.ts';
import { createAmqpPublisher } from './publisher.ts';
import type { AmqpPublisher } from './publisher.ts';
import { readMessage } from './read-message.ts';
import type { Readable, ReadableContract } from './read-message.ts';

export interface ConsumeAmqpOptions extends AmqpConsumerOptions {
  /**
   * Messages that are handled at the same time.
   * @default 1 - in the order of the queue
   */
  readonly concurrency?: number;
  /**
   * Milliseconds before the time limit at which `context.signal` is aborted.
   * @default 1000
   */
  readonly abortMargin?: number;
}

export type AmazonMqHandler = (event: AmazonMqEvent, invocation?: InvocationContext) => Promise<void>;

const DEFAULT_ABORT_MARGIN = 1_000;

/**
 * A Lambda handler for an event source mapping of a RabbitMQ queue.
 *
 * Such a mapping knows no partial failures and has no on-failure destination: a function that throws gets the whole
 * batch again, and one message that always fails would stop the queue.
 *
 * | message | what becomes of it |
 * |---|---|
 * | handled, or skipped | done; when the batch comes again, the inbox removes the double (D9) |
 * | can't be read, or the handler threw PermanentError | copy with the reason to the dead letters (D10) |
 * | the handler threw, deliveries below maxReceiveCount | the batch is failed and comes again |
 * | the handler threw, at its last delivery | copy with the reason to the dead letters |
 * | the copy was not confirmed, or no time is left | the batch is failed and comes again |
 * | the consumer is switched off, or what it needs is away | waits in the function, then the batch is failed |
 * | its tenant is switched off | copy with the reason TENANT_PAUSED to the dead letters |
 *
 * Dead letters go to the SQS queue in WAYBILL_DEAD_LETTER_QUEUE_URL, which has an alarm, else to an exchange of the broker.
 *
 * Deliveries are counted by the queue, if it is a quorum queue, and by this instance, because the mapping may hand the
 * same batch over again without giving it back to the queue in between. A handler must be able to run twice for the
 * same event: begin its transaction with `processOnce`.
 *
 * @example
 * export const handler = consumeAmqp(
 *   { contracts: StockCounted, toEnvelope: stockCountedFrom },
 *   async (event, context) => inTransaction(pool, async (tx) => {
 *     if (await processOnce(tx, context.consumer, event.eventId)) await apply(tx, event.data);
 *   }),
 * );
 */
export function consumeAmqp<const Given extends Readable>(
  given: Given,
  handler: Handler<ReadableContract<Given>>,
  options: ConsumeAmqpOptions = {},
): AmazonMqHandler {
  const abort = options.abortMargin ?? DEFAULT_ABORT_MARGIN;
  const margins: DeadlineMargins = { abort, start: 2 * abort };
  // Made at the first batch and not here, so that a module with a handler can be imported without its environment.
  let made:
    | { readonly consumer: Consumer<ReadableContract<Given>>; readonly publisher: AmqpPublisher }
    | undefined;

  const failures = createFailureCount();

  return async (event, invocation) => {
    made ??= {
      consumer: consumerFrom(given, handler, options),
      publisher:
        options.deadLetterPublisher ??
        createAmqpPublisher({ ...(options.broker && { broker: options.broker }) }),
    };
    const { consumer, publisher } = made;
    const deadline = invocationDeadline(invocation, margins, consumer.clock);
    const batch = { over: false };
    const messages = messagesOf(event).map((message) => failures.counted(message));
    const outcomes: Outcome[] = messages.map(() => 'not-started');
    const deadLetter = (message: IncomingMessage, letter: DeadLetter): Promise<boolean> =>
      deadLettered(consumer, publisher, options, message, letter);

    const one = async (message: IncomingMessage): Promise<Outcome> => {
      const read = readMessage(given, message);
      if (read.kind === 'ignored') return ignored(consumer, message);
      if (read.kind === 'unreadable') return unreadable(consumer, message, read.letter, deadLetter);
      const run: MessageRun = {
        signal: deadline.signal,
        isOver: () => batch.over,
        deadLetter: (_record, letter) => deadLetter(message, letter),
      };
      return handleMessage(consumer, read.record, run);
    };
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < messages.length && !deadline.isClosing() && !batch.over) {
        const position = next++;
        outcomes[position] = 'abandoned';
        const outcome = await one(messages[position]!);
        failures.note(messages[position]!, outcome);
        if (!batch.over) outcomes[position] = outcome;
      }
    };
    try {
      if (!(await untilReleased(consumer, deadline))) return failBatch(outcomes);
      const workers = Array.from({ length: options.concurrency ?? 1 }, worker);
      await Promise.race([Promise.all(workers), deadline.giveUp]);
    } finally {
      batch.over = true;
      deadline.dispose();
    }
    failBatch(outcomes);
  };
}

/** Messages whose failures are remembered. More than a batch has. */
const MAX_COUNTED = 20_000;

/**
 * Failures by message. It outlives the invocation, against D5, and may: when it is lost with the instance, a message
 * that always fails is dead-lettered later, and nothing else changes.
 */
function createFailureCount() {
  const counts = new Map<string, number>();
  // Never the body itself: it may be large, and personal.
  const keyOf = ({ queue, messageId, body }: IncomingMessage): string =>
    `${queue} ${messageId ?? createHash('sha256').update(body).digest('base64')}`;
  return {
    counted(message: IncomingMessage): IncomingMessage {
      const failed = counts.get(keyOf(message)) ?? 0;
      return { ...message, receiveCount: Math.max(message.receiveCount, failed + 1) };
    },
    note(message: IncomingMessage, outcome: Outcome): void {
      const key = keyOf(message);
      if (isAcknowledged(outcome)) counts.delete(key);
      else if (outcome === 'failed') {
        if (counts.size >= MAX_COUNTED) counts.clear();
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    },
  };
}

/** @throws AmqpError WAYBILL_AMQP_BATCH_FAILED, which is how the mapping is told to deliver again */
function failBatch(outcomes: readonly Outcome[]): void {
  const left = outcomes.filter((outcome) => !isAcknowledged(outcome));
  if (left.length === 0) return;
  const counts = [...new Set(left)].map(
    (outcome) => `${left.filter((other) => other === outcome).length} ${outcome}`,
  );
  throw new AmqpError(
    'WAYBILL_AMQP_BATCH_FAILED',
    `${left.length} of ${outcomes.length} messages are not done (${counts.join(', ')}): the mapping delivers the whole batch again, and the inbox knows those that are`,
  );
}

/** Resolves false when the copy is not safe, and the message has to come again. */
export async function deadLettered(
  consumer: Pick<Consumer, 'name' | 'logger'>,
  publisher: AmqpPublisher,
  options: Pick<AmqpConsumerOptions, 'deadLetterExchange' | 'deadLetterQueueUrl'>,
  message: IncomingMessage,
  letter: DeadLetter,
): Promise<boolean> {
  const queueUrl = options.deadLetterQueueUrl ?? process.env['WAYBILL_DEAD_LETTER_QUEUE_URL'];
  if (queueUrl)
    return deadLetterOrLeave(consumer, { deadLetterQueueUrl: queueUrl }, recordOf(message), letter);
  try {
    await publishDeadLetter(publisher, consumer.name, options.deadLetterExchange, message, letter);
    return true;
  } catch (error) {
    consumer.logger.error('dead letter not written; the message comes again', {
      messageId: message.messageId,
      detail: describeError(error),
    });
    return false;
  }
}

export function ignored(consumer: Pick<Consumer, 'logger'>, message: IncomingMessage): Outcome {
  consumer.logger.info('message skipped', { messageId: message.messageId, outcome: 'skipped' });
  return 'skipped';
}

export async function unreadable(
  consumer: Pick<Consumer, 'logger'>,
  message: IncomingMessage,
  letter: DeadLetter,
  deadLetter: (message: IncomingMessage, letter: DeadLetter) => Promise<boolean>,
): Promise<Outcome> {
  const outcome = (await deadLetter(message, letter)) ? 'dead-lettered' : 'failed';
  consumer.logger.error(`message ${outcome}`, {
    messageId: message.messageId,
    receiveCount: message.receiveCount,
    outcome,
    ...letter,
  });
  return outcome;
}
