/** Dead-letter queues by redrive policy, who may use one, and moving messages back. */
import { describe, expect, test } from '@jest/globals';
import { bodies, redriveTo, sqsInProcess } from './in-process.ts';

interface Listed {
  readonly Results: readonly Record<string, unknown>[];
}

/** A queue with a dead-letter queue that holds the given bodies. */
async function deadLetters(letters: readonly string[], attributes: Record<string, string> = {}) {
  const aws = sqsInProcess();
  const dead = await aws.queue('dead');
  const jobs = await aws.queue('jobs', { ...redriveTo(dead.arn, 1), ...attributes });
  for (const body of letters) await jobs.send(body);
  while (jobs.counts().visible > 0) await jobs.receive({ VisibilityTimeout: 0 });
  return { ...aws, dead, jobs };
}

describe('redrive policy', () => {
  test('a message is moved at the receive after the last allowed one, with its id, attributes and time of sending', async () => {
    const { clock, queue } = sqsInProcess();
    const dead = await queue('dead');
    const jobs = await queue('jobs', { ...redriveTo(dead.arn, 2), VisibilityTimeout: '10' });
    const tenant = { tenant: { DataType: 'String', StringValue: 't1' } };
    const { MessageId } = await jobs.send('poison', { MessageAttributes: tenant, MessageGroupId: 't1' });

    for (const _receive of [1, 2]) {
      expect(await jobs.receive()).toHaveLength(1);
      await clock.advance(10_000);
    }
    expect(dead.counts().visible).toBe(0);
    expect(await jobs.receive()).toEqual([]);
    const [letter] = await dead.receive({ MessageAttributeNames: ['All'] });

    expect(jobs.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
    expect(letter).toMatchObject({ MessageId, Body: 'poison', MessageAttributes: tenant });
    expect(letter?.Attributes).toMatchObject({
      SentTimestamp: String(Date.UTC(2026, 0, 1)),
      MessageGroupId: 't1',
      DeadLetterQueueSourceArn: jobs.arn,
      // "across all queues"
      ApproximateReceiveCount: '3',
    });
  });

  test('retention on a standard dead-letter queue counts from the first sending, its age from the move', async () => {
    const { clock, queue, sqs } = sqsInProcess();
    const dead = await queue('dead', { MessageRetentionPeriod: '100' });
    const jobs = await queue('jobs', redriveTo(dead.arn, 1));
    await jobs.send('a');
    await jobs.receive({ VisibilityTimeout: 0 });
    await clock.advance(60_000);
    await jobs.receive();

    await clock.advance(39_999);
    expect(sqs.oldestAge(dead.arn)).toBe(39_999);
    expect(dead.counts().visible).toBe(1);
    await clock.advance(1);

    expect(dead.counts().visible).toBe(0);
  });

  test('a receive waiting on the dead-letter queue is woken by the move', async () => {
    const { clock, queue } = sqsInProcess();
    const dead = await queue('dead');
    const jobs = await queue('jobs', redriveTo(dead.arn, 1));
    const waiting = dead.receive({ WaitTimeSeconds: 20 });
    await clock.advance(0);

    await jobs.send('a');
    await jobs.receive({ VisibilityTimeout: 0 });
    await jobs.receive();

    expect(bodies(await waiting)).toEqual(['a']);
  });

  test('when the dead-letter queue is gone the message stays', async () => {
    const { queue } = sqsInProcess();
    const dead = await queue('dead');
    const jobs = await queue('jobs', redriveTo(dead.arn, 1));
    await jobs.send('a');
    await dead.call('DeleteQueue');

    await jobs.receive({ VisibilityTimeout: 0 });

    expect(bodies(await jobs.receive())).toEqual(['a']);
  });

  test('an empty RedrivePolicy takes it away', async () => {
    const { queue } = sqsInProcess();
    const dead = await queue('dead');
    const jobs = await queue('jobs', redriveTo(dead.arn, 1));
    await jobs.send('a');
    await jobs.call('SetQueueAttributes', { Attributes: { RedrivePolicy: '' } });

    await jobs.receive({ VisibilityTimeout: 0 });

    expect(await jobs.receive()).toHaveLength(1);
    const { Attributes } = await jobs.call<{ Attributes: object }>('GetQueueAttributes', {
      AttributeNames: ['All'],
    });
    expect(Attributes).not.toHaveProperty('RedrivePolicy');
  });

  test('what can not work is refused: missing or other type of queue, count out of range, no JSON', async () => {
    const { queue, refusal } = sqsInProcess();
    const dead = await queue('dead');
    const create = (name: string, RedrivePolicy: string, more: object = {}) =>
      refusal('CreateQueue', { QueueName: name, Attributes: { RedrivePolicy, ...more } });
    const policy = (arn: string, count: unknown) =>
      JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: count });

    expect(await create('a', policy(`${dead.arn}x`, 3))).toBe('InvalidParameterValue');
    expect(await create('a.fifo', policy(dead.arn, 3), { FifoQueue: 'true' })).toBe('InvalidParameterValue');
    expect(await create('a', policy(dead.arn, 0))).toBe('InvalidParameterValue');
    expect(await create('a', policy(dead.arn, 1001))).toBe('InvalidParameterValue');
    expect(await create('a', '{')).toBe('InvalidParameterValue');
    expect(await create('a', '{"maxReceiveCount":3}')).toBe('InvalidParameterValue');
  });
});

describe('redrive allow policy', () => {
  const allow = (redrivePermission: string, sourceQueueArns?: readonly string[]) => ({
    RedriveAllowPolicy: JSON.stringify({ redrivePermission, sourceQueueArns }),
  });

  test('denyAll refuses every source, byQueue all but the named ones', async () => {
    const { queue } = sqsInProcess();
    const closed = await queue('closed', allow('denyAll'));
    const picky = await queue('picky', allow('byQueue', ['arn:aws:sqs:us-east-1:000000000000:friend']));

    await expect(queue('friend', redriveTo(picky.arn, 3))).resolves.toBeDefined();
    await expect(queue('stranger', redriveTo(picky.arn, 3))).rejects.toThrow('RedriveAllowPolicy');
    await expect(queue('other', redriveTo(closed.arn, 3))).rejects.toThrow('RedriveAllowPolicy');
  });

  test('byQueue names 1 to 10 sources, the others none', async () => {
    const { refusal } = sqsInProcess();
    const arns = (count: number) =>
      Array.from({ length: count }, (_, index) => `arn:aws:sqs:us-east-1:0:q${index}`);

    for (const attributes of [
      allow('byQueue'),
      allow('byQueue', []),
      allow('byQueue', arns(11)),
      allow('denyAll', arns(1)),
      allow('sometimes'),
    ]) {
      expect(await refusal('CreateQueue', { QueueName: 'q', Attributes: attributes })).toBe(
        'InvalidParameterValue',
      );
    }
  });

  test('ListDeadLetterSourceQueues names the queues that use a dead-letter queue', async () => {
    const { dead, jobs } = await deadLetters([]);

    expect(await dead.call('ListDeadLetterSourceQueues')).toEqual({ queueUrls: [jobs.url] });
    expect(await jobs.call('ListDeadLetterSourceQueues')).toEqual({ queueUrls: [] });
  });
});

describe('message move tasks', () => {
  test('D16: letters go back to where they came from, in order, as new messages with their attributes', async () => {
    const { call, clock, dead, jobs } = await deadLetters(['a', 'b', 'c']);
    await clock.advance(5000);

    const { TaskHandle } = await call<{ TaskHandle: string }>('StartMessageMoveTask', {
      SourceArn: dead.arn,
    });
    await clock.advance(0);
    const moved = await jobs.receive();

    expect(TaskHandle).toBeTruthy();
    expect(bodies(moved)).toEqual(['a', 'b', 'c']);
    expect(dead.counts().visible).toBe(0);
    expect(moved[0]?.Attributes).toMatchObject({
      ApproximateReceiveCount: '1',
      SentTimestamp: String(clock.now()),
    });
    expect(moved[0]?.Attributes).not.toHaveProperty('DeadLetterQueueSourceArn');
  });

  test('a rate moves so many a second, the list shows progress, and the task can be cancelled', async () => {
    const { call, clock, dead, jobs } = await deadLetters(['a', 'b', 'c', 'd', 'e']);
    const { TaskHandle } = await call('StartMessageMoveTask', {
      SourceArn: dead.arn,
      MaxNumberOfMessagesPerSecond: 2,
    });
    const listed = () => call<Listed>('ListMessageMoveTasks', { SourceArn: dead.arn });

    await clock.advance(1000);
    expect(jobs.counts().visible).toBe(4);
    expect((await listed()).Results).toEqual([
      {
        TaskHandle,
        Status: 'RUNNING',
        SourceArn: dead.arn,
        MaxNumberOfMessagesPerSecond: 2,
        ApproximateNumberOfMessagesMoved: 4,
        ApproximateNumberOfMessagesToMove: 5,
        StartedTimestamp: Date.UTC(2026, 0, 1),
      },
    ]);
    expect(await call('CancelMessageMoveTask', { TaskHandle })).toEqual({
      ApproximateNumberOfMessagesMoved: 4,
    });
    await clock.advance(10_000);

    expect(dead.counts().visible).toBe(1);
    expect((await listed()).Results[0]).toMatchObject({ Status: 'CANCELLED' });
    expect((await listed()).Results[0]).not.toHaveProperty('TaskHandle');
  });

  test('a destination may be named; letters in flight stay', async () => {
    const { call, clock, dead, queue } = await deadLetters(['a', 'b']);
    const other = await queue('other');
    await dead.receive({ MaxNumberOfMessages: 1 });

    await call('StartMessageMoveTask', { SourceArn: dead.arn, DestinationArn: other.arn });
    await clock.advance(0);

    expect(bodies(await other.receive())).toEqual(['b']);
    expect(dead.counts().inFlight).toBe(1);
  });

  test('letters whose source is gone stay in place, and the task fails with the reason', async () => {
    const { call, clock, dead, jobs, queue } = await deadLetters(['a', 'b']);
    await queue('keeps-it-a-dead-letter-queue', redriveTo(dead.arn, 3));
    await jobs.call('DeleteQueue');

    await call('StartMessageMoveTask', { SourceArn: dead.arn });
    await clock.advance(0);

    const { Results } = await call<Listed>('ListMessageMoveTasks', { SourceArn: dead.arn });
    expect(Results[0]).toMatchObject({
      Status: 'FAILED',
      FailureReason: 'AWS.SimpleQueueService.NonExistentQueue',
      ApproximateNumberOfMessagesMoved: 0,
    });
    expect(bodies(await dead.receive())).toEqual(['a', 'b']);
  });

  test('a FIFO dead-letter queue moves back with group and order', async () => {
    const { call, clock, queue } = sqsInProcess();
    const dead = await queue('dead.fifo');
    const orders = await queue('orders.fifo', redriveTo(dead.arn, 1));
    for (const body of ['a1', 'a2', 'a3']) await orders.sendTo('A', body);
    await orders.receive({ VisibilityTimeout: 0 });
    await orders.receive();

    await call('StartMessageMoveTask', { SourceArn: dead.arn });
    await clock.advance(0);
    const back = await orders.receive();

    expect(bodies(back)).toEqual(['a1', 'a2', 'a3']);
    expect(back[0]?.Attributes?.['MessageGroupId']).toBe('A');
  });

  test('a FIFO group that is moved at a rate goes on where it stopped', async () => {
    const { call, clock, queue } = sqsInProcess();
    const dead = await queue('dead.fifo');
    const orders = await queue('orders.fifo', redriveTo(dead.arn, 1));
    for (const body of ['a1', 'a2', 'a3']) await orders.sendTo('A', body);
    await orders.receive({ VisibilityTimeout: 0 });
    await orders.receive();

    await call('StartMessageMoveTask', { SourceArn: dead.arn, MaxNumberOfMessagesPerSecond: 1 });
    await clock.advance(1000);
    expect(orders.counts().visible).toBe(2);
    await clock.advance(1000);

    expect(bodies(await orders.receive())).toEqual(['a1', 'a2', 'a3']);
  });

  test('only dead-letter queues of SQS queues are accepted, one task at a time', async () => {
    const { call, refusal, dead, jobs } = await deadLetters(['a']);
    const start = (SourceArn: string, more: object = {}) =>
      refusal('StartMessageMoveTask', { SourceArn, ...more });

    expect(await start(jobs.arn)).toBe('InvalidParameterValue');
    expect(await start(`${dead.arn}x`)).toBe('ResourceNotFoundException');
    expect(await start('not-an-arn')).toBe('InvalidParameterValue');
    expect(await start(dead.arn, { MaxNumberOfMessagesPerSecond: 501 })).toBe('InvalidParameterValue');
    await call('StartMessageMoveTask', { SourceArn: dead.arn });
    expect(await start(dead.arn)).toBe('AWS.SimpleQueueService.UnsupportedOperation');
    expect(await refusal('CancelMessageMoveTask', { TaskHandle: 'unknown' })).toBe(
      'ResourceNotFoundException',
    );
  });
});
