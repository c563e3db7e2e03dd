/** `heartbeat` of consume() and poll(): messages in work stay invisible, a killed worker's are back soon, a lost one is told. */
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { consume } from '../../../lambda/runtime/consume.ts';
import type { ConsumeOptions } from '../../../lambda/runtime/consume.ts';
import { poll } from '../../../lambda/runtime/poll.ts';
import type { Handler, SqsBatchResponse, SqsRecord } from '../../../lambda/runtime/types.ts';
import { manualClock, startEmbeddedAws } from '../../../local/aws/index.ts';
import {
  acceptUnless,
  capturedLog,
  DEAD_LETTER_QUEUE_URL,
  entriesOf,
  fakeClient,
  invocation,
  OrderPlaced,
  orderPlaced,
  record,
  records,
  testClock,
} from './fixtures.ts';
import type { Answer, FakeClient } from './fixtures.ts';
import { until } from '../../support/waiting.ts';

const MINUTE = 60_000;
const HEARTBEAT = { visibilityTimeout: 60 };

/** Which messages a call set to what, a line per call: `o1 o2 60`. */
const changesOf = ({ calls }: FakeClient): string[] =>
  calls
    .filter(({ name }) => name === 'ChangeMessageVisibilityBatch')
    .map(({ input }) =>
      entriesOf(input)
        .map(
          ({ ReceiptHandle, VisibilityTimeout }) =>
            `${String(ReceiptHandle).slice(8)}=${String(VisibilityTimeout)}`,
        )
        .join(' '),
    );

/** A consumer whose handlers end when the test says so. */
function working(options: Partial<ConsumeOptions> & { readonly answer?: Answer } = {}) {
  const { answer, ...given } = options;
  const clock = testClock();
  const client = fakeClient(answer);
  const { logger, lines } = capturedLog();
  const running = new Map<string, { resolve(): void; reject(error: Error): void; signal: AbortSignal }>();
  const handler: Handler<typeof OrderPlaced> = ({ data }, { signal }) =>
    new Promise<void>((resolve, reject) => running.set(data.orderId, { resolve, reject, signal }));
  const consumer = consume(OrderPlaced, handler, {
    consumer: 'worker',
    client,
    clock,
    logger,
    random: () => 0.5,
    heartbeat: HEARTBEAT,
    ...given,
  });
  const start = (batch: readonly SqsRecord[], milliseconds = 15 * MINUTE): Promise<SqsBatchResponse> =>
    consumer({ Records: [...batch] }, invocation(milliseconds, clock));
  return { clock, client, lines, running, start };
}

const order = (orderId: string, more: Parameters<typeof record>[0] = {}) =>
  record({ envelope: orderPlaced(orderId), messageId: orderId, ...more });

afterEach(() => {
  delete process.env['WAYBILL_HEARTBEAT_SECONDS'];
});

describe('consume', () => {
  test('sets the visibility at the start, extends it while a handler runs, and stops with the answer', async () => {
    const { clock, client, running, start } = working();
    const answer = start([order('o1')]);

    await clock.advance(0);
    expect(changesOf(client)).toEqual(['o1=60']);
    await clock.advance(49_000);
    expect(changesOf(client)).toHaveLength(1);
    await clock.advance(10 * MINUTE);
    expect(changesOf(client)).toHaveLength(13);
    running.get('o1')!.resolve();
    await clock.advance(0);

    expect(await answer).toEqual({ batchItemFailures: [] });
    await clock.advance(10 * MINUTE);
    expect(changesOf(client)).toHaveLength(13);
    expect(clock.pending()).toBe(0);
  });

  test('every: as often as asked', async () => {
    const { clock, client, start } = working({ heartbeat: { visibilityTimeout: 60, every: 20 } });
    void start([order('o1')]);
    await clock.advance(MINUTE);

    expect(changesOf(client)).toHaveLength(4);
  });

  test('a handled message stays invisible until the batch is answered, or it would be handled again', async () => {
    const { clock, client, running, start } = working();
    void start([order('o1'), order('o2')]);
    await clock.advance(0);
    running.get('o1')!.resolve();
    await clock.advance(5 * MINUTE);

    expect(changesOf(client).slice(-2).join(' ').split(' ').toSorted()).toEqual(['o1=60', 'o2=60']);
  });

  test('all of a batch in one call for ten, those that wait for their turn too', async () => {
    const { clock, client, start } = working({ concurrency: 2 });
    void start(records(12).map((one, index) => ({ ...one, receiptHandle: `receipt-${index}` })));
    await clock.advance(0);

    expect(changesOf(client).map((call) => call.split(' ').length)).toEqual([10, 2]);
  });

  test('FIFO: what waits behind another of its group is kept with it', async () => {
    const { clock, client, running, start } = working();
    const answer = start([
      order('a1', { group: 'a' }),
      order('a2', { group: 'a' }),
      order('b1', { group: 'b' }),
    ]);
    await clock.advance(50_000);
    expect([...running.keys()]).toEqual(['a1', 'b1']);
    expect(changesOf(client).join(' ').split(' ')).toEqual([
      'a1=60',
      'a2=60',
      'b1=60',
      'a1=60',
      'a2=60',
      'b1=60',
    ]);

    running.get('b1')!.resolve();
    running.get('a1')!.reject(new Error('down'));
    await clock.advance(0);

    expect((await answer).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual([
      'a1',
      'a2',
    ]);
    expect(changesOf(client).at(-1)).toBe('a1=1 a2=2');
  });

  test('after a failure the backoff applies, and no renewal comes after it', async () => {
    let release = (): void => {};
    const { clock, client, running, start } = working({
      answer: async (_name, _input, call) => {
        if (call !== 2) return undefined;
        await new Promise<void>((resolve) => (release = resolve));
        return undefined;
      },
    });
    const answer = start([order('o1', { receiveCount: 3 })]);
    await clock.advance(50_000);
    running.get('o1')!.reject(new Error('down'));
    await clock.advance(0);
    expect(changesOf(client)).toEqual(['o1=60', 'o1=60']);
    release();
    await clock.advance(0);

    expect(await answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'o1' }] });
    await clock.advance(5 * MINUTE);
    expect(changesOf(client)).toEqual(['o1=60', 'o1=60', 'o1=4']);
  });

  test('a renewal that hangs does not hold up the answer past the time limit', async () => {
    const { clock, running, start } = working({
      answer: (_name, _input, call, options) =>
        call !== 2
          ? undefined
          : new Promise((_resolve, reject) =>
              options?.abortSignal?.addEventListener('abort', () => reject(new Error('aborted'))),
            ),
    });
    const answer = start([order('o1')], 2 * MINUTE);
    await clock.advance(55_000);
    running.get('o1')!.resolve();
    await clock.advance(30_000);

    expect(await answer).toEqual({ batchItemFailures: [] });
  });

  test('a message that is another worker’s by now: its signal says so, and nothing is done to it', async () => {
    const { clock, client, lines, running, start } = working({
      maxReceiveCount: 1,
      deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL,
      answer: (name, input, call) =>
        name === 'ChangeMessageVisibilityBatch' && call > 1
          ? acceptUnless(input, ({ ReceiptHandle }) =>
              ReceiptHandle === 'receipt-o1'
                ? { Code: 'ReceiptHandleIsInvalid', SenderFault: true }
                : undefined,
            )
          : undefined,
    });
    const answer = start([order('o1'), order('o2')]);
    await clock.advance(50_000);
    const lost = running.get('o1')!;
    expect(lost.signal.aborted).toBe(true);
    expect(lost.signal.reason).toMatchObject({ code: 'WAYBILL_MESSAGE_LOST' });
    expect(running.get('o2')!.signal.aborted).toBe(false);

    lost.reject(new Error('stopped as asked'));
    running.get('o2')!.resolve();
    await clock.advance(0);

    expect(await answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'o1' }] });
    expect(client.calls.map(({ name }) => name)).not.toContain('SendMessageBatch');
    expect(changesOf(client).join(' ').split(' ')).toEqual(['o1=60', 'o2=60', 'o1=60', 'o2=60']);
    expect(lines.map(({ message }) => message)).toContain('message lost while in work');
  });

  test('one that failed and was lost after that gets no backoff: its new worker is at it', async () => {
    const { clock, client, running, start } = working({
      answer: (_name, input, call) =>
        call > 1
          ? acceptUnless(input, ({ ReceiptHandle }) =>
              ReceiptHandle === 'receipt-o1'
                ? { Code: 'ReceiptHandleIsInvalid', SenderFault: true }
                : undefined,
            )
          : undefined,
    });
    const answer = start([order('o1'), order('o2')]);
    await clock.advance(0);
    running.get('o1')!.reject(new Error('down'));
    await clock.advance(50_000);
    const before = client.calls.length;
    running.get('o2')!.resolve();
    await clock.advance(0);

    expect(await answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'o1' }] });
    expect(client.calls.length).toBe(before);
  });

  test('a renewal that fails is tried again before the message is another’s, and then it is lost', async () => {
    const { clock, client, running, start } = working({
      answer: (_name, input, call) =>
        call > 1 ? acceptUnless(input, () => ({ Code: 'InternalError' })) : undefined,
    });
    void start([order('o1')]);
    await clock.advance(59_000);
    expect(changesOf(client).length).toBeGreaterThan(3);
    expect(running.get('o1')!.signal.aborted).toBe(false);
    await clock.advance(1_200);

    expect(running.get('o1')!.signal.reason).toMatchObject({ code: 'WAYBILL_MESSAGE_LOST' });
  });

  test('the time limit aborts too, and what was cut off is back within the visibility timeout', async () => {
    const { clock, client, running, start } = working();
    const answer = start([order('o1')], 5 * MINUTE);
    await clock.advance(5 * MINUTE);

    expect(running.get('o1')!.signal.reason).toMatchObject({ code: 'WAYBILL_DEADLINE_NEAR' });
    expect(await answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'o1' }] });
    expect(new Set(changesOf(client))).toEqual(new Set(['o1=60']));
  });

  test('no longer than SQS keeps a message invisible: twelve hours', async () => {
    const { clock, client, running, start } = working({ heartbeat: { visibilityTimeout: 3_600 } });
    void start([order('o1')], 20 * 60 * MINUTE);
    await clock.advance(13 * 60 * MINUTE);

    expect(running.get('o1')!.signal.reason).toMatchObject({ code: 'WAYBILL_MESSAGE_LOST' });
    expect(changesOf(client)).toHaveLength(12);
  });

  test('what a QueueConsumer has told the function counts; the option wins; without either nothing is called', async () => {
    process.env['WAYBILL_HEARTBEAT_SECONDS'] = '45';
    const told = working({ heartbeat: undefined as never });
    void told.start([order('o1')]);
    const asked = working();
    void asked.start([order('o1')]);
    await told.clock.advance(0);
    await asked.clock.advance(0);
    delete process.env['WAYBILL_HEARTBEAT_SECONDS'];
    const untold = working({ heartbeat: undefined as never });
    void untold.start([order('o1')]);
    await untold.clock.advance(MINUTE);

    expect(changesOf(told.client)).toEqual(['o1=45']);
    expect(changesOf(asked.client)).toEqual(['o1=60']);
    expect(untold.client.calls).toEqual([]);
  });

  test.each([
    { visibilityTimeout: 0 },
    { visibilityTimeout: 1.5 },
    { visibilityTimeout: 43_200 },
    { visibilityTimeout: 60, every: 60 },
    { visibilityTimeout: 60, every: 0 },
  ])('%j is refused', async (heartbeat) => {
    await expect(working({ heartbeat }).start([order('o1')])).rejects.toMatchObject({
      code: 'WAYBILL_OPTION_INVALID',
    });
  });
});

describe('poll', () => {
  const polled = (options: Parameters<typeof poll>[2]) => {
    const clock = testClock();
    let given = false;
    const client = fakeClient(async (name, _input, _call, request) => {
      if (name !== 'ReceiveMessage') return undefined;
      if (given) {
        await new Promise((_resolve, reject) =>
          request?.abortSignal?.addEventListener('abort', () => reject(new Error('aborted'))),
        );
      }
      given = true;
      const Attributes = { ApproximateReceiveCount: '9' };
      const Body = JSON.stringify(orderPlaced('o1'));
      return { Messages: [{ MessageId: 'o1', ReceiptHandle: 'receipt-o1', Body, Attributes }] };
    });
    let signal: AbortSignal | undefined;
    const handler: Handler<typeof OrderPlaced> = (_event, context) =>
      new Promise((_resolve, reject) => {
        signal = context.signal;
        signal.addEventListener('abort', () => reject(new Error('stopped as asked')));
      });
    const { logger } = capturedLog();
    const queueUrl = 'https://sqs.x/1/q';
    const poller = poll(OrderPlaced, handler, { consumer: 'c', queueUrl, client, clock, logger, ...options });
    return { poller, clock, client, signal: () => signal };
  };

  test('receives with the heartbeat’s visibility and renews it as often as asked', async () => {
    const { poller, clock, client } = polled({ heartbeat: { visibilityTimeout: 60, every: 15 } });
    await clock.advance(MINUTE);

    expect(client.calls[0]!.input).toMatchObject({ VisibilityTimeout: 60 });
    expect(changesOf(client)).toEqual(Array.from({ length: 4 }, () => 'o1=60'));
    const stopped = poller.stop({ within: 0 });
    await clock.advance(2_000);
    await stopped;
  });

  test('a lost message is not dead-lettered for what its handler throws', async () => {
    const { poller, clock, client, signal } = polled({
      heartbeat: HEARTBEAT,
      maxReceiveCount: 3,
      maxProcessingTime: 100,
      deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL,
    });
    await clock.advance(5 * MINUTE);

    expect(signal()?.reason).toMatchObject({ code: 'WAYBILL_MESSAGE_LOST' });
    expect(client.calls.map(({ name }) => name)).not.toContain('SendMessageBatch');
    const stopped = poller.stop({ within: 0 });
    await clock.advance(2_000);
    await stopped;
  });

  test('one visibility timeout, and no more than twelve hours with the longest time in work', () => {
    expect(() => polled({ heartbeat: HEARTBEAT, visibilityTimeout: 30 })).toThrow('give heartbeat or');
    expect(() => polled({ heartbeat: HEARTBEAT, maxProcessingTime: 43_200 })).toThrow('12 hours');
  });
});

describe('against the embedded SQS', () => {
  test('a long job is not handled twice, a killed worker’s is back soon, and a stolen one is told', async () => {
    const clock = manualClock();
    const aws = await startEmbeddedAws({ clock, port: 0 });
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const sqs = new SQSClient({ endpoint: aws.endpointUrl, region: 'us-east-1', credentials });
    try {
      const { QueueUrl } = await sqs.send(
        new CreateQueueCommand({ QueueName: 'jobs', Attributes: { VisibilityTimeout: '900' } }),
      );
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
      );
      const receive = async () =>
        (await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 0 }))).Messages?.[0];
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(orderPlaced('o1')) }));
      const received = await receive();
      const work = testClock();
      const calls: Promise<unknown>[] = [];
      const observed: Pick<SQSClient, 'send'> = {
        send: ((...parameters: Parameters<SQSClient['send']>) => {
          const call = sqs.send(...parameters) as unknown as Promise<unknown>;
          calls.push(call);
          return call;
        }) as SQSClient['send'],
      };
      let signal: AbortSignal | undefined;
      const { logger } = capturedLog();
      const worker = consume(
        OrderPlaced,
        (_event, context) => {
          signal = context.signal;
          return new Promise((_resolve, reject) =>
            context.signal.addEventListener('abort', () => reject(new Error('stopped as asked'))),
          );
        },
        { consumer: 'worker', client: observed, clock: work, logger, heartbeat: HEARTBEAT },
      );
      process.env['WAYBILL_QUEUE_URL'] = QueueUrl!;
      void worker({
        Records: [
          {
            messageId: received!.MessageId!,
            receiptHandle: received!.ReceiptHandle!,
            body: received!.Body!,
            attributes: { ApproximateReceiveCount: '1' },
            eventSourceARN: Attributes!['QueueArn']!,
          },
        ],
      });
      /** Both clocks, and the calls that this sets off. */
      const advance = async (milliseconds: number) => {
        await clock.advance(milliseconds);
        await work.advance(milliseconds);
        while (calls.length > 0) {
          await Promise.allSettled(calls.splice(0));
          await work.advance(0);
        }
      };
      await advance(0);

      for (let minutes = 0; minutes < 20; minutes += 1) {
        await advance(50_000);
        expect(await receive()).toBeUndefined();
      }
      expect(signal?.aborted).toBe(false);

      // The worker is killed: nobody renews.
      await clock.advance(61_000);
      const again = await receive();
      expect(again?.MessageId).toBe(received!.MessageId);

      // Somebody else has done with it.
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: again!.ReceiptHandle! }));
      await expect(
        sqs.send(
          new ChangeMessageVisibilityCommand({
            QueueUrl,
            ReceiptHandle: received!.ReceiptHandle!,
            VisibilityTimeout: 60,
          }),
        ),
      ).rejects.toThrow();
      await work.advance(50_000);
      await until(() => signal?.aborted === true);
      expect(signal?.reason).toMatchObject({ code: 'WAYBILL_MESSAGE_LOST' });
    } finally {
      delete process.env['WAYBILL_QUEUE_URL'];
      sqs.destroy();
      await aws.close();
    }
  });
});
