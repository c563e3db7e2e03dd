/** Declares exchanges, queues and bindings: quorum queues with a delivery limit and dead-lettering, again and again. */
import type { Channel } from 'amqplib';
import type { AmqpBroker } from './broker.ts';
import { amqpConnection } from './connection.ts';
import { AmqpError, amqpError } from './errors.ts';

export interface AmqpExchange {
  readonly name: string;
  readonly type: 'direct' | 'fanout' | 'topic' | 'headers';
}

export interface AmqpBinding {
  readonly exchange: string;
  /** @default '' */
  readonly routingKey?: string;
  /** For an exchange of type headers. */
  readonly headers?: Readonly<Record<string, unknown>>;
}

export interface AmqpQueue {
  readonly name: string;
  readonly bindings?: readonly AmqpBinding[];
  /**
   * Deliveries that may fail before the broker dead-letters a message. RabbitMQ 4 counts 20 where none is declared.
   * @default 5
   */
  readonly deliveryLimit?: number;
  /**
   * Where what is given up goes: a direct exchange and a queue, both declared with this one. The routing key is
   * this queue's name.
   * @default - exchange `dead-letters`, queue `NAME.dead`
   */
  readonly deadLetter?: { readonly exchange: string; readonly queue: string };
  /**
   * Messages at most. What comes then is refused, and the publisher is told.
   * @default - no limit
   */
  readonly maxLength?: number;
  /**
   * Milliseconds after which a message is dead-lettered unread.
   * @default - never
   */
  readonly messageTtl?: number;
}

export interface AmqpTopology {
  readonly exchanges?: readonly AmqpExchange[];
  readonly queues?: readonly AmqpQueue[];
}

export const DEAD_LETTER_EXCHANGE = 'dead-letters';
const DEFAULT_DELIVERY_LIMIT = 5;

/** Where the dead letters of a queue go. */
export function deadLetterOf(queue: AmqpQueue): { readonly exchange: string; readonly queue: string } {
  return queue.deadLetter ?? { exchange: DEAD_LETTER_EXCHANGE, queue: `${queue.name}.dead` };
}

/**
 * The arguments of a queue. At-least-once dead-lettering keeps a message until the dead-letter queue confirmed it; it
 * requires that a full queue refuses instead of dropping its oldest.
 * Source: "Dead Letter Exchanges" and "Quorum Queues", rabbitmq.com/docs/quorum-queues.
 */
export function queueArguments(queue: AmqpQueue): Record<string, unknown> {
  return {
    'x-queue-type': 'quorum',
    'x-delivery-limit': queue.deliveryLimit ?? DEFAULT_DELIVERY_LIMIT,
    'x-dead-letter-exchange': deadLetterOf(queue).exchange,
    'x-dead-letter-routing-key': queue.name,
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
    ...(queue.maxLength !== undefined && { 'x-max-length': queue.maxLength }),
    ...(queue.messageTtl !== undefined && { 'x-message-ttl': queue.messageTtl }),
  };
}

/**
 * Declares all of it. What is there already with the same settings is left as it is, so it can run at each start.
 *
 * @example
 * await declareTopology(brokerFromEnvironment(), {
 *   exchanges: [{ name: 'legacy.orders', type: 'topic' }],
 *   queues: [{ name: 'warehouse', bindings: [{ exchange: 'legacy.orders', routingKey: 'order.#' }] }],
 * });
 *
 * @throws AmqpError WAYBILL_AMQP_TOPOLOGY_CONFLICT when something of the name has other settings,
 * WAYBILL_AMQP_TOPOLOGY_INVALID, WAYBILL_AMQP_ACCESS_REFUSED, WAYBILL_AMQP_UNREACHABLE
 */
export async function declareTopology(broker: AmqpBroker, topology: AmqpTopology): Promise<void> {
  checkTopology(topology);
  const connection = amqpConnection(broker);
  try {
    const channel = await connection.channel();
    await declareOn(channel, topology);
    await channel.close();
  } catch (error) {
    throw amqpError(error);
  } finally {
    await connection.close();
  }
}

/** The same on an open channel, which a conflict closes. */
export async function declareOn(channel: Channel, topology: AmqpTopology): Promise<void> {
  for (const { name, type } of topology.exchanges ?? []) {
    await channel.assertExchange(name, type, { durable: true });
  }
  for (const queue of topology.queues ?? []) {
    const dead = deadLetterOf(queue);
    await channel.assertExchange(dead.exchange, 'direct', { durable: true });
    // Without a limit: a dead letter waits for a person. No dead-lettering of its own: it would run in a circle.
    await channel.assertQueue(dead.queue, {
      durable: true,
      arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': -1 },
    });
    await channel.bindQueue(dead.queue, dead.exchange, queue.name);
    await channel.assertQueue(queue.name, { durable: true, arguments: queueArguments(queue) });
    for (const { exchange, routingKey = '', headers } of queue.bindings ?? []) {
      await channel.bindQueue(queue.name, exchange, routingKey, headers);
    }
  }
}

function checkTopology({ exchanges = [], queues = [] }: AmqpTopology): void {
  for (const { name } of [...exchanges, ...queues]) {
    if (name === '' || name.startsWith('amq.') || Buffer.byteLength(name) > 255) {
      throw new AmqpError(
        'WAYBILL_AMQP_TOPOLOGY_INVALID',
        `'${name}' can't be declared: a name has 1 to 255 bytes and does not begin with 'amq.', which is the broker's own`,
      );
    }
  }
  for (const { name, deliveryLimit } of queues) {
    if (deliveryLimit !== undefined && (!Number.isInteger(deliveryLimit) || deliveryLimit < 1)) {
      throw new AmqpError(
        'WAYBILL_AMQP_TOPOLOGY_INVALID',
        `queue '${name}': deliveryLimit must be a whole number above zero, received ${deliveryLimit}`,
      );
    }
  }
}
