/** SQS as the AWS SDK for JavaScript sees it: its own checks of digests, its error classes, its retries. */
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  PurgeQueueCommand,
  QueueDoesNotExist,
  QueueNameExists,
  ReceiptHandleIsInvalid,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
  TooManyEntriesInBatchRequest,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startEmbeddedAws, type EmbeddedAws } from '../../../../local/aws/index.ts';
import { letSettle } from '../../../support/waiting.ts';

let aws: EmbeddedAws;
let client: SQSClient;
beforeAll(async () => {
  aws = await startEmbeddedAws();
  client = new SQSClient({
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
  });
});
afterAll(async () => {
  client.destroy();
  await aws.close();
});

async function createQueue(QueueName: string, Attributes: Record<string, string> = {}): Promise<string> {
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName, Attributes }));
  return QueueUrl ?? '';
}

test('send, receive and delete; the SDK checks the digests of body and attributes', async () => {
  const QueueUrl = await createQueue('round-trip');
  await client.send(
    new SendMessageCommand({
      QueueUrl,
      MessageBody: '{"ü":1}',
      MessageAttributes: {
        tenantId: { DataType: 'String', StringValue: 't-1' },
        number: { DataType: 'Number', StringValue: '42' },
        blob: { DataType: 'Binary', BinaryValue: Uint8Array.of(0, 255, 1) },
      },
    }),
  );

  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    }),
  );
  await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: Messages[0]?.ReceiptHandle }));
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
  );

  expect(Messages[0]?.Body).toBe('{"ü":1}');
  expect(Messages[0]?.MessageAttributes?.['blob']?.BinaryValue).toEqual(Uint8Array.of(0, 255, 1));
  expect(Messages[0]?.Attributes?.ApproximateReceiveCount).toBe('1');
  expect(Attributes?.ApproximateNumberOfMessagesNotVisible).toBe('0');
});

test('a batch to a FIFO queue keeps order and gets sequence numbers', async () => {
  const QueueUrl = await createQueue('orders.fifo', { FifoQueue: 'true' });
  const Entries = Array.from({ length: 10 }, (_, index) => ({
    Id: `m${index}`,
    MessageBody: `body ${index}`,
    MessageGroupId: 'g',
    MessageDeduplicationId: `d${index}`,
  }));

  const sent = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
  );
  const deleted = await client.send(
    new DeleteMessageBatchCommand({
      QueueUrl,
      Entries: Messages.map(({ ReceiptHandle }, index) => ({ Id: `m${index}`, ReceiptHandle })),
    }),
  );

  expect(sent.Successful?.every(({ SequenceNumber }) => SequenceNumber !== undefined)).toBe(true);
  expect(Messages.map(({ Body }) => Body)).toEqual(Entries.map(({ MessageBody }) => MessageBody));
  expect(deleted.Successful).toHaveLength(10);
});

test('a long poll over HTTP is answered as soon as a message arrives', async () => {
  const QueueUrl = await createQueue('polled');
  const start = performance.now();
  const poll = client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
  await new Promise((resolve) => setTimeout(resolve, 100));

  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
  const { Messages } = await poll;

  expect(Messages).toHaveLength(1);
  // The poll itself lasts twenty seconds.
  expect(performance.now() - start).toBeLessThan(19_000);
});

test('a client that aborts its long poll takes nothing with it', async () => {
  const QueueUrl = await createQueue('abandoned');
  const gone = new AbortController();
  const poll = client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }), {
    abortSignal: gone.signal,
  });
  const ended = poll.catch((error: Error) => error.name);
  await letSettle();
  gone.abort();
  expect(await ended).toBe('AbortError');
  await letSettle();

  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));

  expect(aws.services.sqs.counts('arn:aws:sqs:us-east-1:000000000000:abandoned').visible).toBe(1);
});

test("errors are the SDK's own classes, with the legacy code beside", async () => {
  const QueueUrl = await createQueue('errors');
  const failure = (command: Promise<unknown>) => command.catch((error: unknown) => error);
  const entries = Array.from({ length: 11 }, (_, index) => ({ Id: `m${index}`, MessageBody: 'x' }));

  const missing = await failure(client.send(new GetQueueUrlCommand({ QueueName: 'nope' })));
  const exists = await failure(createQueue('errors', { DelaySeconds: '5' }));
  const handle = await failure(client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'x' })));
  const tooMany = await failure(client.send(new SendMessageBatchCommand({ QueueUrl, Entries: entries })));
  const parameter = await failure(
    client.send(
      new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: 'x', VisibilityTimeout: 50_000 }),
    ),
  );
  await client.send(new PurgeQueueCommand({ QueueUrl }));
  const purge = await failure(client.send(new PurgeQueueCommand({ QueueUrl })));

  expect(missing).toBeInstanceOf(QueueDoesNotExist);
  expect(missing).toMatchObject({ Code: 'AWS.SimpleQueueService.NonExistentQueue', Type: 'Sender' });
  expect(exists).toBeInstanceOf(QueueNameExists);
  expect(handle).toBeInstanceOf(ReceiptHandleIsInvalid);
  expect(tooMany).toBeInstanceOf(TooManyEntriesInBatchRequest);
  expect(parameter).toMatchObject({ name: 'InvalidParameterValue', $metadata: { httpStatusCode: 400 } });
  expect(purge).toMatchObject({ name: 'PurgeQueueInProgress' });
});

test('the wire format of a JSON error is that of AWS', async () => {
  const post = (action: string, input: object) =>
    fetch(aws.endpointUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` },
      body: JSON.stringify(input),
    });

  const missing = await post('GetQueueUrl', { QueueName: 'nope' });
  const range = await post('ReceiveMessage', {
    QueueUrl: await createQueue('wire'),
    MaxNumberOfMessages: 11,
  });

  expect(missing.status).toBe(400);
  expect(missing.headers.get('content-type')).toBe('application/x-amz-json-1.0');
  expect(missing.headers.get('x-amzn-query-error')).toBe('AWS.SimpleQueueService.NonExistentQueue;Sender');
  expect(await missing.json()).toEqual({
    __type: 'com.amazonaws.sqs#QueueDoesNotExist',
    message: 'The specified queue does not exist.',
  });
  expect(range.headers.get('x-amzn-query-error')).toBe('InvalidParameterValue;Sender');
  expect(await range.json()).toMatchObject({
    __type: 'com.amazon.coral.service#InvalidParameterValueException',
    message:
      'Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.',
  });
});
