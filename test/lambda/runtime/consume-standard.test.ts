import { describe, expect, test } from '@jest/globals';
import type { SQSHandler } from 'aws-lambda';
import { createEnvelope } from '../../../lib/contracts/index.ts';
import { consume } from '../../../lambda/runtime/consume.ts';
import { PermanentError } from '../../../lambda/runtime/errors.ts';
import {
  acceptUnless,
  capturedLog,
  DEAD_LETTER_QUEUE_URL,
  entriesOf,
  fakeClient,
  invocation,
  OrderCancelled,
  OrderPlaced,
  orderPlaced,
  record,
  records,
  testClock,
} from './fixtures.ts';

const failures = (response: { batchItemFailures: { itemIdentifier: string }[] }): string[] =>
  response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);

const options = () => {
  const client = fakeClient();
  const log = capturedLog();
  return { consumer: 'fulfilment', client, logger: log.logger, lines: log.lines, random: () => 0.5 };
};

describe('D3 standard: only the failed messages come back', () => {
  test('D3 a thrown error loses none of its neighbours', async () => {
    const given = options();
    const handled: string[] = [];
    const handler = consume(
      OrderPlaced,
      async (event) => {
        if (event.data.orderId === 'o3') throw new Error('no stock');
        handled.push(event.data.orderId);
      },
      given,
    );
    const batch = records(5);

    const response = await handler({ Records: batch });

    expect(failures(response)).toEqual([batch[2]!.messageId]);
    expect(handled).toEqual(['o1', 'o2', 'o4', 'o5']);
  });

  test('D3 a handler that throws before its first await fails alone too', async () => {
    const handler = consume(
      OrderPlaced,
      () => {
        throw new Error('at once');
      },
      options(),
    );
    const batch = records(2);

    expect(failures(await handler({ Records: batch }))).toEqual(batch.map(({ messageId }) => messageId));
  });

  test('D3 a batch without failures reports none and calls AWS not at all', async () => {
    const given = options();

    const response = await consume(OrderPlaced, () => {}, given)({ Records: records(10) });

    expect(response).toEqual({ batchItemFailures: [] });
    expect(given.client.calls).toEqual([]);
  });

  test('D3 at most `concurrency` messages run at a time', async () => {
    let running = 0;
    let most = 0;
    const handler = consume(
      OrderPlaced,
      async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
      },
      { ...options(), concurrency: 3 },
    );

    await handler({ Records: records(20) });

    expect(most).toBe(3);
  });

  test('D5 what one invocation did has no effect on the next of the same handler', async () => {
    let failing = true;
    const handler = consume(
      OrderPlaced,
      () => {
        if (failing) throw new Error('down');
      },
      options(),
    );
    const batch = records(3);

    const [first, concurrent] = await Promise.all([handler({ Records: batch }), handler({ Records: batch })]);
    failing = false;
    const second = await handler({ Records: batch });

    expect(failures(first)).toHaveLength(3);
    expect(failures(concurrent)).toHaveLength(3);
    expect(failures(second)).toEqual([]);
  });
});

describe('D6 standard: a failed message comes back after a backoff with full jitter', () => {
  test.each([
    { receiveCount: 1, random: 0.5, seconds: 1 },
    { receiveCount: 1, random: 0.999, seconds: 2 },
    { receiveCount: 4, random: 0.5, seconds: 8 },
    { receiveCount: 30, random: 0.999, seconds: 900 },
  ])('D6 receive $receiveCount, chance $random: $seconds s', async ({ receiveCount, random, seconds }) => {
    const given = { ...options(), random: () => random };
    const failed = record({ receiveCount });

    await consume(OrderPlaced, () => Promise.reject(new Error('down')), given)({ Records: [failed] });

    expect(given.client.calls).toEqual([
      {
        name: 'ChangeMessageVisibilityBatch',
        input: {
          QueueUrl: 'https://sqs.eu-west-1.amazonaws.com/111122223333/orders',
          Entries: [{ Id: '0', ReceiptHandle: failed.receiptHandle, VisibilityTimeout: seconds }],
        },
      },
    ]);
  });

  test('D6 a batch of more than ten failures is changed in calls of ten, entry ids by position', async () => {
    const given = options();

    await consume(OrderPlaced, () => Promise.reject(new Error('down')), given)({ Records: records(12) });

    expect(given.client.calls.map(({ input }) => entriesOf(input).map(({ Id }) => Id))).toEqual([
      ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
      ['0', '1'],
    ]);
  });

  test('D6 a failing visibility call changes nothing about what is reported', async () => {
    const client = fakeClient(() => {
      throw new Error('throttled');
    });
    const log = capturedLog();
    const batch = records(1);

    const response = await consume(OrderPlaced, () => Promise.reject(new Error('down')), {
      consumer: 'c',
      client,
      logger: log.logger,
    })({ Records: batch });

    expect(failures(response)).toEqual([batch[0]!.messageId]);
    expect(log.lines.at(-1)!.message).toContain('visibility not changed');
  });

  test('D6 a backoff that SQS would refuse is refused when the consumer is made', () => {
    expect(() => consume(OrderPlaced, () => {}, { backoff: { base: 1, cap: 50_000 } })).toThrow(
      /0 < base <= cap < 43200/,
    );
  });
});

describe('D7 near the time limit', () => {
  test('D7 nothing is started; the rest is reported failed and released at once', async () => {
    const clock = testClock();
    const given = { ...options(), clock, concurrency: 1 };
    const handled: string[] = [];
    const handler = consume(
      OrderPlaced,
      async (event) => {
        handled.push(event.data.orderId);
        await clock.advance(3_000);
      },
      given,
    );
    const batch = records(5);

    const response = await handler({ Records: batch }, invocation(10_000, clock));

    expect(handled).toEqual(['o1', 'o2', 'o3']);
    expect(failures(response)).toEqual([batch[3]!.messageId, batch[4]!.messageId]);
    expect(entriesOf(given.client.calls[0]!.input).map((entry) => entry['VisibilityTimeout'])).toEqual([
      0, 0,
    ]);
  });

  test('D7 the signal is aborted before the limit, and a handler that ignores it cannot take its neighbours with it', async () => {
    const clock = testClock();
    const given = { ...options(), clock, deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL, maxReceiveCount: 1 };
    let reason: unknown;
    let finishLate: (() => void) | undefined;
    const handler = consume(
      OrderPlaced,
      async (event, context) => {
        if (event.data.orderId !== 'o2') return;
        context.signal.addEventListener('abort', () => (reason = context.signal.reason));
        await new Promise<void>((_, reject) => (finishLate = () => reject(new Error('late'))));
      },
      given,
    );
    const batch = records(3);
    const answer = handler({ Records: batch }, invocation(10_000, clock));

    await clock.advance(8_999);
    expect(reason).toBeUndefined();
    await clock.advance(1);
    expect(reason).toMatchObject({ code: 'WAYBILL_DEADLINE_NEAR' });
    await clock.advance(500);
    const response = await answer;
    finishLate!();
    await clock.advance(0);

    expect(failures(response)).toEqual([batch[1]!.messageId]);
    // Neither a visibility change (the handler may still run) nor a dead letter after the batch was given up.
    expect(given.client.calls).toEqual([]);
    expect(clock.pending()).toBe(0);
  });

  test('D7 a function with a timeout below the margins still handles its messages', async () => {
    const clock = testClock();
    let handled = 0;

    const response = await consume(OrderPlaced, () => void (handled += 1), { ...options(), clock })(
      { Records: records(10) },
      invocation(1_000, clock),
    );

    expect(response.batchItemFailures).toEqual([]);
    expect(handled).toBe(10);
  });

  test('D7 no timer is left behind', async () => {
    const clock = testClock();

    await consume(OrderPlaced, () => {}, { ...options(), clock })(
      { Records: records(1) },
      invocation(9_000, clock),
    );

    expect(clock.pending()).toBe(0);
  });
});

describe('D10 what can’t be read is dead-lettered at its first receive', () => {
  const envelope = orderPlaced('o1');
  const loop = { ...envelope, metadata: { hopCount: 99 } };
  const wrongData = { ...envelope, data: { orderId: 7 } };
  const otherVersion = { ...envelope, eventVersion: '9.0' };

  test.each([
    { what: 'not JSON', body: '{oops', reason: 'WAYBILL_ENVELOPE_NOT_JSON' },
    { what: 'not an envelope', body: '{"a":1}', reason: 'WAYBILL_ENVELOPE_INVALID' },
    { what: 'wrong data', body: JSON.stringify(wrongData), reason: 'WAYBILL_EVENT_DATA_INVALID' },
    {
      what: 'other version',
      body: JSON.stringify(otherVersion),
      reason: 'WAYBILL_EVENT_VERSION_UNSUPPORTED',
    },
    { what: 'a loop', body: JSON.stringify(loop), reason: 'WAYBILL_ENVELOPE_INVALID' },
  ])('D10 $what: $reason, its neighbours flow', async ({ body, reason }) => {
    const given = { ...options(), deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL };
    const handled: string[] = [];
    const poison = record({ body });

    const response = await consume(
      OrderPlaced,
      (event) => void handled.push(event.data.orderId),
      given,
    )({
      Records: [
        record({ envelope: orderPlaced('before') }),
        poison,
        record({ envelope: orderPlaced('after') }),
      ],
    });

    expect(response).toEqual({ batchItemFailures: [] });
    expect(handled).toEqual(['before', 'after']);
    expect(given.client.calls).toHaveLength(1);
    expect(given.client.calls[0]!.input['QueueUrl']).toBe(DEAD_LETTER_QUEUE_URL);
    expect(entriesOf(given.client.calls[0]!.input)[0]).toMatchObject({
      MessageBody: body,
      MessageAttributes: {
        eventType: { DataType: 'String', StringValue: 'OrderPlaced' },
        tenantId: { DataType: 'String', StringValue: 'acme' },
        deadLetterReason: { DataType: 'String', StringValue: reason },
        deadLetterConsumer: { DataType: 'String', StringValue: 'fulfilment' },
        deadLetterReceiveCount: { DataType: 'String', StringValue: '1' },
      },
    });
  });

  test('D10 an event nobody here declared names what is declared', async () => {
    const given = { ...options(), deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL };

    await consume(OrderCancelled, () => {}, given)({ Records: [record()] });

    const { MessageAttributes } = entriesOf(given.client.calls[0]!.input)[0] as unknown as {
      MessageAttributes: Record<string, { StringValue: string }>;
    };
    expect(MessageAttributes['deadLetterReason']!.StringValue).toBe('WAYBILL_EVENT_TYPE_UNKNOWN');
    expect(MessageAttributes['deadLetterDetail']!.StringValue).toContain('OrderCancelled');
  });

  test('D10 the dead letter and the log hold no value of the data', async () => {
    const given = { ...options(), deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL, maxReceiveCount: 1 };

    await consume(
      OrderPlaced,
      () => Promise.reject(new TypeError('bad card 4111-1111')),
      given,
    )({
      Records: [record(), record({ body: JSON.stringify({ ...wrongData, data: { orderId: 'secret-77' } }) })],
    });

    const attributes = JSON.stringify(
      given.client.calls.map(({ input }) => entriesOf(input)[0]!['MessageAttributes']),
    );
    expect(attributes).toContain('TypeError at');
    expect(attributes + JSON.stringify(given.lines)).not.toMatch(/4111|secret-77/);
  });

  test('D10 a handler’s error is dead-lettered at the last receive, and only then', async () => {
    const given = { ...options(), deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL, maxReceiveCount: 3 };
    const handler = consume(OrderPlaced, () => Promise.reject(new Error('down')), given);
    const last = record({ receiveCount: 3 });
    const earlier = record({ receiveCount: 2 });

    const response = await handler({ Records: [last, earlier] });

    expect(failures(response)).toEqual([earlier.messageId]);
    expect(given.client.calls.map(({ name }) => name)).toEqual([
      'SendMessageBatch',
      'ChangeMessageVisibilityBatch',
    ]);
    expect(JSON.stringify(given.client.calls[0]!.input)).toContain('HANDLER_FAILED');
  });

  test('D10 PermanentError is dead-lettered at once, with its code', async () => {
    const given = { ...options(), deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL, maxReceiveCount: 5 };

    const response = await consume(
      OrderPlaced,
      () => {
        throw new PermanentError('ACCOUNT_CLOSED', 'jane@example.com is gone');
      },
      given,
    )({ Records: [record()] });

    expect(response.batchItemFailures).toEqual([]);
    expect(entriesOf(given.client.calls[0]!.input)[0]).toMatchObject({
      MessageAttributes: {
        deadLetterReason: { StringValue: 'PERMANENT_ERROR' },
        deadLetterDetail: { StringValue: 'ACCOUNT_CLOSED' },
      },
    });
  });

  test.each([
    { what: 'throws', answer: () => Promise.reject(new Error('AccessDenied')) },
    {
      what: 'fails the entry',
      answer: (_name: string, input: Record<string, unknown>) =>
        acceptUnless(input, () => ({ Code: 'KmsDisabled', SenderFault: true })),
    },
  ])('D10 when the dead-letter queue $what the message is reported failed, not lost', async ({ answer }) => {
    const client = fakeClient((name, input) =>
      name === 'SendMessageBatch' ? answer(name, input) : undefined,
    );
    const poison = record({ body: 'x' });

    const response = await consume(OrderPlaced, () => {}, {
      consumer: 'c',
      logger: capturedLog().logger,
      client,
      deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL,
    })({ Records: [poison] });

    expect(failures(response)).toEqual([poison.messageId]);
  });

  test('D10 without a dead-letter queue the message is left to SQS’s own redrive', async () => {
    const poison = record({ body: 'x' });

    expect(failures(await consume(OrderPlaced, () => {}, options())({ Records: [poison] }))).toEqual([
      poison.messageId,
    ]);
  });

  test('D10 attributes of others never push out the reason: a message has at most ten', async () => {
    const given = { ...options(), deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL };
    const crowded = {
      ...record({ body: 'x' }),
      messageAttributes: Object.fromEntries(
        Array.from({ length: 10 }, (_, index) => [`a${index}`, { dataType: 'String', stringValue: 'v' }]),
      ),
    };

    await consume(OrderPlaced, () => {}, given)({ Records: [crowded] });

    const names = Object.keys(entriesOf(given.client.calls[0]!.input)[0]!['MessageAttributes'] as object);
    expect(names).toHaveLength(10);
    expect(names).toEqual(expect.arrayContaining(['deadLetterReason', 'deadLetterDetail']));
  });
});

describe('D16 replayed events', () => {
  const mark = { kind: 'redrive', of: 'orders-dlq', at: '2026-01-01T00:00:00.000Z' } as const;
  const replayed = { ...orderPlaced('o1'), metadata: { hopCount: 0, replay: mark } };

  test('D16 the handler sees the mark before any side effect', async () => {
    let seen: unknown;

    await consume(
      OrderPlaced,
      (_event, context) => void (seen = context.replay),
      options(),
    )({
      Records: [record({ envelope: replayed })],
    });

    expect(seen).toEqual(mark);
  });

  test("D16 onReplay: 'skip' acknowledges without handling", async () => {
    const given = options();
    let calls = 0;

    const response = await consume(OrderPlaced, () => void (calls += 1), { ...given, onReplay: 'skip' })({
      Records: [record({ envelope: replayed }), record()],
    });

    expect(response.batchItemFailures).toEqual([]);
    expect(calls).toBe(1);
    expect(given.lines.map((line) => line['outcome'])).toEqual(['skipped', 'handled']);
  });
});

describe('D18 the tenant', () => {
  test('D18 a body of another tenant than the one it was routed by is dead-lettered', async () => {
    const given = { ...options(), deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL };
    let calls = 0;

    await consume(
      OrderPlaced,
      () => void (calls += 1),
      given,
    )({
      Records: [record({ tenantAttribute: 'globex' })],
    });

    expect(calls).toBe(0);
    expect(JSON.stringify(given.client.calls[0]!.input)).toContain('TENANT_MISMATCH');
  });

  test('D18 a message without attributes came by a rule and is read', async () => {
    const { messageAttributes: _none, ...bare } = record();
    let calls = 0;

    await consume(OrderPlaced, () => void (calls += 1), options())({ Records: [bare] });

    expect(calls).toBe(1);
  });
});

describe('several contracts', () => {
  test('the type tells the events apart, for the compiler too', async () => {
    const seen: string[] = [];
    const handler = consume(
      [OrderPlaced, OrderCancelled],
      (event) => {
        if (event.eventType === 'OrderPlaced') seen.push(event.data.customerId);
        else seen.push(event.data.orderId);
      },
      options(),
    );
    const cancelled = createEnvelope(OrderCancelled, { tenantId: 'acme', data: { orderId: 'o9' } });

    await handler({ Records: [record(), record({ envelope: cancelled })] });

    expect(seen).toEqual(['c1', 'o9']);
  });

  test("a batch as Lambda's own types describe it is accepted", async () => {
    const handler: SQSHandler = async (batch, invocationContext) =>
      consume(OrderPlaced, () => {}, options())(batch, invocationContext);

    expect(handler).toBeInstanceOf(Function);
  });
});

describe('what a consumer tells', () => {
  test('one line per message with ids, outcome, receive count and duration, never data', async () => {
    const given = options();
    const envelope = orderPlaced('order-9');

    await consume(OrderPlaced, () => {}, given)({ Records: [record({ envelope, receiveCount: 2 })] });

    expect(given.lines).toHaveLength(1);
    expect(given.lines[0]).toMatchObject({
      level: 'info',
      consumer: 'fulfilment',
      eventId: envelope.eventId,
      eventType: 'OrderPlaced',
      tenantId: 'acme',
      correlationId: envelope.correlationId,
      receiveCount: 2,
      outcome: 'handled',
      durationMs: expect.any(Number),
    });
    expect(JSON.stringify(given.lines)).not.toContain('order-9');
  });

  test('without a name: which variable, who sets it, and the fix', async () => {
    await expect(consume(OrderPlaced, () => {})({ Records: [record()] })).rejects.toThrow(
      /WAYBILL_CONSUMER is not set.*QueueConsumer.*consumer/,
    );
  });
});
