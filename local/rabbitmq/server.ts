/** Starts an embedded RabbitMQ: AMQP 0-9-1 over TCP, in this process, in memory, on the loopback. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { BrokerConnection } from './connection.ts';
import type { BrokerMessage } from './message.ts';
import type { QueueType } from './queue-arguments.ts';
import { VirtualHost } from './virtual-host.ts';

export interface RabbitmqUser {
  readonly username: string;
  readonly password: string;
}

export interface EmbeddedRabbitmqOptions {
  /** @default 0 - a free one */
  readonly port?: number;
  /** @default - one user `waybill` with a random password */
  readonly users?: readonly RabbitmqUser[];
  /**
   * Beside `/`.
   * @default - none
   */
  readonly virtualHosts?: readonly string[];
  /**
   * What a queue is that does not say.
   * @default 'classic' - as RabbitMQ by itself; Amazon MQ makes it 'quorum' from RabbitMQ 4 on
   */
  readonly defaultQueueType?: QueueType;
  /** For tests. @default - the system's */
  readonly now?: () => number;
}

/** What is in a queue at this moment. */
export interface QueueView {
  readonly name: string;
  readonly type: QueueType;
  readonly ready: number;
  readonly unacknowledged: number;
  readonly consumers: number;
  /** What waits, the first first. */
  readonly messages: readonly BrokerMessage[];
}

export interface EmbeddedRabbitmq {
  /** `amqp://` address with the first user and password. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** Adds a user or changes a password, as a rotation does. Connections that are open stay open. */
  setPassword(username: string, password: string): Promise<void>;
  queue(name: string, virtualHost?: string): QueueView | undefined;
  queues(virtualHost?: string): readonly QueueView[];
  /** Open connections, signed in or not. */
  readonly connections: number;
  /** Breaks every connection: as the network does, or with a word as an administrator does. */
  closeConnections(how?: 'broken' | 'forced'): void;
  /** Breaks every connection and takes none until `resume`. What it holds stays. */
  suspend(): void;
  resume(): void;
  /** Ends everything. May be called twice. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';

/**
 * @example
 * const rabbitmq = await startEmbeddedRabbitmq();
 * const connection = await connect(rabbitmq.url);
 */
export async function startEmbeddedRabbitmq(
  options: EmbeddedRabbitmqOptions = {},
): Promise<EmbeddedRabbitmq> {
  const users = options.users ?? [{ username: 'waybill', password: randomBytes(16).toString('hex') }];
  const passwords = new Map(users.map(({ username, password }) => [username, password]));
  const now = options.now ?? Date.now;
  const virtualHosts = new Map(
    ['/', ...(options.virtualHosts ?? [])].map((name) => [
      name,
      new VirtualHost(name, options.defaultQueueType ?? 'classic', now),
    ]),
  );
  const connections = new Set<BrokerConnection>();
  let suspended = false;
  const server = createServer((socket) => {
    if (suspended) {
      socket.destroy();
      return;
    }
    const connection = new BrokerConnection(socket, {
      authenticate: (username, password) => passwords.get(username) === password && password !== '',
      virtualHost: (name) => virtualHosts.get(name),
    });
    connections.add(connection);
    socket.once('close', () => connections.delete(connection));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, HOST, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const queues = (virtualHost: string): QueueView[] =>
    [...(virtualHosts.get(virtualHost)?.queues ?? [])].map((queue) => ({
      name: queue.name,
      type: queue.settings.type,
      ready: queue.ready,
      unacknowledged: queue.unacknowledged,
      consumers: queue.consumers,
      messages: queue.peek(),
    }));
  const { username = '', password = '' } = users[0] ?? {};
  let stopping: Promise<void> | undefined;
  return {
    url: `amqp://${encodeURIComponent(username)}:${encodeURIComponent(password)}@${HOST}:${port}`,
    host: HOST,
    port,
    username,
    password,
    async setPassword(user, changed) {
      passwords.set(user, changed);
    },
    queues: (virtualHost = '/') => queues(virtualHost),
    queue: (name, virtualHost = '/') => queues(virtualHost).find((queue) => queue.name === name),
    get connections() {
      return connections.size;
    },
    closeConnections(how = 'broken') {
      for (const connection of connections) {
        if (how === 'broken') connection.destroy();
        else connection.close('closed by an administrator');
      }
    },
    suspend() {
      suspended = true;
      for (const connection of connections) connection.destroy();
    },
    resume() {
      suspended = false;
    },
    stop() {
      stopping ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of connections) connection.destroy();
        for (const host of virtualHosts.values()) for (const queue of host.queues) queue.remove();
      });
      return stopping;
    },
  };
}
