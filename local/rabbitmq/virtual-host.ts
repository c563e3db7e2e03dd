/** A virtual host: its exchanges and queues, and the way of a message through them. */
import { randomBytes } from 'node:crypto';
import { ChannelError } from './errors.ts';
import { bindingKey, EXCHANGE_TYPES, matchingBindings } from './exchange.ts';
import type { Binding, Exchange, ExchangeProps, ExchangeType } from './exchange.ts';
import { deadLettered, routingKeysOf, withoutBcc } from './message.ts';
import type { BrokerMessage, DeathReason } from './message.ts';
import { Queue } from './queue.ts';
import { queueSettings, refuseInequivalent } from './queue-arguments.ts';
import type { QueueProps, QueueType } from './queue-arguments.ts';

/** Whether any queue was there for a message, and whether all of them took it. */
export interface Routed {
  readonly routed: boolean;
  readonly accepted: boolean;
}

export class VirtualHost {
  readonly name: string;
  readonly #defaultQueueType: QueueType;
  readonly #exchanges = new Map<string, Exchange>();
  readonly #queues = new Map<string, Queue>();
  readonly #now: () => number;

  constructor(name: string, defaultQueueType: QueueType, now: () => number) {
    this.name = name;
    this.#defaultQueueType = defaultQueueType;
    this.#now = now;
    for (const [exchange, type] of [
      ['', 'direct'],
      ['amq.direct', 'direct'],
      ['amq.fanout', 'fanout'],
      ['amq.topic', 'topic'],
      ['amq.headers', 'headers'],
      ['amq.match', 'headers'],
    ] as const) {
      const props = { durable: true, autoDelete: false, internal: false, arguments: {} };
      this.#exchanges.set(exchange, { name: exchange, type, ...props, bindings: new Map() });
    }
  }

  get queues(): Iterable<Queue> {
    return this.#queues.values();
  }

  findQueue(name: string): Queue | undefined {
    return this.#queues.get(name);
  }

  /** @throws ChannelError NOT_FOUND, RESOURCE_LOCKED */
  queue(name: string, connection: object): Queue {
    const queue = this.#queues.get(name);
    if (queue === undefined) {
      throw new ChannelError('NOT_FOUND', `no queue '${name}' in vhost '${this.name}'`);
    }
    if (queue.owner !== undefined && queue.owner !== connection) {
      throw new ChannelError(
        'RESOURCE_LOCKED',
        `cannot obtain exclusive access to locked queue '${name}' in vhost '${this.name}'. It could be originally declared on another connection or the exclusive property value does not match that of the original declaration.`,
      );
    }
    return queue;
  }

  /** @throws ChannelError NOT_FOUND */
  exchange(name: string): Exchange {
    const exchange = this.#exchanges.get(name);
    if (exchange === undefined) {
      throw new ChannelError('NOT_FOUND', `no exchange '${name}' in vhost '${this.name}'`);
    }
    return exchange;
  }

  /** @throws ChannelError when the name is the broker's, or something of it is there with other settings */
  declareQueue(given: QueueProps, connection: object): Queue {
    const name = given.name === '' ? `amq.gen-${randomBytes(16).toString('base64url')}` : given.name;
    const props = { ...given, name };
    const known = this.#queues.get(name);
    if (known !== undefined) {
      this.queue(name, connection);
      refuseInequivalent(known.props, props, this.name, this.#defaultQueueType);
      known.used();
      return known;
    }
    if (given.name.startsWith('amq.')) {
      throw new ChannelError('ACCESS_REFUSED', `queue name '${name}' contains reserved prefix 'amq.*'`);
    }
    const settings = queueSettings(props, this.name, this.#defaultQueueType);
    const queue = new Queue(props, settings, props.exclusive ? connection : undefined, {
      now: this.#now,
      deadLetter: (from, message, reason) => this.#deadLetter(from, message, reason),
      deleted: (which) => this.deleteQueue(which),
    });
    this.#queues.set(name, queue);
    this.#changed();
    return queue;
  }

  /** @returns how many messages were lost with it */
  deleteQueue(queue: Queue): number {
    if (this.#queues.get(queue.name) !== queue) return 0;
    const count = queue.ready;
    this.#queues.delete(queue.name);
    for (const exchange of this.#exchanges.values()) this.#unbindAll(exchange, 'queue', queue.name);
    queue.remove();
    return count;
  }

  declareExchange(props: Omit<ExchangeProps, 'type'> & { readonly type: string }): void {
    refuseDefault(props.name);
    const known = this.#exchanges.get(props.name);
    if (known !== undefined) {
      this.#refuseInequivalentExchange(known, props);
      return;
    }
    if (props.name.startsWith('amq.')) {
      throw new ChannelError(
        'ACCESS_REFUSED',
        `exchange name '${props.name}' contains reserved prefix 'amq.*'`,
      );
    }
    if (!EXCHANGE_TYPES.includes(props.type)) {
      throw new ChannelError('PRECONDITION_FAILED', `unknown exchange type '${props.type}'`);
    }
    this.#exchanges.set(props.name, { ...props, type: props.type as ExchangeType, bindings: new Map() });
    this.#changed();
  }

  #refuseInequivalentExchange(known: Exchange, props: { readonly [name: string]: unknown }): void {
    for (const [arg, property] of [
      ['type', 'type'],
      ['durable', 'durable'],
      ['auto_delete', 'autoDelete'],
      ['internal', 'internal'],
    ] as const) {
      if (known[property] === props[property]) continue;
      throw new ChannelError(
        'PRECONDITION_FAILED',
        `inequivalent arg '${arg}' for exchange '${known.name}' in vhost '${this.name}': received '${String(props[property])}' but current is '${known[property]}'`,
      );
    }
  }

  deleteExchange(name: string, ifUnused: boolean): void {
    refuseDefault(name);
    if (name.startsWith('amq.')) {
      throw new ChannelError('ACCESS_REFUSED', `exchange name '${name}' contains reserved prefix 'amq.*'`);
    }
    const exchange = this.#exchanges.get(name);
    if (exchange === undefined) return;
    if (ifUnused && exchange.bindings.size > 0) {
      throw new ChannelError('PRECONDITION_FAILED', `exchange '${name}' in vhost '${this.name}' in use`);
    }
    this.#exchanges.delete(name);
    for (const other of this.#exchanges.values()) this.#unbindAll(other, 'exchange', name);
  }

  bind(source: string, binding: Binding): void {
    refuseDefault(source);
    if (binding.kind === 'exchange') this.exchange(binding.destination);
    this.exchange(source).bindings.set(bindingKey(binding), binding);
    this.#changed();
  }

  /** What is not bound is no error. */
  unbind(source: string, binding: Binding): void {
    refuseDefault(source);
    const exchange = this.#exchanges.get(source);
    if (exchange?.bindings.delete(bindingKey(binding))) this.#deleteUnused(exchange);
  }

  #unbindAll(exchange: Exchange, kind: Binding['kind'], destination: string): void {
    let removed = false;
    for (const [key, binding] of exchange.bindings) {
      if (binding.kind !== kind || binding.destination !== destination) continue;
      exchange.bindings.delete(key);
      removed = true;
    }
    if (removed) this.#deleteUnused(exchange);
  }

  #deleteUnused(exchange: Exchange): void {
    if (exchange.autoDelete && exchange.bindings.size === 0) this.#exchanges.delete(exchange.name);
  }

  /** @throws ChannelError when the exchange is not there or internal */
  publish(message: BrokerMessage): Routed {
    const exchange = this.exchange(message.exchange);
    if (exchange.internal) {
      throw new ChannelError(
        'ACCESS_REFUSED',
        `cannot publish to internal exchange '${exchange.name}' in vhost '${this.name}'`,
      );
    }
    return this.#publishTo(exchange, message);
  }

  #publishTo(exchange: Exchange, message: BrokerMessage): Routed {
    const queues = this.#route(exchange, message);
    const visible = { ...message, properties: withoutBcc(message.properties) };
    let accepted = true;
    for (const queue of queues) accepted = queue.publish(visible) && accepted;
    return { routed: queues.size > 0, accepted };
  }

  #route(exchange: Exchange, { routingKey, properties }: BrokerMessage): Set<Queue> {
    const found = new Set<Queue>();
    const visited = new Set<Exchange>();
    const keys = routingKeysOf(routingKey, properties);
    const visit = (at: Exchange): void => {
      if (visited.has(at)) return;
      visited.add(at);
      const before = found.size;
      for (const key of keys) {
        if (at.name === '') add(this.#queues.get(key));
        for (const { kind, destination } of matchingBindings(at, key, properties)) {
          if (kind === 'queue') add(this.#queues.get(destination));
          else follow(destination);
        }
      }
      const alternate = at.arguments['alternate-exchange'];
      if (found.size === before && typeof alternate === 'string') follow(alternate);
    };
    const add = (queue: Queue | undefined): void => {
      if (queue !== undefined) found.add(queue);
    };
    const follow = (name: string): void => {
      const next = this.#exchanges.get(name);
      if (next !== undefined) visit(next);
    };
    visit(exchange);
    return found;
  }

  #deadLetter(queue: Queue, message: BrokerMessage, reason: DeathReason): boolean {
    const { deadLetterExchange, deadLetterRoutingKey } = queue.settings;
    const exchange = deadLetterExchange === undefined ? undefined : this.#exchanges.get(deadLetterExchange);
    if (exchange === undefined) return false;
    const target = { exchange: exchange.name, routingKey: deadLetterRoutingKey };
    const { routed, accepted } = this.#publishTo(
      exchange,
      deadLettered(message, queue.name, reason, target, this.#now()),
    );
    return routed && accepted;
  }

  /** Dead letters that no queue took may have a way now. */
  #changed(): void {
    for (const queue of this.#queues.values()) queue.retryStuck();
  }
}

function refuseDefault(name: string): void {
  if (name === '') {
    throw new ChannelError('ACCESS_REFUSED', 'operation not permitted on the default exchange');
  }
}
