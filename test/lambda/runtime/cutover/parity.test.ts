import { afterEach, describe, expect, test } from '@jest/globals';

import {
  parityReport,
  purgeShadows,
  registerConsumers,
  shadowOf,
} from '../../../../lambda/runtime/cutover/index.ts';
import type { ParityOptions } from '../../../../lambda/runtime/cutover/index.ts';
import { subscribe } from '../../../../lambda/runtime/subscription/index.ts';
import type { EventSubscription } from '../../../../lambda/runtime/subscription/index.ts';
import { counted, effects, eventually, moving, noted, useCutover } from './support.ts';

const database = useCutover(20);
let running: EventSubscription[] = [];
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop({ within: 2_000 })));
  running = [];
});

const report = (options: Partial<ParityOptions> = {}) =>
  parityReport(database().pool, { consumer: 'recorder', transport: 'redis', settleSeconds: 0, ...options });

const known = () =>
  registerConsumers(database().pool, [{ consumer: 'recorder', configured: 'postgres', types: ['Noted'] }]);

/** As the shadow on the transport would, in the order given. */
async function arrive(eventIds: readonly string[], type = 'Noted'): Promise<void> {
  for (const eventId of eventIds) {
    await database().pool.query(
      `insert into shadow_arrival as s (consumer, transport, event_id, event_type) values ('recorder', 'redis', $1, $2)
       on conflict (consumer, transport, event_id) do update set deliveries = s.deliveries + 1`,
      [eventId, type],
    );
  }
}

async function append(count: number, key = 'k'): Promise<string[]> {
  const { store } = database();
  const stored = await store.append(
    key,
    Array.from({ length: count }, (_, number) => noted(key, number)),
  );
  return stored.map(({ eventId }) => eventId);
}

describe('the parity report', () => {
  test('a shadow by subscription notes what comes, and has no other effect', async () => {
    const { pool, store } = database();
    await known();
    const consumer = moving(pool, 'postgres');
    running.push(await subscribe({ consumer: shadowOf(consumer, { pool, transport: 'postgres' }), store }));
    await append(5);
    await eventually(async () =>
      expect(await report({ transport: 'postgres' })).toMatchObject({ arrived: 5 }),
    );
    expect(running[0]!.name).toBe('recorder-shadow');
    expect(await effects(pool)).toEqual([]);

    running.push(await subscribe({ consumer, store }));
    await eventually(async () => expect(await effects(pool)).toHaveLength(5));
    expect(await report({ transport: 'postgres' })).toMatchObject({
      recorded: 5,
      isEqual: true,
      latency: { shadow: { count: 5 }, live: { count: 5 }, difference: { count: 5 } },
    });
  });

  test('names what is missing, extra, repeated and reordered', async () => {
    const { pool, store } = database();
    await known();
    const [first, second, third, fourth] = await append(4);
    const others = await append(2, 'other');
    const [foreign] = await store.append('tally', [counted(1)]);
    // Of another key: they may come in between.
    await arrive([others[0]!, first!, third!, second!, others[1]!, third!]);
    await arrive([foreign!.eventId], 'Counted');
    const unknown = '0190f1d2-0000-7000-8000-000000000000';
    await arrive([unknown]);

    const found = await report();
    expect(found).toMatchObject({
      recorded: 6,
      arrived: 5,
      missing: 1,
      missingUnhandled: 1,
      extra: 2,
      repeated: 1,
      reordered: 1,
      isEqual: false,
      examples: { missing: [fourth], extra: [foreign!.eventId, unknown], reordered: [third] },
    });
    // Handled on the old transport: nothing would be lost by a move.
    await pool.query(`insert into event_inbox (consumer, event_id) values ('recorder', $1)`, [fourth]);
    expect(await report()).toMatchObject({ missing: 1, missingUnhandled: 0 });
  });

  test('what was recorded just now is not missing yet; what is before the mirror never is', async () => {
    const { pool, store } = database();
    await known();
    await append(2);
    await pool.query(
      `insert into transport_mirror (transport, event_type, after_position) values ('redis', 'Noted', $1)`,
      [await store.horizon()],
    );
    const [fresh] = await append(1);
    expect(await report({ settleSeconds: 600 })).toMatchObject({
      recorded: 0,
      tooRecent: 1,
      missing: 0,
      isEqual: true,
    });
    expect(await report()).toMatchObject({ recorded: 1, missing: 1 });
    await arrive([fresh!]);
    expect(await report()).toMatchObject({ recorded: 1, missing: 0, isEqual: true });
    await purgeShadows(pool, 0);
    expect(await report()).toMatchObject({ missing: 1 });
  });

  test('is refused for a consumer that nobody knows, or whose events nobody has named', async () => {
    await expect(report()).rejects.toMatchObject({ code: 'WAYBILL_TRANSPORT_CONSUMER_UNKNOWN' });
    await registerConsumers(database().pool, [{ consumer: 'recorder', configured: 'postgres' }]);
    await expect(report()).rejects.toMatchObject({ code: 'WAYBILL_TRANSPORT_TYPES_UNKNOWN' });
    expect(await report({ types: ['Noted'] })).toMatchObject({ isEqual: true });
  });
});
