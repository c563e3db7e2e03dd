import { describe, expect, test } from '@jest/globals';
import { poll } from '../../../lambda/runtime/poll.ts';
import type { Poller, PollOptions } from '../../../lambda/runtime/poll.ts';
import type { Handler } from '../../../lambda/runtime/types.ts';
import {
  acceptUnless,
  capturedLog,
  entriesOf,
  fakeClient,
  OrderPlaced,
  orderPlaced,
  testClock,
} from './fixtures.ts';
import type { Answer, FakeClient, TestClock } from './fixtures.ts';

interface QueuedMessage {
  readonly name: string;
  readonly group?: string;
  readonly receiveCount?: number;
  readonly body?: string;
}

/** A queue that hands out what the test put there, and parks a poll while it is empty. */
function fakeQueue(
  waiting: QueuedMessage[],
  answer?: Answer,
): FakeClient & { put(message: QueuedMessage): void } {
  const parked: (() => void)[] = [];
  const client = fakeClient(async (name, input, call, options) => {
    if (name !== 'ReceiveMessage') return answer?.(name, input, call, options);
    if (waiting.length === 0) {
      await new Promise<void>((resolve, reject) => {
        parked.push(resolve);
        options?.abortSignal?.addEventListener('abort', () =>
          reject(Object.assign(new Error('aborted'), { name: 'AbortError' })),
        );
      });
    }
    const taken = waiting.splice(0, input['MaxNumberOfMessages'] as number);
    return {
      Messages: taken.map(({ name: messageName, group, receiveCount, body }) => ({
        MessageId: messageName,
        ReceiptHandle: `receipt-${messageName}`,
        Body: body ?? JSON.stringify(orderPlaced(messageName)),
        Attributes: {
          ApproximateReceiveCount: String(receiveCount ?? 1),
          ...(group !== undefined && { MessageGroupId: group }),
        },
      })),
    };
  });
  return Object.assign(client, {
    put(message: QueuedMessage) {
      waiting.push(message);
      parked.shift()?.();
    },
  });
}

const calls = (client: FakeClient, name: string): string[][] =>
  client.calls
    .filter((call) => call.name === name)
    .map(({ input }) => entriesOf(input).map((entry) => String(entry['ReceiptHandle']).slice(8)));
const deleted = (client: FakeClient): string[] => calls(client, 'DeleteMessageBatch').flat();
const visibility = (client: FakeClient): [string, unknown][] =>
  client.calls
    .filter((call) => call.name === 'ChangeMessageVisibilityBatch')
    .flatMap(({ input }) =>
      entriesOf(input).map((entry): [string, unknown] => [
        String(entry['ReceiptHandle']).slice(8),
        entry['VisibilityTimeout'],
      ]),
    );

interface Started {
  readonly poller: Poller;
  readonly clock: TestClock;
  readonly client: ReturnType<typeof fakeQueue>;
  readonly lines: ReturnType<typeof capturedLog>['lines'];
}

function start(
  waiting: QueuedMessage[],
  handler: Handler<typeof OrderPlaced>,
  options: PollOptions & { readonly answer?: Answer } = {},
): Started {
  const { answer, ...given } = options;
  const clock = testClock();
  const client = fakeQueue(waiting, answer);
  const { logger, lines } = capturedLog();
  const poller = poll(OrderPlaced, handler, {
    consumer: 'search',
    queueUrl: 'https://sqs.x/1/q',
    client,
    clock,
    logger,
    random: () => 0.5,
    ...given,
  });
  return { poller, clock, client, lines };
}

/** A handler that waits until the test lets each message go. */
function gate() {
  const waiting = new Map<
    string,
    { readonly resolve: () => void; readonly reject: (error: Error) => void }
  >();
  const signals = new Map<string, AbortSignal>();
  return {
    running: () => [...waiting.keys()],
    signal: (name: string) => signals.get(name)!,
    let: (name: string) => waiting.get(name)!.resolve(),
    fail: (name: string) => waiting.get(name)!.reject(new Error('down')),
    handler: ((event, context) =>
      new Promise<void>((resolve, reject) => {
        const end = (run: () => void) => () => {
          waiting.delete(event.data.orderId);
          run();
        };
        signals.set(event.data.orderId, context.signal);
        waiting.set(event.data.orderId, {
          resolve: end(resolve),
          reject: (error) => end(() => reject(error))(),
        });
      })) as Handler<typeof OrderPlaced>,
  };
}

describe('receive, handle, delete', () => {
  test('handled messages are deleted together, ids by position, and the next poll follows', async () => {
    const { poller, clock, client } = start([{ name: 'a' }, { name: 'b' }, { name: 'c' }], () => {});

    await clock.advance(0);

    expect(calls(client, 'DeleteMessageBatch')).toEqual([['a', 'b', 'c']]);
    expect(entriesOf(client.calls.find(({ name }) => name === 'DeleteMessageBatch')!.input)[0]!.Id).toBe('0');
    expect(client.calls.filter(({ name }) => name === 'ReceiveMessage')).toHaveLength(2);
    expect(client.calls[0]!.input).toMatchObject({
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 20,
      VisibilityTimeout: 30,
    });
    await poller.stop();
  });

  test('D3 a failed message comes back after its backoff, its neighbours are deleted', async () => {
    const { poller, clock, client } = start([{ name: 'a' }, { name: 'b', receiveCount: 3 }], ({ data }) => {
      if (data.orderId === 'b') throw new Error('down');
    });

    await clock.advance(0);

    expect(deleted(client)).toEqual(['a']);
    expect(visibility(client)).toEqual([['b', 4]]);
    await poller.stop();
  });

  test('D10 what can’t be read goes to the dead-letter queue and is deleted', async () => {
    const { poller, clock, client } = start([{ name: 'bad', body: '{' }, { name: 'good' }], () => {}, {
      deadLetterQueueUrl: 'https://sqs.x/1/dlq',
    });

    await clock.advance(0);

    expect(JSON.stringify(client.calls.find(({ name }) => name === 'SendMessageBatch')!.input)).toContain(
      'WAYBILL_ENVELOPE_NOT_JSON',
    );
    expect(deleted(client).toSorted()).toEqual(['bad', 'good']);
    await poller.stop();
  });

  test('no more is fetched than there are places', async () => {
    const held = gate();
    const waiting = Array.from({ length: 9 }, (_, index) => ({ name: `m${index}` }));
    const { poller, clock, client } = start(waiting, held.handler, { concurrency: 4 });
    await clock.advance(0);

    expect(held.running()).toEqual(['m0', 'm1', 'm2', 'm3']);
    held.let('m0');
    held.let('m1');
    await clock.advance(0);

    expect(held.running()).toEqual(['m2', 'm3', 'm4', 'm5']);
    expect(
      client.calls
        .filter(({ name }) => name === 'ReceiveMessage')
        .map(({ input }) => input['MaxNumberOfMessages']),
    ).toEqual([4, 2]);
    for (const name of held.running()) held.let(name);
    await poller.stop();
  });

  test('a receive that fails is tried again after a wait, and says so', async () => {
    let failing = true;
    const given = fakeClient((name, _input, _call, options) => {
      if (name !== 'ReceiveMessage') return undefined;
      if (failing) throw Object.assign(new Error('no route'), { name: 'NetworkingError' });
      return new Promise((_, reject) =>
        options?.abortSignal?.addEventListener('abort', () => reject(new Error('x'))),
      );
    });
    const { poller, clock, lines } = start([], () => {}, { client: given });

    await clock.advance(499);
    expect(given.calls).toHaveLength(1);
    await clock.advance(1);
    failing = false;
    await clock.advance(1_000);

    expect(given.calls).toHaveLength(3);
    expect(lines.map(({ message }) => message)).toContain('receive failed; it is tried again');
    await poller.stop();
  });
});

describe('visibility', () => {
  test('a message in work is renewed ten seconds before it would come back, again and again', async () => {
    const held = gate();
    const { poller, clock, client } = start([{ name: 'a' }], held.handler);

    await clock.advance(19_999);
    expect(visibility(client)).toEqual([]);
    await clock.advance(1);
    expect(visibility(client)).toEqual([['a', 30]]);
    await clock.advance(20_000);
    expect(visibility(client)).toEqual([
      ['a', 30],
      ['a', 30],
    ]);
    held.let('a');
    await poller.stop();
  });

  test('FIFO: what waits behind the head is renewed with it', async () => {
    const held = gate();
    const { poller, clock, client } = start(
      [
        { name: 'a1', group: 'a' },
        { name: 'a2', group: 'a' },
      ],
      held.handler,
      { queueUrl: 'https://sqs.x/1/q.fifo' },
    );

    await clock.advance(20_000);

    expect(visibility(client)).toEqual([
      ['a1', 30],
      ['a2', 30],
    ]);
    held.let('a1');
    await clock.advance(0);
    held.let('a2');
    await poller.stop();
  });

  test('renewals end at maxProcessingTime, and the handler is told', async () => {
    const held = gate();
    const { poller, clock, client } = start([{ name: 'a' }], held.handler, { maxProcessingTime: 50 });

    await clock.advance(60_000);

    expect(visibility(client)).toHaveLength(2);
    expect(held.signal('a').reason).toMatchObject({ code: 'WAYBILL_MESSAGE_LOST' });
    held.fail('a');
    await clock.advance(60_000);
    // Not ours any more: neither a backoff nor a renewal.
    expect(visibility(client)).toHaveLength(2);
    await poller.stop();
  });

  test('a receipt that SQS does not accept any more aborts the handler', async () => {
    const held = gate();
    const { poller, clock } = start([{ name: 'a' }], held.handler, {
      answer: (name, input) =>
        name === 'ChangeMessageVisibilityBatch'
          ? acceptUnless(input, () => ({ Code: 'ReceiptHandleIsInvalid', SenderFault: true }))
          : undefined,
    });

    await clock.advance(20_000);

    expect(held.signal('a').aborted).toBe(true);
    held.fail('a');
    await poller.stop();
  });

  test('a renewal that fails for another reason is tried again before the message would come back', async () => {
    const held = gate();
    let attempts = 0;
    const { poller, clock } = start([{ name: 'a' }], held.handler, {
      answer: (name) => {
        if (name !== 'ChangeMessageVisibilityBatch') return undefined;
        attempts += 1;
        if (attempts < 3) throw new Error('ECONNRESET');
        return undefined;
      },
    });

    await clock.advance(29_000);

    expect(attempts).toBe(3);
    expect(held.signal('a').aborted).toBe(false);
    held.let('a');
    await poller.stop();
  });

  test('D6 no renewal comes after the backoff or after the delete', async () => {
    const held = gate();
    const { poller, clock, client } = start([{ name: 'a' }, { name: 'b' }], held.handler);
    await clock.advance(19_000);

    held.fail('a');
    held.let('b');
    await clock.advance(60_000);

    expect(visibility(client)).toEqual([['a', 1]]);
    expect(deleted(client)).toEqual(['b']);
    await poller.stop();
    expect(clock.pending()).toBe(0);
  });

  test('more than twelve hours are refused', () => {
    expect(() => start([], () => {}, { maxProcessingTime: 43_200 })).toThrow(/43200 s together/);
  });
});

describe('a message that was handled but not deleted', () => {
  const refuseFirstDelete = (): Answer => {
    let refusals = 0;
    return (name, input) =>
      name === 'DeleteMessageBatch' && refusals++ < 1
        ? acceptUnless(input, () => ({ Code: 'AccessDenied', SenderFault: true }))
        : undefined;
  };

  test('is deleted when it comes back, without running the handler again', async () => {
    let runs = 0;
    const { poller, clock, client } = start([{ name: 'a' }], () => void (runs += 1), {
      answer: refuseFirstDelete(),
    });
    await clock.advance(0);

    client.put({ name: 'a', receiveCount: 2 });
    await clock.advance(0);
    client.put({ name: 'a', receiveCount: 3 });
    await clock.advance(0);

    expect(deleted(client)).toEqual(['a', 'a', 'a']);
    // The third time it was deleted before, so it is a new delivery.
    expect(runs).toBe(2);
    await poller.stop();
  });

  test('D4 FIFO: halts its group', async () => {
    const handled: string[] = [];
    const { poller, clock, client } = start(
      [
        { name: 'a1', group: 'a' },
        { name: 'a2', group: 'a' },
        { name: 'b1', group: 'b' },
      ],
      ({ data }) => void handled.push(data.orderId),
      {
        queueUrl: 'https://sqs.x/1/q.fifo',
        answer: (name, input) =>
          name === 'DeleteMessageBatch'
            ? acceptUnless(input, (entry) =>
                entry['ReceiptHandle'] === 'receipt-a1'
                  ? { Code: 'AccessDenied', SenderFault: true }
                  : undefined,
              )
            : undefined,
      },
    );

    await clock.advance(0);

    expect(handled).toEqual(['a1', 'b1']);
    expect(deleted(client)).not.toContain('a2');
    await poller.stop();
  });

  test('a delete that fails for SQS’s reasons is tried again first', async () => {
    let refusals = 0;
    const { poller, clock, client } = start([{ name: 'a' }], () => {}, {
      answer: (name, input) =>
        name === 'DeleteMessageBatch' && refusals++ < 2
          ? acceptUnless(input, () => ({ Code: 'InternalError', SenderFault: false }))
          : undefined,
    });

    await clock.advance(1_000);

    expect(deleted(client)).toEqual(['a', 'a', 'a']);
    await poller.stop();
  });
});

describe('D17 shutdown', () => {
  test('D17 a parked poll ends at once', async () => {
    const { poller, clock } = start([], () => {});
    await clock.advance(0);

    expect(await poller.stop()).toEqual({ abandoned: 0 });
    expect(clock.pending()).toBe(0);
  });

  test('D17 the running handler finishes with its signal not aborted, and is acknowledged', async () => {
    const held = gate();
    const { poller, clock, client } = start([{ name: 'a' }], held.handler);
    await clock.advance(0);

    const stopped = poller.stop({ within: 10_000 });
    await clock.advance(9_000);
    expect(held.signal('a').aborted).toBe(false);
    held.let('a');
    await clock.advance(0);

    expect(await stopped).toEqual({ abandoned: 0 });
    expect(deleted(client)).toEqual(['a']);
    expect(clock.pending()).toBe(0);
  });

  test('D17 what has not started is released at once', async () => {
    const held = gate();
    const { poller, clock, client } = start(
      [
        { name: 'a1', group: 'a' },
        { name: 'a2', group: 'a' },
      ],
      held.handler,
      { queueUrl: 'https://sqs.x/1/q.fifo' },
    );
    await clock.advance(0);

    const stopped = poller.stop();
    held.let('a1');
    await clock.advance(0);
    await stopped;

    expect(deleted(client)).toEqual(['a1']);
    expect(visibility(client)).toEqual([['a2', 0]]);
  });

  test('D17 a handler that is overdue is aborted; no backoff, no dead letter, its message is released', async () => {
    const held = gate();
    const { poller, clock, client } = start([{ name: 'a', receiveCount: 9 }], held.handler, {
      maxReceiveCount: 3,
      deadLetterQueueUrl: 'https://sqs.x/1/dlq',
    });
    await clock.advance(0);

    const stopped = poller.stop({ within: 5_000 });
    await clock.advance(5_000);
    expect(held.signal('a').reason).toMatchObject({ code: 'WAYBILL_SHUTDOWN' });
    held.fail('a');
    await clock.advance(0);

    expect(await stopped).toEqual({ abandoned: 1 });
    expect(client.calls.map(({ name }) => name)).not.toContain('SendMessageBatch');
    expect(visibility(client)).toEqual([['a', 0]]);
  });

  test('D17 a handler that ignores its signal does not hold up the process', async () => {
    const held = gate();
    const { poller, clock } = start([{ name: 'a' }], held.handler);
    await clock.advance(0);

    const stopped = poller.stop({ within: 5_000 });
    await clock.advance(6_000);

    expect(await stopped).toEqual({ abandoned: 1 });
    expect(clock.pending()).toBe(0);
  });

  test('D17 ten stops are one stop, and another poller can take over', async () => {
    const first = start([], () => {});
    await first.clock.advance(0);

    const reports = await Promise.all(Array.from({ length: 10 }, () => first.poller.stop()));

    expect(reports).toEqual(Array.from({ length: 10 }, () => ({ abandoned: 0 })));
    const second = start([{ name: 'a' }], () => {});
    await second.clock.advance(0);
    expect(deleted(second.client)).toEqual(['a']);
    await second.poller.stop();
  });
});
