import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { awsUnderTest, deploy } from './assembly-under-test.ts';
import type { AwsUnderTest } from './assembly-under-test.ts';

let it: AwsUnderTest;

beforeEach(async () => {
  it = await awsUnderTest();
});
afterEach(() => it.close());

const queue = (properties: object = {}) => ({ Type: 'AWS::SQS::Queue', Properties: properties });
const inlineFunction = (source: string, properties: object = {}) => ({
  Type: 'AWS::Lambda::Function',
  Properties: {
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Code: { ZipFile: source },
    // The three seconds of one that is told nothing can be too short on a busy machine.
    Timeout: 60,
    ...properties,
  },
});
const attributesOf = (queueName: string) =>
  it.aws.services.sqs.attributes(`arn:aws:sqs:us-east-1:000000000000:${queueName}`);

describe('deploying', () => {
  test('a resource is created before what refers to it, wherever it stands', async () => {
    await deploy(it, {
      Core: {
        template: {
          Resources: {
            Main: queue({
              QueueName: 'main',
              RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 3 },
            }),
            Dead: queue({ QueueName: 'dead', MessageRetentionPeriod: 1_209_600 }),
          },
        },
      },
    });

    expect(JSON.parse(attributesOf('main')['RedrivePolicy'] ?? '')).toEqual({
      deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:dead',
      maxReceiveCount: 3,
    });
    expect(attributesOf('dead')['MessageRetentionPeriod']).toBe('1209600');
  });

  test('names that the template leaves open are the same in every run and fit the service', async () => {
    const { resources } = await deploy(it, {
      Core: { template: { Resources: { A: queue(), B: queue({ FifoQueue: true }) } } },
    });

    const names = resources.map(({ physicalId }) => physicalId.split('/').at(-1));
    expect(names[0]).toMatch(/^Core-A-[0-9a-f]{12}$/);
    expect(names[1]).toMatch(/^Core-B-[0-9a-f]{12}\.fifo$/);
  });

  test('exports, imports and weak references cross stacks', async () => {
    const { stacks } = await deploy(it, {
      Consumer: {
        dependencies: ['Producer'],
        template: {
          Resources: {
            Function: inlineFunction('exports.handler = async () => process.env;', {
              FunctionName: 'consumer',
              Environment: {
                Variables: {
                  STRONG: { 'Fn::ImportValue': 'Producer:QueueArn' },
                  WEAK: {
                    'Fn::GetStackOutput': { StackName: 'Producer', Region: 'us-east-1', OutputName: 'Url' },
                  },
                },
              },
            }),
          },
        },
      },
      Producer: {
        template: {
          Resources: { Queue: queue({ QueueName: 'shared' }) },
          Outputs: {
            Arn: {
              Value: { 'Fn::GetAtt': ['Queue', 'Arn'] },
              Export: { Name: { 'Fn::Sub': '${AWS::StackName}:QueueArn' } },
            },
            Url: { Value: { Ref: 'Queue' } },
          },
        },
      },
    });

    const { payload } = await it.lambda.invoke('consumer', {});

    expect(JSON.parse(payload ?? '')).toMatchObject({
      STRONG: 'arn:aws:sqs:us-east-1:000000000000:shared',
      WEAK: `${it.aws.endpointUrl}/000000000000/shared`,
    });
    expect(stacks.map(({ name }) => name)).toEqual(['Producer', 'Consumer']);
  });

  test('conditions leave out resources, properties and outputs', async () => {
    const { resources, stacks } = await deploy(it, {
      Core: {
        template: {
          Parameters: { Environment: { Type: 'String', Default: 'local' } },
          Mappings: { Delay: { local: { seconds: 0 }, prod: { seconds: 5 } } },
          Conditions: { IsProd: { 'Fn::Equals': [{ Ref: 'Environment' }, 'prod'] } },
          Resources: {
            Always: queue({
              QueueName: { 'Fn::If': ['IsProd', 'for-prod', { Ref: 'AWS::NoValue' }] },
              DelaySeconds: { 'Fn::FindInMap': ['Delay', { Ref: 'Environment' }, 'seconds'] },
            }),
            OnlyProd: { ...queue(), Condition: 'IsProd' },
          },
          Outputs: {
            Shown: { Value: 'yes' },
            Hidden: { Value: { Ref: 'OnlyProd' }, Condition: 'IsProd' },
          },
        },
      },
    });

    expect(resources.map(({ logicalId }) => logicalId)).toEqual(['Always']);
    expect(stacks[0]?.outputs).toEqual({ Shown: 'yes' });
  });

  test('what refers to a resource that cannot run gets a made-up value', async () => {
    const { stacks } = await deploy(it, {
      Core: {
        template: {
          Resources: { Stream: { Type: 'AWS::KinesisFirehose::DeliveryStream', Properties: {} } },
          Outputs: {
            Name: { Value: { Ref: 'Stream' } },
            Arn: { Value: { 'Fn::GetAtt': ['Stream', 'Arn'] } },
            Shards: { Value: { 'Fn::GetAtt': ['Stream', 'Shards'] } },
          },
        },
      },
    });

    expect(stacks[0]?.outputs).toEqual({
      Name: 'Stream',
      Arn: 'arn:aws:kinesisfirehose:us-east-1:000000000000:Stream',
      Shards: 'Stream-Shards',
    });
  });

  test('a resource that cannot run does not stop the others', async () => {
    const { notRun, inert, ignoredProperties, resources } = await deploy(it, {
      Core: {
        template: {
          Resources: {
            Stream: { Type: 'AWS::KinesisFirehose::DeliveryStream', Properties: {} },
            Python: {
              Type: 'AWS::Lambda::Function',
              Properties: { Runtime: 'python3.13', Handler: 'a.b', Code: { ZipFile: '' } },
            },
            Network: { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: '10.0.0.0/16' } },
            Odd: queue({ QueueName: 'odd', NewProperty: 1, Tags: [] }),
            Cdk: { Type: 'AWS::CDK::Metadata', Properties: {} },
          },
        },
      },
    });

    expect(notRun).toEqual([
      {
        stack: 'Core',
        logicalId: 'Stream',
        type: 'AWS::KinesisFirehose::DeliveryStream',
        reason: 'the embedded AWS has no such service yet',
      },
      {
        stack: 'Core',
        logicalId: 'Python',
        type: 'AWS::Lambda::Function',
        reason: 'only Node.js functions run here, not python3.13',
      },
    ]);
    expect(inert).toEqual([expect.objectContaining({ logicalId: 'Network' })]);
    expect(ignoredProperties).toEqual([
      { stack: 'Core', logicalId: 'Odd', type: 'AWS::SQS::Queue', property: 'NewProperty' },
    ]);
    expect(resources.map(({ logicalId }) => logicalId)).toEqual(['Network', 'Odd']);
  });

  test('network ACLs are taken, and have no effect on one machine', async () => {
    const reference = (Ref: string) => ({ Ref });
    const { inert, notRun } = await deploy(it, {
      Core: {
        template: {
          Resources: {
            Vpc: { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: '10.0.0.0/16' } },
            Subnet: { Type: 'AWS::EC2::Subnet', Properties: { VpcId: reference('Vpc') } },
            Acl: { Type: 'AWS::EC2::NetworkAcl', Properties: { VpcId: reference('Vpc') } },
            Entry: {
              Type: 'AWS::EC2::NetworkAclEntry',
              Properties: { NetworkAclId: reference('Acl'), RuleNumber: 100, Protocol: 6 },
            },
            Association: {
              Type: 'AWS::EC2::SubnetNetworkAclAssociation',
              Properties: { NetworkAclId: reference('Acl'), SubnetId: reference('Subnet') },
            },
          },
        },
      },
    });

    expect(notRun).toEqual([]);
    expect(inert.map(({ logicalId }) => logicalId)).toEqual(['Vpc', 'Subnet', 'Acl', 'Entry', 'Association']);
  });
});

describe('refusals', () => {
  test('a cycle is told by its path', async () => {
    const policy = (target: string) => ({
      deadLetterTargetArn: { 'Fn::GetAtt': [target, 'Arn'] },
      maxReceiveCount: 3,
    });
    const deployment = deploy(it, {
      Core: {
        template: {
          Resources: { A: queue({ RedrivePolicy: policy('B') }), B: queue({ RedrivePolicy: policy('A') }) },
        },
      },
    });

    await expect(deployment).rejects.toMatchObject({ code: 'WAYBILL_TEMPLATE_CYCLE' });
    await expect(deployment).rejects.toThrow('A -> B -> A');
  });

  test.each([
    ['a missing resource', { Ref: 'Nobody' }, 'the resource Nobody'],
    ['a missing export', { 'Fn::ImportValue': 'Nothing' }, 'the export Nothing'],
    [
      'a missing stack output',
      { 'Fn::GetStackOutput': { StackName: 'X', OutputName: 'Y' } },
      'the stack output X.Y',
    ],
    [
      'an attribute that does not exist',
      { 'Fn::GetAtt': ['Other', 'Colour'] },
      'the attribute Colour of Other',
    ],
  ])('%s names the place and the thing', async (_name, value, message) => {
    const deployment = deploy(it, {
      Core: { template: { Resources: { Q: queue({ QueueName: value }), Other: queue() } } },
    });

    await expect(deployment).rejects.toThrow('Core.Resources.Q.Properties.QueueName');
    await expect(deployment).rejects.toThrow(message);
  });

  test('what a service refuses names the resource and keeps the reason', async () => {
    const deployment = deploy(it, {
      Core: { template: { Resources: { Bad: queue({ QueueName: 'bad name!' }) } } },
    });

    await expect(deployment).rejects.toMatchObject({ code: 'WAYBILL_RESOURCE_FAILED' });
    await expect(deployment).rejects.toThrow('AWS::SQS::Queue Bad of the stack Core could not be created');
  });

  test('a parameter without a value is named', async () => {
    const deployment = deploy(it, {
      Core: {
        template: {
          Parameters: { Size: { Type: 'Number' } },
          Resources: { Q: queue({ DelaySeconds: { Ref: 'Size' } }) },
        },
      },
    });

    await expect(deployment).rejects.toThrow('The parameter Size of the stack Core has no value');
  });

  test('a transform is refused by name', async () => {
    const deployment = deploy(it, { Core: { template: { Transform: 'AWS::Serverless-2016-10-31' } } });

    await expect(deployment).rejects.toThrow('AWS::Serverless-2016-10-31');
  });
});

describe('custom resources', () => {
  const custom = (properties: object = {}) => ({
    Type: 'Custom::Migration',
    Properties: {
      ServiceToken: { 'Fn::GetAtt': ['Handler', 'Arn'] },
      Count: 3,
      Enabled: true,
      ...properties,
    },
  });
  const answering = (body: string, client: 'https' | 'fetch') =>
    client === 'fetch'
      ? `export const handler = async (event) => {
           const answer = ${body};
           await fetch(event.ResponseURL, { method: 'PUT', body: JSON.stringify(answer) });
         };`
      : `const https = require('https');
         exports.handler = async (event) => {
           const answer = ${body};
           const { hostname, pathname } = new URL(event.ResponseURL);
           await new Promise((resolve, reject) => {
             const request = https.request({ hostname, path: pathname, method: 'PUT' }, (response) => { response.resume(); response.on('end', resolve); });
             request.on('error', reject);
             request.end(JSON.stringify(answer));
           });
         };`;
  const stackOf = (source: string, properties: object = {}) => ({
    Core: {
      template: {
        Resources: { Handler: inlineFunction(source), Migration: custom(properties) },
        Outputs: {
          Version: { Value: { 'Fn::GetAtt': ['Migration', 'Version'] } },
          Id: { Value: { Ref: 'Migration' } },
        },
      },
    },
  });

  test.each(['https', 'fetch'] as const)(
    'the function’s answer over %s becomes its attributes',
    async (client) => {
      const body = `{ Status: 'SUCCESS', PhysicalResourceId: 'migration-1', Data: { Version: [event.RequestType, event.LogicalResourceId, event.ResourceProperties.Count === '3', event.ResourceProperties.Enabled].join(' ') } }`;

      const { stacks } = await deploy(it, stackOf(answering(body, client)));

      expect(stacks[0]?.outputs).toEqual({ Version: 'Create Migration true true', Id: 'migration-1' });
    },
  );

  test('a failure says the reason the function gave', async () => {
    const deployment = deploy(
      it,
      stackOf(answering(`{ Status: 'FAILED', Reason: 'the table is locked' }`, 'fetch')),
    );

    await expect(deployment).rejects.toMatchObject({ code: 'WAYBILL_CUSTOM_RESOURCE_FAILED' });
    await expect(deployment).rejects.toThrow(
      'Migration (Custom::Migration) of Core failed: the table is locked',
    );
  });

  test('a function that throws fails at once', async () => {
    await expect(
      deploy(it, stackOf('exports.handler = async () => { throw new Error("no database"); };')),
    ).rejects.toThrow('failed: no database');
  });

  test('a function that never answers fails after the service timeout', async () => {
    await expect(
      deploy(it, stackOf('exports.handler = async () => {};', { ServiceTimeout: 1 })),
    ).rejects.toThrow('no response came within 1 seconds');
  });
});

describe('HTTP APIs', () => {
  test('a request reaches the function behind its route', async () => {
    const { records } = await deploy(it, {
      Core: {
        template: {
          Resources: {
            Handler: inlineFunction(
              `exports.handler = async (event) => ({ statusCode: 202, headers: { 'X-Seen': event.routeKey }, body: JSON.stringify([event.pathParameters.source, event.body, event.rawPath]) });`,
            ),
            Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'webhooks', ProtocolType: 'HTTP' } },
            Stage: {
              Type: 'AWS::ApiGatewayV2::Stage',
              Properties: { ApiId: { Ref: 'Api' }, StageName: '$default', AutoDeploy: true },
            },
            Integration: {
              Type: 'AWS::ApiGatewayV2::Integration',
              Properties: {
                ApiId: { Ref: 'Api' },
                IntegrationType: 'AWS_PROXY',
                IntegrationUri: { 'Fn::GetAtt': ['Handler', 'Arn'] },
                PayloadFormatVersion: '2.0',
              },
            },
            Route: {
              Type: 'AWS::ApiGatewayV2::Route',
              Properties: {
                ApiId: { Ref: 'Api' },
                RouteKey: 'POST /webhooks/{source}',
                Target: { 'Fn::Join': ['', ['integrations/', { Ref: 'Integration' }]] },
              },
            },
          },
        },
      },
    });
    const url = records.apis[0]?.url ?? '';

    const response = await fetch(`${url}/webhooks/github`, {
      method: 'POST',
      body: '{"a":1}',
      headers: { 'content-type': 'application/json' },
    });

    expect(response.status).toBe(202);
    expect(response.headers.get('x-seen')).toBe('POST /webhooks/{source}');
    expect(await response.json()).toEqual(['github', '{"a":1}', '/webhooks/github']);
    expect((await fetch(`${url}/other`)).status).toBe(404);
  });
});
