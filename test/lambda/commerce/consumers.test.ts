import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  CustomerContactChanged,
  CustomerErased,
  CustomerRegistered,
  FraudAlertRaised,
  InventoryReleased,
  InventoryReserved,
  LegacyStockCounted,
  NotificationRequested,
  OrderConfirmed,
  orderHistoryEvents,
  OrderScreened,
  PaymentCaptured,
  PaymentFailed,
  PaymentRefunded,
  PaymentReserved,
  StockReplenished,
  StockShortageDetected,
  SystemErrorRaised,
  warehouseEvents,
} from '../../../catalog/commerce/index.ts';
import { updateProfile } from '../../../lambda/commerce/consumers/customer-profile.ts';
import { recordInOrderHistory } from '../../../lambda/commerce/consumers/order-history.ts';
import { bookPayment } from '../../../lambda/commerce/consumers/payment-ledger.ts';
import { respond } from '../../../lambda/commerce/consumers/priority-response.ts';
import { replenish } from '../../../lambda/commerce/consumers/replenishment.ts';
import { updateAvailability } from '../../../lambda/commerce/consumers/storefront-availability.ts';
import { bookMovement } from '../../../lambda/commerce/consumers/warehouse-ledger.ts';
import { eraseCustomer } from '../../../lambda/commerce/customers/customers.ts';
import { pickListOf, sendPickList } from '../../../lambda/commerce/legacy/pick-list.ts';
import { recordStockCount, stockCountFrom } from '../../../lambda/commerce/legacy/stock-count.ts';
import { deliverNotification } from '../../../lambda/commerce/notifications/deliver.ts';
import { simulatedSender } from '../../../lambda/commerce/notifications/senders.ts';
import type { Notification, NotificationSender } from '../../../lambda/commerce/notifications/senders.ts';
import { createEnvelope } from '../../../lib/contracts/index.ts';
import type { AnyEventContract, EnvelopeOf, InputOf } from '../../../lib/contracts/index.ts';
import { aCustomer, CALLER, CONTEXT, useCommerce } from './commerce-under-test.ts';
import type { CommerceUnderTest } from './commerce-under-test.ts';

const commerce = useCommerce();
let system: CommerceUnderTest;
beforeEach(() => {
  system = commerce();
});

function eventOf<Contract extends AnyEventContract>(
  contract: Contract,
  data: Partial<InputOf<Contract>> = {},
  timestamp: Date = new Date(),
): EnvelopeOf<Contract> {
  const all = { ...(contract.examples[0] as object), ...data } as InputOf<Contract>;
  return createEnvelope(contract, { tenantId: 'tenant-1', data: all, timestamp }) as EnvelopeOf<Contract>;
}

const effects = async (consumer: string): Promise<number> => {
  const [row] = await system.rows<{ count: string }>(
    'select count(*) from consumer_effect where consumer = $1',
    consumer,
  );
  return Number(row?.count);
};

describe('D9 an effect happens once per event and consumer', () => {
  test('when the event comes again, and when it comes eight times at once', async () => {
    const event = eventOf(PaymentCaptured);

    await bookPayment(system.service, event);
    await Promise.all(Array.from({ length: 8 }, () => bookPayment(system.service, event)));

    expect(await effects('payment-ledger')).toBe(1);
    expect(await system.rows('select minor_units from payment_ledger')).toEqual([{ minor_units: '4990' }]);
    expect(await system.rows('select ordering_key from consumer_effect')).toEqual([
      { ordering_key: `tenant-1#${event.data.customerId}` },
    ]);
  });
});

test('order-history keeps every event of orders and payments, in the order it came', async () => {
  for (const contract of orderHistoryEvents) {
    await recordInOrderHistory(system.service, eventOf(contract as typeof PaymentReserved));
  }

  const history = await system.rows<{ event_type: string }>(
    'select event_type from order_history order by position',
  );
  expect(history.map(({ event_type }) => event_type)).toEqual(orderHistoryEvents.map(({ name }) => name));
  // Two FIFO topics promise no order among each other.
  const keys = await system.rows<{ ordering_key: string }>('select distinct ordering_key from effect');
  expect(keys.map(({ ordering_key }) => ordering_key).toSorted()).toEqual([
    'tenant-1#cus_7f1c20@ecommerce.orders',
    'tenant-1#cus_7f1c20@ecommerce.payments',
  ]);
});

test('payment-ledger: what is taken less what is returned is the turnover', async () => {
  await bookPayment(system.service, eventOf(PaymentReserved));
  await bookPayment(system.service, eventOf(PaymentCaptured));
  await bookPayment(system.service, eventOf(PaymentRefunded, { was: 'captured' }));
  await bookPayment(system.service, eventOf(PaymentRefunded, { was: 'reserved' }));

  expect(await system.rows('select entry, minor_units from payment_ledger order by booked_at')).toEqual([
    { entry: 'reserved', minor_units: '4990' },
    { entry: 'captured', minor_units: '4990' },
    { entry: 'refunded', minor_units: '-4990' },
    { entry: 'released', minor_units: '-4990' },
  ]);
});

describe('storefront-availability', () => {
  test('is the same in whatever order the bus delivers', async () => {
    const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute));
    const events = [
      eventOf(InventoryReserved, { items: [{ sku: 'mug', quantity: 5 }] }),
      eventOf(InventoryReleased, { items: [{ sku: 'mug', quantity: 2 }] }),
      eventOf(StockShortageDetected, { sku: 'mug' }, at(1)),
      eventOf(StockReplenished, { sku: 'mug', quantity: 500 }, at(2)),
      eventOf(LegacyStockCounted, { sku: 'mug', counted: 7, countedAt: at(3).toISOString() }),
      eventOf(LegacyStockCounted, { sku: 'mug', counted: 9, countedAt: at(1).toISOString() }),
    ];
    const found: unknown[] = [];
    for (const order of [events, events.toReversed()]) {
      await system.rows('truncate availability, event_inbox, effect');
      for (const event of order) await updateAvailability(system.service, event);
      found.push(...(await system.rows('select moved, counted, short from availability')));
    }

    expect(found).toEqual(Array.from({ length: 2 }, () => ({ moved: '497', counted: '7', short: false })));
  });
});

describe('replenishment', () => {
  test('books what the supplier sends, and tells', async () => {
    await replenish(system.service, eventOf(StockShortageDetected, { sku: 'mug-blue' }));

    expect(await system.rows('select available from stock')).toEqual([{ available: '1000500' }]);
    expect(await system.outbox()).toEqual(['StockReplenished']);
  });

  test('what no supplier has stays short', async () => {
    await replenish(system.service, eventOf(StockShortageDetected, { sku: 'out-of-stock' }));
    await replenish(system.service, eventOf(StockShortageDetected, { sku: 'out-of-stock' }));

    expect(await system.rows('select requests, delivered from replenishment')).toEqual([
      { requests: 2, delivered: 0 },
    ]);
    expect(await system.outbox()).toEqual([]);
  });
});

test('warehouse-ledger books every kind of movement', async () => {
  for (const contract of warehouseEvents) {
    await bookMovement(system.service, eventOf(contract as typeof StockReplenished));
  }

  const booked = await system.rows<{ movement: string }>('select distinct movement from warehouse_movement');
  expect(booked.map(({ movement }) => movement).toSorted()).toEqual(
    warehouseEvents.map(({ name }) => name).toSorted(),
  );
});

describe('customer-profile', () => {
  const profile = async () => (await system.rows('select * from customer_profile'))[0];

  test('the highest sequence wins, also when the bus delivers the change before the registration', async () => {
    await updateProfile(system.service, eventOf(CustomerContactChanged));
    await updateProfile(system.service, eventOf(CustomerRegistered));
    await updateProfile(system.service, eventOf(OrderScreened, { riskScore: 12 }));

    expect(await profile()).toMatchObject({
      name: 'Ada Lovelace',
      preferred_channel: 'webhook',
      sequence: 2,
      risk_score: 12,
    });
  });

  test('what is erased stays erased, also when older events come later', async () => {
    await updateProfile(system.service, eventOf(CustomerRegistered));
    await updateProfile(system.service, eventOf(CustomerErased));
    await updateProfile(system.service, eventOf(CustomerContactChanged));
    await updateProfile(system.service, eventOf(CustomerRegistered));

    expect(await profile()).toMatchObject({ name: null, contact: null, preferred_channel: null });
    expect(JSON.stringify(await profile())).not.toMatch(/ada/i);
  });
});

test('priority-response opens a case for each kind of event', async () => {
  await respond(system.service, eventOf(PaymentFailed));
  await respond(system.service, eventOf(FraudAlertRaised));
  await respond(system.service, eventOf(SystemErrorRaised));

  expect(await system.rows('select kind, detail from priority_case order by kind')).toEqual([
    { kind: 'fraud-hold', detail: 'STOLEN_CARD' },
    { kind: 'operations-ticket', detail: 'payment-worker: PAYMENT_PROVIDER_UNAVAILABLE' },
    { kind: 'payment-follow-up', detail: 'DECLINED' },
  ]);
});

describe('notifications', () => {
  const sent: Notification[] = [];
  const sender: NotificationSender = {
    channel: 'email',
    send: async (notification, signal) => {
      sent.push(notification);
      return simulatedSender('email').send(notification, signal);
    },
  };
  beforeEach(() => void (sent.length = 0));
  const deliver = (event: EnvelopeOf<typeof NotificationRequested>) =>
    deliverNotification(system.service, sender, event, { ...CONTEXT, consumer: 'email-notifications' });

  test('are sent once, and no address is kept', async () => {
    const event = eventOf(NotificationRequested);

    await deliver(event);
    await deliver(event);

    expect(sent.map(({ address }) => address)).toEqual(['ada@example.com']);
    expect(await effects('email-notifications')).toBe(1);
    expect(JSON.stringify(await system.rows('select * from notification_delivery'))).not.toContain('@');
  });

  test('a sender that fails leaves no effect, so that the message comes again', async () => {
    const failing = { channel: 'email', send: () => Promise.reject(new Error('busy')) } as const;
    const event = eventOf(NotificationRequested);

    await expect(deliverNotification(system.service, failing, event, CONTEXT)).rejects.toThrow('busy');
    await deliver(event);

    expect(await effects('email-notifications')).toBe(1);
  });

  test('who was erased is not written to any more', async () => {
    const customerId = await aCustomer(system);
    await eraseCustomer(system.service, CALLER, customerId);

    await deliver(eventOf(NotificationRequested, { customerId }));

    expect(sent).toEqual([]);
    expect(await system.rows('select outcome from notification_delivery')).toEqual([{ outcome: 'erased' }]);
  });

  test('of another channel are a mistake of the filter', async () => {
    await expect(deliver(eventOf(NotificationRequested, { channel: 'sms' }))).rejects.toMatchObject({
      code: 'WRONG_CHANNEL',
    });
  });
});

describe('the old warehouse system', () => {
  const COUNT = {
    COUNTNO: 'cnt-1',
    CLIENT: 'tenant-1',
    ARTNO: 'MUG-BLUE',
    QTY: 118,
    COUNTED: '2026-11-02T06:15:00Z',
  };

  test('is told what to pick, in its own words, under the event’s id', async () => {
    const event = eventOf(OrderConfirmed);
    const messages: string[] = [];

    await sendPickList(system.service, async ({ body }) => void messages.push(body), event);

    expect(pickListOf(event).messageId).toBe(event.eventId);
    expect(JSON.parse(messages[0]!)).toMatchObject({
      CLIENT: 'tenant-1',
      LINES: [
        { POS: 1, ARTNO: 'MUG-BLUE', QTY: 2 },
        { POS: 2, ARTNO: 'KETTLE-1L', QTY: 1 },
      ],
    });
    expect(await effects('legacy-outbound')).toBe(1);
  });

  test('a count becomes one event, however often and in whatever message it comes', async () => {
    const once = stockCountFrom(JSON.stringify(COUNT));
    const again = stockCountFrom(JSON.stringify({ ...COUNT, EXTRA: 1 }));

    await recordStockCount(system.service, once);
    await recordStockCount(system.service, again);

    expect(again.eventId).toBe(once.eventId);
    const written = await system.written<EnvelopeOf<typeof LegacyStockCounted>>('LegacyStockCounted');
    expect(written.map(({ data }) => data)).toEqual([
      { sku: 'mug-blue', counted: 118, countId: 'cnt-1', countedAt: '2026-11-02T06:15:00.000Z' },
    ]);
    expect(await system.rows('select counted from legacy_stock_count')).toEqual([{ counted: '118' }]);
  });

  test('an older count does not replace a newer one', async () => {
    await recordStockCount(system.service, stockCountFrom(JSON.stringify(COUNT)));
    const older = { ...COUNT, COUNTNO: 'cnt-0', QTY: 5, COUNTED: '2026-11-01T06:15:00Z' };
    await recordStockCount(system.service, stockCountFrom(JSON.stringify(older)));

    expect(await system.rows('select counted from legacy_stock_count')).toEqual([{ counted: '118' }]);
  });

  test.each(['no JSON', '{}', JSON.stringify({ ...COUNT, COUNTED: 'yesterday' })])(
    'what can not be read is refused for good: %s',
    (body) => {
      expect(() => stockCountFrom(body)).toThrow('STOCK_COUNT_UNREADABLE');
    },
  );
});
