import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHarness, queueArn, refusal } from './harness.ts';
import type { Harness } from './harness.ts';
import { keptState } from '../kept-state.ts';

let harness: Harness;
beforeEach(() => {
  harness = createHarness();
});
afterEach(() => harness.close());

const DLQ = { OnFailureConfiguration: { Arn: queueArn('dead') } };

describe('delivery', () => {
  test('filters of all scopes have to match', async () => {
    await harness.createQueues('q');
    const bus = await harness.bus();
    await harness.subscribe(bus, 'q', {
      FilterConfiguration: {
        Filters: [
          { Scope: 'SYSTEM_METADATA', Pattern: '{"aws:Source":["shop"],"EventGroupId":["a"]}' },
          { Scope: 'DATA', Pattern: '{"detail":{"total":[{"numeric":[">",500]}]}}' },
        ],
      },
    });

    await harness.put(bus, { total: 501 }, { EventGroupId: 'a' });
    await harness.put(bus, { total: 499 }, { EventGroupId: 'a' });
    await harness.put(bus, { total: 502 }, { EventGroupId: 'b' });

    expect(harness.bodies('q')).toEqual([expect.objectContaining({ detail: { total: 501 } })]);
    expect(harness.counted('FilterEvaluated')).toBe(3);
    expect(harness.counted('FilterMatched')).toBe(1);
    expect(harness.counted('EventsDelivered')).toBe(1);
  });

  test('a FIFO subscriber: a failing event holds up its group and only its group', async () => {
    await harness.createQueues('q.fifo');
    const bus = await harness.bus();
    await harness.subscribe(bus, 'q.fifo');
    harness.context.faults.add({
      service: 'eventsv2',
      action: 'Deliver',
      times: 1,
      effect: { kind: 'fail', code: 'AccessDenied', httpStatus: 403 },
    });

    for (const [group, n] of [
      ['a', 1],
      ['a', 2],
      ['b', 3],
    ] as const) {
      await harness.put(bus, { n }, { EventGroupId: group });
    }
    const numbers = () =>
      harness.bodies('q.fifo').map((body) => (body as { detail: { n: number } }).detail.n);
    expect(numbers()).toEqual([3]);

    await harness.clock.advance(2_000);
    await harness.settle();
    expect(numbers()).toEqual([3, 1, 2]);
  });

  test('D15 the default retries give up after five minutes or five tries; the record holds ids, not the event', async () => {
    await harness.createQueues('dead');
    const bus = await harness.bus();
    const subscriber = await harness.subscribe(bus, 'missing', DLQ);

    const { EventId } = await harness.put(bus, { secret: 'x' }, { EventGroupId: 'a', DeduplicationId: 'd' });
    expect(harness.messages('dead')).toHaveLength(0);
    await harness.clock.advance(301_000);
    await harness.settle();

    const [message] = harness.messages('dead');
    expect(JSON.parse(message?.body ?? '')).toEqual({
      version: '1.0',
      busArn: bus,
      subscriberArn: subscriber,
      targetArn: queueArn('missing'),
      errorCode: 'RESOURCE_NOT_FOUND',
      errorMessage: expect.stringContaining('could not access'),
      exhaustedRetryCondition: 'MaximumRetryAttempts',
      retryAttempts: 5,
      failedMessages: [
        { eventId: EventId, eventGroupId: 'a', deduplicationId: 'd', timestamp: '2026-01-21T12:00:00Z' },
      ],
    });
    expect(message?.messageAttributes).toMatchObject({
      ERROR_CODE: { StringValue: 'RESOURCE_NOT_FOUND' },
      RETRY_ATTEMPTS: { StringValue: '5' },
    });
    expect(harness.counted('OnFailureDestinationDelivered')).toBe(1);
  });

  test('without a dead-letter queue the event is dropped, and counted', async () => {
    const bus = await harness.bus();
    await harness.subscribe(bus, 'missing', { RetryPolicy: { MaxRetryAttempts: 0 } });
    await harness.put(bus, {});

    expect(harness.counted('EventsDropped')).toBe(1);
  });

  test('a FIFO dead-letter queue takes records only where it makes deduplication ids of their content', async () => {
    await harness.createQueues('dead.fifo');
    const bus = await harness.bus();
    await harness.subscribe(bus, 'missing.fifo', {
      RetryPolicy: { MaxRetryAttempts: 0 },
      OnFailureConfiguration: { Arn: queueArn('dead.fifo') },
    });

    await harness.put(bus, {}, { EventGroupId: 'a' });
    expect(harness.counted('OnFailureDestinationFailed')).toBe(1);

    const QueueUrl = harness.sqs.queueUrl(queueArn('dead.fifo'));
    const Attributes = { ContentBasedDeduplication: 'true' };
    await harness.sqs.handle('SetQueueAttributes', { QueueUrl, Attributes }, {} as never);
    await harness.put(bus, {}, { EventGroupId: 'a' });
    expect(harness.messages('dead.fifo')).toEqual([expect.objectContaining({ messageGroupId: 'a' })]);
  });

  test('an expression that gives nothing is a failed delivery', async () => {
    await harness.createQueues('q', 'dead');
    const bus = await harness.bus();
    await harness.subscribe(bus, 'q', {
      ...DLQ,
      RetryPolicy: { MaxRetryAttempts: 0 },
      Transformer: { Type: 'JSONATA', JsonataConfiguration: { Expression: '{% $events.Data.nothing %}' } },
    });
    await harness.put(bus, {});

    expect(harness.messages('q')).toHaveLength(0);
    expect(harness.bodies('dead')).toEqual([
      expect.objectContaining({ errorCode: 'INPUT_TRANSFORMATION_FAILURE' }),
    ]);
    expect(harness.counted('EventTransformationFailures')).toBe(1);
  });

  test('payload and parameters are made of the event', async () => {
    await harness.createQueues('q', 'whole');
    const bus = await harness.bus();
    await harness.subscribe(bus, 'q', {
      InvokeConfiguration: {
        SqsParameters: {
          MessageGroupId: '{% $events.Data.detail.tenantId %}',
          MessageAttributes: {
            eventType: { DataType: 'String', StringValue: '{% $events.SystemMetadata."aws:DetailType" %}' },
          },
        },
      },
      Transformer: { Type: 'JSONATA', JsonataConfiguration: { Expression: '{% $events.Data.detail %}' } },
    });
    await harness.subscribe(bus, 'whole', { Transformer: { Type: 'WITH_METADATA' } });
    await harness.put(bus, { tenantId: 'acme', list: [1] });

    expect(harness.messages('q')).toEqual([
      expect.objectContaining({
        body: '{"tenantId":"acme","list":[1]}',
        messageGroupId: 'acme',
        messageAttributes: { eventType: expect.objectContaining({ StringValue: 'OrderPlaced' }) },
      }),
    ]);
    expect(harness.bodies('whole')).toEqual([
      expect.objectContaining({
        Metadata: {},
        SystemMetadata: expect.objectContaining({
          ContentType: 'application/eventbridge+json',
          'aws:DeliveryType': 'LIVE',
          'aws:Source': 'shop',
        }),
      }),
    ]);
  });
});

describe('positions', () => {
  test('LATEST sees what comes after it; POINT_IN_TIME reads what is kept, and says that it is a replay', async () => {
    await harness.createQueues('late', 'replayed');
    const bus = await harness.bus();
    await harness.put(bus, { n: 1 });
    await harness.clock.advance(60_000);
    await harness.put(bus, { n: 2 });

    await harness.subscribe(bus, 'late');
    await harness.subscribe(bus, 'replayed', {
      StartingPosition: 'POINT_IN_TIME',
      PointInTimeConfiguration: { PointType: 'TIMESTAMP', StartingPoint: (harness.clock.now() - 1) / 1_000 },
      Transformer: {
        Type: 'JSONATA',
        JsonataConfiguration: {
          Expression: '{% $string($events.Data.detail.n) & $events.SystemMetadata."aws:DeliveryType" %}',
        },
      },
    });
    await harness.put(bus, { n: 3 });

    expect(harness.messages('late')).toHaveLength(1);
    expect(harness.messages('replayed').map(({ body }) => body)).toEqual(['2REPLAY', '3LIVE']);
  });

  test('redrive: the failed events alone, from the bus', async () => {
    await harness.createQueues('q');
    const bus = await harness.bus();
    const { EventId } = await harness.put(bus, { n: 1 });
    await harness.put(bus, { n: 2 });

    await harness.subscribe(bus, 'q', {
      StartingPosition: 'POINT_IN_TIME',
      PointInTimeConfiguration: { PointType: 'HORIZON', EndPoint: harness.clock.now() / 1_000 },
      FilterConfiguration: {
        Filters: [{ Scope: 'SYSTEM_METADATA', Pattern: JSON.stringify({ 'aws:EventId': [EventId] }) }],
      },
    });
    await harness.settle();

    expect(harness.bodies('q')).toEqual([expect.objectContaining({ detail: { n: 1 } })]);
  });

  test('a stopped subscriber goes on where it was, or at the newest event', async () => {
    await harness.createQueues('q');
    const bus = await harness.bus();
    const SubscriberArn = await harness.subscribe(bus, 'q');
    const set = (members: Record<string, unknown>) =>
      harness.call('UpdateSubscriber', { SubscriberArn, ...members });

    await set({ State: 'STOPPED' });
    await harness.put(bus, { n: 1 });
    expect(harness.messages('q')).toHaveLength(0);
    await set({ State: 'RUNNING' });
    await harness.settle();
    expect(harness.messages('q')).toHaveLength(1);

    await set({ State: 'STOPPED' });
    await harness.put(bus, { n: 2 });
    await set({ State: 'RUNNING', ResumePosition: 'LATEST' });
    await harness.settle();
    expect(harness.messages('q')).toHaveLength(1);
  });

  test('what is kept goes on in the next process: events, positions, deliveries under way', async () => {
    const kept = keptState();
    const first = createHarness(kept.store);
    await first.createQueues('q');
    const bus = await first.bus();
    await first.subscribe(bus, 'missing', {
      RetryPolicy: { MaxRetryAttempts: 185, MaxEventAgeInSeconds: 86_400 },
    });
    await first.subscribe(bus, 'q');
    await first.put(bus, { n: 1 });
    first.close();

    const second = createHarness(kept.survivor().store, first.clock);
    await second.settle();
    expect(second.eventsv2.buses()[0]?.events).toHaveLength(1);
    expect(second.eventsv2.subscribers()).toHaveLength(2);
    await second.createQueues('missing');
    await second.clock.advance(600_000);
    await second.settle();
    expect(second.bodies('missing')).toEqual([expect.objectContaining({ detail: { n: 1 } })]);
    expect(second.messages('q')).toHaveLength(1);
    second.close();
  });
});

describe('what CreateSubscriber refuses', () => {
  test.each([
    [
      'a wildcard',
      { FilterConfiguration: { Filters: [{ Scope: 'DATA', Pattern: '{"a":[{"wildcard":"x*"}]}' }] } },
      'wildcard',
    ],
    [
      'two filters of one scope',
      {
        FilterConfiguration: {
          Filters: [
            { Scope: 'DATA', Pattern: '{"a":["x"]}' },
            { Scope: 'DATA', Pattern: '{"b":["x"]}' },
          ],
        },
      },
      'at most one filter per scope',
    ],
    [
      'filters that are too large',
      {
        FilterConfiguration: {
          Filters: [{ Scope: 'DATA', Pattern: JSON.stringify({ a: ['x'.repeat(4_090)] }) }],
        },
      },
      '4096',
    ],
    [
      'an operator in METADATA',
      { FilterConfiguration: { Filters: [{ Scope: 'METADATA', Pattern: '{"a":[{"prefix":"x"}]}' }] } },
      'exact values',
    ],
    [
      'an expression that is none',
      { Transformer: { Type: 'JSONATA', JsonataConfiguration: { Expression: '{% $events. %}' } } },
      'not valid',
    ],
    ['more retries than there are', { RetryPolicy: { MaxRetryAttempts: 186 } }, '185'],
    [
      'parameters of another target',
      { InvokeConfiguration: { SnsParameters: { Subject: 's' } } },
      'Expected SqsParameters',
    ],
    [
      'a target of another account',
      { InvokeConfiguration: { TargetArn: 'arn:aws:sqs:us-east-1:111122223333:q' } },
      'must match the subscriber account',
    ],
    [
      'a point in the future',
      {
        StartingPosition: 'POINT_IN_TIME',
        PointInTimeConfiguration: { PointType: 'TIMESTAMP', StartingPoint: 9_999_999_999 },
      },
      'StartingPoint',
    ],
  ])('%s', async (_what, members, message) => {
    const bus = await harness.bus();

    expect(await refusal(() => harness.subscribe(bus, 'q', members))).toEqual([
      'InvalidInputException',
      expect.stringContaining(message),
    ]);
  });
});
