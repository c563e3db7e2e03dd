import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { Duration } from 'aws-cdk-lib';
import { EventTopic, MessageBus, QueueConsumer } from '../../../lib/constructs/index.ts';
import type { QueueConsumerProps } from '../../../lib/constructs/index.ts';
import { codesOf, ENTRY, OrderCancelled, OrderPlaced, Orders, StockReserved, testStack } from './support.ts';

describe('what is refused', () => {
  const stack = testStack();
  const orders = new EventTopic(stack, 'Orders', {
    service: Orders,
    publishes: [OrderPlaced, OrderCancelled],
  });
  const fifo = new EventTopic(stack, 'Fifo', { service: Orders, publishes: [OrderPlaced], fifo: true });
  const bus = new MessageBus(stack, 'Bus');
  let next = 0;
  const refused = (props: Partial<QueueConsumerProps>) =>
    codesOf(
      () =>
        new QueueConsumer(stack, `Consumer${(next += 1)}`, {
          subscribesTo: [orders.event(OrderPlaced)],
          entry: ENTRY,
          ...props,
        }),
    );

  test.each<[string, Partial<QueueConsumerProps>]>([
    ['WAYBILL_NOTHING_SUBSCRIBED', { subscribesTo: [] }],
    ['WAYBILL_FIFO_MIXED', { subscribesTo: [orders.events(), fifo.events()] }],
    ['WAYBILL_BUS_TO_FIFO_QUEUE', { subscribesTo: [fifo.events(), bus.event(OrderPlaced)] }],
    ['WAYBILL_TENANTS_EMPTY', { subscribesTo: [orders.event(OrderPlaced, { tenants: [] })] }],
    [
      'WAYBILL_TENANTS_DIFFER',
      { subscribesTo: [orders.event(OrderPlaced, { tenants: ['acme'] }), orders.event(OrderCancelled)] },
    ],
    [
      'WAYBILL_FILTER_TOO_LARGE',
      {
        subscribesTo: [
          orders.event(OrderPlaced, {
            tenants: Array.from({ length: 151 }, (_, index) => `tenant-${index}`),
          }),
        ],
      },
    ],
    ['WAYBILL_CONSUMER_NAME_INVALID', { consumerName: 'Not kebab' }],
    ['WAYBILL_BATCH_SIZE_OUT_OF_RANGE', { batchSize: 0 }],
    ['WAYBILL_BATCH_SIZE_OUT_OF_RANGE', { subscribesTo: [fifo.events()], batchSize: 11 }],
    ['WAYBILL_BATCHING_WINDOW_OUT_OF_RANGE', { maxBatchingWindow: Duration.seconds(301) }],
    [
      'WAYBILL_BATCHING_WINDOW_OUT_OF_RANGE',
      { subscribesTo: [fifo.events()], maxBatchingWindow: Duration.seconds(1) },
    ],
    ['WAYBILL_BATCHING_WINDOW_REQUIRED', { batchSize: 11 }],
    ['WAYBILL_MAX_CONCURRENCY_OUT_OF_RANGE', { maxConcurrency: 1 }],
    ['WAYBILL_MAX_RECEIVE_COUNT_OUT_OF_RANGE', { maxReceiveCount: 0 }],
    [
      'WAYBILL_MAX_AGE_ABOVE_RETENTION',
      { maxAge: Duration.minutes(20), retentionPeriod: Duration.minutes(20) },
    ],
    ['WAYBILL_RETENTION_OUT_OF_RANGE', { retentionPeriod: Duration.days(15) }],
    ['WAYBILL_VISIBILITY_TIMEOUT_OUT_OF_RANGE', { visibilityTimeout: Duration.hours(13) }],
    ['WAYBILL_VISIBILITY_TIMEOUT_TOO_SHORT', { visibilityTimeout: Duration.seconds(179) }],
    [
      'WAYBILL_VISIBILITY_TIMEOUT_TOO_SHORT',
      { visibilityTimeout: Duration.seconds(180), maxBatchingWindow: Duration.seconds(1) },
    ],
    ['WAYBILL_TIMEOUT_OUT_OF_RANGE', { timeout: Duration.minutes(16) }],
    ['WAYBILL_MEMORY_SIZE_OUT_OF_RANGE', { memorySize: 64 }],
    ['WAYBILL_ENTRY_NOT_FOUND', { entry: 'lambda/handlers/nowhere.ts' }],
    ['WAYBILL_ENTRY_NOT_A_SOURCE', { entry: 'lambda/handlers' }],
    ['WAYBILL_ENVIRONMENT_VARIABLE_RESERVED', { environment: { WAYBILL_QUEUE_URL: 'x' } }],
    ['WAYBILL_VPC_MISSING', { securityGroups: [] }],
  ])('%s %#', (code, props) => {
    expect(refused(props)).toEqual([code]);
  });

  test('at the limits nothing is refused', () => {
    expect(
      refused({
        batchSize: 10_000,
        maxBatchingWindow: Duration.seconds(300),
        maxConcurrency: 1000,
        maxReceiveCount: 1000,
        retentionPeriod: Duration.days(14),
        timeout: Duration.minutes(15),
        visibilityTimeout: Duration.hours(12),
        memorySize: 10_240,
      }),
    ).toEqual([]);
  });

  test('all failures come at once, with path, received, allowed and fix', () => {
    const create = () =>
      new QueueConsumer(stack, 'Broken', {
        subscribesTo: [orders.event(OrderPlaced)],
        entry: ENTRY,
        maxConcurrency: 1,
        visibilityTimeout: Duration.seconds(60),
      });

    expect(create).toThrow(
      [
        '[Test/Broken] WAYBILL_MAX_CONCURRENCY_OUT_OF_RANGE: maxConcurrency: received 1 invocations, allowed 2 to 1000 invocations; for one message at a time use a FIFO topic with one ordering key',
        'WAYBILL_VISIBILITY_TIMEOUT_TOO_SHORT: visibilityTimeout: received 60 seconds, allowed at least 180 seconds: 6 times the timeout plus the batching window; leave it out or raise it: a message that shows up again while it is being handled is handled twice (W13)',
      ].join('\n'),
    );
  });

  test('what the function refuses comes in the same error as what the queue refuses', () => {
    expect(
      refused({
        batchSize: 0,
        timeout: Duration.minutes(16),
        memorySize: 64,
        environment: { WAYBILL_QUEUE_URL: 'x' },
      }),
    ).toEqual([
      'WAYBILL_BATCH_SIZE_OUT_OF_RANGE',
      'WAYBILL_TIMEOUT_OUT_OF_RANGE',
      'WAYBILL_MEMORY_SIZE_OUT_OF_RANGE',
      'WAYBILL_ENVIRONMENT_VARIABLE_RESERVED',
    ]);
  });

  test('printed by Node.js, each failure stands there once', () => {
    let printed = '';
    try {
      new QueueConsumer(stack, 'Printed', { subscribesTo: [], entry: ENTRY });
    } catch (error) {
      printed = inspect(error);
    }

    expect(printed.match(/WAYBILL_NOTHING_SUBSCRIBED/g)).toHaveLength(1);
  });

  test('an event that the topic does not publish does not compile', () => {
    // @ts-expect-error StockReserved is not published by the topic
    expect(orders.event(StockReserved)).toBeDefined();
  });
});
