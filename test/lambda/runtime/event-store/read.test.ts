import { afterEach, describe, expect, test } from '@jest/globals';

import type { Projection } from '../../../../lambda/runtime/event-store/index.ts';
import { Counted, counted, empty, Noted, noted, useEventStore } from './support.ts';

const database = useEventStore();
afterEach(() => empty(database().pool));

/** Microseconds matter here, and a Date has milliseconds. */
const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3));

describe('reading', () => {
  test('by stream, type, tenant and time, forward from a position, in pages', async () => {
    const { store } = database();
    await store.append('a', [counted(1), noted('a', 1)]);
    await store.append('b', [noted('b', 2, 'beta'), counted(3)]);
    await wait();
    const middle = new Date();
    await wait();
    await store.append('a', [counted(4)]);
    const numbers = async (filter: Parameters<typeof store.read>[0]): Promise<unknown[]> => {
      const { events } = await store.read(filter);
      return events.map(({ envelope }) => Object.values(envelope.data as object).at(-1));
    };

    expect(await numbers({})).toEqual([1, 1, 2, 3, 4]);
    expect(await numbers({ stream: 'a' })).toEqual([1, 1, 4]);
    expect(await numbers({ types: ['Noted'] })).toEqual([1, 2]);
    expect(await numbers({ tenantId: 'beta' })).toEqual([2]);
    expect(await numbers({ before: middle })).toEqual([1, 1, 2, 3]);
    expect(await numbers({ since: middle })).toEqual([4]);
    const first = await store.read({ limit: 2 });
    expect(first.atEnd).toBe(false);
    const second = await store.read({ limit: 5, after: first.next });
    expect(second.events).toHaveLength(3);
    expect(second.atEnd).toBe(true);
    expect((await store.read({ after: second.next })).events).toEqual([]);
  });

  test('the iteration ends at what was there when it began, whatever the page', async () => {
    const { store } = database();
    await store.append(
      'a',
      Array.from({ length: 7 }, (_, index) => counted(index)),
    );
    const seen: number[] = [];
    for await (const { envelope } of store.events({ pageSize: 2 })) {
      seen.push((envelope.data as { by: number }).by);
      await store.append('b', [counted(99)]);
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test('a page of no size is refused', () => {
    expect(() => database().store.read({ limit: 0 })).toThrow('1 to 10000');
  });
});

const sum: Projection<{ readonly sum: number }, typeof Counted> = {
  name: 'sum-1',
  contracts: [Counted],
  fold: (state, { data }) => ({ sum: (state?.sum ?? 0) + data.by }),
  snapshotEvery: 3,
};

describe('state', () => {
  test('now, at a version and at a time; with snapshots the same as without', async () => {
    const { store, pool } = database();
    const times: Date[] = [];
    for (let by = 1; by <= 8; by++) {
      await store.append('s', [counted(by)]);
      await wait();
      times.push(new Date());
      await wait();
      if (by % 2 === 0) await store.state(sum, 's');
    }
    expect(await store.state(sum, 's')).toEqual({ state: { sum: 36 }, version: 8 });
    const { rows } = await pool.query<{ version: string }>(
      'select version from event_store_snapshot order by version',
    );
    expect(rows.length).toBeGreaterThan(0);

    for (const [index, until] of times.entries()) {
      const version = index + 1;
      const expected = { state: { sum: (version * (version + 1)) / 2 }, version };
      expect(await store.state(sum, 's', { until })).toEqual(expected);
      expect(await store.state(sum, 's', { until, snapshots: false })).toEqual(expected);
      expect(await store.state(sum, 's', { version })).toEqual(expected);
    }
  });

  test('a snapshot shortens the way: what is before it is not read again', async () => {
    const { store, pool } = database();
    await store.append('s', [counted(1), counted(2), counted(3)]);
    await store.state(sum, 's');
    await pool.query('delete from event_store where version < 3');

    expect(await store.state(sum, 's')).toEqual({ state: { sum: 6 }, version: 3 });
    await expect(store.state({ ...sum, name: 'sum-2' }, 's')).rejects.toMatchObject({
      code: 'WAYBILL_EVENT_STORE_HISTORY_GONE',
    });
  });

  test('events that the projection does not know count for the version and nothing else', async () => {
    const { store } = database();
    await store.append('s', [counted(5), noted('n')]);
    expect(await store.state(sum, 's')).toEqual({ state: { sum: 5 }, version: 2 });
    expect(await store.state({ ...sum, contracts: [] }, 's')).toBeUndefined();
    expect(await store.state(sum, 'none')).toBeUndefined();
    expect(Noted.name).toBe('Noted');
  });
});
