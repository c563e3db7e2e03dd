/** Policies of templates are enforced: a missing grant fails here as it would in AWS, and names what is missing. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Happening } from '../../../local/aws/index.ts';
import { awsUnderTest, deploy, type AwsUnderTest } from './assembly-under-test.ts';

type Resources = Readonly<Record<string, { readonly Type: string; readonly Properties?: object }>>;

const ACCOUNT = '000000000000';
const queueArn = (name: string) => `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`;
const topicArn = `arn:aws:sns:us-east-1:${ACCOUNT}:orders`;

let underTest: AwsUnderTest;
let denied: Happening[];

beforeEach(async () => {
  underTest = await awsUnderTest({ port: 0, policies: 'enforced' });
  denied = [];
  underTest.aws.context.events.observe((happening) => {
    if (happening.kind === 'denied') denied.push(happening);
  });
});
afterEach(() => underTest.close());

const policy = (...statements: readonly object[]) => ({ Version: '2012-10-17', Statement: statements });
const received = (name: string) => underTest.aws.services.sqs.messages(queueArn(name)).length;
const deployResources = (resources: Resources, assets = {}) =>
  deploy(underTest, { app: { template: { Resources: resources }, assets } });

async function publish(): Promise<void> {
  await underTest.aws.services.sns.publish({ TopicArn: topicArn, Message: 'm' });
  await new Promise((resolve) => setImmediate(resolve));
}

describe('a topic and its queue', () => {
  const mayDeliver = (queue: string) => ({
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: { 'Fn::GetAtt': [queue, 'Arn'] },
    Condition: { ArnEquals: { 'aws:SourceArn': { Ref: 'Topic' } } },
  });
  const system = (queueProperties: object, ...statements: readonly object[]): Resources => ({
    Topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'orders' } },
    Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'orders', ...queueProperties } },
    Letters: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'letters' } },
    LettersPolicy: {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: { Queues: [{ Ref: 'Letters' }], PolicyDocument: policy(mayDeliver('Letters')) },
    },
    ...(statements.length > 0 && {
      QueuePolicy: {
        Type: 'AWS::SQS::QueuePolicy',
        Properties: { Queues: [{ Ref: 'Queue' }], PolicyDocument: policy(...statements) },
      },
    }),
    Subscription: {
      Type: 'AWS::SNS::Subscription',
      Properties: {
        TopicArn: { Ref: 'Topic' },
        Protocol: 'sqs',
        Endpoint: { 'Fn::GetAtt': ['Queue', 'Arn'] },
        RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Letters', 'Arn'] } },
      },
    },
  });

  test('with the queue policy the message arrives', async () => {
    await deployResources(system({}, mayDeliver('Queue')));

    await publish();

    expect([received('orders'), received('letters')]).toEqual([1, 0]);
    expect(denied).toEqual([]);
  });

  test('without it the message is dead-lettered, and the denial holds the statement to add', async () => {
    await deployResources(system({}));

    await publish();

    expect([received('orders'), received('letters')]).toEqual([0, 1]);
    expect(denied).toHaveLength(1);
    expect(denied[0]?.detail?.['policy']).toBe(`the policy of the queue ${queueArn('orders')}`);
    expect(JSON.parse(String(denied[0]?.detail?.['statement']))).toEqual({
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: queueArn('orders'),
      Condition: { ArnEquals: { 'aws:SourceArn': topicArn } },
    });
  });

  test('a key policy without the topic denies the delivery into an encrypted queue', async () => {
    const rootStatement = {
      Effect: 'Allow',
      Principal: { AWS: { 'Fn::Sub': 'arn:${AWS::Partition}:iam::${AWS::AccountId}:root' } },
      Action: 'kms:*',
      Resource: '*',
    };
    const key = (...statements: readonly object[]) => ({
      Key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: policy(rootStatement, ...statements) } },
    });
    const encrypted = { KmsMasterKeyId: { 'Fn::GetAtt': ['Key', 'Arn'] } };

    await deployResources({ ...system(encrypted, mayDeliver('Queue')), ...key() });
    await publish();

    expect([received('orders'), received('letters')]).toEqual([0, 1]);
    expect(denied[0]?.detail).toMatchObject({
      action: 'kms:GenerateDataKey',
      principal: 'sns.amazonaws.com',
      policy: expect.stringMatching(/^the policy of the key arn:aws:kms:/),
    });
  });

  test('with the key granted too it arrives', async () => {
    const forTopic = {
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: '*',
    };
    const encrypted = { KmsMasterKeyId: { 'Fn::GetAtt': ['Key', 'Arn'] } };
    const keyPolicy = policy(forTopic);

    await deployResources({
      ...system(encrypted, mayDeliver('Queue')),
      Key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: keyPolicy } },
    });
    await publish();

    expect(received('orders')).toBe(1);
  });
});

describe('a function', () => {
  // Speaks SQS's protocol by hand: the test is about whose key it signs with.
  const CODE = `
    exports.handler = async ({ queueUrl }) => {
      const response = await fetch(process.env.AWS_ENDPOINT_URL, {
        method: 'POST',
        headers: {
          'x-amz-target': 'AmazonSQS.SendMessage',
          'content-type': 'application/x-amz-json-1.0',
          authorization: 'AWS4-HMAC-SHA256 Credential=' + process.env.AWS_ACCESS_KEY_ID +
            '/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0',
        },
        body: JSON.stringify({ QueueUrl: queueUrl, MessageBody: 'm' }),
      });
      return { status: response.status, answer: await response.json() };
    };`;
  const system = (...statements: readonly object[]): Resources => ({
    Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'orders' } },
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        RoleName: 'sender',
        AssumeRolePolicyDocument: policy({
          Effect: 'Allow',
          Principal: { Service: 'lambda.amazonaws.com' },
          Action: 'sts:AssumeRole',
        }),
        ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'],
      },
    },
    ...(statements.length > 0 && {
      RolePolicy: {
        Type: 'AWS::IAM::Policy',
        Properties: { PolicyName: 'grants', Roles: [{ Ref: 'Role' }], PolicyDocument: policy(...statements) },
      },
    }),
    Function: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        FunctionName: 'sender',
        Runtime: 'nodejs24.x',
        // Not the 3 seconds of AWS: a machine can be slow.
        Timeout: 60,
        Handler: 'index.handler',
        Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
        Code: { ZipFile: CODE },
      },
    },
  });
  const mayAsQueue = (...actions: readonly string[]) => ({
    Effect: 'Allow',
    Action: actions,
    Resource: { 'Fn::GetAtt': ['Queue', 'Arn'] },
  });
  const invoke = async () => {
    const queueUrl = underTest.aws.services.sqs.queueUrl(queueArn('orders'));
    const { payload } = await underTest.lambda.invoke('sender', { queueUrl });
    return JSON.parse(payload ?? 'null') as { status: number; answer: Record<string, string> };
  };

  test('without sqs:SendMessage in its role, its call is AccessDenied', async () => {
    await deployResources(system());

    const { status, answer } = await invoke();

    expect(status).toBe(403);
    expect(answer['__type']).toBe('com.amazon.coral.service#AccessDeniedException');
    expect(answer['message']).toBe(
      `User: arn:aws:sts::${ACCOUNT}:assumed-role/sender/sender is not authorized to perform: sqs:sendmessage on resource: ${queueArn('orders')} because no identity-based policy allows the sqs:sendmessage action`,
    );
    expect(denied[0]?.detail).toMatchObject({
      policy: 'a policy of the role sender',
      statement: JSON.stringify({ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: queueArn('orders') }),
    });
  });

  test('with it, the message is sent', async () => {
    await deployResources(system(mayAsQueue('sqs:SendMessage')));

    expect((await invoke()).status).toBe(200);
    expect(received('orders')).toBe(1);
  });

  test('a topic invokes it only with a permission', async () => {
    const topic: Resources = {
      Topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'orders' } },
      Subscription: {
        Type: 'AWS::SNS::Subscription',
        Properties: {
          TopicArn: { Ref: 'Topic' },
          Protocol: 'lambda',
          Endpoint: { 'Fn::GetAtt': ['Function', 'Arn'] },
        },
      },
    };
    await deployResources({ ...system(), ...topic });

    await publish();

    expect(denied[0]?.detail).toMatchObject({
      action: 'lambda:InvokeFunction',
      principal: 'sns.amazonaws.com',
      reason: expect.stringContaining('no resource-based policy allows the lambda:InvokeFunction action'),
    });
  });

  test('and with the permission of the template it does', async () => {
    await deployResources({
      ...system(),
      Topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'orders' } },
      Permission: {
        Type: 'AWS::Lambda::Permission',
        Properties: {
          FunctionName: { 'Fn::GetAtt': ['Function', 'Arn'] },
          Action: 'lambda:InvokeFunction',
          Principal: 'sns.amazonaws.com',
          SourceArn: { Ref: 'Topic' },
        },
      },
      Subscription: {
        Type: 'AWS::SNS::Subscription',
        Properties: {
          TopicArn: { Ref: 'Topic' },
          Protocol: 'lambda',
          Endpoint: { 'Fn::GetAtt': ['Function', 'Arn'] },
        },
      },
    });

    await publish();

    expect(denied.filter(({ service }) => service === 'lambda')).toEqual([]);
  });
});

describe('an HTTP API', () => {
  const system = (permission: Resources): Resources => ({
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: policy({
          Effect: 'Allow',
          Principal: { Service: 'lambda.amazonaws.com' },
          Action: 'sts:AssumeRole',
        }),
      },
    },
    Function: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        FunctionName: 'hello',
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Timeout: 60,
        Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
        Code: { ZipFile: 'exports.handler = async () => ({ statusCode: 200, body: "hello" });' },
      },
    },
    Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'api', ProtocolType: 'HTTP' } },
    Integration: {
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: {
        ApiId: { Ref: 'Api' },
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: { 'Fn::GetAtt': ['Function', 'Arn'] },
        PayloadFormatVersion: '2.0',
      },
    },
    Route: {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: {
        ApiId: { Ref: 'Api' },
        RouteKey: 'GET /hello',
        Target: { 'Fn::Join': ['/', ['integrations', { Ref: 'Integration' }]] },
      },
    },
    Stage: { Type: 'AWS::ApiGatewayV2::Stage', Properties: { ApiId: { Ref: 'Api' }, StageName: '$default' } },
    ...permission,
  });
  const permission = (path: string): Resources => ({
    Permission: {
      Type: 'AWS::Lambda::Permission',
      Properties: {
        FunctionName: { Ref: 'Function' },
        Action: 'lambda:InvokeFunction',
        Principal: 'apigateway.amazonaws.com',
        SourceArn: {
          'Fn::Sub': `arn:aws:execute-api:\${AWS::Region}:\${AWS::AccountId}:\${Api}/*/*/${path}`,
        },
      },
    },
  });
  const get = async (resources: Resources) => {
    const { records } = await deployResources(resources);
    return fetch(`${records.apis[0]?.url}/hello`);
  };

  test('calls its function with the permission for the route', async () => {
    expect((await get(system(permission('hello')))).status).toBe(200);
  });

  test.each([
    ['without a permission', {}],
    ['with a permission for another route', permission('goodbye')],
  ])('%s it answers 500, and the denial names the permission', async (_name, given) => {
    expect((await get(system(given))).status).toBe(500);
    expect(denied[0]?.detail).toMatchObject({
      action: 'lambda:InvokeFunction',
      principal: 'apigateway.amazonaws.com',
      sourceArn: expect.stringMatching(/^arn:aws:execute-api:.*\/GET\/hello$/),
    });
  });
});

describe('a changed template', () => {
  const TOPIC = { Topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'orders' } } };
  const base: Resources = {
    ...TOPIC,
    Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'orders' } },
    Subscription: {
      Type: 'AWS::SNS::Subscription',
      Properties: {
        TopicArn: { Ref: 'Topic' },
        Protocol: 'sqs',
        Endpoint: { 'Fn::GetAtt': ['Queue', 'Arn'] },
      },
    },
  };
  const queuePolicy = (service: string): Resources => ({
    QueuePolicy: {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: {
        Queues: [{ Ref: 'Queue' }],
        PolicyDocument: policy({
          Effect: 'Allow',
          Principal: { Service: service },
          Action: 'sqs:SendMessage',
          Resource: '*',
        }),
      },
    },
  });

  test('its queue policy counts from then on, and is gone with its resource', async () => {
    await deployResources({ ...base, ...queuePolicy('events.amazonaws.com') });
    await publish();
    expect(received('orders')).toBe(0);

    await deployResources({ ...base, ...queuePolicy('sns.amazonaws.com') });
    await publish();
    expect(received('orders')).toBe(1);

    await deployResources(base);
    await publish();
    expect(received('orders')).toBe(1);
    expect(denied).toHaveLength(2);
  });

  test('its roles keep the policies that other resources put into them', async () => {
    const role = (actions: string) => ({
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: {
          RoleName: 'worker',
          AssumeRolePolicyDocument: policy({
            Effect: 'Allow',
            Principal: { Service: 'lambda.amazonaws.com' },
            Action: 'sts:AssumeRole',
          }),
          Policies: [
            {
              PolicyName: 'own',
              PolicyDocument: policy({ Effect: 'Allow', Action: actions, Resource: '*' }),
            },
          ],
        },
      },
    });
    const other = (actions: string) => ({
      RolePolicy: {
        Type: 'AWS::IAM::Policy',
        Properties: {
          PolicyName: 'other',
          Roles: [{ Ref: 'Role' }],
          PolicyDocument: policy({ Effect: 'Allow', Action: actions, Resource: '*' }),
        },
      },
    });
    const inline = () => underTest.aws.services.iam.findRole('worker')?.inlinePolicies ?? {};

    await deployResources({ ...role('sqs:*'), ...other('sns:*') });
    await deployResources({ ...role('sqs:SendMessage'), ...other('sns:*') });
    expect(Object.keys(inline()).toSorted()).toEqual(['other', 'own']);
    expect(inline()['own']).toContain('sqs:SendMessage');

    await deployResources({ ...role('sqs:SendMessage'), ...other('sns:Publish') });
    expect(inline()['other']).toContain('sns:Publish');

    await deployResources(role('sqs:SendMessage'));
    expect(Object.keys(inline())).toEqual(['own']);

    await deployResources({});
    expect(underTest.aws.services.iam.findRole('worker')).toBeUndefined();
  });
});
