/** What is broken gives an error that says so, or is passed over; it never ends in an error of JavaScript's own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { accessOf, deliveriesOf, excessOf, needsOf } from '../../../lib/access/index.ts';
import { AssemblyError, assemblyOf, messagingOf, readAssembly } from '../../../lib/assembly/index.ts';
import type { Assembly, Template } from '../../../lib/assembly/index.ts';
import { expectDelivery, proveAssembly } from '../../../lib/proofs/index.ts';
import { readTopology } from '../../../lib/topology/index.ts';

const topology = { schemaVersion: '1.1', environment: 'test', events: [], nodes: [], edges: [] };

function assembly(resources: unknown): Assembly {
  const template = { Resources: resources } as Template;
  return assemblyOf([{ stackName: 'Broken', template }], topology);
}

/** Everything that reads an assembly. */
function readAll(broken: Assembly): void {
  const messaging = messagingOf(broken);
  for (const delivery of deliveriesOf(messaging)) accessOf(messaging, delivery);
  needsOf(messaging);
  excessOf(messaging);
  proveAssembly(broken);
}

const TYPES = [
  'AWS::SQS::Queue AWS::SQS::QueuePolicy AWS::SNS::Topic AWS::SNS::TopicPolicy',
  'AWS::SNS::Subscription AWS::Events::EventBus AWS::Events::EventBusPolicy AWS::Events::Rule',
  'AWS::Events::Archive AWS::EventsV2::EventBus AWS::EventsV2::Subscriber',
  'AWS::EventsV2::ResourcePolicy AWS::Lambda::Function AWS::Lambda::Permission',
  'AWS::Lambda::EventSourceMapping AWS::Lambda::EventInvokeConfig AWS::Lambda::Alias',
  'AWS::IAM::Role AWS::IAM::Policy AWS::IAM::ManagedPolicy AWS::IAM::User AWS::KMS::Key',
  'AWS::KMS::Alias AWS::Scheduler::Schedule AWS::Pipes::Pipe AWS::S3::Bucket',
  'AWS::CloudWatch::Alarm AWS::CloudWatch::CompositeAlarm AWS::EC2::FlowLog',
  'AWS::ApiGatewayV2::Route AWS::ApiGateway::Method Custom::S3BucketNotifications',
  'AWS::CloudFormation::Stack Custom::CrossRegionExportWriter Custom::CrossRegionExportReader',
].flatMap((line) => line.split(' '));

/** Properties that the readers look into, each with a value of another kind than they expect. */
const PROPERTIES = [
  'RedrivePolicy RedriveAllowPolicy PolicyDocument KeyPolicy AssumeRolePolicyDocument Policies',
  'Policy Statement FilterPolicy EventPattern Targets Target FilterCriteria Environment',
  'NotificationConfiguration FilterConfiguration InvokeConfiguration RetryPolicy Metrics',
  'Dimensions Queues Topics Roles ManagedPolicyArns AlarmActions DestinationConfig Transformer',
  'StorageConfiguration EncryptionConfiguration Subscription Integration WriterProps FunctionName',
  'Role Arn TopicArn Endpoint Protocol Name EventBusName AlarmRule VpcConfig SourceParameters',
  'Source DeadLetterConfig KmsMasterKeyId Condition Principal',
].flatMap((line) => line.split(' '));

describe('properties of every type', () => {
  test.each<[string, unknown]>([
    ['null', null],
    ['a text', 'x'],
    ['an empty text', ''],
    ['a number', 5],
    ['a list', [null, 1, 'x', {}]],
    ['an empty object', {}],
    ['a list of objects without members', [{}]],
    ['half a policy', { Statement: [{}, { Effect: 'Allow' }, 'x', null] }],
    [
      'a statement that cannot be',
      { Statement: { Effect: 'Allow', Action: 5, Resource: null, Principal: 7 } },
    ],
    [
      'an operator that does not exist',
      {
        Statement: [
          {
            Effect: 'Allow',
            Action: 'sqs:*',
            Resource: '*',
            Principal: '*',
            Condition: { Nope: { a: 'b' } },
          },
        ],
      },
    ],
    ['JSON that is none', '{"Statement": ['],
    ['what only AWS knows', { 'Fn::ImportValue': 'elsewhere' }],
  ])('%s', (_, value) => {
    const properties = Object.fromEntries(PROPERTIES.map((name) => [name, value]));
    const broken = assembly(
      Object.fromEntries(TYPES.map((Type, index) => [`R${index}`, { Type, Properties: properties }])),
    );

    expect(() => readAll(broken)).not.toThrow();
  });

  test('none at all', () => {
    expect(() =>
      readAll(assembly(Object.fromEntries(TYPES.map((Type, index) => [`R${index}`, { Type }])))),
    ).not.toThrow();
  });
});

test.each<[string, unknown]>([
  ['no resources', undefined],
  ['resources that are none', { A: null, B: 'x', C: [], D: 5 }],
  ['a resource without a type', { A: {}, B: { Properties: {} } }],
  ['a type that is no text', { A: { Type: 5 } }],
  ['properties that are none', { A: { Type: 'AWS::SQS::Queue', Properties: 'x' } }],
  ['metadata that is none', { A: { Type: 'AWS::SQS::Queue', Metadata: null } }],
])('%s', (_, resources) => {
  expect(() => readAll(assembly(resources))).not.toThrow();
});

test('a queue policy that cannot be read is told as such, and nothing is guessed', () => {
  const broken = assembly({
    Topic: { Type: 'AWS::SNS::Topic' },
    Queue: { Type: 'AWS::SQS::Queue' },
    Subscription: {
      Type: 'AWS::SNS::Subscription',
      Properties: {
        TopicArn: { Ref: 'Topic' },
        Protocol: 'sqs',
        Endpoint: { 'Fn::GetAtt': ['Queue', 'Arn'] },
      },
    },
    Policy: {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: {
        Queues: [{ Ref: 'Queue' }],
        PolicyDocument: {
          Statement: [
            {
              Effect: 'Allow',
              Principal: '*',
              Action: 'sqs:*',
              Resource: '*',
              Condition: { StringIs: { a: 'b' } },
            },
          ],
        },
      },
    },
  });

  expect(() => expectDelivery(broken).of({ body: {} }).from('Topic').reaches('Queue')).toThrow(
    /WAYBILL_PROOF_UNKNOWN: .* the queue policy of Broken\/Queue cannot be read: the condition operator StringIs does not exist/,
  );
});

test('a trust policy and a permissions boundary that cannot be read', () => {
  const unreadable = {
    Statement: [
      { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*', Condition: { StringIs: { a: 'b' } } },
    ],
  };
  const broken = assembly({
    Boundary: { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument: unreadable } },
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: unreadable,
        PermissionsBoundary: { Ref: 'Boundary' },
        Policies: [{ PolicyDocument: unreadable }],
      },
    },
    Queue: { Type: 'AWS::SQS::Queue' },
    Function: { Type: 'AWS::Lambda::Function', Properties: { Role: { 'Fn::GetAtt': ['Role', 'Arn'] } } },
    Mapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { EventSourceArn: { 'Fn::GetAtt': ['Queue', 'Arn'] }, FunctionName: { Ref: 'Function' } },
    },
  });

  expect(() => readAll(broken)).not.toThrow();
  expect(() => expectDelivery(broken).of({ body: {} }).from('Queue').reaches('Function')).toThrow(
    /the trust policy of Broken\/Role cannot be read: the condition operator StringIs does not exist/,
  );
});

describe('directories', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'waybill-broken-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const manifest = (templateFile: string) =>
    JSON.stringify({
      version: '55.0.0',
      artifacts: { Shop: { type: 'aws:cloudformation:stack', properties: { templateFile } } },
    });
  const codeOf = (): string => {
    try {
      readAssembly(directory);
    } catch (error) {
      expect(error).toBeInstanceOf(AssemblyError);
      expect((error as AssemblyError).message).toContain(directory);
      return (error as AssemblyError).code;
    }
    return 'none';
  };

  test('without an assembly', () => {
    expect(codeOf()).toBe('WAYBILL_ASSEMBLY_NOT_FOUND');
  });

  test.each(['', '{', 'null', '[]', '5', '"x"'])('with the manifest %j', (text) => {
    writeFileSync(join(directory, 'manifest.json'), text);

    expect(codeOf()).toBe('WAYBILL_ASSEMBLY_INVALID');
  });

  test.each([
    ['YAML', 'Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n'],
    ['half of it', '{"Resources": {'],
    ['nothing', ''],
    ['a list', '[]'],
    ['null', 'null'],
  ])('with a template of %s', (_, text) => {
    writeFileSync(join(directory, 'manifest.json'), manifest('Shop.template.json'));
    writeFileSync(join(directory, 'Shop.template.json'), text);

    expect(codeOf()).toBe('WAYBILL_ASSEMBLY_INVALID');
  });

  test('with a template that is not there', () => {
    writeFileSync(join(directory, 'manifest.json'), manifest('Shop.template.json'));

    expect(codeOf()).toBe('WAYBILL_ASSEMBLY_INVALID');
  });

  test('with a topology that is none', () => {
    writeFileSync(join(directory, 'manifest.json'), manifest('Shop.template.json'));
    writeFileSync(join(directory, 'Shop.template.json'), '{}');
    writeFileSync(join(directory, 'waybill.topology.json'), '{"schemaVersion": "9.0"}');

    expect(() => readAssembly(directory)).toThrow(expect.objectContaining({ name: 'TopologyError' }));
    expect(() => readTopology(directory)).toThrow();
  });
});

test('time grows with the number of resources, not with its square', () => {
  const milliseconds = (services: number): number => {
    const made = large(services);
    // Of this process alone: what else the machine does is no part of it.
    const started = process.cpuUsage();
    readAll(made());
    return process.cpuUsage(started).user / 1_000;
  };
  const fastest = (services: number): number =>
    Math.min(...Array.from({ length: 3 }, () => milliseconds(services)));
  // The first run pays for the compiler.
  milliseconds(50);

  const small = fastest(125);
  const large8 = fastest(1_000);

  // 9,000 resources. A square would be 64 times as long.
  expect(large8 / small).toBeLessThan(30);
});

/** Services of nine resources, each referring to others and to another stack. */
function large(services: number): () => Assembly {
  const arn = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] });
  const names = Array.from({ length: services }, (_, index) => `S${index}`);
  const resources = Object.fromEntries(
    names.flatMap((name) => [
      [`${name}Dead`, { Type: 'AWS::SQS::Queue' }],
      [
        `${name}Queue`,
        {
          Type: 'AWS::SQS::Queue',
          Properties: { RedrivePolicy: { deadLetterTargetArn: arn(`${name}Dead`), maxReceiveCount: 3 } },
        },
      ],
      [
        `${name}Policy`,
        {
          Type: 'AWS::SQS::QueuePolicy',
          Properties: {
            Queues: [{ Ref: `${name}Queue` }],
            PolicyDocument: {
              Statement: [
                {
                  Effect: 'Allow',
                  Principal: { Service: 'sns.amazonaws.com' },
                  Action: 'sqs:SendMessage',
                  Resource: arn(`${name}Queue`),
                  Condition: { ArnEquals: { 'aws:SourceArn': { 'Fn::ImportValue': `${name}Topic` } } },
                },
              ],
            },
          },
        },
      ],
      [
        `${name}Subscription`,
        {
          Type: 'AWS::SNS::Subscription',
          Properties: {
            TopicArn: { 'Fn::ImportValue': `${name}Topic` },
            Protocol: 'sqs',
            Endpoint: arn(`${name}Queue`),
          },
        },
      ],
      [
        `${name}Role`,
        {
          Type: 'AWS::IAM::Role',
          Properties: {
            AssumeRolePolicyDocument: {
              Statement: [
                { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } },
              ],
            },
          },
        },
      ],
      [
        `${name}RolePolicy`,
        {
          Type: 'AWS::IAM::Policy',
          Properties: {
            Roles: [{ Ref: `${name}Role` }],
            PolicyDocument: {
              Statement: [
                {
                  Effect: 'Allow',
                  Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
                  Resource: arn(`${name}Queue`),
                },
              ],
            },
          },
        },
      ],
      [`${name}Function`, { Type: 'AWS::Lambda::Function', Properties: { Role: arn(`${name}Role`) } }],
      [
        `${name}Mapping`,
        {
          Type: 'AWS::Lambda::EventSourceMapping',
          Properties: { EventSourceArn: arn(`${name}Queue`), FunctionName: { Ref: `${name}Function` } },
        },
      ],
    ]),
  );
  const topics = Object.fromEntries(names.map((name) => [`${name}Topic`, { Type: 'AWS::SNS::Topic' }]));
  const outputs = Object.fromEntries(
    names.map((name) => [name, { Value: { Ref: `${name}Topic` }, Export: { Name: `${name}Topic` } }]),
  );
  return () =>
    assemblyOf(
      [
        { stackName: 'Topics', template: { Resources: topics, Outputs: outputs } as unknown as Template },
        { stackName: 'Services', template: { Resources: resources } as unknown as Template },
      ],
      topology,
    );
}
