import { afterEach, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';

import {
  createOutboxProcessor,
  outboxMetrics,
  releaseQuarantined,
} from '../../../../lambda/runtime/outbox/index.ts';
import { useDatabase } from '../../../support/postgres.ts';
import { Broker, message, statuses, write } from './support.ts';

const database = useDatabase();
afterEach(async () => {
  await database().pool.query('truncate event_outbox');
});

async function lastErrors(): Promise<(string | null)[]> {
  const { rows } = await database().pool.query<{ last_error: string | null }>(
    "select last_error from event_outbox where status = 'QUARANTINED' order by sequence",
  );
  return rows.map(({ last_error }) => last_error);
}

describe('D11 quarantine', () => {
  test('D11 an unreadable row is set aside with its reason; its neighbours and later events of its key flow', async () => {
    const { pool } = database();
    const broker = new Broker();
    const key = { orderingKey: 'acme#a' };
    const good = [message(key), message(), message(key)];
    const otherId = message({ ...key, body: message().body });
    const otherTenant = message();
    await write(pool, [
      good[0]!,
      message({ ...key, body: '[1, 2]' }),
      message({ ...key, body: '{"hello": "world"}' }),
      otherId,
      { ...otherTenant, tenantId: 'evil', body: `{ ${otherTenant.body.slice(1)}` },
      ...good.slice(1),
    ]);
    await pool.query(
      `insert into event_outbox (id, tenant_id, event_type, event_version, source, ordering_key, event_data)
       values ($1, 'acme', 'OrderPlaced', '1.0', 'orders', 'acme', json_build_object('big', repeat('x', 1048576)))`,
      [randomUUID()],
    );

    const result = await createOutboxProcessor({ pool, publisher: broker }).processPendingEvents();

    expect(result).toMatchObject({ published: 3, quarantined: 5, retried: 0 });
    expect(new Set(broker.eventIds)).toEqual(new Set(good.map(({ eventId }) => eventId)));
    expect(await lastErrors()).toEqual([
      'EVENT_UNREADABLE: the message body is JSON but not an object',
      expect.stringContaining('EVENT_UNREADABLE: eventId must be a UUID; eventType must be'),
      "EVENT_MISMATCHED: eventId in event_data is not the one in the row's own column",
      "EVENT_MISMATCHED: tenantId in event_data is not the one in the row's own column",
      'EVENT_TOO_LARGE: 1048588 bytes, at most 1048576 can be sent',
    ]);
  });

  test('D11 a row that another program wrote, with the same fields in another form, is published as it is', async () => {
    const { pool } = database();
    const broker = new Broker();
    const plain = message();
    const spaced = JSON.stringify(JSON.parse(plain.body), null, 2);
    await write(pool, [{ ...plain, body: spaced }]);

    await createOutboxProcessor({ pool, publisher: broker }).processPendingEvents();

    expect(broker.accepted.map(({ body }) => body)).toEqual([spaced]);
  });

  test('D11 what the broker refuses for good is set aside and can be released', async () => {
    const { pool } = database();
    const broker = new Broker();
    const [bad, good] = [message({ orderingKey: 'acme#a' }), message({ orderingKey: 'acme#a' })];
    let repaired = false;
    broker.judge = ({ eventId }) =>
      eventId === bad.eventId && !repaired
        ? { code: 'InvalidParameter', message: 'no such attribute', retryable: false }
        : undefined;
    await write(pool, [bad, good]);
    const processor = createOutboxProcessor({ pool, publisher: broker });

    expect(await processor.processPendingEvents()).toMatchObject({ published: 1, quarantined: 1 });
    expect(await lastErrors()).toEqual(['InvalidParameter: no such attribute']);
    expect(await outboxMetrics(pool)).toMatchObject({ backlog: 0, quarantined: 1 });

    repaired = true;
    expect(await releaseQuarantined(pool, { eventType: 'OrderShipped' })).toBe(0);
    expect(await releaseQuarantined(pool, { eventIds: [good.eventId] })).toBe(0);
    expect(await releaseQuarantined(pool, { eventIds: [bad.eventId.toUpperCase()] })).toBe(1);
    expect(await processor.processPendingEvents()).toMatchObject({ published: 1, quarantined: 0 });
    expect(broker.eventIds).toEqual([good.eventId, bad.eventId]);
    expect(await statuses(pool)).toEqual({ PUBLISHED: 2 });
  });
});
