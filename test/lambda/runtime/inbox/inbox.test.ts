import { afterEach, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';

import { processOnce, processOnceBatch, purgeInbox } from '../../../../lambda/runtime/inbox/index.ts';
import { inTransaction } from '../../../../lambda/runtime/postgres/index.ts';
import { useDatabase } from '../../../support/postgres.ts';

const database = useDatabase();
afterEach(async () => {
  await database().pool.query('truncate event_inbox');
});

describe('D9 inbox', () => {
  test('D9 an event is handled once per consumer', async () => {
    const { pool } = database();
    const eventId = randomUUID();

    expect(await processOnce(pool, 'billing', eventId)).toBe(true);
    expect(await processOnce(pool, 'billing', eventId)).toBe(false);
    expect(await processOnce(pool, 'billing', eventId.toUpperCase())).toBe(false);
    expect(await processOnce(pool, 'audit', eventId)).toBe(true);
  });

  test('D9 a handler that fails leaves no note: the next delivery is handled', async () => {
    const { pool } = database();
    const eventId = randomUUID();

    const failing = inTransaction(pool, async (tx) => {
      expect(await processOnce(tx, 'billing', eventId)).toBe(true);
      throw new Error('card declined');
    });

    await expect(failing).rejects.toThrow('card declined');
    expect(await processOnce(pool, 'billing', eventId)).toBe(true);
  });

  test('D9 two deliveries at the same moment: one is handled, whichever way the first ends', async () => {
    const { pool } = database();
    for (const [firstCommits, secondHandles] of [
      [true, false],
      [false, true],
    ]) {
      const eventId = randomUUID();
      let second: Promise<boolean> = Promise.resolve(false);

      await inTransaction(pool, async (tx) => {
        await processOnce(tx, 'billing', eventId);
        second = processOnce(pool, 'billing', eventId);
        if (!firstCommits) throw new Error('undone');
      }).catch(() => undefined);

      expect(await second).toBe(secondHandles);
    }
  });

  test('D9 a batch is one statement; known events and repetitions are left out', async () => {
    const { pool } = database();
    const [known, fresh, other] = [randomUUID(), randomUUID(), randomUUID().toUpperCase()];
    await processOnce(pool, 'billing', known);
    let statements = 0;
    const counting = {
      query: (text: string, values: readonly unknown[]) => {
        statements++;
        return pool.query(text, [...values]);
      },
    };

    expect(await processOnceBatch(counting, 'billing', [known, fresh, fresh, other])).toEqual(
      new Set([fresh, other]),
    );
    expect(statements).toBe(1);
    expect(await processOnceBatch(counting, 'billing', [])).toEqual(new Set());
    expect(await processOnceBatch(pool, 'billing', [fresh, other])).toEqual(new Set());
  });

  test('D9 batches that overlap in opposite order do not deadlock', async () => {
    const { pool } = database();
    const ids = Array.from({ length: 200 }, () => randomUUID());

    const handled = await Promise.all(
      [ids, [...ids].reverse(), ids, [...ids].reverse()].map((order) =>
        processOnceBatch(pool, 'billing', order),
      ),
    );

    expect(handled.reduce((sum, { size }) => sum + size, 0)).toBe(200);
  });

  test('D9 the purge forgets what no redelivery can bring back, by the time it was handled', async () => {
    const { pool } = database();
    const days = async (count: number): Promise<void> => {
      await pool.query("insert into event_inbox values ('billing', $1, now() - $2 * interval '1 day')", [
        randomUUID(),
        count,
      ]);
    };
    await days(1);
    await days(42);
    await days(44);

    expect(await purgeInbox(pool)).toBe(1);
    expect(await purgeInbox(pool, 86_400 * 30)).toBe(1);
    expect((await pool.query('select 1 from event_inbox')).rowCount).toBe(1);
  });
});
