import { afterEach, describe, expect, test } from '@jest/globals';

import { createOutboxProcessor, enqueue } from '../../../../lambda/runtime/outbox/index.ts';
import { inTransaction } from '../../../../lambda/runtime/postgres/index.ts';
import { useDatabase } from '../../../support/postgres.ts';
import { Broker, checkHistory, eventually, message, messagesOfKeys, write } from './support.ts';

const database = useDatabase();
afterEach(async () => {
  await database().pool.query('truncate event_outbox');
});

describe('D11 transactions that overlap', () => {
  test('D11 a lower sequence that commits late is not skipped', async () => {
    const { pool } = database();
    const broker = new Broker();
    const [late, rolledBack] = [message(), message()];
    const early = messagesOfKeys(20, 5);
    const processor = createOutboxProcessor({ pool, publisher: broker });

    await inTransaction(pool, async (tx) => {
      await enqueue(tx, [late]);
      await inTransaction(pool, async (other) => {
        await enqueue(other, [rolledBack]);
        throw new Error('changed my mind');
      }).catch(() => undefined);
      await write(pool, early);
      await processor.processPendingEvents();
      expect(broker.accepted).toHaveLength(100);
    });
    await processor.processPendingEvents();

    checkHistory([late, ...early], broker.accepted);
    expect(broker.eventIds.at(-1)).toBe(late.eventId);
  });

  test('D11 a lower sequence that commits during a long drain is published before the drain ends', async () => {
    const { pool } = database();
    const broker = new Broker();
    const late = message();
    const early = messagesOfKeys(100, 10);
    const client = await pool.connect();
    await client.query('begin');
    await enqueue(client, [late]);
    await write(pool, early);
    let calls = 0;
    broker.before = async () => {
      if (++calls === 20) await client.query('commit');
    };

    await createOutboxProcessor({
      pool,
      publisher: broker,
      batchSize: 10,
      inFlight: 2,
    }).processPendingEvents();

    checkHistory([late, ...early], broker.accepted);
    client.release();
  });

  const overtaking: readonly (readonly [string, number, number])[] = [
    ['in a backlog, between two pages', 300, 3],
    ['while slow sends are under way', 4, 1],
  ];
  test.each(overtaking)(
    'D11 two transactions of one key, the first committed while the relay has read past it: in order, %s',
    async (_when, others, atCall) => {
      const { pool } = database();
      const broker = new Broker();
      const [first, second] = [1, 2].map(() => message({ orderingKey: 'acme#one' }));
      const client = await pool.connect();
      await client.query('begin');
      await enqueue(client, [first!]);
      await write(pool, messagesOfKeys(others, 1));
      let calls = 0;
      broker.before = async () => {
        if (++calls !== atCall) return;
        await client.query('commit');
        await write(pool, [second!]);
        // Time for the relay to read on.
        await new Promise((resolve) => setTimeout(resolve, 200));
      };

      await createOutboxProcessor({
        pool,
        publisher: broker,
        batchSize: 10,
        inFlight: 2,
      }).processPendingEvents();
      client.release();

      const published = broker.eventIds.filter((id) => id === first!.eventId || id === second!.eventId);
      expect(published).toEqual([first!.eventId, second!.eventId]);
    },
  );

  test('D11 many writers of few keys while a backlog is drained: every key in the order of writing', async () => {
    const { pool } = database();
    const broker = new Broker();
    broker.before = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
    const keys = 10;
    const written: ReturnType<typeof message>[] = [];
    await write(pool, messagesOfKeys(1_000, 1));
    const state = { writing: true };
    const writer = async (): Promise<void> => {
      for (let index = 0; index < 60; index += 1) {
        const batch = [1, 2].map(() =>
          message({ orderingKey: `acme#hot-${Math.floor(Math.random() * keys)}` }),
        );
        await inTransaction(pool, async (tx) => {
          await enqueue(tx, batch);
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 6));
        });
        written.push(...batch);
      }
    };
    const writers = Promise.all(Array.from({ length: 6 }, writer)).finally(() => (state.writing = false));
    while (state.writing) {
      await createOutboxProcessor({
        pool,
        publisher: broker,
        batchSize: 10,
        inFlight: 4,
      }).processPendingEvents();
    }
    await writers;
    await createOutboxProcessor({ pool, publisher: broker }).processPendingEvents();

    const { rows } = await pool.query<{ id: string; sequence: string; key: string }>(
      `select id, sequence, ordering_key as key from event_outbox where ordering_key like 'acme#hot-%' order by sequence`,
    );
    expect(rows).toHaveLength(written.length);
    for (const [key, ofKey] of Map.groupBy(rows, (row) => row.key)) {
      const ids = new Set(ofKey.map(({ id }) => id));
      expect([key, broker.eventIds.filter((id) => ids.has(id))]).toEqual([key, ofKey.map(({ id }) => id)]);
    }
  });

  test('D11 a long-open transaction of somebody else does not stall the outbox', async () => {
    const { pool } = database();
    const broker = new Broker();
    const client = await pool.connect();
    await client.query('begin isolation level repeatable read');
    await client.query('create table unrelated (id int)');
    await client.query('select count(*) from event_outbox');
    const written = messagesOfKeys(50, 40);

    for (let at = 0; at < written.length; at += 500) {
      await write(pool, written.slice(at, at + 500));
      await createOutboxProcessor({ pool, publisher: broker, retentionSeconds: 0 }).processPendingEvents();
    }

    expect(checkHistory(written, broker.accepted)).toBe(0);
    await client.query('rollback');
    client.release();
  });

  test('D11 an event committed while another relay takes its last look is published all the same', async () => {
    const { pool } = database();
    const broker = new Broker();
    const late = message();
    const one = createOutboxProcessor({ pool, publisher: broker });
    const other = createOutboxProcessor({ pool, publisher: broker });
    await write(pool, messagesOfKeys(5, 1));

    await Promise.all([
      one.processPendingEvents(),
      write(pool, [late]).then(() => other.processPendingEvents()),
    ]);

    await eventually(() => expect(broker.eventIds).toContain(late.eventId), 0);
  });
});
