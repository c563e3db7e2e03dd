/** Storing and sending, resuming in pages, connections that come, go and give way. */
import { describe, expect, test } from '@jest/globals';
import { connectHandler, disconnectHandler } from '../../../lambda/push/connections.ts';
import { messageHandler } from '../../../lambda/push/messages.ts';
import { createNotifier } from '../../../lambda/push/notifier.ts';
import { connection, eventOf, LATER, memoryPush, notification, SILENT, USER } from './memory-push.ts';
import type { MemoryPush } from './memory-push.ts';

const NOW = 1_000_000_000_000;
const now = () => NOW;
const context = { logger: SILENT };

const notifierOf = ({ store, management }: MemoryPush, concurrency = 10) =>
  createNotifier({ store, management, now, concurrency });

function messagesOf({ store, management }: MemoryPush, pageSize?: number) {
  const reports: unknown[] = [];
  const resumer = () => ({ store, management, now, ...(pageSize !== undefined && { pageSize }) });
  const handler = messageHandler(resumer, (what) => void reports.push(what));
  return { handler, reports };
}

function connectionsOf({ store, management }: MemoryPush, maxConnections = 2) {
  const reports: unknown[] = [];
  const props = { store, management, maxConnections, report: (what: string) => void reports.push(what) };
  return { connect: connectHandler(() => props), disconnect: disconnectHandler(() => props), reports };
}

const typesOf = (push: MemoryPush, id = 'a=') => (push.arrived.get(id) ?? []).map(({ type }) => type);

describe('the notifier', () => {
  test('stores under the next cursor and sends to every connection; nobody there is no failure', async () => {
    const push = memoryPush();

    const alone = await notifierOf(push).notify(notification('e-1'), context);
    for (const id of ['a=', 'b=']) push.rows.set(id, connection(id));
    const both = await notifierOf(push).notify(notification('e-2'), context);

    expect([alone, both]).toMatchObject([
      { cursor: 1, sent: 0 },
      { cursor: 2, sent: 2 },
    ]);
    expect(push.arrived.get('b=')).toEqual([
      { type: 'notification', id: 'e-2', cursor: 2, eventType: 'GenerationComplete', data: { id: 'e-2' } },
    ]);
  });

  test('an event that comes again has the cursor of before, and is sent again', async () => {
    const push = memoryPush();
    push.rows.set('a=', connection('a='));

    for (const id of ['e-1', 'e-2', 'e-1']) await notifierOf(push).notify(notification(id), context);

    expect(push.notes.size).toBe(2);
    expect(push.arrived.get('a=')?.map((message) => 'cursor' in message && message.cursor)).toEqual([
      1, 2, 1,
    ]);
  });

  test('connections that are gone are forgotten, those that can not be reached are left', async () => {
    const push = memoryPush();
    for (const id of ['a=', 'gone=', 'busy=']) push.rows.set(id, connection(id));
    push.answer = (id) => (id === 'gone=' ? 'gone' : id === 'busy=' ? 'unreached' : undefined);

    const delivered = await notifierOf(push).notify(notification('e-1'), context);

    expect(delivered).toEqual({ cursor: 1, sent: 1, gone: 1, unreached: 1, expired: 0 });
    expect([...push.rows.keys()]).toEqual(['a=', 'busy=']);
  });

  test('a session that is over is told so instead, and is closed', async () => {
    const push = memoryPush();
    push.rows.set('a=', connection('a=', { sessionExpiresAt: NOW / 1000 }));

    await notifierOf(push).notify(notification('e-1'), context);

    expect([typesOf(push), push.closed, push.rows.size, push.notes.size]).toEqual([
      ['expired'],
      ['a='],
      0,
      1,
    ]);
  });

  test('has so many posts under way at a time', async () => {
    const push = memoryPush();
    for (let index = 0; index < 30; index += 1) push.rows.set(`${index}=`, connection(`${index}=`));
    let underway = 0;
    let most = 0;
    const management = {
      ...push.management,
      post: async () => {
        most = Math.max(most, (underway += 1));
        await new Promise((resolve) => setImmediate(resolve));
        underway -= 1;
        return 'sent' as const;
      },
    };

    await createNotifier({ store: push.store, management, now, concurrency: 4 }).notify(
      notification('e-1'),
      context,
    );

    expect(most).toBe(4);
  });

  test('a refusal is an error after all connections were tried, so that an alarm tells of it', async () => {
    const push = memoryPush();
    for (const id of ['a=', 'b=']) push.rows.set(id, connection(id));
    const { post } = push.management;
    const management = {
      ...push.management,
      post: (id: string, message: Parameters<typeof post>[1]) =>
        id === 'a=' ? Promise.reject(new Error('403')) : post(id, message),
    };

    await expect(
      createNotifier({ store: push.store, management, now }).notify(notification('e-1'), context),
    ).rejects.toThrow('403');

    expect([typesOf(push, 'b='), push.notes.size]).toEqual([['notification'], 1]);
  });

  test('what no WebSocket message can hold is dead-lettered and takes no cursor', async () => {
    const push = memoryPush();
    const large = { ...notification('e-1'), data: 'x'.repeat(128 * 1024) };

    await expect(notifierOf(push).notify(large, context)).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'NOTIFICATION_TOO_LARGE',
    });
    expect(await notifierOf(push).notify(notification('e-2'), context)).toMatchObject({ cursor: 1 });
  });

  test('forgets a user who was erased: notes, connections, and whatever comes later', async () => {
    const push = memoryPush();
    push.rows.set('a=', connection('a='));
    await notifierOf(push).notify(notification('e-1'), context);

    await notifierOf(push).forget(USER);
    await notifierOf(push).forget(USER);
    const later = await notifierOf(push).notify(notification('e-1'), context);

    expect([push.rows.size, push.notes.size, later]).toEqual([0, 0, undefined]);
    expect([typesOf(push), push.closed]).toEqual([['notification', 'expired'], ['a=']]);
  });
});

describe('resume', () => {
  async function withNotes(count: number): Promise<MemoryPush> {
    const push = memoryPush();
    for (let index = 1; index <= count; index += 1) {
      await notifierOf(push).notify(notification(`e-${index}`), context);
    }
    return push;
  }
  const cursorsOf = (push: MemoryPush) =>
    (push.arrived.get('a=') ?? []).map((message) =>
      message.type === 'gap'
        ? `${message.from}-${message.to}`
        : 'cursor' in message
          ? message.cursor
          : message.type,
    );

  test('in pages: notifications in order, then more, then caught-up', async () => {
    const push = await withNotes(5);
    const { handler } = messagesOf(push, 2);

    await handler(eventOf('a=', { action: 'resume', cursor: 0 }));
    await handler(eventOf('a=', { action: 'resume', cursor: 2 }));
    await handler(eventOf('a=', { action: 'resume', cursor: 4 }));

    expect(cursorsOf(push)).toEqual([1, 2, 2, 3, 4, 4, 5, 5]);
    expect(typesOf(push).filter((type) => type !== 'notification')).toEqual(['more', 'more', 'caught-up']);
  });

  test.each([
    ['latest', [5]],
    [5, [5]],
    [9, [5]],
  ])('from %s there is nothing but where it stands', async (cursor, expected) => {
    const push = await withNotes(5);

    await messagesOf(push).handler(eventOf('a=', { action: 'resume', cursor }));

    expect([typesOf(push), cursorsOf(push)]).toEqual([['caught-up'], expected]);
  });

  test.each([
    [
      [1, 2],
      ['1-2', 3, 4, 5, 5],
    ],
    [
      [2, 4],
      [1, '2-2', 3, '4-4', 5, 5],
    ],
    [[5], [1, 2, 3, 4, '5-5', 5]],
    [
      [1, 2, 3, 4, 5],
      ['1-5', 5],
    ],
  ])('what is kept no longer (%j) is a gap', async (expired, expected) => {
    const push = await withNotes(5);
    for (const cursor of expired) push.notes.delete(cursor);

    await messagesOf(push).handler(eventOf('a=', { action: 'resume', cursor: 0 }));

    expect(cursorsOf(push)).toEqual(expected);
  });

  test('makes a connection that a push found gone too early one that is pushed to', async () => {
    const push = memoryPush();

    await messagesOf(push).handler(eventOf('a=', { action: 'resume', cursor: 'latest' }));
    await notifierOf(push).notify(notification('e-1'), context);

    expect(typesOf(push)).toEqual(['caught-up', 'notification']);
  });

  test('stops where the connection does, so that nothing arrives out of order', async () => {
    const push = await withNotes(5);
    push.answer = (_id, message) => ('cursor' in message && message.cursor === 3 ? 'unreached' : undefined);

    await messagesOf(push).handler(eventOf('a=', { action: 'resume', cursor: 0 }));

    expect(cursorsOf(push)).toEqual([1, 2]);
  });

  test('a table that can not be read is said, and the function does not fail', async () => {
    const push = await withNotes(1);
    const store = { ...push.store, notesAfter: () => Promise.reject(new Error('table')) };
    const { handler, reports } = messagesOf({ ...push, store });

    expect(await handler(eventOf('a=', { action: 'resume', cursor: 0 }))).toEqual({ statusCode: 200 });

    expect(push.arrived.get('a=')).toMatchObject([
      { type: 'error', problem: { code: 'WAYBILL_PUSH_UNAVAILABLE', status: 503 } },
    ]);
    expect(reports).toHaveLength(1);
  });
});

describe('other messages', () => {
  test('a ping is answered with the newest cursor, so that a lost push is noticed', async () => {
    const push = memoryPush();
    await notifierOf(push).notify(notification('e-1'), context);

    await messagesOf(push).handler(eventOf('a=', { action: 'ping' }));

    expect(push.arrived.get('a=')).toEqual([{ type: 'pong', cursor: 1 }]);
  });

  test.each(['', '{', 'null', '{"action":"shout"}', '{"action":"resume","cursor":-1}', '\0'])(
    'a malformed one (%j) is told so, and nothing else happens',
    async (body) => {
      const push = memoryPush();
      const { handler, reports } = messagesOf(push);

      expect(await handler(eventOf('a=', body))).toEqual({ statusCode: 200 });

      expect(push.arrived.get('a=')).toMatchObject([
        { type: 'error', problem: { code: 'WAYBILL_PUSH_MESSAGE_INVALID', status: 400 } },
      ]);
      expect([push.rows.size, reports]).toEqual([0, []]);
    },
  );

  test('after the session is over nothing is answered but that', async () => {
    const push = memoryPush();
    push.rows.set('a=', connection('a='));

    await messagesOf(push).handler(eventOf('a=', { action: 'resume', cursor: 0 }, NOW / 1000));

    expect([typesOf(push), push.closed, push.rows.size]).toEqual([['expired'], ['a='], 0]);
  });

  test('without an authorizer nobody is answered', async () => {
    const push = memoryPush();
    const event = { body: '{"action":"ping"}', requestContext: { connectionId: 'a=', connectedAt: 1 } };

    expect(await messagesOf(push).handler(event)).toEqual({ statusCode: 401 });
    expect(push.arrived.size).toBe(0);
  });
});

describe('connections', () => {
  const at = (id: string, connectedAt: number) => {
    const event = eventOf(id);
    return { requestContext: { ...event.requestContext, connectedAt } };
  };

  test('are kept with the end of their session, and forgotten', async () => {
    const push = memoryPush();
    const { connect, disconnect } = connectionsOf(push);

    await connect(at('a=', 5));
    expect([...push.rows.values()]).toMatchObject([
      { connectionId: 'a=', connectedAt: 5, sessionExpiresAt: LATER },
    ]);
    await disconnect(eventOf('a='));
    expect(push.rows.size).toBe(0);
  });

  test('the oldest gives way to one too many, and is told why', async () => {
    const push = memoryPush();
    const { connect } = connectionsOf(push, 2);

    for (const [id, time] of [
      ['b=', 2],
      ['a=', 1],
      ['c=', 3],
    ] as const)
      await connect(at(id, time));

    expect([...push.rows.keys()].sort()).toEqual(['b=', 'c=']);
    expect(push.closed).toEqual(['a=']);
    expect(push.arrived.get('a=')).toMatchObject([
      { type: 'error', problem: { code: 'WAYBILL_PUSH_TOO_MANY_CONNECTIONS' } },
    ]);
  });

  test('many at once end at the cap', async () => {
    const push = memoryPush(async (_name, run) => {
      await new Promise((resolve) => setImmediate(resolve));
      return run();
    });
    const { connect } = connectionsOf(push, 3);

    await Promise.all(Array.from({ length: 9 }, (_, index) => connect(at(`${index}=`, index))));
    await connect(at('last=', 100));

    expect(push.rows.size).toBeLessThanOrEqual(3);
    expect(push.rows.has('last=')).toBe(true);
  });

  test('of two at once, of which one may stay, the newer one does: they do not end each other', async () => {
    const push = memoryPush(async (_name, run) => {
      await new Promise((resolve) => setImmediate(resolve));
      return run();
    });
    const { connect } = connectionsOf(push, 1);

    const answers = await Promise.all([connect(at('old=', 1)), connect(at('new=', 2))]);

    expect([...push.rows.keys()]).toEqual(['new=']);
    expect(answers).toEqual([{ statusCode: 429 }, { statusCode: 200 }]);
  });

  test('a table that fails refuses a connection, and never a disconnection', async () => {
    const push = memoryPush();
    const broken = () => Promise.reject(new Error('table'));
    const store = { ...push.store, putConnection: broken, deleteConnection: broken };
    const { connect, disconnect, reports } = connectionsOf({ ...push, store });

    expect(await connect(at('a=', 1))).toEqual({ statusCode: 503 });
    expect(await disconnect(eventOf('a='))).toEqual({ statusCode: 200 });
    expect(reports).toHaveLength(2);
  });

  test('without an authorizer there is none', async () => {
    const { connect } = connectionsOf(memoryPush());

    expect(await connect({ requestContext: { connectionId: 'a=', connectedAt: 1 } })).toEqual({
      statusCode: 401,
    });
  });
});

test('the user of a row is the one that the authorizer named', async () => {
  const push = memoryPush();
  const users: unknown[] = [];
  const store = { ...push.store, putConnection: async (user: unknown) => void users.push(user) };

  await connectionsOf({ ...push, store }).connect(eventOf('a='));

  expect(users).toMatchObject([USER]);
});
