/** What SNS keeps: nothing acknowledged is lost when the process is killed. */
import { describe, expect, test } from '@jest/globals';

import { manualClock } from '../../../../local/aws/clock.ts';
import { createAwsContext, rootCaller } from '../../../../local/aws/context.ts';
import { AwsError } from '../../../../local/aws/errors.ts';
import { createSnsService } from '../../../../local/aws/sns/index.ts';
import {
  createSqsService,
  type Delivery,
  type DeliveryResult,
  type SqsService,
} from '../../../../local/aws/sqs/index.ts';
import { keptState, type KeptState } from '../kept-state.ts';
import { queueArn } from './harness.ts';

const clock = manualClock();

/** One process: an SNS with kept state beside queues that are down, or keep what they get. */
function start(state: KeptState, { down = false } = {}) {
  const context = createAwsContext({ clock, state: state.store });
  const received: (Delivery & { readonly queue: string })[] = [];
  const queues = { down };
  const sqs: SqsService = {
    ...createSqsService(createAwsContext({ clock })),
    deliverToQueue(arn: string, delivery: Delivery): DeliveryResult {
      if (queues.down) return { delivered: false, error: new AwsError('InternalError', 'down', 500) };
      received.push({ ...delivery, queue: arn.split(':').at(-1) ?? '' });
      return { delivered: true, messageId: '1' };
    },
  };
  context.services.register(sqs);
  const sns = createSnsService(context);
  context.services.register(sns);
  const call = (action: string, input: Record<string, unknown>) =>
    sns.handle(action, input, rootCaller(context)) as Promise<Record<string, unknown>>;
  return { sns, received, queues, call };
}

const raw = { RawMessageDelivery: 'true' };

describe('after kill -9', () => {
  test('topics, their attributes, tags and subscriptions with filters are there', async () => {
    const state = keptState();
    const before = start(state);
    const { TopicArn } = before.sns.createTopic({
      Name: 'orders',
      Attributes: { DisplayName: 'shop' },
      Tags: [{ Key: 'team', Value: 'a' }],
    });
    const { SubscriptionArn } = before.sns.subscribe({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: queueArn('q'),
      Attributes: { ...raw, FilterPolicy: '{"type":["a"]}' },
    });

    const after = start(state.survivor());
    const type = (StringValue: string) => ({
      MessageAttributes: { type: { DataType: 'String', StringValue } },
    });
    await after.sns.publish({ TopicArn, Message: 'no', ...type('b') });
    await after.sns.publish({ TopicArn, Message: 'yes', ...type('a') });

    expect(after.sns.subscriptions().map(({ arn }) => arn)).toEqual([SubscriptionArn]);
    expect(after.received.map(({ body }) => body)).toEqual(['yes']);
    expect(await after.call('ListTagsForResource', { ResourceArn: TopicArn })).toEqual({
      Tags: [{ Key: 'team', Value: 'a' }],
    });
    expect(await after.call('GetTopicAttributes', { TopicArn })).toMatchObject({
      Attributes: { DisplayName: 'shop', SubscriptionsConfirmed: '1' },
    });
  });

  test('what was deleted stays deleted', async () => {
    const state = keptState();
    const before = start(state);
    const { TopicArn } = before.sns.createTopic({ Name: 'orders' });
    const { SubscriptionArn } = before.sns.subscribe({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: queueArn('q'),
    });
    before.sns.unsubscribe({ SubscriptionArn });
    const other = before.sns.createTopic({ Name: 'other' });
    before.sns.deleteTopic(other);

    const after = start(state.survivor());

    expect(after.sns.topics().map(({ arn }) => arn)).toEqual([TopicArn]);
    expect(after.sns.subscriptions()).toEqual([]);
  });

  test('a message that was accepted and not delivered is delivered, attributes and all', async () => {
    const state = keptState();
    const before = start(state, { down: true });
    const { TopicArn } = before.sns.createTopic({ Name: 'orders' });
    before.sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: queueArn('q'), Attributes: raw });
    const BinaryValue = new Uint8Array([1, 255]);
    await before.sns.publish({
      TopicArn,
      Message: 'late',
      MessageAttributes: { b: { DataType: 'Binary', BinaryValue } },
    });
    const survivor = state.survivor();

    const after = start(survivor);
    await clock.advance(0);

    expect(after.received).toMatchObject([
      { body: 'late', messageAttributes: { b: { DataType: 'Binary', BinaryValue: 'Af8=' } } },
    ]);
    expect(survivor.keys('sns.deliveries')).toEqual([]);
    await clock.advance(60_000);
    expect(after.received).toHaveLength(1);
  });

  test('messages of a FIFO group that wait for each other come in order', async () => {
    const state = keptState();
    const before = start(state, { down: true });
    const { TopicArn } = before.sns.createTopic({
      Name: 'orders.fifo',
      Attributes: { FifoTopic: 'true', ContentBasedDeduplication: 'true' },
    });
    before.sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: queueArn('q.fifo'), Attributes: raw });
    for (const Message of ['1', '2', '3'])
      await before.sns.publish({ TopicArn, Message, MessageGroupId: 'g' });

    const after = start(state.survivor());
    await clock.advance(0);

    expect(after.received.map(({ body }) => body)).toEqual(['1', '2', '3']);
  });

  test('nothing is kept of a message that has arrived', async () => {
    const state = keptState();
    const { sns } = start(state);
    const { TopicArn } = sns.createTopic({ Name: 'orders' });
    sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: queueArn('q') });
    await sns.publish({ TopicArn, Message: 'a' });

    expect(state.keys('sns.deliveries')).toEqual([]);
  });

  test('a FIFO topic still knows what it has seen, and counts on', async () => {
    const state = keptState();
    const before = start(state);
    const { TopicArn } = before.sns.createTopic({ Name: 'orders.fifo', Attributes: { FifoTopic: 'true' } });
    const message = { TopicArn, Message: 'a', MessageGroupId: 'g', MessageDeduplicationId: 'd' };
    const first = await before.sns.publish(message);

    const after = start(state.survivor());
    const again = await after.sns.publish(message);
    const next = await after.sns.publish({ ...message, MessageDeduplicationId: 'e' });

    expect(again).toEqual(first);
    expect(BigInt(next.SequenceNumber ?? 0)).toBeGreaterThan(BigInt(first.SequenceNumber ?? 0));
  });

  test('an archive can be replayed', async () => {
    const state = keptState();
    const before = start(state);
    const { TopicArn } = before.sns.createTopic({
      Name: 'orders.fifo',
      Attributes: { FifoTopic: 'true', ArchivePolicy: '{"MessageRetentionPeriod":"1"}' },
    });
    const from = new Date(clock.now()).toISOString();
    await before.sns.publish({ TopicArn, Message: 'kept', MessageGroupId: 'g', MessageDeduplicationId: 'd' });

    const after = start(state.survivor());
    after.sns.subscribe({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: queueArn('q.fifo'),
      Attributes: {
        ...raw,
        ReplayPolicy: JSON.stringify({ PointType: 'Timestamp', StartingPoint: from }),
      },
    });
    await clock.advance(0);

    expect(after.received.map(({ body }) => body)).toEqual(['kept']);
  });

  test('a subscription can be confirmed with the token of before, and the inbox is there', async () => {
    const state = keptState();
    const before = start(state);
    const { TopicArn } = before.sns.createTopic({ Name: 'orders' });
    before.sns.subscribe({ TopicArn, Protocol: 'email', Endpoint: 'anna@example.com' });

    const after = start(state.survivor());
    const [request] = after.sns.inbox();
    await after.call('ConfirmSubscription', { TopicArn, Token: request?.confirmation?.token });
    await after.sns.publish({ TopicArn, Message: 'hello', Subject: 'greeting' });

    expect(after.sns.inbox()).toMatchObject([
      { subject: 'AWS Notification - Subscription Confirmation' },
      { protocol: 'email', to: 'anna@example.com', subject: 'greeting' },
    ]);
  });

  test('signatures of before can still be verified', async () => {
    const state = keptState();
    const { sns, received } = start(state);
    const { TopicArn } = sns.createTopic({ Name: 'orders' });
    sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: queueArn('q') });
    await sns.publish({ TopicArn, Message: 'signed' });
    const { SigningCertURL } = JSON.parse(received[0]?.body ?? '{}') as { SigningCertURL: string };

    const after = start(state.survivor());
    const [route] = after.sns.protocols.routes ?? [];

    expect(new URL(SigningCertURL).pathname).toBe(route?.path);
  });
});
