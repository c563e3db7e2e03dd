/** An event that came by another way than SQS, in the form in which the consumers' core takes it. */
import type { ReplayMark } from '../../../lib/contracts/index.ts';
import type { EncodedMessage, SqsRecord } from '../types.ts';

export type DeliveredEvent = Pick<
  EncodedMessage,
  'eventId' | 'eventType' | 'eventVersion' | 'tenantId' | 'priority' | 'body'
>;

/**
 * @param groupId what it is kept in order by
 * @param receiveCount how often it was delivered, this time included
 */
export function eventRecord(event: DeliveredEvent, groupId: string, receiveCount: number): SqsRecord {
  const { eventId } = event;
  return {
    messageId: eventId,
    receiptHandle: `${eventId}-${receiveCount}`,
    body: event.body,
    attributes: {
      ApproximateReceiveCount: String(receiveCount),
      MessageGroupId: groupId,
      MessageDeduplicationId: eventId,
    },
    messageAttributes: {
      eventType: text(event.eventType),
      eventVersion: text(event.eventVersion),
      tenantId: text(event.tenantId),
      priority: text(event.priority),
    },
  };
}

const text = (stringValue: string) => ({ dataType: 'String', stringValue });

/** The envelope with the mark that a handler sees before any side effect (D16). What can't be read stays as it is. */
export function withReplayMark(body: string, mark: ReplayMark): string {
  try {
    const envelope = JSON.parse(body) as { metadata?: object };
    return JSON.stringify({ ...envelope, metadata: { ...envelope.metadata, replay: mark } });
  } catch {
    return body;
  }
}
