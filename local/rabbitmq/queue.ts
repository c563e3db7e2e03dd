/** One queue: what waits, what is out with consumers, who consumes, what is dropped or dead-lettered. */
import { isInCycle } from './message.ts';
import type { BrokerMessage, DeathReason, QueueItem } from './message.ts';
import type { QueueProps, QueueSettings } from './queue-arguments.ts';

/** Who takes messages of a queue. */
export interface QueueConsumer {
  readonly tag: string;
  readonly exclusive: boolean;
  readonly priority: number;
  /** False while its prefetch is used up. */
  hasRoom(): boolean;
  deliver(item: QueueItem): void;
  /** The queue is gone. */
  cancelled(): void;
}

export interface QueueSurroundings {
  readonly now: () => number;
  /** Publishes a dead letter. False when no queue took it. */
  deadLetter(queue: Queue, message: BrokerMessage, reason: DeathReason): boolean;
  /** The queue deletes itself: it expired, or its last consumer left. */
  deleted(queue: Queue): void;
}

export class Queue {
  readonly props: QueueProps;
  readonly settings: QueueSettings;
  /** The connection that declared it, if it is exclusive. */
  readonly owner: object | undefined;
  readonly #around: QueueSurroundings;
  #ready: QueueItem[] = [];
  #readyBytes = 0;
  readonly #out = new Set<QueueItem>();
  readonly #stuck: { readonly message: BrokerMessage; readonly reason: DeathReason }[] = [];
  readonly #consumers: QueueConsumer[] = [];
  #turn = 0;
  #nextPosition = 0;
  #expiry: NodeJS.Timeout | undefined;
  #disuse: NodeJS.Timeout | undefined;
  #delivering = false;
  #hadConsumer = false;
  #gone = false;

  constructor(
    props: QueueProps,
    settings: QueueSettings,
    owner: object | undefined,
    around: QueueSurroundings,
  ) {
    this.props = props;
    this.settings = settings;
    this.owner = owner;
    this.#around = around;
    this.used();
  }

  get name(): string {
    return this.props.name;
  }

  get ready(): number {
    return this.#ready.length;
  }

  get unacknowledged(): number {
    return this.#out.size;
  }

  get consumers(): number {
    return this.#consumers.length;
  }

  get exclusivelyConsumed(): boolean {
    return this.#consumers.some(({ exclusive }) => exclusive);
  }

  /** Bodies of what waits, the first first. */
  peek(): readonly BrokerMessage[] {
    return this.#ready.map(({ message }) => message);
  }

  /** False when the queue is full and refuses. */
  publish(message: BrokerMessage): boolean {
    if (isInCycle(message, this.name)) return true;
    const { overflow } = this.settings;
    if (this.#isFull() && overflow !== 'drop-head') {
      if (overflow === 'reject-publish-dlx') this.#bury(message, 'maxlen');
      return false;
    }
    const item: QueueItem = {
      message,
      position: this.#nextPosition++,
      expiresAt: this.#expiresAt(message),
      redelivered: false,
      deliveryCount: 0,
    };
    this.#ready.push(item);
    this.#readyBytes += message.body.length;
    this.deliver();
    this.#dropHead();
    this.#watchExpiry();
    return true;
  }

  /** Quorum queues refuse from the limit on, classic ones when it is reached. */
  #isFull(): boolean {
    const { maxLength, maxLengthBytes, type } = this.settings;
    const count = type === 'quorum' ? this.#ready.length + this.#out.size - 1 : this.#ready.length;
    return (
      (maxLength !== undefined && count >= maxLength) ||
      (maxLengthBytes !== undefined && this.#readyBytes >= maxLengthBytes)
    );
  }

  #dropHead(): void {
    const { maxLength, maxLengthBytes, overflow } = this.settings;
    if (overflow !== 'drop-head') return;
    while (
      this.#ready.length > 0 &&
      (this.#ready.length > (maxLength ?? Infinity) || this.#readyBytes > (maxLengthBytes ?? Infinity))
    ) {
      this.#bury(this.#shift().message, 'maxlen');
    }
  }

  #shift(): QueueItem {
    const item = this.#ready.shift()!;
    this.#readyBytes -= item.message.body.length;
    return item;
  }

  #expiresAt({ properties }: BrokerMessage): number | undefined {
    const own = properties.expiration === undefined ? Infinity : Number(properties.expiration);
    const life = Math.min(own, this.settings.messageTtl ?? Infinity);
    return Number.isFinite(life) ? this.#around.now() + life : undefined;
  }

  /** The first that waits, out of the queue until it is acknowledged or goes back. */
  take(): QueueItem | undefined {
    this.#expire();
    if (this.#ready.length === 0) return undefined;
    const item = this.#shift();
    this.#out.add(item);
    return item;
  }

  acknowledge(item: QueueItem): void {
    this.#out.delete(item);
  }

  reject(item: QueueItem): void {
    if (this.#out.delete(item)) this.#bury(item.message, 'rejected');
  }

  /** Back to where it stood, unless it came back too often. */
  requeue(items: readonly QueueItem[]): void {
    const { deliveryLimit, type } = this.settings;
    for (const item of items) {
      if (!this.#out.delete(item) || this.#gone) continue;
      item.redelivered = true;
      if (type === 'quorum') item.deliveryCount += 1;
      if (deliveryLimit !== undefined && item.deliveryCount > deliveryLimit) {
        this.#bury(item.message, 'delivery_limit');
        continue;
      }
      const at = this.#ready.findIndex(({ position }) => position > item.position);
      this.#ready.splice(at === -1 ? this.#ready.length : at, 0, item);
      this.#readyBytes += item.message.body.length;
    }
    this.deliver();
    this.#dropHead();
    this.#watchExpiry();
  }

  /** Gives out what waits, in turn among those that have room. */
  deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (;;) {
        this.#expire();
        const consumer = this.#ready.length === 0 ? undefined : this.#nextConsumer();
        if (consumer === undefined) return;
        consumer.deliver(this.take()!);
      }
    } finally {
      this.#delivering = false;
    }
  }

  #nextConsumer(): QueueConsumer | undefined {
    const candidates = this.settings.singleActiveConsumer ? this.#consumers.slice(0, 1) : this.#consumers;
    const free = candidates.filter((consumer) => consumer.hasRoom());
    const first = Math.max(...free.map(({ priority }) => priority));
    const best = free.filter(({ priority }) => priority === first);
    return best.length === 0 ? undefined : best[this.#turn++ % best.length];
  }

  subscribe(consumer: QueueConsumer): void {
    this.#consumers.push(consumer);
    this.#hadConsumer = true;
    this.used();
  }

  unsubscribe(consumer: QueueConsumer): void {
    const index = this.#consumers.indexOf(consumer);
    if (index === -1) return;
    this.#consumers.splice(index, 1);
    if (this.#consumers.length === 0 && this.#hadConsumer && this.props.autoDelete)
      this.#around.deleted(this);
    else {
      this.used();
      this.deliver();
    }
  }

  purge(): number {
    const count = this.#ready.length;
    this.#ready = [];
    this.#readyBytes = 0;
    return count;
  }

  /** The queue is deleted: its messages with it, and its consumers are told. */
  remove(): void {
    this.#gone = true;
    clearTimeout(this.#expiry);
    clearTimeout(this.#disuse);
    for (const consumer of this.#consumers.splice(0)) consumer.cancelled();
    this.#ready = [];
    this.#out.clear();
  }

  /** Tries again what no queue took: somebody may have bound one. */
  retryStuck(): void {
    for (const { message, reason } of this.#stuck.splice(0)) this.#bury(message, reason);
  }

  #bury(message: BrokerMessage, reason: DeathReason): void {
    const taken = this.#around.deadLetter(this, message, reason);
    if (!taken && this.settings.atLeastOnce) this.#stuck.push({ message, reason });
  }

  /** Only the head is looked at, as in RabbitMQ: a message behind one that lives longer waits for it. */
  #expire(): void {
    const now = this.#around.now();
    while (this.#ready.length > 0) {
      const { expiresAt } = this.#ready[0]!;
      if (expiresAt === undefined || expiresAt > now) return;
      this.#bury(this.#shift().message, 'expired');
    }
  }

  #watchExpiry(): void {
    clearTimeout(this.#expiry);
    const { expiresAt } = this.#ready[0] ?? {};
    if (expiresAt === undefined || this.#gone) return;
    this.#expiry = setTimeout(
      () => {
        this.#expire();
        this.#watchExpiry();
      },
      Math.max(0, expiresAt - this.#around.now()),
    );
    this.#expiry.unref();
  }

  /** `x-expires` counts from the last use. */
  used(): void {
    clearTimeout(this.#disuse);
    const { expires } = this.settings;
    if (expires === undefined || this.#consumers.length > 0 || this.#gone) return;
    this.#disuse = setTimeout(() => this.#around.deleted(this), expires);
    this.#disuse.unref();
  }
}
