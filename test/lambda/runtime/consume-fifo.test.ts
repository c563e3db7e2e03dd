import { describe, expect, test } from '@jest/globals';
import { consume } from '../../../lambda/runtime/consume.ts';
import {
  capturedLog,
  entriesOf,
  fakeClient,
  FIFO_QUEUE,
  invocation,
  OrderPlaced,
  orderPlaced,
  record,
  testClock,
} from './fixtures.ts';
import type { SqsRecord } from '../../../lambda/runtime/types.ts';

const failures = (response: { batchItemFailures: { itemIdentifier: string }[] }): string[] =>
  response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);

const options = () => ({
  consumer: 'payments',
  client: fakeClient(),
  logger: capturedLog().logger,
  random: () => 0.5,
});

/** `a1` is the message with order id a1 in group a, and so on. */
const messages = (...names: string[]): SqsRecord[] =>
  names.map((name) => record({ envelope: orderPlaced(name), group: name[0]!, messageId: name }));

describe('D4 FIFO: a failed message halts its group and only its group', () => {
  test('D4 the failed and all unprocessed messages of the group are reported, other groups go on', async () => {
    const handled: string[] = [];
    const handler = consume(
      OrderPlaced,
      async ({ data }) => {
        await new Promise((resolve) => setImmediate(resolve));
        if (data.orderId === 'a2') throw new Error('declined');
        handled.push(data.orderId);
      },
      options(),
    );

    const response = await handler({ Records: messages('a1', 'b1', 'a2', 'b2', 'a3', 'c1', 'a4', 'b3') });

    expect(failures(response)).toEqual(['a2', 'a3', 'a4']);
    expect(handled.toSorted()).toEqual(['a1', 'b1', 'b2', 'b3', 'c1']);
  });

  test('D4 inside a group one message at a time, in order; groups at the same time', async () => {
    const log: string[] = [];
    const handler = consume(
      OrderPlaced,
      async ({ data }) => {
        log.push(`start ${data.orderId}`);
        await new Promise((resolve) => setImmediate(resolve));
        log.push(`end ${data.orderId}`);
      },
      options(),
    );

    await handler({ Records: messages('a1', 'a2', 'b1', 'b2') });

    expect(log.filter((line) => line.includes(' a'))).toEqual(['start a1', 'end a1', 'start a2', 'end a2']);
    expect(log.indexOf('start b1')).toBeLessThan(log.indexOf('end a1'));
  });

  test('D4 a retried group runs again in the same warm instance', async () => {
    let failing = true;
    const handled: string[] = [];
    const handler = consume(
      OrderPlaced,
      ({ data }) => {
        if (failing) throw new Error('down');
        handled.push(data.orderId);
      },
      options(),
    );

    const first = await handler({ Records: messages('a1', 'a2') });
    failing = false;
    const second = await handler({ Records: messages('a1', 'a2') });

    expect(failures(first)).toEqual(['a1', 'a2']);
    expect(failures(second)).toEqual([]);
    expect(handled).toEqual(['a1', 'a2']);
  });

  test('D4 a dead-lettered message is done with: its group goes on', async () => {
    const given = {
      ...options(),
      deadLetterQueueUrl: 'https://sqs.eu-west-1.amazonaws.com/111122223333/dlq.fifo',
    };
    const handled: string[] = [];
    const [a1, a2, a3] = messages('a1', 'a2', 'a3') as [SqsRecord, SqsRecord, SqsRecord];

    const response = await consume(
      OrderPlaced,
      ({ data }) => void handled.push(data.orderId),
      given,
    )({
      Records: [a1, { ...a2, body: 'broken' }, a3],
    });

    expect(failures(response)).toEqual([]);
    expect(handled).toEqual(['a1', 'a3']);
  });

  test('D4 when the dead letter can’t be written the group halts', async () => {
    const client = fakeClient((name) => {
      if (name === 'SendMessageBatch') throw new Error('denied');
    });
    const [a1, a2] = messages('a1', 'a2') as [SqsRecord, SqsRecord];

    const response = await consume(OrderPlaced, () => {}, {
      ...options(),
      client,
      deadLetterQueueUrl: 'https://sqs.eu-west-1.amazonaws.com/111122223333/dlq.fifo',
    })({ Records: [{ ...a1, body: 'broken' }, a2] });

    expect(failures(response)).toEqual(['a1', 'a2']);
  });

  test('D8 a dead letter keeps its group; its deduplication id is the message id, so a second failure is not swallowed', async () => {
    const given = {
      ...options(),
      deadLetterQueueUrl: 'https://sqs.eu-west-1.amazonaws.com/111122223333/dlq.fifo',
    };

    await consume(OrderPlaced, () => {}, given)({ Records: [{ ...messages('a1')[0]!, body: 'broken' }] });

    expect(entriesOf(given.client.calls[0]!.input)[0]).toMatchObject({
      MessageGroupId: 'a',
      MessageDeduplicationId: 'a1',
    });
  });
});

describe('D6 FIFO: the backoff is the head’s, the rest never overtakes it', () => {
  const visibility = (given: ReturnType<typeof options>): Record<string, unknown> =>
    Object.fromEntries(
      given.client.calls.flatMap(({ input }) =>
        entriesOf(input).map((entry) => [
          String(entry['ReceiptHandle']).slice(8),
          entry['VisibilityTimeout'],
        ]),
      ),
    );

  test('D6 the head waits its backoff, the rest of its group one second more, other groups are not touched', async () => {
    const given = options();
    const [a1, a2, a3, b1] = messages('a1', 'a2', 'a3', 'b1') as [SqsRecord, SqsRecord, SqsRecord, SqsRecord];
    const head = { ...a2, attributes: { ...a2.attributes, ApproximateReceiveCount: '4' } };

    await consume(
      OrderPlaced,
      ({ data }) => {
        if (data.orderId === 'a2') throw new Error('down');
      },
      given,
    )({ Records: [a1, head, a3, b1] });

    expect(visibility(given)).toEqual({ a2: 8, a3: 9 });
  });

  test('D6 the held messages have no backoff of their own, however often they were received', async () => {
    const given = options();
    const [a1, a2] = messages('a1', 'a2') as [SqsRecord, SqsRecord];
    const often = { ...a2, attributes: { ...a2.attributes, ApproximateReceiveCount: '9' } };

    await consume(OrderPlaced, () => Promise.reject(new Error('down')), given)({ Records: [a1, often] });

    expect(visibility(given)).toEqual({ a1: 1, a2: 2 });
  });

  test('D7 D6 what was not started is released whole and at once', async () => {
    const clock = testClock();
    const given = { ...options(), clock };

    const response = await consume(
      OrderPlaced,
      () => clock.advance(9_000),
      given,
    )({ Records: messages('a1', 'a2', 'a3') }, invocation(10_000, clock));

    expect(failures(response)).toEqual(['a2', 'a3']);
    expect(visibility(given)).toEqual({ a2: 0, a3: 0 });
  });

  test('D7 D6 behind a handler that may still run nothing moves', async () => {
    const clock = testClock();
    const given = { ...options(), clock };
    const answer = consume(
      OrderPlaced,
      () => new Promise<void>(() => {}),
      given,
    )({ Records: messages('a1', 'a2') }, invocation(10_000, clock));

    await clock.advance(9_500);

    expect(failures(await answer)).toEqual(['a1', 'a2']);
    expect(given.client.calls).toEqual([]);
  });

  test('D6 the queue is found from its ARN, also where WAYBILL_QUEUE_URL is of another queue', async () => {
    const given = options();
    process.env['WAYBILL_QUEUE_URL'] = 'https://sqs.eu-west-1.amazonaws.com/111122223333/other.fifo';
    try {
      await consume(OrderPlaced, () => Promise.reject(new Error('down')), given)({ Records: messages('a1') });
    } finally {
      delete process.env['WAYBILL_QUEUE_URL'];
    }

    expect(given.client.calls[0]!.input['QueueUrl']).toBe(
      `https://sqs.eu-west-1.amazonaws.com/111122223333/${FIFO_QUEUE.split(':').at(-1)}`,
    );
  });
});
