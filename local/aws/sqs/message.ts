/** A message as a queue keeps it, and the message attributes it carries. */

/** A message attribute in the API's shape. `BinaryValue` is base64. */
export interface MessageAttributeValue {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}

export type MessageAttributes = Readonly<Record<string, MessageAttributeValue>>;

/**
 * Where a message is. A message goes delayed -> waiting -> in flight, from there back to waiting (timeout,
 * visibility 0) or to gone (deleted, expired, purged, dead-lettered); the last holds for good.
 */
export type MessageState = 'delayed' | 'waiting' | 'in-flight' | 'gone';

export interface StoredMessage {
  /** Tells apart two deliveries of one message. Unique in its queue. */
  readonly key: number;
  readonly messageId: string;
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly traceHeader: string | undefined;
  readonly senderId: string;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  /** FIFO only: the large, growing number AWS shows. */
  readonly sequenceNumber: string | undefined;
  /** When it was sent; kept on the way to a standard dead-letter queue. Retention counts from here. */
  readonly sentAt: number;
  /** When it came into this queue. */
  readonly arrivedAt: number;
  /** The queue it was dead-lettered from. */
  readonly sourceQueueArn: string | undefined;
  state: MessageState;
  /** Place in line; changes only when a standard queue sends the message to the back. */
  order: number;
  /** Receives across all queues it has been in. */
  receiveCount: number;
  firstReceivedAt: number | undefined;
  lastReceivedAt: number;
  /** When its delay or its visibility timeout ends. */
  dueAt: number;
  /** Receives in this queue; a receipt handle names the receive it came from. */
  receipt: number;
}

/** A message as handed to a receiver. A copy: what happens to the message later does not change it. */
export interface ReceivedMessage {
  readonly message: Readonly<StoredMessage>;
  readonly receiptHandle: string;
}

/** A message to put into the queue. */
export interface NewMessage {
  readonly messageId: string;
  readonly body: string;
  /** Bytes of body and attributes, of a message that is sent. */
  readonly bytes?: number;
  readonly attributes: MessageAttributes;
  readonly traceHeader?: string | undefined;
  readonly senderId: string;
  readonly groupId?: string | undefined;
  readonly deduplicationId?: string | undefined;
  /** Seconds; the queue's own delay when absent. */
  readonly delaySeconds?: number | undefined;
  /** Set when the message comes from another queue. */
  readonly from?: {
    readonly queueArn: string | undefined;
    readonly sentAt: number;
    /** `ApproximateReceiveCount` counts across all queues. */
    readonly receiveCount: number;
  };
}

/** How a queue takes in a message. */
export interface Arrival {
  readonly order: number;
  readonly sequenceNumber: string | undefined;
  readonly now: number;
  /** Milliseconds before the message becomes available. */
  readonly delay: number;
}

export function toStored(message: NewMessage, { order, sequenceNumber, now, delay }: Arrival): StoredMessage {
  const { messageId, body, attributes, senderId, traceHeader, groupId, deduplicationId, from } = message;
  return {
    key: order,
    messageId,
    body,
    attributes,
    senderId,
    traceHeader,
    groupId,
    deduplicationId,
    sequenceNumber,
    sentAt: from?.sentAt ?? now,
    arrivedAt: now,
    sourceQueueArn: from?.queueArn,
    state: delay > 0 ? 'delayed' : 'waiting',
    order,
    receiveCount: from?.receiveCount ?? 0,
    firstReceivedAt: undefined,
    lastReceivedAt: 0,
    dueAt: now + delay,
    receipt: 0,
  };
}
