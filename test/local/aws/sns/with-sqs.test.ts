/** SNS with the real queues beside it: what a consumer of a queue sees of what was published to a topic. */
import { expect, test } from '@jest/globals';

import { createAwsContext, rootCaller } from '../../../../local/aws/context.ts';
import { manualClock } from '../../../../local/aws/clock.ts';
import { createSnsService } from '../../../../local/aws/sns/index.ts';
import { createSqsService } from '../../../../local/aws/sqs/index.ts';
import { queueArn } from './harness.ts';

async function setUp(queues: Record<string, Record<string, string>>) {
  const context = createAwsContext({ clock: manualClock() });
  const sqs = createSqsService(context);
  const sns = createSnsService(context);
  context.services.register(sqs);
  context.services.register(sns);
  for (const [QueueName, Attributes] of Object.entries(queues)) {
    await sqs.handle('CreateQueue', { QueueName, Attributes }, rootCaller(context));
  }
  return { context, sqs, sns };
}

test('a published message is in the queue when Publish answers', async () => {
  const { sns, sqs } = await setUp({ q: {} });
  const { TopicArn } = sns.createTopic({ Name: 'orders' });
  const Attributes = { RawMessageDelivery: 'true' };
  sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: queueArn('q'), Attributes });

  await sns.publish({
    TopicArn,
    Message: 'hello',
    MessageGroupId: 'tenant-1',
    MessageAttributes: {
      bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([2, 3, 4]) },
      list: { DataType: 'String.Array', StringValue: '["a"]' },
    },
  });

  expect(sqs.messages(queueArn('q'))).toMatchObject([
    {
      body: 'hello',
      messageGroupId: 'tenant-1',
      messageAttributes: {
        bytes: { DataType: 'Binary', BinaryValue: 'AgME' },
        list: { DataType: 'String.Array', StringValue: '["a"]' },
      },
    },
  ]);
});

test('FIFO from end to end: order per group, ids passed on', async () => {
  const { sns, sqs } = await setUp({ 'q.fifo': { FifoQueue: 'true' } });
  const { TopicArn } = sns.createTopic({ Name: 'orders.fifo', Attributes: { FifoTopic: 'true' } });
  sns.subscribe({
    TopicArn,
    Protocol: 'sqs',
    Endpoint: queueArn('q.fifo'),
    Attributes: { RawMessageDelivery: 'true' },
  });

  for (const round of [0, 1, 2]) {
    await sns.publishBatch({
      TopicArn,
      PublishBatchRequestEntries: ['a', 'b'].map((group) => ({
        Id: group,
        Message: `${group}${round}`,
        MessageGroupId: group,
        MessageDeduplicationId: `${group}${round}`,
      })),
    });
  }

  const messages = sqs.messages(queueArn('q.fifo'));
  const ofGroup = (group: string) =>
    messages.filter((one) => one.messageGroupId === group).map(({ body }) => body);
  expect(ofGroup('a')).toEqual(['a0', 'a1', 'a2']);
  expect(ofGroup('b')).toEqual(['b0', 'b1', 'b2']);
  expect(messages.map(({ messageDeduplicationId }) => messageDeduplicationId)).toContain('a0');
});

test('a queue that is gone sends its messages to the dead-letter queue of the subscription', async () => {
  const { sns, sqs, context } = await setUp({ q: {}, dead: {} });
  const { TopicArn } = sns.createTopic({ Name: 'orders' });
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queueArn('dead') });
  sns.subscribe({
    TopicArn,
    Protocol: 'sqs',
    Endpoint: queueArn('q'),
    Attributes: { RawMessageDelivery: 'true', RedrivePolicy },
  });
  await sqs.handle('DeleteQueue', { QueueUrl: sqs.queueUrl(queueArn('q')) }, rootCaller(context));

  await sns.publish({ TopicArn, Message: 'hello' });

  expect(sqs.messages(queueArn('dead')).map(({ body }) => body)).toEqual(['hello']);
});
