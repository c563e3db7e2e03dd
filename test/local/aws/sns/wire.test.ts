/** SNS over the wire: the SDK, and the links in messages. */
import {
  ConfirmSubscriptionCommand,
  CreateTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  InvalidBatchEntryIdException,
  InvalidParameterException,
  ListSubscriptionsByTopicCommand,
  ListTagsForResourceCommand,
  ListTopicsCommand,
  NotFoundException,
  PublishBatchCommand,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SNSClient,
  SubscribeCommand,
  TagResourceCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { type Endpoint, startEndpoint } from '../../../../local/aws/endpoint.ts';
import { createHarness, queueArn } from './harness.ts';

const { context, sns, received } = createHarness();
let endpoint: Endpoint;
let client: SNSClient;

beforeAll(async () => {
  endpoint = await startEndpoint(context);
  client = new SNSClient({
    endpoint: endpoint.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
});
afterAll(async () => {
  client.destroy();
  sns.close();
  await endpoint.close();
});

test('the SDK creates, subscribes, publishes and reads back', async () => {
  const { TopicArn } = await client.send(
    new CreateTopicCommand({
      Name: 'orders',
      Attributes: { DisplayName: 'Orders & <more>' },
      Tags: [{ Key: 'team', Value: 'a' }],
    }),
  );
  const { SubscriptionArn } = await client.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: queueArn('q'),
      Attributes: { RawMessageDelivery: 'true', FilterPolicy: '{"tenantId":["a"]}' },
      ReturnSubscriptionArn: true,
    }),
  );
  const { MessageId } = await client.send(
    new PublishCommand({
      TopicArn,
      Message: 'line 1\n<line & 2>',
      MessageGroupId: 'a',
      MessageAttributes: {
        tenantId: { DataType: 'String', StringValue: 'a' },
        bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([2, 3, 4]) },
      },
    }),
  );

  expect(MessageId).toMatch(/^[0-9a-f-]{36}$/);
  expect(received.splice(0)).toEqual([
    {
      queue: 'q',
      body: 'line 1\n<line & 2>',
      attributes: {
        tenantId: { DataType: 'String', StringValue: 'a' },
        bytes: { DataType: 'Binary', BinaryValue: 'AgME' },
      },
      groupId: 'a',
      deduplicationId: undefined,
    },
  ]);
  expect((await client.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes).toMatchObject({
    DisplayName: 'Orders & <more>',
    SubscriptionsConfirmed: '1',
    TopicArn,
  });
  expect((await client.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }))).Attributes).toEqual({
    SubscriptionArn,
    TopicArn,
    Protocol: 'sqs',
    Endpoint: queueArn('q'),
    Owner: '000000000000',
    SubscriptionPrincipal: 'arn:aws:iam::000000000000:root',
    PendingConfirmation: 'false',
    ConfirmationWasAuthenticated: 'true',
    RawMessageDelivery: 'true',
    FilterPolicy: '{"tenantId":["a"]}',
    FilterPolicyScope: 'MessageAttributes',
  });
  expect((await client.send(new ListTopicsCommand({}))).Topics).toEqual([{ TopicArn }]);
  await client.send(new TagResourceCommand({ ResourceArn: TopicArn, Tags: [{ Key: 'cost', Value: 'b' }] }));
  expect((await client.send(new ListTagsForResourceCommand({ ResourceArn: TopicArn }))).Tags).toEqual([
    { Key: 'team', Value: 'a' },
    { Key: 'cost', Value: 'b' },
  ]);

  await client.send(new UnsubscribeCommand({ SubscriptionArn }));
  expect((await client.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions).toEqual([]);
});

test('a FIFO batch keeps its order and its ids, and failed entries are told apart', async () => {
  const { TopicArn } = await client.send(
    new CreateTopicCommand({ Name: 'orders.fifo', Attributes: { FifoTopic: 'true' } }),
  );
  await client.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: queueArn('q.fifo'),
      Attributes: { RawMessageDelivery: 'true' },
    }),
  );
  const { Successful, Failed } = await client.send(
    new PublishBatchCommand({
      TopicArn,
      PublishBatchRequestEntries: ['1', '2', '', '4'].map((Message, index) => ({
        Id: `id-${index}`,
        Message,
        MessageGroupId: 'g',
        MessageDeduplicationId: `d${index}`,
      })),
    }),
  );

  expect(received.splice(0).map(({ body }) => body)).toEqual(['1', '2', '4']);
  expect(Successful?.map(({ Id }) => Id)).toEqual(['id-0', 'id-1', 'id-3']);
  expect(Successful?.[0]?.SequenceNumber).toMatch(/^\d{20}$/);
  expect(Failed).toEqual([
    { Id: 'id-2', Code: 'InvalidParameter', Message: 'Invalid parameter: Empty message', SenderFault: true },
  ]);
});

test('errors arrive as the classes of the SDK', async () => {
  const { TopicArn } = await client.send(new CreateTopicCommand({ Name: 'errors' }));
  const missing = { TopicArn: `${TopicArn}-missing`, Message: 'x' };
  const PublishBatchRequestEntries = [{ Id: 'a.b', Message: 'x' }];

  await expect(client.send(new PublishCommand(missing))).rejects.toBeInstanceOf(NotFoundException);
  await expect(client.send(new PublishCommand({ TopicArn, Message: '' }))).rejects.toBeInstanceOf(
    InvalidParameterException,
  );
  await expect(
    client.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries })),
  ).rejects.toBeInstanceOf(InvalidBatchEntryIdException);
  await expect(
    client.send(new ConfirmSubscriptionCommand({ TopicArn, Token: 'nonsense' })),
  ).rejects.toBeInstanceOf(InvalidParameterException);
});

test('the unsubscribe link of an envelope works', async () => {
  const { TopicArn } = await client.send(new CreateTopicCommand({ Name: 'link' }));
  const { SubscriptionArn } = await client.send(
    new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queueArn('q') }),
  );
  await client.send(
    new SetSubscriptionAttributesCommand({
      SubscriptionArn,
      AttributeName: 'FilterPolicy',
      AttributeValue: '{}',
    }),
  );
  await client.send(new PublishCommand({ TopicArn, Message: 'x' }));
  const { UnsubscribeURL } = JSON.parse(received.splice(0)[0]?.body ?? '') as { UnsubscribeURL: string };

  expect((await fetch(UnsubscribeURL)).status).toBe(200);
  expect(sns.subscriptions().map(({ arn }) => arn)).not.toContain(SubscriptionArn);
});
