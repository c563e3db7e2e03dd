import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { MINUTE, watched, type Watched } from './harness.ts';

let aws: Watched;
beforeEach(() => {
  aws = watched();
});
afterEach(() => aws.close());

const of =
  (namespace: string, dimensions: Record<string, string>) =>
  (name: string, statistic = 'Sum') =>
    aws.monitoring.metric({ namespace, name, dimensions, statistic });

test('SQS: what was sent, received, deleted and received empty', async () => {
  const arn = await aws.queue('work');
  for (const body of ['a', 'bbb']) aws.sqs.deliverToQueue(arn, { body });
  const messages = await aws.sqs.receiveMessage(arn, { MaxNumberOfMessages: 10 });
  aws.sqs.deleteMessage(arn, messages[0]!.ReceiptHandle);
  await aws.sqs.receiveMessage(arn, {});
  const metric = of('AWS/SQS', { QueueName: 'work' });

  expect(metric('NumberOfMessagesSent')).toBe(2);
  expect(metric('NumberOfMessagesReceived')).toBe(2);
  expect(metric('NumberOfMessagesDeleted')).toBe(1);
  expect(metric('NumberOfEmptyReceives')).toBe(1);
  expect(metric('SentMessageSize', 'Average')).toBe(2);
  expect(metric('SentMessageSize', 'Maximum')).toBe(3);
});

test('SQS: gauges are measured at the end of each minute', async () => {
  const arn = await aws.queue('work');
  for (const body of ['a', 'b', 'c']) aws.sqs.deliverToQueue(arn, { body });
  aws.sqs.deliverToQueue(arn, { body: 'd', delaySeconds: 600 });
  await aws.sqs.receiveMessage(arn, { VisibilityTimeout: 600 });
  const metric = of('AWS/SQS', { QueueName: 'work' });
  expect(metric('ApproximateNumberOfMessagesVisible')).toBeUndefined();

  await aws.clock.advance(MINUTE);

  expect(metric('ApproximateNumberOfMessagesVisible', 'Maximum')).toBe(2);
  expect(metric('ApproximateNumberOfMessagesNotVisible', 'Maximum')).toBe(1);
  expect(metric('ApproximateNumberOfMessagesDelayed', 'Maximum')).toBe(1);
  expect(metric('ApproximateAgeOfOldestMessage', 'Maximum')).toBe(60);
});

test('SQS: a message received three times leaves the age of the oldest message', async () => {
  const arn = await aws.queue('work', { VisibilityTimeout: '0' });
  aws.sqs.deliverToQueue(arn, { body: 'poison' });
  for (let receives = 0; receives < 3; receives++) await aws.sqs.receiveMessage(arn, {});
  await aws.clock.advance(MINUTE / 2);
  aws.sqs.deliverToQueue(arn, { body: 'young' });
  await aws.clock.advance(MINUTE / 2);
  expect(of('AWS/SQS', { QueueName: 'work' })('ApproximateAgeOfOldestMessage', 'Maximum')).toBe(30);
});

test('SQS: a dead letter is not sent, and its age counts from the move', async () => {
  const dead = await aws.queue('dead');
  const source = await aws.queue('work', {
    VisibilityTimeout: '0',
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead, maxReceiveCount: 1 }),
  });
  aws.sqs.deliverToQueue(source, { body: 'poison' });
  await aws.sqs.receiveMessage(source, {});
  await aws.clock.advance(10 * MINUTE);
  await aws.sqs.receiveMessage(source, {});
  const movedAt = aws.clock.now();
  await aws.clock.advance(MINUTE);
  const metric = of('AWS/SQS', { QueueName: 'dead' });
  expect(metric('NumberOfMessagesSent')).toBe(0);
  expect(metric('ApproximateNumberOfMessagesVisible', 'Maximum')).toBe(1);
  expect(
    aws.monitoring.metric({
      namespace: 'AWS/SQS',
      name: 'ApproximateAgeOfOldestMessage',
      dimensions: { QueueName: 'dead' },
      statistic: 'Maximum',
      since: movedAt,
    }),
  ).toBe(60);
});

test('SQS: an empty queue has metrics for six hours, then none', async () => {
  await aws.queue('idle');
  await aws.clock.advance(10 * 60 * MINUTE);
  expect(of('AWS/SQS', { QueueName: 'idle' })('NumberOfMessagesSent', 'SampleCount')).toBe(360);
});

test('SQS: FIFO queues count what was deduplicated and the groups in flight', async () => {
  const arn = await aws.queue('work.fifo', { FifoQueue: 'true' });
  for (const messageDeduplicationId of ['1', '1', '2']) {
    aws.sqs.deliverToQueue(arn, {
      body: 'x',
      messageGroupId: messageDeduplicationId,
      messageDeduplicationId,
    });
  }
  await aws.sqs.receiveMessage(arn, { MaxNumberOfMessages: 10, VisibilityTimeout: 600 });
  await aws.clock.advance(MINUTE);
  const metric = of('AWS/SQS', { QueueName: 'work.fifo' });
  expect(metric('NumberOfDeduplicatedSentMessages')).toBe(1);
  expect(metric('ApproximateNumberOfGroupsWithInflightMessages', 'Maximum')).toBe(2);
});

test('SQS: quiet groups are measured apart from noisy ones', async () => {
  const arn = await aws.queue('work');
  for (let index = 0; index < 40; index++)
    aws.sqs.deliverToQueue(arn, { body: 'x', messageGroupId: 'noisy' });
  aws.sqs.deliverToQueue(arn, { body: 'x', messageGroupId: 'quiet' });
  for (let index = 0; index < 3; index++) {
    await aws.sqs.receiveMessage(arn, { MaxNumberOfMessages: 10, VisibilityTimeout: 600 });
  }
  await aws.clock.advance(MINUTE);
  const metric = of('AWS/SQS', { QueueName: 'work' });
  expect(metric('ApproximateNumberOfNoisyGroups', 'Maximum')).toBe(1);
  expect(metric('ApproximateNumberOfMessagesVisible', 'Maximum')).toBeGreaterThan(5);
  expect(metric('ApproximateNumberOfMessagesVisibleInQuietGroups', 'Maximum')).toBeLessThanOrEqual(1);
});

test('SNS: published, delivered, filtered out, failed and redriven', async () => {
  const [inbox, dead] = [await aws.queue('inbox'), await aws.queue('dead')];
  const { TopicArn } = (await aws.callOf('sns', 'CreateTopic', { Name: 'topic' })) as { TopicArn: string };
  const subscribe = (Endpoint: string, Attributes: Record<string, string> = {}) =>
    aws.callOf('sns', 'Subscribe', { TopicArn, Protocol: 'sqs', Endpoint, Attributes });
  await subscribe(inbox);
  const filtered = await aws.queue('filtered');
  await subscribe(filtered, { FilterPolicy: JSON.stringify({ kind: ['x'] }) });
  const gone = await aws.queue('gone');
  await subscribe(gone, { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead }) });
  await aws.callOf('sqs', 'DeleteQueue', { QueueUrl: aws.sqs.queueUrl(gone) });
  await aws.callOf('sns', 'Publish', { TopicArn, Message: 'hello' });
  await aws.clock.advance(1_000);
  const metric = of('AWS/SNS', { TopicName: 'topic' });

  expect(metric('NumberOfMessagesPublished')).toBe(1);
  expect(metric('PublishSize')).toBe(5);
  expect(metric('NumberOfNotificationsDelivered')).toBe(1);
  expect(metric('NumberOfNotificationsFilteredOut')).toBe(1);
  expect(metric('NumberOfNotificationsFilteredOut-NoMessageAttributes')).toBe(1);
  expect(metric('NumberOfNotificationsFailed')).toBe(1);
  expect(metric('NumberOfNotificationsRedrivenToDlq')).toBe(1);
});

test('EventBridge: matched, invoked, failed and sent to the dead-letter queue, by rule', async () => {
  const [inbox, dead] = [await aws.queue('inbox'), await aws.queue('dead')];
  await aws.callOf('events', 'PutRule', { Name: 'all', EventPattern: '{"source":["test"]}' });
  await aws.callOf('events', 'PutTargets', {
    Rule: 'all',
    Targets: [
      { Id: 'good', Arn: inbox },
      { Id: 'bad', Arn: `${inbox}-gone`, DeadLetterConfig: { Arn: dead } },
    ],
  });
  await aws.callOf('events', 'PutEvents', {
    Entries: [{ Source: 'test', DetailType: 't', Detail: '{}' }, {}],
  });
  await aws.clock.advance(1_000);

  const ofRule: Record<string, string>[] = [
    { RuleName: 'all', EventBusName: 'default' },
    { RuleName: 'all' },
  ];
  for (const dimensions of ofRule) {
    const metric = of('AWS/Events', dimensions);
    expect(metric('MatchedEvents')).toBe(1);
    expect(metric('TriggeredRules')).toBe(1);
    expect(metric('Invocations')).toBe(2);
    expect(metric('FailedInvocations')).toBe(1);
    expect(metric('InvocationsSentToDlq')).toBe(1);
  }
  expect(of('AWS/Events', {})('PutEventsEntriesCount')).toBe(2);
  expect(of('AWS/Events', {})('PutEventsFailedEntriesCount')).toBe(1);
});
