/** Standard queues: visibility, delay, long polling, receipt handles, retention. */
import { describe, expect, test } from '@jest/globals';
import { bodies, sqsInProcess } from './in-process.ts';

describe('visibility', () => {
  test('a received message is hidden until its visibility timeout ends, then comes again', async () => {
    const { clock, queue } = sqsInProcess();
    const jobs = await queue('jobs', { VisibilityTimeout: '30' });
    await jobs.send('a');

    expect(bodies(await jobs.receive())).toEqual(['a']);
    await clock.advance(29_999);
    expect(await jobs.receive()).toEqual([]);
    await clock.advance(1);
    const [again] = await jobs.receive();

    expect(again?.Attributes?.['ApproximateReceiveCount']).toBe('2');
  });

  test('VisibilityTimeout of the receive wins over the queue, and 0 makes the message available at once', async () => {
    const { clock, queue } = sqsInProcess();
    const jobs = await queue('jobs');
    await jobs.send('a');

    expect(await jobs.receive({ VisibilityTimeout: 0 })).toHaveLength(1);
    expect(await jobs.receive({ VisibilityTimeout: 5 })).toHaveLength(1);
    await clock.advance(4999);
    expect(await jobs.receive()).toHaveLength(0);
    await clock.advance(1);
    expect(await jobs.receive()).toHaveLength(1);
  });

  test('ChangeMessageVisibility lengthens, shortens and ends the timeout', async () => {
    const { clock, queue } = sqsInProcess();
    const jobs = await queue('jobs', { VisibilityTimeout: '30' });
    await jobs.send('a');
    const [message] = await jobs.receive();

    await jobs.visibility(message, 100);
    await clock.advance(99_000);
    expect(await jobs.receive()).toEqual([]);
    await jobs.visibility(message, 0);

    expect(await jobs.receive()).toHaveLength(1);
  });

  test('a message stays in flight for 12 hours at most, counted from its receive', async () => {
    const { clock, queue } = sqsInProcess();
    const jobs = await queue('jobs');
    await jobs.send('a');
    const [message] = await jobs.receive({ VisibilityTimeout: 43_200 });

    await clock.advance(3_600_000);

    await expect(jobs.visibility(message, 39_601)).rejects.toThrow('beyond the limit [43200 seconds]');
    await expect(jobs.visibility(message, 39_600)).resolves.toEqual({});
    expect(
      await jobs.refusal('ChangeMessageVisibility', { ReceiptHandle: 'x', VisibilityTimeout: 43_201 }),
    ).toBe('InvalidParameterValue');
  });

  test('ChangeMessageVisibility of a visible message is MessageNotInflight, of a deleted one InvalidParameterValue', async () => {
    const { clock, queue } = sqsInProcess();
    const jobs = await queue('jobs', { VisibilityTimeout: '1' });
    await jobs.send('a');
    const [message] = await jobs.receive();
    const change = { ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout: 5 };

    await clock.advance(1000);
    expect(await jobs.refusal('ChangeMessageVisibility', change)).toBe(
      'AWS.SimpleQueueService.MessageNotInflight',
    );
    await jobs.delete(message);
    expect(await jobs.refusal('ChangeMessageVisibility', change)).toBe('InvalidParameterValue');
  });
});

describe('receipt handles', () => {
  test('deleting twice succeeds; an outdated handle is answered and deletes nothing', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');
    await jobs.send('a');
    const [first] = await jobs.receive({ VisibilityTimeout: 0 });
    const [second] = await jobs.receive();

    await jobs.delete(first);
    expect(jobs.counts().inFlight).toBe(1);
    await jobs.delete(second);
    await jobs.delete(second);

    expect(jobs.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  test('the latest handle deletes a message whose timeout ended', async () => {
    const { clock, queue } = sqsInProcess();
    const jobs = await queue('jobs', { VisibilityTimeout: '1' });
    await jobs.send('a');
    const [message] = await jobs.receive();

    await clock.advance(2000);
    await jobs.delete(message);

    expect(await jobs.receive()).toEqual([]);
  });

  test('a handle of another queue, and of an earlier queue of the same name, is ReceiptHandleIsInvalid', async () => {
    const { clock, queue } = sqsInProcess();
    const jobs = await queue('jobs');
    const other = await queue('other');
    await jobs.send('a');
    const [message] = await jobs.receive();
    const input = { ReceiptHandle: message?.ReceiptHandle };

    expect(await other.refusal('DeleteMessage', input)).toBe('ReceiptHandleIsInvalid');
    expect(await jobs.refusal('DeleteMessage', { ReceiptHandle: 'nonsense' })).toBe('ReceiptHandleIsInvalid');
    await jobs.call('DeleteQueue');
    await clock.advance(60_000);
    const successor = await queue('jobs');
    expect(await successor.refusal('DeleteMessage', input)).toBe('ReceiptHandleIsInvalid');
  });
});

describe('delay', () => {
  test('the delay of the message wins over the delay of the queue', async () => {
    const { clock, queue } = sqsInProcess();
    const jobs = await queue('jobs', { DelaySeconds: '10' });
    await jobs.send('slow');
    await jobs.send('now', { DelaySeconds: 0 });

    expect(jobs.counts()).toEqual({ visible: 1, inFlight: 0, delayed: 1 });
    expect(bodies(await jobs.receive())).toEqual(['now']);
    await clock.advance(10_000);
    expect(bodies(await jobs.receive())).toEqual(['slow']);
  });

  test('a new queue delay does not hold for messages that are in a standard queue already', async () => {
    const { clock, queue } = sqsInProcess();
    const jobs = await queue('jobs', { DelaySeconds: '10' });
    await jobs.send('a');

    await jobs.call('SetQueueAttributes', { Attributes: { DelaySeconds: '900' } });
    await clock.advance(10_000);

    expect(bodies(await jobs.receive())).toEqual(['a']);
  });
});

describe('long polling', () => {
  test('a waiting receive ends as soon as a message arrives', async () => {
    const { clock, queue } = sqsInProcess();
    const jobs = await queue('jobs');
    const waiting = jobs.receive({ WaitTimeSeconds: 20 });

    await clock.advance(5000);
    await jobs.send('a');

    expect(bodies(await waiting)).toEqual(['a']);
  });

  test('a waiting receive gets a message whose delay or visibility timeout ends meanwhile', async () => {
    const { clock, queue } = sqsInProcess();
    const jobs = await queue('jobs', { VisibilityTimeout: '3' });
    await jobs.send('returns');
    await jobs.receive();
    await jobs.send('delayed', { DelaySeconds: 5 });

    const first = jobs.receive({ WaitTimeSeconds: 20 });
    const second = jobs.receive({ WaitTimeSeconds: 20, VisibilityTimeout: 60 });
    await clock.advance(3000);
    expect(bodies(await first)).toEqual(['returns']);
    await clock.advance(2000);
    expect(bodies(await second)).toEqual(['delayed']);
  });

  test('an empty queue answers empty after the wait, which the queue may set', async () => {
    const { clock, queue } = sqsInProcess();
    const jobs = await queue('jobs', { ReceiveMessageWaitTimeSeconds: '2' });
    let answered = false;
    const waiting = jobs.receive().then((messages) => {
      answered = true;
      return messages;
    });

    await clock.advance(1999);
    expect(answered).toBe(false);
    await clock.advance(1);

    expect(await waiting).toEqual([]);
  });

  test('waiting receives are served in their order, one message each', async () => {
    const { clock, queue } = sqsInProcess();
    const jobs = await queue('jobs');
    const first = jobs.receive({ WaitTimeSeconds: 20, MaxNumberOfMessages: 1 });
    const second = jobs.receive({ WaitTimeSeconds: 20, MaxNumberOfMessages: 1 });
    await clock.advance(0);

    await jobs.call('SendMessageBatch', {
      Entries: [
        { Id: '1', MessageBody: 'a' },
        { Id: '2', MessageBody: 'b' },
      ],
    });

    expect([bodies(await first), bodies(await second)]).toEqual([['a'], ['b']]);
  });

  test('a receive whose caller goes away takes nothing', async () => {
    const { clock, queue } = sqsInProcess();
    const jobs = await queue('jobs');
    const gone = new AbortController();
    const abandoned = jobs.receive({ WaitTimeSeconds: 20 }, gone.signal);
    await clock.advance(0);

    gone.abort();
    await jobs.send('a');

    expect(await abandoned).toEqual([]);
    expect(jobs.counts().visible).toBe(1);
  });

  test('deleting the queue ends a waiting receive', async () => {
    const { clock, queue } = sqsInProcess();
    const jobs = await queue('jobs');
    const waiting = jobs.receive({ WaitTimeSeconds: 20 });
    await clock.advance(0);

    await jobs.call('DeleteQueue');

    expect(await waiting).toEqual([]);
  });
});

describe('retention', () => {
  test('a message is gone when its retention period ends, whatever state it is in', async () => {
    const { clock, queue } = sqsInProcess();
    const jobs = await queue('jobs', { MessageRetentionPeriod: '60', VisibilityTimeout: '600' });
    await jobs.send('in flight');
    await jobs.receive();
    await jobs.send('waiting');
    await jobs.send('delayed', { DelaySeconds: 100 });

    await clock.advance(59_999);
    expect(jobs.counts()).toEqual({ visible: 1, inFlight: 1, delayed: 1 });
    await clock.advance(1);

    expect(jobs.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  test('a shorter retention period deletes messages that are in the queue', async () => {
    const { clock, queue } = sqsInProcess();
    const jobs = await queue('jobs');
    await jobs.send('old');
    await clock.advance(100_000);
    await jobs.send('young');

    await jobs.call('SetQueueAttributes', { Attributes: { MessageRetentionPeriod: '60' } });

    expect(bodies(await jobs.receive())).toEqual(['young']);
  });
});

describe('what a receive shows', () => {
  test('system attributes are those asked for, as strings', async () => {
    const { clock, queue } = sqsInProcess();
    const jobs = await queue('jobs');
    const trace = { DataType: 'String', StringValue: 'Root=1-5759e988-bd862e3fe1be46a994272793' };
    await jobs.send('a', { MessageGroupId: 'tenant-1', MessageSystemAttributes: { AWSTraceHeader: trace } });
    await clock.advance(1000);

    const [all] = await jobs.receive({ VisibilityTimeout: 0 });
    const [one] = await jobs.receive({
      MessageSystemAttributeNames: ['SentTimestamp'],
      VisibilityTimeout: 0,
    });
    const [none] = await jobs.receive({ MessageSystemAttributeNames: [] });

    expect(all?.Attributes).toEqual({
      SenderId: expect.stringMatching(/^AIDA/),
      SentTimestamp: String(Date.UTC(2026, 0, 1)),
      ApproximateReceiveCount: '1',
      ApproximateFirstReceiveTimestamp: String(Date.UTC(2026, 0, 1) + 1000),
      MessageGroupId: 'tenant-1',
      AWSTraceHeader: trace.StringValue,
    });
    expect(one?.Attributes).toEqual({ SentTimestamp: String(Date.UTC(2026, 0, 1)) });
    expect(none).not.toHaveProperty('Attributes');
    expect(await jobs.refusal('ReceiveMessage', { MessageSystemAttributeNames: ['Nope'] })).toBe(
      'InvalidAttributeName',
    );
  });

  test('message attributes are those asked for by name, prefix or All, and the digest covers just these', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');
    const text = (StringValue: string) => ({ DataType: 'String', StringValue });
    await jobs.send('a', {
      MessageAttributes: { 'order.id': text('7'), 'order.kind': text('x'), tenant: text('t') },
    });
    const names = async (MessageAttributeNames: string[]) => {
      const [message] = await jobs.receive({ MessageAttributeNames, VisibilityTimeout: 0 });
      return Object.keys(message?.MessageAttributes ?? {});
    };

    expect(await names([])).toEqual([]);
    expect(await names(['All'])).toEqual(['order.id', 'order.kind', 'tenant']);
    expect(await names(['.*'])).toEqual(['order.id', 'order.kind', 'tenant']);
    expect(await names(['order.*'])).toEqual(['order.id', 'order.kind']);
    expect(await names(['tenant', 'absent'])).toEqual(['tenant']);
  });

  test('an empty receive has no Messages member, and wrong ranges are refused', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');

    expect(await jobs.call('ReceiveMessage')).toEqual({});
    for (const input of [
      { MaxNumberOfMessages: 0 },
      { MaxNumberOfMessages: 11 },
      { WaitTimeSeconds: 21 },
      { WaitTimeSeconds: -1 },
      { VisibilityTimeout: 43_201 },
    ]) {
      expect(await jobs.refusal('ReceiveMessage', input)).toBe('InvalidParameterValue');
    }
  });
});
