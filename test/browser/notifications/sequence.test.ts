/** The decision table of the sequence, and its promise under any losses: each cursor once, in order, nothing missing. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { begin, receive, sequenceFrom } from '../../../browser/notifications/sequence.ts';
import type { Sequence, Step } from '../../../browser/notifications/sequence.ts';
import type { ServerMessage } from '../../../lambda/push/protocol.ts';
import { createNotificationClient } from '../../../browser/index.ts';
import type { Notification } from '../../../browser/index.ts';
import { fakeBrowser } from './fake-browser.ts';
import type { FakeSocket } from './fake-browser.ts';

const note = (cursor: number) =>
  ({ type: 'notification', id: `e${cursor}`, cursor, eventType: 'Counted', data: { cursor } }) as const;
const at = (position: number | undefined, rest: Partial<Sequence> = {}): Sequence => ({
  ...sequenceFrom(position),
  ...rest,
});

describe('one message', () => {
  const cases: readonly [
    name: string,
    before: Sequence,
    message: ServerMessage,
    expected: Partial<Omit<Step, 'sequence'>>,
    position: number | undefined,
  ][] = [
    ['the next notification is delivered', at(4), note(5), { deliver: note(5) }, 5],
    ['a duplicate is nothing', at(4), note(4), {}, 4],
    ['a later one asks for what is between', at(4), note(6), { resume: 4 }, 4],
    ['a later one does not ask twice', at(4, { asked: 4 }), note(6), {}, 4],
    [
      'before the position is known, nothing is delivered',
      at(undefined, { asked: 'latest' }),
      note(9),
      {},
      undefined,
    ],
    [
      'a gap is told, and gone on behind',
      at(4),
      { type: 'gap', from: 3, to: 8 },
      { gap: { from: 5, to: 8 } },
      8,
    ],
    ['a gap that comes too early asks', at(4), { type: 'gap', from: 7, to: 8 }, { resume: 4 }, 4],
    ['a gap that is passed is nothing', at(9), { type: 'gap', from: 3, to: 8 }, {}, 9],
    ['more asks from the position', at(4, { asked: 2 }), { type: 'more', cursor: 4 }, { resume: 4 }, 4],
    ['more that nobody asked for is nothing', at(4), { type: 'more', cursor: 4 }, {}, 4],
    ['a pong that knows more asks', at(4), { type: 'pong', cursor: 5 }, { resume: 4 }, 4],
    ['a pong that knows no more is nothing', at(4), { type: 'pong', cursor: 4 }, {}, 4],
    ['a pong without a cursor is nothing', at(4), { type: 'pong' }, {}, 4],
    ['caught up is live', at(4, { asked: 4 }), { type: 'caught-up', cursor: 4 }, { live: true }, 4],
    [
      'caught up further than was sent asks again',
      at(4, { asked: 4 }),
      { type: 'caught-up', cursor: 5 },
      { resume: 4 },
      4,
    ],
    [
      'caught up without what was pushed meanwhile asks again',
      at(4, { asked: 2, known: 6 }),
      { type: 'caught-up', cursor: 4 },
      { resume: 4 },
      4,
    ],
    [
      'the newest cursor is the first position',
      at(undefined, { asked: 'latest' }),
      { type: 'caught-up', cursor: 7 },
      { live: true },
      7,
    ],
    [
      'what was pushed before the first position was known is asked for',
      at(undefined, { asked: 'latest', known: 8 }),
      { type: 'caught-up', cursor: 7 },
      { resume: 7 },
      7,
    ],
    [
      'a server that counts anew is read from its start',
      at(40, { asked: 40, first: true }),
      { type: 'caught-up', cursor: 3 },
      { resume: 0, restarted: true },
      0,
    ],
    [
      'an earlier answer that comes late is nothing',
      at(40, { asked: 40 }),
      { type: 'caught-up', cursor: 3 },
      {},
      40,
    ],
    ['an answer that nobody waits for is nothing', at(6), { type: 'caught-up', cursor: 5 }, {}, 6],
  ];
  test.each(cases)('%s', (_name, before, message, expected, position) => {
    const { sequence, ...step } = receive(before, message);
    expect(step).toEqual(expected);
    expect(sequence.position).toBe(position);
  });

  test('a connection begins where the last one ended', () => {
    expect(begin(at(12), 'latest').resume).toBe(12);
    expect(begin(at(undefined), 'latest').resume).toBe('latest');
    expect(begin(at(undefined), 0)).toMatchObject({ resume: 0, sequence: { position: 0 } });
  });

  test('a server that promises more and never sends it is asked five times, then what it owes is a gap', () => {
    let step: Step = { sequence: at(4, { asked: 4 }) };
    const resumes: unknown[] = [];
    for (let answers = 0; answers < 5; answers += 1) {
      step = receive(step.sequence, { type: 'caught-up', cursor: 9 });
      resumes.push(step.resume);
    }
    expect(resumes).toEqual([4, 4, 4, 4, undefined]);
    expect(step).toMatchObject({ gap: { from: 5, to: 9 }, live: true });
    expect(receive(step.sequence, note(10)).deliver).toEqual(note(10));
  });
});

test('of what was promised, only what never came is given up', () => {
  let step: Step = { sequence: at(4, { asked: 4 }) };
  for (let answers = 0; answers < 5; answers += 1) {
    step = receive(step.sequence, note(6));
    step = receive(step.sequence, { type: 'caught-up', cursor: 6 });
  }
  expect(step).toMatchObject({ gap: { from: 5, to: 5 }, resume: 5 });
  expect(receive(step.sequence, note(6)).deliver).toEqual(note(6));
});

/** One happening in the life of a client. */
type Happening =
  | { readonly kind: 'publish' }
  | { readonly kind: 'wait'; readonly milliseconds: number }
  | { readonly kind: 'cut' | 'visible' | 'online' | 'offline' };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: 'publish' as const }) },
  {
    weight: 4,
    arbitrary: fc
      .integer({ min: 1, max: 40_000 })
      .map((milliseconds) => ({ kind: 'wait' as const, milliseconds })),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('cut', 'visible', 'online', 'offline').map((kind) => ({ kind })),
  },
);

test('losses, duplicates, disorder and reconnects: the application sees each cursor once, in order, and the last', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(happening, { minLength: 1, maxLength: 60 }),
      fc.infiniteStream(fc.integer({ min: 0, max: 99 })),
      fc.integer({ min: 1, max: 4 }),
      async (happenings, dice, pageSize) => {
        let faulty = true;
        let published = 0;
        const roll = (): number => dice.next().value as number;
        const browser = fakeBrowser((socket) => serve(socket));
        browser.random = () => roll() / 100;

        /** How often a cursor was lost or late: only what was so again and again may be given up, as answers come twice. */
        const troubled: Record<number, number> = {};
        const trouble = (cursor: number): void => void (troubled[cursor] = (troubled[cursor] ?? 0) + 1);
        /** Each message may be lost, come twice, or come late and so after others. */
        const transmit = (socket: FakeSocket, message: ServerMessage): void => {
          const fate = faulty ? roll() : 99;
          if (fate < 15 && message.type === 'notification') trouble(message.cursor);
          if (fate < 15) return;
          for (let copies = fate < 30 ? 2 : 1; copies > 0; copies -= 1) {
            const late = faulty && roll() < 30 ? roll() * 20 : 1;
            if (late > 1 && message.type === 'notification') trouble(message.cursor);
            browser.environment.setTimer(late, () => socket.tell(message));
          }
        };
        const serve = (socket: FakeSocket): void => {
          browser.environment.setTimer(20, () => (faulty && roll() < 20 ? socket.cut() : socket.accept()));
          socket.onSend = (message) => {
            if (faulty && roll() < 10) return;
            if (message.action === 'ping') return transmit(socket, { type: 'pong', cursor: published });
            const from = message.cursor === 'latest' ? published : message.cursor;
            const end = Math.min(published, from + pageSize);
            for (let cursor = from + 1; cursor <= end; cursor += 1) transmit(socket, note(cursor));
            transmit(socket, { type: end < published ? 'more' : 'caught-up', cursor: end });
          };
        };
        const seen: Notification[] = [];
        const kept: number[] = [];
        const client = createNotificationClient({
          user: 'u',
          begin: 'oldest',
          ticket: async () => {
            if (faulty && roll() < 10) throw new Error('no ticket');
            return { ticket: 't', url: 'wss://push.test/local' };
          },
          cursors: { load: () => undefined, save: (cursor) => void kept.push(cursor) },
          environment: browser.environment,
        });
        const gaps: unknown[] = [];
        client.onGap((gap) => gaps.push(gap));
        client.onAny((notification) => seen.push(notification));
        client.connect();
        for (const happens of happenings) {
          if (happens.kind === 'publish') {
            published += 1;
            for (const socket of browser.sockets) transmit(socket, note(published));
          } else if (happens.kind === 'wait') await browser.advance(happens.milliseconds);
          else if (happens.kind === 'cut') browser.sockets.at(-1)?.cut();
          else browser.page[happens.kind]();
          await browser.advance(5);
        }
        // The faults end. What was lost without a trace is found by the next heartbeat at the latest.
        faulty = false;
        await browser.advance(12 * 60_000);

        const skipped = (gaps as { from: number; to: number }[]).flatMap(({ from, to }) =>
          Array.from({ length: to - from + 1 }, (_, index) => from + index),
        );
        for (const cursor of skipped) expect(troubled[cursor] ?? 0).toBeGreaterThanOrEqual(2);
        const cursors = seen.map(({ cursor }) => cursor);
        expect(cursors).toEqual(cursors.toSorted((a, b) => a - b));
        expect([...cursors, ...skipped].toSorted((a, b) => a - b)).toEqual(
          Array.from({ length: published }, (_, index) => index + 1),
        );
        expect(client.state).toBe('live');
        expect(kept).toEqual([...kept].toSorted((a, b) => a - b));
        client.close();
        await browser.advance(1000);
        expect(browser.timers()).toBe(0);
      },
    ),
    { numRuns: 150 },
  );
});
