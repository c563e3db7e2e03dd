/** The commerce system, end to end: from its synthesized templates, in the embedded AWS, on a real PostgreSQL. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { consumersOfRun } from '../../local/run/consumers.ts';
import { deadLettersOf } from '../../local/run/dead-letters.ts';
import { startLocalRun } from '../../local/run/local-run.ts';
import type { LocalRun } from '../../local/run/local-run.ts';
import { waitForQuiet } from '../../local/run/quiet.ts';
import { commerceSystem } from '../../local/run/systems/commerce.ts';
import {
  COMMERCE_SCHEMA,
  createCommerceWorkload,
  measureCommerce,
  measureSagas,
} from '../../local/workload/commerce/index.ts';
import type { CommerceWorkload } from '../../local/workload/commerce/index.ts';
import type { CommerceMeasure } from '../../local/workload/commerce/measure.ts';
import type { SagaMeasure } from '../../local/workload/commerce/saga.ts';
import { orderFailures } from '../../local/workload/commerce/ledger.ts';

const ORDERS = 40;
const START_TIMEOUT_MS = 240_000;
const QUIET_TIMEOUT_MS = 900_000;
const MIX = {
  'payment-declined': 0.1,
  'fraud-suspected': 0.05,
  'stock-shortage': 0.1,
  'shipping-refused': 0.05,
};

let run: LocalRun;
let workload: CommerceWorkload;
let measured: CommerceMeasure;
let saga: SagaMeasure;
let waitingFor: readonly string[];

beforeAll(async () => {
  run = await startLocalRun({
    directory: process.cwd(),
    environment: 'local',
    systems: ['commerce'],
    port: 0,
    seed: 1,
  });
  workload = await createCommerceWorkload({
    apiUrl: () => run.apiUrl,
    tokenSecret: () => run.secretValue('Token'),
    seed: 1,
    customers: 10,
    mix: MIX,
  });
  await workload.run({ orders: ORDERS });
  ({ waitingFor } = await waitForQuiet(run, consumersOfRun(run), {
    timeoutMs: QUIET_TIMEOUT_MS,
    activity: () => commerceSystem.activity(run),
  }));
  measured = await measureCommerce(run.database, run.topology);
  saga = measureSagas([run.aws.context]);
}, START_TIMEOUT_MS + QUIET_TIMEOUT_MS);
afterAll(() => run?.stop(), START_TIMEOUT_MS);

async function rows<Row>(text: string): Promise<Row[]> {
  return (await run.database.query(text)).rows as Row[];
}

test('everything comes to rest', () => {
  expect(waitingFor).toEqual([]);
  expect(workload.unexpected()).toEqual({});
});

describe('orders', () => {
  test('end paid and shipped, or fully compensated, each for the reason that was provoked', () => {
    expect(measured.ledger.totals).toMatchObject({
      placed: ORDERS,
      confirmed: 28,
      shipped: 28,
      cancelled: { PAYMENT_DECLINED: 4, FRAUD_SUSPECTED: 2, STOCK_SHORTAGE: 4, SHIPPING_REFUSED: 2 },
    });
    expect([...measured.ledger.orders.values()].flatMap(orderFailures)).toEqual([]);
  });

  test('agree with the books of every service, to the unit', () => {
    expect(measured.bookFailures).toEqual([]);
  });

  test('have one saga each, which undoes in reverse order what was done', () => {
    expect(saga).toMatchObject({ executions: { succeeded: ORDERS }, ended: ORDERS });
    expect(saga.steps).toMatchObject({
      ReservePayment: { run: ORDERS, failed: 4 },
      ScreenOrder: { run: 36, failed: 2 },
      ReserveInventory: { run: 34, failed: 4 },
      ArrangeShipping: { run: 30, failed: 2 },
      CapturePayment: { run: 28, failed: 0 },
      RefundPayment: { run: 12 },
      ReleaseInventory: { run: 6 },
      CancelShipping: { run: 2 },
      NotifyFulfilled: { run: 28 },
      NotifyCancelled: { run: 12 },
    });
  });

  test('are told in order per customer: placed first, ended last', async () => {
    const first = await rows<{ first: string; last: string }>(
      `select (array_agg(event_type order by position))[1] as first,
              (array_agg(event_type order by position desc))[1] as last
         from ${COMMERCE_SCHEMA}.order_history group by order_id`,
    );

    expect(new Set(first.map((order) => order.first))).toEqual(new Set(['OrderPlaced']));
    expect([...new Set(first.map((order) => order.last))].sort()).toEqual(['OrderCancelled', 'OrderShipped']);
  });
});

describe('consumers', () => {
  test('handle every event that their filters let through, once, in order where order is promised', () => {
    expect(measured.measured).toMatchObject({ waiting: 0, quarantined: 0 });
    for (const [name, consumer] of Object.entries(measured.measured.consumers)) {
      expect({ name, ...consumer }).toMatchObject({
        name,
        handled: consumer.expected,
        missing: [],
        duplicates: 0,
        uninvited: 0,
      });
      if (consumer.fifo)
        expect({ name, violations: consumer.orderViolations }).toEqual({ name, violations: 0 });
    }
  });

  test('the streams count what the ledger has, to the unit', () => {
    for (const { counted, written } of measured.analytics) expect(counted).toBe(written);
  });

  test('each customer is told once, by the channel of choice', async () => {
    const told = await rows<{ channel: string; count: string }>(
      `select channel, count(*) from ${COMMERCE_SCHEMA}.notification_delivery group by channel`,
    );

    expect(told.reduce((sum, { count }) => sum + Number(count), 0)).toBe(ORDERS);
    expect(told.map(({ channel }) => channel).sort()).toEqual(['email', 'sms', 'webhook']);
  });

  test('what cannot wait is answered: declined payments and stolen cards', async () => {
    const cases = await rows<{ kind: string; count: string }>(
      `select kind, count(*) from ${COMMERCE_SCHEMA}.priority_case group by kind order by kind`,
    );

    expect(cases).toEqual([
      { kind: 'fraud-hold', count: '2' },
      { kind: 'payment-follow-up', count: '4' },
    ]);
  });
});

test('nothing is dead-lettered, and no policy denies anything', () => {
  expect(deadLettersOf(run.aws.context, consumersOfRun(run))).toEqual([]);
  expect(run.denials()).toEqual([]);
});

describe('the API', () => {
  test.each([
    ['without a token', {}, 401],
    ['with a token that nobody signed', { authorization: 'Bearer a.b.c' }, 403],
  ])('%s is closed', async (_case, headers, status) => {
    const response = await fetch(`${run.apiUrl}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{}',
    });

    expect(response.status).toBe(status);
  });
});
