/** An entry of a stream: routing attributes as fields beside the body, and the form in which the consumers' core takes it. */
import { isGroupId } from '../stream/kinesis-event.ts';
import type { EncodedMessage, SqsRecord } from '../types.ts';
import type { Reply } from './connection.ts';
import type { PartitionKeys } from './keys.ts';

export interface StreamEntry {
  /** `MILLISECONDS-SEQUENCE`, by the server's clock. */
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** The field that names the one group an entry is for: a redrive is nothing to the others. */
export const ONLY_FOR = 'onlyFor';

/** Fields carry what routing needs, and nothing personal: as the message attributes do on SNS and SQS. */
export function fieldsOf(message: EncodedMessage): string[] {
  return [
    'eventId',
    message.eventId,
    'eventType',
    message.eventType,
    'eventVersion',
    message.eventVersion,
    'source',
    message.source,
    'tenantId',
    message.tenantId,
    'orderingKey',
    message.orderingKey,
    'priority',
    message.priority,
    'body',
    message.body,
  ];
}

/** `[id, [field, value, ...]]`, as every command answers with entries. */
export function entryOf(reply: Reply): StreamEntry {
  const [id, list] = reply as [string, string[]];
  const fields: Record<string, string> = {};
  for (let at = 0; at + 1 < list.length; at += 2) fields[list[at]!] = list[at + 1]!;
  return { id, fields };
}

/** What `XREADGROUP` answers with, for one stream. */
export function entriesRead(reply: Reply): StreamEntry[] {
  if (reply === null) return [];
  return (reply as Reply[]).flatMap((stream) => (stream as [string, Reply[]])[1].map(entryOf));
}

export function asMessage(
  { name }: Pick<PartitionKeys, 'name'>,
  { id, fields }: StreamEntry,
  receiveCount: number,
): SqsRecord {
  const { tenantId, orderingKey = '' } = fields;
  return {
    messageId: `${name}@${id}`,
    receiptHandle: '',
    // An entry without a body was written by somebody else: it can't be read, and is dead-lettered as such (D10).
    body: fields['body'] ?? '',
    attributes: {
      ApproximateReceiveCount: String(receiveCount),
      SentTimestamp: id.split('-')[0],
      ...(isGroupId(orderingKey) && { MessageGroupId: orderingKey }),
    },
    ...(tenantId !== undefined && {
      messageAttributes: { tenantId: { dataType: 'String', stringValue: tenantId } },
    }),
  };
}
