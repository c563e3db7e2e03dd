/** What lies in the dead-letter queues of a run: which event, of which consumer, for which reason. */
import type { AwsContext } from '../aws/index.ts';
import type { Consumer } from './consumers.ts';

export interface DeadLetter {
  readonly consumer: string;
  /** Null when the body is no envelope. */
  readonly eventId: string | null;
  /** The runtime's code, or `MAX_RECEIVES` when SQS moved the message by itself. */
  readonly reason: string;
}

export function deadLettersOf(context: AwsContext, consumers: readonly Consumer[]): DeadLetter[] {
  const sqs = context.services.get('sqs');
  return consumers.flatMap(({ name, deadLetterQueueArn }) =>
    deadLetterQueueArn === undefined
      ? []
      : sqs.messages(deadLetterQueueArn).map(({ body, messageAttributes }) => ({
          consumer: name,
          eventId: eventIdOf(body),
          reason: messageAttributes['deadLetterReason']?.StringValue ?? 'MAX_RECEIVES',
        })),
  );
}

function eventIdOf(body: string): string | null {
  try {
    const { eventId } = JSON.parse(body) as { eventId?: unknown };
    return typeof eventId === 'string' ? eventId : null;
  } catch {
    return null;
  }
}
