/** Puts a copy of a message, with the reason, where the queue's dead letters go (D10). */
import type { DeadLetter } from '../consumer/handle-message.ts';
import { uuidv7 } from '../../../lib/contracts/index.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { AmqpPublisher, OutgoingMessage } from './publisher.ts';
import { DEAD_LETTER_EXCHANGE } from './topology.ts';

const MAX_DETAIL_LENGTH = 256;

/** @throws AmqpError when the broker did not confirm the copy */
export async function publishDeadLetter(
  publisher: AmqpPublisher,
  consumer: string,
  exchange: string | undefined,
  message: IncomingMessage,
  letter: DeadLetter,
): Promise<void> {
  await publisher.publish(deadLetterMessage(consumer, exchange ?? DEAD_LETTER_EXCHANGE, message, letter));
}

/** What the broker counted belongs to the old message; the rest of its headers go with it. */
function deadLetterMessage(
  consumer: string,
  exchange: string,
  message: IncomingMessage,
  letter: DeadLetter,
): OutgoingMessage {
  const carried = Object.entries(message.headers).filter(
    ([name]) => name !== 'x-delivery-count' && name !== 'x-acquired-count' && name !== 'x-death',
  );
  return {
    exchange,
    routingKey: message.queue,
    messageId: message.messageId ?? uuidv7(),
    body: message.body,
    ...(message.type !== undefined && { type: message.type }),
    ...(message.appId !== undefined && { appId: message.appId }),
    ...(message.correlationId !== undefined && { correlationId: message.correlationId }),
    headers: {
      ...Object.fromEntries(carried),
      deadLetterReason: letter.reason,
      deadLetterDetail: letter.detail.slice(0, MAX_DETAIL_LENGTH),
      deadLetterConsumer: consumer,
      deadLetterReceiveCount: message.receiveCount,
      deadLetterQueue: message.queue,
    },
  };
}
