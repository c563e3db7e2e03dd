/** The life of a connection: opening, catching up, heartbeat, backoff, expiry, displacement, closing. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { createNotificationClient } from '../../../browser/index.ts';
import type { CursorStore, NotificationClientOptions, NotificationState } from '../../../browser/index.ts';
import {
  CATCH_UP_MS,
  CONNECT_MS,
  FIRST_HEARTBEAT_MS,
  HEARTBEAT_MS,
  HEARTBEAT_PONG_MS,
  LIFETIME_MS,
  OFFLINE_PONG_MS,
  PONG_MS,
  RECONNECT,
  STABLE_MS,
} from '../../../browser/notifications/client.ts';
import { fakeBrowser, settle } from './fake-browser.ts';
import type { FakeBrowser, FakeSocket } from './fake-browser.ts';

interface Events {
  readonly GenerationComplete: { readonly generationId: string };
  readonly GenerationFailed: { readonly reason: string };
}

let browser: FakeBrowser;
let states: NotificationState[];
let kept: number | undefined;

beforeEach(() => {
  browser = fakeBrowser();
  states = [];
  kept = undefined;
});

const cursors: CursorStore = {
  load: () => kept,
  save: (cursor) => {
    kept = cursor;
  },
};
const note = (cursor: number, eventType = 'GenerationComplete') =>
  ({
    type: 'notification',
    id: `e${cursor}`,
    cursor,
    eventType,
    data: { generationId: `g${cursor}` },
  }) as const;
const unauthorised = (): Error => Object.assign(new Error('the token has expired'), { status: 401 });
const problem = (code: string) =>
  ({
    type: 'error',
    problem: { type: `urn:waybill:problem:${code}`, title: code, status: 503, code, detail: code },
  }) as const;
/** What API Gateway says when the function of a message failed, or was throttled. */
const UNANSWERED = '{"message":"Internal server error","connectionId":"a=","requestId":"r="}';
const last = (): FakeSocket => browser.sockets.at(-1)!;

function create(options: Partial<NotificationClientOptions> = {}) {
  let tickets = 0;
  const client = createNotificationClient<Events>({
    user: 'u-1',
    ticket: async () => ({ ticket: `t${(tickets += 1)}`, url: 'wss://push.test/local' }),
    cursors,
    environment: browser.environment,
    ...options,
  });
  client.onState((state) => states.push(state));
  return client;
}

async function live(options: Partial<NotificationClientOptions> = {}, cursor = 4) {
  const client = create(options);
  client.connect();
  await settle();
  last().accept();
  last().tell({ type: 'caught-up', cursor });
  return client;
}

async function back(): Promise<void> {
  await browser.advance(RECONNECT.capMs);
  last().accept();
  last().tell({ type: 'caught-up', cursor: kept ?? 0 });
}

describe('opening', () => {
  test('takes a ticket, connects with it, asks from the kept cursor, and is live when caught up', async () => {
    kept = 4;
    const client = create();
    client.connect();
    await settle();
    expect(last().url.href).toBe('wss://push.test/local?ticket=t1');
    last().accept();
    expect(last().sent).toEqual([{ action: 'resume', cursor: 4 }]);
    last().tell(note(5));
    last().tell({ type: 'caught-up', cursor: 5 });
    expect(states).toEqual(['connecting', 'catching-up', 'live']);
    expect([client.cursor, kept]).toEqual([5, 5]);
  });

  test.each([
    ['latest', 'latest'],
    ['oldest', 0],
  ] as const)('a first visit begins with the %s', async (begin, cursor) => {
    create({ begin }).connect();
    await settle();
    last().accept();
    expect(last().sent).toEqual([{ action: 'resume', cursor }]);
  });

  test('each connection has a ticket of its own', async () => {
    await live();
    last().cut();
    await back();
    expect(browser.sockets.map(({ url }) => url.searchParams.get('ticket'))).toEqual(['t1', 't2']);
  });

  test.each([
    ['the ticket never comes', { ticket: () => new Promise<never>(() => {}) }],
    ['the connection never opens', {}],
  ])('when %s it tries again', async (_name, options) => {
    create(options).connect();
    await browser.advance(CONNECT_MS);
    expect(states).toEqual(['connecting', 'offline']);
    await browser.advance(RECONNECT.baseMs);
    expect(states).toEqual(['connecting', 'offline', 'connecting']);
  });

  test('a cursor store that throws is one that kept nothing', async () => {
    const broken = {
      load: () => {
        throw new Error('no storage');
      },
      save: () => {
        throw new Error('no storage');
      },
    };
    const client = await live({ cursors: broken });
    last().tell(note(5));
    expect([client.state, client.cursor]).toEqual(['live', 5]);
    expect(browser.reported).toHaveLength(3);
  });
});

describe('what the application sees', () => {
  test('listeners by type, marked when it was missed', async () => {
    kept = 4;
    const client = create();
    const seen: unknown[] = [];
    client.on('GenerationComplete', ({ generationId }, { missed, cursor }) =>
      seen.push([generationId, missed, cursor]),
    );
    client.on('GenerationFailed', (data) => seen.push(data));
    client.connect();
    await settle();
    last().accept();
    last().tell(note(5));
    last().tell({ type: 'caught-up', cursor: 5 });
    last().tell(note(6));
    last().tell(note(7, 'SomethingElse'));
    expect(seen).toEqual([
      ['g5', true, 5],
      ['g6', false, 6],
    ]);
  });

  test('a duplicate by cursor or by id is not seen', async () => {
    const client = await live();
    const seen: number[] = [];
    client.onAny(({ cursor }) => seen.push(cursor));
    last().tell(note(5));
    last().tell(note(5));
    last().tell({ ...note(6), id: 'e5' });
    last().tell(note(7));
    expect(seen).toEqual([5, 7]);
    expect(client.cursor).toBe(7);
  });

  test('what a listener throws is reported, stops nobody else, and is not sent again', async () => {
    const client = await live();
    const seen: number[] = [];
    client.on('GenerationComplete', () => {
      throw new Error('from the application');
    });
    client.onAny(({ cursor }) => seen.push(cursor));
    last().tell(note(5));
    last().tell(note(6));
    expect(seen).toEqual([5, 6]);
    expect(browser.reported).toHaveLength(2);
  });

  test('an ended subscription sees nothing', async () => {
    const client = await live();
    const seen: number[] = [];
    const end = client.onAny(({ cursor }) => seen.push(cursor));
    last().tell(note(5));
    end();
    last().tell(note(6));
    expect(seen).toEqual([5]);
  });

  test('a gap is told', async () => {
    const client = await live();
    const gaps: unknown[] = [];
    client.onGap((gap) => gaps.push(gap));
    last().tell({ type: 'gap', from: 5, to: 9 });
    last().tell(note(10));
    expect(gaps).toEqual([{ from: 5, to: 9 }]);
    expect(client.cursor).toBe(10);
  });

  test.each(['', 'null', '[]', '{', '{"type":"tomorrow"}', '{"type":"notification"}'])(
    'what is no message is passed over: %s',
    async (text) => {
      const client = await live();
      last().tell(text);
      expect(client.state).toBe('live');
      expect(browser.reported).toEqual([]);
    },
  );
});

describe('staying connected', () => {
  const pings = () => last().sent.filter(({ action }) => action === 'ping').length;

  test('pings soon after something came, then less often, and below the idle limit', async () => {
    browser.random = () => 0.999_999_9;
    const client = await live();
    const waits = [1, 2, 4, 8, 8, 8].map((times) => times * FIRST_HEARTBEAT_MS);
    for (const [beats, wait] of waits.entries()) {
      await browser.advance(wait - 1);
      expect(pings()).toBe(beats);
      await browser.advance(1);
      expect(pings()).toBe(beats + 1);
      last().tell({ type: 'pong', cursor: 4 });
    }
    browser.random = () => 0;
    last().tell(note(5));
    await browser.advance(FIRST_HEARTBEAT_MS / 2);
    expect(pings()).toBe(waits.length + 1);
    last().tell({ type: 'pong', cursor: 5 });
    expect(HEARTBEAT_MS).toBeLessThan(10 * 60_000);
    expect([client.state, browser.sockets.length]).toEqual(['live', 1]);
  });

  test('a resume that API Gateway could not pass on is sent again, with backoff', async () => {
    kept = 4;
    const client = create();
    client.connect();
    await settle();
    last().accept();
    last().tell(UNANSWERED);
    expect([client.state, last().sent]).toEqual(['catching-up', [{ action: 'resume', cursor: 4 }]]);
    await browser.advance(RECONNECT.baseMs);
    last().tell(UNANSWERED);
    await browser.advance(2 * RECONNECT.baseMs);
    expect(last().sent).toEqual(Array.from({ length: 3 }, () => ({ action: 'resume', cursor: 4 })));
    last().tell({ type: 'caught-up', cursor: 4 });
    expect([client.state, browser.sockets.length]).toEqual(['live', 1]);
  });

  test('a resume that is answered after all is not sent again', async () => {
    const client = await live();
    last().tell(note(6));
    last().tell(UNANSWERED);
    last().tell(note(5));
    last().tell(note(6));
    last().tell({ type: 'caught-up', cursor: 6 });
    await browser.advance(CATCH_UP_MS - 1);
    expect(last().sent.filter(({ action }) => action === 'resume')).toHaveLength(2);
    expect(client.state).toBe('live');
  });

  test('a ping that API Gateway could not pass on: the connection is there, and is asked again', async () => {
    const client = await live();
    browser.page.visible();
    last().tell(UNANSWERED);
    await browser.advance(2 * FIRST_HEARTBEAT_MS);
    expect([client.state, pings()]).toEqual(['live', 2]);
  });

  test('a ping without an answer is a lost connection; not the first two, for a busy server would get a new one on top', async () => {
    const client = await live();
    // Half of the spread: after 22.5 and 67.5 s, and the third, which is waited for, after 157.5 s.
    await browser.advance(157_500 + HEARTBEAT_PONG_MS - 1);
    expect([client.state, pings(), browser.sockets.length]).toEqual(['live', 3, 1]);
    await browser.advance(1);
    expect(client.state).toBe('offline');
    await back();
    expect(client.state).toBe('live');
  });

  test('a pong that knows more is followed by a resume', async () => {
    await live();
    await browser.advance(FIRST_HEARTBEAT_MS);
    last().tell({ type: 'pong', cursor: 6 });
    expect(last().sent.at(-1)).toEqual({ action: 'resume', cursor: 4 });
  });

  test('an owed answer that does not come is a lost connection; one that comes slowly is not', async () => {
    const client = await live();
    last().tell(note(7));
    for (let cursor = 5; cursor <= 6; cursor += 1) {
      await browser.advance(CATCH_UP_MS - 1);
      last().tell(note(cursor));
    }
    expect(client.state).toBe('catching-up');
    await browser.advance(CATCH_UP_MS);
    expect(client.state).toBe('offline');
  });

  test('comes before the limit of two hours, and asks from where it was', async () => {
    await live();
    last().tell(note(5));
    while (browser.sockets.length === 1 && browser.now() < LIFETIME_MS) {
      await browser.advance(5000);
      last().tell({ type: 'pong' });
    }
    expect(browser.now()).toBeLessThan(2 * 3_600_000);
    expect(states).not.toContain('offline');
    last().accept();
    expect(last().sent).toEqual([{ action: 'resume', cursor: 5 }]);
  });

  test('the page comes to the front: it is asked whether the other end is still there', async () => {
    const client = await live();
    browser.page.visible();
    expect(last().sent.at(-1)).toEqual({ action: 'ping' });
    await browser.advance(PONG_MS);
    expect(client.state).toBe('offline');
  });

  test('the network is said to be gone: only a missing answer proves it', async () => {
    const client = await live();
    browser.page.offline();
    last().tell({ type: 'pong' });
    await browser.advance(OFFLINE_PONG_MS);
    expect(client.state).toBe('live');
    browser.page.offline();
    await browser.advance(OFFLINE_PONG_MS);
    expect(client.state).toBe('offline');
  });
});

describe('coming back', () => {
  test('waits longer each time up to the cap, anywhere below it', async () => {
    const client = create({ ticket: () => Promise.reject(new Error('unreachable')) });
    browser.random = () => 0.999;
    const waits: number[] = [];
    let from = 0;
    client.onState((state) => {
      if (state === 'offline') from = browser.now();
      if (state === 'connecting') waits.push(browser.now() - from);
    });
    client.connect();
    await browser.advance(200_000);
    expect(waits.slice(1, 9)).toEqual([499, 999, 1998, 3996, 7992, 15_984, 29_970, 29_970]);
    client.close();
  });

  test('a connection that lived for a while makes the next wait short; one that did not, does not', async () => {
    const client = await live();
    browser.random = () => 0.999;
    const waitAfterCut = async (): Promise<number> => {
      last().cut();
      const from = browser.now();
      const sockets = browser.sockets.length;
      while (browser.sockets.length === sockets) await browser.advance(1);
      last().accept();
      last().tell({ type: 'caught-up', cursor: 4 });
      return browser.now() - from;
    };
    expect(await waitAfterCut()).toBeLessThan(500);
    expect(await waitAfterCut()).toBeGreaterThan(500);
    expect(await waitAfterCut()).toBeGreaterThan(1000);
    await browser.advance(STABLE_MS);
    expect(await waitAfterCut()).toBeLessThan(500);
    client.close();
  });

  test.each(['online', 'visible'] as const)('does not wait any longer when the page is %s', async (event) => {
    await live();
    last().cut();
    browser.page[event]();
    await settle();
    expect(browser.sockets).toHaveLength(2);
  });

  test('a server that can not answer now is asked again', async () => {
    const client = create();
    client.connect();
    await settle();
    last().accept();
    last().tell(problem('WAYBILL_PUSH_UNAVAILABLE'));
    await browser.advance(RECONNECT.baseMs);
    expect(last().sent).toEqual([
      { action: 'resume', cursor: 'latest' },
      { action: 'resume', cursor: 'latest' },
    ]);
  });

  test('who is displaced comes back when somebody looks, and not before', async () => {
    const client = await live();
    last().tell(problem('WAYBILL_PUSH_TOO_MANY_CONNECTIONS'));
    browser.page.online();
    await browser.advance(3_600_000);
    expect([client.state, browser.sockets.length]).toEqual(['displaced', 1]);
    browser.page.visible();
    await settle();
    expect(browser.sockets).toHaveLength(2);
  });
});

describe('the session', () => {
  test('ends: renewed, connected again, nothing missed', async () => {
    let renewals = 0;
    await live({ renewSession: async () => void (renewals += 1) });
    last().tell({ type: 'expired' });
    await settle();
    last().accept();
    expect(renewals).toBe(1);
    expect(states).toEqual(['connecting', 'catching-up', 'live', 'expired', 'connecting', 'catching-up']);
    expect(last().sent).toEqual([{ action: 'resume', cursor: 4 }]);
  });

  test('ends before a ticket is given, with nobody to renew it: expired until connect()', async () => {
    let signedIn = false;
    const client = create({
      ticket: () =>
        signedIn
          ? Promise.resolve({ ticket: 't', url: 'wss://push.test/local' })
          : Promise.reject(unauthorised()),
    });
    client.connect();
    await browser.advance(3_600_000);
    expect(states).toEqual(['connecting', 'expired']);
    signedIn = true;
    client.connect();
    await settle();
    expect(browser.sockets).toHaveLength(1);
  });

  test.each([
    ['a 403 of API Gateway, which an expired token gets', { status: 403, code: 'HTTP_403' }, 'expired'],
    ['a 403 of ours, for the role', { status: 403, code: 'WAYBILL_ROLE_NOT_ALLOWED' }, 'offline'],
  ])('is it, or is it not: %s', async (_name, fields, state) => {
    const client = create({ ticket: () => Promise.reject(Object.assign(new Error('no'), fields)) });
    client.connect();
    await settle();
    expect(client.state).toBe(state);
  });

  test('is refused right after it was renewed: it is not renewed for ever', async () => {
    let renewals = 0;
    const client = create({
      ticket: () => Promise.reject(unauthorised()),
      renewSession: async () => void (renewals += 1),
    });
    client.connect();
    await browser.advance(3_600_000);
    expect([renewals, client.state]).toEqual([1, 'expired']);
  });

  test('could not be renewed as the network is away: tried again; refused: not', async () => {
    const answers = [new Error('no network'), unauthorised()];
    const client = await live({
      renewSession: () => Promise.reject(answers.shift()!),
      ticket: ticketThenRefused(),
    });
    last().tell({ type: 'expired' });
    await browser.advance(3_600_000);
    expect(answers).toEqual([]);
    expect(states.slice(3)).toEqual(['expired', 'offline', 'connecting', 'expired']);
    expect(client.state).toBe('expired');
  });
});

function ticketThenRefused(): NotificationClientOptions['ticket'] {
  let first = true;
  return () => {
    if (!first) return Promise.reject(unauthorised());
    first = false;
    return Promise.resolve({ ticket: 't', url: 'wss://push.test/local' });
  };
}

describe('closing', () => {
  test('ends connection, timers and listening, in any state, and again', async () => {
    const client = await live();
    last().tell(note(7));
    browser.page.visible();
    client.close();
    client.close();
    expect([client.state, last().state, browser.timers(), browser.listening]).toEqual([
      'closed',
      'closed',
      0,
      false,
    ]);
    last().cut();
    last().tell(note(5));
    expect(client.cursor).toBe(4);
  });

  test('while the ticket is on its way: no connection is made', async () => {
    let give: (ticket: { ticket: string; url: string }) => void = () => {};
    const client = create({ ticket: () => new Promise((resolve) => (give = resolve)) });
    client.connect();
    await settle();
    client.close();
    give({ ticket: 't', url: 'wss://push.test/local' });
    await browser.advance(60_000);
    expect(browser.sockets).toHaveLength(0);
  });

  test('from within a listener: nothing is sent after it', async () => {
    const client = await live();
    client.onState((state) => state === 'catching-up' && client.close());
    last().tell(note(7));
    expect(last().sent).toEqual([{ action: 'resume', cursor: 'latest' }]);
    expect([client.state, browser.timers()]).toEqual(['closed', 0]);
  });

  test('what was still on its way is not seen, nor what an earlier connection brings', async () => {
    const client = await live();
    const seen: number[] = [];
    client.onAny(({ cursor }) => seen.push(cursor));
    last().cut();
    await back();
    browser.sockets[0]!.tellLate(note(5));
    client.close();
    last().tellLate(note(5));
    expect([seen, client.cursor]).toEqual([[], 4]);
  });

  test('and connecting anew goes on from where it was', async () => {
    const client = await live();
    client.close();
    client.connect();
    await settle();
    last().accept();
    expect(last().sent).toEqual([{ action: 'resume', cursor: 4 }]);
  });
});
