/** Conformance of SQS: FIFO queues, their order, group locks, deduplication and receive attempts. */
import { createHash } from 'node:crypto';
import {
  DeleteMessageBatchCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
} from '@aws-sdk/client-sqs';
import { behavioursOf, bodies, expect, refused, type Conformance, type TestQueue } from '../harness.ts';
import { api, FIFO_EXACTLY_ONCE, FIFO_LOGIC, guide, MESSAGE_QUOTAS } from './pages.ts';

const behaviour = behavioursOf('sqs');
const INVALID = ['InvalidParameterValue', 'InvalidParameterValueException'] as const;
const FIFO = { FifoQueue: 'true' };
const BY_CONTENT = { ...FIFO, ContentBasedDeduplication: 'true' };
const HIGH_THROUGHPUT = {
  ...FIFO,
  DeduplicationScope: 'messageGroup',
  FifoThroughputLimit: 'perMessageGroupId',
};

async function sendAll(queue: TestQueue, ...messages: readonly string[]): Promise<void> {
  for (const message of messages) await queue.sendTo(message.charAt(0), message);
}

const attempt = async (aws: Conformance, queue: TestQueue, input: Partial<ReceiveMessageCommandInput>) => {
  const { Messages = [] } = await aws.sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: queue.url,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['All'],
      ...input,
    }),
  );
  return Messages;
};

behaviour('messages of a group are received in the order sent', FIFO_LOGIC, async (aws) => {
  const queue = await aws.queue(FIFO);
  await sendAll(queue, 'a1', 'a2', 'a3', 'a4');
  expect(bodies(await queue.drain(4))).toEqual(['a1', 'a2', 'a3', 'a4']);
});

behaviour('one receive gives several messages of a group, in order', FIFO_LOGIC, async (aws) => {
  const queue = await aws.queue(FIFO);
  await sendAll(queue, 'a1', 'a2', 'a3');
  await aws.eventually(async () => {
    expect(await queue.attributes('ApproximateNumberOfMessages')).toEqual({
      ApproximateNumberOfMessages: '3',
    });
  });
  expect(bodies(await queue.receiveOnce())).toEqual(['a1', 'a2', 'a3']);
});

behaviour('a group with a message in flight gives nothing more', FIFO_LOGIC, async (aws) => {
  const queue = await aws.queue(FIFO);
  await sendAll(queue, 'a1', 'a2');
  await queue.receive(1, { MaxNumberOfMessages: 1 });
  expect(await queue.receiveOnce()).toEqual([]);
});

behaviour('a message sent to a group in flight waits', FIFO_LOGIC, async (aws) => {
  const queue = await aws.queue(FIFO);
  await sendAll(queue, 'a1');
  const [first] = await queue.receive(1);
  await sendAll(queue, 'a2');
  expect(await queue.receiveOnce()).toEqual([]);
  await queue.delete(first);
  expect(bodies(await queue.receive(1))).toEqual(['a2']);
});

behaviour('other groups are received while one is in flight', FIFO_LOGIC, async (aws) => {
  const queue = await aws.queue(FIFO);
  await sendAll(queue, 'a1', 'a2', 'b1');
  await queue.receive(1, { MaxNumberOfMessages: 1 });
  expect(bodies(await queue.receive(1))).toEqual(['b1']);
});

behaviour('deleting the message in flight frees its group', FIFO_LOGIC, async (aws) => {
  const queue = await aws.queue(FIFO);
  await sendAll(queue, 'a1', 'a2');
  const [first] = await queue.receive(1, { MaxNumberOfMessages: 1 });
  await queue.delete(first);
  expect(bodies(await queue.receive(1))).toEqual(['a2']);
});

behaviour('a group stays locked until all its messages in flight are deleted', FIFO_LOGIC, async (aws) => {
  const queue = await aws.queue(FIFO);
  await sendAll(queue, 'a1', 'a2', 'a3');
  const [first, second] = await queue.receive(2, { MaxNumberOfMessages: 2 });
  await queue.delete(first);
  expect(await queue.receiveOnce()).toEqual([]);
  await queue.delete(second);
  expect(bodies(await queue.receive(1))).toEqual(['a3']);
});

behaviour('an expired message comes back before those behind it', FIFO_LOGIC, async (aws) => {
  const queue = await aws.queue({ ...FIFO, VisibilityTimeout: '2' });
  await sendAll(queue, 'a1', 'a2', 'a3');
  await queue.receive(1, { MaxNumberOfMessages: 1 });
  await aws.wait(3);
  expect(bodies(await queue.drain(3))).toEqual(['a1', 'a2', 'a3']);
});

behaviour(
  'a message released with visibility 0 comes back before those behind it',
  FIFO_LOGIC,
  async (aws) => {
    const queue = await aws.queue(FIFO);
    await sendAll(queue, 'a1', 'a2', 'a3');
    const [first] = await queue.receive(1, { MaxNumberOfMessages: 1 });
    await queue.visibility(first, 0);
    expect(bodies(await queue.drain(3))).toEqual(['a1', 'a2', 'a3']);
  },
);

behaviour(
  'released messages come back in their order, whatever the order of release',
  FIFO_LOGIC,
  async (aws) => {
    const queue = await aws.queue(FIFO);
    await sendAll(queue, 'a1', 'a2', 'a3');
    const messages = await queue.receive(3);
    for (const message of messages.toReversed()) await queue.visibility(message, 0);
    expect(bodies(await queue.receive(3))).toEqual(['a1', 'a2', 'a3']);
  },
);

behaviour('one released of several in flight: the group stays locked', FIFO_LOGIC, async (aws) => {
  const queue = await aws.queue(FIFO);
  await sendAll(queue, 'a1', 'a2', 'a3');
  const [, second] = await queue.receive(2, { MaxNumberOfMessages: 2 });
  await queue.visibility(second, 0);
  expect(await queue.receiveOnce()).toEqual([]);
});

behaviour(
  'partial failure: what was not deleted comes back in order, before the rest',
  FIFO_LOGIC,
  async (aws) => {
    const queue = await aws.queue({ ...FIFO, VisibilityTimeout: '2' });
    await sendAll(queue, 'a1', 'a2', 'a3', 'a4');
    const [first] = await queue.receive(3, { MaxNumberOfMessages: 3 });
    await aws.sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl: queue.url,
        Entries: [{ Id: 'first', ReceiptHandle: first?.ReceiptHandle }],
      }),
    );
    await aws.wait(3);
    expect(bodies(await queue.drain(3))).toEqual(['a2', 'a3', 'a4']);
  },
);

behaviour(
  'visibility can be longer for one message: its group stays locked as long',
  FIFO_LOGIC,
  async (aws) => {
    const queue = await aws.queue({ ...FIFO, VisibilityTimeout: '1' });
    await sendAll(queue, 'a1', 'a2');
    const [first] = await queue.receive(1, { MaxNumberOfMessages: 1 });
    await queue.visibility(first, 4);
    await aws.wait(2);
    expect(await queue.receiveOnce({ WaitTimeSeconds: 0 })).toEqual([]);
    await aws.wait(3);
    expect(bodies(await queue.drain(2))).toEqual(['a1', 'a2']);
  },
);

behaviour('a purge frees the group of a message in flight', api('PurgeQueue'), async (aws) => {
  const queue = await aws.queue(FIFO);
  await sendAll(queue, 'a1', 'a2');
  await queue.receive(1, { MaxNumberOfMessages: 1 });
  await aws.sqs.send(new PurgeQueueCommand({ QueueUrl: queue.url }));
  await aws.applied();
  await sendAll(queue, 'a3');
  expect(bodies(await queue.receive(1))).toEqual(['a3']);
});

behaviour('a message that expires in flight frees its group', FIFO_LOGIC, async (aws) => {
  const queue = await aws.queue({ ...FIFO, MessageRetentionPeriod: '60', VisibilityTimeout: '600' });
  await sendAll(queue, 'a1');
  await queue.receive(1);
  await aws.wait(61);
  await sendAll(queue, 'a2');
  expect(bodies(await queue.receive(1))).toEqual(['a2']);
});

behaviour('sequence numbers have 20 digits and grow within a group', api('SendMessage'), async (aws) => {
  const queue = await aws.queue(FIFO);
  const numbers = [];
  for (const body of ['a1', 'a2', 'a3']) {
    numbers.push((await queue.sendTo('a', body)).SequenceNumber ?? '');
  }
  expect(numbers.every((number) => /^\d{20}$/.test(number))).toBe(true);
  expect(numbers).toEqual(numbers.toSorted());
  expect(new Set(numbers).size).toBe(3);
});

behaviour('FIFO system attributes are received', api('ReceiveMessage'), async (aws) => {
  const queue = await aws.queue(FIFO);
  const { SequenceNumber } = await queue.send('a', { MessageGroupId: 'g', MessageDeduplicationId: 'd' });
  const [message] = await queue.receive(1);
  expect(message?.Attributes).toMatchObject({
    MessageGroupId: 'g',
    MessageDeduplicationId: 'd',
    SequenceNumber,
  });
});

behaviour('a message without a group: MissingParameter', api('SendMessage'), async (aws) => {
  const queue = await aws.queue(BY_CONTENT);
  await refused(queue.send('a'), 'MissingParameter', 'MissingRequiredParameterException');
});

behaviour(
  'a message without a deduplication id is refused unless it is made of the content',
  api('SendMessage'),
  async (aws) => {
    const queue = await aws.queue(FIFO);
    await refused(queue.send('a', { MessageGroupId: 'g' }), ...INVALID);
  },
);

for (const [title, id] of [
  ['a space', 'a b'],
  ['129 characters', 'x'.repeat(129)],
  ['a letter that is not ASCII', 'ä'],
] as const) {
  behaviour(`a group id with ${title} is refused`, api('SendMessage'), async (aws) => {
    const queue = await aws.queue(BY_CONTENT);
    await refused(queue.send('a', { MessageGroupId: id }), ...INVALID);
  });
  behaviour(`a deduplication id with ${title} is refused`, api('SendMessage'), async (aws) => {
    const queue = await aws.queue(FIFO);
    await refused(queue.send('a', { MessageGroupId: 'g', MessageDeduplicationId: id }), ...INVALID);
  });
}

behaviour(
  'group and deduplication ids: 128 letters, digits and punctuation',
  api('SendMessage'),
  async (aws) => {
    const queue = await aws.queue(FIFO);
    const id = 'aZ09!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'.padEnd(128, 'x');
    await queue.send('a', { MessageGroupId: id, MessageDeduplicationId: id });
    const [message] = await queue.receive(1);
    expect(message?.Attributes).toMatchObject({ MessageGroupId: id, MessageDeduplicationId: id });
  },
);

behaviour('a delay of a single message is refused on FIFO queues', api('SendMessage'), async (aws) => {
  const queue = await aws.queue(FIFO);
  await refused(queue.sendTo('a', 'a1', { DelaySeconds: 5 }), ...INVALID);
});

behaviour('the delay of a FIFO queue holds for its messages', api('SendMessage'), async (aws) => {
  const queue = await aws.queue({ ...FIFO, DelaySeconds: '2' });
  await sendAll(queue, 'a1', 'a2');
  expect(await queue.receiveOnce({ WaitTimeSeconds: 0 })).toEqual([]);
  await aws.wait(3);
  expect(bodies(await queue.drain(2))).toEqual(['a1', 'a2']);
});

behaviour('a duplicate is accepted and not delivered', FIFO_EXACTLY_ONCE, async (aws) => {
  const queue = await aws.queue(FIFO);
  const same = { MessageGroupId: 'g', MessageDeduplicationId: 'd' };
  await queue.send('first', same);
  await queue.send('second', same);
  expect(bodies(await queue.receive(1))).toEqual(['first']);
  expect(await queue.receiveOnce()).toEqual([]);
});

behaviour(
  'a duplicate has the message id and sequence number of the first',
  FIFO_EXACTLY_ONCE,
  async (aws) => {
    const queue = await aws.queue(FIFO);
    const same = { MessageGroupId: 'g', MessageDeduplicationId: 'd' };
    const first = await queue.send('a', same);
    const second = await queue.send('a', same);
    expect([second.MessageId, second.SequenceNumber]).toEqual([first.MessageId, first.SequenceNumber]);
  },
);

behaviour('a duplicate is known also after the first was deleted', FIFO_EXACTLY_ONCE, async (aws) => {
  const queue = await aws.queue(FIFO);
  const same = { MessageGroupId: 'g', MessageDeduplicationId: 'd' };
  await queue.send('a', same);
  const [message] = await queue.receive(1);
  await queue.delete(message);
  await queue.send('a', same);
  expect(await queue.receiveOnce()).toEqual([]);
});

behaviour('a deduplication id is free again after 5 minutes', FIFO_EXACTLY_ONCE, async (aws) => {
  const queue = await aws.queue(FIFO);
  const same = { MessageGroupId: 'g', MessageDeduplicationId: 'd' };
  await queue.send('first', same);
  const [message] = await queue.receive(1);
  await queue.delete(message);
  await aws.wait(290);
  await queue.send('second', same);
  expect(await queue.receiveOnce()).toEqual([]);
  await aws.wait(11);
  await queue.send('third', same);
  expect(bodies(await queue.receive(1))).toEqual(['third']);
});

behaviour(
  'content-based: equal bodies are duplicates, also with other attributes',
  FIFO_EXACTLY_ONCE,
  async (aws) => {
    const queue = await aws.queue(BY_CONTENT);
    await queue.send('a', { MessageGroupId: 'g' });
    await queue.send('a', {
      MessageGroupId: 'g',
      MessageAttributes: { x: { DataType: 'String', StringValue: '1' } },
    });
    await queue.send('b', { MessageGroupId: 'g' });
    expect(bodies(await queue.drain(2))).toEqual(['a', 'b']);
  },
);

behaviour('content-based: the id is the SHA-256 of the body', FIFO_EXACTLY_ONCE, async (aws) => {
  const queue = await aws.queue(BY_CONTENT);
  const id = createHash('sha256').update('a').digest('hex');
  await queue.send('a', { MessageGroupId: 'g' });
  const [message] = await queue.receive(1);
  expect(message?.Attributes?.['MessageDeduplicationId']).toBe(id);
  await queue.send('other', { MessageGroupId: 'g2', MessageDeduplicationId: id });
  expect(await queue.receiveOnce()).toEqual([]);
});

behaviour('an explicit id wins over the content', FIFO_EXACTLY_ONCE, async (aws) => {
  const queue = await aws.queue(BY_CONTENT);
  await queue.send('a', { MessageGroupId: 'g', MessageDeduplicationId: 'one' });
  await queue.send('a', { MessageGroupId: 'g', MessageDeduplicationId: 'two' });
  expect(bodies(await queue.drain(2))).toEqual(['a', 'a']);
});

behaviour('scope queue: one id is a duplicate across groups', api('CreateQueue'), async (aws) => {
  const queue = await aws.queue(FIFO);
  await queue.send('a', { MessageGroupId: 'one', MessageDeduplicationId: 'd' });
  await queue.send('b', { MessageGroupId: 'two', MessageDeduplicationId: 'd' });
  expect(bodies(await queue.receive(1))).toEqual(['a']);
  expect(await queue.receiveOnce()).toEqual([]);
});

behaviour(
  'scope messageGroup: one id is no duplicate in another group',
  guide('high-throughput-fifo'),
  async (aws) => {
    const queue = await aws.queue(HIGH_THROUGHPUT);
    await queue.send('a', { MessageGroupId: 'one', MessageDeduplicationId: 'd' });
    await queue.send('b', { MessageGroupId: 'two', MessageDeduplicationId: 'd' });
    await queue.send('c', { MessageGroupId: 'one', MessageDeduplicationId: 'd' });
    expect(bodies(await queue.receive(2)).toSorted()).toEqual(['a', 'b']);
    expect(await queue.receiveOnce()).toEqual([]);
  },
);

behaviour(
  'scope messageGroup without high throughput deduplicates by group, too',
  api('CreateQueue'),
  async (aws) => {
    const queue = await aws.queue({ ...FIFO, DeduplicationScope: 'messageGroup' });
    await queue.send('a', { MessageGroupId: 'one', MessageDeduplicationId: 'd' });
    await queue.send('b', { MessageGroupId: 'two', MessageDeduplicationId: 'd' });
    expect(await queue.receive(2)).toHaveLength(2);
  },
);

behaviour('high throughput keeps the order of each group', guide('high-throughput-fifo'), async (aws) => {
  const queue = await aws.queue(HIGH_THROUGHPUT);
  await sendAll(queue, 'a1', 'b1', 'a2', 'b2', 'a3');
  const received = bodies(await queue.drain(5));
  expect(received.filter((body) => body.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
  expect(received.filter((body) => body.startsWith('b'))).toEqual(['b1', 'b2']);
});

behaviour(
  'deleting after the visibility timeout is refused on FIFO queues',
  api('DeleteMessage'),
  async (aws) => {
    const queue = await aws.queue({ ...FIFO, VisibilityTimeout: '1' });
    await sendAll(queue, 'a1');
    const [message] = await queue.receive(1);
    await aws.wait(2);
    await refused(queue.delete(message), ...INVALID, 'ReceiptHandleIsInvalid');
  },
);

behaviour(
  'deleting with an old handle does not delete',
  guide('sqs-queue-message-identifiers'),
  async (aws) => {
    const queue = await aws.queue({ ...FIFO, VisibilityTimeout: '1' });
    await sendAll(queue, 'a1');
    const [old] = await queue.receive(1);
    await aws.wait(2);
    await queue.receive(1);
    await queue.delete(old).catch(() => undefined);
    await aws.wait(2);
    expect(bodies(await queue.receive(1))).toEqual(['a1']);
  },
);

behaviour(
  'a receive repeated with its attempt id gives the same messages and handles',
  api('ReceiveMessage'),
  async (aws) => {
    const queue = await aws.queue(FIFO);
    await sendAll(queue, 'a1', 'a2', 'b1');
    const first = await attempt(aws, queue, { ReceiveRequestAttemptId: 'one', WaitTimeSeconds: 2 });
    const again = await attempt(aws, queue, { ReceiveRequestAttemptId: 'one' });
    expect(bodies(first)).toEqual(['a1', 'a2', 'b1']);
    expect(again.map(({ ReceiptHandle }) => ReceiptHandle)).toEqual(
      first.map(({ ReceiptHandle }) => ReceiptHandle),
    );
  },
);

behaviour('another attempt id gets other messages', api('ReceiveMessage'), async (aws) => {
  const queue = await aws.queue(FIFO);
  await sendAll(queue, 'a1', 'b1');
  const [first] = await attempt(aws, queue, {
    ReceiveRequestAttemptId: 'one',
    MaxNumberOfMessages: 1,
    WaitTimeSeconds: 2,
  });
  const [second] = await attempt(aws, queue, { ReceiveRequestAttemptId: 'two', WaitTimeSeconds: 2 });
  expect(bodies([first!, second!])).toEqual(['a1', 'b1']);
});

behaviour(
  'an attempt can not be repeated once one of its messages is deleted',
  api('ReceiveMessage'),
  async (aws) => {
    const queue = await aws.queue(FIFO);
    await sendAll(queue, 'a1', 'a2');
    const [first] = await attempt(aws, queue, { ReceiveRequestAttemptId: 'one', WaitTimeSeconds: 2 });
    await queue.delete(first);
    expect(await attempt(aws, queue, { ReceiveRequestAttemptId: 'one' })).toEqual([]);
  },
);

behaviour(
  'an attempt can not be repeated once a visibility timeout was changed',
  api('ReceiveMessage'),
  async (aws) => {
    const queue = await aws.queue(FIFO);
    await sendAll(queue, 'a1');
    const [first] = await attempt(aws, queue, { ReceiveRequestAttemptId: 'one', WaitTimeSeconds: 2 });
    await queue.visibility(first, 100);
    expect(await attempt(aws, queue, { ReceiveRequestAttemptId: 'one' })).toEqual([]);
  },
);

behaviour('a repeated attempt starts the visibility timeout anew', api('ReceiveMessage'), async (aws) => {
  const queue = await aws.queue({ ...FIFO, VisibilityTimeout: '3' });
  await sendAll(queue, 'a1');
  await attempt(aws, queue, { ReceiveRequestAttemptId: 'one', WaitTimeSeconds: 2 });
  await aws.wait(2);
  await attempt(aws, queue, { ReceiveRequestAttemptId: 'one' });
  await aws.wait(2);
  expect(await attempt(aws, queue, {})).toEqual([]);
});

behaviour(
  'an attempt id is free again once the visibility timeout is over',
  api('ReceiveMessage'),
  async (aws) => {
    const queue = await aws.queue({ ...FIFO, VisibilityTimeout: '1' });
    await sendAll(queue, 'a1');
    const [first] = await attempt(aws, queue, { ReceiveRequestAttemptId: 'one', WaitTimeSeconds: 2 });
    await aws.wait(2);
    const [second] = await attempt(aws, queue, { ReceiveRequestAttemptId: 'one', WaitTimeSeconds: 1 });
    expect(second?.Attributes?.['ApproximateReceiveCount']).toBe('2');
    expect(second?.ReceiptHandle).not.toBe(first?.ReceiptHandle);
  },
);

behaviour('an attempt id with a space is refused', api('ReceiveMessage'), async (aws) => {
  const queue = await aws.queue(FIFO);
  await refused(attempt(aws, queue, { ReceiveRequestAttemptId: 'a b' }), ...INVALID);
});

behaviour('a receive looks at the first 120,000 messages only', guide('quotas-fifo'), async (aws) => {
  const queue = await aws.queue(BY_CONTENT);
  const group = { MessageGroupId: 'backlog' };
  for (let sent = 0; sent < 120_000; sent += 10) {
    const Entries = Array.from({ length: 10 }, (_, index) => ({
      Id: `${index}`,
      MessageBody: `${sent + index}`,
      ...group,
    }));
    await aws.inProcess('sqs', 'SendMessageBatch', { QueueUrl: queue.url, Entries });
  }
  await queue.send('behind', { MessageGroupId: 'other' });
  const [first] = await queue.receive(1, { MaxNumberOfMessages: 1 });
  expect(first?.Body).toBe('0');
  expect(await queue.receiveOnce()).toEqual([]);
  await queue.delete(first);
  const [second] = await queue.receive(1, { MaxNumberOfMessages: 1 });
  expect(second?.Body).toBe('1');
  expect(bodies(await queue.receive(1))).toEqual(['behind']);
});

behaviour('a FIFO queue counts messages of locked groups as available', MESSAGE_QUOTAS, async (aws) => {
  const queue = await aws.queue(FIFO);
  await sendAll(queue, 'a1', 'a2');
  await queue.receive(1, { MaxNumberOfMessages: 1 });
  await aws.eventually(async () =>
    expect(
      await queue.attributes('ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'),
    ).toEqual({ ApproximateNumberOfMessages: '1', ApproximateNumberOfMessagesNotVisible: '1' }),
  );
});
