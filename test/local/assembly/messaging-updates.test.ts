/** A changed template changes topics, subscriptions, buses, rules and schedules in place; a lost one takes them away. */
import { afterEach, expect, test } from '@jest/globals';
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';

import { startEmbeddedAws, type EmbeddedAws } from '../../../local/aws/index.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function setUp() {
  const aws = await startEmbeddedAws();
  const client = new CloudFormationClient({
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
  });
  closing.push(
    () => client.destroy(),
    () => aws.close(),
  );
  const settled = async (wanted: string) => {
    for (;;) {
      const { Stacks } = await client
        .send(new DescribeStacksCommand({ StackName: 's' }))
        .catch(() => ({ Stacks: [] }));
      const status = Stacks?.[0]?.StackStatus ?? 'DELETE_COMPLETE';
      if (!status.endsWith('_IN_PROGRESS')) {
        expect(status).toBe(wanted);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  return {
    aws,
    async deploy(Resources: object) {
      const TemplateBody = JSON.stringify({ Resources });
      await client.send(new CreateStackCommand({ StackName: 's', TemplateBody }));
      await settled('CREATE_COMPLETE');
    },
    async update(Resources: object) {
      const TemplateBody = JSON.stringify({ Resources });
      await client.send(new UpdateStackCommand({ StackName: 's', TemplateBody }));
      await settled('UPDATE_COMPLETE');
    },
    async remove() {
      await client.send(new DeleteStackCommand({ StackName: 's' }));
      await settled('DELETE_COMPLETE');
    },
  };
}

const shop = (changed: boolean) => ({
  Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'q' } },
  Topic: {
    Type: 'AWS::SNS::Topic',
    Properties: {
      TopicName: 'orders',
      DisplayName: changed ? 'after' : 'before',
      ...(changed ? {} : { MaximumMessageSize: 1024 }),
      Tags: [{ Key: 'stage', Value: changed ? 'b' : 'a' }],
      DeliveryStatusLogging: [
        { Protocol: 'sqs', FailureFeedbackRoleArn: 'arn:aws:iam::000000000000:role/feedback' },
      ],
    },
  },
  Subscription: {
    Type: 'AWS::SNS::Subscription',
    Properties: {
      TopicArn: { Ref: 'Topic' },
      Protocol: 'sqs',
      Endpoint: { 'Fn::GetAtt': ['Queue', 'Arn'] },
      ...(changed
        ? { FilterPolicyScope: 'MessageBody', FilterPolicy: { order: { type: ['b'] } } }
        : { FilterPolicy: { type: ['a'] } }),
    },
  },
  Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'shop', Description: changed ? 'b' : 'a' } },
  Allow: busPolicy('111111111111'),
  ...(changed ? {} : { AllowOther: busPolicy('222222222222') }),
  Rule: {
    Type: 'AWS::Events::Rule',
    Properties: {
      Name: 'r',
      EventBusName: { Ref: 'Bus' },
      EventPattern: { source: [changed ? 'b' : 'a'] },
      Targets: [{ Id: changed ? 'two' : 'one', Arn: { 'Fn::GetAtt': ['Queue', 'Arn'] } }],
    },
  },
  Connection: {
    Type: 'AWS::Events::Connection',
    Properties: {
      Name: 'c',
      AuthorizationType: 'API_KEY',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'k', ApiKeyValue: 'v' } },
    },
  },
  Destination: {
    Type: 'AWS::Events::ApiDestination',
    Properties: {
      Name: 'd',
      ConnectionArn: { 'Fn::GetAtt': ['Connection', 'Arn'] },
      HttpMethod: changed ? 'PUT' : 'POST',
      InvocationEndpoint: 'https://example.com',
    },
  },
  Group: { Type: 'AWS::Scheduler::ScheduleGroup', Properties: { Name: 'g' } },
  Schedule: {
    Type: 'AWS::Scheduler::Schedule',
    Properties: {
      Name: 's',
      GroupName: { Ref: 'Group' },
      ScheduleExpression: changed ? 'rate(2 days)' : 'rate(1 day)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      State: 'DISABLED',
      Target: {
        Arn: { 'Fn::GetAtt': ['Queue', 'Arn'] },
        RoleArn: 'arn:aws:iam::000000000000:role/scheduler',
      },
    },
  },
});

function busPolicy(account: string) {
  return {
    Type: 'AWS::Events::EventBusPolicy',
    Properties: {
      EventBusName: { Ref: 'Bus' },
      StatementId: `allow-${account}`,
      Statement: { Effect: 'Allow', Principal: { AWS: account }, Action: 'events:PutEvents', Resource: '*' },
    },
  };
}

/** What the services know, as plain data. */
function known({ services }: EmbeddedAws) {
  const [topic] = services.sns.topics();
  const [subscription] = services.sns.subscriptions();
  const bus = services.events.buses().find(({ name }) => name === 'shop');
  const rule = bus?.rules.get('r');
  const policy = JSON.parse(bus?.policy ?? '{"Statement":[]}') as { Statement: { Sid: string }[] };
  return {
    topic: topic && { ...Object.fromEntries(topic.attributes), stage: topic.tags.get('stage') },
    subscription: subscription && Object.fromEntries(subscription.attributes),
    bus: bus?.description,
    statements: policy.Statement.map(({ Sid }) => Sid),
    rule: rule && [rule.eventPattern, ...rule.targets.keys()],
    schedule: services.scheduler.schedules()[0]?.expression,
  };
}

test('create, update, delete', async () => {
  const { aws, deploy, update, remove } = await setUp();
  const destination = async () =>
    aws.services.events
      .handle('DescribeApiDestination', { Name: 'd' }, { accountId: '', arn: '' })
      .catch(() => undefined);

  await deploy(shop(false));
  expect(known(aws)).toEqual({
    topic: {
      DisplayName: 'before',
      MaximumMessageSize: '1024',
      SQSFailureFeedbackRoleArn: 'arn:aws:iam::000000000000:role/feedback',
      stage: 'a',
    },
    subscription: { FilterPolicy: '{"type":["a"]}' },
    bus: 'a',
    statements: ['allow-111111111111', 'allow-222222222222'],
    rule: ['{"source":["a"]}', 'one'],
    schedule: 'rate(1 day)',
  });
  const [before] = aws.services.sns.subscriptions();

  await update(shop(true));
  expect(known(aws)).toEqual({
    topic: {
      DisplayName: 'after',
      MaximumMessageSize: '262144',
      SQSFailureFeedbackRoleArn: 'arn:aws:iam::000000000000:role/feedback',
      stage: 'b',
    },
    subscription: { FilterPolicy: '{"order":{"type":["b"]}}', FilterPolicyScope: 'MessageBody' },
    bus: 'b',
    statements: ['allow-111111111111'],
    rule: ['{"source":["b"]}', 'two'],
    schedule: 'rate(2 days)',
  });
  expect(aws.services.sns.subscriptions()[0]?.arn).toBe(before?.arn);
  expect(await destination()).toMatchObject({ HttpMethod: 'PUT' });

  await remove();
  expect(known(aws)).toEqual({ statements: [] });
  expect(await destination()).toBeUndefined();
});
