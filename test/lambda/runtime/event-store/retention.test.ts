import { afterEach, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';

import { counted, empty, useEventStore } from './support.ts';

const database = useEventStore();
afterEach(() => empty(database().pool));

/** An event as if appended so many days ago. */
async function appendedDaysAgo(days: number): Promise<number> {
  const { store, pool } = database();
  const [appended] = await store.append('s', [counted(days)]);
  const { position, eventId } = appended!;
  await pool.query(
    `with moved as (delete from event_store where position = $1 returning *)
     insert into event_store (position, recorded_at, stream, version, event_id, tenant_id, event_type, event_version, source, ordering_key, event_data)
     select position, recorded_at - $2 * interval '1 day', stream, version, event_id, tenant_id, event_type, event_version, source, ordering_key, event_data
     from moved`,
    [position, days],
  );
  await pool.query(
    `update event_store_receipt set recorded_at = recorded_at - $2 * interval '1 day' where event_id = $1`,
    [eventId, days],
  );
  return position;
}

async function subscription(pool: Pool, consumer: string, position: number): Promise<void> {
  await pool.query(`insert into event_subscription (consumer, ordering, lanes) values ($1, 'total', 1)`, [
    consumer,
  ]);
  await pool.query('insert into event_subscription_lane (consumer, lane, position) values ($1, 0, $2)', [
    consumer,
    position,
  ]);
}

describe('maintenance', () => {
  test('makes partitions ahead, and empties the default partition into those that were missing', async () => {
    const { store, pool } = database();
    await appendedDaysAgo(40);
    expect((await pool.query('select 1 from event_store_default')).rowCount).toBe(1);

    const { created } = await store.maintain({ aheadDays: 5 });

    expect(created.length).toBeGreaterThanOrEqual(4);
    expect((await pool.query('select 1 from event_store_default')).rowCount).toBe(0);
    expect((await store.read()).events).toHaveLength(1);
    expect((await store.maintain({ aheadDays: 5 })).created).toEqual([]);
  });

  test('drops what is older than retention and read by all, with its receipts; keeps the rest', async () => {
    const { store, pool } = database();
    await store.maintain({ retentionDays: 1, dropUnread: true });
    const old = await appendedDaysAgo(20);
    await appendedDaysAgo(2);
    await store.maintain();
    await subscription(pool, 'reader', old);

    const { dropped } = await store.maintain({ retentionDays: 10 });

    expect(dropped).toHaveLength(1);
    expect((await store.read()).events).toHaveLength(1);
    expect((await pool.query('select 1 from event_store_receipt')).rowCount).toBe(1);
    expect((await store.append('s', [counted(1)]))[0]!.version).toBe(3);
  });

  test('never drops what a subscription has not read or still has to try, unless told so', async () => {
    const { store, pool } = database();
    const old = await appendedDaysAgo(20);
    await store.maintain();
    await subscription(pool, 'slow', old - 1);
    await subscription(pool, 'quick', old);

    const first = await store.maintain({ retentionDays: 10 });
    expect(first).toMatchObject({ dropped: [], kept: [{ reason: 'not read by slow' }] });

    await pool.query(`update event_subscription_lane set position = $1`, [old]);
    await pool.query(
      `insert into event_subscription_waiting (consumer, lane, unit, position, event_id, event_type, event_version, tenant_id, priority)
       values ('quick', 0, '', $1, gen_random_uuid(), 'Counted', '1.0', 'acme', 'normal')`,
      [old],
    );
    expect(await store.maintain({ retentionDays: 10 })).toMatchObject({
      kept: [{ reason: 'not read by quick' }],
    });

    expect((await store.maintain({ retentionDays: 10, dropUnread: true })).dropped).toHaveLength(1);
    expect((await store.read()).events).toEqual([]);
  });

  test('a partition in use is left to the next run', async () => {
    const { store, pool } = database();
    await appendedDaysAgo(20);
    await store.maintain();
    const reader = await pool.connect();
    await reader.query('begin');
    await reader.query('select count(*) from event_store');

    expect(await store.maintain({ retentionDays: 10 })).toMatchObject({
      dropped: [],
      kept: [{ reason: expect.stringContaining('in use') }],
    });
    await reader.query('rollback');
    reader.release();
    expect((await store.maintain({ retentionDays: 10 })).dropped).toHaveLength(1);
  });
});
