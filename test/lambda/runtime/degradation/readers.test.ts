/** Kill switches at the readers of streams and brokers: they stop in their place, and lose neither records nor attempts. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { consumeAmqp } from '../../../../lambda/runtime/amqp/index.ts';
import type { AmazonMqEvent } from '../../../../lambda/runtime/amqp/index.ts';
import type { ConsumerAdmission } from '../../../../lambda/runtime/consumer/admission.ts';
import { createControls, UnavailableError } from '../../../../lambda/runtime/index.ts';
import type { Controls, ControlsProps } from '../../../../lambda/runtime/index.ts';
import { consumeKafka } from '../../../../lambda/runtime/kafka/consume-kafka.ts';
import type { ConsumeKafkaOptions } from '../../../../lambda/runtime/kafka/consume-kafka.ts';
import { aggregateStream } from '../../../../lambda/runtime/stream/aggregate-stream.ts';
import { consumeStream } from '../../../../lambda/runtime/stream/consume-stream.ts';
import {
  capturedLog,
  DEAD_LETTER_QUEUE_URL,
  fakeClient,
  invocation,
  OrderPlaced,
  orderPlaced,
  testClock,
} from '../fixtures.ts';
import { kinesisRecord } from '../stream/support.ts';

const CONSUMER = 'reader';
/** Milliseconds that an invocation has. */
const TIME_LIMIT = 30_000;

let clock: ReturnType<typeof testClock>;
let off: Set<string>;
let handled: string[];
beforeEach(() => {
  clock = testClock();
  off = new Set();
  handled = [];
});

function controls(props: ControlsProps = {}): Controls {
  return createControls({
    clock,
    logger: capturedLog().logger,
    maxStateAge: 100,
    tableClient: {
      call: async (action) => ({
        Items: action === 'Query' ? [...off].map((sk) => ({ sk: { S: sk }, state: { S: 'paused' } })) : [],
      }),
    },
    ...props,
  });
}

const options = (more: object = {}) => ({
  consumer: CONSUMER,
  clock,
  logger: capturedLog().logger,
  controls: controls(),
  ...more,
});
const handle = ({ data }: { readonly data: { readonly orderId: string } }): void =>
  void handled.push(data.orderId);
const settled = async <Result>(promise: Promise<Result>): Promise<Result | Error> =>
  promise.catch((error: Error) => error);

const stream = [kinesisRecord(orderPlaced('o0'), 'a'), kinesisRecord(orderPlaced('o1'), 'b')];
const first = { batchItemFailures: [{ itemIdentifier: stream[0]!.kinesis.sequenceNumber }] };
const kafkaBatch = (...orderIds: string[]) => ({
  eventSourceArn: 'arn:aws:kafka:eu-west-1:111122223333:cluster/analytics/0a1b',
  records: {
    'activity-0': orderIds.map((orderId, index) => ({
      topic: 'activity',
      partition: 0,
      offset: 7 + index,
      key: Buffer.from(orderId).toString('base64'),
      value: Buffer.from(JSON.stringify(orderPlaced(orderId))).toString('base64'),
      headers: [],
    })),
  },
});
const brokerBatch = (...orderIds: string[]): AmazonMqEvent => ({
  eventSource: 'aws:rmq',
  rmqMessagesByQueue: {
    'orders::/': orderIds.map((orderId) => ({
      basicProperties: { messageId: orderId, type: null, appId: null, correlationId: null, headers: {} },
      redelivered: false,
      data: Buffer.from(JSON.stringify(orderPlaced(orderId))).toString('base64'),
    })),
  },
});
const kafka = (more: ConsumeKafkaOptions = {}) => {
  const moved: { readonly topic: string; readonly reason: string | undefined }[] = [];
  const handler = consumeKafka(OrderPlaced, handle, {
    ...options(),
    retryTopics: [{ topic: 'retry', delaySeconds: 60 }],
    deadLetterTopic: 'dead',
    reportBatchItemFailures: true,
    move: async (topic, _record, headers) => {
      moved.push({ topic, reason: headers['deadLetterReason'] });
      return true;
    },
    ...more,
  });
  return { handler, moved };
};
const amqp = (more: object = {}) =>
  consumeAmqp(OrderPlaced, handle, {
    ...options(more),
    maxReceiveCount: 5,
    deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL,
    deadLetterPublisher: {
      publish: async () => undefined,
      publishAll: async () => [],
      close: async () => undefined,
    },
  });

describe('a consumer that is off', () => {
  beforeEach(() => void off.add(`consumer#${CONSUMER}`));

  test('Kinesis: waits as long as it may, and gives the whole batch back', async () => {
    const handler = consumeStream(OrderPlaced, handle, options());
    let answer: unknown;
    void handler({ Records: stream }, invocation(TIME_LIMIT, clock)).then((given) => (answer = given));

    await clock.advance(TIME_LIMIT - 5_000);
    expect(answer).toBeUndefined();
    await clock.advance(5_000);

    expect(answer).toEqual(first);
    expect(handled).toEqual([]);
  });

  test('Kinesis: goes on where it was once it is on again, in the same invocation', async () => {
    const handler = consumeStream(OrderPlaced, handle, options());
    const answer = handler({ Records: stream }, invocation(TIME_LIMIT, clock));
    await clock.advance(10_000);
    off.clear();
    await clock.advance(1_000);

    expect(await answer).toEqual({ batchItemFailures: [] });
    expect(handled).toEqual(['o0', 'o1']);
  });

  test('Kinesis: a window keeps its state, and gives the batch back', async () => {
    const handler = aggregateStream(
      OrderPlaced,
      { initial: () => 0, add: (sum) => sum + 1, emit: async () => undefined },
      options(),
    );
    const state = { aggregate: 3, from: '1' };
    const window = { start: '2026-01-01T00:00:00Z', end: '2026-01-01T00:01:00Z' };
    const batch = { Records: stream, window, state, shardId: 's', isWindowTerminatedEarly: false };
    const answer = handler({ ...batch, isFinalInvokeForWindow: false }, invocation(TIME_LIMIT, clock));
    await clock.advance(TIME_LIMIT);

    expect(await answer).toEqual({ ...first, state });
    off.clear();
    await clock.advance(1_000);
    expect(await handler({ ...batch, isFinalInvokeForWindow: false })).toMatchObject({
      state: { aggregate: 5 },
      batchItemFailures: [],
    });
  });

  test('Kafka: moves nothing to other topics, and answers with the offset to begin from', async () => {
    const { handler, moved } = kafka();
    const answer = handler(kafkaBatch('o0', 'o1'), invocation(TIME_LIMIT, clock));
    await clock.advance(TIME_LIMIT);

    expect(await answer).toEqual({
      batchItemFailures: [{ itemIdentifier: { partition: 'activity-0', offset: 7 } }],
    });
    expect([handled, moved]).toEqual([[], []]);
  });

  test('Kafka: behind a mapping that takes no reports the batch fails, which is no commit', async () => {
    const { handler } = kafka({ reportBatchItemFailures: false });
    const answer = settled(handler(kafkaBatch('o0'), invocation(TIME_LIMIT, clock)));
    await clock.advance(TIME_LIMIT);

    expect(await answer).toMatchObject({ code: 'WAYBILL_BATCH_NOT_FINISHED' });
  });

  test('AMQP: waits, then fails the batch; nothing is dead-lettered', async () => {
    const client = fakeClient();
    const answer = settled(amqp({ client })(brokerBatch('o0', 'o1'), invocation(TIME_LIMIT, clock)));
    await clock.advance(TIME_LIMIT);

    expect(await answer).toMatchObject({ code: 'WAYBILL_AMQP_BATCH_FAILED' });
    expect([handled, client.calls]).toEqual([[], []]);
  });
});

describe('a tenant that is off', () => {
  beforeEach(() => void off.add('tenant#acme'));
  const others = orderPlaced('other', 'c', 'globex');

  test('Kinesis: is set aside with the reason, and the rest of the shard flows', async () => {
    const client = fakeClient();
    const handler = consumeStream(
      OrderPlaced,
      handle,
      options({ client, deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL }),
    );

    expect(await handler({ Records: [...stream, kinesisRecord(others, 'a')] })).toEqual({
      batchItemFailures: [],
    });

    expect(handled).toEqual(['other']);
    expect(JSON.stringify(client.calls)).toContain('TENANT_PAUSED');
  });

  test('Kafka: waits in the retry topic, uncounted, or without one is set aside in the dead-letter topic', async () => {
    const waiting = kafka();
    expect(await waiting.handler(kafkaBatch('o0'))).toEqual({ batchItemFailures: [] });
    expect(waiting.moved).toEqual([{ topic: 'retry', reason: undefined }]);

    const aside = kafka({ retryTopics: [] });
    expect(await aside.handler(kafkaBatch('o0'))).toEqual({ batchItemFailures: [] });
    expect(aside.moved).toEqual([{ topic: 'dead', reason: 'TENANT_PAUSED' }]);
    expect(handled).toEqual([]);
  });
});

describe('what it needs is away', () => {
  const away = (): ConsumerAdmission => {
    const made = controls();
    return {
      admit: (message) => made.admit(message),
      settled: (record, outcome, consumer) => made.settled(record, outcome, consumer),
      countFailure: (record, consumer) => made.countFailure(record, consumer),
      holdReceives: async (_consumer, cause) => (cause === 'switch' ? 0 : 1_000),
    };
  };

  test('Kinesis waits in its place, Kafka with retry topics does not wait', async () => {
    const answer = consumeStream(
      OrderPlaced,
      handle,
      options({ controls: away() }),
    )({ Records: stream }, invocation(TIME_LIMIT, clock));
    await clock.advance(TIME_LIMIT);
    expect(await answer).toEqual(first);

    const { handler, moved } = kafka({
      controls: away(),
    });
    await handler(kafkaBatch('o0'), invocation(TIME_LIMIT, clock));
    expect([handled, moved]).toEqual([['o0'], []]);
  });

  test('a breaker that opens within a batch stops it there', async () => {
    const handler = consumeStream(
      OrderPlaced,
      (event) => {
        if (event.data.orderId === 'o1') throw new UnavailableError('WAYBILL_BREAKER_OPEN', 'gateway', 30);
        handle(event);
      },
      options({ concurrency: 1 }),
    );

    expect(await handler({ Records: stream })).toEqual({
      batchItemFailures: [{ itemIdentifier: stream[1]!.kinesis.sequenceNumber }],
    });
    expect(handled).toEqual(['o0']);
  });
});

test('more important work first: a shard has one position, so nothing in it waits for others', async () => {
  const shedding = { maxConcurrent: 1, lowPriority: ['OrderPlaced'], maxAgeSeconds: 1 };
  const handler = consumeStream(OrderPlaced, handle, options({ controls: controls({ shedding }) }));

  expect(await handler({ Records: stream })).toEqual({ batchItemFailures: [] });
  expect(handled.toSorted()).toEqual(['o0', 'o1']);
});
