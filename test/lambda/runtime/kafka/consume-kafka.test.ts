/** The Lambda consumer of Kafka topics, with a scripted producer: where each record ends. */
import { describe, expect, test } from '@jest/globals';
import type { Envelope } from '../../../../lib/contracts/index.ts';
import { PermanentError } from '../../../../lambda/runtime/errors.ts';
import { consumeKafka } from '../../../../lambda/runtime/kafka/consume-kafka.ts';
import type { ConsumeKafkaOptions } from '../../../../lambda/runtime/kafka/consume-kafka.ts';
import type { KafkaBatch, KafkaEventRecord } from '../../../../lambda/runtime/kafka/received-record.ts';
import type { Handler } from '../../../../lambda/runtime/types.ts';
import { capturedLog, invocation, OrderPlaced, orderPlaced, testClock } from '../fixtures.ts';

interface Moved {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

const retryTopics = [
  { topic: 'activity.retry-1', delaySeconds: 60 },
  { topic: 'activity.retry-2', delaySeconds: 600 },
];

function setUp(handler: Handler<typeof OrderPlaced>, options: ConsumeKafkaOptions = {}) {
  const moved: Moved[] = [];
  const clock = testClock();
  const consumer = consumeKafka(OrderPlaced, handler, {
    consumer: 'sink',
    logger: capturedLog().logger,
    retryTopics,
    deadLetterTopic: 'activity.dead-letters',
    clock,
    move: async (topic, { key, value }, headers) => {
      moved.push({ topic, key, value: Buffer.from(value).toString(), headers });
      return true;
    },
    ...options,
  });
  return { consumer, moved, clock };
}

let nextOffset = 0;

function record(
  content: Envelope | string,
  { key = 'k', partition = 0, headers = {} as Record<string, string> } = {},
): KafkaEventRecord {
  nextOffset += 1;
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return {
    topic: 'activity',
    partition,
    offset: nextOffset,
    key: Buffer.from(key).toString('base64'),
    value: Buffer.from(text).toString('base64'),
    headers: Object.entries(headers).map(([name, value]) => ({ [name]: [...Buffer.from(value)] })),
  };
}

const batch = (...records: KafkaEventRecord[]): KafkaBatch => ({
  eventSourceArn: 'arn:aws:kafka:eu-west-1:111122223333:cluster/analytics/0a1b',
  records: Object.groupBy(
    records,
    ({ topic, partition }) => `${topic}-${partition}`,
  ) as KafkaBatch['records'],
});

describe('consumeKafka', () => {
  test('all handled: each once, in the order of its key, with the headers’ tenant checked', async () => {
    const handled: string[] = [];
    const { consumer, moved } = setUp(async ({ data }) => {
      await new Promise((resolve) => setTimeout(resolve, 5 - (Number(data.orderId.slice(1)) % 5)));
      handled.push(data.orderId);
    });
    const records = Array.from({ length: 20 }, (_, index) =>
      record(orderPlaced(`o${index}`), { key: `k${index % 4}`, headers: { tenantId: 'acme' } }),
    );

    await consumer(batch(...records));

    expect(moved).toEqual([]);
    for (let key = 0; key < 4; key += 1) {
      const ofKey = handled.map((id) => Number(id.slice(1))).filter((id) => id % 4 === key);
      expect(ofKey).toEqual([key, key + 4, key + 8, key + 12, key + 16]);
    }
  });

  test('what fails goes to the first retry topic with key and content, counted; its key follows, others do not', async () => {
    const handled: string[] = [];
    const { consumer, moved, clock } = setUp(({ data }) => {
      if (data.orderId === 'o1') throw new Error('down');
      handled.push(data.orderId);
    });
    const failing = orderPlaced('o1');
    const behind = orderPlaced('o2');

    await consumer(
      batch(
        record(failing, { key: 'a', headers: { tenantId: 'acme' } }),
        record(behind, { key: 'a' }),
        record(orderPlaced('o3'), { key: 'b' }),
        record(orderPlaced('o4'), { key: 'a', partition: 1 }),
      ),
    );

    const notBefore = String(clock.now() + 60_000);
    expect(handled.toSorted()).toEqual(['o3', 'o4']);
    expect(moved).toEqual([
      {
        topic: 'activity.retry-1',
        key: 'a',
        value: JSON.stringify(failing),
        headers: { retryAttempt: '2', retryNotBefore: notBefore },
      },
      {
        topic: 'activity.retry-1',
        key: 'a',
        value: JSON.stringify(behind),
        headers: { retryAttempt: '1', retryNotBefore: notBefore },
      },
    ]);
  });

  test.each([
    [1, 'activity.retry-1', 'HANDLER_FAILED'],
    [2, 'activity.retry-2', 'HANDLER_FAILED'],
    [3, 'activity.dead-letters', 'HANDLER_FAILED'],
  ])('attempt %i that fails goes to %s', async (attempt, topic, reason) => {
    const { consumer, moved } = setUp(() => {
      throw new Error('down');
    });

    await consumer(batch(record(orderPlaced('o1'), { headers: { retryAttempt: String(attempt) } })));

    expect(moved).toHaveLength(1);
    expect(moved[0]!.topic).toBe(topic);
    expect(moved[0]!.headers).toMatchObject(
      topic.endsWith('letters')
        ? { deadLetterReason: reason, deadLetterConsumer: 'sink', deadLetterReceiveCount: '3' }
        : { retryAttempt: String(attempt + 1) },
    );
  });

  test('D10 what can’t be read, or never will be handled, goes to the dead-letter topic at once; its key goes on', async () => {
    const handled: string[] = [];
    const { consumer, moved } = setUp(({ data }) => {
      if (data.orderId === 'closed') throw new PermanentError('ACCOUNT_CLOSED');
      handled.push(data.orderId);
    });

    await consumer(
      batch(
        record('{"not":"an envelope"}'),
        record(JSON.stringify({ ...orderPlaced('o0'), data: { orderId: 7 } })),
        record(orderPlaced('closed')),
        record(orderPlaced('o1'), { headers: { tenantId: 'someone-else' } }),
        record(orderPlaced('o2')),
      ),
    );

    expect(moved.map(({ topic, headers }) => [topic, headers['deadLetterReason']])).toEqual([
      ['activity.dead-letters', 'WAYBILL_ENVELOPE_INVALID'],
      ['activity.dead-letters', 'WAYBILL_EVENT_DATA_INVALID'],
      ['activity.dead-letters', 'PERMANENT_ERROR'],
      ['activity.dead-letters', 'TENANT_MISMATCH'],
    ]);
    expect(moved[0]!.headers['deadLetterSource']).toMatch(/^activity-0@\d+$/);
    expect(handled).toEqual(['o2']);
  });

  test('a tombstone is no event', async () => {
    const { consumer, moved } = setUp(() => undefined);
    await consumer(batch({ topic: 'activity', partition: 0, offset: 7, key: null, value: null }));
    expect(moved.map(({ topic }) => topic)).toEqual(['activity.dead-letters']);
  });

  test.each([
    [
      'to a retry topic',
      () => {
        throw new Error('down');
      },
    ],
    [
      'to the dead-letter topic',
      () => {
        throw new PermanentError('NO');
      },
    ],
  ])('never a silent commit: a move %s that fails makes the invocation fail', async (_name, handler) => {
    const { consumer } = setUp(handler, { move: async () => false });

    await expect(consumer(batch(record(orderPlaced('o1'))))).rejects.toMatchObject({
      code: 'WAYBILL_BATCH_NOT_FINISHED',
    });
  });

  test('without retry topics a failure makes the invocation fail, and nothing passes it', async () => {
    const handled: string[] = [];
    const { consumer, moved } = setUp(
      ({ data }) => {
        if (data.orderId === 'o1') throw new Error('down');
        handled.push(data.orderId);
      },
      { retryTopics: [] },
    );

    await expect(consumer(batch(record(orderPlaced('o1')), record(orderPlaced('o2'))))).rejects.toMatchObject(
      { code: 'WAYBILL_BATCH_NOT_FINISHED' },
    );
    expect({ handled, moved }).toEqual({ handled: [], moved: [] });
  });

  test('a record of a retry topic waits until it is due', async () => {
    const handled: number[] = [];
    const { consumer, clock } = setUp(() => void handled.push(clock.now()));
    const due = clock.now() + 20_000;

    const consuming = consumer(
      batch(record(orderPlaced('o1'), { headers: { retryNotBefore: String(due) } })),
      invocation(60_000, clock),
    );
    await clock.advance(19_900);
    expect(handled).toEqual([]);
    await clock.advance(1_000);
    await consuming;

    expect(handled[0]).toBeGreaterThanOrEqual(due);
  });

  const notDue = (clock: { now(): number }) => ({ retryNotBefore: String(clock.now() + 600_000) });

  test('D7 what is not due in this invocation is no error: the answer tells from where on it comes again', async () => {
    const handled: string[] = [];
    const { consumer, clock } = setUp(({ data }) => void handled.push(data.orderId), {
      reportBatchItemFailures: true,
      concurrency: 2,
    });
    const headers = notDue(clock);
    const records = [
      record(orderPlaced('o1'), { key: 'a' }),
      record(orderPlaced('o2'), { key: 'b', headers }),
      record(orderPlaced('o3'), { key: 'c', headers, partition: 1 }),
      record(orderPlaced('o4'), { key: 'b', headers }),
      // Behind the two that take all places with waiting.
      record(orderPlaced('o5'), { key: 'd', partition: 1 }),
    ];

    const consuming = consumer(batch(...records), invocation(30_000, clock));
    await clock.advance(29_000);

    expect(await consuming).toEqual({
      batchItemFailures: [
        { itemIdentifier: { partition: 'activity-0', offset: records[1]!.offset } },
        { itemIdentifier: { partition: 'activity-1', offset: records[2]!.offset } },
      ],
    });
    expect(handled).toEqual(['o1']);
  });

  test('where the mapping takes no reports, or something failed as well, it is an error: nothing is committed in silence', async () => {
    const waiting = async (options: ConsumeKafkaOptions, also: readonly KafkaEventRecord[] = []) => {
      const { consumer, clock } = setUp(({ data }) => {
        if (data.orderId === 'bad') throw new Error('down');
      }, options);
      const headers = notDue(clock);
      const consuming = consumer(
        batch(record(orderPlaced('o1'), { headers }), ...also),
        invocation(30_000, clock),
      ).catch((error: unknown) => error);
      await clock.advance(29_000);
      return consuming;
    };
    const error = { code: 'WAYBILL_BATCH_NOT_FINISHED' };

    expect(await waiting({})).toMatchObject(error);
    expect(
      await waiting({ reportBatchItemFailures: true, retryTopics: [] }, [
        record(orderPlaced('bad'), { key: 'other' }),
      ]),
    ).toMatchObject(error);
  });

  test('what is handled while another waits is no error; what is given up while another waits is one', async () => {
    const { consumer, clock } = setUp(() => new Promise<void>(() => undefined), {
      reportBatchItemFailures: true,
    });
    const records = [
      record(orderPlaced('o1'), { key: 'a', headers: notDue(clock) }),
      record(orderPlaced('o2'), { key: 'b' }),
    ];

    const consuming = consumer(batch(...records), invocation(10_000, clock)).catch((error: unknown) => error);
    await clock.advance(9_900);

    expect(await consuming).toMatchObject({ code: 'WAYBILL_BATCH_NOT_FINISHED' });
  });

  test('with controls, which count failures by place, the last retry topic still ends in the dead letters', async () => {
    const counted: string[] = [];
    const { consumer, moved } = setUp(
      () => {
        throw new Error('down');
      },
      {
        controls: {
          admit: async () => ({ kind: 'handle' }),
          settled: async () => true,
          countFailure: async ({ messageId }) => counted.push(messageId),
          holdReceives: async () => 0,
        },
      },
    );

    await consumer(batch(record(orderPlaced('o1'), { headers: { retryAttempt: '3' } })));

    expect(moved.map(({ topic }) => topic)).toEqual(['activity.dead-letters']);
  });

  test('D13 a sealer opens the event for the handler alone: what moves on stays sealed', async () => {
    const seen: string[] = [];
    const { consumer, moved } = setUp(
      ({ data }) => {
        seen.push(data.orderId);
        throw new Error('down');
      },
      { sealer: { open: async (event) => ({ ...event, data: { ...Object(event.data), orderId: 'open' } }) } },
    );

    await consumer(batch(record(orderPlaced('sealed'))));

    expect(seen).toEqual(['open']);
    expect(moved[0]!.value).toContain('sealed');
    expect(moved[0]!.value).not.toContain('open');
  });

  test('D7 a handler that does not stop is given up, and what it does later counts no more', async () => {
    let finish: () => void = () => undefined;
    const { consumer, moved, clock } = setUp(
      () =>
        new Promise<void>((_resolve, reject) => {
          finish = () => reject(new Error('late'));
        }),
    );

    const consuming = consumer(batch(record(orderPlaced('o1'))), invocation(10_000, clock)).catch(
      (error: unknown) => error,
    );
    await clock.advance(9_900);
    expect(await consuming).toMatchObject({ code: 'WAYBILL_BATCH_NOT_FINISHED' });
    finish();
    await clock.advance(0);

    expect(moved).toEqual([]);
  });

  test('the construct’s variables name the topics by their ARNs', async () => {
    const arn = (name: string) => `arn:aws:kafka:eu-west-1:111122223333:topic/analytics/0a1b/${name}`;
    process.env['WAYBILL_KAFKA_RETRY_TOPICS'] = JSON.stringify([{ target: arn('r-1'), delaySeconds: 5 }]);
    process.env['WAYBILL_KAFKA_DEAD_LETTER_TOPIC'] = arn('dead');
    const topics: string[] = [];
    const consumer = consumeKafka(
      OrderPlaced,
      () => {
        throw new Error('down');
      },
      {
        consumer: 'sink',
        logger: capturedLog().logger,
        move: async (topic) => {
          topics.push(topic);
          return true;
        },
      },
    );
    try {
      await consumer(batch(record(orderPlaced('o1'))));
      await consumer(batch(record(orderPlaced('o1'), { headers: { retryAttempt: '2' } })));
      expect(topics).toEqual(['r-1', 'dead']);
      process.env['WAYBILL_KAFKA_RETRY_TOPICS'] = '[{"target":1}]';
      const broken = consumeKafka(OrderPlaced, () => undefined, { consumer: 'sink' });
      await expect(broken(batch())).rejects.toMatchObject({ code: 'WAYBILL_ENVIRONMENT_INVALID' });
    } finally {
      delete process.env['WAYBILL_KAFKA_RETRY_TOPICS'];
      delete process.env['WAYBILL_KAFKA_DEAD_LETTER_TOPIC'];
    }
  });
});
