import { afterEach, describe, expect, test } from '@jest/globals';

import {
  createOutboxProcessor,
  outboxMetrics,
  purgePublished,
} from '../../../../lambda/runtime/outbox/index.ts';
import { useDatabase } from '../../../support/postgres.ts';
import { Broker, message, messagesOfKeys, statuses, write } from './support.ts';

const database = useDatabase();
afterEach(async () => {
  await database().pool.query('truncate event_outbox');
});

describe('D11 retention and metrics', () => {
  test('D11 published rows are kept as long as told, and purged by the relay; others never', async () => {
    const { pool } = database();
    const broker = new Broker();
    await write(pool, messagesOfKeys(5, 1));
    await createOutboxProcessor({ pool, publisher: broker, retentionSeconds: 3600 }).processPendingEvents();
    expect(await statuses(pool)).toEqual({ PUBLISHED: 5 });
    await pool.query(
      "update event_outbox set published_at = now() - interval '2 hours' where ordering_key <> 'acme#0'",
    );
    broker.judge = () => ({ retryable: false });
    await write(pool, [message()]);

    await createOutboxProcessor({ pool, publisher: broker, retentionSeconds: 3600 }).processPendingEvents();

    expect(await statuses(pool)).toEqual({ PUBLISHED: 1, QUARANTINED: 1 });
  });

  test('D11 a large purge is many small deletes', async () => {
    const { pool } = database();
    await write(pool, messagesOfKeys(2_500, 1));
    await pool.query(
      "update event_outbox set status = 'PUBLISHED', published_at = now() - interval '2 days'",
    );

    expect(await purgePublished(pool, 86_400)).toBe(2_500);
  });

  test('D11 metrics: backlog, age of the oldest, attempts, quarantined', async () => {
    const { pool } = database();
    const broker = new Broker();
    await write(pool, [message({ orderingKey: 'acme#a' }), message({ orderingKey: 'acme#a' }), message()]);
    await pool.query(
      "update event_outbox set created_at = now() - interval '90 seconds' where ordering_key = 'acme#a'",
    );
    broker.judge = ({ orderingKey }) => (orderingKey === 'acme' ? { retryable: false } : {});

    await createOutboxProcessor({ pool, publisher: broker, random: () => 1_000 }).processPendingEvents();

    const metrics = await outboxMetrics(pool);
    expect(metrics).toMatchObject({ backlog: 2, retrying: 1, quarantined: 1, relays: 0 });
    expect(metrics.mostAttempts).toBeGreaterThanOrEqual(1);
    expect(metrics.oldestUnpublishedAgeSeconds).toBeGreaterThanOrEqual(90);
    expect(metrics.oldestUnpublishedAgeSeconds).toBeLessThan(90 + 3_600);
  });

  test('D11 a statement that always fails is reported, not tried for ever', async () => {
    const { pool } = database();
    await write(pool, [message()]);
    const forbidden = {
      query: (config: { text: string }) =>
        config.text.includes('delete from event_outbox o')
          ? Promise.reject(new Error('permission denied for table event_outbox'))
          : pool.query(config),
    } as unknown as typeof pool;

    const result = createOutboxProcessor({
      pool: forbidden,
      publisher: new Broker(),
      retentionSeconds: 0,
      random: () => 0,
    }).processPendingEvents();

    await expect(result).rejects.toThrow('permission denied');
    expect(await statuses(pool)).toEqual({ PENDING: 1 });
  });

  test('D11 wrong options and missing tables are told with what to do', async () => {
    const { pool } = database();
    expect(() => createOutboxProcessor({ pool, publisher: new Broker(), batchSize: 0 })).toThrow(
      'batchSize must be a whole number of at least 1, received 0',
    );
    await pool.query('alter table event_outbox_relay rename to elsewhere');
    await expect(
      createOutboxProcessor({ pool, publisher: new Broker() }).processPendingEvents(),
    ).rejects.toMatchObject({
      code: 'WAYBILL_OUTBOX_NOT_MIGRATED',
    });
    await pool.query('alter table elsewhere rename to event_outbox_relay');
  });
});
