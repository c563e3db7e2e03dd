/** Conformance of SQS: batches, what refuses them as a whole, and entries that fail alone. */
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
} from '@aws-sdk/client-sqs';
import { behavioursOf, bodies, expect, refused, type Conformance, type TestQueue } from '../harness.ts';
import { api, MESSAGE_QUOTAS } from './pages.ts';

const behaviour = behavioursOf('sqs');
const PREFIX = 'AWS.SimpleQueueService.';
const both = (code: string) => [code, PREFIX + code];
const entry = (Id: string, MessageBody = Id): SendMessageBatchRequestEntry => ({ Id, MessageBody });
const send = (aws: Conformance, queue: TestQueue, Entries: SendMessageBatchRequestEntry[]) =>
  aws.sqs.send(new SendMessageBatchCommand({ QueueUrl: queue.url, Entries }));

behaviour('a batch of ten is stored, each entry answered by its id', api('SendMessageBatch'), async (aws) => {
  const queue = await aws.queue();
  const ids = Array.from({ length: 10 }, (_, index) => `id-${index}`);
  const { Successful = [], Failed } = await send(
    aws,
    queue,
    ids.map((id) => entry(id)),
  );

  expect(Successful.map(({ Id = '' }) => Id).toSorted((a, b) => a.localeCompare(b))).toEqual(ids);
  expect(Failed ?? []).toEqual([]);
  expect(bodies(await queue.receive(10)).toSorted()).toEqual(ids);
});

behaviour('each entry has its own delay and attributes', api('SendMessageBatchRequestEntry'), async (aws) => {
  const queue = await aws.queue();
  await send(aws, queue, [
    { ...entry('late'), DelaySeconds: 900 },
    { ...entry('now'), MessageAttributes: { a: { DataType: 'String', StringValue: '1' } } },
  ]);
  const messages = await queue.receiveOnce();
  expect(bodies(messages)).toEqual(['now']);
  expect(messages[0]?.MessageAttributes).toEqual({ a: { DataType: 'String', StringValue: '1' } });
});

behaviour('eleven entries: TooManyEntriesInBatchRequest', api('SendMessageBatch'), async (aws) => {
  const queue = await aws.queue();
  const entries = Array.from({ length: 11 }, (_, index) => entry(`id-${index}`));
  await refused(send(aws, queue, entries), ...both('TooManyEntriesInBatchRequest'));
  expect(await queue.receiveOnce()).toEqual([]);
});

behaviour('no entries: EmptyBatchRequest', api('SendMessageBatch'), async (aws) => {
  const queue = await aws.queue();
  await refused(send(aws, queue, []), ...both('EmptyBatchRequest'));
});

behaviour('two entries with one id: BatchEntryIdsNotDistinct', api('SendMessageBatch'), async (aws) => {
  const queue = await aws.queue();
  await refused(send(aws, queue, [entry('a'), entry('a')]), ...both('BatchEntryIdsNotDistinct'));
});

for (const id of ['', 'a b', 'a.b', 'ä', 'a'.repeat(81)]) {
  const shown = id.length > 20 ? `of ${id.length} characters` : `"${id}"`;
  behaviour(`an entry id ${shown}: InvalidBatchEntryId`, api('SendMessageBatchRequestEntry'), async (aws) => {
    const queue = await aws.queue();
    await refused(send(aws, queue, [entry(id, 'x')]), ...both('InvalidBatchEntryId'));
  });
}

behaviour(
  'an entry id has up to 80 letters, digits, hyphens, underscores',
  api('SendMessageBatchRequestEntry'),
  async (aws) => {
    const queue = await aws.queue();
    const id = 'aZ0-_'.repeat(16);
    const { Successful } = await send(aws, queue, [entry(id)]);
    expect(Successful?.[0]?.Id).toBe(id);
  },
);

behaviour('a batch of 1 MiB in sum is taken', MESSAGE_QUOTAS, async (aws) => {
  const queue = await aws.queue();
  const { Successful } = await send(aws, queue, [
    entry('a', 'x'.repeat(524_288)),
    entry('b', 'x'.repeat(524_288)),
  ]);
  expect(Successful).toHaveLength(2);
});

behaviour('a batch of one byte more: BatchRequestTooLong, nothing is stored', MESSAGE_QUOTAS, async (aws) => {
  const queue = await aws.queue();
  await refused(
    send(aws, queue, [entry('a', 'x'.repeat(524_288)), entry('b', 'x'.repeat(524_289))]),
    ...both('BatchRequestTooLong'),
  );
  expect(await queue.receiveOnce()).toEqual([]);
});

behaviour('attributes count towards the size of a batch', MESSAGE_QUOTAS, async (aws) => {
  const queue = await aws.queue();
  const attribute = { DataType: 'String', StringValue: 'x'.repeat(524_288) };
  await refused(
    send(aws, queue, [
      { ...entry('a'), MessageAttributes: { a: attribute } },
      { ...entry('b'), MessageAttributes: { a: attribute } },
    ]),
    ...both('BatchRequestTooLong'),
  );
});

behaviour('an entry that is not valid fails alone', api('SendMessageBatch'), async (aws) => {
  const queue = await aws.queue({ MaximumMessageSize: '1024' });
  const { Successful, Failed } = await send(aws, queue, [
    entry('good'),
    entry('long', 'x'.repeat(1025)),
    entry('control', 'a\u0001'),
    { ...entry('delay'), DelaySeconds: 901 },
  ]);

  expect(Successful?.map(({ Id }) => Id)).toEqual(['good']);
  const failed = Object.fromEntries(
    (Failed ?? []).map(({ Id, Code, SenderFault }) => [Id, [Code, SenderFault]]),
  );
  expect(failed['control']).toEqual(['InvalidMessageContents', true]);
  expect(failed['long']?.[0]).toMatch(/^InvalidParameterValue/);
  expect(failed['delay']?.[0]).toMatch(/^InvalidParameterValue/);
  expect(bodies(await queue.receive(1))).toEqual(['good']);
});

behaviour('entries of a FIFO queue without a group fail alone', api('SendMessageBatch'), async (aws) => {
  const queue = await aws.queue({ FifoQueue: 'true', ContentBasedDeduplication: 'true' });
  const { Successful, Failed } = await send(aws, queue, [
    { ...entry('good'), MessageGroupId: 'g' },
    entry('no-group'),
  ]);
  expect(Successful?.map(({ Id }) => Id)).toEqual(['good']);
  expect(Failed?.map(({ Id, Code }) => [Id, Code])).toEqual([['no-group', 'MissingParameter']]);
});

behaviour('a batch to a FIFO queue keeps its order', api('SendMessageBatch'), async (aws) => {
  const queue = await aws.queue({ FifoQueue: 'true', ContentBasedDeduplication: 'true' });
  const ids = Array.from({ length: 10 }, (_, index) => `id-${index}`);
  const { Successful = [] } = await send(
    aws,
    queue,
    ids.map((id) => ({ ...entry(id), MessageGroupId: 'g' })),
  );

  expect(bodies(await queue.drain(10))).toEqual(ids);
  const numbers = Successful.map(({ SequenceNumber }) => BigInt(SequenceNumber ?? 0));
  expect(numbers).toEqual(numbers.toSorted((a, b) => (a < b ? -1 : 1)));
});

behaviour('a batch may repeat itself: the second is a duplicate', api('SendMessageBatch'), async (aws) => {
  const queue = await aws.queue({ FifoQueue: 'true' });
  const same = { MessageGroupId: 'g', MessageDeduplicationId: 'd' };
  const { Successful } = await send(aws, queue, [
    { ...entry('a'), ...same },
    { ...entry('b'), ...same },
  ]);
  expect(Successful).toHaveLength(2);
  expect(bodies(await queue.receive(1))).toEqual(['a']);
  expect(await queue.receiveOnce()).toEqual([]);
});

behaviour(
  'DeleteMessageBatch deletes, and a wrong handle fails alone',
  api('DeleteMessageBatch'),
  async (aws) => {
    const queue = await aws.queue({ VisibilityTimeout: '2' });
    await queue.send('a');
    const [message] = await queue.receive(1);
    const { Successful, Failed } = await aws.sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl: queue.url,
        Entries: [
          { Id: 'good', ReceiptHandle: message?.ReceiptHandle },
          { Id: 'bad', ReceiptHandle: 'nonsense' },
        ],
      }),
    );
    expect(Successful?.map(({ Id }) => Id)).toEqual(['good']);
    expect(Failed?.map(({ Id, Code, SenderFault }) => [Id, Code, SenderFault])).toEqual([
      ['bad', 'ReceiptHandleIsInvalid', true],
    ]);
    await aws.wait(2);
    expect(await queue.receiveOnce()).toEqual([]);
  },
);

behaviour(
  'ChangeMessageVisibilityBatch: each entry has its own timeout',
  api('ChangeMessageVisibilityBatch'),
  async (aws) => {
    const queue = await aws.queue();
    for (const body of ['a', 'b', 'c']) await queue.send(body);
    const messages = await queue.receive(3);
    const { Successful, Failed } = await aws.sqs.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: queue.url,
        Entries: [
          { Id: 'back', ReceiptHandle: messages[0]?.ReceiptHandle, VisibilityTimeout: 0 },
          { Id: 'keep', ReceiptHandle: messages[1]?.ReceiptHandle, VisibilityTimeout: 100 },
          { Id: 'wrong', ReceiptHandle: messages[2]?.ReceiptHandle, VisibilityTimeout: 43_201 },
        ],
      }),
    );
    expect(Successful?.map(({ Id }) => Id).toSorted()).toEqual(['back', 'keep']);
    expect(Failed?.map(({ Id }) => Id)).toEqual(['wrong']);
    expect(bodies(await queue.receive(1))).toEqual(bodies(messages.slice(0, 1)));
  },
);

for (const [name, command] of [
  ['DeleteMessageBatch', DeleteMessageBatchCommand],
  ['ChangeMessageVisibilityBatch', ChangeMessageVisibilityBatchCommand],
] as const) {
  const call = (aws: Conformance, QueueUrl: string, ids: readonly string[]) =>
    aws.sqs.send(
      new command({
        QueueUrl,
        Entries: ids.map((Id) => ({ Id, ReceiptHandle: 'x', VisibilityTimeout: 1 })),
      }) as DeleteMessageBatchCommand,
    );

  behaviour(`${name} without entries: EmptyBatchRequest`, api(name), async (aws) => {
    const queue = await aws.queue();
    await refused(call(aws, queue.url, []), ...both('EmptyBatchRequest'));
  });

  behaviour(`${name} of eleven: TooManyEntriesInBatchRequest`, api(name), async (aws) => {
    const queue = await aws.queue();
    const ids = Array.from({ length: 11 }, (_, index) => `id-${index}`);
    await refused(call(aws, queue.url, ids), ...both('TooManyEntriesInBatchRequest'));
  });

  behaviour(`${name} with an id twice: BatchEntryIdsNotDistinct`, api(name), async (aws) => {
    const queue = await aws.queue();
    await refused(call(aws, queue.url, ['a', 'a']), ...both('BatchEntryIdsNotDistinct'));
  });

  behaviour(`${name} with a wrong entry id: InvalidBatchEntryId`, api(name), async (aws) => {
    const queue = await aws.queue();
    await refused(call(aws, queue.url, ['a b']), ...both('InvalidBatchEntryId'));
  });
}
