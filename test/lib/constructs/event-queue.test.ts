import { describe, expect, test } from '@jest/globals';
import { Duration } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import {
  ControlsTable,
  EventFunction,
  EventQueue,
  EventTopic,
  MessagingKey,
  QueueConsumer,
  topologyOf,
} from '../../../lib/constructs/index.ts';
import type { QueueConsumerProps } from '../../../lib/constructs/index.ts';
import {
  codesOf,
  ENTRY,
  OrderCancelled,
  OrderPlaced,
  Orders,
  propertiesOf,
  reference,
  statementsOf,
  StockReserved,
  testStack,
} from './support.ts';

function priority() {
  const stack = testStack();
  const encryptionKey = new MessagingKey(stack, 'Key');
  const queue = new EventQueue(stack, 'Priority', {
    publishes: [OrderCancelled, StockReserved],
    encryptionKey,
    visibilityTimeout: Duration.minutes(6),
  });
  return { stack, queue };
}

test('a publisher may send to the queue and use its key, and its runtime knows the way', () => {
  const { stack, queue } = priority();
  new EventFunction(stack, 'Api', { entry: ENTRY, publishesTo: [queue.publishing([OrderCancelled])] });
  const template = Template.fromStack(stack);

  expect(statementsOf(template, 'ApiRole')).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ Action: 'sqs:SendMessage', Resource: reference('PriorityQueue') }),
      expect.objectContaining({ Action: ['kms:Decrypt', 'kms:GenerateDataKey'] }),
    ]),
  );
  const { Environment } = propertiesOf(template, 'AWS::Lambda::Function', 'Api') as {
    Environment: { Variables: Record<string, unknown> };
  };
  expect(JSON.stringify(Environment.Variables['WAYBILL_PUBLISH_ROUTES'])).toContain(
    String.raw`\"events\":[\"OrderCancelled\"]`,
  );
});

test('a consumer that puts back what waits may send to its queue, and is taken for no loop', () => {
  const { stack, queue } = priority();
  new QueueConsumer(stack, 'OnCall', {
    subscribesTo: [queue.events()],
    entry: ENTRY,
    controls: new ControlsTable(stack, 'Controls', {}),
    putsBack: true,
  });
  const template = Template.fromStack(stack);

  expect(statementsOf(template, 'OnCall')).toContainEqual(
    expect.objectContaining({
      Action: expect.arrayContaining(['sqs:ReceiveMessage', 'sqs:SendMessage']),
      Resource: reference('PriorityQueue'),
    }),
  );
  expect(propertiesOf(template, 'AWS::Lambda::Function', 'OnCall')).toMatchObject({ RecursiveLoop: 'Allow' });
  Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('receive number'));
});

test('its one consumer takes it for its own, dead letters included', () => {
  const { stack, queue } = priority();
  const consumer = new QueueConsumer(stack, 'OnCall', { subscribesTo: [queue.events()], entry: ENTRY });
  new EventFunction(stack, 'Api', { entry: ENTRY, publishesTo: [queue] });

  expect(consumer.queue).toBe(queue.queue);
  expect(consumer.deadLetterQueue).toBe(queue.deadLetterQueue);
  Template.fromStack(stack).resourceCountIs('AWS::SQS::Queue', 2);
  const { edges, nodes } = topologyOf(stack);
  expect(edges).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        kind: 'publishes',
        from: 'Test/Api',
        to: 'Test/Priority/Queue',
        events: ['OrderCancelled'],
      }),
      expect.objectContaining({
        kind: 'consumes',
        from: 'Test/Priority/Queue',
        consumer: 'on-call',
        events: ['OrderCancelled', 'StockReserved'],
        visibilityTimeoutSeconds: 360,
      }),
    ]),
  );
  expect(nodes.filter(({ owner }) => owner === 'on-call').map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['queue', 'deadLetterQueue']),
  );
});

test('provisioned pollers take the place of the maximum concurrency', () => {
  const { stack, queue } = priority();
  new QueueConsumer(stack, 'OnCall', {
    subscribesTo: [queue.events()],
    entry: ENTRY,
    minimumPollers: 2,
    maximumPollers: 5,
  });
  const mapping = propertiesOf(Template.fromStack(stack), 'AWS::Lambda::EventSourceMapping', 'OnCall');

  expect(mapping['ProvisionedPollerConfig']).toEqual({ MinimumPollers: 2, MaximumPollers: 5 });
  expect(mapping['ScalingConfig']).toBeUndefined();
  const consumes = topologyOf(stack).edges.find(({ kind }) => kind === 'consumes');
  expect(consumes).toMatchObject({ maxConcurrency: 50 });
});

describe('what is refused', () => {
  const { stack, queue } = priority();
  const topic = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
  let next = 0;
  const refused = (props: Partial<QueueConsumerProps>) =>
    codesOf(
      () =>
        new QueueConsumer(stack, `Consumer${(next += 1)}`, {
          subscribesTo: [queue.events()],
          entry: ENTRY,
          ...props,
        }),
    );

  test.each<[string, Partial<QueueConsumerProps>]>([
    ['WAYBILL_QUEUE_NOT_ALONE', { subscribesTo: [queue.events(), topic.events()] }],
    ['WAYBILL_QUEUE_SETTING_ELSEWHERE', { maxReceiveCount: 3 }],
    ['WAYBILL_QUEUE_SETTING_ELSEWHERE', { retentionPeriod: Duration.days(1) }],
    ['WAYBILL_VISIBILITY_TIMEOUT_TOO_SHORT', { timeout: Duration.minutes(2) }],
    ['WAYBILL_PUT_BACK_UNSUPPORTED', { subscribesTo: [topic.event(OrderPlaced)], putsBack: true }],
    ['WAYBILL_POLLERS_OUT_OF_RANGE', { minimumPollers: 1, maximumPollers: 2 }],
    ['WAYBILL_POLLERS_OUT_OF_RANGE', { minimumPollers: 2, maximumPollers: 2001 }],
    ['WAYBILL_POLLERS_OUT_OF_RANGE', { minimumPollers: 3, maximumPollers: 2 }],
    ['WAYBILL_POLLERS_OUT_OF_RANGE', { maximumPollers: 2 }],
    ['WAYBILL_POLLERS_OUT_OF_RANGE', { minimumPollers: 2, maximumPollers: 2, maxConcurrency: 5 }],
    [
      'WAYBILL_DATA_CONDITIONS_DIFFER',
      { subscribesTo: [topic.events({ data: { orderId: ['o-1'] } }), topic.event(OrderPlaced)] },
    ],
  ])('%s %#', (code, props) => {
    expect(refused(props)).toEqual([code]);
  });

  test('a second consumer, which would take messages from the first', () => {
    const taken = priority();
    const consume = (id: string) =>
      new QueueConsumer(taken.stack, id, { subscribesTo: [taken.queue.events()], entry: ENTRY });
    consume('First');
    expect(codesOf(() => consume('Second'))).toEqual(['WAYBILL_QUEUE_HAS_CONSUMER']);
  });

  test('a queue to which nothing is published', () => {
    expect(codesOf(() => new EventQueue(stack, 'Nothing', { publishes: [] }))).toEqual([
      'WAYBILL_NOTHING_PUBLISHED',
    ]);
  });
});
