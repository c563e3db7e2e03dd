/** Two systems in one database, each in its own PostgreSQL schema. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { listen } from '../../../../lambda/runtime/outbox/listen.ts';
import { enqueue, notifyNudge } from '../../../../lambda/runtime/outbox/index.ts';
import { systemClock } from '../../../../lambda/runtime/clock.ts';
import { createPool, migrate, runtimeMigrations } from '../../../../lambda/runtime/postgres/index.ts';
import { useDatabase } from '../../../support/postgres.ts';
import { eventually, message } from '../outbox/support.ts';

const database = useDatabase({ migrated: false });
let core: Pool;
let commerce: Pool;

beforeAll(async () => {
  core = await createPool({ environment: { DATABASE_URL: database().url } });
  commerce = await createPool({
    environment: { DATABASE_URL: database().url, WAYBILL_DATABASE_SCHEMA: 'commerce' },
  });
});
afterAll(async () => {
  await core.end();
  await commerce.end();
});

const tables = async (schema: string): Promise<readonly string[]> =>
  (
    await database().pool.query<{ name: string }>(
      'select table_name as name from information_schema.tables where table_schema = $1 order by 1',
      [schema],
    )
  ).rows.map(({ name }) => name);

describe('a schema of its own', () => {
  test('is made by the migrations, also by several at once, which are remembered in it', async () => {
    const runs = await Promise.all([migrate(commerce), migrate(commerce), migrate(core)]);

    expect(runs[2]).toEqual(runtimeMigrations.map(({ id }) => id));
    expect([...runs[0]!, ...runs[1]!]).toEqual(runtimeMigrations.map(({ id }) => id));
    expect(await migrate(commerce)).toEqual([]);
    expect(await tables('commerce')).toEqual(await tables('public'));
    expect(await tables('commerce')).toContain('waybill_migration');
  });

  test('is the whole search path of every connection: what one system writes the other never sees', async () => {
    await enqueue(commerce, [message()]);

    const inCommerce = await commerce.query('select 1 from event_outbox');
    const inCore = await core.query('select 1 from event_outbox');

    expect([inCommerce.rowCount, inCore.rowCount]).toEqual([1, 0]);
    await core.query('create table only_in_core (id int)');
    await expect(commerce.query('select * from only_in_core')).rejects.toMatchObject({ code: '42P01' });
  });

  test('a writer of one system does not wait for the same ordering key of the other', async () => {
    const orderingKey = 'acme#1';
    const [first, second] = [await core.connect(), await commerce.connect()];
    try {
      await first.query('begin');
      await enqueue(first, [message({ orderingKey })]);
      await second.query("set lock_timeout = '5s'");

      await enqueue(second, [message({ orderingKey })]);

      const third = await commerce.connect();
      await second.query('begin');
      await enqueue(second, [message({ orderingKey })]);
      await third.query("set lock_timeout = '100ms'");
      await expect(enqueue(third, [message({ orderingKey })])).rejects.toMatchObject({ code: '55P03' });
      third.release(true);
    } finally {
      await first.query('rollback');
      await second.query('rollback');
      first.release();
      second.release(true);
    }
  });

  test('a notification wakes the relay of its own system alone', async () => {
    const heard: string[] = [];
    const listening = (pool: Pool, name: string) =>
      listen({
        pool,
        clock: systemClock,
        random: Math.random,
        logger: undefined,
        notified: () => heard.push(name),
      });
    const listeners = [listening(core, 'core'), listening(commerce, 'commerce')];
    // Each says so once when it is ready, for what was committed before.
    await eventually(() => expect(heard.toSorted()).toEqual(['commerce', 'core']));

    await notifyNudge({ query: (text, values) => commerce.query(text, [...values]) })();
    await eventually(() => expect(heard).toHaveLength(3));
    await notifyNudge({ query: (text, values) => core.query(text, [...values]) })();
    await eventually(() => expect(heard).toHaveLength(4));

    expect(heard.slice(2)).toEqual(['commerce', 'core']);
    for (const listener of listeners) await listener.close();
  });

  test.each(['Commerce', 'a b', '1st', 'pg_own', 'x; drop table y', 'x'.repeat(64)])(
    'a name that would have to be quoted is refused: %s',
    async (name) => {
      const environment = { DATABASE_URL: 'postgres://localhost/x', WAYBILL_DATABASE_SCHEMA: name };

      await expect(createPool({ environment })).rejects.toMatchObject({
        code: 'WAYBILL_DATABASE_SCHEMA_INVALID',
      });
    },
  );
});
