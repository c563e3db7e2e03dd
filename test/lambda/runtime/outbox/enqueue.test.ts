import { afterEach, describe, expect, test } from '@jest/globals';
import * as z from 'zod/mini';

import { createOutbox, createOutboxProcessor, enqueue } from '../../../../lambda/runtime/outbox/index.ts';
import { inTransaction } from '../../../../lambda/runtime/postgres/index.ts';
import { createEnvelope, event } from '../../../../lib/contracts/index.ts';
import { useDatabase } from '../../../support/postgres.ts';
import { Broker, message, messagesOfKeys } from './support.ts';

const OrderPlaced = event('OrderPlaced', {
  version: '1.0',
  source: 'orders',
  data: z.object({ customerId: z.string(), note: z.optional(z.string()) }),
  orderingKey: 'customerId',
  priority: 'high',
});
const SystemChecked = event('SystemChecked', { version: '2.1', source: 'orders', data: z.object({}) });

const database = useDatabase();
afterEach(async () => {
  await database().pool.query('truncate event_outbox');
});

describe('D11 writing to the outbox', () => {
  test('D11 an event is stored with its transaction: not before the commit, not after a rollback', async () => {
    const { pool } = database();
    const broker = new Broker();
    const processor = createOutboxProcessor({ pool, publisher: broker });
    const [kept, dropped] = [message(), message()];

    await inTransaction(pool, async (tx) => {
      await enqueue(tx, [kept]);
      await processor.processPendingEvents();
      expect(broker.accepted).toEqual([]);
    });
    const failing = inTransaction(pool, async (tx) => {
      await enqueue(tx, [dropped]);
      throw new Error('the order was refused');
    });

    await expect(failing).rejects.toThrow('the order was refused');
    await processor.processPendingEvents();
    expect(broker.eventIds).toEqual([kept.eventId]);
  });

  test('D11 an envelope keeps its contract: ordering key, priority, and its JSON to the letter', async () => {
    const { pool } = database();
    const broker = new Broker();
    const outbox = createOutbox({ contracts: [OrderPlaced, SystemChecked] });
    const placed = createEnvelope(OrderPlaced, {
      tenantId: 'acme',
      data: { customerId: 'c1', note: 'ü "quoted" \\ {} \u0000 😀 , null' },
    });
    const checked = createEnvelope(SystemChecked, { tenantId: 'acme', data: {} });

    await outbox.enqueue(pool, [placed]);
    await outbox.enqueue(pool, [checked, createEnvelope(OrderPlaced, { tenantId: 'b', data: placed.data })]);
    await createOutboxProcessor({ pool, publisher: broker }).processPendingEvents();

    expect(broker.accepted.find(({ eventId }) => eventId === placed.eventId)).toMatchObject({
      eventType: 'OrderPlaced',
      eventVersion: '1.0',
      source: 'orders',
      tenantId: 'acme',
      orderingKey: 'acme#c1',
      priority: 'high',
      body: JSON.stringify(placed),
    });
    expect(broker.accepted.find(({ eventId }) => eventId === checked.eventId)).toMatchObject({
      orderingKey: 'acme',
      priority: 'normal',
    });
    expect(broker.accepted.map(({ body }) => JSON.parse(body) as unknown)).toHaveLength(3);
  });

  test('D11 many events are one statement, numbered in the order given', async () => {
    const { pool } = database();
    const messages = messagesOfKeys(3, 400);
    const statements: string[] = [];

    await enqueue(
      {
        query: (text, values) => {
          statements.push(text);
          expect(values.flat().every((value) => typeof value === 'string')).toBe(true);
          return pool.query(text, [...values]);
        },
      },
      messages,
    );

    expect(statements).toHaveLength(1);
    const { rows } = await pool.query<{ id: string }>('select id from event_outbox order by sequence');
    expect(rows.map(({ id }) => id)).toEqual(messages.map(({ eventId }) => eventId));
  });

  test('D11 what can never be published is refused to the writer', async () => {
    const { pool } = database();
    const outbox = createOutbox({ contracts: [OrderPlaced] });
    const checked = createEnvelope(SystemChecked, { tenantId: 'acme', data: {} });

    await expect(outbox.enqueue(pool, [checked])).rejects.toMatchObject({
      code: 'WAYBILL_OUTBOX_EVENT_NOT_DECLARED',
      message: expect.stringContaining(
        'SystemChecked is not among the contracts of this outbox (OrderPlaced)',
      ),
    });
    await expect(enqueue(pool, [message({ body: `"${'é'.repeat(524_288)}"` })])).rejects.toMatchObject({
      code: 'WAYBILL_OUTBOX_EVENT_TOO_LARGE',
      message: expect.stringContaining('1048578 bytes; at most 1048576'),
    });
    await expect(enqueue(pool, [message({ body: '{"eventId":' })])).rejects.toThrow(
      'invalid input syntax for type json',
    );
    expect((await pool.query('select 1 from event_outbox')).rowCount).toBe(0);
  });

  test('D11 transactions that write events of one key commit in the order of their events', async () => {
    const { pool } = database();
    const [first, second] = [message({ orderingKey: 'acme#k' }), message({ orderingKey: 'acme#k' })];
    const other = message({ orderingKey: 'acme#other' });
    const written: string[] = [];
    let secondDone: Promise<void> = Promise.resolve();

    await inTransaction(pool, async (tx) => {
      await enqueue(tx, [first]);
      secondDone = inTransaction(pool, async (tx2) => {
        await enqueue(tx2, [second]);
        // It may go on only when the first is committed: then everybody sees the first event.
        const { rowCount } = await pool.query('select 1 from event_outbox where id = $1', [first.eventId]);
        written.push(rowCount === 1 ? 'second, after the first was committed' : 'second, too early');
      });
      // Another key is not held up, although it is written later.
      await inTransaction(pool, (tx3) => enqueue(tx3, [other]));
      written.push('other');
      await new Promise((resolve) => setTimeout(resolve, 50));
    });
    await secondDone;

    expect(written).toEqual(['other', 'second, after the first was committed']);
  });

  test("D11 nudges that come together become two, and a failing one is not the writer's problem", async () => {
    let release = (): void => undefined;
    let calls = 0;
    const outbox = createOutbox({
      contracts: [],
      nudge: async () => {
        calls++;
        await new Promise<void>((resolve) => (release = resolve));
        throw new Error('queue gone');
      },
    });

    const nudges = [outbox.nudge(), outbox.nudge(), outbox.nudge(), outbox.nudge()];
    release();
    await nudges[0];
    await new Promise((resolve) => setImmediate(resolve));
    release();
    await Promise.all(nudges);

    expect(calls).toBe(2);
  });
});
