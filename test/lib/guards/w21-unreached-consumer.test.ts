import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { App, Stack } from 'aws-cdk-lib';
import type { CfnRule } from 'aws-cdk-lib/aws-events';
import { describe, expect, test } from '@jest/globals';
import { messagingOf, readAssembly } from '../../../lib/assembly/index.ts';
import type { QueueConsumer } from '../../../lib/constructs/index.ts';
import { unfedConsumer, unreachedConsumer } from '../../../lib/guards/w21-unreached-consumer.ts';
import { busWithReplica } from '../constructs/cross-account/apps.ts';
import { findingsOf, plainStack, template } from './support.ts';
import { only, waybillSystem } from './waybill-system.ts';
import type { MutableResource, MutableResources } from './waybill-system.ts';

const system = waybillSystem();
const QUEUE = ['Ours/Fulfilment/Queue subscriptions and rules'];

/** Of the consumer; the alert topic has none. */
const subscription = (resources: MutableResources): [string, MutableResource] =>
  only(resources, 'AWS::SNS::Subscription', 'Fulfilment');
const rule = (resources: MutableResources) => only(resources, 'AWS::Events::Rule');
const mapping = (resources: MutableResources) =>
  only(resources, 'AWS::Lambda::EventSourceMapping', 'Fulfilment');
const found = (change: (resources: MutableResources) => void) =>
  findingsOf(unreachedConsumer, system.changed(change));

describe('W21 what is declared to be consumed arrives', () => {
  test('as it is: nothing', () => {
    expect(found(() => {})).toEqual([]);
    expect(
      findingsOf(
        unfedConsumer,
        system.changed(() => {}),
      ),
    ).toEqual([]);
  });

  test('the mapping is gone, or switched off', () => {
    expect(found((resources) => delete resources[mapping(resources)[0]])).toEqual([
      'Ours/Fulfilment/Handler/Function AWS::Lambda::EventSourceMapping',
    ]);
    expect(
      found((resources) => {
        mapping(resources)[1].Properties['Enabled'] = false;
      }),
    ).toEqual([expect.stringMatching(/ Enabled$/)]);
  });

  test.each<[string, (resources: MutableResources) => void]>([
    ['the subscription is gone', (resources) => delete resources[subscription(resources)[0]]],
    [
      'it goes elsewhere',
      (resources) => {
        subscription(resources)[1].Properties['Endpoint'] = 'arn:aws:sqs:eu-west-1:111111111111:elsewhere';
      },
    ],
    [
      'its filter leaves the event out, though another gets through',
      (resources) => {
        subscription(resources)[1].Properties['FilterPolicy'] = { eventType: ['OrderCancelled'] };
      },
    ],
    ['the rule is gone', (resources) => delete resources[rule(resources)[0]]],
    [
      'the rule is switched off',
      (resources) => {
        rule(resources)[1].Properties['State'] = 'DISABLED';
      },
    ],
    [
      'the rule has no target',
      (resources) => {
        rule(resources)[1].Properties['Targets'] = [];
      },
    ],
  ])('%s: the queue is found', (_, change) => {
    expect(found(change)).toEqual(QUEUE);
  });

  test('the finding names the event', () => {
    const [finding] = unreachedConsumer.check(
      system.changed((resources) => delete resources[rule(resources)[0]]),
    );

    expect(finding?.received).toBe('no path for StockReserved');
  });

  test('a pipe that feeds the queue: not known', () => {
    expect(
      found((resources) => {
        delete resources[rule(resources)[0]];
        const [queueId] = Object.entries(resources).find(([id]) => /^FulfilmentQueue[0-9A-F]{8}$/.test(id))!;
        resources['Pipe'] = {
          Type: 'AWS::Pipes::Pipe',
          Properties: { Target: { 'Fn::GetAtt': [queueId, 'Arn'] } },
        };
      }),
    ).toEqual([]);
  });

  test('a schedule is gone, switched off, or invokes something else', () => {
    const schedule = (resources: MutableResources) => only(resources, 'AWS::Scheduler::Schedule');
    const gone = ['Ours/Relay/Handler/Function AWS::Scheduler::Schedule'];

    expect(found((resources) => delete resources[schedule(resources)[0]])).toEqual(gone);
    expect(
      found((resources) => {
        (schedule(resources)[1].Properties['Target'] as { Arn: unknown }).Arn =
          'arn:aws:sqs:eu-west-1:111111111111:x';
      }),
    ).toEqual(gone);
    expect(
      found((resources) => {
        schedule(resources)[1].Properties['State'] = 'DISABLED';
      }),
    ).toEqual(['Ours/Relay/Schedule State']);
  });

  test('an endpoint that only AWS knows: nothing', () => {
    expect(
      found((resources) => {
        subscription(resources)[1].Properties['Endpoint'] = { 'Fn::ImportValue': 'queue' };
      }),
    ).toEqual([]);
  });
});

describe('the consumer of a replica that stands by', () => {
  const guards = [unreachedConsumer, unfedConsumer];
  const check = (app: App) => {
    const messaging = messagingOf(readAssembly(app.synth().directory));
    return guards.flatMap((guard) => findingsOf(guard, messaging));
  };

  test('its rule is switched off on purpose: nothing', () => {
    expect(check(busWithReplica())).toEqual([]);
  });

  test('its rule would let nothing through: found', () => {
    const app = busWithReplica();
    const consumer = app.node.findChild('Standby').node.findChild('Billing') as QueueConsumer;
    (consumer.rules[0]!.node.defaultChild as CfnRule).addPropertyOverride('EventPattern.source', ['nobody']);

    expect(check(app)).toEqual(['Standby/Billing/Queue subscriptions and rules']);
  });
});

describe('W21A consumers of any application', () => {
  function worker(stack: Stack): { readonly queue: Queue; readonly fn: IGrantable } {
    const queue = new Queue(stack, 'Queue');
    const fn = new LambdaFunction(stack, 'Worker', {
      runtime: Runtime.NODEJS_22_X,
      handler: 'index.handler',
      code: Code.fromInline('exports.handler = () => {}'),
    });
    fn.addEventSource(new SqsEventSource(queue));
    return { queue, fn };
  }

  test('plain CDK: a queue that nobody may send to; a grant, or a policy, mends it', () => {
    const alone = plainStack((stack) => worker(stack));
    const granted = plainStack((stack) => {
      const { queue } = worker(stack);
      queue.grantSendMessages(
        new LambdaFunction(stack, 'Producer', {
          runtime: Runtime.NODEJS_22_X,
          handler: 'index.handler',
          code: Code.fromInline('exports.handler = () => {}'),
        }),
      );
    });

    expect(findingsOf(unfedConsumer, alone)).toEqual(['Plain/Queue QueuePolicy']);
    expect(findingsOf(unfedConsumer, granted)).toEqual([]);
  });

  const bare = (more: object, properties: object = {}) =>
    template({
      Queue: { Type: 'AWS::SQS::Queue' },
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: {
          EventSourceArn: { 'Fn::GetAtt': ['Queue', 'Arn'] },
          FunctionName: 'any',
          ...properties,
        },
      },
      ...more,
    });
  const arn = { 'Fn::GetAtt': ['Queue', 'Arn'] };

  test.each([
    ['nothing', {}, ['Bare/Queue QueuePolicy']],
    [
      'a queue policy that lets somebody in',
      {
        Policy: {
          Type: 'AWS::SQS::QueuePolicy',
          Properties: {
            Queues: [{ Ref: 'Queue' }],
            PolicyDocument: {
              Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sqs:*', Resource: '*' }],
            },
          },
        },
      },
      [],
    ],
    [
      'a queue policy that only denies',
      {
        Policy: {
          Type: 'AWS::SQS::QueuePolicy',
          Properties: {
            Queues: [{ Ref: 'Queue' }],
            PolicyDocument: {
              Statement: [{ Effect: 'Deny', Principal: '*', Action: 'sqs:*', Resource: '*' }],
            },
          },
        },
      },
      ['Bare/Queue QueuePolicy'],
    ],
    [
      'a role with a managed policy that nobody has read',
      {
        Role: {
          Type: 'AWS::IAM::Role',
          Properties: { ManagedPolicyArns: ['arn:aws:iam::111111111111:policy/theirs'] },
        },
      },
      [],
    ],
    [
      'a subscription',
      { Hop: { Type: 'AWS::SNS::Subscription', Properties: { Protocol: 'sqs', Endpoint: arn } } },
      [],
    ],
    [
      'a subscriber',
      { Hop: { Type: 'AWS::EventsV2::Subscriber', Properties: { InvokeConfiguration: { TargetArn: arn } } } },
      [],
    ],
    [
      'a subscriber whose dead letters it gets',
      { Hop: { Type: 'AWS::EventsV2::Subscriber', Properties: { OnFailureConfiguration: { Arn: arn } } } },
      [],
    ],
    [
      'a queue whose dead letters it gets',
      {
        Source: {
          Type: 'AWS::SQS::Queue',
          Properties: { RedrivePolicy: { deadLetterTargetArn: arn, maxReceiveCount: 5 } },
        },
      },
      [],
    ],
  ])('fed by %s', (_, more, expected) => {
    expect(findingsOf(unfedConsumer, bare(more))).toEqual(expected);
  });

  test('what is switched off; by the clock it is a choice', () => {
    const off = { State: 'DISABLED' };
    const messaging = template({
      Pattern: { Type: 'AWS::Events::Rule', Properties: { ...off, EventPattern: { source: ['orders'] } } },
      Clock: { Type: 'AWS::Events::Rule', Properties: { ...off, ScheduleExpression: 'rate(1 hour)' } },
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: { FunctionName: 'any', Enabled: 'false' },
      },
    });

    expect(findingsOf(unfedConsumer, messaging)).toEqual(['Bare/Pattern State', 'Bare/Mapping Enabled']);
  });

  test('what W21 finds is not found again', () => {
    const messaging = system.changed((resources) => {
      mapping(resources)[1].Properties['Enabled'] = false;
    });

    expect(findingsOf(unfedConsumer, messaging)).toEqual([]);
  });
});
