import { afterEach, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';

import { inTransaction } from '../../../../lambda/runtime/postgres/index.ts';
import { postgresTransport } from '../../../../lambda/runtime/transports/postgres.ts';
import { empty, noted, counted, message, useEventStore } from './support.ts';

const database = useEventStore();
afterEach(() => empty(database().pool));

describe('append', () => {
  test('events of a stream are numbered from 1, and answered with their place', async () => {
    const { store } = database();
    const events = [noted('a', 1), noted('a', 2)];

    const appended = await store.append('note-a', events, { expectedVersion: 0 });

    expect(appended.map(({ eventId, version, isNew }) => [eventId, version, isNew])).toEqual([
      [events[0]!.eventId, 1, true],
      [events[1]!.eventId, 2, true],
    ]);
    expect(appended[1]!.position).toBeGreaterThan(appended[0]!.position);
    const stored = await store.stream('note-a');
    expect(stored.map(({ envelope }) => envelope)).toEqual(events);
    expect(stored[0]!.recordedAt).toBe(appended[0]!.recordedAt);
  });

  test.each([
    ['a new stream at 0', 0, 0, 'stored'],
    ['a new stream at 1', 0, 1, { expectedVersion: 1, actualVersion: 0 }],
    ['the last version', 2, 2, 'stored'],
    ['an older version', 2, 1, { expectedVersion: 1, actualVersion: 2 }],
    ['a version that is not there', 2, 3, { expectedVersion: 3, actualVersion: 2 }],
    ['any version', 2, undefined, 'stored'],
  ] as const)('expected version: %s', async (_, existing, expectedVersion, outcome) => {
    const { store } = database();
    if (existing > 0)
      await store.append(
        's',
        Array.from({ length: existing }, () => counted(1)),
      );

    const appending = store.append(
      's',
      [counted(2)],
      expectedVersion === undefined ? {} : { expectedVersion },
    );

    if (outcome === 'stored') expect((await appending)[0]!.version).toBe(existing + 1);
    else
      await expect(appending).rejects.toMatchObject({
        code: 'WAYBILL_EVENT_STORE_VERSION_CONFLICT',
        stream: 's',
        ...outcome,
      });
    const [next] = await store.append('s', [counted(3)]);
    expect(next!.version).toBe(existing + (outcome === 'stored' ? 2 : 1));
  });

  test('of writers at the same version one wins, and after a conflict the transaction goes on', async () => {
    const { store, pool } = database();

    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => store.append('s', [counted(1)], { expectedVersion: 0 })),
    );

    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await inTransaction(pool, async (tx) => {
      await expect(store.appendWithin(tx, 's', [counted(2)], { expectedVersion: 0 })).rejects.toThrow(
        'version 1',
      );
      await store.appendWithin(tx, 's', [counted(2)], { expectedVersion: 1 });
    });
    expect(await store.stream('s')).toHaveLength(2);
  });

  test('the same eventId again is answered as the first time, whatever the version is by now', async () => {
    const { store } = database();
    const events = [counted(1), counted(2)];
    const first = await store.append('s', events, { expectedVersion: 0 });
    await store.append('s', [counted(3)]);

    const again = await store.append('s', events, { expectedVersion: 0 });

    expect(again).toEqual(first.map((one) => ({ ...one, isNew: false })));
    expect(await store.stream('s')).toHaveLength(3);
  });

  test('a batch of which a part is known: any version appends the rest without a hole, an expected one conflicts', async () => {
    const { store } = database();
    const [one, two] = [counted(1), counted(2)];
    await store.append('s', [one]);

    await expect(store.append('s', [one, two], { expectedVersion: 0 })).rejects.toMatchObject({
      actualVersion: 1,
    });
    const appended = await store.append('s', [one, two, two]);

    expect(appended.map(({ version, isNew }) => [version, isNew])).toEqual([
      [1, false],
      [2, true],
      [2, true],
    ]);
    expect((await store.append('s', [counted(3)]))[0]!.version).toBe(3);
  });

  test('the same append at the same moment is stored once', async () => {
    const { store } = database();
    const events = [counted(1), counted(2)];

    const answers = await Promise.all(
      Array.from({ length: 6 }, () => store.append('s', events, { expectedVersion: 0 })),
    );

    expect(new Set(answers.map((answer) => answer.map(({ position }) => position).join())).size).toBe(1);
    expect(await store.stream('s')).toHaveLength(2);
  });

  test('an eventId of another stream is refused', async () => {
    const { store } = database();
    const event = counted(1);
    await store.append('s', [event]);

    await expect(store.append('other', [event])).rejects.toMatchObject({
      code: 'WAYBILL_EVENT_STORE_ID_TAKEN',
    });
    expect(await store.stream('other')).toEqual([]);
  });

  test('in the caller s transaction: seen by it, gone when it rolls back', async () => {
    const { store, pool } = database();

    await inTransaction(pool, async (tx) => {
      await store.appendWithin(tx, 's', [counted(1)]);
      expect(await store.stream('s', {}, tx)).toHaveLength(1);
      throw new Error('no');
    }).catch(() => undefined);

    expect(await store.stream('s')).toEqual([]);
    expect((await store.append('s', [counted(1)], { expectedVersion: 0 }))[0]!.version).toBe(1);
  });

  test('events that are not declared or too large are refused before anything is stored', async () => {
    const { store } = database();
    const unknown = { ...counted(1), eventType: 'Unknown' };
    const large = { ...noted('x'), metadata: { hopCount: 0, padding: 'x'.repeat(1_100_000) } };

    await expect(store.append('s', [unknown])).rejects.toMatchObject({
      code: 'WAYBILL_EVENT_STORE_EVENT_NOT_DECLARED',
    });
    await expect(store.append('s', [large])).rejects.toMatchObject({
      code: 'WAYBILL_EVENT_STORE_EVENT_TOO_LARGE',
    });
  });
});

describe('postgresTransport', () => {
  test('one statement for a batch; sent again, nothing is stored twice', async () => {
    const { store } = database();
    const transport = postgresTransport({ store });
    const messages = [message('a'), message(undefined), message('a'), message('b')];

    expect(await transport.send(messages)).toEqual({ failed: [] });
    expect(await transport.send(messages)).toEqual({ failed: [] });

    const { events } = await store.read();
    expect(events.map(({ envelope, stream, version }) => [envelope.eventId, stream, version])).toEqual([
      [messages[0]!.eventId, 'acme#a', 1],
      [messages[1]!.eventId, null, null],
      [messages[2]!.eventId, 'acme#a', 2],
      [messages[3]!.eventId, 'acme#b', 1],
    ]);
  });

  test('what fails is reported by eventId: too large for ever, a database that is away to be tried again', async () => {
    const { store } = database();
    const large = { ...message('a'), body: 'x'.repeat(1_100_000) };
    const small = message('b');

    const { failed } = await postgresTransport({ store }).send([large, small]);
    expect(failed).toMatchObject([{ eventId: large.eventId, retryable: false }]);
    expect((await store.read()).events).toHaveLength(1);

    const broken = postgresTransport({ store: { appendEncoded: () => Promise.reject(new Error('gone')) } });
    expect((await broken.send([small])).failed).toMatchObject([{ eventId: small.eventId, retryable: true }]);
  });

  test('writers of many streams in any order do not wait for each other for ever', async () => {
    const { store } = database();
    const batches = Array.from({ length: 8 }, (_, seed) =>
      Array.from({ length: 50 }, (_, index) => message(`k${(index * (seed + 3)) % 17}`)),
    );

    await Promise.all(batches.map((batch) => store.appendEncoded(batch)));

    const { events } = await store.read({ limit: 1_000 });
    expect(events).toHaveLength(400);
    for (const stream of new Set(events.map((one) => one.stream!))) {
      const versions = events.filter((one) => one.stream === stream).map(({ version }) => version);
      expect(versions).toEqual(versions.map((_, index) => index + 1));
    }
  });
  test('ids need not be time-ordered', async () => {
    const { store } = database();
    const id = randomUUID();
    await store.append('s', [counted(1, id)]);
    expect((await store.stream('s'))[0]!.envelope.eventId).toBe(id);
  });
});
