import { describe, expect, test } from '@jest/globals';
import type { DeadLetter } from '../../../../local/run/dead-letters.ts';
import { commerceFailures, commerceReport } from '../../../../local/workload/commerce/judge.ts';
import type { CommerceOutcome } from '../../../../local/workload/commerce/judge.ts';
import { ledgerOf } from '../../../../local/workload/commerce/ledger.ts';

const amount = { minorUnits: 500, currency: 'EUR' };
const WRITTEN: readonly (readonly [string, object?])[] = [
  ['OrderPlaced'],
  ['PaymentReserved', { amount }],
  ['InventoryReserved', { items: [{ sku: 'mug', quantity: 1 }] }],
  ['ShipmentArranged'],
  ['PaymentCaptured', { amount }],
  ['OrderConfirmed'],
  ['OrderShipped'],
  ['OrderOutcomeRecorded', { outcome: 'FULFILLED' }],
];
const starter = {
  expected: 1,
  handled: 1,
  duplicates: 0,
  missing: [],
  uninvited: 0,
  orderViolations: 0,
  fifo: true,
};
const good: CommerceOutcome = {
  consumers: [],
  deadLetters: [],
  denials: [],
  alarms: [],
  retried: 0,
  seconds: 1,
  waitingFor: [],
  placed: [{ orderId: 'o-1', fate: 'fulfilled' }],
  ledger: ledgerOf(
    WRITTEN.map(([eventType, data], index) => ({
      eventId: `e-${index}`,
      eventType,
      tenantId: 'tenant-1',
      orderingKey: 'tenant-1#c-1',
      data: { orderId: 'o-1', customerId: 'c-1', ...data },
    })),
  ),
  measured: {
    published: 8,
    waiting: 0,
    quarantined: 0,
    consumers: { 'saga-starter': starter },
    latencyMs: null,
  },
  saga: {
    executions: { succeeded: 1 },
    executionsElsewhere: {},
    ended: 1,
    steps: {},
    compensations: 0,
    retries: 0,
  },
  analytics: [{ consumer: 'analytics-sink', eventType: 'OrderOutcomeRecorded', written: 1, counted: 1 }],
  legacyCounts: { told: 0, taken: 0 },
  latency: { high: null, business: { p50: 1, p99: 2, count: 8 }, analytics: null },
  regionLost: false,
  region: 'us-east-1',
  begunAgain: 0,
  unexpectedAnswers: {},
  poisoned: [],
};

test('a run in which everything adds up is a success', () => {
  expect(commerceFailures(good)).toEqual([]);
  expect(commerceReport(good)).toMatchObject({
    orders: { placed: 1, shipped: 1, cancelled: {} },
    money: { reserved: 500, captured: 500 },
    lost: 0,
  });
});

describe('fails when', () => {
  const twice = { ...good.measured, consumers: { 'saga-starter': { ...starter, duplicates: 1 } } };
  test.each<[string, Partial<CommerceOutcome>, RegExp]>([
    [
      'an order did not fail that should have',
      { placed: [{ orderId: 'o-1', fate: 'payment-declined' }] },
      /should have ended as PAYMENT_DECLINED, and ended as shipped/,
    ],
    ['an order was lost', { placed: [...good.placed, { orderId: 'o-2', fate: 'fulfilled' }] }, /in no event/],
    ['an order was placed twice', { placed: [] }, /1 orders were placed twice, such as o-1/],
    [
      'a saga failed',
      { saga: { ...good.saga, executions: { succeeded: 1, failed: 1 } } },
      /1 sagas are failed/,
    ],
    [
      'a saga was ended, and no region was lost',
      { saga: { ...good.saga, executions: { succeeded: 1, aborted: 1 } } },
      /1 sagas are aborted/,
    ],
    ['an order has no saga', { saga: { ...good.saga, ended: 0 } }, /1 orders have no saga that ended/],
    [
      'a stream lost a record',
      { analytics: [{ ...good.analytics[0]!, counted: 0 }] },
      /analytics-sink counted 0 OrderOutcomeRecorded, and 1 were written/,
    ],
    ['a stock count was lost', { legacyCounts: { told: 2, taken: 1 } }, /told 2 counts, and 1 became events/],
    ['a saga was begun twice', { measured: twice }, /saga-starter had 1 effects more than once/],
  ])('%s', (_case, changes, expected) => {
    expect(commerceFailures({ ...good, ...changes }).join('\n')).toMatch(expected);
  });

  test('but not for what a failover begins again', () => {
    const executions = { succeeded: 1, aborted: 1 };
    const moved = { regionLost: true, begunAgain: 1, measured: twice, saga: { ...good.saga, executions } };

    expect(commerceFailures({ ...good, ...moved })).toEqual([]);
  });

  test('but not for dead letters that a move of the database explains', () => {
    const handled = {
      consumer: 'saga-starter',
      eventId: 'e-0',
      reason: 'HANDLER_FAILED',
      cutOff: false,
      region: 'us-west-2',
    };
    const command = { ...handled, eventId: 'command-1', reason: 'MAX_RECEIVES' };
    const missing = {
      ...good.measured,
      consumers: { 'saga-starter': { ...starter, missing: ['e-0'] } },
    };
    const moved = { ...good, regionLost: true };
    const failures = (deadLetters: readonly DeadLetter[], changes: Partial<CommerceOutcome> = {}) =>
      commerceFailures({ ...moved, deadLetters, ...changes });

    expect(failures([handled, command, { ...command, eventId: null }])).toEqual([]);
    expect(failures([{ ...handled, region: 'us-east-1' }])).toEqual([]);
    expect(commerceReport({ ...moved, deadLetters: [handled] })).toMatchObject({
      deadLettered: 0,
      handledElsewhere: 1,
    });
    for (const [deadLetter, changes] of [
      [handled, { regionLost: false }],
      [handled, { measured: missing }],
      [{ ...command, region: 'us-east-1' }, {}],
      [{ ...command, eventId: null, region: 'us-east-1' }, {}],
    ] as const) {
      expect(failures([deadLetter], changes)).toEqual([
        expect.stringContaining('saga-starter has 1 dead letters: '),
      ]);
    }
  });

  test('nor for sagas that failed without their database, where each order has one that succeeded', () => {
    const executions = { succeeded: 1, failed: 1, timed_out: 1 };
    const moved = { regionLost: true, saga: { ...good.saga, executions } };

    expect(commerceFailures({ ...good, ...moved })).toEqual([]);
    expect(commerceFailures({ ...good, ...moved, saga: { ...moved.saga, ended: 0 } })).toEqual([
      '1 orders have no saga that ended',
    ]);
    expect(
      commerceFailures({
        ...good,
        ...moved,
        saga: { ...moved.saga, executions: { succeeded: 1, running: 1 } },
      }),
    ).toEqual(['1 sagas are running']);
    const left = { ...moved, saga: { ...good.saga, executionsElsewhere: { running: 1 } } };
    expect(commerceFailures({ ...good, ...left })).toEqual([]);
  });
});
