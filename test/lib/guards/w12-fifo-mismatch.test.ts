import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from '@jest/globals';
import { fifoMismatch } from '../../../lib/guards/w12-fifo-mismatch.ts';
import { findingsOf, plainStack, template } from './support.ts';
import type { BareResources } from './support.ts';

const arn = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] });
const STANDARD = { Type: 'AWS::SQS::Queue' };
const FIFO = { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: true } };
const FIFO_BY_CONTENT = {
  Type: 'AWS::SQS::Queue',
  Properties: { FifoQueue: true, ContentBasedDeduplication: true },
};
const TOPIC = { Type: 'AWS::SNS::Topic' };
const FIFO_TOPIC = { Type: 'AWS::SNS::Topic', Properties: { FifoTopic: true } };
const FUNCTION = { Type: 'AWS::Lambda::Function' };
const found = (resources: BareResources) => findingsOf(fifoMismatch, template(resources));

function subscription(protocol: string, deadLetters?: string) {
  return {
    Type: 'AWS::SNS::Subscription',
    Properties: {
      Protocol: protocol,
      TopicArn: { Ref: 'Topic' },
      Endpoint: protocol === 'sqs' ? arn('Target') : 'arn:aws:lambda:eu-west-1:111111111111:function:any',
      ...(deadLetters === undefined ? {} : { RedrivePolicy: { deadLetterTargetArn: arn(deadLetters) } }),
    },
  };
}

const rule = (target: object) => ({
  Type: 'AWS::Events::Rule',
  Properties: {
    EventPattern: { source: ['orders'] },
    Targets: [{ Id: 'Target', Arn: arn('Target'), ...target }],
  },
});

describe('W12 FIFO and standard fit each other', () => {
  test('plain CDK: a rule to a FIFO queue without content-based deduplication is found', () => {
    const into = (contentBasedDeduplication: boolean) =>
      plainStack((stack) => {
        const queue = new Queue(stack, 'Queue', { fifo: true, contentBasedDeduplication });
        const eventBus = new EventBus(stack, 'Bus');
        new Rule(stack, 'Rule', { eventBus, eventPattern: { source: ['orders'] } }).addTarget(
          new SqsQueue(queue, { messageGroupId: 'all' }),
        );
      });

    expect(findingsOf(fifoMismatch, into(false))).toEqual(['Plain/Queue ContentBasedDeduplication']);
    expect(findingsOf(fifoMismatch, into(true))).toEqual([]);
  });

  test.each([
    ['standard topic, FIFO queue', TOPIC, FIFO, ['Bare/Subscription Endpoint']],
    ['FIFO topic, standard queue', FIFO_TOPIC, STANDARD, []],
    ['FIFO topic, FIFO queue', FIFO_TOPIC, FIFO, []],
    ['standard topic, standard queue', TOPIC, STANDARD, []],
  ])('%s', (_, topic, queue, expected) => {
    expect(found({ Topic: topic, Target: queue, Subscription: subscription('sqs') })).toEqual(expected);
  });

  test('a FIFO topic delivers to queues only', () => {
    expect(found({ Topic: FIFO_TOPIC, Subscription: subscription('lambda') })).toEqual([
      'Bare/Subscription Protocol',
    ]);
    expect(found({ Topic: TOPIC, Subscription: subscription('lambda') })).toEqual([]);
  });

  test.each([
    ['FIFO of a standard topic', TOPIC, FIFO, true],
    ['standard of a FIFO topic', FIFO_TOPIC, STANDARD, true],
    ['standard of a standard topic', TOPIC, STANDARD, false],
    ['FIFO of a FIFO topic', FIFO_TOPIC, FIFO, false],
  ])('the dead-letter queue of a subscription: %s', (_, topic, dead, isFound) => {
    const target = topic === TOPIC ? STANDARD : FIFO;
    expect(
      found({ Topic: topic, Target: target, Dead: dead, Subscription: subscription('sqs', 'Dead') }),
    ).toEqual(isFound ? ['Bare/Subscription RedrivePolicy'] : []);
  });

  test.each([
    ['standard, standard', STANDARD, {}, false],
    ['standard, FIFO', STANDARD, { FifoQueue: true }, true],
    ['FIFO, standard', FIFO, {}, true],
    ['FIFO, FIFO', FIFO, { FifoQueue: 'true' }, false],
  ])('dead-letter queue and source: %s', (_, dead, source, isFound) => {
    const mapping = {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { EventSourceArn: arn('Source') },
    };
    const Source = {
      Type: 'AWS::SQS::Queue',
      Properties: { ...source, RedrivePolicy: { deadLetterTargetArn: arn('Dead'), maxReceiveCount: 5 } },
    };

    expect(found({ Dead: dead, Source, Mapping: mapping })).toEqual(
      isFound ? ['Bare/Source RedrivePolicy'] : [],
    );
    expect(found({ Dead: dead, Source })).toEqual(isFound ? ['Bare/Source RedrivePolicy'] : []);
  });

  test.each([
    [
      'rule',
      { Rule: rule({ DeadLetterConfig: { Arn: arn('Dead') } }) },
      'Rule Targets[Target].DeadLetterConfig',
    ],
    [
      'schedule',
      {
        Schedule: {
          Type: 'AWS::Scheduler::Schedule',
          Properties: { Target: { Arn: arn('Target'), DeadLetterConfig: { Arn: arn('Dead') } } },
        },
      },
      'Schedule Target.DeadLetterConfig',
    ],
    [
      'bus',
      {
        Bus: {
          Type: 'AWS::Events::EventBus',
          Properties: { KmsKeyIdentifier: 'key', DeadLetterConfig: { Arn: arn('Dead') } },
        },
      },
      'Bus DeadLetterConfig',
    ],
  ])('the dead-letter queue of a %s is standard', (_, hop, path) => {
    expect(found({ Target: STANDARD, Dead: FIFO, ...hop })).toEqual([`Bare/${path}`]);
    expect(found({ Target: STANDARD, Dead: STANDARD, ...hop })).toEqual([]);
  });

  test('a rule or schedule cannot deliver to a FIFO topic', () => {
    const Schedule = { Type: 'AWS::Scheduler::Schedule', Properties: { Target: { Arn: { Ref: 'Target' } } } };
    const Rule = {
      Type: 'AWS::Events::Rule',
      Properties: { Targets: [{ Id: 'T', Arn: { Ref: 'Target' } }] },
    };

    expect(found({ Target: FIFO_TOPIC, Rule, Schedule })).toEqual([
      'Bare/Rule target',
      'Bare/Schedule target',
    ]);
    expect(found({ Target: TOPIC, Rule, Schedule })).toEqual([]);
  });

  test('a schedule needs content-based deduplication, too', () => {
    const Schedule = { Type: 'AWS::Scheduler::Schedule', Properties: { Target: { Arn: arn('Target') } } };

    expect(found({ Target: FIFO, Schedule })).toEqual(['Bare/Target ContentBasedDeduplication']);
    expect(found({ Target: FIFO_BY_CONTENT, Schedule })).toEqual([]);
  });

  test('destinations of asynchronous invocations, and its dead-letter queue, are standard', () => {
    const config = (destination: string) => ({
      Type: 'AWS::Lambda::EventInvokeConfig',
      Properties: {
        FunctionName: { Ref: 'Function' },
        DestinationConfig: { [destination]: { Destination: arn('Target') } },
      },
    });
    const Subscription = {
      Type: 'AWS::SNS::Subscription',
      Properties: { Protocol: 'lambda', TopicArn: { Ref: 'Topic' }, Endpoint: arn('Function') },
    };
    const hop = { Function: FUNCTION, Topic: TOPIC, Subscription };

    expect(found({ ...hop, Target: FIFO, Config: config('OnSuccess') })).toEqual(['Bare/Function target']);
    expect(found({ ...hop, Target: FIFO, Config: config('OnFailure') })).toEqual([
      'Bare/Function DeadLetterConfig',
    ]);
    expect(found({ ...hop, Target: STANDARD, Config: config('OnFailure') })).toEqual([]);
  });

  test('a bucket cannot notify what is FIFO', () => {
    const Bucket = {
      Type: 'AWS::S3::Bucket',
      Properties: {
        NotificationConfiguration: { QueueConfigurations: [{ Event: 's3:*', Queue: arn('Target') }] },
      },
    };

    expect(found({ Target: FIFO_BY_CONTENT, Bucket })).toEqual(['Bare/Bucket target']);
    expect(found({ Target: STANDARD, Bucket })).toEqual([]);
  });

  test.each([
    [
      'pipe',
      'AWS::Pipes::Pipe',
      (sqs: object) => ({ Target: arn('Target'), TargetParameters: { SqsQueueParameters: sqs } }),
      'TargetParameters.SqsQueueParameters',
    ],
    [
      'subscriber',
      'AWS::EventsV2::Subscriber',
      (sqs: object) => ({ InvokeConfiguration: { TargetArn: arn('Target'), SqsParameters: sqs } }),
      'InvokeConfiguration.SqsParameters',
    ],
  ])('a %s gives a FIFO queue a group and a deduplication id', (_, Type, properties, property) => {
    const hop = (sqs: object) => ({ Type, Properties: properties(sqs) });
    const both = { MessageGroupId: '$.detail.orderId', MessageDeduplicationId: '$.id' };

    expect(found({ Target: FIFO, Hop: hop(both) })).toEqual([]);
    expect(found({ Target: FIFO_BY_CONTENT, Hop: hop({ MessageGroupId: '$.detail.orderId' }) })).toEqual([]);
    expect(found({ Target: STANDARD, Hop: hop({}) })).toEqual([]);
    expect(found({ Target: FIFO, Hop: hop({}) })).toEqual([
      `Bare/Hop ${property}`,
      'Bare/Target ContentBasedDeduplication',
    ]);
  });

  test('the dead-letter queue of a FIFO subscriber is FIFO', () => {
    const subscriber = (Type: string) => ({
      Type: 'AWS::EventsV2::Subscriber',
      Properties: { Type, OnFailureConfiguration: { Arn: arn('Dead') } },
    });

    expect(found({ Dead: STANDARD, Hop: subscriber('FIFO') })).toEqual(['Bare/Hop OnFailureConfiguration']);
    expect(found({ Dead: FIFO, Hop: subscriber('FIFO') })).toEqual([]);
    expect(found({ Dead: STANDARD, Hop: subscriber('UNORDERED') })).toEqual([]);
  });

  test('what is outside the assembly is not known', () => {
    const outside = {
      Type: 'AWS::SNS::Subscription',
      Properties: {
        Protocol: 'sqs',
        TopicArn: 'arn:aws:sns:eu-west-1:111111111111:theirs',
        Endpoint: arn('Target'),
      },
    };

    expect(found({ Target: FIFO, Subscription: outside })).toEqual([]);
  });
});
