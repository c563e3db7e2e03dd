import { describe, expect, test } from '@jest/globals';
import { createPublisher, memoryTransport, publisherFromEnvironment } from '../../../lambda/runtime/index.ts';
import { routingTransport } from '../../../lambda/runtime/routes.ts';
import type { Transport } from '../../../lambda/runtime/types.ts';
import { encoded, OrderCancelled, OrderPlaced, orderPlaced } from './fixtures.ts';

const refusing = (...refused: string[]): Transport => ({
  send: async (messages) => ({
    failed: messages
      .filter(({ eventId }) => refused.includes(eventId))
      .map(({ eventId }) => ({ eventId, code: 'Throttled', message: 'slow down', retryable: true })),
  }),
});

describe('createPublisher', () => {
  test('the ordering key and the priority come from the contract, the body is the envelope', async () => {
    const transport = memoryTransport();
    const envelope = orderPlaced('o1', 'c7');

    await createPublisher({ contracts: [OrderPlaced], transport }).publish(envelope);

    expect(transport.sent).toEqual([
      {
        eventId: envelope.eventId,
        eventType: 'OrderPlaced',
        eventVersion: '1.0',
        source: 'shop',
        tenantId: 'acme',
        orderingKey: 'acme#c7',
        priority: 'normal',
        body: JSON.stringify(envelope),
      },
    ]);
  });

  test('D1 publishBatch says which were published and which were not', async () => {
    const [first, second] = [orderPlaced('o1'), orderPlaced('o2')];
    const publisher = createPublisher({ contracts: [OrderPlaced], transport: refusing(second.eventId) });

    expect(await publisher.publishBatch([first, second])).toEqual({
      published: [first.eventId],
      failed: [{ eventId: second.eventId, code: 'Throttled', message: 'slow down', retryable: true }],
    });
  });

  test('publish throws with the code and the eventId', async () => {
    const envelope = orderPlaced('o1');
    const publisher = createPublisher({ contracts: [OrderPlaced], transport: refusing(envelope.eventId) });

    await expect(publisher.publish(envelope)).rejects.toMatchObject({
      name: 'PublishError',
      code: 'Throttled',
      eventId: envelope.eventId,
      retryable: true,
    });
  });

  test('an event that is not among its contracts is refused by name, its neighbours are sent', async () => {
    const transport = memoryTransport();
    const stranger = { ...orderPlaced('o1'), eventType: 'OrderShipped' as 'OrderPlaced' };
    const publisher = createPublisher({ contracts: [OrderPlaced, OrderCancelled], transport });

    const { published, failed } = await publisher.publishBatch([stranger, orderPlaced('o2')]);

    expect(published).toHaveLength(1);
    expect(failed).toEqual([
      expect.objectContaining({
        code: 'WAYBILL_EVENT_NOT_DECLARED',
        retryable: false,
        message: expect.stringContaining('OrderPlaced, OrderCancelled: add OrderShipped'),
      }),
    ]);
  });
});

describe('routes', () => {
  const topic = 'arn:aws:sns:eu-west-1:111122223333:shop';
  const bus = 'arn:aws:events:eu-west-1:111122223333:event-bus/saas';

  test('an event goes to each route of its source and type, and nowhere else', async () => {
    const transports = new Map([topic, bus].map((target) => [target, memoryTransport()]));
    const routing = routingTransport(
      [
        { source: 'shop', target: topic, events: ['OrderPlaced'] },
        { source: 'shop', target: bus, events: ['OrderPlaced', 'OrderCancelled'] },
        { source: 'other', target: topic, events: ['OrderCancelled'] },
      ],
      (target) => transports.get(target)!,
    );
    const placed = encoded(orderPlaced('o1'));

    expect(await routing.send([placed, { ...placed, eventType: 'OrderCancelled' }])).toEqual({ failed: [] });

    expect(transports.get(topic)!.sent.map(({ eventType }) => eventType)).toEqual(['OrderPlaced']);
    expect(transports.get(bus)!.sent.map(({ eventType }) => eventType)).toEqual([
      'OrderPlaced',
      'OrderCancelled',
    ]);
  });

  test('an event without a route fails with what is routed and what to do; its neighbours are sent', async () => {
    const transport = memoryTransport();
    const routing = routingTransport(
      [{ source: 'shop', target: topic, events: ['OrderPlaced'] }],
      () => transport,
    );
    const placed = encoded(orderPlaced('o1'));

    const { failed } = await routing.send([{ ...placed, eventId: 'x', eventType: 'OrderShipped' }, placed]);

    expect(failed).toEqual([
      {
        eventId: 'x',
        code: 'WAYBILL_EVENT_NOT_ROUTED',
        retryable: false,
        message: expect.stringMatching(
          /no route for OrderShipped from shop \(routes: shop: OrderPlaced\).*grant/,
        ),
      },
    ]);
    expect(transport.sent).toHaveLength(1);
  });

  test('an event that one of two targets refuses counts as failed', async () => {
    const placed = encoded(orderPlaced('o1'));
    const routing = routingTransport(
      [
        { source: 'shop', target: topic, events: ['OrderPlaced'] },
        { source: 'shop', target: bus, events: ['OrderPlaced'] },
      ],
      (target) => (target === bus ? refusing(placed.eventId) : memoryTransport()),
    );

    expect((await routing.send([placed])).failed).toEqual([
      expect.objectContaining({ eventId: placed.eventId, code: 'Throttled' }),
    ]);
  });

  test.each([
    { what: 'missing', value: undefined, message: /WAYBILL_PUBLISH_ROUTES is not set: .*grants.publish/ },
    { what: 'empty', value: '', message: /WAYBILL_PUBLISH_ROUTES is not set/ },
    { what: 'not JSON', value: 'x', message: /WAYBILL_PUBLISH_ROUTES must be JSON such as/ },
    { what: 'of another shape', value: '[{"target":1}]', message: /must be JSON such as/ },
    {
      what: 'to a target that is none',
      value: '[{"source":"s","target":"arn:aws:firehose:x:1:deliverystream/s","events":[]}]',
      message:
        /not the ARN of an SNS topic, an SQS queue, an EventBridge bus, a Kinesis stream or a Kafka topic/,
    },
  ])('WAYBILL_PUBLISH_ROUTES $what: one clear error', ({ value, message }) => {
    expect(() => publisherFromEnvironment([], { WAYBILL_PUBLISH_ROUTES: value })).toThrow(message);
  });

  test('topics, queues and buses are known by their ARN', () => {
    const routes = [topic, bus, 'arn:aws:sqs:eu-west-1:111122223333:urgent.fifo'].map((target) => ({
      source: 'shop',
      target,
      events: ['OrderPlaced'],
    }));

    expect(() =>
      publisherFromEnvironment([OrderPlaced], { WAYBILL_PUBLISH_ROUTES: JSON.stringify(routes) }),
    ).not.toThrow();
  });
});
