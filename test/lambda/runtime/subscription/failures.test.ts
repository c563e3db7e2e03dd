import { afterEach, describe, expect, test } from '@jest/globals';
import { Pool } from 'pg';

import { createEventStore } from '../../../../lambda/runtime/event-store/index.ts';
import { inTransaction } from '../../../../lambda/runtime/postgres/index.ts';
import { Counted, counted, empty, Noted, noted, silent, useEventStore } from '../event-store/support.ts';
import { deadLineProxy, transactionPooler } from './proxies.ts';
import { effects, eventually, numbersOf, recording } from './support.ts';
import { useSubscriptions } from './use-subscriptions.ts';

const database = useEventStore(30);
const start = useSubscriptions(database, { pollMilliseconds: 100 });
let after: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of after.reverse()) await end();
  after = [];
  await empty(database().pool);
});

function poolOf(url: string): Pool {
  const pool = new Pool({ connectionString: url });
  pool.on('error', () => undefined);
  after.push(() => pool.end());
  return pool;
}

const LISTENERS = `select pid from pg_stat_activity where query like 'listen %waybill_event_store%' and datname = current_database()`;

describe('what can break', () => {
  test('a LISTEN connection that is killed is replaced; meanwhile polling delivers', async () => {
    const { store, pool } = database();
    await start({ consumer: recording(pool), random: () => 0.5 });
    await eventually(async () => expect((await pool.query(LISTENERS)).rows).toHaveLength(1));
    const [{ pid }] = (await pool.query<{ pid: number }>(LISTENERS)).rows as [{ pid: number }];

    await pool.query('select pg_terminate_backend($1)', [pid]);
    await store.append('s', [noted('k', 1)]);

    await eventually(async () => expect(await effects(pool)).toHaveLength(1));
    await eventually(async () => {
      const { rows } = await pool.query<{ pid: number }>(LISTENERS);
      expect(rows).toHaveLength(1);
      expect(rows[0]!.pid).not.toBe(pid);
    });
  });

  test('a LISTEN connection that only seems open is noticed and replaced', async () => {
    const { store, pool, url } = database();
    const proxy = await deadLineProxy(url);
    after.push(() => proxy.close());
    // Polls would hide it.
    await start({
      consumer: recording(pool),
      // Of its own, so that it is told by NOTIFY alone.
      store: { pool },
      pollMilliseconds: 1_000_000,
      listen: poolOf(proxy.url),
      listenCheckMilliseconds: 200,
    });
    // It is checked so often that the check may be its last statement.
    await eventually(async () =>
      expect(
        (
          await pool.query(
            `select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
             and (query = 'select 1' or query like 'listen %waybill_event_store%')`,
          )
        ).rows,
      ).not.toEqual([]),
    );
    await store.append('s', [noted('k', 1)]);
    await eventually(async () => expect(await effects(pool)).toHaveLength(1));

    const before = proxy.connections();
    proxy.goDead();

    // On a busy machine one whose answer was late is replaced, too.
    await eventually(() => expect(proxy.connections()).toBeGreaterThan(before));
    await store.append('s', [noted('k', 2)]);
    await eventually(async () => expect(await effects(pool)).toHaveLength(2));
  });

  test('behind a pooler in transaction mode everything but LISTEN works: appends, gap safety, leases, order', async () => {
    const { pool, url } = database();
    const pooler = await transactionPooler(url);
    after.push(() => pooler.close());
    const pooled = poolOf(pooler.url);
    // Session state is really gone: what is set in one statement is unknown to the next.
    await pooled.query(`set application_name = 'kept'`);
    const { rows } = await pooled.query<{ application_name: string }>('show application_name');
    expect(rows[0]!.application_name).not.toBe('kept');

    const store = createEventStore({ pool: pooled, contracts: [Noted, Counted], logger: silent });
    // LISTEN has a way of its own to the database.
    await start({ consumer: recording(pool), store, listen: pool, pollMilliseconds: 500 });
    for (let number = 0; number < 40; number++) {
      await inTransaction(pooled, async (tx) => {
        await store.appendWithin(tx, `s${number % 4}`, [noted(`k${number % 4}`, number)]);
        // A gap: what was appended between is undone.
        await tx.query('savepoint here');
        await store.appendWithin(tx, `s${number % 4}`, [counted(number)]);
        await tx.query('rollback to savepoint here');
      });
      await store.nudge();
    }

    await eventually(async () => expect(await effects(pool)).toHaveLength(40));
    for (let key = 0; key < 4; key++) {
      expect(await numbersOf(pool, `k${key}`)).toEqual(
        Array.from({ length: 10 }, (_, index) => index * 4 + key),
      );
    }
  });
});
