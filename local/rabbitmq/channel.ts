/** One channel: what a client asks for in it, and the deliveries that it has not acknowledged. */
import { randomBytes } from 'node:crypto';
import { ChannelError, ConnectionError } from './errors.ts';
import type { BrokerMessage, QueueItem } from './message.ts';
import type { Properties } from './protocol/content.ts';
import type { Arguments, Method } from './protocol/methods.ts';
import type { Queue, QueueConsumer } from './queue.ts';
import type { QueueProps } from './queue-arguments.ts';
import type { VirtualHost } from './virtual-host.ts';

/** What a channel needs of its connection. */
export interface ChannelLink {
  readonly connection: object;
  readonly username: string;
  readonly virtualHost: VirtualHost;
  /** The client wants to be told when a queue it consumes is deleted. */
  readonly cancelNotify: boolean;
  send(method: string, values?: Readonly<Record<string, unknown>>): void;
  sendContent(
    method: string,
    values: Readonly<Record<string, unknown>>,
    properties: Properties,
    body: Buffer,
  ): void;
}

interface Unacknowledged {
  readonly queue: Queue;
  readonly item: QueueItem;
  readonly consumer: Consumer | undefined;
}

interface Consumer extends QueueConsumer {
  readonly queue: Queue;
  readonly noAck: boolean;
  readonly prefetch: number;
  unacknowledged: number;
}

/** Source: basic.return, AMQP 0-9-1 1.2. */
const NO_ROUTE = 312;

type Handler = (fields: Arguments) => void;

export class BrokerChannel {
  readonly #link: ChannelLink;
  readonly #host: VirtualHost;
  readonly #unacknowledged = new Map<bigint, Unacknowledged>();
  readonly #consumers = new Map<string, Consumer>();
  readonly #handlers: Readonly<Record<string, Handler>>;
  #deliveryTag = 0n;
  #publishTag = 0n;
  #confirming = false;
  #prefetch = 0;
  #channelPrefetch = 0;
  #lastQueue = '';

  constructor(link: ChannelLink) {
    this.#link = link;
    this.#host = link.virtualHost;
    this.#handlers = {
      'exchange.declare': (fields) => this.#declareExchange(fields),
      'exchange.delete': (fields) => {
        this.#host.deleteExchange(fields.text('exchange'), fields.flag('ifUnused'));
        this.#reply(fields, 'exchange.delete-ok');
      },
      'exchange.bind': (fields) => {
        this.#host.bind(fields.text('source'), exchangeBinding(fields));
        this.#reply(fields, 'exchange.bind-ok');
      },
      'exchange.unbind': (fields) => {
        this.#host.unbind(fields.text('source'), exchangeBinding(fields));
        this.#reply(fields, 'exchange.unbind-ok');
      },
      'queue.declare': (fields) => this.#declareQueue(fields),
      'queue.bind': (fields) => {
        this.#host.bind(fields.text('exchange'), this.#queueBinding(fields));
        this.#reply(fields, 'queue.bind-ok');
      },
      'queue.unbind': (fields) => {
        this.#host.unbind(fields.text('exchange'), this.#queueBinding(fields));
        link.send('queue.unbind-ok');
      },
      'queue.purge': (fields) => {
        this.#reply(fields, 'queue.purge-ok', { messageCount: this.#queue(fields).purge() });
      },
      'queue.delete': (fields) => this.#deleteQueue(fields),
      'basic.qos': (fields) => {
        if (fields.flag('global')) this.#channelPrefetch = fields.number('prefetchCount');
        else this.#prefetch = fields.number('prefetchCount');
        link.send('basic.qos-ok');
      },
      'basic.consume': (fields) => this.#consume(fields),
      'basic.cancel': (fields) => {
        this.#cancel(fields.text('consumerTag'));
        this.#reply(fields, 'basic.cancel-ok', { consumerTag: fields.text('consumerTag') });
      },
      'basic.get': (fields) => this.#get(fields),
      'basic.ack': (fields) =>
        this.#settle(fields, (queue, items) => items.forEach((i) => queue.acknowledge(i))),
      'basic.reject': (fields) => this.#refuse(fields, false),
      'basic.nack': (fields) => this.#refuse(fields, fields.flag('multiple')),
      'basic.recover': (fields) => this.#recover(fields, true),
      'basic.recover-async': (fields) => this.#recover(fields, false),
      'confirm.select': (fields) => {
        this.#confirming = true;
        this.#reply(fields, 'confirm.select-ok');
      },
      'channel.flow': () => link.send('channel.flow-ok', { active: true }),
    };
  }

  /** @throws ChannelError, ConnectionError */
  handle({ name, fields }: Method): void {
    const handler = this.#handlers[name];
    if (handler === undefined) {
      throw new ConnectionError('NOT_IMPLEMENTED', `the embedded RabbitMQ does not know ${name}`);
    }
    handler(fields);
  }

  /** @throws ChannelError */
  publish(fields: Arguments, properties: Properties, body: Buffer): void {
    if (fields.flag('immediate')) throw new ConnectionError('NOT_IMPLEMENTED', 'immediate=true');
    this.#checkProperties(properties);
    const message: BrokerMessage = {
      exchange: fields.text('exchange'),
      routingKey: fields.text('routingKey'),
      properties,
      body,
    };
    const { routed, accepted } = this.#host.publish(message);
    if (!routed && fields.flag('mandatory')) {
      const { exchange, routingKey } = message;
      const values = { replyCode: NO_ROUTE, replyText: 'NO_ROUTE', exchange, routingKey };
      this.#link.sendContent('basic.return', values, properties, body);
    }
    if (!this.#confirming) return;
    this.#publishTag += 1n;
    this.#link.send(accepted ? 'basic.ack' : 'basic.nack', { deliveryTag: this.#publishTag });
  }

  #checkProperties({ expiration, userId }: Properties): void {
    if (expiration !== undefined && !/^\d+$/.test(expiration)) {
      throw new ChannelError('PRECONDITION_FAILED', `invalid expiration '${expiration}': no_integer`);
    }
    if (userId !== undefined && userId !== this.#link.username) {
      throw new ChannelError(
        'PRECONDITION_FAILED',
        `user_id property set to '${userId}' but authenticated user was '${this.#link.username}'`,
      );
    }
  }

  /** What was not acknowledged goes back, and its consumers leave. */
  close(): void {
    for (const consumer of this.#consumers.values()) consumer.queue.unsubscribe(consumer);
    this.#consumers.clear();
    const all = [...this.#unacknowledged.values()];
    this.#unacknowledged.clear();
    for (const [queue, items] of byQueue(all)) queue.requeue(items);
  }

  #reply(fields: Arguments, method: string, values?: Readonly<Record<string, unknown>>): void {
    if (!fields.flag('noWait')) this.#link.send(method, values);
  }

  /** An empty name is the queue that this channel declared last. */
  #queueName(fields: Arguments): string {
    return fields.text('queue') || this.#lastQueue;
  }

  #queue(fields: Arguments): Queue {
    return this.#host.queue(this.#queueName(fields), this.#link.connection);
  }

  #queueBinding(fields: Arguments) {
    const { name } = this.#queue(fields);
    const routingKey = fields.text('routingKey');
    return { kind: 'queue' as const, destination: name, routingKey, arguments: fields.table('arguments') };
  }

  #declareExchange(fields: Arguments): void {
    const name = fields.text('exchange');
    if (fields.flag('passive')) this.#host.exchange(name);
    else {
      this.#host.declareExchange({
        name,
        type: fields.text('type'),
        durable: fields.flag('durable'),
        autoDelete: fields.flag('autoDelete'),
        internal: fields.flag('internal'),
        arguments: fields.table('arguments'),
      });
    }
    this.#reply(fields, 'exchange.declare-ok');
  }

  #declareQueue(fields: Arguments): void {
    const { connection } = this.#link;
    const props: QueueProps = {
      name: fields.text('queue'),
      durable: fields.flag('durable'),
      exclusive: fields.flag('exclusive'),
      autoDelete: fields.flag('autoDelete'),
      arguments: fields.table('arguments'),
    };
    const queue = fields.flag('passive') ? this.#queue(fields) : this.#host.declareQueue(props, connection);
    this.#lastQueue = queue.name;
    const { name, ready, consumers } = queue;
    this.#reply(fields, 'queue.declare-ok', { queue: name, messageCount: ready, consumerCount: consumers });
  }

  #deleteQueue(fields: Arguments): void {
    const name = this.#queueName(fields);
    let messageCount = 0;
    if (this.#host.findQueue(name) !== undefined) {
      const queue = this.#host.queue(name, this.#link.connection);
      const where = `queue '${name}' in vhost '${this.#host.name}'`;
      if (fields.flag('ifUnused') && queue.consumers > 0) {
        throw new ChannelError('PRECONDITION_FAILED', `${where} in use`);
      }
      if (fields.flag('ifEmpty') && queue.ready > 0) {
        throw new ChannelError('PRECONDITION_FAILED', `${where} not empty`);
      }
      messageCount = this.#host.deleteQueue(queue);
    }
    this.#reply(fields, 'queue.delete-ok', { messageCount });
  }

  #consume(fields: Arguments): void {
    const queue = this.#queue(fields);
    const tag = fields.text('consumerTag') || `amq.ctag-${randomBytes(12).toString('base64url')}`;
    if (this.#consumers.has(tag)) {
      throw new ConnectionError('NOT_ALLOWED', `attempt to reuse consumer tag '${tag}'`);
    }
    const exclusive = fields.flag('exclusive');
    if (queue.exclusivelyConsumed || (exclusive && queue.consumers > 0)) {
      throw new ChannelError(
        'ACCESS_REFUSED',
        `queue '${queue.name}' in vhost '${this.#host.name}' in exclusive use`,
      );
    }
    if (queue.settings.type === 'quorum' && this.#channelPrefetch > 0) {
      throw new ConnectionError(
        'NOT_IMPLEMENTED',
        `queue '${queue.name}' in vhost '${this.#host.name}' does not support global qos`,
      );
    }
    const priority = fields.table('arguments')['x-priority'];
    const consumer = this.#consumer(queue, tag, {
      exclusive,
      noAck: fields.flag('noAck'),
      priority: typeof priority === 'number' ? priority : 0,
    });
    this.#consumers.set(tag, consumer);
    queue.subscribe(consumer);
    this.#reply(fields, 'basic.consume-ok', { consumerTag: tag });
    queue.deliver();
  }

  #consumer(
    queue: Queue,
    tag: string,
    how: { readonly exclusive: boolean; readonly noAck: boolean; readonly priority: number },
  ): Consumer {
    const consumer: Consumer = {
      ...how,
      queue,
      tag,
      prefetch: this.#prefetch,
      unacknowledged: 0,
      hasRoom: () =>
        how.noAck ||
        ((consumer.prefetch === 0 || consumer.unacknowledged < consumer.prefetch) &&
          (this.#channelPrefetch === 0 || this.#unacknowledged.size < this.#channelPrefetch)),
      deliver: (item) => {
        const deliveryTag = this.#hand(queue, item, consumer);
        const { exchange, routingKey, body } = item.message;
        this.#link.sendContent(
          'basic.deliver',
          { consumerTag: tag, deliveryTag, redelivered: item.redelivered, exchange, routingKey },
          propertiesOf(item),
          body,
        );
      },
      cancelled: () => {
        this.#consumers.delete(tag);
        if (this.#link.cancelNotify) this.#link.send('basic.cancel', { consumerTag: tag, noWait: true });
      },
    };
    return consumer;
  }

  /** Out of the queue's hands, into those of the client. */
  #hand(queue: Queue, item: QueueItem, consumer: Consumer | undefined, noAck = consumer?.noAck): bigint {
    this.#deliveryTag += 1n;
    if (noAck === true) queue.acknowledge(item);
    else {
      this.#unacknowledged.set(this.#deliveryTag, { queue, item, consumer });
      if (consumer !== undefined) consumer.unacknowledged += 1;
    }
    return this.#deliveryTag;
  }

  #cancel(tag: string): void {
    const consumer = this.#consumers.get(tag);
    if (consumer === undefined) return;
    this.#consumers.delete(tag);
    consumer.queue.unsubscribe(consumer);
  }

  #get(fields: Arguments): void {
    const queue = this.#queue(fields);
    const item = queue.take();
    queue.used();
    if (item === undefined) {
      this.#link.send('basic.get-empty');
      return;
    }
    const deliveryTag = this.#hand(queue, item, undefined, fields.flag('noAck'));
    const { exchange, routingKey, body } = item.message;
    const values = { deliveryTag, redelivered: item.redelivered, exchange, routingKey };
    this.#link.sendContent(
      'basic.get-ok',
      { ...values, messageCount: queue.ready },
      propertiesOf(item),
      body,
    );
  }

  #refuse(fields: Arguments, multiple: boolean): void {
    const requeue = fields.flag('requeue');
    this.#settle(
      fields,
      (queue, items) => {
        if (requeue) queue.requeue(items);
        else for (const item of items) queue.reject(item);
      },
      multiple,
    );
  }

  /** @throws ChannelError PRECONDITION_FAILED for a tag that is not out */
  #settle(
    fields: Arguments,
    settle: (queue: Queue, items: readonly QueueItem[]) => void,
    multiple = fields.flag('multiple'),
  ): void {
    const tag = fields.tag('deliveryTag');
    const tags = multiple
      ? [...this.#unacknowledged.keys()].filter((other) => tag === 0n || other <= tag)
      : [tag].filter((one) => this.#unacknowledged.has(one));
    if (tags.length === 0 && !(multiple && tag === 0n)) {
      throw new ChannelError('PRECONDITION_FAILED', `unknown delivery tag ${tag}`);
    }
    const settled = tags.map((one) => this.#unacknowledged.get(one)!);
    for (const one of tags) this.#unacknowledged.delete(one);
    for (const { consumer } of settled) if (consumer !== undefined) consumer.unacknowledged -= 1;
    for (const [queue, items] of byQueue(settled)) settle(queue, items);
    this.#roomAgain(settled);
  }

  /** Queues whose consumers have room again: of the messages, and all of the channel where it has a limit of its own. */
  #roomAgain(settled: readonly Unacknowledged[]): void {
    const queues = new Set(settled.map(({ queue }) => queue));
    if (this.#channelPrefetch > 0) for (const { queue } of this.#consumers.values()) queues.add(queue);
    for (const queue of queues) queue.deliver();
  }

  #recover(fields: Arguments, answer: boolean): void {
    if (!fields.flag('requeue')) throw new ConnectionError('NOT_IMPLEMENTED', 'requeue=false');
    const all = [...this.#unacknowledged.values()];
    this.#unacknowledged.clear();
    for (const { consumer } of all) if (consumer !== undefined) consumer.unacknowledged -= 1;
    if (answer) this.#link.send('basic.recover-ok');
    for (const [queue, items] of byQueue(all)) queue.requeue(items);
  }
}

/** What came back carries its count, in quorum queues. */
function propertiesOf({ message, deliveryCount }: QueueItem): Properties {
  if (deliveryCount === 0) return message.properties;
  const { headers } = message.properties;
  return { ...message.properties, headers: { ...headers, 'x-delivery-count': deliveryCount } };
}

function exchangeBinding(fields: Arguments) {
  return {
    kind: 'exchange' as const,
    destination: fields.text('destination'),
    routingKey: fields.text('routingKey'),
    arguments: fields.table('arguments'),
  };
}

function byQueue(all: readonly Unacknowledged[]): Map<Queue, QueueItem[]> {
  const grouped = new Map<Queue, QueueItem[]>();
  for (const { queue, item } of all) {
    const items = grouped.get(queue) ?? [];
    items.push(item);
    grouped.set(queue, items);
  }
  return grouped;
}
