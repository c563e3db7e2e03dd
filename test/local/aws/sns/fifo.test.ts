/** FIFO topics: order and deduplication. */
import { createHash } from 'node:crypto';

import { afterEach, describe, expect, test } from '@jest/globals';

import { AwsError } from '../../../../local/aws/errors.ts';
import { createHarness, type Harness, queueArn } from './harness.ts';

const open: Harness[] = [];
afterEach(() => {
  for (const { sns } of open.splice(0)) sns.close();
});

function fifoTopic(attributes: Record<string, string> = {}) {
  const h = createHarness();
  open.push(h);
  const { TopicArn } = h.sns.createTopic({
    Name: 'orders.fifo',
    Attributes: { FifoTopic: 'true', ...attributes },
  });
  const subscribe = (queue: string) =>
    h.sns.subscribe({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: queueArn(queue),
      Attributes: { RawMessageDelivery: 'true' },
    });
  const publish = (Message: string, MessageGroupId: string, MessageDeduplicationId?: string) =>
    h.sns.publish({
      TopicArn,
      Message,
      MessageGroupId,
      ...(MessageDeduplicationId === undefined ? {} : { MessageDeduplicationId }),
    });
  return { ...h, TopicArn, subscribe, publish };
}

describe('deduplication', () => {
  test('an id is delivered once in 5 minutes, whatever its group', async () => {
    const { clock, subscribe, publish, bodies } = fifoTopic();
    subscribe('q.fifo');

    const first = await publish('one', 'g1', 'id');
    const again = await publish('another', 'g2', 'id');
    await clock.advance(5 * 60_000 - 1);
    await publish('still', 'g1', 'id');
    await clock.advance(1);
    await publish('later', 'g1', 'id');

    expect(again).toEqual(first);
    expect(bodies()).toEqual(['one', 'later']);
  });

  test('per group with FifoThroughputScope MessageGroup', async () => {
    const { subscribe, publish, bodies } = fifoTopic({ FifoThroughputScope: 'MessageGroup' });
    subscribe('q.fifo');

    await publish('one', 'g1', 'id');
    await publish('other group', 'g2', 'id');
    await publish('same group', 'g1', 'id');

    expect(bodies()).toEqual(['one', 'other group']);
  });

  test('by content: the id is the SHA-256 of the body, and the queue gets it', async () => {
    const { subscribe, publish, received } = fifoTopic({ ContentBasedDeduplication: 'true' });
    subscribe('q.fifo');

    await publish('Test', 'g1');
    await publish('Test', 'g1');

    const deduplicationId = createHash('sha256').update('Test').digest('hex');
    expect(received).toMatchObject([{ body: 'Test', groupId: 'g1', deduplicationId }]);
  });

  test('within a batch as well', async () => {
    const { sns, TopicArn, subscribe, bodies } = fifoTopic();
    subscribe('q.fifo');
    const entry = (Id: string, Message: string) => ({
      Id,
      Message,
      MessageGroupId: 'g',
      MessageDeduplicationId: 'same',
    });

    const { Successful } = await sns.publishBatch({
      TopicArn,
      PublishBatchRequestEntries: [entry('1', 'one'), entry('2', 'two')],
    });

    expect(Successful[0]?.SequenceNumber).toEqual(Successful[1]?.SequenceNumber);
    expect(bodies()).toEqual(['one']);
  });
});

test('sequence numbers have 20 digits and rise', async () => {
  const { publish } = fifoTopic();

  const numbers = [];
  for (const id of ['1', '2', '3']) numbers.push((await publish('x', 'g', id)).SequenceNumber ?? '');

  for (const number of numbers) expect(number).toMatch(/^\d{20}$/);
  expect(numbers).toEqual(numbers.toSorted());
  expect(new Set(numbers).size).toBe(3);
});

test('a standard queue gets the group, no deduplication id', async () => {
  const { subscribe, publish, received } = fifoTopic();
  subscribe('standard');

  await publish('x', 'g', 'id');

  expect(received).toMatchObject([{ groupId: 'g', deduplicationId: undefined }]);
});

test('a delivery that is retried holds back its group, and only its group', async () => {
  const { clock, throttled, subscribe, publish, bodies } = fifoTopic();
  subscribe('q.fifo');
  throttled.set('a1', 5);

  await publish('a1', 'a', '1');
  await publish('a2', 'a', '2');
  await publish('b1', 'b', '3');
  expect(bodies()).toEqual(['b1']);
  await clock.advance(2_000);

  expect(bodies()).toEqual(['b1', 'a1', 'a2']);
});

test('a message that ends in the dead-letter queue lets its group go on, with its ids', async () => {
  const { sns, TopicArn, failing, publish, received } = fifoTopic();
  sns.subscribe({
    TopicArn,
    Protocol: 'sqs',
    Endpoint: queueArn('q.fifo'),
    Attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn('dead.fifo') }) },
  });
  failing.set('q.fifo', new AwsError('QueueDoesNotExist', 'gone', 400));

  await publish('one', 'g', '1');
  failing.clear();
  await publish('two', 'g', '2');

  expect(received).toMatchObject([
    { queue: 'dead.fifo', groupId: 'g', deduplicationId: '1' },
    { queue: 'q.fifo', groupId: 'g', deduplicationId: '2' },
  ]);
  const envelope = JSON.parse(received[1]?.body ?? '') as Record<string, unknown>;
  expect(envelope['SequenceNumber']).toMatch(/^\d{20}$/);
  expect(envelope).not.toHaveProperty('Signature');
});
