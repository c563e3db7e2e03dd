/** FIFO queues: order on every way back, the group lock, deduplication, attempt ids. */
import { describe, expect, test } from '@jest/globals';
import { bodies, redriveTo, sqsInProcess } from './in-process.ts';

describe('order and group lock', () => {
  test('one receive takes as many messages of a group as it can, in order, then goes on to other groups', async () => {
    const { queue } = sqsInProcess();
    const orders = await queue('orders.fifo');
    for (const [group, body] of [
      ['A', 'a1'],
      ['B', 'b1'],
      ['A', 'a2'],
      ['B', 'b2'],
      ['A', 'a3'],
    ] as const) {
      await orders.sendTo(group, body);
    }

    expect(bodies(await orders.receive({ MaxNumberOfMessages: 4 }))).toEqual(['a1', 'a2', 'a3', 'b1']);
  });

  test('a group with a message in flight is locked, other groups flow', async () => {
    const { queue } = sqsInProcess();
    const orders = await queue('orders.fifo');
    await orders.sendTo('A', 'a1');
    await orders.sendTo('A', 'a2');
    await orders.sendTo('B', 'b1');

    const [first] = await orders.receive({ MaxNumberOfMessages: 1 });
    expect(bodies(await orders.receive())).toEqual(['b1']);
    await orders.delete(first);

    expect(bodies(await orders.receive())).toEqual(['a2']);
  });

  test('the group stays locked until every message in flight is back or deleted', async () => {
    const { clock, queue } = sqsInProcess();
    const orders = await queue('orders.fifo', { VisibilityTimeout: '30' });
    for (const body of ['a1', 'a2', 'a3', 'a4']) await orders.sendTo('A', body);
    const [a1, a2, a3] = await orders.receive({ MaxNumberOfMessages: 3 });

    await orders.visibility(a2, 0);
    expect(await orders.receive()).toEqual([]);
    await orders.delete(a1);
    expect(await orders.receive()).toEqual([]);
    await orders.visibility(a3, 60);
    await clock.advance(59_999);
    expect(await orders.receive()).toEqual([]);
    await clock.advance(1);

    expect(bodies(await orders.receive())).toEqual(['a2', 'a3', 'a4']);
  });

  test.each(['expiry', 'visibility 0'])('messages come back in order by %s', async (way) => {
    const { clock, queue } = sqsInProcess();
    const orders = await queue('orders.fifo', { VisibilityTimeout: '30' });
    for (const body of ['a1', 'a2', 'a3']) await orders.sendTo('A', body);
    const taken = await orders.receive({ MaxNumberOfMessages: 2 });

    if (way === 'expiry') await clock.advance(30_000);
    else for (const message of taken.toReversed()) await orders.visibility(message, 0);

    expect(bodies(await orders.receive())).toEqual(['a1', 'a2', 'a3']);
  });

  test('a waiting receive is woken when the group is unlocked', async () => {
    const { clock, queue } = sqsInProcess();
    const orders = await queue('orders.fifo');
    await orders.sendTo('A', 'a1');
    await orders.sendTo('A', 'a2');
    const [first] = await orders.receive({ MaxNumberOfMessages: 1 });
    const waiting = orders.receive({ WaitTimeSeconds: 20 });
    await clock.advance(0);

    await orders.delete(first);

    expect(bodies(await waiting)).toEqual(['a2']);
  });

  test('retention of a message in flight unlocks its group', async () => {
    const { clock, queue } = sqsInProcess();
    const orders = await queue('orders.fifo', { MessageRetentionPeriod: '60', VisibilityTimeout: '600' });
    await orders.sendTo('A', 'a1');
    await orders.receive();
    await clock.advance(30_000);
    await orders.sendTo('A', 'a2');

    expect(await orders.receive()).toEqual([]);
    await clock.advance(30_000);

    expect(bodies(await orders.receive())).toEqual(['a2']);
  });

  test('and a receive that waits for the group is woken by it', async () => {
    const { clock, queue } = sqsInProcess();
    const orders = await queue('orders.fifo', { MessageRetentionPeriod: '60', VisibilityTimeout: '600' });
    await orders.sendTo('A', 'a1');
    await orders.receive();
    await clock.advance(50_000);
    await orders.sendTo('A', 'a2');
    let answered = false;
    const waiting = orders.receive({ WaitTimeSeconds: 20 }).then((messages) => {
      answered = true;
      return messages;
    });

    await clock.advance(10_000);

    expect(answered).toBe(true);
    expect(bodies(await waiting)).toEqual(['a2']);
  });

  test('the delay of the queue keeps order, and a new delay holds for messages already there', async () => {
    const { clock, queue } = sqsInProcess();
    const orders = await queue('orders.fifo', { DelaySeconds: '60' });
    await orders.sendTo('A', 'a1');
    await clock.advance(5000);

    await orders.call('SetQueueAttributes', { Attributes: { DelaySeconds: '10' } });
    await orders.sendTo('A', 'a2');
    expect(await orders.receive()).toEqual([]);
    await clock.advance(5000);
    expect(bodies(await orders.receive({ VisibilityTimeout: 0 }))).toEqual(['a1']);
    await clock.advance(5000);

    expect(bodies(await orders.receive())).toEqual(['a1', 'a2']);
  });

  test('a delete with the handle of an ended timeout fails', async () => {
    const { clock, queue } = sqsInProcess();
    const orders = await queue('orders.fifo', { VisibilityTimeout: '1' });
    await orders.sendTo('A', 'a1');
    const [message] = await orders.receive();

    await clock.advance(1000);

    await expect(orders.delete(message)).rejects.toThrow('The receipt handle has expired');
    expect(orders.counts().visible).toBe(1);
  });
});

describe('sequence numbers', () => {
  test('grow with each message, have 20 digits and are shown on receive', async () => {
    const { queue } = sqsInProcess();
    const orders = await queue('orders.fifo');

    const { SequenceNumber: first } = await orders.sendTo('A', 'a1');
    const { SequenceNumber: second } = await orders.sendTo('B', 'b1');
    const received = await orders.receive();

    expect(first).toMatch(/^\d{20}$/);
    expect(BigInt(second) > BigInt(first)).toBe(true);
    expect(received.map((message) => message.Attributes?.['SequenceNumber'])).toEqual([first, second]);
  });
});

describe('deduplication', () => {
  test('D8: an id is accepted and not delivered again for five minutes, also when the message is deleted', async () => {
    const { clock, queue } = sqsInProcess();
    const orders = await queue('orders.fifo');
    const first = await orders.sendTo('A', 'a', { MessageDeduplicationId: 'd1' });
    const [message] = await orders.receive();
    await orders.delete(message);

    await clock.advance(299_999);
    const repeated = await orders.sendTo('A', 'other body', { MessageDeduplicationId: 'd1' });
    expect(repeated).toMatchObject({ MessageId: first.MessageId, SequenceNumber: first.SequenceNumber });
    expect(await orders.receive()).toEqual([]);
    await clock.advance(1);
    await orders.sendTo('A', 'a', { MessageDeduplicationId: 'd1' });

    expect(bodies(await orders.receive())).toEqual(['a']);
  });

  test('a repetition does not lengthen the five minutes', async () => {
    const { clock, queue } = sqsInProcess();
    const orders = await queue('orders.fifo');
    for (const minutes of [0, 4, 2]) {
      await clock.advance(minutes * 60_000);
      await orders.sendTo('A', 'a', { MessageDeduplicationId: 'd1' });
    }

    expect(await orders.receive()).toHaveLength(2);
  });

  test('scope queue compares across groups, scope messageGroup within the group', async () => {
    const { queue } = sqsInProcess();
    const whole = await queue('whole.fifo');
    const grouped = await queue('grouped.fifo', {
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    });

    for (const target of [whole, grouped]) {
      for (const group of ['A', 'B', 'A'])
        await target.sendTo(group, group, { MessageDeduplicationId: 'same' });
    }

    expect(bodies(await whole.receive())).toEqual(['A']);
    expect(bodies(await grouped.receive())).toEqual(['A', 'B']);
  });

  test('content-based deduplication hashes the body alone; an explicit id wins', async () => {
    const { queue } = sqsInProcess();
    const orders = await queue('orders.fifo', { ContentBasedDeduplication: 'true' });
    const send = (input: Record<string, unknown>) => orders.send('same', { MessageGroupId: 'A', ...input });

    await send({});
    await send({ MessageAttributes: { a: { DataType: 'String', StringValue: 'x' } } });
    await send({ MessageDeduplicationId: 'explicit' });

    expect(await orders.receive()).toHaveLength(2);
  });

  test('without an id and without content-based deduplication a message is refused', async () => {
    const { queue } = sqsInProcess();
    const orders = await queue('orders.fifo');

    expect(await orders.refusal('SendMessage', { MessageBody: 'x', MessageGroupId: 'A' })).toBe(
      'InvalidParameterValue',
    );
    expect(await orders.refusal('SendMessage', { MessageBody: 'x', MessageDeduplicationId: 'd' })).toBe(
      'MissingParameter',
    );
    expect(
      await orders.refusal('SendMessage', {
        MessageBody: 'x',
        MessageGroupId: 'A',
        MessageDeduplicationId: 'd',
        DelaySeconds: 1,
      }),
    ).toBe('InvalidParameterValue');
  });

  test('within one batch the first of equal ids is delivered and both are answered', async () => {
    const { queue } = sqsInProcess();
    const orders = await queue('orders.fifo');
    const entry = (Id: string) => ({ Id, MessageBody: Id, MessageGroupId: 'A', MessageDeduplicationId: 'd' });

    const { Successful } = await orders.call<{ Successful: { MessageId: string }[] }>('SendMessageBatch', {
      Entries: [entry('x'), entry('y')],
    });

    expect(Successful[0]?.MessageId).toBe(Successful[1]?.MessageId);
    expect(bodies(await orders.receive())).toEqual(['x']);
  });
});

describe('ReceiveRequestAttemptId', () => {
  test('a repeated attempt gets the same messages and handles, and its timeout starts again', async () => {
    const { clock, queue } = sqsInProcess();
    const orders = await queue('orders.fifo', { VisibilityTimeout: '30' });
    await orders.sendTo('A', 'a1');
    await orders.sendTo('A', 'a2');
    const attempt = { ReceiveRequestAttemptId: 'attempt-1', MaxNumberOfMessages: 1 };
    const first = await orders.receive(attempt);

    await clock.advance(20_000);
    const second = await orders.receive(attempt);
    await clock.advance(20_000);

    expect(second).toEqual(first);
    expect(await orders.receive()).toEqual([]);
    await clock.advance(10_000);
    expect(bodies(await orders.receive())).toEqual(['a1', 'a2']);
  });

  test('another attempt id, or none, sees the lock', async () => {
    const { queue } = sqsInProcess();
    const orders = await queue('orders.fifo');
    await orders.sendTo('A', 'a1');
    await orders.receive({ ReceiveRequestAttemptId: 'attempt-1' });

    expect(await orders.receive({ ReceiveRequestAttemptId: 'attempt-2' })).toEqual([]);
    expect(await orders.receive()).toEqual([]);
  });

  test.each(['deleted', 'changed', 'five minutes old'])(
    'it is not repeated when a message was %s',
    async (what) => {
      const { clock, queue } = sqsInProcess();
      const orders = await queue('orders.fifo', { VisibilityTimeout: '900' });
      await orders.sendTo('A', 'a1');
      const [message] = await orders.receive({ ReceiveRequestAttemptId: 'attempt-1' });

      if (what === 'deleted') await orders.delete(message);
      else if (what === 'changed') await orders.visibility(message, 800);
      else await clock.advance(300_000);

      expect(await orders.receive({ ReceiveRequestAttemptId: 'attempt-1' })).toEqual([]);
    },
  );
});

describe('dead-lettering', () => {
  test('the group goes on behind a dead-lettered message, in the same receive', async () => {
    const { clock, queue } = sqsInProcess();
    const dead = await queue('dead.fifo');
    const orders = await queue('orders.fifo', { ...redriveTo(dead.arn, 1), VisibilityTimeout: '1' });
    const { MessageId } = await orders.sendTo('A', 'poison');
    await orders.receive();
    await orders.sendTo('A', 'a2');
    await clock.advance(1000);

    expect(bodies(await orders.receive())).toEqual(['a2']);
    const [letter] = await dead.receive();

    expect(letter?.MessageId).toBe(MessageId);
    expect(letter?.Attributes).toMatchObject({
      MessageGroupId: 'A',
      MessageDeduplicationId: MessageId,
      DeadLetterQueueSourceArn: orders.arn,
    });
  });

  test('the dead-letter queue keeps the order of the group, and locks it too', async () => {
    const { queue } = sqsInProcess();
    const dead = await queue('dead.fifo');
    const orders = await queue('orders.fifo', redriveTo(dead.arn, 1));
    for (const body of ['a1', 'a2', 'a3']) await orders.sendTo('A', body);
    await orders.receive({ VisibilityTimeout: 0 });
    await orders.receive();

    expect(bodies(await dead.receive({ MaxNumberOfMessages: 2 }))).toEqual(['a1', 'a2']);
    expect(await dead.receive()).toEqual([]);
  });

  test('the time of sending is reset on a FIFO dead-letter queue', async () => {
    const { clock, queue } = sqsInProcess();
    const dead = await queue('dead.fifo', { MessageRetentionPeriod: '60' });
    const orders = await queue('orders.fifo', redriveTo(dead.arn, 1));
    await orders.sendTo('A', 'a1');
    await orders.receive({ VisibilityTimeout: 0 });
    await clock.advance(3_600_000);
    await orders.receive();

    await clock.advance(59_000);

    expect(await dead.receive()).toHaveLength(1);
  });
});
