/** Notifications against sockets that the test holds: order, holes, paging, expiry, heartbeat, the cap, failures of the store. */
import { describe, expect, test } from '@jest/globals';
import type { NotificationStore } from '../../nestjs/index.ts';
import { createTicket, memoryNotificationStore, WaybillNotifications } from '../../nestjs/index.ts';
import type { NotificationSettings } from '../../nestjs/index.ts';
import { usedTicket } from '../../nestjs/notifications/ticket.ts';
import type { PushSocket } from '../../nestjs/notifications/connection.ts';
import { capturedLog, testClock } from '../lambda/runtime/fixtures.ts';

const USER = { tenantId: 'acme', userId: 'u1' };
const HOUR = 3_600_000;

interface FakeSocket extends PushSocket {
  bufferedAmount: number;
  readonly sent: Record<string, unknown>[];
  readonly cursors: () => unknown[];
  readonly ends: string[];
  pings: number;
  say(message: unknown): void;
  pong(): void;
}

function fakeSocket(): FakeSocket {
  const listeners = new Map<string, (data: unknown) => void>();
  const sent: Record<string, unknown>[] = [];
  return {
    bufferedAmount: 0,
    sent,
    ends: [],
    pings: 0,
    cursors: () => sent.filter(({ type }) => type === 'notification').map(({ cursor }) => cursor),
    send: (text) => void sent.push(JSON.parse(text) as Record<string, unknown>),
    close(code) {
      this.ends.push(`closed ${code}`);
    },
    terminate() {
      this.ends.push('terminated');
    },
    ping() {
      this.pings += 1;
    },
    on: (event, listener) => listeners.set(event, listener),
    say: (message) =>
      listeners.get('message')!(typeof message === 'string' ? message : JSON.stringify(message)),
    pong: () => listeners.get('pong')!(undefined),
  };
}

function setUp(settings: Partial<NotificationSettings> = {}) {
  const clock = testClock();
  const { logger, lines } = capturedLog();
  const store = settings.store ?? memoryNotificationStore({ firstCursorAfter: 0 });
  const notifications = new WaybillNotifications({ clock, logger, ...settings, store });
  const connect = (expiresAt = clock.now() + HOUR): FakeSocket => {
    const socket = fakeSocket();
    notifications.connected(socket, { ...USER, expiresAt });
    return socket;
  };
  const notify = (id: string) => notifications.notify(USER, { id, eventType: 'ImageFinished', data: { id } });
  return { clock, lines, store, notifications, connect, notify };
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

describe('notifications', () => {
  test('nothing is sent before the client says what it has; then all after its cursor, in order', async () => {
    const { connect, notify } = setUp();
    const socket = connect();
    await notify('a');
    await notify('b');
    expect(socket.sent).toEqual([]);

    socket.say({ action: 'resume', cursor: 1 });
    await settled();
    await notify('c');

    expect(socket.sent.map(({ type, cursor, id }) => [type, cursor, id])).toEqual([
      ['notification', 2, 'b'],
      ['caught-up', 2, undefined],
      ['notification', 3, 'c'],
    ]);
  });

  test('an event that is handled again is sent once, with its cursor', async () => {
    const { connect, notify } = setUp();
    const socket = connect();
    socket.say({ action: 'resume', cursor: 0 });
    await settled();

    expect([await notify('a'), await notify('a'), await notify('b')]).toEqual([1, 1, 2]);
    expect(socket.cursors()).toEqual([1, 2]);
  });

  test('what comes while the store is read is not missed and not sent twice', async () => {
    const memory = memoryNotificationStore({ firstCursorAfter: 0 });
    let held: (() => void)[] = [];
    const store: NotificationStore = {
      ...memory,
      async readAfter(...given) {
        const page = await memory.readAfter(...given);
        await new Promise<void>((resolve) => held.push(resolve));
        return page;
      },
    };
    const { connect, notify } = setUp({ store });
    await notify('a');
    const socket = connect();
    socket.say({ action: 'resume', cursor: 0 });
    await settled();
    await notify('b');
    for (let turn = 0; turn < 3; turn += 1) {
      for (const release of held.splice(0)) release();
      await settled();
    }
    held = [];

    expect(socket.cursors()).toEqual([1, 2]);
    expect(socket.sent.at(-1)).toEqual({ type: 'caught-up', cursor: 2 });
  });

  test('a notification that another process stored is read before the next one is sent, and named by pong', async () => {
    const { connect, notify, store } = setUp();
    const socket = connect();
    socket.say({ action: 'resume', cursor: 0 });
    await settled();
    await store.append(USER, { id: 'elsewhere', eventType: 'ImageFinished', data: {} });
    socket.say({ action: 'ping' });
    await settled();
    expect(socket.sent.at(-1)).toEqual({ type: 'pong', cursor: 1 });

    await notify('here');
    await settled();

    expect(socket.cursors()).toEqual([1, 2]);
  });

  test('pages end with more, and go on when the client asks', async () => {
    const { connect, notify } = setUp();
    for (let index = 0; index < 150; index += 1) await notify(`n${index}`);
    const socket = connect();
    socket.say({ action: 'resume', cursor: 0 });
    await settled();
    expect(socket.sent.at(-1)).toEqual({ type: 'more', cursor: 100 });

    socket.say({ action: 'resume', cursor: 100 });
    await settled();

    expect(socket.cursors()).toEqual(Array.from({ length: 150 }, (_, index) => index + 1));
    expect(socket.sent.at(-1)).toEqual({ type: 'caught-up', cursor: 150 });
  });

  test('what is kept no longer is a gap, also after a restart of a store in memory', async () => {
    const store = memoryNotificationStore({ firstCursorAfter: 0, maxPerUser: 2 });
    const { connect, notify } = setUp({ store });
    for (const id of ['a', 'b', 'c', 'd']) await notify(id);
    const socket = connect();
    socket.say({ action: 'resume', cursor: 0 });
    await settled();
    expect(socket.sent[0]).toEqual({ type: 'gap', from: 1, to: 2 });
    expect(socket.cursors()).toEqual([3, 4]);

    const restarted = setUp({ store: memoryNotificationStore({ firstCursorAfter: 1000 }) });
    const again = restarted.connect();
    again.say({ action: 'resume', cursor: 4 });
    await settled();
    await restarted.notify('e');

    expect(again.sent.map(({ type }) => type)).toEqual(['gap', 'caught-up', 'notification']);
    expect(again.cursors()).toEqual([1001]);
  });

  test('a session that is over ends at the next send, or at the next heartbeat', async () => {
    const { connect, notify, clock } = setUp({ heartbeat: 30 });
    const first = connect(clock.now() + 10_000);
    first.say({ action: 'resume', cursor: 0 });
    await settled();
    await clock.advance(10_000);
    await notify('late');
    expect(first.cursors()).toEqual([]);
    expect(first.sent.at(-1)).toEqual({ type: 'expired' });
    expect(first.ends).toEqual(['closed 1000']);

    const second = connect(clock.now() + 10_000);
    await clock.advance(30_000);
    expect(second.sent).toEqual([{ type: 'expired' }]);
  });

  test('a client that does not answer a ping is cut off; one that does stays', async () => {
    const { connect, clock } = setUp({ heartbeat: 30 });
    const silent = connect();
    const alive = connect();
    await clock.advance(30_000);
    alive.pong();
    await clock.advance(30_000);

    expect(silent.ends).toEqual(['terminated']);
    expect(alive.ends).toEqual([]);
    expect(alive.pings).toBe(2);
  });

  test('a client that does not read is cut off instead of filling the memory', async () => {
    const { connect, notify } = setUp();
    const socket = connect();
    socket.say({ action: 'resume', cursor: 0 });
    await settled();
    socket.bufferedAmount = 2_000_000;
    await notify('a');

    expect(socket.ends).toEqual(['terminated']);
  });

  test('above the cap the oldest connection gives way and is told so', async () => {
    const { connect, notifications } = setUp({ maxConnectionsPerUser: 2 });
    const [oldest, ...others] = [connect(), connect(), connect()];

    expect(oldest!.sent).toMatchObject([
      { type: 'error', problem: { status: 429, code: 'WAYBILL_PUSH_TOO_MANY_CONNECTIONS' } },
    ]);
    expect(oldest!.ends).toEqual(['closed 1008']);
    expect(others.flatMap(({ ends }) => ends)).toEqual([]);
    expect(notifications.connections).toBe(2);
  });

  test('nonsense is answered with a problem; a store that fails too, and resume helps', async () => {
    let fails = true;
    const memory = memoryNotificationStore({ firstCursorAfter: 0 });
    const store: NotificationStore = {
      ...memory,
      readAfter: (...given) => (fails ? Promise.reject(new Error('no network')) : memory.readAfter(...given)),
    };
    const { connect, notify, lines } = setUp({ store });
    const socket = connect();
    socket.say('nonsense');
    socket.say({ action: 'resume', cursor: 0 });
    await settled();
    expect(socket.sent).toMatchObject([
      { type: 'error', problem: { status: 400, code: 'WAYBILL_PUSH_MESSAGE_INVALID' } },
      { type: 'error', problem: { status: 503, code: 'WAYBILL_PUSH_UNAVAILABLE' } },
    ]);
    expect(JSON.stringify(lines)).toContain('notifications not read');

    await notify('a');
    fails = false;
    socket.say({ action: 'resume', cursor: 0 });
    await settled();
    expect(socket.cursors()).toEqual([1]);
  });

  test('a shutdown sends the clients away', () => {
    const { connect, notifications } = setUp();
    const socket = connect();
    notifications.beforeApplicationShutdown();

    expect(socket.ends).toEqual(['closed 1001']);
    expect(notifications.isStopping).toBe(true);
  });
});

describe('tickets', () => {
  const secret = 'a-secret-of-the-test-with-32-bytes';
  const now = Date.UTC(2026, 2, 1);
  const session = { ...USER, expiresAt: now + HOUR };
  const store = memoryNotificationStore();

  test('a ticket proves its session, once and for a minute', async () => {
    const ticket = createTicket(secret, session, now);
    expect(await usedTicket(secret, ticket, store, now + 59_000)).toEqual(session);
    expect(await usedTicket(secret, ticket, memoryNotificationStore(), now + 70_000)).toBeUndefined();
  });

  test('a ticket that was used, or is of another secret, proves nothing', async () => {
    const ticket = createTicket(secret, { ...USER, expiresAt: Date.now() + HOUR });
    expect(await usedTicket('another-secret-that-has-32-bytes-too', ticket, store)).toBeUndefined();
    expect(await usedTicket(secret, ticket, store)).toMatchObject(USER);
    expect(await usedTicket(secret, ticket, store)).toBeUndefined();
  });

  test('a session that is over proves nothing', async () => {
    const over = createTicket(secret, { ...USER, expiresAt: now }, now);

    expect(await usedTicket(secret, over, store, now)).toBeUndefined();
  });
});
