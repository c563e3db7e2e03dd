import { afterEach, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';

import { mirrorEvents, moveObstacles, registerConsumers } from '../../../../lambda/runtime/cutover/index.ts';
import type { MirrorOptions } from '../../../../lambda/runtime/cutover/index.ts';
import { deadLettersOf, replayEvents, subscribe } from '../../../../lambda/runtime/subscription/index.ts';
import type { EventSubscription } from '../../../../lambda/runtime/subscription/index.ts';
import {
  Counted,
  counted,
  effects,
  eventually,
  moving,
  noted,
  silent,
  SOON,
  Taken,
  useCutover,
} from './support.ts';

const database = useCutover(20);
let running: EventSubscription[] = [];
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop({ within: 2_000 })));
  running = [];
});

async function mirror(taken: Taken, options: Partial<MirrorOptions> = {}): Promise<EventSubscription> {
  const { store } = database();
  const started = await mirrorEvents({
    store,
    to: 'redis',
    transport: taken,
    types: ['Noted', 'Counted'],
    backoff: SOON,
    pollMilliseconds: 100,
    logger: silent,
    ...options,
  });
  running.push(started);
  return started;
}

const inOrder = (count: number, key: number, keys: number): number[] =>
  Array.from({ length: count / keys }, (_, index) => index * keys + key);

async function append(from: number, to: number, keys = 4): Promise<void> {
  const { store } = database();
  for (let number = from; number < to; number++)
    await store.append(`s${number % keys}`, [noted(`k${number % keys}`, number)]);
}

describe('a mirror', () => {
  test('copies what was written as it was written, with the ordering key of the record', async () => {
    const { store, pool } = database();
    const taken = new Taken();
    await store.append('tally', [counted(3)]);
    // Of a version that nobody here knows, with a claim instead of its data.
    const id = randomUUID();
    const body = `{"eventId":"${id}",  "eventType":"Noted","eventVersion":"7.2","source":"notes","timestamp":"2026-11-21T00:00:00.000Z","correlationId":"${id}","causationId":null,"tenantId":"acme","data":{},"metadata":{"hopCount":0,"claimCheck":{"bucket":"b","key":"k"}}}`;
    await store.appendEncoded([
      {
        eventId: id,
        eventType: 'Noted',
        eventVersion: '7.2',
        source: 'notes',
        tenantId: 'acme',
        orderingKey: 'acme#k',
        priority: 'high',
        body,
      },
    ]);
    await mirror(taken);

    await eventually(() => expect(taken.messages).toHaveLength(2));
    expect(taken.messages.find(({ eventType }) => eventType === 'Counted')).toMatchObject({
      orderingKey: 'acme#tally',
      priority: 'normal',
    });
    expect(taken.messages.find(({ eventId }) => eventId === id)).toEqual({
      eventId: id,
      eventType: 'Noted',
      eventVersion: '7.2',
      source: 'notes',
      tenantId: 'acme',
      orderingKey: 'acme#k',
      priority: 'high',
      body,
    });
    expect(await deadLettersOf(pool, { consumer: 'mirror-redis' })).toEqual([]);
  });

  test('keeps the order of each key over refusals, failed calls, and answers that are lost', async () => {
    const taken = new Taken();
    let count = 0;
    taken.refuse = () => (++count % 5 === 0 ? 'Throttled' : undefined);
    taken.before = () =>
      ++count % 7 === 0 ? Promise.reject(new Error('the connection broke')) : Promise.resolve();
    await append(0, 60);
    await mirror(taken);
    await append(60, 100);

    await eventually(() => expect(new Set(taken.messages.map(({ eventId }) => eventId)).size).toBe(100));
    for (let key = 0; key < 4; key++) expect(taken.numbersOf(`k${key}`)).toEqual(inOrder(100, key, 4));
  });

  test('sends events of different keys together', async () => {
    const taken = new Taken();
    await append(0, 60, 60);
    await mirror(taken);
    await eventually(() => expect(taken.messages).toHaveLength(60));
    expect(taken.calls).toBeLessThan(30);
  });

  test('an instance that stands still while another takes over sends nothing out of order', async () => {
    const taken = new Taken();
    const frozen = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const zombie = new Taken();
    zombie.before = () => {
      reached.resolve();
      return frozen.promise;
    };
    // What it sends comes to the same place.
    zombie.send = async (messages) => {
      await zombie.before(messages);
      return taken.send(messages);
    };
    await append(0, 20);
    const { pool, url } = database();
    // It reaches the other side, and the database no more.
    const cutOff = new Pool({ connectionString: url });
    await mirror(zombie, { store: { pool: cutOff }, listen: false, leaseMilliseconds: 1_000 });
    await reached.promise;
    cutOff.query = () => Promise.reject(new Error('no way to the database')) as never;
    cutOff.connect = () => Promise.reject(new Error('no way to the database')) as never;
    await mirror(taken, { store: { pool }, leaseMilliseconds: 1_000 });
    await eventually(() => expect(taken.numbersOf('k0').length).toBeGreaterThan(0));
    frozen.resolve();
    await append(20, 40);

    await eventually(() => expect(new Set(taken.messages.map(({ eventId }) => eventId)).size).toBe(40));
    for (let key = 0; key < 4; key++) expect(taken.numbersOf(`k${key}`)).toEqual(inOrder(40, key, 4));
    // What it had sent came twice.
    expect(taken.messages.length).toBeGreaterThan(40);
    await cutOff.end();
  });

  test('an event that is too large for the other side is a dead letter, and no consumer that still has to handle it moves', async () => {
    const { pool, store } = database();
    const taken = new Taken();
    taken.isRetryable = false;
    taken.refuse = ({ body }) => (body.includes('"number":1') ? 'WAYBILL_EVENT_TOO_LARGE' : undefined);
    await registerConsumers(pool, [{ consumer: 'recorder', configured: 'postgres', types: ['Noted'] }]);
    await store.append('s', [noted('k', 0), noted('k', 1), noted('k', 2)]);
    await mirror(taken);
    await eventually(() => expect(taken.numbersOf('k')).toEqual([0, 2]));

    const codes = async () =>
      (await moveObstacles(pool, { consumer: 'recorder', to: 'redis' })).map(({ code }) => code);
    expect(await codes()).toEqual(['MIRROR_GAVE_UP']);
    running.push(await subscribe({ consumer: moving(pool, 'postgres'), store }));
    await eventually(async () => expect(await effects(pool)).toHaveLength(3));
    expect(await codes()).toEqual([]);
  });

  test('what no permission lets through is kept trying, not given up', async () => {
    const { pool } = database();
    const taken = new Taken();
    taken.isRetryable = false;
    taken.refuse = () => 'AuthorizationError';
    await append(0, 1);
    await mirror(taken);
    await eventually(() => expect(taken.calls).toBeGreaterThan(6));
    taken.refuse = () => undefined;
    await eventually(() => expect(taken.messages).toHaveLength(1));
    expect(await deadLettersOf(pool, { consumer: 'mirror-redis' })).toEqual([]);
  });

  test('begins at the first event that somebody still has to handle, and says from where on', async () => {
    const { pool, store } = database();
    const consumer = moving(pool, 'postgres');
    const reader = await subscribe({ consumer, store });
    await append(0, 8);
    await eventually(async () => expect(await effects(pool)).toHaveLength(8));
    await reader.stop();
    const handled = await store.horizon();
    await append(8, 12);
    const taken = new Taken();
    await mirror(taken, { types: ['Noted'] });

    await eventually(() => expect(taken.messages.length).toBeGreaterThanOrEqual(4));
    const since = async (type: string) =>
      (
        await pool.query<{ after: number }>(
          'select after_position::int as after from transport_mirror where event_type = $1',
          [type],
        )
      ).rows[0]?.after;
    expect(await since('Noted')).toBeLessThanOrEqual(handled);
    await running[0]!.stop();
    await mirror(taken);
    // A type that comes later is copied from then on.
    expect(await since(Counted.name)).toBe(await store.horizon());
  });

  test('a replay to the mirror copies events again, as they were written', async () => {
    const { pool } = database();
    const taken = new Taken();
    await append(0, 4);
    await mirror(taken);
    await eventually(() => expect(taken.messages).toHaveLength(4));
    await replayEvents(pool, { consumer: 'mirror-redis', name: 'after-a-failover', types: ['Noted'] });
    await eventually(() => expect(taken.messages).toHaveLength(8));
    expect(new Set(taken.messages.map(({ body }) => body)).size).toBe(4);
  });
});
