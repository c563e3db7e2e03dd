/** What people, phones and devices receive, and how a test confirms for them. */
import { afterEach, expect, test } from '@jest/globals';
import {
  CheckIfPhoneNumberIsOptedOutCommand,
  ConfirmSubscriptionCommand,
  CreatePlatformApplicationCommand,
  CreatePlatformEndpointCommand,
  CreateTopicCommand,
  GetSMSAttributesCommand,
  ListPlatformApplicationsCommand,
  PublishCommand,
  SetEndpointAttributesCommand,
  SetSMSAttributesCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';

import { manualClock, startEmbeddedAws } from '../../../../local/aws/index.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function setUp() {
  const aws = await startEmbeddedAws({ clock: manualClock() });
  const client = new SNSClient({
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
  });
  closing.push(
    () => client.destroy(),
    () => aws.close(),
  );
  const { TopicArn = '' } = await client.send(new CreateTopicCommand({ Name: 'orders' }));
  return { aws, client, TopicArn, inbox: () => aws.services.sns.inbox() };
}

test('an e-mail address gets mail after it has confirmed with the token from its inbox', async () => {
  const { client, TopicArn, inbox } = await setUp();
  const Endpoint = 'anna@example.com';
  await client.send(new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint }));
  await client.send(new PublishCommand({ TopicArn, Message: 'too early' }));
  const [request] = inbox();
  expect(request).toMatchObject({ protocol: 'email', to: Endpoint, topicArn: TopicArn });

  await client.send(new ConfirmSubscriptionCommand({ TopicArn, Token: request?.confirmation?.token }));
  await client.send(new PublishCommand({ TopicArn, Message: 'hello', Subject: 'greeting' }));

  expect(inbox().slice(1)).toMatchObject([
    {
      protocol: 'email',
      to: Endpoint,
      subject: 'greeting',
      body: expect.stringContaining('hello') as unknown,
    },
  ]);
});

test('email-json gets the envelope, and a visit to the link confirms', async () => {
  const { client, TopicArn, inbox } = await setUp();
  await client.send(new SubscribeCommand({ TopicArn, Protocol: 'email-json', Endpoint: 'a@example.com' }));
  await fetch(inbox()[0]?.confirmation?.subscribeUrl ?? '');
  await client.send(new PublishCommand({ TopicArn, Message: 'hello' }));

  expect(JSON.parse(inbox()[1]?.body ?? '{}')).toMatchObject({ Type: 'Notification', Message: 'hello' });
});

test('a text message goes to subscribers and to a number, unless it opted out', async () => {
  const { aws, client, TopicArn, inbox } = await setUp();
  await client.send(new SubscribeCommand({ TopicArn, Protocol: 'sms', Endpoint: '+15550100' }));
  await client.send(new PublishCommand({ TopicArn, Message: 'to all' }));
  await client.send(new PublishCommand({ PhoneNumber: '+15550101', Message: 'to one' }));
  aws.services.sns.optOut('+15550101');
  await client.send(new PublishCommand({ PhoneNumber: '+15550101', Message: 'unheard' }));

  expect(inbox().map(({ to, body }) => [to, body])).toEqual([
    ['+15550100', 'to all'],
    ['+15550101', 'to one'],
  ]);
  const opted = new CheckIfPhoneNumberIsOptedOutCommand({ phoneNumber: '+15550101' });
  expect((await client.send(opted)).isOptedOut).toBe(true);
  await client.send(new SetSMSAttributesCommand({ attributes: { DefaultSMSType: 'Transactional' } }));
  const { attributes } = await client.send(new GetSMSAttributesCommand({}));
  expect(attributes).toEqual({ DefaultSMSType: 'Transactional' });
});

test('a push goes to a device, until it is disabled', async () => {
  const { client, inbox } = await setUp();
  const { PlatformApplicationArn } = await client.send(
    new CreatePlatformApplicationCommand({ Name: 'app', Platform: 'GCM', Attributes: {} }),
  );
  const { EndpointArn = '' } = await client.send(
    new CreatePlatformEndpointCommand({ PlatformApplicationArn, Token: 'device' }),
  );
  const push = () =>
    client.send(
      new PublishCommand({
        TargetArn: EndpointArn,
        Message: '{"default":"plain","GCM":"{\\"n\\":1}"}',
        MessageStructure: 'json',
      }),
    );
  await push();

  expect(inbox()).toMatchObject([{ protocol: 'application', to: EndpointArn, body: '{"n":1}' }]);
  await client.send(new SetEndpointAttributesCommand({ EndpointArn, Attributes: { Enabled: 'false' } }));
  await expect(push()).rejects.toMatchObject({ name: 'EndpointDisabledException' });
  const { PlatformApplications } = await client.send(new ListPlatformApplicationsCommand({}));
  expect(PlatformApplications).toMatchObject([{ PlatformApplicationArn }]);
});

test('a subscription that nobody confirms within two days is gone', async () => {
  const clock = manualClock();
  const aws = await startEmbeddedAws({ clock });
  closing.push(() => aws.close());
  const { sns } = aws.services;
  const { TopicArn } = sns.createTopic({ Name: 'orders' });
  sns.subscribe({ TopicArn, Protocol: 'email', Endpoint: 'a@example.com' });
  await clock.advance(2 * 86_400_000);

  const call = sns.handle(
    'ConfirmSubscription',
    { TopicArn, Token: sns.inbox()[0]?.confirmation?.token },
    { accountId: '', arn: '' },
  );
  await expect(call).rejects.toMatchObject({ code: 'InvalidParameterException' });
  expect(sns.subscriptions()).toEqual([]);
});

test('delivery status is logged for the protocols that have a feedback role', async () => {
  const { aws, client, TopicArn } = await setUp();
  const { sqs } = aws.services;
  const caller = { accountId: '000000000000', arn: '' };
  await sqs.handle('CreateQueue', { QueueName: 'there' }, caller);
  for (const [AttributeName, AttributeValue] of [
    ['SQSSuccessFeedbackRoleArn', 'arn:aws:iam::000000000000:role/feedback'],
    ['SQSSuccessFeedbackSampleRate', '100'],
    ['SQSFailureFeedbackRoleArn', 'arn:aws:iam::000000000000:role/feedback'],
  ] as const) {
    await client.send(new SetTopicAttributesCommand({ TopicArn, AttributeName, AttributeValue }));
  }
  for (const name of ['there', 'missing']) {
    const Endpoint = `arn:aws:sqs:us-east-1:000000000000:${name}`;
    await client.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint }));
  }
  const { MessageId } = await client.send(new PublishCommand({ TopicArn, Message: 'a' }));
  const lines = (group: string) =>
    aws.services.logs.logs(group).map(({ message }) => JSON.parse(message) as unknown);

  expect(lines('sns/us-east-1/000000000000/orders')).toMatchObject([
    { notification: { messageId: MessageId, topicArn: TopicArn }, status: 'SUCCESS' },
  ]);
  expect(lines('sns/us-east-1/000000000000/orders/Failure')).toMatchObject([{ status: 'FAILURE' }]);
});
