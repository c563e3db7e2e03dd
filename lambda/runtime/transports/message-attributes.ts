/** The four attributes a message carries: what routing needs, and never personal data, because attributes are not encrypted. */
import type { EncodedMessage } from '../types.ts';

export interface StringAttribute {
  readonly DataType: 'String';
  readonly StringValue: string;
}

export function messageAttributes(message: EncodedMessage): Record<string, StringAttribute> {
  return {
    eventType: text(message.eventType),
    eventVersion: text(message.eventVersion),
    tenantId: text(message.tenantId),
    priority: text(message.priority),
  };
}

export function text(value: string): StringAttribute {
  return { DataType: 'String', StringValue: value };
}

/**
 * Bytes of one entry against the limit of a message and of a batch: body, and name, type and value of each
 * attribute (SQS API, SendMessageBatch). The ids are counted too: some of them may be, and the few bytes of
 * headroom cost nothing.
 */
export function entryBytes(
  body: string,
  { MessageAttributes: attributes, ...ids }: { readonly MessageAttributes: Record<string, StringAttribute> },
): number {
  let bytes = Buffer.byteLength(body);
  for (const name in attributes) {
    bytes += name.length + 'String'.length + Buffer.byteLength(attributes[name]!.StringValue);
  }
  for (const id of Object.values<string>(ids)) bytes += id.length;
  return bytes;
}
