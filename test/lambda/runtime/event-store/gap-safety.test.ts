import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { PoolClient } from 'pg';

import { WRITER_LOCK_SPACE } from '../../../../lambda/runtime/event-store/schema.ts';
import { readPage } from '../../../../lambda/runtime/event-store/read.ts';
import type { StoredEvent } from '../../../../lambda/runtime/event-store/index.ts';
import { inTransaction } from '../../../../lambda/runtime/postgres/index.ts';
import { readNextEvents } from '../../../../lambda/runtime/subscription/rows.ts';
import { counted, empty, useEventStore } from './support.ts';

const database = useEventStore();
afterEach(() => empty(database().pool));

const WRITERS = 4;
const STREAMS = 3;

/** What one of several connections does next, or the reader. */
type Step =
  | { readonly kind: 'append'; readonly writer: number; readonly stream: number; readonly events: number }
  /** Something else is written: the transaction has its id from here on. */
  | { readonly kind: 'business' | 'commit' | 'rollback' | 'savepoint' | 'undo'; readonly writer: number }
  | { readonly kind: 'read' };

const writer = fc.nat({ max: WRITERS - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      writer,
      stream: fc.nat({ max: STREAMS - 1 }),
      events: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('commit' as const, 'commit' as const, 'rollback' as const),
      writer,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('business' as const, 'savepoint' as const, 'undo' as const),
      writer,
    }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: 'read' as const }) },
);

let runs = 0;

type Reader = (after: number) => Promise<{ events: readonly StoredEvent[]; next: number }>;

const ours: Reader = (after) => readPage(database().pool, { after, limit: 3 });

/** What a subscription reads by: horizon and page in one statement. */
const asSubscribed: Reader = async (after) => {
  const range = { after, upTo: Infinity, types: ['Counted'], lanes: undefined, limit: 3 };
  const { horizon, items } = await readNextEvents(database().pool, range);
  const positions = items.map(({ position }) => position);
  const { rows } = await database().pool.query<StoredEvent>(
    `select position::float8 as position, stream, version::float8 as version, event_data as envelope
     from event_store where position = any($1) order by position`,
    [positions],
  );
  return { events: rows, next: items.length < 3 ? Math.max(after, horizon) : positions.at(-1)! };
};

/** Follows the highest position that it sees: what a reader does that knows nothing of open transactions. */
const bySequenceAlone: Reader = async (after) => {
  const { rows } = await database().pool.query<StoredEvent>(
    `select position::float8 as position, stream, version::float8 as version, event_data as envelope
     from event_store where position > $1 order by position limit 3`,
    [after],
  );
  return { events: rows, next: rows.at(-1)?.position ?? after };
};

/** Runs the steps, each connection in its own order, and answers what is wrong with what was read. */
async function violations(steps: readonly Step[], read: Reader): Promise<string[]> {
  const { pool, store } = database();
  // Streams of its own instead of empty tables, which would take longer than the run.
  const prefix = `run-${(runs += 1)}`;
  const start = await store.horizon();
  const clients = await Promise.all(Array.from({ length: WRITERS }, () => pool.connect()));
  const open = clients.map(() => false);
  /** Of a transaction, so that two writers of several streams can't wait for each other. */
  const streamOf: (number | undefined)[] = clients.map(() => undefined);
  const savepoint = clients.map(() => false);
  const chains = clients.map(() => Promise.resolve());
  const seen: StoredEvent[] = [];
  let cursor = start;

  const run = (at: number, work: (client: PoolClient) => Promise<unknown>): Promise<unknown> => {
    chains[at] = chains[at]!.then(async () => void (await work(clients[at]!)));
    // A writer may wait for the lock of another, which goes on in a later step.
    return Promise.race([chains[at], new Promise((resolve) => setTimeout(resolve, 4))]);
  };
  const end = (at: number, how: 'commit' | 'rollback'): Promise<unknown> => {
    if (!open[at]) return Promise.resolve();
    [open[at], streamOf[at], savepoint[at]] = [false, undefined, false];
    return run(at, (client) => client.query(how));
  };
  const within = async (at: number, work: (client: PoolClient) => Promise<unknown>): Promise<void> => {
    if (!open[at]) {
      open[at] = true;
      await run(at, (client) => client.query('begin'));
    }
    await run(at, work);
  };

  try {
    for (const one of steps) {
      if (one.kind === 'read') {
        const page = await read(cursor);
        seen.push(...page.events);
        cursor = page.next;
      } else if (one.kind === 'append') {
        const stream = (streamOf[one.writer] ??= one.stream);
        const events = Array.from({ length: one.events }, () => counted(1));
        await within(one.writer, (client) => store.appendWithin(client, `${prefix}-${stream}`, events));
      } else if (one.kind === 'business') {
        await within(one.writer, (client) => client.query(`insert into effect (note) values ('business')`));
      } else if (one.kind === 'savepoint') {
        savepoint[one.writer] = true;
        await within(one.writer, (client) => client.query('savepoint here'));
      } else if (one.kind === 'undo') {
        if (savepoint[one.writer])
          await within(one.writer, (client) => client.query('rollback to savepoint here'));
      } else {
        await end(one.writer, one.kind);
      }
    }
    await Promise.all(clients.map((_, at) => end(at, at % 2 === 0 ? 'commit' : 'rollback')));
    await Promise.all(chains);
  } finally {
    for (const client of clients) client.release();
  }
  for (;;) {
    const page = await read(cursor);
    seen.push(...page.events);
    if (page.events.length === 0) break;
    cursor = page.next;
  }
  const { rows } = await pool.query<{ position: string }>(
    'select position from event_store where position > $1',
    [start],
  );
  const missing = rows.filter(({ position }) => !seen.some((event) => event.position === Number(position)));
  const problems = missing.map(({ position }) => `position ${position} was passed over`);
  if (new Set(seen.map(({ position }) => position)).size < seen.length)
    problems.push('an event was read twice');
  for (let stream = 0; stream < STREAMS; stream++) {
    const versions = seen
      .filter((event) => event.stream === `${prefix}-${stream}`)
      .map(({ version }) => version!);
    if (versions.some((version, index) => version !== index + 1))
      problems.push(`stream ${stream}: ${versions.join()}`);
  }
  return problems;
}

describe('gap-safe reads', () => {
  test.each([
    ['a page', ours],
    ['a subscription', asSubscribed],
  ] as const)(
    '%s: in random interleavings of slow, rolled-back and undone transactions nothing is passed over, and streams are in order',
    async (_, read) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
          expect(await violations(steps, read)).toEqual([]);
        }),
        { numRuns: 25, endOnFailure: true },
      );
    },
  );

  test('the same interleavings catch a reader that goes by the sequence alone', async () => {
    const result = await fc.check(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        expect(await violations(steps, bySequenceAlone)).toEqual([]);
      }),
      { numRuns: 100, endOnFailure: true },
    );
    expect(result.failed).toBe(true);
  });

  test('an open writer holds back what came after it, and is named; its rollback lets go', async () => {
    const { store, pool } = database();
    const writer = await pool.connect();
    await writer.query('begin');
    await store.appendWithin(writer, 'slow', [counted(1)]);
    await store.append('quick', [counted(2)]);

    expect((await store.read()).events).toEqual([]);
    expect(await store.openWriters()).toMatchObject([
      { processId: expect.any(Number), openForSeconds: expect.any(Number) },
    ]);
    await writer.query('rollback');
    writer.release();

    expect((await store.read()).events).toMatchObject([{ stream: 'quick' }]);
    expect(await store.openWriters()).toEqual([]);
  });

  test('a long transaction that appends nothing holds nothing back', async () => {
    const { store, pool } = database();
    const other = await pool.connect();
    await other.query('begin');
    await other.query(`insert into effect (note) values ('long')`);

    await store.append('s', [counted(1)]);

    expect((await store.read()).events).toHaveLength(1);
    await other.query('rollback');
    other.release();
  });

  test('a stream is in order, also when the transaction that began first appends last', async () => {
    const { store, pool } = database();
    const early = await pool.connect();
    await early.query('begin');
    // It has a lower transaction id from here on: an order by transaction ids would put its event first.
    await early.query(`insert into effect (note) values ('early')`);
    await store.append('s', [counted(1)]);
    await store.appendWithin(early, 's', [counted(2)]);
    await early.query('commit');
    early.release();

    const { events } = await store.read();
    expect(events.map(({ version }) => version)).toEqual([1, 2]);
  });

  test('a writer that begins while the reader looks bounds nothing below it', async () => {
    const { store, pool } = database();
    await store.append('s', [counted(1), counted(2)]);
    const horizon = await store.horizon();
    const writer = await pool.connect();
    await writer.query('begin');
    // As if it had locked after the reader took the last number.
    await writer.query(
      `select pg_advisory_xact_lock_shared((${WRITER_LOCK_SPACE})::int, ($1::bigint + 5)::int)`,
      [horizon],
    );

    expect(await store.horizon()).toBe(horizon);
    await writer.query('rollback');
    writer.release();
  });

  test('one lock for a transaction, however often it appends', async () => {
    const { store, pool } = database();
    await inTransaction(pool, async (tx) => {
      for (let index = 0; index < 20; index++) await store.appendWithin(tx, 's', [counted(index)]);
      const { rows } = await tx.query<{ locks: number }>(
        `select count(*)::int as locks from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()`,
      );
      expect(rows).toEqual([{ locks: 1 }]);
    });
    expect((await store.read()).events).toHaveLength(20);
  });

  test('a reader that follows writers live gets each event once', async () => {
    const { store } = database();
    const ids: string[] = [];
    let writing = true;
    const reading = (async () => {
      let after = 0;
      for (;;) {
        const stop = !writing;
        const page = await store.read({ after, limit: 50 });
        ids.push(...page.events.map(({ envelope }) => envelope.eventId));
        after = page.next;
        if (stop && page.atEnd) return;
      }
    })();
    const written = await Promise.all(
      Array.from({ length: 6 }, async (_, at) => {
        const mine: string[] = [];
        for (let index = 0; index < 25; index++) {
          const event = counted(index);
          mine.push(event.eventId);
          await store.append(`s${at % 3}`, [event]);
        }
        return mine;
      }),
    );
    writing = false;
    await reading;
    expect([...ids].sort()).toEqual(written.flat().sort());
  });
});
