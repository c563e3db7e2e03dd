import { describe, expect, test } from '@jest/globals';
import { ledgerOf, orderFailures } from '../../../../local/workload/commerce/ledger.ts';
import type { LedgerEvent } from '../../../../local/workload/commerce/ledger.ts';

const ids = { orderId: 'o-1', customerId: 'c-1' };
const amount = { minorUnits: 4990, currency: 'EUR' };
const items = [
  { sku: 'mug', quantity: 2 },
  { sku: 'pot', quantity: 1 },
];
const happened = (...written: readonly (readonly [string, object?])[]): LedgerEvent[] =>
  written.map(([eventType, data], index) => ({
    eventId: `e-${index}`,
    eventType,
    tenantId: 'tenant-1',
    orderingKey: 'tenant-1#c-1',
    data: { ...ids, ...data },
  }));

const fulfilled = [
  ['OrderPlaced'],
  ['PaymentReserved', { amount }],
  ['InventoryReserved', { items }],
  ['ShipmentArranged'],
  ['PaymentCaptured', { amount }],
  ['OrderConfirmed'],
  ['OrderShipped'],
  ['OrderOutcomeRecorded', { outcome: 'FULFILLED' }],
  ['NotificationRequested', { template: 'order-confirmed' }],
] as const;
const compensated = [
  ['OrderPlaced'],
  ['PaymentReserved', { amount }],
  ['InventoryReserved', { items }],
  ['InventoryReleased', { items }],
  ['PaymentRefunded', { amount, was: 'reserved' }],
  ['OrderCancelled', { reason: 'SHIPPING_REFUSED' }],
  ['OrderOutcomeRecorded', { outcome: 'CANCELLED' }],
  ['NotificationRequested', { template: 'order-cancelled' }],
] as const;
const without = (type: string, events: readonly (readonly [string, object?])[]) =>
  events.filter(([eventType]) => eventType !== type);

const failuresOf = (...written: readonly (readonly [string, object?])[]): readonly string[] =>
  [...ledgerOf(happened(...written)).orders.values()].flatMap(orderFailures);

describe('an order ends well', () => {
  test('paid and shipped', () => expect(failuresOf(...fulfilled)).toEqual([]));
  test('fully compensated', () => expect(failuresOf(...compensated)).toEqual([]));
  test('refused at its first step, before anything was reserved', () => {
    expect(
      failuresOf(
        ['OrderPlaced'],
        ['OrderCancelled', { reason: 'PAYMENT_DECLINED' }],
        ['OrderOutcomeRecorded', { outcome: 'CANCELLED' }],
      ),
    ).toEqual([]);
  });
});

describe('an order does not end well when', () => {
  test.each<[string, readonly (readonly [string, object?])[], RegExp]>([
    ['it has no end', [['OrderPlaced']], /has not ended/],
    ['it ends twice', [...fulfilled, ['OrderCancelled', { reason: 'X' }]], /ended 2 times: shipped, X/],
    ['it was never paid', without('PaymentCaptured', fulfilled), /without being paid/],
    ['it was never confirmed', without('OrderConfirmed', fulfilled), /confirmed 0 times/],
    ['it has no goods', without('InventoryReserved', fulfilled), /without goods/],
    ['it has no carrier', without('ShipmentArranged', fulfilled), /with 0 shipments/],
    ['its money is taken twice', [...fulfilled, ['PaymentCaptured', { amount }]], /9980 captured/],
    ['its money stays reserved', without('PaymentRefunded', compensated), /4990 reserved, 0 captured/],
    ['its goods stay set aside', without('InventoryReleased', compensated), /3 pieces are still set aside/],
    [
      'its goods are given back twice',
      [...compensated, ['InventoryReleased', { items }]],
      /-3 pieces are still set aside/,
    ],
    ['its shipment goes on', [...compensated, ['ShipmentArranged']], /its shipment was not/],
    ['its outcome is not recorded', without('OrderOutcomeRecorded', fulfilled), /0 recorded outcomes/],
    [
      'its customer is told the contrary',
      [...compensated, ['NotificationRequested', { template: 'order-confirmed' }]],
      /instead of order-cancelled/,
    ],
  ])('%s', (_case, events, expected) => {
    expect(failuresOf(...events).join('\n')).toMatch(expected);
  });
});

test('the totals add up', () => {
  expect(ledgerOf(happened(...fulfilled)).totals).toEqual({
    placed: 1,
    confirmed: 1,
    shipped: 1,
    cancelled: {},
    money: { reserved: 4990, captured: 4990, refunded: 0, returned: 0 },
    stock: { reserved: 3, released: 0, shipped: 3 },
    notifications: 1,
  });
});
