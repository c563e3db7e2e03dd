/** What lies in the dead-letter queues of a run: which event, of which consumer, for which reason. */
import type { AwsContext } from '../aws/index.ts';
import type { Consumer } from './consumers.ts';

export interface DeadLetter {
  readonly consumer: string;
  /** In which it lies. */
  readonly region: string;
  /** Null when the body is no envelope. */
  readonly eventId: string | null;
  /** The runtime's code, or `MAX_RECEIVES` when SQS moved the message by itself. */
  readonly reason: string;
  /** Its last receive ended in an injected crash: nobody was left to say why. */
  readonly cutOff: boolean;
}

/** The reason of a message that SQS moved by itself, without knowing one. */
export const MOVED_BY_SQS = 'MAX_RECEIVES';

/** How a function's fault leaves its messages without an answer. */
const CUTTING_OFF: ReadonlySet<unknown> = new Set(['crash-before', 'crash-during', 'lose-response']);

/** Watches from now on; the returned set holds the ids of messages whose last receive was cut off by a fault. */
export function watchCutOffs(...contexts: readonly AwsContext[]): ReadonlySet<string> {
  const cutOff = new Set<string>();
  for (const context of contexts) watchCutOffsOf(context, cutOff);
  return cutOff;
}

function watchCutOffsOf(context: AwsContext, cutOff: Set<string>): void {
  context.events.observe(
    ({ kind, service, messageId, detail = {} }) => {
      if (service === 'sqs' && kind === 'received' && messageId !== undefined) cutOff.delete(messageId);
      if (service !== 'lambda' || kind !== 'fault' || !CUTTING_OFF.has(detail['effect'])) return;
      for (const id of String(detail['messageIds'] ?? '').split(' ')) cutOff.add(id);
    },
    ['sqs', 'lambda'],
  );
}

export function deadLettersOf(
  context: AwsContext,
  consumers: readonly Consumer[],
  cutOffs: ReadonlySet<string> = new Set(),
): DeadLetter[] {
  const sqs = context.services.get('sqs');
  return consumers.flatMap(({ name, deadLetterQueueArn }) =>
    deadLetterQueueArn === undefined
      ? []
      : sqs.messages(deadLetterQueueArn).map(({ body, messageAttributes, messageId }) => ({
          consumer: name,
          region: context.region,
          eventId: eventIdOf(body),
          reason: messageAttributes['deadLetterReason']?.StringValue ?? MOVED_BY_SQS,
          cutOff: cutOffs.has(messageId),
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
