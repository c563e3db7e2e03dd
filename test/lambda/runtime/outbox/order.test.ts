import { afterEach, describe, expect, test } from '@jest/globals';

import { createOutboxProcessor } from '../../../../lambda/runtime/outbox/index.ts';
import { useDatabase } from '../../../support/postgres.ts';
import {
  Broker,
  checkHistory,
  message,
  messagesOfKeys,
  NO_WAIT,
  randomFrom,
  statuses,
  write,
} from './support.ts';

const database = useDatabase({ connections: 20 });
afterEach(async () => {
  await database().pool.query('truncate event_outbox');
});

describe('D11 order per key', () => {
  test.each([0, 3600])(
    'D11 several relays, a broker that fails at random: order per key holds, nothing is lost (retention %i)',
    async (retentionSeconds) => {
      const { pool } = database();
      const random = randomFrom(42);
      const broker = new Broker();
      broker.before = () => new Promise((resolve) => setTimeout(resolve, random() * 3));
      broker.judge = () => {
        const dice = random();
        if (dice < 0.02) throw new Error('connection reset');
        return dice < 0.1 ? {} : undefined;
      };
      const written = messagesOfKeys(40, 30);
      const stop = new AbortController();
      const relays = [1, 2, 3].map(() =>
        createOutboxProcessor({
          pool,
          publisher: broker,
          batchSize: 7,
          inFlight: 3,
          leaseMilliseconds: 600,
          retentionSeconds,
          pollMilliseconds: 20,
          random: NO_WAIT,
        }),
      );

      const running = relays.map((relay) => relay.run({ signal: stop.signal }));
      for (let at = 0; at < written.length; at += 60) {
        await write(pool, written.slice(at, at + 60));
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
      while ((await statuses(pool))['PENDING']) await new Promise((resolve) => setTimeout(resolve, 20));
      stop.abort();
      const results = await Promise.all(running);

      checkHistory(written, broker.accepted);
      expect(results.reduce((sum, { published }) => sum + published, 0)).toBe(written.length);
      // Each relay had its share of the lanes.
      expect(results.every(({ published, lanes }) => published > 0 && lanes > 0)).toBe(true);
      expect(await statuses(pool)).toEqual(retentionSeconds > 0 ? { PUBLISHED: written.length } : {});
    },
  );

  test('D11 a failed event holds back its key and only its key', async () => {
    const { pool } = database();
    const broker = new Broker();
    const [a1, a2, a3] = [1, 2, 3].map(() => message({ orderingKey: 'acme#a' }));
    const [b1, b2] = [1, 2].map(() => message({ orderingKey: 'acme#b' }));
    const [free1, free2] = [message(), message()];
    let failing = true;
    broker.judge = ({ eventId }) =>
      failing && (eventId === a1!.eventId || eventId === free1.eventId) ? {} : undefined;
    await write(pool, [a1!, a2!, b1!, a3!, free1, free2, b2!]);
    // Retries are due in minutes, so that this call leaves them to the next.
    const processor = createOutboxProcessor({ pool, publisher: broker, random: () => 1_000 });

    const first = await processor.processPendingEvents();

    // free2 has no ordering key: it does not wait for another event of its tenant.
    expect(new Set(broker.eventIds)).toEqual(new Set([b1!.eventId, free2.eventId, b2!.eventId]));
    expect(first).toMatchObject({ published: 3, retried: 2 });
    const { rows } = await pool.query<object>(
      `select retry_count, last_error, next_attempt_at > now() as later from event_outbox
       where status = 'PENDING' and retry_count > 0`,
    );
    expect(rows).toEqual([
      { retry_count: 1, last_error: 'Throttled: slow down', later: expect.any(Boolean) },
      { retry_count: 1, last_error: 'Throttled: slow down', later: expect.any(Boolean) },
    ]);

    failing = false;
    await pool.query(
      "update event_outbox set next_attempt_at = now() + interval '100 milliseconds' where retry_count > 0",
    );
    // Another relay, which learns from the table alone that the key waits.
    const second = createOutboxProcessor({ pool, publisher: broker });
    expect(await second.processPendingEvents()).toMatchObject({ published: 4, retried: 0 });

    expect(broker.eventIds.filter((id) => [a1, a2, a3].some((one) => one!.eventId === id))).toEqual([
      a1!.eventId,
      a2!.eventId,
      a3!.eventId,
    ]);
  });

  test('D11 a relay that takes lanes over knows which keys wait for a retry', async () => {
    const { pool } = database();
    const broker = new Broker();
    const [head, behind, other] = ['a', 'a', 'b'].map((key) => message({ orderingKey: `acme#${key}` }));
    await write(pool, [head!, behind!, other!]);
    await pool.query(
      "update event_outbox set retry_count = 3, next_attempt_at = now() + interval '1 hour' where id = $1",
      [head!.eventId],
    );

    expect(await createOutboxProcessor({ pool, publisher: broker }).processPendingEvents()).toMatchObject({
      published: 1,
      retried: 0,
    });

    expect(broker.eventIds).toEqual([other!.eventId]);
  });

  test('D11 events of one key are never in two calls at the same time', async () => {
    const { pool } = database();
    const broker = new Broker();
    const underWay = new Set<string>();
    broker.before = async (messages) => {
      const keys = messages.map(({ orderingKey }) => orderingKey);
      expect(new Set(keys).size).toBe(keys.length);
      for (const key of keys) expect(underWay.has(key)).toBe(false);
      for (const key of keys) underWay.add(key);
      await new Promise((resolve) => setTimeout(resolve, 1));
      for (const key of keys) underWay.delete(key);
    };
    const written = messagesOfKeys(5, 60);
    await write(pool, written);

    const result = await createOutboxProcessor({
      pool,
      publisher: broker,
      batchSize: 2,
    }).processPendingEvents();

    expect(result).toMatchObject({ published: 300, retried: 0 });
    expect(checkHistory(written, broker.accepted)).toBe(0);
  });

  test('D11 a key with a long backlog does not crowd out the others', async () => {
    const { pool } = database();
    const broker = new Broker();
    broker.before = () => new Promise((resolve) => setTimeout(resolve, 1));
    const busy = Array.from({ length: 600 }, () => message({ orderingKey: 'acme#busy' }));
    const quiet = messagesOfKeys(10, 1);
    const written = [...busy, ...quiet];
    await write(pool, written);

    await createOutboxProcessor({
      pool,
      publisher: broker,
      batchSize: 20,
      inFlight: 2,
    }).processPendingEvents();

    expect(checkHistory(written, broker.accepted)).toBe(0);
    const lastQuiet = Math.max(...quiet.map(({ eventId }) => broker.eventIds.indexOf(eventId)));
    expect(lastQuiet).toBeLessThan(300);
  });

  test('D11 a broker that takes nothing is not stormed, and everything goes through when it is back', async () => {
    const { pool } = database();
    const broker = new Broker();
    let down = true;
    const tried = new Set<string>();
    broker.judge = ({ eventId }) => {
      tried.add(eventId);
      return down ? {} : undefined;
    };
    const written = messagesOfKeys(5_000, 1);
    await write(pool, written);
    const processor = createOutboxProcessor({ pool, publisher: broker, random: () => 0.05 });

    const outage = await processor.processPendingEvents({ deadline: Date.now() + 500 });
    expect(outage.published).toBe(0);
    expect(tried.size).toBeLessThan(2_500);

    down = false;
    while ((await statuses(pool))['PENDING']) await processor.processPendingEvents();
    expect(checkHistory(written, broker.accepted)).toBe(0);
  });
});
