/** A message in the broker, and what becomes of its headers when it is dead-lettered. */
import type { Properties } from './protocol/content.ts';
import { TypedValue } from './protocol/fields.ts';
import type { FieldTable, FieldValue } from './protocol/fields.ts';

export interface BrokerMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: Properties;
  readonly body: Buffer;
}

/** A message in a queue. */
export interface QueueItem {
  readonly message: BrokerMessage;
  /** Where it stood when it came: a message that goes back goes back there. */
  readonly position: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number | undefined;
  redelivered: boolean;
  /** Deliveries that came back, counted in quorum queues. */
  deliveryCount: number;
}

export type DeathReason = 'rejected' | 'expired' | 'maxlen' | 'delivery_limit';

/** The routing keys of a publish: the key itself, and those in the headers CC and BCC. */
export function routingKeysOf(routingKey: string, { headers }: Properties): string[] {
  const more = ['CC', 'BCC'].flatMap((name) => {
    const list = headers?.[name];
    return Array.isArray(list) ? list.filter((key): key is string => typeof key === 'string') : [];
  });
  return [routingKey, ...more];
}

/** Receivers don't see BCC. */
export function withoutBcc(properties: Properties): Properties {
  if (properties.headers?.['BCC'] === undefined) return properties;
  const { BCC: _hidden, ...headers } = properties.headers;
  return { ...properties, headers };
}

/**
 * The message as it goes on to the dead-letter exchange.
 * Source: "Effects of dead-lettering on messages", rabbitmq.com/docs/dlx.
 */
export function deadLettered(
  message: BrokerMessage,
  queue: string,
  reason: DeathReason,
  target: { readonly exchange: string; readonly routingKey: string | undefined },
  now: number,
): BrokerMessage {
  const { expiration, headers = {}, ...properties } = message.properties;
  const deaths = deathsOf(headers);
  const known = deaths.find((death) => death['queue'] === queue && death['reason'] === reason);
  const death: FieldTable = known
    ? { ...known, count: Number(known['count']) + 1 }
    : {
        count: 1,
        reason,
        queue,
        time: new TypedValue('T', BigInt(Math.floor(now / 1000))),
        exchange: message.exchange,
        'routing-keys': routingKeysOf(message.routingKey, message.properties),
        ...(expiration !== undefined && { 'original-expiration': expiration }),
      };
  const carried = Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'x-delivery-count'));
  return {
    exchange: target.exchange,
    routingKey: target.routingKey ?? message.routingKey,
    body: message.body,
    properties: {
      ...properties,
      headers: {
        ...carried,
        'x-death': [death, ...deaths.filter((other) => other !== known)],
        'x-first-death-exchange': headers['x-first-death-exchange'] ?? message.exchange,
        'x-first-death-queue': headers['x-first-death-queue'] ?? queue,
        'x-first-death-reason': headers['x-first-death-reason'] ?? reason,
        'x-last-death-exchange': message.exchange,
        'x-last-death-queue': queue,
        'x-last-death-reason': reason,
      },
    },
  };
}

/** A message that came round to a queue by dead-lettering alone, rejected by nobody, is dropped there. */
export function isInCycle(message: BrokerMessage, queue: string): boolean {
  const deaths = deathsOf(message.properties.headers ?? {});
  const last = deaths.findIndex((death) => death['queue'] === queue);
  return last !== -1 && deaths.slice(0, last + 1).every((death) => death['reason'] !== 'rejected');
}

function deathsOf(headers: FieldTable): FieldTable[] {
  const deaths = headers['x-death'];
  return Array.isArray(deaths) ? deaths.filter(isTable) : [];
}

function isTable(value: FieldValue): value is FieldTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}
