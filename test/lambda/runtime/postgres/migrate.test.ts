import { describe, expect, test } from '@jest/globals';

import { migrate, runtimeMigrations } from '../../../../lambda/runtime/postgres/index.ts';
import { createTestDatabase, useDatabase } from '../../../support/postgres.ts';

const database = useDatabase({ migrated: false });

describe('migrations', () => {
  test('each is applied once, also when several processes start together', async () => {
    const { pool } = database();

    const runs = await Promise.all([migrate(pool), migrate(pool), migrate(pool)]);

    const ids = runtimeMigrations.map(({ id }) => id);
    expect(runs.filter(({ length }) => length > 0)).toEqual([ids]);
    expect(await migrate(pool)).toEqual([]);
    expect((await pool.query('select lane from event_outbox_lane')).rows).toHaveLength(64);
  });

  test('a failing migration is named and rolled back, with those before it', async () => {
    const { pool } = database();

    const failing = migrate(pool, [
      ...runtimeMigrations,
      { id: 'shop-0001', sql: 'create table shop (id int)' },
      { id: 'shop-0002', sql: 'create table shop (id int)' },
    ]);

    await expect(failing).rejects.toMatchObject({
      code: 'WAYBILL_MIGRATION_FAILED',
      message: expect.stringContaining(
        'migration shop-0002 failed and was rolled back: relation "shop" already exists',
      ),
    });
    expect((await pool.query("select to_regclass('shop') as shop")).rows).toEqual([{ shop: null }]);
  });

  test('a test database is cloned from the migrated template in a moment', async () => {
    const first = await createTestDatabase();
    const second = await createTestDatabase();

    await first.pool.query("insert into event_inbox (consumer, event_id) values ('a', gen_random_uuid())");

    expect((await second.pool.query('select * from event_inbox')).rows).toEqual([]);
    await Promise.all([first.drop(), second.drop()]);
  });
});
