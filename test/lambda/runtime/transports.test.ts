import { describe, expect, test } from '@jest/globals';
import { eventBridgeTransport } from '../../../lambda/runtime/transports/event-bridge.ts';
import { snsTransport } from '../../../lambda/runtime/transports/sns.ts';
import { sqsTransport } from '../../../lambda/runtime/transports/sqs.ts';
import { sendInBatches } from '../../../lambda/runtime/transports/send-in-batches.ts';
import type { EncodedMessage, Transport } from '../../../lambda/runtime/types.ts';
import { acceptUnless, encoded, entriesOf, fakeClient, orderPlaced, testClock } from './fixtures.ts';
import type { Answer, FakeClient } from './fixtures.ts';

const TOPIC = 'arn:aws:sns:eu-west-1:111122223333:orders';
const FIFO_TOPIC = `${TOPIC}.fifo`;

const some = (count: number, customer = (index: number): string => `c${index}`): EncodedMessage[] =>
  Array.from({ length: count }, (_, index) => encoded(orderPlaced(`o${index}`, customer(index))));

/** Timers fire at once: what is under test is what is sent, not how long it waits. */
const impatient = { ...testClock(), setTimeout: (run: () => void) => void setImmediate(run) };

interface Variant {
  readonly name: string;
  make(client: FakeClient, fifo?: boolean): Transport;
  /** The answer that fails these entries. */
  fail(input: Record<string, unknown>, judge: (body: string) => string | undefined): unknown;
  bodyOf(entry: Record<string, unknown>): string;
}

const tuning = { clock: impatient, random: () => 0.5, concurrency: 1 };
const variants: Variant[] = [
  {
    name: 'SNS',
    make: (client, fifo) => snsTransport({ topicArn: fifo ? FIFO_TOPIC : TOPIC, client, tuning }),
    fail: (input, judge) =>
      acceptUnless(input, (entry) => {
        const Code = judge(entry['Message'] as string);
        return Code === undefined ? undefined : { Code, SenderFault: !/Internal|Thrott/.test(Code) };
      }),
    bodyOf: (entry) => entry['Message'] as string,
  },
  {
    name: 'SQS',
    make: (client, fifo) =>
      sqsTransport({ queueUrl: `https://sqs.x/1/q${fifo ? '.fifo' : ''}`, client, tuning }),
    fail: (input, judge) =>
      acceptUnless(input, (entry) => {
        const Code = judge(entry['MessageBody'] as string);
        return Code === undefined ? undefined : { Code, SenderFault: !/Internal|Thrott/.test(Code) };
      }),
    bodyOf: (entry) => entry['MessageBody'] as string,
  },
  {
    name: 'EventBridge',
    make: (client) => eventBridgeTransport({ eventBusName: 'bus', client, tuning }),
    fail: (input, judge) => ({
      FailedEntryCount: 1,
      Entries: entriesOf(input).map((entry) => {
        const ErrorCode = judge(entry['Detail'] as string);
        return ErrorCode === undefined ? { EventId: 'e' } : { ErrorCode, ErrorMessage: 'no' };
      }),
    }),
    bodyOf: (entry) => entry['Detail'] as string,
  },
];

const sizes = (client: FakeClient): number[] => client.calls.map(({ input }) => entriesOf(input).length);

describe.each(variants)('$name', ({ make, fail, bodyOf }) => {
  const run = (answer?: Answer, fifo = false) => {
    const client = fakeClient(answer);
    return { client, transport: make(client, fifo) };
  };

  test('nothing to send: no call', async () => {
    const { client, transport } = run();

    expect(await transport.send([])).toEqual({ failed: [] });
    expect(client.calls).toEqual([]);
  });

  test('D2 batches of ten, in order, the body as it is', async () => {
    const { client, transport } = run();
    const messages = some(23);

    expect(await transport.send(messages)).toEqual({ failed: [] });

    expect(sizes(client)).toEqual([10, 10, 3]);
    expect(client.calls.flatMap(({ input }) => entriesOf(input).map(bodyOf))).toEqual(
      messages.map(({ body }) => body),
    );
  });

  test('D1 failed entries of a 200 answer are sent again alone; what recovers is not reported', async () => {
    const messages = some(10);
    const { client, transport } = run((_name, input, call) =>
      call === 1
        ? fail(input, (body) =>
            [3, 7, 8].some((index) => body === messages[index]!.body) ? 'InternalFailure' : undefined,
          )
        : undefined,
    );

    expect(await transport.send(messages)).toEqual({ failed: [] });

    expect(sizes(client)).toEqual([10, 1, 1, 1]);
    expect(client.calls.slice(1).flatMap(({ input }) => entriesOf(input).map(bodyOf))).toEqual([
      messages[3]!.body,
      messages[7]!.body,
      messages[8]!.body,
    ]);
  });

  test('D1 what stays failed is reported by eventId, after three sends in all', async () => {
    const messages = some(5);
    const { client, transport } = run((_name, input) =>
      fail(input, (body) => (body === messages[2]!.body ? 'InternalFailure' : undefined)),
    );

    const { failed } = await transport.send(messages);

    expect(failed).toEqual([
      expect.objectContaining({ eventId: messages[2]!.eventId, code: 'InternalFailure', retryable: true }),
    ]);
    expect(sizes(client)).toEqual([5, 1, 1]);
  });

  test('D1 an entry refused for its content is not sent again and not retryable', async () => {
    const messages = some(2);
    const code = 'MalformedDetail';
    const { client, transport } = run((_name, input) =>
      fail(input, (body) => (body === messages[0]!.body ? code : undefined)),
    );

    const { failed } = await transport.send(messages);

    expect(failed).toEqual([expect.objectContaining({ code, retryable: false })]);
    expect(sizes(client)).toEqual([2]);
  });

  test('D1 a call that fails as a whole reports every event of it, retryable, and the next batch is sent', async () => {
    const messages = some(12);
    const { transport } = run((_name, _input, call) => {
      if (call === 1) throw Object.assign(new Error('no access'), { name: 'AccessDeniedException' });
    });

    const { failed } = await transport.send(messages);

    expect(failed.map(({ eventId }) => eventId)).toEqual(messages.slice(0, 10).map(({ eventId }) => eventId));
    expect(failed[0]).toMatchObject({ code: 'AccessDeniedException', retryable: true });
  });

  test('D1 a whole call refused for one entry’s content is sent one by one: only the culprit fails', async () => {
    const messages = some(4);
    const { transport } = run((_name, input) => {
      if (entriesOf(input).some((entry) => bodyOf(entry) === messages[1]!.body)) {
        throw Object.assign(new Error('bad'), { name: 'ValidationException' });
      }
    });

    const { failed } = await transport.send(messages);

    expect(failed).toEqual([expect.objectContaining({ eventId: messages[1]!.eventId, retryable: false })]);
  });

  test('D2 an event too large for any call fails with a clear code; its neighbours are sent', async () => {
    const { client, transport } = run();
    const [first, second, third] = some(3) as [EncodedMessage, EncodedMessage, EncodedMessage];

    const { failed } = await transport.send([first, { ...second, body: 'x'.repeat(1_048_577) }, third]);

    expect(failed).toEqual([
      expect.objectContaining({ eventId: second.eventId, code: 'WAYBILL_EVENT_TOO_LARGE', retryable: false }),
    ]);
    expect(client.calls.flatMap(({ input }) => entriesOf(input).map(bodyOf))).toEqual([
      first.body,
      third.body,
    ]);
  });

  test('an entry that the service does not answer for counts as failed', async () => {
    const { transport } = run(() => ({}));

    const { failed } = await transport.send(some(1));

    expect(failed).toEqual([expect.objectContaining({ code: 'WAYBILL_NO_ANSWER', retryable: true })]);
  });
});

describe.each(variants.slice(0, 2))('$name ids and attributes', ({ make, fail, bodyOf }) => {
  test('D8 standard: the tenant is the group, there is no deduplication id, entry ids are positions', async () => {
    const client = fakeClient();

    await make(client).send(some(2));

    const entries = entriesOf(client.calls[0]!.input);
    expect(entries.map(({ Id }) => Id)).toEqual(['0', '1']);
    expect(entries.map((entry) => entry['MessageGroupId'])).toEqual(['acme', 'acme']);
    expect(entries[0]).not.toHaveProperty('MessageDeduplicationId');
  });

  test('D8 FIFO: the ordering key is the group, the eventId is the deduplication id', async () => {
    const client = fakeClient();
    const [message] = some(1) as [EncodedMessage];

    await make(client, true).send([message]);

    expect(entriesOf(client.calls[0]!.input)[0]).toMatchObject({
      MessageGroupId: 'acme#c0',
      MessageDeduplicationId: message.eventId,
    });
  });

  test('D8 an ordering key that is no group id is hashed behind its tenant: equal keys, equal groups', async () => {
    const client = fakeClient();
    const [first, second] = some(2, () => `Zürich ${'x'.repeat(200)}`) as [EncodedMessage, EncodedMessage];

    await make(client, true).send([first, second]);

    const groups = client.calls.flatMap(({ input }) =>
      entriesOf(input).map((entry) => entry['MessageGroupId'] as string),
    );
    expect(groups[0]).toMatch(/^acme#[0-9a-f]{40}$/);
    expect(groups[1]).toBe(groups[0]);
  });

  test('a message carries four attributes and no more', async () => {
    const client = fakeClient();

    await make(client).send(some(1));

    expect(entriesOf(client.calls[0]!.input)[0]!['MessageAttributes']).toEqual({
      eventType: { DataType: 'String', StringValue: 'OrderPlaced' },
      eventVersion: { DataType: 'String', StringValue: '1.0' },
      tenantId: { DataType: 'String', StringValue: 'acme' },
      priority: { DataType: 'String', StringValue: 'normal' },
    });
  });

  test('D1 FIFO: a failed entry is not overtaken by a later one of its group; other groups are', async () => {
    const messages = some(6, (index) => (index % 2 === 0 ? 'even' : 'odd'));
    const client = fakeClient((_name, input, call) =>
      call <= 2
        ? fail(input, (body) => (body === messages[2]!.body ? 'InternalFailure' : undefined))
        : undefined,
    );

    const { failed } = await make(client, true).send(messages);

    const accepted = client.calls
      .flatMap(({ input }) => entriesOf(input).map(bodyOf))
      .map((body) => messages.findIndex((message) => message.body === body));
    expect(failed).toEqual([]);
    expect(accepted.filter((index) => index % 2 === 0)).toEqual([0, 2, 2, 4]);
    expect(accepted.filter((index) => index % 2 === 1)).toEqual([1, 3, 5]);
    for (const { input } of client.calls) {
      const groups = entriesOf(input).map((entry) => entry['MessageGroupId']);
      expect(new Set(groups).size).toBe(groups.length);
    }
  });

  test('D1 FIFO: behind an entry that stays failed the rest of its group is not sent, and says why', async () => {
    const messages = some(4, (index) => (index === 3 ? 'other' : 'same'));
    const client = fakeClient((_name, input) =>
      fail(input, (body) => (body === messages[0]!.body ? 'InternalFailure' : undefined)),
    );

    const { failed } = await make(client, true).send(messages);

    expect(failed.map(({ eventId, code, retryable }) => [eventId, code, retryable])).toEqual([
      [messages[0]!.eventId, 'InternalFailure', true],
      [messages[1]!.eventId, 'WAYBILL_ORDER_HELD', true],
      [messages[2]!.eventId, 'WAYBILL_ORDER_HELD', true],
    ]);
  });
});

describe('D2 packing by bytes', () => {
  test('D2 SNS: a batch stays within 256 KiB with attributes and ids counted', async () => {
    const client = fakeClient();
    const messages = some(6).map((message) => ({ ...message, body: 'x'.repeat(64 * 1024) }));

    await snsTransport({ topicArn: TOPIC, client, tuning }).send(messages);

    // Four bodies alone would just fit: their attributes and ids do not.
    expect(sizes(client)).toEqual([3, 3]);
  });

  test('D2 SNS: a topic with a raised limit takes what others refuse', async () => {
    const client = fakeClient();
    const [message] = some(1) as [EncodedMessage];
    const large = { ...message, body: 'x'.repeat(300 * 1024) };

    const { failed } = await snsTransport({
      topicArn: TOPIC,
      client,
      maximumMessageSize: 1_048_576,
    }).send([large]);

    expect(failed).toEqual([]);
  });

  test('D2 bytes are those of UTF-8, not characters', async () => {
    const client = fakeClient();
    const messages = some(2).map((message) => ({ ...message, body: 'ü'.repeat(70 * 1024) }));

    await snsTransport({ topicArn: TOPIC, client, tuning }).send(messages);

    expect(sizes(client)).toEqual([1, 1]);
  });
});

describe('D1 the wait before a failed entry is sent again', () => {
  test('D1 is full jitter below an exponential ceiling, and leaves no timer behind', async () => {
    const clock = testClock();
    const delays: number[] = [];
    const [message] = some(1) as [EncodedMessage];
    const sending = sendInBatches([message], {
      limits: { entries: 10, bytes: 1000 },
      sizeOf: () => 1,
      call: async () => [{ code: 'Throttled', message: '', messageAtFault: false, retryNow: true }],
      tuning: {
        random: () => 0.5,
        clock: {
          ...clock,
          setTimeout: (run, delay) => {
            delays.push(delay);
            return clock.setTimeout(run, delay);
          },
        },
      },
    });
    await clock.advance(5_000);

    expect(await sending).toEqual([expect.objectContaining({ code: 'Throttled', retryable: true })]);
    expect(delays).toEqual([50, 100]);
    expect(clock.pending()).toBe(0);
  });

  test('D1 entries whose waits end at the same time still go alone', async () => {
    const due: (() => void)[] = [];
    const batches: number[] = [];
    const sending = sendInBatches(some(4), {
      limits: { entries: 10, bytes: 1000 },
      sizeOf: () => 1,
      call: async (batch) => {
        batches.push(batch.length);
        const failure = { code: 'Throttled', message: '', messageAtFault: false, retryNow: true };
        return batch.map(() => (batches.length === 1 ? failure : undefined));
      },
      tuning: { concurrency: 1, clock: { ...testClock(), setTimeout: (run) => void due.push(run) } },
    });
    await testClock().advance(0);

    for (const run of due) run();

    expect(await sending).toEqual([]);
    expect(batches).toEqual([4, 1, 1, 1, 1]);
  });
});
