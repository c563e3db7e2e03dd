/** FIFO topics: order, deduplication, archive and replay. */
import { PublishBatchCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import { behavioursOf, bodies, expect, refused } from '../harness.ts';
import { API, envelope, GUIDE, setSubscriptionAttribute, subscriptionAttributes, topic } from './topics.ts';

const behaviour = behavioursOf('sns');
const INVALID = ['InvalidParameter', 'InvalidParameterException'];
const FIFO = { FifoTopic: 'true' };
const CONTENT_BASED = { ...FIFO, ContentBasedDeduplication: 'true' };
const RAW = { RawMessageDelivery: 'true' };
const DEDUPLICATION = `${GUIDE}/fifo-message-dedup.html`;
const ARCHIVE = `${GUIDE}/fifo-message-archiving-replay.html`;

behaviour('messages of a group come in order', `${GUIDE}/fifo-topic-message-ordering.html`, async (aws) => {
  const orders = await topic(aws, FIFO);
  const queue = await orders.queue(RAW);
  for (const text of ['1', '2', '3', '4']) await orders.publishTo('g', text);

  expect(bodies(await queue.receive(4))).toEqual(['1', '2', '3', '4']);
});

behaviour(
  'group id and deduplication id go on to the queue',
  `${GUIDE}/fifo-message-grouping.html`,
  async (aws) => {
    const orders = await topic(aws, FIFO);
    const queue = await orders.queue(RAW);
    await orders.publishTo('g', 'a', { MessageDeduplicationId: 'd-1' });

    const [message] = await queue.receive(1);
    expect(message?.Attributes).toMatchObject({ MessageGroupId: 'g', MessageDeduplicationId: 'd-1' });
  },
);

behaviour('a message has a sequence number that rises', `${API}/API_Publish.html`, async (aws) => {
  const orders = await topic(aws, FIFO);
  const first = await orders.publishTo('g', 'a');
  const second = await orders.publishTo('g', 'b');

  expect(first.SequenceNumber).toMatch(/^\d{20}$/);
  expect(BigInt(second.SequenceNumber ?? 0) > BigInt(first.SequenceNumber ?? 0)).toBe(true);
});

behaviour(
  'the envelope of a FIFO topic holds the sequence number',
  `${GUIDE}/fifo-message-delivery.html`,
  async (aws) => {
    const orders = await topic(aws, FIFO);
    const queue = await orders.queue();
    const { SequenceNumber } = await orders.publishTo('g', 'a');

    const [message] = await queue.receive(1);
    expect(envelope(message).SequenceNumber).toBe(SequenceNumber);
  },
);

behaviour('a FIFO topic needs a group id', `${API}/API_Publish.html`, async (aws) => {
  const orders = await topic(aws, CONTENT_BASED);

  await refused(orders.publish('a'), ...INVALID);
});

behaviour(
  'a FIFO topic needs a deduplication id or content-based deduplication',
  DEDUPLICATION,
  async (aws) => {
    const orders = await topic(aws, FIFO);

    await refused(orders.publish('a', { MessageGroupId: 'g' }), ...INVALID);
  },
);

behaviour('a message published twice within five minutes is delivered once', DEDUPLICATION, async (aws) => {
  const orders = await topic(aws, FIFO);
  const queue = await orders.queue(RAW);
  const input = { MessageDeduplicationId: 'same' };
  const first = await orders.publishTo('g', 'a', input);
  const second = await orders.publishTo('g', 'other text', input);

  expect(second.MessageId).toBe(first.MessageId);
  expect(bodies(await queue.receive(1))).toEqual(['a']);
  expect(await queue.receiveOnce()).toEqual([]);
});

behaviour('after five minutes the same id is a new message', DEDUPLICATION, async (aws) => {
  const orders = await topic(aws, FIFO);
  const queue = await orders.queue(RAW);
  const input = { MessageDeduplicationId: 'same' };
  await orders.publishTo('g', 'a', input);
  const [first] = await queue.receive(1);
  await queue.delete(first);
  await aws.wait(301);
  await orders.publishTo('g', 'b', input);

  expect(bodies(await queue.receive(1))).toEqual(['b']);
});

behaviour('content-based deduplication compares bodies, not attributes', DEDUPLICATION, async (aws) => {
  const orders = await topic(aws, CONTENT_BASED);
  const queue = await orders.queue(RAW);
  const attribute = (StringValue: string) => ({
    MessageAttributes: { n: { DataType: 'String', StringValue } },
  });
  await orders.publish('same', { MessageGroupId: 'g', ...attribute('1') });
  await orders.publish('same', { MessageGroupId: 'g', ...attribute('2') });
  await orders.publish('other', { MessageGroupId: 'g' });

  expect(bodies(await queue.receive(2))).toEqual(['same', 'other']);
});

behaviour('topic scope deduplicates across groups', `${GUIDE}/fifo-high-throughput.html`, async (aws) => {
  const orders = await topic(aws, { ...FIFO, FifoThroughputScope: 'Topic' });
  const queue = await orders.queue(RAW);
  await orders.publishTo('g1', 'a', { MessageDeduplicationId: 'same' });
  await orders.publishTo('g2', 'b', { MessageDeduplicationId: 'same' });

  expect(bodies(await queue.receive(1))).toEqual(['a']);
  expect(await queue.receiveOnce()).toEqual([]);
});

behaviour(
  'message group scope deduplicates within a group',
  `${GUIDE}/fifo-high-throughput.html`,
  async (aws) => {
    const orders = await topic(aws, { ...FIFO, FifoThroughputScope: 'MessageGroup' });
    const queue = await orders.queue(RAW, {
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    });
    await orders.publishTo('g1', 'a', { MessageDeduplicationId: 'same' });
    await orders.publishTo('g2', 'b', { MessageDeduplicationId: 'same' });
    await orders.publishTo('g2', 'c', { MessageDeduplicationId: 'same' });

    expect(bodies(await queue.receive(2)).toSorted()).toEqual(['a', 'b']);
    expect(await queue.receiveOnce()).toEqual([]);
  },
);

behaviour(
  'a standard queue may subscribe to a FIFO topic',
  `${GUIDE}/fifo-message-delivery.html`,
  async (aws) => {
    const orders = await topic(aws, FIFO);
    const queue = await orders.queue(RAW, { FifoQueue: '' }).catch(() => undefined);
    const standard = queue ?? (await aws.queue());
    if (!queue) await orders.subscribe(standard, RAW);
    await orders.publishTo('g', 'a');

    expect(bodies(await standard.receive(1))).toEqual(['a']);
  },
);

behaviour('a batch keeps its order', `${API}/API_PublishBatch.html`, async (aws) => {
  const orders = await topic(aws, CONTENT_BASED);
  const queue = await orders.queue(RAW);
  await aws.sns.send(
    new PublishBatchCommand({
      TopicArn: orders.arn,
      PublishBatchRequestEntries: ['1', '2', '3'].map((Message) => ({
        Id: Message,
        Message,
        MessageGroupId: 'g',
      })),
    }),
  );

  expect(bodies(await queue.receive(3))).toEqual(['1', '2', '3']);
});

behaviour('a duplicate in a batch is reported as published', `${API}/API_PublishBatch.html`, async (aws) => {
  const orders = await topic(aws, CONTENT_BASED);
  const queue = await orders.queue(RAW);
  const { Successful } = await aws.sns.send(
    new PublishBatchCommand({
      TopicArn: orders.arn,
      PublishBatchRequestEntries: ['a', 'b'].map((Id) => ({ Id, Message: 'same', MessageGroupId: 'g' })),
    }),
  );

  expect(Successful).toHaveLength(2);
  expect(bodies(await queue.receive(1))).toEqual(['same']);
  expect(await queue.receiveOnce()).toEqual([]);
});

behaviour('a FIFO topic delivers to queues only', `${GUIDE}/fifo-message-delivery.html`, async (aws) => {
  const orders = await topic(aws, FIFO);

  await refused(
    aws.sns.send(
      new SubscribeCommand({ TopicArn: orders.arn, Protocol: 'email', Endpoint: 'nobody@example.com' }),
    ),
    ...INVALID,
  );
});

behaviour('an archive replays what was published before a subscription came', ARCHIVE, async (aws) => {
  const orders = await topic(aws, { ...FIFO, ArchivePolicy: '{"MessageRetentionPeriod":"1"}' });
  aws.cleanup(() => orders.setAttribute('ArchivePolicy', '{}'));
  await orders.publishTo('g', '1');
  await orders.publishTo('g', '2');
  if (!aws.embedded) await aws.wait(60);
  const begin = (await orders.attributes())['BeginningArchiveTime'] ?? '';
  expect(begin).not.toBe('');

  const queue = await aws.queue({ FifoQueue: 'true' });
  const ReplayPolicy = JSON.stringify({ PointType: 'Timestamp', StartingPoint: begin });
  const arn = await orders.subscribe(queue, { ...RAW, ReplayPolicy });

  expect(bodies(await queue.receive(2))).toEqual(['1', '2']);
  await aws.eventually(async () =>
    expect((await subscriptionAttributes(aws, arn))['ReplayStatus']).toBe('Completed'),
  );
});

behaviour('a replay ends at its ending point', ARCHIVE, async (aws) => {
  if (!aws.embedded) aws.notRun('needs a clock that can be moved');
  const orders = await topic(aws, { ...FIFO, ArchivePolicy: '{"MessageRetentionPeriod":"1"}' });
  aws.cleanup(() => orders.setAttribute('ArchivePolicy', '{}'));
  const begin = (await orders.attributes())['BeginningArchiveTime'] ?? '';
  await orders.publishTo('g', '1');
  await aws.wait(60);
  await orders.publishTo('g', '2');
  const queue = await aws.queue({ FifoQueue: 'true' });
  const arn = await orders.subscribe(queue, RAW);
  await setSubscriptionAttribute(
    aws,
    arn,
    'ReplayPolicy',
    JSON.stringify({
      PointType: 'Timestamp',
      StartingPoint: begin,
      EndingPoint: new Date(Date.parse(begin) + 30_000).toISOString(),
    }),
  );

  expect(bodies(await queue.receive(1))).toEqual(['1']);
  expect(await queue.receiveOnce()).toEqual([]);
});

for (const [why, policy] of [
  ['over 365 days', '{"MessageRetentionPeriod":"366"}'],
  ['of no days', '{"MessageRetentionPeriod":"0"}'],
  ['that is no JSON', 'nonsense'],
] as const) {
  behaviour(`an archive policy ${why} is refused`, ARCHIVE, async (aws) => {
    const orders = await topic(aws, FIFO);

    await refused(orders.setAttribute('ArchivePolicy', policy), ...INVALID);
  });
}
