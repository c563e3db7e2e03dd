/** Conformance of SQS: dead-letter queues, redrive policies, message move tasks. */
import {
  CancelMessageMoveTaskCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { behavioursOf, bodies, expect, refused, type Conformance, type TestQueue } from '../harness.ts';
import { api, DEAD_LETTER, REDRIVE } from './pages.ts';

const behaviour = behavioursOf('sqs');
const INVALID = ['InvalidParameterValue', 'InvalidParameterValueException', 'InvalidAttributeValue'] as const;
const FIFO = { FifoQueue: 'true' };

const redriveTo = (arn: string, maxReceiveCount: unknown = 1) => ({
  RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount }),
});
const allow = (redrivePermission: string, sourceQueueArns?: readonly string[]) => ({
  RedriveAllowPolicy: JSON.stringify({ redrivePermission, ...(sourceQueueArns && { sourceQueueArns }) }),
});

/** A queue that gives its messages up after one receive, and what takes them. */
async function pair(aws: Conformance, attributes: Record<string, string> = {}) {
  const dead = await aws.queue(attributes);
  const source = await aws.queue({ ...attributes, VisibilityTimeout: '1', ...redriveTo(dead.arn) });
  return { dead, source };
}

/** One receive that finds what is spent; gives nothing. */
const sweep = (source: TestQueue) => source.receiveOnce();

/** Sends, receives and lets the messages run out, until the dead-letter queue has them. */
async function deadLetter(
  aws: Conformance,
  source: TestQueue,
  ...messages: readonly string[]
): Promise<void> {
  for (const body of messages) await (source.fifo ? source.sendTo('g', body) : source.send(body));
  await source.receive(messages.length);
  await aws.wait(2);
  await sweep(source);
}

const tasks = async (aws: Conformance, queue: TestQueue, MaxResults = 10) => {
  const { Results = [] } = await aws.sqs.send(
    new ListMessageMoveTasksCommand({ SourceArn: queue.arn, MaxResults }),
  );
  return Results;
};
const start = (aws: Conformance, queue: TestQueue, input: object = {}) =>
  aws.sqs.send(new StartMessageMoveTaskCommand({ SourceArn: queue.arn, ...input }));

behaviour(
  'a message received maxReceiveCount times goes to the dead-letter queue',
  DEAD_LETTER,
  async (aws) => {
    const dead = await aws.queue();
    const source = await aws.queue({ VisibilityTimeout: '1', ...redriveTo(dead.arn, 2) });
    await source.send('a');
    for (let receive = 0; receive < 2; receive++) {
      expect(bodies(await source.receive(1))).toEqual(['a']);
      await aws.wait(2);
    }
    expect(await sweep(source)).toEqual([]);
    expect(bodies(await dead.receive(1))).toEqual(['a']);
  },
);

behaviour('a message returned with visibility 0 counts as received', DEAD_LETTER, async (aws) => {
  const { dead, source } = await pair(aws);
  await source.send('a');
  const [message] = await source.receive(1);
  await source.visibility(message, 0);
  expect(await sweep(source)).toEqual([]);
  expect(bodies(await dead.receive(1))).toEqual(['a']);
});

behaviour('maxReceiveCount may be a text', api('SetQueueAttributes'), async (aws) => {
  const dead = await aws.queue();
  const source = await aws.queue(redriveTo(dead.arn, '3'));
  expect((await source.attributes('RedrivePolicy'))['RedrivePolicy']).toContain(dead.arn);
});

behaviour(
  'a dead-lettered message keeps its id, body, attributes and time of sending',
  DEAD_LETTER,
  async (aws) => {
    const { dead, source } = await pair(aws);
    await source.send('a', { MessageAttributes: { x: { DataType: 'String', StringValue: '1' } } });
    const [before] = await source.receive(1);
    await aws.wait(2);
    await sweep(source);
    const [after] = await dead.receive(1);
    expect(after).toMatchObject({
      MessageId: before?.MessageId,
      Body: 'a',
      MessageAttributes: { x: { DataType: 'String', StringValue: '1' } },
    });
    expect(after?.Attributes?.['SentTimestamp']).toBe(before?.Attributes?.['SentTimestamp']);
  },
);

behaviour('a dead-lettered message names its source queue', api('ReceiveMessage'), async (aws) => {
  const { dead, source } = await pair(aws);
  await deadLetter(aws, source, 'a');
  const [message] = await dead.receive(1);
  expect(message?.Attributes?.['DeadLetterQueueSourceArn']).toBe(source.arn);
});

behaviour(
  'retention in a standard dead-letter queue counts from the original sending',
  DEAD_LETTER,
  async (aws) => {
    const dead = await aws.queue({ MessageRetentionPeriod: '60' });
    const source = await aws.queue({ VisibilityTimeout: '1', ...redriveTo(dead.arn) });
    await source.send('a');
    await aws.wait(40);
    await source.receive(1);
    await aws.wait(2);
    await sweep(source);
    await aws.wait(20);
    expect(await dead.receiveOnce()).toEqual([]);
  },
);

behaviour('a FIFO queue dead-letters to a FIFO queue, group kept', DEAD_LETTER, async (aws) => {
  const { dead, source } = await pair(aws, FIFO);
  await deadLetter(aws, source, 'a');
  const [message] = await dead.receive(1);
  expect(message).toMatchObject({ Body: 'a', Attributes: { MessageGroupId: 'g' } });
});

behaviour('retention in a FIFO dead-letter queue counts from the move', DEAD_LETTER, async (aws) => {
  const dead = await aws.queue({ ...FIFO, MessageRetentionPeriod: '60' });
  const source = await aws.queue({ ...FIFO, VisibilityTimeout: '1', ...redriveTo(dead.arn) });
  await source.sendTo('g', 'a');
  await aws.wait(40);
  await source.receive(1);
  await aws.wait(2);
  await sweep(source);
  await aws.wait(30);
  expect(await dead.receiveOnce()).toHaveLength(1);
});

behaviour('messages of a group are dead-lettered in their order', DEAD_LETTER, async (aws) => {
  const { dead, source } = await pair(aws, FIFO);
  await deadLetter(aws, source, 'a1', 'a2', 'a3');
  expect(bodies(await dead.drain(3))).toEqual(['a1', 'a2', 'a3']);
});

behaviour(
  'a FIFO dead-letter queue takes what its own deduplication would drop',
  DEAD_LETTER,
  async (aws) => {
    const dead = await aws.queue(FIFO);
    const source = await aws.queue({ ...FIFO, VisibilityTimeout: '1', ...redriveTo(dead.arn) });
    await dead.send('own', { MessageGroupId: 'x', MessageDeduplicationId: 'd' });
    await source.send('moved', { MessageGroupId: 'g', MessageDeduplicationId: 'd' });
    await source.receive(1);
    await aws.wait(2);
    await sweep(source);
    expect(bodies(await dead.receive(2)).toSorted()).toEqual(['moved', 'own']);
  },
);

behaviour('the deduplication id of a dead-lettered FIFO message is its message id', REDRIVE, async (aws) => {
  const { dead, source } = await pair(aws, FIFO);
  await deadLetter(aws, source, 'a');
  const [message] = await dead.receive(1);
  expect(message?.Attributes?.['MessageDeduplicationId']).toBe(message?.MessageId);
});

behaviour('the group goes on behind a dead-lettered message', DEAD_LETTER, async (aws) => {
  const { source } = await pair(aws, FIFO);
  await source.sendTo('g', 'poison');
  await source.receive(1);
  await source.sendTo('g', 'next');
  await aws.wait(2);
  expect(bodies(await source.receive(1))).toEqual(['next']);
});

behaviour('without a redrive policy a message comes again and again', DEAD_LETTER, async (aws) => {
  const queue = await aws.queue({ VisibilityTimeout: '0' });
  await queue.send('a');
  for (let receive = 1; receive <= 5; receive++) {
    const [message] = await queue.receive(1);
    expect(message?.Attributes?.['ApproximateReceiveCount']).toBe(String(receive));
  }
});

behaviour('a redrive policy taken away holds no more', api('SetQueueAttributes'), async (aws) => {
  const { source } = await pair(aws);
  await source.setAttributes({ RedrivePolicy: '' });
  await aws.applied();
  expect(await source.attributes('RedrivePolicy')).toEqual({});
  await source.send('a');
  await source.receive(1);
  await aws.wait(2);
  expect(bodies(await source.receive(1))).toEqual(['a']);
});

behaviour('the dead-letter queue must exist', api('SetQueueAttributes'), async (aws) => {
  const queue = await aws.queue();
  await refused(queue.setAttributes(redriveTo(`${queue.arn}-none`)), ...INVALID);
});

behaviour(
  'the dead-letter queue of a FIFO queue is FIFO, of a standard queue standard',
  DEAD_LETTER,
  async (aws) => {
    const [standard, fifo] = [await aws.queue(), await aws.queue(FIFO)];
    await refused(aws.queue({ ...FIFO, ...redriveTo(standard.arn) }), ...INVALID);
    await refused(aws.queue(redriveTo(fifo.arn)), ...INVALID);
  },
);

for (const [title, policy] of [
  ['with maxReceiveCount 0', (arn: string) => redriveTo(arn, 0).RedrivePolicy],
  ['with maxReceiveCount 1001', (arn: string) => redriveTo(arn, 1001).RedrivePolicy],
  ['without maxReceiveCount', (arn: string) => JSON.stringify({ deadLetterTargetArn: arn })],
  ['without a target', () => JSON.stringify({ maxReceiveCount: 3 })],
  ['that is no JSON', () => 'dead-letter-queue'],
] as const) {
  behaviour(`a redrive policy ${title} is refused`, api('SetQueueAttributes'), async (aws) => {
    const [dead, queue] = [await aws.queue(), await aws.queue()];
    await refused(queue.setAttributes({ RedrivePolicy: policy(dead.arn) }), ...INVALID);
  });
}

behaviour('redrive allow policy denyAll: no queue may use it', DEAD_LETTER, async (aws) => {
  const dead = await aws.queue(allow('denyAll'));
  await refused(aws.queue(redriveTo(dead.arn)), ...INVALID);
});

behaviour('redrive allow policy byQueue: only the queues named may use it', DEAD_LETTER, async (aws) => {
  const [named, other] = [await aws.queue(), await aws.queue()];
  const dead = await aws.queue(allow('byQueue', [named.arn]));
  await named.setAttributes(redriveTo(dead.arn));
  await refused(other.setAttributes(redriveTo(dead.arn)), ...INVALID);
});

behaviour('redrive allow policy allowAll: every queue may use it', DEAD_LETTER, async (aws) => {
  const dead = await aws.queue(allow('allowAll'));
  await aws.queue(redriveTo(dead.arn));
});

behaviour('byQueue takes ten source queues and refuses eleven', api('SetQueueAttributes'), async (aws) => {
  const queue = await aws.queue();
  const arns = Array.from({ length: 11 }, (_, index) => `${queue.arn}-${index}`);
  await queue.setAttributes(allow('byQueue', arns.slice(0, 10)));
  await refused(queue.setAttributes(allow('byQueue', arns)), ...INVALID);
});

for (const [title, policy] of [
  ['with an unknown permission', allow('allowSome')],
  ['byQueue without queues', allow('byQueue')],
  ['allowAll with queues', allow('allowAll', ['arn:aws:sqs:us-east-1:123456789012:a'])],
  ['that is no JSON', { RedriveAllowPolicy: 'allowAll' }],
] as const) {
  behaviour(`a redrive allow policy ${title} is refused`, api('SetQueueAttributes'), async (aws) => {
    await refused(aws.queue(policy), ...INVALID);
  });
}

behaviour(
  'ListDeadLetterSourceQueues lists the queues that use a queue',
  api('ListDeadLetterSourceQueues'),
  async (aws) => {
    const dead = await aws.queue();
    const sources = [await aws.queue(redriveTo(dead.arn)), await aws.queue(redriveTo(dead.arn))];
    await aws.eventually(async () => {
      const { queueUrls = [] } = await aws.sqs.send(
        new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead.url }),
      );
      expect(queueUrls.toSorted()).toEqual(sources.map(({ url }) => url).toSorted());
    });
  },
);

behaviour('ListDeadLetterSourceQueues gives pages', api('ListDeadLetterSourceQueues'), async (aws) => {
  const dead = await aws.queue();
  for (let made = 0; made < 3; made++) await aws.queue(redriveTo(dead.arn));
  await aws.eventually(async () => {
    const first = await aws.sqs.send(
      new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead.url, MaxResults: 2 }),
    );
    const second = await aws.sqs.send(
      new ListDeadLetterSourceQueuesCommand({
        QueueUrl: dead.url,
        MaxResults: 2,
        NextToken: first.NextToken,
      }),
    );
    expect([first.queueUrls?.length, second.queueUrls?.length]).toEqual([2, 1]);
    expect(second.NextToken).toBeUndefined();
  });
});

behaviour('a move task brings messages back to their source', api('StartMessageMoveTask'), async (aws) => {
  const { dead, source } = await pair(aws);
  await deadLetter(aws, source, 'a', 'b');
  const { TaskHandle } = await start(aws, dead);
  expect(TaskHandle).toBeTruthy();
  await aws.wait(1);

  expect(bodies(await source.receive(2)).toSorted()).toEqual(['a', 'b']);
  expect(await dead.receiveOnce()).toEqual([]);
});

behaviour('a move task brings each message to the source it came from', REDRIVE, async (aws) => {
  const dead = await aws.queue();
  const one = await aws.queue({ VisibilityTimeout: '1', ...redriveTo(dead.arn) });
  const two = await aws.queue({ VisibilityTimeout: '1', ...redriveTo(dead.arn) });
  await deadLetter(aws, one, 'one');
  await deadLetter(aws, two, 'two');
  await start(aws, dead);
  await aws.wait(1);

  expect(bodies(await one.receive(1))).toEqual(['one']);
  expect(bodies(await two.receive(1))).toEqual(['two']);
});

behaviour('a moved message is a new message: new id, first receive, new time', REDRIVE, async (aws) => {
  const { dead, source } = await pair(aws);
  await source.send('a');
  const [before] = await source.receive(1);
  await aws.wait(2);
  await sweep(source);
  await start(aws, dead);
  await aws.wait(1);
  const [after] = await source.receive(1);
  expect(after?.MessageId).not.toBe(before?.MessageId);
  expect(after?.Attributes?.['ApproximateReceiveCount']).toBe('1');
  expect(Number(after?.Attributes?.['SentTimestamp'])).toBeGreaterThan(
    Number(before?.Attributes?.['SentTimestamp']),
  );
});

behaviour('a move task to a destination of choice', api('StartMessageMoveTask'), async (aws) => {
  const { dead, source } = await pair(aws);
  const other = await aws.queue();
  await deadLetter(aws, source, 'a');
  await start(aws, dead, { DestinationArn: other.arn });
  await aws.wait(1);

  expect(bodies(await other.receive(1))).toEqual(['a']);
});

behaviour('a move task between FIFO queues keeps group and order', REDRIVE, async (aws) => {
  const { dead, source } = await pair(aws, FIFO);
  await deadLetter(aws, source, 'a1', 'a2', 'a3');
  await start(aws, dead);
  await aws.wait(1);

  const messages = await source.receive(3);
  expect(bodies(messages)).toEqual(['a1', 'a2', 'a3']);
  expect(messages[0]?.Attributes?.['MessageGroupId']).toBe('g');
});

behaviour(
  'a finished task is COMPLETED with what it moved and no handle',
  api('ListMessageMoveTasks'),
  async (aws) => {
    const { dead, source } = await pair(aws);
    await deadLetter(aws, source, 'a', 'b');
    await start(aws, dead);
    await aws.wait(1);
    await aws.eventually(async () => {
      const [task] = await tasks(aws, dead);
      expect(task).toMatchObject({
        Status: 'COMPLETED',
        SourceArn: dead.arn,
        ApproximateNumberOfMessagesMoved: 2,
        ApproximateNumberOfMessagesToMove: 2,
      });
      expect(task?.TaskHandle).toBeUndefined();
      expect(task?.StartedTimestamp).toBeGreaterThan(1_700_000_000_000);
    });
  },
);

behaviour(
  'a task with a rate takes its time, and can be watched',
  api('StartMessageMoveTask'),
  async (aws) => {
    const { dead, source } = await pair(aws);
    await deadLetter(aws, source, 'a', 'b', 'c', 'd', 'e');
    await start(aws, dead, { MaxNumberOfMessagesPerSecond: 1 });
    await aws.wait(1);
    const [task] = await tasks(aws, dead);
    expect(task).toMatchObject({ Status: 'RUNNING', MaxNumberOfMessagesPerSecond: 1 });
    expect(task?.TaskHandle).toBeTruthy();
    expect(task?.ApproximateNumberOfMessagesMoved).toBeLessThan(5);
  },
);

behaviour('a cancelled task leaves the rest where it is', api('CancelMessageMoveTask'), async (aws) => {
  const { dead, source } = await pair(aws);
  await deadLetter(aws, source, 'a', 'b', 'c', 'd', 'e');
  const { TaskHandle } = await start(aws, dead, { MaxNumberOfMessagesPerSecond: 1 });
  const { ApproximateNumberOfMessagesMoved: moved } = await aws.sqs.send(
    new CancelMessageMoveTaskCommand({ TaskHandle }),
  );
  expect(moved).toBeLessThan(5);
  await aws.wait(2);
  await aws.eventually(async () => {
    const [task] = await tasks(aws, dead);
    expect(task?.Status).toBe('CANCELLED');
  });
  expect((await dead.receive(1)).length).toBeGreaterThan(0);
});

behaviour('a task that is over can not be cancelled', api('CancelMessageMoveTask'), async (aws) => {
  const { dead, source } = await pair(aws);
  await deadLetter(aws, source, 'a');
  const { TaskHandle } = await start(aws, dead);
  await aws.wait(2);
  await aws.eventually(async () => expect((await tasks(aws, dead))[0]?.Status).toBe('COMPLETED'));
  await refused(
    aws.sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle })),
    'UnsupportedOperation',
    'AWS.SimpleQueueService.UnsupportedOperation',
    'ResourceNotFoundException',
  );
});

behaviour(
  'cancelling an unknown task: ResourceNotFoundException',
  api('CancelMessageMoveTask'),
  async (aws) => {
    const handle = { taskId: '00000000-0000-4000-8000-000000000000', sourceArn: (await aws.queue()).arn };
    await refused(
      aws.sqs.send(
        new CancelMessageMoveTaskCommand({
          TaskHandle: Buffer.from(JSON.stringify(handle)).toString('base64'),
        }),
      ),
      'ResourceNotFoundException',
    );
  },
);

behaviour('one active task a source queue', api('StartMessageMoveTask'), async (aws) => {
  const { dead, source } = await pair(aws);
  await deadLetter(aws, source, 'a', 'b', 'c');
  await start(aws, dead, { MaxNumberOfMessagesPerSecond: 1 });
  await refused(
    start(aws, dead),
    'UnsupportedOperation',
    'AWS.SimpleQueueService.UnsupportedOperation',
    ...INVALID,
  );
});

behaviour(
  'a queue that is no dead-letter queue can not be moved from',
  api('StartMessageMoveTask'),
  async (aws) => {
    const queue = await aws.queue();
    await queue.send('a');
    await refused(
      start(aws, queue),
      ...INVALID,
      'UnsupportedOperation',
      'AWS.SimpleQueueService.UnsupportedOperation',
    );
  },
);

behaviour(
  'moving from an unknown queue: ResourceNotFoundException',
  api('StartMessageMoveTask'),
  async (aws) => {
    const queue = await aws.queue();
    await refused(
      aws.sqs.send(new StartMessageMoveTaskCommand({ SourceArn: `${queue.arn}-none` })),
      'ResourceNotFoundException',
    );
  },
);

behaviour(
  'moving to an unknown queue: ResourceNotFoundException',
  api('StartMessageMoveTask'),
  async (aws) => {
    const { dead } = await pair(aws);
    await refused(start(aws, dead, { DestinationArn: `${dead.arn}-none` }), 'ResourceNotFoundException');
  },
);

for (const rate of [0, 501]) {
  behaviour(`a rate of ${rate} messages a second is refused`, api('StartMessageMoveTask'), async (aws) => {
    const { dead } = await pair(aws);
    await refused(
      start(aws, dead, { MaxNumberOfMessagesPerSecond: rate }),
      ...INVALID,
      'ValidationException',
    );
  });
}

behaviour(
  'ListMessageMoveTasks gives the latest task when no number is given',
  api('ListMessageMoveTasks'),
  async (aws) => {
    const { dead, source } = await pair(aws);
    for (const body of ['a', 'b']) {
      await deadLetter(aws, source, body);
      await start(aws, dead);
      await aws.wait(1);
      await aws.eventually(async () => expect((await tasks(aws, dead))[0]?.Status).toBe('COMPLETED'));
      for (const message of await source.receive(1)) await source.delete(message);
    }
    const { Results } = await aws.sqs.send(new ListMessageMoveTasksCommand({ SourceArn: dead.arn }));
    expect(Results).toHaveLength(1);
    const [latest, earlier] = await tasks(aws, dead);
    expect(latest?.StartedTimestamp).toBeGreaterThanOrEqual(earlier?.StartedTimestamp ?? 0);
  },
);

behaviour('ListMessageMoveTasks of more than ten is refused', api('ListMessageMoveTasks'), async (aws) => {
  const queue = await aws.queue();
  await refused(tasks(aws, queue, 11), ...INVALID, 'ValidationException');
});

behaviour('messages in flight in the dead-letter queue are not moved', REDRIVE, async (aws) => {
  const { dead, source } = await pair(aws);
  await deadLetter(aws, source, 'a');
  expect(await dead.receive(1)).toHaveLength(1);
  await start(aws, dead);
  await aws.wait(1);
  expect(await source.receiveOnce()).toEqual([]);
});
