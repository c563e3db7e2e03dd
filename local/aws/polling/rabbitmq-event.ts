/** A RabbitMQ message as Lambda gives it to a function. https://docs.aws.amazon.com/lambda/latest/dg/with-mq.html */
import type { ConsumeMessage } from 'amqplib';

export interface RabbitmqRecord {
  readonly basicProperties: Readonly<Record<string, unknown>>;
  readonly redelivered: boolean;
  /** Base64. */
  readonly data: string;
}

/** Members that a message does not have are null. */
export function rabbitmqRecord({ content, fields, properties }: ConsumeMessage): RabbitmqRecord {
  const of = (value: unknown): unknown => value ?? null;
  return {
    basicProperties: {
      contentType: of(properties.contentType),
      contentEncoding: of(properties.contentEncoding),
      headers: headersOf(properties.headers ?? {}),
      deliveryMode: of(properties.deliveryMode),
      priority: of(properties.priority),
      correlationId: of(properties.correlationId),
      replyTo: of(properties.replyTo),
      expiration: of(properties.expiration),
      messageId: of(properties.messageId),
      timestamp: timestampOf(properties.timestamp),
      type: of(properties.type),
      userId: of(properties.userId),
      appId: of(properties.appId),
      clusterId: of(properties.clusterId),
      bodySize: content.length,
    },
    redelivered: fields.redelivered,
    data: content.toString('base64'),
  };
}

export function rabbitmqEvent(
  source: { readonly brokerArn: string; readonly queue: string; readonly virtualHost: string },
  records: readonly RabbitmqRecord[],
): Record<string, unknown> {
  return {
    eventSource: 'aws:rmq',
    eventSourceArn: source.brokerArn,
    rmqMessagesByQueue: { [`${source.queue}::${source.virtualHost}`]: records },
  };
}

function headersOf(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, headerOf(value)]));
}

/** Texts are bytes; numbers and truth values are themselves. */
function headerOf(value: unknown): unknown {
  if (typeof value === 'string') return { bytes: [...Buffer.from(value)] };
  if (Buffer.isBuffer(value)) return { bytes: [...value] };
  if (Array.isArray(value)) return value.map(headerOf);
  if (typeof value !== 'object' || value === null) return value;
  const { '!': type, value: inner } = value as { readonly '!'?: unknown; readonly value?: unknown };
  return type === undefined ? headersOf(value as Record<string, unknown>) : inner;
}

/** Seconds on the wire; here as Java writes a date: `Jan 1, 1970, 12:33:41 AM`. */
function timestampOf(seconds: unknown): string | null {
  if (typeof seconds !== 'number') return null;
  return new Date(seconds * 1000).toLocaleString('en-US', {
    timeZone: 'UTC',
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    second: '2-digit',
  });
}
