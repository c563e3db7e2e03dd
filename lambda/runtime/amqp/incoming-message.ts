/** A message as it comes from a queue of RabbitMQ, the same for Lambda and for a service. */
import type { ConsumeMessage } from 'amqplib';
import type { SqsRecord } from '../types.ts';

export interface IncomingMessage {
  readonly queue: string;
  readonly body: string;
  readonly messageId: string | undefined;
  readonly type: string | undefined;
  readonly appId: string | undefined;
  readonly correlationId: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly redelivered: boolean;
  /** Deliveries, this one included. A classic queue does not count: there it is 1, or 2 for any later one. */
  readonly receiveCount: number;
}

/** The part of Lambda's event for Amazon MQ that is read. Source: "Using Lambda with Amazon MQ", lambda/latest/dg/with-mq.html. */
export interface AmazonMqEvent {
  readonly eventSource?: string;
  readonly eventSourceArn?: string;
  /** By `queue::virtual host`. */
  readonly rmqMessagesByQueue: Readonly<Record<string, readonly AmazonMqMessage[]>>;
}

export interface AmazonMqMessage {
  readonly basicProperties: {
    readonly headers?: Readonly<Record<string, unknown>> | null;
    readonly messageId?: string | null;
    readonly type?: string | null;
    readonly appId?: string | null;
    readonly correlationId?: string | null;
  };
  readonly redelivered: boolean;
  /** Base64. */
  readonly data: string;
}

/** In the order of the queues. */
export function messagesOf(event: AmazonMqEvent): IncomingMessage[] {
  return Object.entries(event.rmqMessagesByQueue).flatMap(([key, messages]) => {
    const queue = key.slice(0, key.lastIndexOf('::'));
    return messages.map(({ basicProperties, data, redelivered }) => {
      const headers = Object.fromEntries(
        Object.entries(basicProperties.headers ?? {}).map(([name, value]) => [name, plainHeader(value)]),
      );
      return {
        queue,
        body: Buffer.from(data, 'base64').toString('utf8'),
        messageId: basicProperties.messageId ?? undefined,
        type: basicProperties.type ?? undefined,
        appId: basicProperties.appId ?? undefined,
        correlationId: basicProperties.correlationId ?? undefined,
        headers,
        redelivered,
        receiveCount: receiveCount(headers, redelivered),
      };
    });
  });
}

/** A message as the client gives it. */
export function messageFrom(queue: string, { content, fields, properties }: ConsumeMessage): IncomingMessage {
  const headers: Readonly<Record<string, unknown>> = { ...properties.headers };
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return {
    queue,
    body: content.toString('utf8'),
    messageId: text(properties.messageId),
    type: text(properties.type),
    appId: text(properties.appId),
    correlationId: text(properties.correlationId),
    headers,
    redelivered: fields.redelivered,
    receiveCount: receiveCount(headers, fields.redelivered),
  };
}

/** As the handling of messages knows it: with the tenant of the header, which must be that of the body (D18). */
export function recordOf(message: IncomingMessage, body = message.body): SqsRecord {
  const tenantId = message.headers['tenantId'];
  return {
    messageId: message.messageId ?? '-',
    receiptHandle: '',
    body,
    attributes: { ApproximateReceiveCount: String(message.receiveCount) },
    ...(typeof tenantId === 'string' && {
      messageAttributes: { tenantId: { dataType: 'String', stringValue: tenantId } },
    }),
  };
}

/** Lambda gives a text as `{ bytes: [...] }`, and the elements of lists and tables likewise. */
function plainHeader(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainHeader);
  if (typeof value !== 'object' || value === null) return value;
  const { bytes } = value as { readonly bytes?: unknown };
  if (Array.isArray(bytes)) return Buffer.from(bytes as number[]).toString('utf8');
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plainHeader(inner)]));
}

/** `x-delivery-count` is how many deliveries went before, in quorum queues. */
function receiveCount(headers: Readonly<Record<string, unknown>>, redelivered: boolean): number {
  const count = Number(headers['x-delivery-count']);
  const before = Number.isInteger(count) && count > 0 ? count : 0;
  return Math.max(before, redelivered ? 1 : 0) + 1;
}
