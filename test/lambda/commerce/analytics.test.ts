/** The counts and the ledger agree to the unit, whatever the streams give twice. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { CartUpdated, ProductViewed } from '../../../catalog/commerce/index.ts';
import type { OrderOutcomeRecorded } from '../../../catalog/commerce/index.ts';
import { addToWindow, countWindow } from '../../../lambda/commerce/analytics/count-activity.ts';
import type { AnalyticsEvent, WindowCounts } from '../../../lambda/commerce/analytics/count-activity.ts';
import { factStore, storeFacts } from '../../../lambda/commerce/analytics/store-fact.ts';
import { notifyCustomer } from '../../../lambda/commerce/notifications/notification-worker.ts';
import { createEnvelope } from '../../../lib/contracts/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import { anOrder, CONTEXT, useCommerce } from './commerce-under-test.ts';
import type { CommerceUnderTest } from './commerce-under-test.ts';

const commerce = useCommerce();
let system: CommerceUnderTest;
beforeEach(() => {
  system = commerce();
});

const START = new Date('2026-03-01T10:00:00.000Z');
const WINDOW = { shardId: 'shardId-000', start: START, end: new Date(START.getTime() + 10_000) };

const viewed = (at: Date = START) =>
  createEnvelope(ProductViewed, {
    tenantId: 'tenant-1',
    data: ProductViewed.examples[0]!,
    timestamp: at,
  }) as AnalyticsEvent;
/** Through JSON, as Lambda carries a window's state. */
const windowOf = (events: readonly AnalyticsEvent[]): WindowCounts =>
  events.reduce<WindowCounts>(
    (counts, event) => JSON.parse(JSON.stringify(addToWindow(counts, event))) as WindowCounts,
    {},
  );
const counts = () =>
  system.rows('select kind, detail, minute, quantity from activity_count order by kind, minute');

describe('activity-analytics', () => {
  test('counts by kind and by the minute of the event', async () => {
    const late = new Date(START.getTime() + 59_999);
    const next = new Date(START.getTime() + 60_000);
    const cart = createEnvelope(CartUpdated, {
      tenantId: 'tenant-1',
      data: CartUpdated.examples[0]!,
      timestamp: START,
    }) as AnalyticsEvent;

    await countWindow(system.service, windowOf([viewed(), viewed(late), viewed(next), cart]), WINDOW);

    expect(await counts()).toEqual([
      { kind: 'CartUpdated', detail: '', minute: START, quantity: '1' },
      { kind: 'ProductViewed', detail: '', minute: START, quantity: '2' },
      { kind: 'ProductViewed', detail: '', minute: next, quantity: '1' },
    ]);
    expect(await system.rows('select kind, quantity from activity_window order by kind')).toEqual([
      { kind: 'CartUpdated', quantity: '1' },
      { kind: 'ProductViewed', quantity: '3' },
    ]);
  });

  test('an event that comes twice, in one window, in two, or in a window ended again, counts once', async () => {
    const [one, two] = [viewed(), viewed()];
    const first = windowOf([one, two, one]);

    await countWindow(system.service, first, WINDOW);
    await countWindow(system.service, first, WINDOW);
    await Promise.all([
      countWindow(system.service, windowOf([two, viewed()]), { ...WINDOW, shardId: 'shardId-001' }),
      countWindow(system.service, windowOf([one]), WINDOW),
    ]);

    expect(await counts()).toEqual([{ kind: 'ProductViewed', detail: '', minute: START, quantity: '3' }]);
    expect(
      await system.rows(`select count(*) from consumer_effect where consumer = 'activity-analytics'`),
    ).toEqual([{ count: '3' }]);
    expect(await system.rows('select sum(quantity) from activity_window')).toEqual([{ sum: '3' }]);
  });

  test('a window that can not be written is counted when it is ended again', async () => {
    const state = windowOf([viewed()]);
    const { service } = system;
    const transaction = service.database.transaction.bind(service.database);
    const broken = {
      ...service,
      database: {
        ...service.database,
        transaction: <Result>(work: Parameters<typeof transaction<Result>>[0]) =>
          transaction<Result>(async (tx) => {
            await work(tx);
            throw new Error('gone before the commit');
          }),
      },
    };

    await expect(countWindow(broken, state, WINDOW)).rejects.toThrow('gone before the commit');
    await countWindow(service, state, WINDOW);

    expect(await counts()).toHaveLength(1);
  });
});

test('both counts of how orders ended agree with the ledger, with every event delivered twice', async () => {
  for (const reason of ['PAYMENT_DECLINED', 'STOCK_SHORTAGE', 'States.Timeout']) {
    const order = await anOrder(system);
    const worker = { service: system.service, callbacks: system.callbacks };
    const cancel = () => notifyCustomer(worker, order.command('NotifyCancelled', { reason }), CONTEXT);
    await cancel();
    await cancel();
  }
  const outcomes = await system.written<EnvelopeOf<typeof OrderOutcomeRecorded>>('OrderOutcomeRecorded');

  await storeFacts(system.service, [...outcomes, ...outcomes]);
  await storeFacts(system.service, outcomes);
  await countWindow(system.service, windowOf([...outcomes, ...outcomes]), WINDOW);
  await countWindow(system.service, windowOf(outcomes), WINDOW);

  const number = async (sql: string) => Number((await system.rows<{ n: string }>(sql))[0]?.n);
  const ledger = await number('select count(*) as n from order_outcome');
  expect(ledger).toBe(3);
  expect(await number(`select count(*) as n from analytics_fact where kind = 'OrderOutcomeRecorded'`)).toBe(
    ledger,
  );
  expect(
    await number(
      `select sum(quantity) as n from activity_count where kind = 'OrderOutcomeRecorded' and detail = 'CANCELLED'`,
    ),
  ).toBe(ledger);
});

describe('analytics-sink', () => {
  const stored = async () =>
    (await system.rows<{ n: string }>('select count(*) as n from analytics_fact'))[0]!.n;

  test('what comes at the same moment is one transaction, and each event is stored once', async () => {
    let transactions = 0;
    const { database } = system.service;
    const store = factStore(async () => ({
      ...system.service,
      database: {
        query: (text, values) => database.query(text, values),
        transaction: (work) => {
          transactions += 1;
          return database.transaction(work);
        },
      },
    }));
    const events = Array.from({ length: 200 }, () => viewed());

    await Promise.all([...events, ...events.slice(0, 50)].map((event) => store(event)));
    expect([transactions, await stored()]).toEqual([1, '200']);
    await Promise.all(events.map((event) => store(event)));
    expect([transactions, await stored()]).toEqual([2, '200']);
    expect((await system.rows(`select * from effect where consumer = 'analytics-sink'`)).length).toBe(200);
  });

  test('an event that can not be stored fails alone', async () => {
    const store = factStore(async () => system.service);
    const good = Array.from({ length: 5 }, () => viewed());
    const bad = { ...viewed(), timestamp: 'no time' } as AnalyticsEvent;

    const results = await Promise.allSettled([...good, bad].map((event) => store(event)));

    expect(results.map(({ status }) => status)).toEqual([...good.map(() => 'fulfilled'), 'rejected']);
    expect(await stored()).toBe('5');
  });
});
