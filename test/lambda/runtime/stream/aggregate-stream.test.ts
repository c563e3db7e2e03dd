import { describe, expect, test } from '@jest/globals';
import { createPublisher } from '../../../../lambda/runtime/publisher.ts';
import { aggregateStream } from '../../../../lambda/runtime/stream/aggregate-stream.ts';
import type { Aggregation, StreamWindow } from '../../../../lambda/runtime/stream/aggregate-stream.ts';
import { memoryTransport } from '../../../../lambda/runtime/transports/memory.ts';
import {
  capturedLog,
  DEAD_LETTER_QUEUE_URL,
  fakeClient,
  invocation,
  OrderCancelled,
  OrderPlaced,
  orderPlaced,
  testClock,
} from '../fixtures.ts';
import { deliverWindow, kinesisRecord } from './support.ts';

interface Count {
  readonly orders: number;
}

const options = { consumer: 'counts', logger: capturedLog().logger };
const records = (count: number) =>
  Array.from({ length: count }, (_, index) => kinesisRecord(orderPlaced(`o${index}`)));
const window = {
  window: { start: '2026-11-21T10:00:00Z', end: '2026-11-21T10:01:00Z' },
  shardId: 'shardId-0',
  isFinalInvokeForWindow: false,
  isWindowTerminatedEarly: false,
};

function counting(
  emitted: { readonly state: Count; readonly window: StreamWindow }[],
  add: Aggregation<typeof OrderPlaced, Count>['add'] = ({ orders }) => ({ orders: orders + 1 }),
): Aggregation<typeof OrderPlaced, Count> {
  return {
    initial: () => ({ orders: 0 }),
    add,
    emit: (state, ended) => void emitted.push({ state, window: ended }),
  };
}

describe('aggregateStream', () => {
  test('the state goes from batch to batch, and the end of the window emits it once', async () => {
    const emitted: { state: Count; window: StreamWindow }[] = [];

    await deliverWindow(aggregateStream(OrderPlaced, counting(emitted), options), records(25), 10);

    expect(emitted).toEqual([
      {
        state: { orders: 25 },
        window: {
          start: new Date('2026-11-21T10:00:00Z'),
          end: new Date('2026-11-21T10:01:00Z'),
          shardId: 'shardId-000000000000',
          endedEarly: false,
        },
      },
    ]);
  });

  test('each record counts once, however often and wherever adding fails', async () => {
    const emitted: { state: Count; window: StreamWindow }[] = [];
    const failures = new Map<string, number>();
    const aggregation = counting(emitted, ({ orders }, { data, eventId }) => {
      const before = failures.get(eventId) ?? 0;
      if (Number(data.orderId.slice(1)) % 5 === 2 && before < 3) {
        failures.set(eventId, before + 1);
        throw new Error('for a moment');
      }
      return { orders: orders + 1 };
    });

    await deliverWindow(aggregateStream(OrderPlaced, aggregation, options), records(60), 7);

    expect(emitted.map(({ state }) => state)).toEqual([{ orders: 60 }]);
    expect(failures.size).toBe(12);
  });

  test('a failure answers the state before it and the record to go on from', async () => {
    const batch = records(3);
    const handler = aggregateStream(
      OrderPlaced,
      counting([], ({ orders }, { data }) => {
        if (data.orderId === 'o1') throw new Error('down');
        return { orders: orders + 1 };
      }),
      options,
    );

    expect(await handler({ ...window, Records: batch, state: {} })).toEqual({
      state: { aggregate: { orders: 1 }, from: batch[0]!.kinesis.sequenceNumber },
      batchItemFailures: [{ itemIdentifier: batch[1]!.kinesis.sequenceNumber }],
    });
  });

  test('D10 what can’t be read goes to the dead-letter queue and is not in the result', async () => {
    const emitted: { state: Count; window: StreamWindow }[] = [];
    const client = fakeClient();
    const handler = aggregateStream(OrderPlaced, counting(emitted), {
      ...options,
      client,
      deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL,
    });

    await deliverWindow(handler, [...records(2), kinesisRecord('poison'), ...records(2)], 5);

    expect(emitted.map(({ state }) => state)).toEqual([{ orders: 4 }]);
    expect(client.calls).toHaveLength(1);
  });

  test('an emit that fails is called again, and publishes the same event again', async () => {
    const transport = memoryTransport();
    const publisher = createPublisher({ contracts: [OrderCancelled], transport });
    let calls = 0;
    const aggregation: Aggregation<typeof OrderPlaced, Count> = {
      ...counting([]),
      emit: async ({ orders }, _window, context) => {
        await context.publish(OrderCancelled, { tenantId: 'acme', data: { orderId: String(orders) } });
        calls += 1;
        if (calls < 3) throw new Error('after publishing');
      },
    };
    const batch = records(4);

    const handler = aggregateStream(OrderPlaced, aggregation, { ...options, publisher });
    await deliverWindow(handler, batch, 4);
    await deliverWindow(handler, records(4), 4);

    const ids = transport.sent.map(({ eventId }) => eventId);
    expect(ids).toHaveLength(4);
    expect(new Set(ids.slice(0, 3)).size).toBe(1);
    // Another part of the same window is another result.
    expect(ids[3]).not.toBe(ids[0]);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Number.parseInt(ids[0]!.slice(0, 13).replace('-', ''), 16)).toBe(
      Date.parse('2026-11-21T10:00:00Z'),
    );
  });

  test('a window without a record emits nothing', async () => {
    const emitted: { state: Count; window: StreamWindow }[] = [];
    await deliverWindow(aggregateStream(OrderPlaced, counting(emitted), options), [], 5);
    expect(emitted).toEqual([]);
  });

  test('D7 near the time limit the rest is reported, with the state so far', async () => {
    const clock = testClock();
    const batch = records(5);
    const handler = aggregateStream(
      OrderPlaced,
      counting([], async ({ orders }) => {
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 3_000));
        return { orders: orders + 1 };
      }),
      { ...options, clock },
    );

    const answering = handler({ ...window, Records: batch, state: {} }, invocation(10_000, clock));
    await clock.advance(20_000);

    expect(await answering).toEqual({
      state: { aggregate: { orders: 3 }, from: batch[0]!.kinesis.sequenceNumber },
      batchItemFailures: [{ itemIdentifier: batch[3]!.kinesis.sequenceNumber }],
    });
  });

  test('D13 a sealer opens each event for `add`', async () => {
    const seen: string[] = [];
    const handler = aggregateStream(
      OrderPlaced,
      {
        initial: () => ({ orders: 0 }),
        add: (state, { data }) => {
          seen.push(data.orderId);
          return state;
        },
        emit: () => undefined,
      },
      {
        ...options,
        sealer: { open: async (event) => ({ ...event, data: { ...Object(event.data), orderId: 'open' } }) },
      },
    );

    await handler({ ...window, Records: records(2) });

    expect(seen).toEqual(['open', 'open']);
  });
});
