/** What of SQS outlives the process: each test ends one service without a word and starts the next on its state. */
import { describe, expect, test } from '@jest/globals';
import { manualClock } from '../../../../local/aws/clock.ts';
import { createAwsContext } from '../../../../local/aws/context.ts';
import { bodies, redriveTo, sqsInProcess, sqsOn } from './in-process.ts';
import { memoryState } from './memory-state.ts';

function restartable() {
  const clock = manualClock();
  const state = memoryState();
  const start = () => sqsOn(createAwsContext({ clock, state: state.store }));
  return { clock, state, start };
}

describe('kept state', () => {
  test('queues with their attributes, tags, policies, times and purge interval', async () => {
    const { clock, start } = restartable();
    const first = start();
    const queue = await first.queue('q', { VisibilityTimeout: '45' });
    await queue.call('TagQueue', { Tags: { team: 'a' } });
    await queue.call('AddPermission', {
      Label: 'l',
      AWSAccountIds: ['123456789012'],
      Actions: ['SendMessage'],
    });
    await queue.call('PurgeQueue');
    const before = first.sqs.attributes(queue.arn);
    await clock.advance(5000);

    const second = start();
    expect(second.sqs.attributes(queue.arn)).toEqual(before);
    expect(await second.call('ListQueueTags', { QueueUrl: queue.url })).toEqual({ Tags: { team: 'a' } });
    expect(await second.refusal('PurgeQueue', { QueueUrl: queue.url })).toContain('PurgeQueueInProgress');
  });

  test('a deleted queue stays deleted, with all it had', async () => {
    const { start, state } = restartable();
    const first = start();
    const queue = await first.queue('q');
    await queue.send('a');
    await queue.call('DeleteQueue');

    expect(start().sqs.queueArns()).toEqual([]);
    expect([state.count('sqs.messages'), state.count('sqs.orders')]).toEqual([0, 0]);
  });

  test('messages with their attributes, in order; deleted ones stay deleted', async () => {
    const { start, state } = restartable();
    const first = start();
    const queue = await first.queue('q.fifo');
    const MessageAttributes = { a: { DataType: 'Binary', BinaryValue: 'AAH+/w==' } };
    for (const body of ['one', 'two', 'three']) await queue.sendTo('g', body, { MessageAttributes });
    const [received] = await queue.receive({ MaxNumberOfMessages: 1 });
    await queue.delete(received);

    const second = await start().reopen('q.fifo');
    const messages = await second.receive({ MessageAttributeNames: ['All'] });
    expect(bodies(messages)).toEqual(['two', 'three']);
    expect(messages[0]?.MessageAttributes).toEqual(MessageAttributes);
    expect(messages[0]?.Attributes?.['MessageGroupId']).toBe('g');
    expect(state.count('sqs.messages')).toBe(2);
  });

  test('in flight: back when the visibility timeout ends, with the receive counted, and the handle still good', async () => {
    const { clock, start } = restartable();
    const queue = await start().queue('q', { VisibilityTimeout: '30' });
    for (const body of ['a', 'b']) await queue.send(body);
    const [a] = await queue.receive();

    const second = await start().reopen('q');
    expect(second.counts()).toEqual({ visible: 0, inFlight: 2, delayed: 0 });
    await second.delete(a);
    await clock.advance(29_000);
    expect(await second.receive()).toEqual([]);
    await clock.advance(1000);
    const [b] = await second.receive();
    expect(b).toMatchObject({ Body: 'b', Attributes: { ApproximateReceiveCount: '2' } });
  });

  test('a changed visibility timeout holds', async () => {
    const { clock, start } = restartable();
    const queue = await start().queue('q');
    await queue.send('a');
    await queue.visibility((await queue.receive())[0], 600);

    const second = await start().reopen('q');
    await clock.advance(599_000);
    expect(await second.receive()).toEqual([]);
    await clock.advance(1000);
    expect(bodies(await second.receive())).toEqual(['a']);
  });

  test('FIFO: the group of a message in flight stays locked, and comes back in order', async () => {
    const { clock, start } = restartable();
    const queue = await start().queue('q.fifo');
    for (const body of ['a1', 'a2']) await queue.sendTo('a', body);
    await queue.receive({ MaxNumberOfMessages: 1 });

    const second = await start().reopen('q.fifo');
    await second.sendTo('a', 'a3', { MessageDeduplicationId: 'third' });
    expect(await second.receive()).toEqual([]);
    await clock.advance(30_000);
    expect(bodies(await second.receive())).toEqual(['a1', 'a2', 'a3']);
  });

  test('FIFO: deduplication windows and sequence numbers go on', async () => {
    const { clock, start } = restartable();
    const queue = await start().queue('q.fifo');
    const sent = await queue.send('a', { MessageGroupId: 'g', MessageDeduplicationId: 'd' });
    await clock.advance(299_000);

    const second = await start().reopen('q.fifo');
    const again = await second.send('a', { MessageGroupId: 'g', MessageDeduplicationId: 'd' });
    const next = await second.send('b', { MessageGroupId: 'g', MessageDeduplicationId: 'e' });
    expect(again).toMatchObject({ MessageId: sent.MessageId, SequenceNumber: sent.SequenceNumber });
    expect(BigInt(next.SequenceNumber ?? 0)).toBeGreaterThan(BigInt(sent.SequenceNumber ?? 0));
    await clock.advance(1000);
    await second.send('again', { MessageGroupId: 'g', MessageDeduplicationId: 'd' });
    expect(bodies(await second.receive())).toEqual(['a', 'b', 'again']);
  });

  test('delays and retention go on', async () => {
    const { clock, start } = restartable();
    const queue = await start().queue('q', { MessageRetentionPeriod: '60' });
    await queue.send('late', { DelaySeconds: 50 });
    await queue.send('old');
    await clock.advance(49_000);

    const second = await start().reopen('q');
    expect(second.counts()).toEqual({ visible: 1, inFlight: 0, delayed: 1 });
    await clock.advance(1000);
    expect(second.counts()).toMatchObject({ visible: 2 });
    await clock.advance(11_000);
    expect(second.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  test('receives that count towards the dead-letter queue go on, and what it has is kept', async () => {
    const { clock, start } = restartable();
    const first = start();
    const dead = await first.queue('dead');
    const queue = await first.queue('q', { ...redriveTo(dead.arn, 2), VisibilityTimeout: '10' });
    await queue.send('a');
    await queue.receive();

    const second = start();
    const again = await second.reopen('q');
    await clock.advance(10_000);
    expect(await again.receive()).toHaveLength(1);
    await clock.advance(10_000);
    expect(await again.receive()).toEqual([]);

    const third = await start().reopen('dead');
    const [message] = await third.receive();
    expect(message?.Attributes).toMatchObject({
      ApproximateReceiveCount: '3',
      DeadLetterQueueSourceArn: queue.arn,
    });
  });

  test('a move task goes on where it was', async () => {
    const { clock, start } = restartable();
    const first = start();
    const dead = await first.queue('dead');
    const queue = await first.queue('q', { ...redriveTo(dead.arn, 1), VisibilityTimeout: '0' });
    for (const body of ['a', 'b', 'c']) await queue.send(body);
    await queue.receive();
    await queue.receive();
    await first.call('StartMessageMoveTask', { SourceArn: dead.arn, MaxNumberOfMessagesPerSecond: 1 });
    await clock.advance(0);
    await first.sqs.close?.();

    const second = start();
    await clock.advance(3000);
    expect(await second.call('ListMessageMoveTasks', { SourceArn: dead.arn })).toMatchObject({
      Results: [{ Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 3 }],
    });
    expect(second.sqs.counts(queue.arn).visible).toBe(3);
  });

  test('a purge empties what is kept', async () => {
    const { start, state } = restartable();
    const queue = await start().queue('q');
    for (const body of ['a', 'b']) await queue.send(body);
    await queue.receive();
    await queue.call('PurgeQueue');

    expect([state.count('sqs.messages'), state.count('sqs.movements')]).toEqual([0, 0]);
    expect((await start().reopen('q')).counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });
});

test('nothing is kept without a state directory', async () => {
  const { queue, context } = sqsInProcess();
  await (await queue('q')).send('a');
  expect(context.state.persistent).toBe(false);
});
