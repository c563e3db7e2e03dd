/** `WaybillNotifications`: stores what users are to be told, and tells those who are connected to this process. */
import { parseClientMessage } from '../../lambda/push/protocol.ts';
import { systemClock } from '../../lambda/runtime/clock.ts';
import type { Clock } from '../../lambda/runtime/clock.ts';
import { createLogger, describeError } from '../../lambda/runtime/logger.ts';
import type { Logger } from '../../lambda/runtime/logger.ts';
import { PushConnection } from './connection.ts';
import type { PushSession, PushSocket } from './connection.ts';
import type { NewNotification, NotificationStore, PushUser } from './store.ts';

export interface NotificationSettings {
  /** Where notifications are kept: `memoryNotificationStore()`, or your own over a database. */
  readonly store: NotificationStore;
  /**
   * Connections of one user at a time, such as tabs; the oldest gives way to one more.
   * @default 10
   */
  readonly maxConnectionsPerUser?: number;
  /**
   * Seconds between two WebSocket pings. A client that has not answered the last one is cut off.
   * @default 30
   */
  readonly heartbeat?: number;
  /** @default - JSON lines on standard output, level from WAYBILL_LOG_LEVEL */
  readonly logger?: Logger;
  /** For tests. */
  readonly clock?: Clock;
}

interface Client {
  readonly connection: PushConnection;
  readonly socket: PushSocket;
  answered: boolean;
}

const DEFAULT_MAX_CONNECTIONS_PER_USER = 10;
const DEFAULT_HEARTBEAT_SECONDS = 30;
/** The server is stopping; a client connects again. Source: RFC 6455, section 7.4.1. */
const GOING_AWAY = 1001;

/** Inject it into the provider that handles the events. */
export class WaybillNotifications {
  readonly #settings: NotificationSettings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #clients = new Map<PushSocket, Client>();
  readonly #byUser = new Map<string, Set<Client>>();
  #heartbeat: unknown;
  #stopping = false;

  /** @internal Nest makes it. */
  constructor(settings: NotificationSettings) {
    this.#settings = settings;
    this.#clock = settings.clock ?? systemClock;
    this.#logger = settings.logger ?? createLogger();
  }

  /**
   * Stores the notification, then sends it to the user's connections. Resolves when it is stored: who is away
   * gets it on reconnect. The same id again changes nothing.
   *
   * @example
   * @OnEvent(GenerationComplete)
   * async tell({ eventId, eventType, tenantId, data }: EnvelopeOf<typeof GenerationComplete>) {
   *   const { generationId, status, imageUrl } = data;
   *   await this.notifications.notify(
   *     { tenantId, userId: data.userId },
   *     { id: eventId, eventType, data: { generationId, status, imageUrl } },
   *   );
   * }
   *
   * @returns the cursor
   * @throws whatever the store throws; nothing was sent then
   */
  async notify(user: PushUser, notification: NewNotification): Promise<number> {
    const { id, eventType, data } = notification;
    const cursor = await this.#settings.store.append(user, notification);
    for (const { connection } of this.#byUser.get(keyOf(user)) ?? []) {
      connection.push({ type: 'notification', id, cursor, eventType, data });
    }
    return cursor;
  }

  /** Open connections of this process. */
  get connections(): number {
    return this.#clients.size;
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  /** @internal The gateway calls it once the ticket was checked. */
  connected(socket: PushSocket, session: PushSession): void {
    const { store } = this.#settings;
    const connection = new PushConnection({
      socket,
      session,
      store,
      now: () => this.#clock.now(),
      onError: (error) =>
        this.#logger.error('notifications not read', {
          tenantId: session.tenantId,
          detail: describeError(error),
        }),
    });
    const client: Client = { connection, socket, answered: true };
    this.#clients.set(socket, client);
    const mates = this.#byUser.get(keyOf(session)) ?? new Set();
    this.#byUser.set(keyOf(session), mates.add(client));
    socket.on('message', (text) => void this.#received(client, String(text)));
    socket.on('pong', () => {
      client.answered = true;
    });
    this.#makeRoom(mates);
    this.#heartbeat ??= this.#nextHeartbeat();
  }

  /** @internal */
  disconnected(socket: PushSocket): void {
    const client = this.#clients.get(socket);
    if (client === undefined) return;
    client.connection.closed();
    this.#clients.delete(socket);
    const key = keyOf(client.connection.session);
    const mates = this.#byUser.get(key);
    mates?.delete(client);
    if (mates?.size === 0) this.#byUser.delete(key);
  }

  /** @internal Clients connect again, to another process, and go on at their cursor. */
  beforeApplicationShutdown(): void {
    this.#stopping = true;
    this.#clock.clearTimeout(this.#heartbeat);
    for (const { socket, connection } of this.#clients.values()) {
      connection.closed();
      socket.close(GOING_AWAY, 'the server is stopping');
    }
  }

  async #received({ connection, socket }: Client, text: string): Promise<void> {
    const message = parseClientMessage(text);
    if (message === undefined) {
      connection.refuse(
        400,
        'WAYBILL_PUSH_MESSAGE_INVALID',
        'Bad Request',
        'Send {"action":"resume","cursor":N}, with a whole number or "latest", or {"action":"ping"}.',
      );
      return;
    }
    if (message.action === 'resume') {
      connection.resume(message.cursor);
      return;
    }
    // The newest cursor tells a client what was stored by another process.
    const newest = await this.#settings.store.newest(connection.session).catch(() => undefined);
    if (this.#clients.has(socket))
      connection.send({ type: 'pong', ...(newest !== undefined && { cursor: newest }) });
  }

  /** The set is in the order of connecting. */
  #makeRoom(mates: ReadonlySet<Client>): void {
    const most = this.#settings.maxConnectionsPerUser ?? DEFAULT_MAX_CONNECTIONS_PER_USER;
    for (const { connection, socket } of [...mates].slice(0, Math.max(0, mates.size - most))) {
      connection.giveWay(`A user may have ${most} connections; a newer one took the place of this one.`);
      this.disconnected(socket);
    }
  }

  #nextHeartbeat(): unknown {
    const seconds = this.#settings.heartbeat ?? DEFAULT_HEARTBEAT_SECONDS;
    return this.#clock.setTimeout(() => {
      for (const client of this.#clients.values()) this.#beat(client);
      this.#heartbeat = this.#clients.size === 0 ? undefined : this.#nextHeartbeat();
    }, seconds * 1000);
  }

  #beat(client: Client): void {
    if (client.connection.endIfExpired()) return;
    if (!client.answered) {
      client.socket.terminate();
      return;
    }
    client.answered = false;
    client.socket.ping();
  }
}

const keyOf = ({ tenantId, userId }: PushUser): string => JSON.stringify([tenantId, userId]);
