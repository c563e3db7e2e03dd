/** Shapes that were first met in other people's applications (docs/other-applications.md), as minimal templates. */
import { describe, expect, test } from '@jest/globals';
import { assemblyOf, messagingOf } from '../../../lib/assembly/index.ts';
import type { Template } from '../../../lib/assembly/index.ts';
import { checkAssembly } from '../../../lib/guards/index.ts';
import type { BareResources } from './support.ts';
import { template } from './support.ts';

/** Rule, logical id and property of what all guards together find, of the rules named. */
function found(resources: BareResources, ...rules: readonly string[]): readonly string[] {
  return foundIn([{ stackName: 'Bare', account: '111111111111', region: 'eu-west-1', resources }], rules);
}

interface Stack {
  readonly stackName: string;
  readonly account?: string;
  readonly region?: string;
  readonly resources: BareResources;
}

function foundIn(stacks: readonly Stack[], rules: readonly string[]): readonly string[] {
  const assembly = assemblyOf(
    stacks.map(({ resources, ...stack }) => ({ ...stack, template: { Resources: resources } as Template })),
  );
  return checkAssembly(assembly)
    .filter(({ guard }) => rules.includes(guard.id))
    .map(({ guard, finding }) => `${guard.id} ${finding.resource.logicalId} ${finding.property}`);
}

const arnOf = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] });
const QUEUE = { Type: 'AWS::SQS::Queue' };
const FUNCTION = { Type: 'AWS::Lambda::Function', Properties: { Role: arnOf('Role') } };

describe('a queue that no mapping polls', () => {
  const rule = {
    Type: 'AWS::Events::Rule',
    Properties: {
      EventPattern: { source: ['shop'] },
      Targets: [{ Id: 'One', Arn: arnOf('Queue'), DeadLetterConfig: { Arn: arnOf('Dead') } }],
    },
  };

  test('a rule fills it, a container polls it: it needs a dead-letter queue', () => {
    expect(found({ Queue: QUEUE, Dead: QUEUE, Rule: rule }, 'D14')).toEqual(['D14 Queue RedrivePolicy']);
  });

  test('it has one, or nothing but code has to do with it: nothing', () => {
    const redrive = { deadLetterTargetArn: arnOf('Dead'), maxReceiveCount: 5 };
    const queue = { ...QUEUE, Properties: { RedrivePolicy: redrive } };

    expect(found({ Queue: queue, Dead: QUEUE, Rule: rule }, 'D14')).toEqual([]);
    expect(found({ Queue: QUEUE }, 'D14')).toEqual([]);
  });
});

describe('a dead-letter queue with a mapping that is switched on by hand for a redrive', () => {
  const mapping = (enabled: boolean) => ({
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: { EventSourceArn: arnOf('Dead'), FunctionName: { Ref: 'Function' }, Enabled: enabled },
  });
  const fn = { ...FUNCTION, Properties: { ...FUNCTION.Properties, Timeout: 900 } };

  test.each([
    ['off: nothing is made visible too early, and nobody waits for it', false, []],
    ['on', true, ['W13 Dead VisibilityTimeout']],
  ])('%s', (_, enabled, expected) => {
    const redrive = { deadLetterTargetArn: arnOf('Dead'), maxReceiveCount: 5 };
    const source = { ...QUEUE, Properties: { RedrivePolicy: redrive } };

    expect(
      found({ Source: source, Dead: QUEUE, Function: fn, Mapping: mapping(enabled) }, 'W13', 'W21A'),
    ).toEqual(expected);
  });

  test('any other mapping that is off is found', () => {
    expect(found({ Dead: QUEUE, Function: fn, Mapping: mapping(false) }, 'W21A')).toContain(
      'W21A Mapping Enabled',
    );
  });
});

describe('a function that incoming mail invokes', () => {
  const receipt = (invocation: object) => ({
    Type: 'AWS::SES::ReceiptRule',
    Properties: {
      Rule: {
        Actions: [{ S3Action: {} }, { LambdaAction: { FunctionArn: arnOf('Function'), ...invocation } }],
      },
    },
  });

  test.each([
    ['by default', {}, ['D14 Function DeadLetterConfig']],
    ['as an event', { InvocationType: 'Event' }, ['D14 Function DeadLetterConfig']],
    ['and waits for', { InvocationType: 'RequestResponse' }, []],
  ])('%s', (_, invocation, expected) => {
    expect(found({ Function: FUNCTION, Mail: receipt(invocation) }, 'D14')).toEqual(expected);
  });
});

describe('the filter of a pipe on a queue', () => {
  const pipe = (properties: object) => ({
    Type: 'AWS::Pipes::Pipe',
    Properties: {
      Source: arnOf('Queue'),
      Target: arnOf('Function'),
      SourceParameters: { FilterCriteria: { Filters: [{ Pattern: '{"body":{"type":["Placed"]}}' }] } },
      ...properties,
    },
  });
  const mapping = {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: { EventSourceArn: arnOf('Queue'), FunctionName: { Ref: 'Function' } },
  };
  const shared = { Queue: QUEUE, Function: FUNCTION };

  test('deletes what does not match', () => {
    expect(found({ ...shared, Pipe: pipe({}) }, 'W17', 'W17A')).toEqual([
      'W17A Pipe SourceParameters.FilterCriteria',
    ]);
  });

  test('beside a mapping, it deletes what that waits for', () => {
    expect(found({ ...shared, Pipe: pipe({}), Mapping: mapping }, 'W17', 'W17A')).toEqual([
      'W17 Pipe SourceParameters.FilterCriteria',
    ]);
  });

  test.each([
    ['stopped', { DesiredState: 'STOPPED' }],
    ['without a filter', { SourceParameters: {} }],
    ['of a stream', { Source: 'arn:aws:kinesis:eu-west-1:111111111111:stream/orders' }],
  ])('%s: nothing', (_, properties) => {
    expect(found({ ...shared, Pipe: pipe(properties) }, 'W17', 'W17A')).toEqual([]);
  });
});

describe('retention of 14 days on both sides', () => {
  const pair = (properties: object) =>
    found(
      {
        Source: {
          ...QUEUE,
          Properties: {
            RedrivePolicy: { deadLetterTargetArn: arnOf('Dead'), maxReceiveCount: 5 },
            ...properties,
          },
        },
        Dead: { ...QUEUE, Properties: { MessageRetentionPeriod: 1_209_600 } },
      },
      'W10',
      'W10A',
    );

  test('there is no more than that, so the source is found, as a warning', () => {
    expect(pair({ MessageRetentionPeriod: 1_209_600 })).toEqual(['W10A Source MessageRetentionPeriod']);
  });

  test('a source of less, and FIFO, where the move starts the clock again: nothing', () => {
    expect(pair({ MessageRetentionPeriod: 1_209_599 })).toEqual([]);
    expect(pair({ MessageRetentionPeriod: 1_209_600, FifoQueue: true })).toEqual([]);
  });
});

describe('a key of a filter policy with dots', () => {
  const subscription = (scope: string, policy: object) =>
    found(
      {
        Subscription: {
          Type: 'AWS::SNS::Subscription',
          Properties: {
            Protocol: 'sqs',
            TopicArn: 'arn:aws:sns:eu-west-1:111111111111:orders',
            Endpoint: 'arn:aws:sqs:eu-west-1:111111111111:orders',
            FilterPolicyScope: scope,
            FilterPolicy: policy,
          },
        },
      },
      'W20',
      'W20A',
    );

  test('is no path into the body', () => {
    const expected = ['W20A Subscription FilterPolicy'];

    expect(subscription('MessageBody', { 'detail.type': ['Placed'] })).toEqual(expected);
    expect(subscription('MessageBody', { detail: { 'a.b': ['Placed'] } })).toEqual(expected);
    expect(subscription('MessageBody', { $or: [{ 'a.b': ['1'] }, { c: ['1'] }] })).toEqual(expected);
  });

  test('may be the name of an attribute; nested keys, and dots in values, are fine', () => {
    expect(subscription('MessageAttributes', { 'detail.type': ['Placed'] })).toEqual([]);
    expect(subscription('MessageBody', { detail: { type: ['order.placed', { prefix: 'a.' }] } })).toEqual([]);
  });
});

describe('a rule that forwards to a bus of another account', () => {
  const rule = (bus: string) => ({
    Type: 'AWS::Events::Rule',
    Properties: {
      EventPattern: { source: ['shop'] },
      Targets: [
        { Id: 'Bus', Arn: `arn:aws:events:eu-west-1:${bus}`, RoleArn: 'arn:aws:iam::111111111111:role/r' },
      ],
    },
  });
  const policy = (name?: string) => ({
    Type: 'AWS::Events::EventBusPolicy',
    Properties: { ...(name === undefined ? {} : { EventBusName: name }), StatementId: 'in', Statement: {} },
  });
  const between = (producer: BareResources, consumer: BareResources) =>
    foundIn(
      [
        { stackName: 'Producer', account: '111111111111', region: 'eu-west-1', resources: producer },
        { stackName: 'Consumer', account: '222222222222', region: 'eu-west-1', resources: consumer },
      ],
      ['W4', 'W7'],
    );
  const toDefault = { Rule: rule('222222222222:event-bus/default') };

  test('its default bus, where only another bus of the account has a policy: warned', () => {
    const bus = { Type: 'AWS::Events::EventBus', Properties: { Name: 'orders' } };

    expect(between(toDefault, { Bus: bus, Policy: policy('orders') })).toEqual([
      'W4 Rule AWS::Events::EventBusPolicy',
    ]);
  });

  test('a policy for it, an account that is none of ours, or no other account: nothing', () => {
    expect(between(toDefault, { Policy: policy() })).toEqual([]);
    expect(between({ Rule: rule('333333333333:event-bus/default') }, {})).toEqual([]);
    expect(between({ Rule: rule('111111111111:event-bus/other') }, {})).toEqual([]);
  });
});

describe('a key whose policy lets an account in by number', () => {
  const decrypts = {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Statement: [
          { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } },
        ],
      },
      Policies: [
        {
          PolicyName: 'poll',
          PolicyDocument: { Statement: [{ Effect: 'Allow', Action: ['sqs:*', 'kms:*'], Resource: '*' }] },
        },
      ],
    },
  };
  const resources = (root: string): BareResources => ({
    Role: decrypts,
    Function: FUNCTION,
    Key: {
      Type: 'AWS::KMS::Key',
      Properties: {
        KeyPolicy: {
          Statement: [{ Effect: 'Allow', Action: 'kms:*', Resource: '*', Principal: { AWS: root } }],
        },
      },
    },
    Queue: { ...QUEUE, Properties: { KmsMasterKeyId: arnOf('Key') } },
    Mapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { EventSourceArn: arnOf('Queue'), FunctionName: { Ref: 'Function' } },
    },
  });
  const OTHER = 'arn:aws:iam::222222222222:root';

  test('a stack that does not say its account may be in it: not known', () => {
    expect(foundIn([{ stackName: 'Anywhere', resources: resources(OTHER) }], ['W2'])).toEqual([]);
    expect(
      foundIn([{ stackName: 'Anywhere', resources: resources('arn:aws:iam::aws:policy/none') }], ['W2']),
    ).toEqual(['W2 Key KeyPolicy']);
  });

  test('a stack that does is not: found', () => {
    expect(found(resources(OTHER), 'W2')).toEqual(['W2 Key KeyPolicy']);
    expect(found(resources('arn:aws:iam::111111111111:root'), 'W2')).toEqual([]);
  });
});

describe('a dead-letter queue of an asynchronous function under a customer key', () => {
  const withActions = (...actions: readonly string[]): BareResources => ({
    Key: {
      Type: 'AWS::KMS::Key',
      Properties: {
        KeyPolicy: {
          Statement: [
            {
              Effect: 'Allow',
              Action: 'kms:*',
              Resource: '*',
              Principal: { AWS: 'arn:aws:iam::111111111111:root' },
            },
          ],
        },
      },
    },
    Dead: { ...QUEUE, Properties: { KmsMasterKeyId: arnOf('Key') } },
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: {
          Statement: [
            { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } },
          ],
        },
        Policies: [
          {
            PolicyName: 'dead',
            PolicyDocument: {
              Statement: [
                { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: arnOf('Dead') },
                { Effect: 'Allow', Action: actions, Resource: arnOf('Key') },
              ],
            },
          },
        ],
      },
    },
    Function: {
      Type: 'AWS::Lambda::Function',
      Properties: { Role: arnOf('Role'), DeadLetterConfig: { TargetArn: arnOf('Dead') } },
    },
  });

  test('the role may encrypt, and not make the data key that a send needs: found', () => {
    expect(found(withActions('kms:Encrypt', 'kms:Decrypt', 'kms:CreateGrant'), 'W2', 'W23')).toEqual([
      'W2 Role Policies',
    ]);
    expect(found(withActions('kms:GenerateDataKey', 'kms:Decrypt'), 'W2', 'W23')).toEqual([]);
  });
});

describe('a state machine at a pipe', () => {
  const ENRICHING = 'arn:aws:states:eu-west-1:111111111111:stateMachine:enriching';
  const TARGET = 'arn:aws:states:eu-west-1:111111111111:stateMachine:target';
  const pipe = (enrichment: string, target: string, invocation?: string) =>
    found(
      {
        Role: {
          Type: 'AWS::IAM::Role',
          Properties: {
            AssumeRolePolicyDocument: {
              Statement: [
                { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'pipes.amazonaws.com' } },
              ],
            },
            Policies: [
              {
                PolicyName: 'pipe',
                PolicyDocument: {
                  Statement: [
                    { Effect: 'Allow', Action: 'kinesis:*', Resource: '*' },
                    { Effect: 'Allow', Action: enrichment, Resource: ENRICHING },
                    { Effect: 'Allow', Action: target, Resource: TARGET },
                  ],
                },
              },
            ],
          },
        },
        Pipe: {
          Type: 'AWS::Pipes::Pipe',
          Properties: {
            Source: 'arn:aws:kinesis:eu-west-1:111111111111:stream/orders',
            Enrichment: ENRICHING,
            Target: TARGET,
            RoleArn: arnOf('Role'),
            ...(invocation === undefined
              ? {}
              : { TargetParameters: { StepFunctionStateMachineParameters: { InvocationType: invocation } } }),
          },
        },
      },
      'W23',
    );
  const [START, SYNC] = ['states:StartExecution', 'states:StartSyncExecution'];

  test.each([
    ['the pipe waits for what enriches, and not for the target', SYNC, START, 'FIRE_AND_FORGET', []],
    ['may not wait for what enriches', START, START, 'FIRE_AND_FORGET', ['W23 Role Policies']],
    ['may only wait for the target', SYNC, SYNC, 'FIRE_AND_FORGET', ['W23 Role Policies']],
    ['waits for the target', SYNC, SYNC, 'REQUEST_RESPONSE', []],
    ['may not wait for the target', SYNC, START, 'REQUEST_RESPONSE', ['W23 Role Policies']],
    ['does not say whether it waits', SYNC, SYNC, undefined, []],
    ['does not say either', SYNC, START, undefined, []],
  ])('%s', (_, enrichment, target, invocation, expected) => {
    expect(pipe(enrichment, target, invocation)).toEqual(expected);
  });
});

describe('publishing to every ARN', () => {
  const role = (service: string, ...actions: readonly string[]): BareResources => ({
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: {
          Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: service } }],
        },
        Policies: [
          {
            PolicyName: 'publish',
            PolicyDocument: { Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }] },
          },
        ],
      },
    },
  });

  test.each([
    ['Cognito texts to phones, which have no ARN', 'cognito-idp.amazonaws.com', ['sns:Publish'], []],
    [
      'and does no more than that',
      'cognito-idp.amazonaws.com',
      ['sns:Publish', 'sqs:SendMessage'],
      ['W22 Role PolicyDocument'],
    ],
    ['a function', 'lambda.amazonaws.com', ['sns:Publish'], ['W22 Role PolicyDocument']],
  ])('%s', (_, service, actions, expected) => {
    expect(found(role(service, ...actions), 'W22')).toEqual(expected);
  });

  test('only of SNS it is said that phones need it', () => {
    const fixesOf = (action: string) =>
      checkAssembly(template(role('lambda.amazonaws.com', action)).assembly)
        .filter(({ guard }) => guard.id === 'W22')
        .map(({ finding }) => finding.fix.includes('phones'));

    expect(fixesOf('sns:Publish')).toEqual([true]);
    expect(fixesOf('events:PutEvents')).toEqual([false]);
  });
});

test('templates are read whatever they hold', () => {
  expect(() =>
    messagingOf(
      assemblyOf([
        {
          stackName: 'Odd',
          template: { Resources: { Mail: { Type: 'AWS::SES::ReceiptRule' } } } as Template,
        },
      ]),
    ),
  ).not.toThrow();
});
