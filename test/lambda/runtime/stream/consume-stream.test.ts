import { describe, expect, test } from '@jest/globals';
import { PermanentError } from '../../../../lambda/runtime/errors.ts';
import { consumeStream } from '../../../../lambda/runtime/stream/consume-stream.ts';
import type { ConsumeStreamOptions } from '../../../../lambda/runtime/stream/consume-stream.ts';
import type { Handler } from '../../../../lambda/runtime/types.ts';
import {
  capturedLog,
  DEAD_LETTER_QUEUE_URL,
  entriesOf,
  fakeClient,
  invocation,
  OrderPlaced,
  orderPlaced,
  testClock,
} from '../fixtures.ts';
import { deliver, kinesisRecord } from './support.ts';

const consumer = (handler: Handler<typeof OrderPlaced>, options: ConsumeStreamOptions = {}) =>
  consumeStream(OrderPlaced, handler, {
    consumer: 'analytics',
    logger: capturedLog().logger,
    ...options,
  });

const records = (count: number, keys: number) =>
  Array.from({ length: count }, (_, index) =>
    kinesisRecord(orderPlaced(`o${index}`, `c${index % keys}`), `c${index % keys}`),
  );

describe('consumeStream', () => {
  test('a batch that is handled: nothing is reported', async () => {
    const handled: string[] = [];
    const handler = consumer(({ data }) => void handled.push(data.orderId));

    expect(await handler({ Records: records(6, 3) })).toEqual({ batchItemFailures: [] });
    expect(handled.toSorted()).toEqual(['o0', 'o1', 'o2', 'o3', 'o4', 'o5']);
  });

  test('the first failure alone is reported; what is before it is finished, what is behind it is not started', async () => {
    const batch = records(8, 4);
    const handled: string[] = [];
    const handler = consumer(
      async ({ data }) => {
        if (data.orderId === 'o2') throw new Error('down');
        // What is before the failure has to be waited for.
        await new Promise((resolve) => setTimeout(resolve, 20));
        handled.push(data.orderId);
      },
      { concurrency: 4 },
    );

    const answer = await handler({ Records: batch });

    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: batch[2]!.kinesis.sequenceNumber }] });
    expect(handled).toContain('o1');
    // o3 ran beside o2; o4 and all others are behind the failure.
    expect(handled.toSorted()).toEqual(['o0', 'o1', 'o3']);
  });

  test.each([1, 3, 10])(
    'order per key and no loss while handlers fail, concurrency %i',
    async (concurrency) => {
      const done: string[] = [];
      const failures = new Map<string, number>();
      const handler = consumer(
        async ({ data, eventId }) => {
          await new Promise((resolve) => setTimeout(resolve, Number(data.orderId.slice(1)) % 3));
          const before = failures.get(eventId) ?? 0;
          if (Number(data.orderId.slice(1)) % 7 === 3 && before < 2) {
            failures.set(eventId, before + 1);
            throw new Error('for a moment');
          }
          if (!done.includes(data.orderId)) done.push(data.orderId);
        },
        { concurrency },
      );

      await deliver(handler, records(120, 8), 25);

      expect(done).toHaveLength(120);
      for (let key = 0; key < 8; key += 1) {
        const ofKey = done.map((id) => Number(id.slice(1))).filter((id) => id % 8 === key);
        expect(ofKey).toEqual(ofKey.toSorted((a, b) => a - b));
      }
    },
  );

  test('D10 what can’t be read goes to the dead-letter queue with the reason, and the rest flows', async () => {
    const client = fakeClient();
    const handled: string[] = [];
    const handler = consumer(({ data }) => void handled.push(data.orderId), {
      deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL,
      client,
    });
    const poison = kinesisRecord('{"not":"an envelope"}', 'c1');

    const answer = await handler({ Records: [poison, ...records(2, 1)] });

    expect(answer).toEqual({ batchItemFailures: [] });
    expect(handled).toEqual(['o0', 'o1']);
    expect(entriesOf(client.calls[0]!.input)).toEqual([
      expect.objectContaining({
        MessageBody: '{"not":"an envelope"}',
        MessageGroupId: 'c1',
        MessageAttributes: expect.objectContaining({
          deadLetterReason: { DataType: 'String', StringValue: 'WAYBILL_ENVELOPE_INVALID' },
          deadLetterConsumer: { DataType: 'String', StringValue: 'analytics' },
        }),
      }),
    ]);
  });

  test('D10 a record that no SQS message can hold: the dead letter tells where it is', async () => {
    const client = fakeClient();
    const handler = consumer(() => undefined, { deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL, client });
    const huge = kinesisRecord('x'.repeat(2_000_000));

    expect(await handler({ Records: [huge] })).toEqual({ batchItemFailures: [] });

    expect(JSON.parse(entriesOf(client.calls[0]!.input)[0]!['MessageBody'] as string)).toEqual({
      streamArn: huge.eventSourceARN,
      sequenceNumber: huge.kinesis.sequenceNumber,
      bytes: 2_000_000,
    });
  });

  test('without a dead-letter queue, or one that refuses, poison is left to the mapping', async () => {
    const poison = kinesisRecord('poison');
    const reported = { batchItemFailures: [{ itemIdentifier: poison.kinesis.sequenceNumber }] };
    const client = fakeClient(() => {
      throw new Error('no');
    });

    expect(await consumer(() => undefined)({ Records: [poison] })).toEqual(reported);
    const refused = consumer(() => undefined, { deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL, client });
    expect(await refused({ Records: [poison] })).toEqual(reported);
  });

  test('a PermanentError is dead-lettered; how often a failure is tried is the mapping’s, whatever the queue’s variable says', async () => {
    const client = fakeClient();
    process.env['WAYBILL_MAX_RECEIVE_COUNT'] = '1';
    const batch = records(2, 2);
    const handler = consumer(
      ({ data }) => {
        throw data.orderId === 'o0' ? new PermanentError('ACCOUNT_CLOSED') : new Error('down');
      },
      { deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL, client, concurrency: 1 },
    );

    const answer = await handler({ Records: batch });
    delete process.env['WAYBILL_MAX_RECEIVE_COUNT'];

    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: batch[1]!.kinesis.sequenceNumber }] });
    expect(client.calls).toHaveLength(1);
  });

  test('D7 near the time limit nothing is started, and the rest is reported from there', async () => {
    const clock = testClock();
    const handled: string[] = [];
    const batch = records(5, 1);
    const handler = consumer(
      async ({ data }) => {
        handled.push(data.orderId);
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 3_000));
      },
      { clock },
    );

    const answering = handler({ Records: batch }, invocation(10_000, clock));
    await clock.advance(10_000);

    expect(await answering).toEqual({
      batchItemFailures: [{ itemIdentifier: batch[3]!.kinesis.sequenceNumber }],
    });
    expect(handled).toEqual(['o0', 'o1', 'o2']);
  });

  test('D7 a handler that does not stop is given up: the answer leaves in time, and a late success counts no more', async () => {
    const clock = testClock();
    const batch = records(2, 1);
    let finish: () => void = () => undefined;
    const handler = consumer(() => new Promise<void>((resolve) => (finish = resolve)), { clock });

    const answering = handler({ Records: batch }, invocation(10_000, clock));
    await clock.advance(9_900);
    const answer = await answering;
    finish();

    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: batch[0]!.kinesis.sequenceNumber }] });
  });

  test('D13 a sealer opens each event for the handler', async () => {
    const seen: string[] = [];
    const handler = consumeStream(OrderPlaced, ({ data }) => void seen.push(data.orderId), {
      consumer: 'trends',
      logger: capturedLog().logger,
      sealer: { open: async (event) => ({ ...event, data: { ...Object(event.data), orderId: 'open' } }) },
    });

    await handler({ Records: [kinesisRecord(orderPlaced('sealed'))] });

    expect(seen).toEqual(['open']);
  });
});
