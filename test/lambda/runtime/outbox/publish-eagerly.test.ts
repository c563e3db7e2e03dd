import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { createOutboxProcessor, publishEagerly } from '../../../../lambda/runtime/outbox/index.ts';
import { useDatabase } from '../../../support/postgres.ts';
import { Broker, message, statuses, write } from './support.ts';

const database = useDatabase();
let pool: Pool;
let broker: Broker;
beforeEach(async () => {
  pool = database().pool;
  broker = new Broker();
  await pool.query('truncate event_outbox');
});

const eagerly = (events: readonly { readonly eventId: string }[], timeoutMilliseconds?: number) =>
  publishEagerly(
    {
      database: { query: (text, values) => pool.query(text, [...values]) },
      publisher: broker,
      ...(timeoutMilliseconds !== undefined && { timeoutMilliseconds }),
    },
    events.map(({ eventId }) => eventId),
  );
const relay = () => createOutboxProcessor({ pool, publisher: broker });

async function untilClaimed(eventId: string): Promise<void> {
  for (;;) {
    const { rowCount } = await pool.query(
      'select 1 from event_outbox where id = $1 and next_attempt_at > clock_timestamp()',
      [eventId],
    );
    if (rowCount === 1) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('eager publishing', () => {
  test('sends what is in the outbox as it stands there, and the relay does not send it again', async () => {
    const urgent = message({ priority: 'high', orderingKey: 'acme#7' });
    const other = message();
    await write(pool, [other, urgent]);

    expect(await eagerly([urgent])).toBe(1);

    expect(broker.accepted).toEqual([urgent]);
    await relay().processPendingEvents();
    expect(broker.eventIds).toEqual([urgent.eventId, other.eventId]);
    expect(await statuses(pool)).toEqual({ PUBLISHED: 2 });
  });

  test('what the broker refuses stays pending, and the relay sends it', async () => {
    const [taken, refused] = [message(), message()];
    await write(pool, [taken, refused]);
    broker.judge = ({ eventId }) => (eventId === refused.eventId ? {} : undefined);

    expect(await eagerly([taken, refused])).toBe(1);
    expect(await statuses(pool)).toEqual({ PENDING: 1, PUBLISHED: 1 });

    broker.judge = () => undefined;
    await relay().processPendingEvents();
    expect(broker.eventIds).toEqual([taken.eventId, refused.eventId]);
  });

  test('a broker that throws, or a database that is gone, is no failure of the writer', async () => {
    const urgent = message();
    await write(pool, [urgent]);
    broker.before = () => {
      throw new Error('no network');
    };

    expect(await eagerly([urgent])).toBe(0);
    const gone = { query: () => Promise.reject(new Error('gone')) };
    expect(await publishEagerly({ database: gone, publisher: broker }, [urgent.eventId])).toBe(0);

    expect(await statuses(pool)).toEqual({ PENDING: 1 });
  });

  test('a broker that does not answer is not waited for', async () => {
    const urgent = message();
    await write(pool, [urgent]);
    const answer = Promise.withResolvers<void>();
    broker.before = () => answer.promise;

    expect(await eagerly([urgent], 10)).toBe(0);
    expect(await statuses(pool)).toEqual({ PENDING: 1 });
    answer.resolve();
  });

  test('a relay leaves alone what its writer is sending, and nothing else', async () => {
    const [urgent, other] = [message(), message()];
    await write(pool, [urgent, other]);
    const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    broker.before = () => {
      asked.resolve();
      return answer.promise;
    };
    // A machine that is busy must not let the claim pass.
    const sending = eagerly([urgent], 120_000);
    await asked.promise;
    await untilClaimed(urgent.eventId);

    const relayed = new Broker();
    await createOutboxProcessor({ pool, publisher: relayed }).processPendingEvents();
    expect(relayed.eventIds).toEqual([other.eventId]);

    answer.resolve();
    expect(await sending).toBe(1);
    expect(await statuses(pool)).toEqual({ PUBLISHED: 2 });
  });

  test('what its writer has left behind is published by the relay', async () => {
    const urgent = message();
    await write(pool, [urgent]);
    await pool.query(
      `update event_outbox set next_attempt_at = clock_timestamp() - interval '1 millisecond'`,
    );

    await relay().processPendingEvents();

    expect(broker.eventIds).toEqual([urgent.eventId]);
  });

  test('what a relay has published meanwhile is neither sent nor marked again', async () => {
    const urgent = message();
    await write(pool, [urgent]);
    await relay().processPendingEvents();
    const before = await pool.query('select * from event_outbox');

    expect(await eagerly([urgent])).toBe(0);

    expect(broker.eventIds).toEqual([urgent.eventId]);
    expect((await pool.query('select * from event_outbox')).rows).toEqual(before.rows);
  });

  test('when relay and writer send at once, both marks agree and nothing is lost', async () => {
    const events = Array.from({ length: 50 }, () => message());
    await write(pool, events);

    await Promise.all([eagerly(events), relay().processPendingEvents()]);
    await relay().processPendingEvents();

    expect(new Set(broker.eventIds)).toEqual(new Set(events.map(({ eventId }) => eventId)));
    expect(await statuses(pool)).toEqual({ PUBLISHED: 50 });
  });
});
