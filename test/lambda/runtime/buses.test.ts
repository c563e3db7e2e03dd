import { describe, expect, test } from '@jest/globals';
import { isUuid } from '../../../lib/contracts/index.ts';
import type { Envelope } from '../../../lib/contracts/index.ts';
import {
  consume,
  eventBridgeBus,
  memoryBus,
  memoryTransport,
  PermanentError,
} from '../../../lambda/runtime/index.ts';
import { createPublisher } from '../../../lambda/runtime/publisher.ts';
import {
  capturedLog,
  entriesOf,
  fakeClient,
  OrderCancelled,
  OrderPlaced,
  orderPlaced,
  record,
} from './fixtures.ts';

const contracts = [OrderPlaced, OrderCancelled];

describe('the in-memory bus', () => {
  test('each subscription gets every event of its contracts, as a typed copy from JSON', async () => {
    const bus = memoryBus({ contracts });
    const seen: string[] = [];
    bus.subscribe(OrderPlaced, (event) => void seen.push(`ship ${event.data.orderId}`));
    bus.subscribe(contracts, (event) => void seen.push(`audit ${event.eventType}`));
    bus.subscribe(OrderCancelled, () => void seen.push('refund'));

    await bus.publish(orderPlaced('o1'));
    await bus.idle();

    expect(seen).toEqual(['ship o1', 'audit OrderPlaced']);
  });

  test('what 100 events carry arrives whole, in order per key', async () => {
    const bus = memoryBus({ contracts });
    const seen: Envelope[] = [];
    bus.subscribe(OrderPlaced, async (event) => {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(event);
    });
    const sent = Array.from({ length: 100 }, (_, index) => orderPlaced(`ö${index}`, `c${index % 16}`));

    await bus.publishBatch(sent);
    await bus.idle();

    for (let key = 0; key < 16; key += 1) {
      const ofKey = (list: readonly Envelope[]): unknown[] =>
        list.filter(({ data }) => (data as { customerId: string }).customerId === `c${key}`);
      expect(ofKey(seen)).toEqual(ofKey(sent));
    }
    expect(seen).toHaveLength(100);
  });

  test('a handler that throws gets the event again, with its receive count; after the last it is dead, with the reason', async () => {
    const bus = memoryBus({ contracts, maxReceiveCount: 3 });
    const counts: number[] = [];
    bus.subscribe(
      OrderPlaced,
      (_event, context) => {
        counts.push(context.receiveCount);
        throw new Error('down');
      },
      { consumer: 'shipping' },
    );

    await bus.publish(orderPlaced('o1'));
    await bus.idle();

    expect(counts).toEqual([1, 2, 3]);
    expect(bus.deadLetters).toEqual([
      expect.objectContaining({ consumer: 'shipping', reason: 'HANDLER_FAILED' }),
    ]);
  });

  test('PermanentError is dead at once, and what follows is handled', async () => {
    const bus = memoryBus({ contracts });
    const seen: string[] = [];
    bus.subscribe(OrderPlaced, ({ data }) => {
      seen.push(data.orderId);
      if (data.orderId === 'o1') throw new PermanentError('GONE');
    });

    await bus.publishBatch([orderPlaced('o1'), orderPlaced('o2')]);
    await bus.idle();

    expect(seen).toEqual(['o1', 'o2']);
    expect(bus.deadLetters).toEqual([expect.objectContaining({ reason: 'PERMANENT_ERROR', detail: 'GONE' })]);
  });

  test('an event published by a handler follows from the handled one, and idle waits for it too', async () => {
    const bus = memoryBus({ contracts });
    const cancelled: Envelope[] = [];
    bus.subscribe(OrderPlaced, (event, context) =>
      context.publish(OrderCancelled, { orderId: event.data.orderId }),
    );
    bus.subscribe(OrderCancelled, (event) => void cancelled.push(event));
    const cause = orderPlaced('o1');

    await bus.publish(cause);
    await bus.idle();

    expect(cancelled[0]).toMatchObject({
      causationId: cause.eventId,
      correlationId: cause.correlationId,
      tenantId: 'acme',
      metadata: { hopCount: 1 },
    });
  });

  test('a closed subscription gets nothing more', async () => {
    const bus = memoryBus({ contracts });
    let calls = 0;
    const subscription = bus.subscribe(OrderPlaced, () => void (calls += 1));

    await bus.publish(orderPlaced('o1'));
    await subscription.close();
    await bus.publish(orderPlaced('o2'));
    await bus.idle();

    expect(calls).toBe(1);
  });
});

describe('the EventBridge bus', () => {
  test('publishes source, type and the whole envelope', async () => {
    const client = fakeClient();
    const envelope = orderPlaced('o1');

    await eventBridgeBus({ contracts, eventBusName: 'saas', client }).publish(envelope);

    expect(entriesOf(client.calls[0]!.input)).toEqual([
      { EventBusName: 'saas', Source: 'shop', DetailType: 'OrderPlaced', Detail: JSON.stringify(envelope) },
    ]);
  });

  test('a subscription is the handler of a function behind the queue of a rule', async () => {
    const bus = eventBridgeBus({ contracts, eventBusName: 'saas', client: fakeClient() });
    const seen: string[] = [];
    const { process } = bus.subscribe(OrderPlaced, (event) => void seen.push(event.data.orderId), {
      consumer: 'shipping',
      logger: capturedLog().logger,
    });

    expect(await process({ Records: [record()] })).toEqual({ batchItemFailures: [] });
    expect(seen).toEqual(['o1']);
  });
});

describe('context.publish', () => {
  const publishTwice = async (envelope: Envelope): Promise<readonly string[]> => {
    const transport = memoryTransport();
    const handler = consume(
      OrderPlaced,
      async (_event, context) => {
        await context.publish(OrderCancelled, { orderId: 'a' });
        await context.publish(OrderCancelled, { orderId: 'b' });
      },
      {
        consumer: 'shipping',
        logger: capturedLog().logger,
        publisher: createPublisher({ contracts, transport }),
      },
    );
    await handler({ Records: [record({ envelope })] });
    return transport.sent.map(({ eventId }) => eventId);
  };

  test('handling an event again publishes the same events again: same eventIds, another for each', async () => {
    const envelope = orderPlaced('o1');

    const first = await publishTwice(envelope);
    const again = await publishTwice(envelope);

    expect(again).toEqual(first);
    expect(new Set(first).size).toBe(2);
    expect(first.every(isUuid)).toBe(true);
    expect(first[0]!.slice(0, 13)).toBe(envelope.eventId.slice(0, 13));
  });

  test('without a publisher it says what to give', async () => {
    let message = '';
    await consume(
      OrderPlaced,
      async (_event, context) => {
        await context
          .publish(OrderCancelled, { orderId: 'a' })
          .catch((error: Error) => (message = error.message));
      },
      { consumer: 'c', logger: capturedLog().logger },
    )({ Records: [record()] });

    expect(message).toMatch(/OrderCancelled was not published: give consume\(\) a `publisher`/);
  });
});

describe('trace context', () => {
  test('each handling is a child of the event’s span, in the same trace; without one a trace begins', async () => {
    const seen: string[] = [];
    const handler = consume(
      OrderPlaced,
      (_event, context) => void seen.push(context.traceparent, context.traceparent),
      {
        consumer: 'c',
        logger: capturedLog().logger,
      },
    );
    const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
    const traced = { ...orderPlaced('o1'), metadata: { hopCount: 0, traceparent: parent } };

    await handler({ Records: [record({ envelope: traced }), record()] });

    expect(seen[0]).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/);
    expect(seen[0]).not.toBe(parent);
    expect(seen[1]).toBe(seen[0]);
    expect(seen[2]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });
});
