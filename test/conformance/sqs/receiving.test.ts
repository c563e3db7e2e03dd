/** Conformance of SQS: receiving, visibility, receipt handles, deleting, purging, long polls. */
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type MessageSystemAttributeName,
} from '@aws-sdk/client-sqs';
import { behavioursOf, bodies, expect, refused } from '../harness.ts';
import { api, guide, MESSAGE_QUOTAS, VISIBILITY } from './pages.ts';

const behaviour = behavioursOf('sqs');
const INVALID = ['InvalidParameterValue', 'InvalidParameterValueException'] as const;
const FIFO = { FifoQueue: 'true' };

behaviour('a received message is hidden until its visibility timeout is over', VISIBILITY, async (aws) => {
  const queue = await aws.queue({ VisibilityTimeout: '2' });
  await queue.send('a');
  await queue.receive(1);
  expect(await queue.receiveOnce({ WaitTimeSeconds: 0 })).toEqual([]);
  await aws.wait(2);

  expect(bodies(await queue.receive(1))).toEqual(['a']);
});

behaviour(
  'VisibilityTimeout of a receive wins over that of the queue',
  api('ReceiveMessage'),
  async (aws) => {
    const queue = await aws.queue({ VisibilityTimeout: '600' });
    await queue.send('a');
    await queue.receive(1, { VisibilityTimeout: 1 });
    await aws.wait(1);

    expect(bodies(await queue.receive(1))).toEqual(['a']);
  },
);

behaviour('VisibilityTimeout 0 leaves the message visible', api('ReceiveMessage'), async (aws) => {
  const queue = await aws.queue();
  await queue.send('a');
  await queue.receive(1, { VisibilityTimeout: 0 });

  expect(bodies(await queue.receive(1))).toEqual(['a']);
});

behaviour('messages in flight are counted as not visible', api('GetQueueAttributes'), async (aws) => {
  const queue = await aws.queue();
  for (const body of ['a', 'b', 'c']) await queue.send(body);
  await queue.receive(1, { MaxNumberOfMessages: 1 });

  await aws.eventually(async () =>
    expect(
      await queue.attributes('ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'),
    ).toEqual({ ApproximateNumberOfMessages: '2', ApproximateNumberOfMessagesNotVisible: '1' }),
  );
});

behaviour('one message is received when no number is given', api('ReceiveMessage'), async (aws) => {
  const queue = await aws.queue();
  for (const body of ['a', 'b']) await queue.send(body);
  const { Messages } = await aws.sqs.send(
    new ReceiveMessageCommand({ QueueUrl: queue.url, WaitTimeSeconds: 2 }),
  );
  expect(Messages).toHaveLength(1);
});

behaviour(
  'up to ten messages are received at once, never more than asked for',
  api('ReceiveMessage'),
  async (aws) => {
    const queue = await aws.queue();
    for (let batch = 0; batch < 2; batch++) {
      const Entries = Array.from({ length: 10 }, (_, index) => ({ Id: `${index}`, MessageBody: `${index}` }));
      await aws.sqs.send(new SendMessageBatchCommand({ QueueUrl: queue.url, Entries }));
    }
    expect((await queue.receiveOnce({ MaxNumberOfMessages: 3 })).length).toBeLessThanOrEqual(3);
    expect((await queue.receiveOnce({ MaxNumberOfMessages: 10 })).length).toBeLessThanOrEqual(10);
  },
);

for (const [name, value] of [
  ['MaxNumberOfMessages', 0],
  ['MaxNumberOfMessages', 11],
  ['WaitTimeSeconds', -1],
  ['WaitTimeSeconds', 21],
  ['VisibilityTimeout', -1],
  ['VisibilityTimeout', 43_201],
] as const) {
  behaviour(`ReceiveMessage: ${name} ${value} is refused`, api('ReceiveMessage'), async (aws) => {
    const queue = await aws.queue();
    await refused(queue.receiveOnce({ [name]: value }), ...INVALID, 'ReadCountOutOfRange');
  });
}

behaviour('a receive without messages has no Messages', api('ReceiveMessage'), async (aws) => {
  const { url: QueueUrl } = await aws.queue();
  const { Messages } = await aws.sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  expect(Messages).toBeUndefined();
});

behaviour('system attributes of a message', api('ReceiveMessage'), async (aws) => {
  const queue = await aws.queue();
  await queue.send('a');
  const [message] = await queue.receive(1);
  const { Attributes = {} } = message ?? {};

  expect(Attributes).toMatchObject({ ApproximateReceiveCount: '1' });
  expect(Attributes['SentTimestamp']).toMatch(/^\d{13}$/);
  expect(Attributes['ApproximateFirstReceiveTimestamp']).toMatch(/^\d{13}$/);
  expect(Attributes['SenderId']).toBeTruthy();
  expect(Attributes).not.toHaveProperty('SequenceNumber');
  expect(Attributes).not.toHaveProperty('MessageGroupId');
});

behaviour('system attributes are given only when asked for', api('ReceiveMessage'), async (aws) => {
  const queue = await aws.queue({ VisibilityTimeout: '0' });
  await queue.send('a');
  const [none] = await queue.receive(1, { MessageSystemAttributeNames: [] });
  const [one] = await queue.receive(1, { MessageSystemAttributeNames: ['SentTimestamp'] });
  const [older] = await queue.receive(1, {
    MessageSystemAttributeNames: [],
    AttributeNames: ['ApproximateReceiveCount'] as never[],
  });

  expect(none?.Attributes).toBeUndefined();
  expect(Object.keys(one?.Attributes ?? {})).toEqual(['SentTimestamp']);
  expect(Object.keys(older?.Attributes ?? {})).toEqual(['ApproximateReceiveCount']);
});

behaviour('asking for an unknown system attribute is refused', api('ReceiveMessage'), async (aws) => {
  const queue = await aws.queue();
  await refused(
    queue.receiveOnce({ MessageSystemAttributeNames: ['Colour' as MessageSystemAttributeName] }),
    'InvalidAttributeName',
    ...INVALID,
  );
});

behaviour('ApproximateReceiveCount grows, the first receive stays', api('ReceiveMessage'), async (aws) => {
  const queue = await aws.queue({ VisibilityTimeout: '1' });
  await queue.send('a');
  const [first] = await queue.receive(1);
  await aws.wait(2);
  const [second] = await queue.receive(1);

  expect(second?.Attributes?.['ApproximateReceiveCount']).toBe('2');
  expect(second?.Attributes?.['ApproximateFirstReceiveTimestamp']).toBe(
    first?.Attributes?.['ApproximateFirstReceiveTimestamp'],
  );
  expect(second?.Attributes?.['SentTimestamp']).toBe(first?.Attributes?.['SentTimestamp']);
});

behaviour(
  'each receive has a receipt handle of its own',
  guide('sqs-queue-message-identifiers'),
  async (aws) => {
    const queue = await aws.queue({ VisibilityTimeout: '0' });
    await queue.send('a');
    const [first] = await queue.receive(1);
    const [second] = await queue.receive(1);

    expect(second?.MessageId).toBe(first?.MessageId);
    expect(second?.ReceiptHandle).not.toBe(first?.ReceiptHandle);
  },
);

behaviour('changing visibility to 0 returns the message at once', VISIBILITY, async (aws) => {
  const queue = await aws.queue();
  await queue.send('a');
  const [message] = await queue.receive(1);
  await queue.visibility(message, 0);

  expect(bodies(await queue.receive(1))).toEqual(['a']);
});

behaviour('a longer visibility timeout counts from the call', api('ChangeMessageVisibility'), async (aws) => {
  const queue = await aws.queue({ VisibilityTimeout: '2' });
  await queue.send('a');
  const [message] = await queue.receive(1);
  await aws.wait(1);
  await queue.visibility(message, 4);
  await aws.wait(2);
  expect(await queue.receiveOnce({ WaitTimeSeconds: 0 })).toEqual([]);
  await aws.wait(2);

  expect(bodies(await queue.receive(1))).toEqual(['a']);
});

behaviour('a shorter visibility timeout holds, too', api('ChangeMessageVisibility'), async (aws) => {
  const queue = await aws.queue({ VisibilityTimeout: '600' });
  await queue.send('a');
  const [message] = await queue.receive(1);
  await queue.visibility(message, 1);
  await aws.wait(1);

  expect(bodies(await queue.receive(1))).toEqual(['a']);
});

behaviour(
  'the next receive has the timeout of the queue again',
  api('ChangeMessageVisibility'),
  async (aws) => {
    const queue = await aws.queue({ VisibilityTimeout: '2' });
    await queue.send('a');
    const [message] = await queue.receive(1, { VisibilityTimeout: 600 });
    await queue.visibility(message, 0);
    await queue.receive(1);
    await aws.wait(2);

    expect(bodies(await queue.receive(1))).toEqual(['a']);
  },
);

for (const seconds of [-1, 43_201]) {
  behaviour(
    `ChangeMessageVisibility to ${seconds} is refused`,
    api('ChangeMessageVisibility'),
    async (aws) => {
      const queue = await aws.queue();
      await queue.send('a');
      const [message] = await queue.receive(1);
      await refused(queue.visibility(message, seconds), ...INVALID);
    },
  );
}

behaviour('a message is hidden for 12 hours in all', VISIBILITY, async (aws) => {
  const queue = await aws.queue({ VisibilityTimeout: '43200' });
  await queue.send('a');
  const [message] = await queue.receive(1);
  await aws.wait(600);
  await refused(queue.visibility(message, 43_200), ...INVALID);
  await queue.visibility(message, 42_500);
});

behaviour(
  'visibility of a message that is not in flight: MessageNotInflight',
  api('ChangeMessageVisibility'),
  async (aws) => {
    const queue = await aws.queue({ VisibilityTimeout: '1' });
    await queue.send('a');
    const [message] = await queue.receive(1);
    await aws.wait(2);

    await refused(
      queue.visibility(message, 10),
      'MessageNotInflight',
      'AWS.SimpleQueueService.MessageNotInflight',
    );
  },
);

behaviour('visibility of a deleted message is refused', api('ChangeMessageVisibility'), async (aws) => {
  const queue = await aws.queue();
  await queue.send('a');
  const [message] = await queue.receive(1);
  await queue.delete(message);

  await refused(
    queue.visibility(message, 10),
    ...INVALID,
    'MessageNotInflight',
    'AWS.SimpleQueueService.MessageNotInflight',
  );
});

behaviour(
  'a receipt handle that is none: ReceiptHandleIsInvalid',
  api('ChangeMessageVisibility'),
  async (aws) => {
    const { url: QueueUrl } = await aws.queue();
    await refused(
      aws.sqs.send(
        new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: 'nonsense', VisibilityTimeout: 1 }),
      ),
      'ReceiptHandleIsInvalid',
    );
    await refused(
      aws.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'nonsense' })),
      'ReceiptHandleIsInvalid',
    );
  },
);

behaviour('a receipt handle of another queue is refused', api('DeleteMessage'), async (aws) => {
  const [one, other] = [await aws.queue(), await aws.queue()];
  await one.send('a');
  const [message] = await one.receive(1);
  await refused(other.delete(message), 'ReceiptHandleIsInvalid', ...INVALID);
});

behaviour('a message id is no receipt handle', api('DeleteMessage'), async (aws) => {
  const queue = await aws.queue();
  const { MessageId } = await queue.send('a');
  await refused(queue.delete({ ReceiptHandle: MessageId }), 'ReceiptHandleIsInvalid');
});

behaviour('a deleted message does not come back', api('DeleteMessage'), async (aws) => {
  const queue = await aws.queue({ VisibilityTimeout: '2' });
  await queue.send('a');
  const [message] = await queue.receive(1);
  await queue.delete(message);
  await aws.wait(2);

  expect(await queue.receiveOnce()).toEqual([]);
});

behaviour('deleting twice succeeds', api('DeleteMessage'), async (aws) => {
  const queue = await aws.queue();
  await queue.send('a');
  const [message] = await queue.receive(1);
  await queue.delete(message);
  await queue.delete(message);
});

behaviour(
  'a message is deleted after its timeout, when nobody received it since',
  api('DeleteMessage'),
  async (aws) => {
    const queue = await aws.queue({ VisibilityTimeout: '1' });
    await queue.send('a');
    const [message] = await queue.receive(1);
    await aws.wait(2);
    await queue.delete(message);

    expect(await queue.receiveOnce()).toEqual([]);
  },
);

behaviour('deleting with an old handle succeeds and deletes nothing', api('DeleteMessage'), async (aws) => {
  const queue = await aws.queue({ VisibilityTimeout: '1' });
  await queue.send('a');
  const [old] = await queue.receive(1);
  await aws.wait(2);
  await queue.receive(1);
  await queue.delete(old);
  await aws.wait(2);

  expect(bodies(await queue.receive(1))).toEqual(['a']);
});

behaviour('PurgeQueue deletes what waits, is delayed or in flight', api('PurgeQueue'), async (aws) => {
  const queue = await aws.queue({ VisibilityTimeout: '1' });
  await queue.send('in flight');
  await queue.receive(1);
  await queue.send('waiting');
  await queue.send('delayed', { DelaySeconds: 1 });
  await aws.sqs.send(new PurgeQueueCommand({ QueueUrl: queue.url }));
  await aws.applied();
  await aws.wait(2);

  expect(await queue.receiveOnce()).toEqual([]);
});

behaviour('a purged queue takes messages', api('PurgeQueue'), async (aws) => {
  const queue = await aws.queue();
  await queue.send('a');
  await aws.sqs.send(new PurgeQueueCommand({ QueueUrl: queue.url }));
  await aws.applied();
  await queue.send('b');

  expect(bodies(await queue.receive(1))).toEqual(['b']);
});

behaviour('a second purge within 60 seconds: PurgeQueueInProgress', api('PurgeQueue'), async (aws) => {
  const { url: QueueUrl } = await aws.queue();
  await aws.sqs.send(new PurgeQueueCommand({ QueueUrl }));
  await refused(
    aws.sqs.send(new PurgeQueueCommand({ QueueUrl })),
    'PurgeQueueInProgress',
    'AWS.SimpleQueueService.PurgeQueueInProgress',
  );
});

behaviour('a queue can be purged again after 60 seconds', api('PurgeQueue'), async (aws) => {
  const { url: QueueUrl } = await aws.queue();
  await aws.sqs.send(new PurgeQueueCommand({ QueueUrl }));
  await aws.wait(61);
  await aws.sqs.send(new PurgeQueueCommand({ QueueUrl }));
});

behaviour('a long poll ends as soon as a message comes', guide('sqs-short-and-long-polling'), async (aws) => {
  const queue = await aws.queue();
  const polled = queue.receiveOnce({ WaitTimeSeconds: 20 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  const sentAt = Date.now();
  await queue.send('a');

  expect(bodies(await polled)).toEqual(['a']);
  expect(Date.now() - sentAt).toBeLessThan(19_000);
});

behaviour(
  'a long poll without messages ends after its wait',
  guide('sqs-short-and-long-polling'),
  async (aws) => {
    const queue = await aws.queue();
    const startedAt = Date.now();
    expect(await queue.receiveOnce({ WaitTimeSeconds: 1 })).toEqual([]);
    expect(Date.now() - startedAt).toBeGreaterThan(900);
  },
);

behaviour(
  'a long poll gets a message whose visibility timeout ends',
  guide('sqs-short-and-long-polling'),
  async (aws) => {
    const queue = await aws.queue({ VisibilityTimeout: '1' });
    await queue.send('a');
    await queue.receive(1);

    expect(bodies(await queue.receiveOnce({ WaitTimeSeconds: 4 }))).toEqual(['a']);
  },
);

behaviour('a long poll gets a message whose delay ends', guide('sqs-short-and-long-polling'), async (aws) => {
  const queue = await aws.queue();
  await queue.send('a', { DelaySeconds: 1 });

  expect(bodies(await queue.receiveOnce({ WaitTimeSeconds: 4 }))).toEqual(['a']);
});

behaviour(
  'ReceiveMessageWaitTimeSeconds makes every receive a long poll',
  api('SetQueueAttributes'),
  async (aws) => {
    const queue = await aws.queue({ ReceiveMessageWaitTimeSeconds: '1' });
    const startedAt = Date.now();
    await aws.sqs.send(new ReceiveMessageCommand({ QueueUrl: queue.url }));
    expect(Date.now() - startedAt).toBeGreaterThan(900);
  },
);

behaviour(
  'WaitTimeSeconds 0 of a receive wins over the wait of the queue',
  api('ReceiveMessage'),
  async (aws) => {
    const queue = await aws.queue({ ReceiveMessageWaitTimeSeconds: '20' });
    const startedAt = Date.now();
    await queue.receiveOnce({ WaitTimeSeconds: 0 });
    expect(Date.now() - startedAt).toBeLessThan(19_000);
  },
);

for (const [type, attributes] of [
  ['standard', {}],
  ['FIFO', { ...FIFO, ContentBasedDeduplication: 'true' }],
] as const) {
  const title =
    type === 'standard'
      ? 'a standard queue with 120,000 messages in flight: OverLimit'
      : 'a FIFO queue with 120,000 messages in flight gives no more, without an error';
  behaviour(title, MESSAGE_QUOTAS, async (aws) => {
    const queue = await aws.queue(attributes);
    const { sqs } = aws;
    const group = type === 'FIFO' ? { MessageGroupId: 'g' } : {};
    for (let sent = 0; sent < 120_010; sent += 10) {
      const Entries = Array.from({ length: 10 }, (_, index) => ({
        Id: `${index}`,
        MessageBody: `${sent + index}`,
        ...group,
      }));
      await aws.inProcess('sqs', 'SendMessageBatch', { QueueUrl: queue.url, Entries });
    }
    for (let received = 0; received < 120_000; received += 10) {
      await aws.inProcess('sqs', 'ReceiveMessage', {
        QueueUrl: queue.url,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: 43_200,
      });
    }
    const more = sqs.send(new ReceiveMessageCommand({ QueueUrl: queue.url }));
    if (type === 'standard') await refused(more, 'OverLimit');
    else expect((await more).Messages).toBeUndefined();
  });
}
