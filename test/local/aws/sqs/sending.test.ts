/** What a queue takes and what it refuses: bodies, attributes, sizes, ids, batches. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { bodies, sqsInProcess } from './in-process.ts';

const MEBIBYTE = 1_048_576;
const text = (StringValue: string) => ({ DataType: 'String', StringValue });

describe('size', () => {
  test('a message of 1 MiB to the byte is taken, one byte more is refused; attributes count', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');
    // name 1 + type 6 + value 3
    const attributes = { MessageAttributes: { a: text('xyz') } };

    await jobs.send('x'.repeat(MEBIBYTE));
    await jobs.send('x'.repeat(MEBIBYTE - 10), attributes);

    expect(await jobs.refusal('SendMessage', { MessageBody: 'x'.repeat(MEBIBYTE + 1) })).toBe(
      'InvalidParameterValue',
    );
    expect(await jobs.refusal('SendMessage', { MessageBody: 'x'.repeat(MEBIBYTE - 9), ...attributes })).toBe(
      'InvalidParameterValue',
    );
    expect(jobs.counts().visible).toBe(2);
  });

  test('size is counted in UTF-8 bytes, and MaximumMessageSize of the queue holds', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs', { MaximumMessageSize: '1024' });

    await jobs.send('é'.repeat(512));

    await expect(jobs.send('é'.repeat(512) + 'x')).rejects.toThrow('Message must be shorter than 1024 bytes');
  });

  test('a batch of 1 MiB in all is taken, one byte more is BatchRequestTooLong and stores nothing', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');
    const entries = (last: number) =>
      [MEBIBYTE / 2, last].map((size, index) => ({ Id: `m${index}`, MessageBody: 'x'.repeat(size) }));

    const { Successful } = await jobs.call<{ Successful: unknown[] }>('SendMessageBatch', {
      Entries: entries(MEBIBYTE / 2),
    });

    expect(Successful).toHaveLength(2);
    expect(await jobs.refusal('SendMessageBatch', { Entries: entries(MEBIBYTE / 2 + 1) })).toBe(
      'AWS.SimpleQueueService.BatchRequestTooLong',
    );
    expect(jobs.counts().visible).toBe(2);
  });
});

describe('content', () => {
  test('an empty or missing body is MissingParameter', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');

    expect(await jobs.refusal('SendMessage', {})).toBe('MissingParameter');
    expect(await jobs.refusal('SendMessage', { MessageBody: '' })).toBe('MissingParameter');
  });

  test.each(['\u0000', '\u0008', '\u000b', '\u001f', '\uffff', '\ud800'])(
    'character %j is refused as InvalidMessageContents',
    async (character) => {
      const { queue } = sqsInProcess();
      const jobs = await queue('jobs');

      expect(await jobs.refusal('SendMessage', { MessageBody: `a${character}` })).toBe(
        'InvalidMessageContents',
      );
    },
  );

  test('tab, line feed, carriage return, the private area and characters beyond it are taken as they are', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');
    const body = '\t\n\r \ud7ff\ue000\ufffd😀';

    await jobs.send(body);

    expect(bodies(await jobs.receive())).toEqual([body]);
  });

  test('the digest of the body is its MD5', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');

    const sent = await jobs.send('grüße');

    expect(sent).toMatchObject({ MD5OfMessageBody: createHash('md5').update('grüße').digest('hex') });
  });
});

describe('message attributes', () => {
  test('ten are taken, eleven are refused', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');
    const attributes = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, text('x')]));

    await jobs.send('x', { MessageAttributes: attributes(10) });

    expect(await jobs.refusal('SendMessage', { MessageBody: 'x', MessageAttributes: attributes(11) })).toBe(
      'InvalidParameterValue',
    );
  });

  test.each([
    ['a name with a reserved prefix', { 'AWS.x': text('v') }],
    ['a name with a reserved prefix in small letters', { 'amazon.x': text('v') }],
    ['a name that starts with a period', { '.x': text('v') }],
    ['a name with two periods in a row', { 'x..y': text('v') }],
    ['a name with a space', { 'x y': text('v') }],
    ['a name of 257 characters', { ['x'.repeat(257)]: text('v') }],
    ['an unknown type', { x: { DataType: 'Boolean', StringValue: 'true' } }],
    ['no type', { x: { StringValue: 'true' } }],
    ['an empty value', { x: text('') }],
    ['a number that is none', { x: { DataType: 'Number', StringValue: 'seven' } }],
    ['a binary attribute with text', { x: { DataType: 'Binary', StringValue: 'x' } }],
  ])('%s is refused', async (_name, MessageAttributes) => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');

    expect(await jobs.refusal('SendMessage', { MessageBody: 'x', MessageAttributes })).toBe(
      'InvalidParameterValue',
    );
  });

  test('custom types, numbers and binary values come back as sent', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');
    const attributes = {
      price: { DataType: 'Number.float', StringValue: '-1.5e3' },
      kind: { DataType: 'String.kind', StringValue: 'x' },
      blob: { DataType: 'Binary.gif', BinaryValue: 'R0lG' },
    };
    await jobs.send('x', { MessageAttributes: attributes });

    const [message] = await jobs.receive({ MessageAttributeNames: ['All'] });

    expect(message?.MessageAttributes).toEqual(attributes);
  });

  test('the only system attribute a sender may set is AWSTraceHeader', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');
    const system = (name: string) => ({ MessageBody: 'x', MessageSystemAttributes: { [name]: text('v') } });

    expect(await jobs.call('SendMessage', system('AWSTraceHeader'))).toHaveProperty(
      'MD5OfMessageSystemAttributes',
    );
    expect(await jobs.refusal('SendMessage', system('SenderId'))).toBe('InvalidParameterValue');
  });
});

describe('parameters', () => {
  test('a standard queue takes a group id and refuses a deduplication id', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');

    await jobs.send('x', { MessageGroupId: 'tenant-1' });

    expect(await jobs.refusal('SendMessage', { MessageBody: 'x', MessageDeduplicationId: 'd' })).toBe(
      'InvalidParameterValue',
    );
    expect(await jobs.refusal('SendMessage', { MessageBody: 'x', MessageGroupId: 'g'.repeat(129) })).toBe(
      'InvalidParameterValue',
    );
    expect(await jobs.refusal('SendMessage', { MessageBody: 'x', DelaySeconds: 901 })).toBe(
      'InvalidParameterValue',
    );
  });

  test('a queue that does not exist is QueueDoesNotExist; the host of the QueueUrl does not matter', async () => {
    const { call, queue, refusal } = sqsInProcess();
    const jobs = await queue('jobs');

    await call('SendMessage', {
      QueueUrl: 'https://sqs.eu-west-1.amazonaws.com/000000000000/jobs',
      MessageBody: 'x',
    });

    expect(jobs.counts().visible).toBe(1);
    const missing = 'AWS.SimpleQueueService.NonExistentQueue';
    expect(await refusal('SendMessage', { QueueUrl: `${jobs.url}x`, MessageBody: 'x' })).toBe(missing);
    expect(await refusal('SendMessage', { QueueUrl: 'http://h/111111111111/jobs', MessageBody: 'x' })).toBe(
      missing,
    );
    expect(await refusal('SendMessage', { QueueUrl: 'jobs', MessageBody: 'x' })).toBe('InvalidAddress');
    expect(await refusal('SendMessage', { MessageBody: 'x' })).toBe('MissingParameter');
  });
});

describe('batches', () => {
  test('each kind of refusal of a whole batch has its own code', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');
    const entry = (Id: string) => ({ Id, MessageBody: 'x', ReceiptHandle: 'r', VisibilityTimeout: 1 });
    const codes = (action: string) =>
      Promise.all(
        [
          [],
          Array.from({ length: 11 }, (_, index) => entry(`m${index}`)),
          [entry('a'), entry('a')],
          [entry('not valid')],
          [entry('x'.repeat(81))],
        ].map((Entries) => jobs.refusal(action, { Entries })),
      );

    for (const action of ['SendMessageBatch', 'DeleteMessageBatch', 'ChangeMessageVisibilityBatch']) {
      expect(await codes(action)).toEqual([
        'AWS.SimpleQueueService.EmptyBatchRequest',
        'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
        'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
        'AWS.SimpleQueueService.InvalidBatchEntryId',
        'AWS.SimpleQueueService.InvalidBatchEntryId',
      ]);
    }
  });

  test('D1: an entry that is refused fails alone, and its neighbours succeed', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');

    const sent = await jobs.call<{ Successful: { Id: string }[]; Failed: unknown[] }>('SendMessageBatch', {
      Entries: [
        { Id: 'good', MessageBody: 'a' },
        { Id: 'control-character', MessageBody: '\u0001' },
        { Id: 'bad-delay', MessageBody: 'a', DelaySeconds: 1000 },
        { Id: 'also-good', MessageBody: 'b' },
      ],
    });

    expect(sent.Successful.map(({ Id }) => Id)).toEqual(['good', 'also-good']);
    expect(sent.Failed).toEqual([
      expect.objectContaining({ Id: 'control-character', Code: 'InvalidMessageContents', SenderFault: true }),
      expect.objectContaining({ Id: 'bad-delay', Code: 'InvalidParameterValue', SenderFault: true }),
    ]);
  });

  test('delete and visibility batches report a handle that is not valid and do the rest', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');
    await jobs.send('a');
    const [message] = await jobs.receive();
    const Entries = [
      { Id: 'bad', ReceiptHandle: 'nonsense', VisibilityTimeout: 10 },
      { Id: 'good', ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout: 10 },
    ];

    for (const action of ['ChangeMessageVisibilityBatch', 'DeleteMessageBatch']) {
      expect(await jobs.call(action, { Entries })).toEqual({
        Successful: [{ Id: 'good' }],
        Failed: [expect.objectContaining({ Id: 'bad', Code: 'ReceiptHandleIsInvalid', SenderFault: true })],
      });
    }
    expect(jobs.counts().inFlight).toBe(0);
  });
});
