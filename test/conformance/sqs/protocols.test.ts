/** Conformance of SQS: the Query protocol, and requests no SDK would send in either protocol. */
import { behavioursOf, bodies, expect, type Conformance, type TestQueue } from '../harness.ts';
import { api, guide } from './pages.ts';

const behaviour = behavioursOf('sqs');
const QUERY = guide('sqs-making-api-requests-xml');
const JSON_PAGE = guide('sqs-making-api-requests-json');

const query = (aws: Conformance, Action: string, parameters: Record<string, string> = {}, path = '/') =>
  aws.request({ service: 'sqs', path, form: { Action, Version: '2012-11-05', ...parameters } });
const pathOf = (queue: TestQueue) => new URL(queue.url).pathname;
const json = (aws: Conformance, action: string, input: unknown) =>
  aws.request({ service: 'sqs', target: `AmazonSQS.${action}`, json: input });

behaviour('Query: CreateQueue with attributes and tags, DeleteQueue', QUERY, async (aws) => {
  const created = await query(aws, 'CreateQueue', {
    QueueName: aws.uniqueName(),
    'Attribute.1.Name': 'VisibilityTimeout',
    'Attribute.1.Value': '40',
    'Attribute.2.Name': 'DelaySeconds',
    'Attribute.2.Value': '5',
    'Tag.1.Key': 'team',
    'Tag.1.Value': 'a',
  });
  expect(created.status).toBe(200);
  const QueueUrl = created.xml('QueueUrl') ?? '';
  aws.cleanup(() => query(aws, 'DeleteQueue', { QueueUrl }));

  const attributes = await query(aws, 'GetQueueAttributes', { QueueUrl, 'AttributeName.1': 'All' });
  expect(attributes.text).toMatch(/<Name>VisibilityTimeout<\/Name>\s*<Value>40<\/Value>/);
  expect(attributes.text).toMatch(/<Name>DelaySeconds<\/Name>\s*<Value>5<\/Value>/);
  const tags = await query(aws, 'ListQueueTags', { QueueUrl });
  expect(tags.text).toMatch(/<Tag>\s*<Key>team<\/Key>\s*<Value>a<\/Value>\s*<\/Tag>/);
});

behaviour('Query: an answer carries its request id', QUERY, async (aws) => {
  const answer = await query(aws, 'ListQueues', { QueueNamePrefix: aws.uniqueName() });
  expect(answer.status).toBe(200);
  expect(answer.xml('RequestId')).toMatch(/^[\da-f-]{36}$/);
  expect(answer.headers.get('content-type')).toContain('text/xml');
});

behaviour('Query: a message and its attributes go there and back', QUERY, async (aws) => {
  const queue = await aws.queue();
  const sent = await query(aws, 'SendMessage', {
    QueueUrl: queue.url,
    MessageBody: 'a <&> "b" \r\n ü',
    'MessageAttribute.1.Name': 'text',
    'MessageAttribute.1.Value.DataType': 'String',
    'MessageAttribute.1.Value.StringValue': 'x & y',
    'MessageAttribute.2.Name': 'bytes',
    'MessageAttribute.2.Value.DataType': 'Binary',
    'MessageAttribute.2.Value.BinaryValue': 'AAH+/w==',
  });
  const received = await query(aws, 'ReceiveMessage', {
    QueueUrl: queue.url,
    MaxNumberOfMessages: '10',
    WaitTimeSeconds: '2',
    'MessageAttributeName.1': 'All',
    'AttributeName.1': 'All',
  });

  expect(received.xml('Body')).toBe('a <&> "b" \r\n ü');
  expect(received.xml('MessageId')).toBe(sent.xml('MessageId'));
  expect(received.xml('MD5OfBody')).toBe(sent.xml('MD5OfMessageBody'));
  expect(received.xml('MD5OfMessageAttributes')).toBe(sent.xml('MD5OfMessageAttributes'));
  expect(received.xml('StringValue')).toBe('x & y');
  expect(received.xml('BinaryValue')).toBe('AAH+/w==');
  expect(received.text).toMatch(/<Name>ApproximateReceiveCount<\/Name>\s*<Value>1<\/Value>/);
});

behaviour('Query: the path of the queue stands for QueueUrl', QUERY, async (aws) => {
  const queue = await aws.queue();
  const answer = await query(aws, 'SendMessage', { MessageBody: 'a' }, pathOf(queue));
  expect(answer.status).toBe(200);
  expect(bodies(await queue.receive(1))).toEqual(['a']);
});

behaviour('Query: a request may be a GET', QUERY, async (aws) => {
  const queue = await aws.queue();
  const answer = await aws.request({
    service: 'sqs',
    method: 'GET',
    form: { Action: 'SendMessage', Version: '2012-11-05', QueueUrl: queue.url, MessageBody: 'a b&c' },
  });
  expect(answer.status).toBe(200);
  expect(bodies(await queue.receive(1))).toEqual(['a b&c']);
});

behaviour('Query: batches and their failures', QUERY, async (aws) => {
  const queue = await aws.queue();
  const answer = await query(aws, 'SendMessageBatch', {
    QueueUrl: queue.url,
    'SendMessageBatchRequestEntry.1.Id': 'good',
    'SendMessageBatchRequestEntry.1.MessageBody': 'a',
    'SendMessageBatchRequestEntry.2.Id': 'bad',
    'SendMessageBatchRequestEntry.2.MessageBody': 'b',
    'SendMessageBatchRequestEntry.2.DelaySeconds': '901',
  });
  expect(answer.text).toMatch(/<SendMessageBatchResultEntry>\s*<Id>good<\/Id>/);
  expect(answer.text).toMatch(/<BatchResultErrorEntry>[\s\S]*<Id>bad<\/Id>/);
  expect(answer.text).toContain('<SenderFault>true</SenderFault>');
});

behaviour('Query: delete, change visibility and purge', QUERY, async (aws) => {
  const queue = await aws.queue();
  await queue.send('a');
  const [message] = await queue.receive(1);
  const handle = { QueueUrl: queue.url, ReceiptHandle: message?.ReceiptHandle ?? '' };
  const changed = await query(aws, 'ChangeMessageVisibility', { ...handle, VisibilityTimeout: '10' });
  const deleted = await query(aws, 'DeleteMessage', handle);
  const purged = await query(aws, 'PurgeQueue', { QueueUrl: queue.url });
  expect([changed.status, deleted.status, purged.status]).toEqual([200, 200, 200]);
});

behaviour('Query: FIFO parameters and the sequence number', QUERY, async (aws) => {
  const queue = await aws.queue({ FifoQueue: 'true' });
  const sent = await query(aws, 'SendMessage', {
    QueueUrl: queue.url,
    MessageBody: 'a',
    MessageGroupId: 'g',
    MessageDeduplicationId: 'd',
  });
  expect(sent.xml('SequenceNumber')).toMatch(/^\d{20}$/);
});

behaviour('Query: an error has type, code and message', QUERY, async (aws) => {
  const queue = await aws.queue();
  const answer = await query(aws, 'SendMessage', { QueueUrl: `${queue.url}-none`, MessageBody: 'a' });
  expect(answer.status).toBe(400);
  expect(answer.xml('Type')).toBe('Sender');
  expect(answer.xml('Code')).toBe('AWS.SimpleQueueService.NonExistentQueue');
  expect(answer.xml('Message')).toBeTruthy();
  expect(answer.xml('RequestId')).toBeTruthy();
});

for (const [title, action, parameters, code, status] of [
  [
    'an invalid value',
    'ReceiveMessage',
    { MaxNumberOfMessages: '11' },
    /InvalidParameterValue|ReadCountOutOfRange/,
    400,
  ],
  ['a missing parameter', 'SendMessage', {}, /^MissingParameter$/, 400],
  [
    'an unknown attribute',
    'GetQueueAttributes',
    { 'AttributeName.1': 'Colour' },
    /^InvalidAttributeName$/,
    400,
  ],
  ['an invalid handle', 'DeleteMessage', { ReceiptHandle: 'nonsense' }, /^ReceiptHandleIsInvalid$/, 404],
  ['no entries', 'SendMessageBatch', {}, /EmptyBatchRequest|MissingParameter/, 400],
] as const) {
  behaviour(`Query: code and status of ${title}`, api(action), async (aws) => {
    const queue = await aws.queue();
    const answer = await query(aws, action, { QueueUrl: queue.url, ...parameters } as Record<string, string>);
    expect(answer.xml('Code')).toMatch(code);
    expect(answer.status).toBe(status);
  });
}

behaviour('Query: an unknown action: InvalidAction', QUERY, async (aws) => {
  const answer = await query(aws, 'DanceMessage');
  expect(answer.xml('Code')).toBe('InvalidAction');
});

behaviour('JSON: an error names its type and the code of the Query protocol', JSON_PAGE, async (aws) => {
  const queue = await aws.queue();
  const answer = await json(aws, 'SendMessage', { QueueUrl: `${queue.url}-none`, MessageBody: 'a' });
  expect(answer.status).toBe(400);
  expect(answer.json()['__type']).toBe('com.amazonaws.sqs#QueueDoesNotExist');
  expect(answer.headers.get('x-amzn-query-error')).toBe('AWS.SimpleQueueService.NonExistentQueue;Sender');
  expect(answer.headers.get('x-amzn-requestid')).toBeTruthy();
});

behaviour(
  'JSON: an action without output answers with an empty object or nothing',
  JSON_PAGE,
  async (aws) => {
    const queue = await aws.queue();
    const answer = await json(aws, 'SetQueueAttributes', {
      QueueUrl: queue.url,
      Attributes: { DelaySeconds: '1' },
    });
    expect(answer.status).toBe(200);
    expect(answer.text.trim()).toMatch(/^(\{\})?$/);
  },
);

behaviour('JSON: binary attributes are base64', JSON_PAGE, async (aws) => {
  const queue = await aws.queue();
  const attribute = { DataType: 'Binary', BinaryValue: 'AAH+/w==' };
  await json(aws, 'SendMessage', {
    QueueUrl: queue.url,
    MessageBody: 'a',
    MessageAttributes: { bytes: attribute },
  });
  const answer = await json(aws, 'ReceiveMessage', {
    QueueUrl: queue.url,
    MessageAttributeNames: ['All'],
    WaitTimeSeconds: 2,
  });
  expect(answer.json()).toMatchObject({ Messages: [{ MessageAttributes: { bytes: attribute } }] });
});

for (const [title, body] of [
  ['that is no JSON', '{"QueueUrl":'],
  ['that is a list', '[]'],
  ['that is a text', '"a"'],
] as const) {
  behaviour(`JSON: a body ${title} is refused, and the service lives on`, JSON_PAGE, async (aws) => {
    const answer = await aws.request({
      service: 'sqs',
      target: 'AmazonSQS.SendMessage',
      body,
      headers: { 'content-type': 'application/x-amz-json-1.0' },
    });
    expect(answer.status).toBe(400);
    expect(answer.text).toMatch(/Serialization|Malformed|Validation|Invalid/i);
    expect((await json(aws, 'ListQueues', {})).status).toBe(200);
  });
}

for (const [title, action, input] of [
  ['a structure for a body', 'SendMessage', { MessageBody: { a: 1 } }],
  ['a text for a number', 'SendMessage', { MessageBody: 'a', DelaySeconds: 'ten' }],
  ['a text for a map', 'SendMessage', { MessageBody: 'a', MessageAttributes: 'a' }],
  ['a text for a structure in a map', 'SendMessage', { MessageBody: 'a', MessageAttributes: { a: 'b' } }],
  ['a map for a list', 'SendMessageBatch', { Entries: { Id: 'a' } }],
  ['a text for an entry', 'SendMessageBatch', { Entries: ['a'] }],
] as const) {
  behaviour(`JSON: ${title} is the caller's fault`, JSON_PAGE, async (aws) => {
    const queue = await aws.queue();
    const answer = await json(aws, action, { QueueUrl: queue.url, ...input });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('__type');
  });
}

behaviour('JSON: an unknown action is refused', JSON_PAGE, async (aws) => {
  const answer = await json(aws, 'DanceMessage', {});
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expect(answer.text).toMatch(/UnknownOperation|InvalidAction/);
});

behaviour('a message sent in one protocol is received in the other', QUERY, async (aws) => {
  const queue = await aws.queue();
  await query(aws, 'SendMessage', { QueueUrl: queue.url, MessageBody: 'from query' });
  expect(bodies(await queue.receive(1))).toEqual(['from query']);
});
