/** The workers of the saga: every step and its compensation, repeated, late, half run, and out of order. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { workOnInventory } from '../../../lambda/commerce/inventory/inventory-worker.ts';
import { screenOrder } from '../../../lambda/commerce/fraud/screen-order.ts';
import { notifyCustomer } from '../../../lambda/commerce/notifications/notification-worker.ts';
import { rebuildOrder } from '../../../lambda/commerce/orders/event-store.ts';
import { workOnPayment } from '../../../lambda/commerce/payments/payment-worker.ts';
import {
  PaymentProviderUnavailable,
  simulatedPaymentProvider,
} from '../../../lambda/commerce/payments/provider.ts';
import type { PaymentProvider } from '../../../lambda/commerce/payments/provider.ts';
import { eraseCustomer } from '../../../lambda/commerce/customers/customers.ts';
import { workOnShipping } from '../../../lambda/commerce/shipping/shipping-worker.ts';
import { sagaInputOf } from '../../../lambda/commerce/saga/saga-input.ts';
import { startSaga } from '../../../lambda/commerce/saga/start-saga.ts';
import { orderSagaSteps } from '../../../catalog/commerce/index.ts';
import type { OrderOutcomeRecorded, OrderSagaStep } from '../../../catalog/commerce/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import { decode } from '../../../lib/contracts/index.ts';
import { anOrder, CALLER, CONTEXT, useCommerce } from './commerce-under-test.ts';
import type { CommerceUnderTest, PlacedOrder } from './commerce-under-test.ts';

const commerce = useCommerce();
let system: CommerceUnderTest;
let provider: PaymentProvider;
/** Calls of the provider, in their order. */
let calls: string[];

beforeEach(() => {
  system = commerce();
  calls = [];
  provider = recording(simulatedPaymentProvider());
});

function recording(inner: PaymentProvider): PaymentProvider {
  return {
    reserve: async (request, signal) => {
      calls.push('reserve');
      return inner.reserve(request, signal);
    },
    capture: async (reference, signal) => {
      calls.push('capture');
      return inner.capture(reference, signal);
    },
    giveBack: async (key, signal) => {
      calls.push('giveBack');
      return inner.giveBack(key, signal);
    },
  };
}

/** As the state machine does: sends the command of the step to its worker. */
async function run(order: PlacedOrder, step: OrderSagaStep, more: object = {}): Promise<void> {
  const worker = { service: system.service, callbacks: system.callbacks, provider };
  const command = order.command(step, { ...more }) as never;
  switch (step) {
    case 'ReservePayment':
    case 'CapturePayment':
    case 'RefundPayment':
      return workOnPayment(worker, command, CONTEXT);
    case 'ScreenOrder':
      return screenOrder(worker, command, CONTEXT);
    case 'ReserveInventory':
    case 'ReleaseInventory':
      return workOnInventory(worker, command, CONTEXT);
    case 'ArrangeShipping':
    case 'CancelShipping':
      return workOnShipping(worker, command, CONTEXT);
    case 'NotifyFulfilled':
    case 'NotifyCancelled':
    default:
      return notifyCustomer(worker, command, CONTEXT);
  }
}

const FORWARD = [
  'ReservePayment',
  'ScreenOrder',
  'ReserveInventory',
  'ArrangeShipping',
  'CapturePayment',
  'NotifyFulfilled',
] as const;
const BACKWARD = ['CancelShipping', 'ReleaseInventory', 'RefundPayment'] as const;

async function runAll(order: PlacedOrder, steps: readonly OrderSagaStep[]): Promise<void> {
  for (const step of steps) await run(order, step);
}

const stock = async () =>
  (await system.rows<{ available: string; reserved: string }>(`select available, reserved from stock`))[0];
const status = async (order: PlacedOrder) =>
  (await rebuildOrder(system.service.database, order.orderId))?.state;

describe('an order that goes well', () => {
  test('is paid, confirmed, shipped and recorded once, and the customer is told', async () => {
    const order = await anOrder(system);

    await runAll(order, FORWARD);

    expect(system.callbacks.answers.map(({ succeeded }) => succeeded)).toEqual(FORWARD.map(() => true));
    expect(await system.outbox()).toEqual([
      'CustomerRegistered',
      'OrderPlaced',
      'PaymentReserved',
      'OrderScreened',
      'InventoryReserved',
      'ShipmentArranged',
      'PaymentCaptured',
      'OrderConfirmed',
      'OrderShipped',
      'OrderOutcomeRecorded',
      'NotificationRequested',
    ]);
    expect(await status(order)).toMatchObject({
      status: 'SHIPPED',
      payment: 'captured',
      screening: 'passed',
      stock: 'reserved',
      shipment: 'shipped',
    });
    expect(await system.rows('select outcome, reason from order_outcome')).toEqual([
      { outcome: 'FULFILLED', reason: null },
    ]);
    expect(await system.rows('select status, ended_at is not null as ended from customer_order')).toEqual([
      { status: 'SHIPPED', ended: true },
    ]);
    expect(calls).toEqual(['reserve', 'capture']);
  });

  test('every event carries the order’s correlation and its cause', async () => {
    const order = await anOrder(system);
    await runAll(order, FORWARD);

    const events = await system.rows<{ correlation: string }>(
      `select event_data->>'correlationId' as correlation from event_outbox where event_type <> 'CustomerRegistered'`,
    );

    expect(new Set(events.map(({ correlation }) => correlation))).toEqual(
      new Set([order.event.correlationId]),
    );
  });
});

describe.each(FORWARD)('step %s', (step) => {
  const before = FORWARD.slice(0, FORWARD.indexOf(step));

  test('that comes again answers the new token with the stored result, and does nothing', async () => {
    const order = await anOrder(system);
    await runAll(order, before);
    await run(order, step);
    const [first, written] = [system.callbacks.last!, await system.outbox()];

    await run(order, step);

    const again = system.callbacks.last!;
    expect(again).toEqual({ ...first, taskToken: again.taskToken });
    expect(again.taskToken).not.toBe(first.taskToken);
    expect(await system.outbox()).toEqual(written);
    expect(calls.filter((call) => call === 'reserve')).toHaveLength(1);
  });

  test('whose worker dies between commit and answer is answered when the command comes again', async () => {
    const order = await anOrder(system);
    await runAll(order, before);
    system.callbacks.before = () => {
      throw new Error('the worker died');
    };
    await expect(run(order, step)).rejects.toThrow('the worker died');
    const written = await system.outbox();
    system.callbacks.before = () => undefined;

    await run(order, step);

    expect(system.callbacks.last?.succeeded).toBe(true);
    expect(await system.outbox()).toEqual(written);
  });

  test('that two workers run at the same moment has one effect, and both are answered', async () => {
    const order = await anOrder(system);
    await runAll(order, before);
    const answered = system.callbacks.answers.length;

    await Promise.all([run(order, step), run(order, step), run(order, step)]);

    expect(system.callbacks.answers.slice(answered).map(({ succeeded }) => succeeded)).toEqual([
      true,
      true,
      true,
    ]);
    const types = await system.outbox();
    expect(new Set(types).size).toBe(types.length);
  });

  test('that fails in the middle leaves nothing, and may be tried again', async () => {
    const order = await anOrder(system);
    await runAll(order, before);
    const written = await system.outbox();
    const { service } = system;
    const broken = { ...service, enqueue: () => Promise.reject(new Error('no room')) };
    system = { ...system, service: broken };

    await expect(run(order, step)).rejects.toThrow('no room');
    system = { ...system, service };

    expect(await system.outbox()).toEqual(written);
    expect(await system.rows('select 1 from saga_step where step = $1', step)).toEqual([]);
    await run(order, step);
    expect(system.callbacks.last?.succeeded).toBe(true);
  });

  test('a token that nobody waits for any more is no error', async () => {
    const order = await anOrder(system);
    await runAll(order, before);
    system.callbacks.says = 'late';

    await run(order, step);

    expect(await system.rows('select status from saga_step where step = $1', step)).toEqual([
      { status: 'done' },
    ]);
  });
});

describe('orders that end otherwise', () => {
  const CASES = [
    {
      name: 'a declined card',
      command: { paymentMethod: 'card-declined' },
      runs: ['ReservePayment'],
      undo: ['RefundPayment'],
      reason: 'PAYMENT_DECLINED',
      tells: 'PaymentFailed',
    },
    {
      name: 'a stolen card',
      command: { paymentMethod: 'card-stolen' },
      runs: ['ReservePayment', 'ScreenOrder'],
      undo: ['RefundPayment'],
      reason: 'FRAUD_SUSPECTED',
      tells: 'FraudAlertRaised',
    },
    {
      name: 'a shortage',
      command: {
        items: [
          { sku: 'mug-blue', quantity: 1 },
          { sku: 'out-of-stock', quantity: 1 },
        ],
      },
      runs: ['ReservePayment', 'ScreenOrder', 'ReserveInventory'],
      undo: ['ReleaseInventory', 'RefundPayment'],
      reason: 'STOCK_SHORTAGE',
      tells: 'StockShortageDetected',
    },
    {
      name: 'an address where no carrier goes',
      command: { shippingCountry: 'XX' },
      runs: ['ReservePayment', 'ScreenOrder', 'ReserveInventory', 'ArrangeShipping'],
      undo: ['CancelShipping', 'ReleaseInventory', 'RefundPayment'],
      reason: 'SHIPPING_REFUSED',
      tells: 'InventoryReleased',
    },
  ] as const;

  test.each(CASES)('$name: everything is given back, and the customer told why', async (one) => {
    const order = await anOrder(system, one.command as never);
    await runAll(order, one.runs);
    const refused = system.callbacks.last;
    await runAll(order, one.undo);
    await run(order, 'NotifyCancelled', { reason: refused?.value });

    expect(refused).toMatchObject({ succeeded: false, value: one.reason });
    expect(await status(order)).toMatchObject({ status: 'CANCELLED', reason: one.reason });
    expect(await system.rows('select outcome, reason from order_outcome')).toEqual([
      { outcome: 'CANCELLED', reason: one.reason },
    ]);
    expect(await system.outbox()).toContain(one.tells);
    expect(await system.rows(`select 1 from payment where status <> 'refunded'`)).toEqual([]);
    expect(await system.rows(`select 1 from stock where reserved <> 0`)).toEqual([]);
    expect(await system.rows(`select 1 from shipment where status <> 'cancelled'`)).toEqual([]);
    const [told] = await system.written('NotificationRequested');
    expect(told?.data).toMatchObject({ template: 'order-cancelled', reason: one.reason });
  });

  test('a customer who was erased meanwhile gets nothing and is not written to', async () => {
    const order = await anOrder(system);
    await run(order, 'ReservePayment');
    await eraseCustomer(system.service, CALLER, order.customerId);

    await run(order, 'ScreenOrder');
    expect(system.callbacks.last).toMatchObject({ succeeded: false, value: 'CUSTOMER_ERASED' });
    await run(order, 'RefundPayment');
    await run(order, 'NotifyCancelled', { reason: 'CUSTOMER_ERASED' });

    expect(await status(order)).toMatchObject({ status: 'CANCELLED', payment: 'refunded' });
    expect(await system.outbox()).not.toContain('NotificationRequested');
    expect(JSON.stringify(await system.rows('select * from customer'))).not.toMatch(/ada|901820/i);
  });

  test.each([
    ['States.Timeout', 'STEP_TIMED_OUT'],
    ['States.HeartbeatTimeout', 'STEP_TIMED_OUT'],
    ['SQS.SdkClientException', 'STEP_REFUSED'],
  ])('an error of Step Functions itself, %s, becomes %s', async (error, reason) => {
    const order = await anOrder(system);

    await run(order, 'NotifyCancelled', { reason: error });

    expect(await status(order)).toMatchObject({ status: 'CANCELLED', reason });
  });
});

describe('compensations', () => {
  test('in reverse order leave nothing taken, nothing reserved and no shipment', async () => {
    const order = await anOrder(system);
    await runAll(order, FORWARD.slice(0, 5));
    expect(await stock()).toEqual({ available: '999998', reserved: '2' });

    await runAll(order, BACKWARD);

    expect(await stock()).toEqual({ available: '1000000', reserved: '0' });
    expect(await status(order)).toMatchObject({
      payment: 'refunded',
      stock: 'released',
      shipment: 'cancelled',
    });
    const [refunded] = await system.written('PaymentRefunded');
    expect(refunded?.data).toMatchObject({ was: 'captured' });
  });

  test.each(BACKWARD)('%s that comes again changes nothing more', async (step) => {
    const order = await anOrder(system);
    await runAll(order, FORWARD.slice(0, 4));
    await run(order, step);
    const written = await system.outbox();

    await run(order, step);

    expect(system.callbacks.last?.succeeded).toBe(true);
    expect(await system.outbox()).toEqual(written);
    expect(Number((await stock())?.reserved)).toBeGreaterThanOrEqual(0);
  });

  test.each([
    ['RefundPayment', 'ReservePayment'],
    ['RefundPayment', 'CapturePayment'],
    ['ReleaseInventory', 'ReserveInventory'],
    ['CancelShipping', 'ArrangeShipping'],
  ] as const)('%s before %s ran: the late step is refused and has no effect', async (undo, step) => {
    const order = await anOrder(system);
    await run(order, undo);
    expect(system.callbacks.last?.succeeded).toBe(true);
    const written = await system.outbox();

    await run(order, step);

    expect(system.callbacks.last).toMatchObject({ succeeded: false, value: 'STEP_REFUSED' });
    expect(await system.outbox()).toEqual(written);
    expect(await system.rows(`select 1 from stock where reserved <> 0`)).toEqual([]);
  });

  test('a provider that reserved for a step that is then refused is told to give it back', async () => {
    const order = await anOrder(system);
    provider = recording({
      ...simulatedPaymentProvider(),
      reserve: async (request, signal) => {
        // While the provider thinks, the saga gives up and undoes the step.
        await run(order, 'RefundPayment');
        return simulatedPaymentProvider().reserve(request, signal);
      },
    });

    await run(order, 'ReservePayment');

    expect(system.callbacks.last).toMatchObject({ succeeded: false, value: 'STEP_REFUSED' });
    expect(calls).toEqual(['reserve', 'giveBack', 'giveBack']);
    expect(await system.rows('select 1 from payment')).toEqual([]);
  });

  test('a step that is running while it is undone is waited for, and then undone', async () => {
    const order = await anOrder(system);
    await runAll(order, FORWARD.slice(0, 2));

    await Promise.all([run(order, 'ReserveInventory'), run(order, 'ReleaseInventory')]);

    expect(await system.rows(`select 1 from stock where reserved <> 0`)).toEqual([]);
    expect(await system.rows(`select 1 from stock_reservation where status = 'reserved'`)).toEqual([]);
  });

  test('an order ends once, also when it is told to end in both ways', async () => {
    const order = await anOrder(system);
    await runAll(order, FORWARD);

    await run(order, 'NotifyCancelled', { reason: 'States.Timeout' });

    const outcomes = await system.written<EnvelopeOf<typeof OrderOutcomeRecorded>>('OrderOutcomeRecorded');
    expect(outcomes.map(({ data }) => data.outcome)).toEqual(['FULFILLED']);
    expect(await status(order)).toMatchObject({ status: 'SHIPPED' });
  });
});

describe('a payment provider that can not be reached', () => {
  test('is tried again, and people are told at the third try, once', async () => {
    const order = await anOrder(system);
    provider = {
      ...provider,
      reserve: () => Promise.reject(new PaymentProviderUnavailable()),
    };
    const worker = { service: system.service, callbacks: system.callbacks, provider };

    for (const receiveCount of [1, 2, 3, 3, 4]) {
      const working = workOnPayment(worker, order.command('ReservePayment'), { ...CONTEXT, receiveCount });
      await expect(working).rejects.toMatchObject({ code: 'PAYMENT_PROVIDER_UNAVAILABLE' });
    }

    const raised = await system.written('SystemErrorRaised');
    expect(raised.map(({ data }) => data)).toEqual([
      { component: 'payment-worker', code: 'PAYMENT_PROVIDER_UNAVAILABLE', orderId: order.orderId },
    ]);
    expect(system.callbacks.answers).toEqual([]);
  });

  test('and a reservation that was lost there fails the step', async () => {
    const order = await anOrder(system);
    await runAll(order, FORWARD.slice(0, 4));
    provider = { ...provider, capture: async () => false };

    await run(order, 'CapturePayment');

    expect(system.callbacks.last).toMatchObject({ succeeded: false, value: 'PAYMENT_DECLINED' });
    expect(await system.outbox()).toContain('PaymentFailed');
    expect(await status(order)).toMatchObject({ status: 'PLACED', payment: 'failed' });
  });
});

describe('saga-starter', () => {
  test('starts an execution with the order’s id as its name, the same whenever the event comes', async () => {
    const order = await anOrder(system);
    const started: { name: string; input: unknown }[] = [];
    const starter = {
      start: async (name: string, input: unknown) => {
        started.push({ name, input });
        return started.length === 1;
      },
    };

    await startSaga(system.service, starter, order.event);
    await startSaga(system.service, starter, order.event);

    expect(started[0]?.name).toBe(order.orderId);
    expect(started[1]).toEqual(started[0]);
    expect(await system.rows(`select outcome from effect where consumer = 'saga-starter'`)).toEqual([
      { outcome: 'started' },
    ]);
  });

  test('a start that is lost is no effect, so the event comes again', async () => {
    const order = await anOrder(system);
    const starter = { start: () => Promise.reject(new Error('throttled')) };

    await expect(startSaga(system.service, starter, order.event)).rejects.toThrow('throttled');

    expect(await system.rows('select 1 from effect')).toEqual([]);
  });

  test('gives each step a whole command, which only lacks the token', async () => {
    const order = await anOrder(system);
    const { commands, orderingKey } = sagaInputOf(order.event);

    expect(orderingKey).toBe(`tenant-1#${order.customerId}`);
    for (const [step, command] of Object.entries(commands)) {
      const contract = orderSagaSteps[step as OrderSagaStep];
      expect(command.data).not.toHaveProperty('taskToken');
      const sent = { ...command, data: { ...command.data, taskToken: 'token' } };
      await expect(Promise.resolve(decode([contract], sent))).resolves.toMatchObject({
        eventType: contract.name,
      });
    }
    expect(new Set(Object.values(commands).map(({ eventId }) => eventId)).size).toBe(10);
  });
});
