import { App, Duration, Stack } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget, SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Code, EventInvokeConfig, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from '@jest/globals';
import { messagingOf, readAssembly } from '../../../lib/assembly/index.ts';
import { deadLetterQueue } from '../../../lib/guards/d14-dead-letter-queue.ts';
import { deadLetterAlarm } from '../../../lib/guards/d14a-dead-letter-alarm.ts';
import { findingsOf, plainStack, template } from './support.ts';
import type { BareResources } from './support.ts';
import { waybillSystem } from './waybill-system.ts';

const ARN = 'arn:aws:sqs:eu-west-1:111111111111:dead';
const found = (resources: BareResources) => findingsOf(deadLetterQueue, template(resources));
const arn = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] });

function aFunction(stack: Stack, id: string): LambdaFunction {
  return new LambdaFunction(stack, id, {
    runtime: Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = () => {}'),
  });
}

describe('D14 every hop that can fail has a dead-letter queue', () => {
  test('plain CDK, with nothing said: no hop has one', () => {
    const messaging = plainStack((stack) => {
      const queue = new Queue(stack, 'Queue', { visibilityTimeout: Duration.minutes(5) });
      aFunction(stack, 'Worker').addEventSource(new SqsEventSource(queue));
      new Topic(stack, 'Topic').addSubscription(new SqsSubscription(queue));
      const eventBus = new EventBus(stack, 'Bus');
      new Rule(stack, 'Rule', {
        eventBus,
        eventPattern: { source: ['orders'] },
        targets: [new SqsQueue(queue), new LambdaTarget(aFunction(stack, 'Invoked'))],
      });
    });

    expect(findingsOf(deadLetterQueue, messaging)).toEqual(
      [
        'Plain/Queue/PlainTopicAAA9B6D9 RedrivePolicy',
        'Plain/Rule Targets[Target0].DeadLetterConfig',
        'Plain/Rule Targets[Target1].DeadLetterConfig',
        'Plain/Invoked DeadLetterConfig',
        'Plain/Queue RedrivePolicy',
      ].map((path) =>
        path.includes('PlainTopic') ? expect.stringMatching(/^Plain\/Queue\/.*Topic.* RedrivePolicy$/) : path,
      ),
    );
  });

  test('each cites the page of its own service', () => {
    const endpoint = arn('Queue');
    const messaging = template({
      Topic: { Type: 'AWS::SNS::Topic' },
      Queue: { Type: 'AWS::SQS::Queue' },
      Subscription: {
        Type: 'AWS::SNS::Subscription',
        Properties: { Protocol: 'sqs', TopicArn: { Ref: 'Topic' }, Endpoint: endpoint },
      },
      Rule: { Type: 'AWS::Events::Rule', Properties: { Targets: [{ Id: 'Queue', Arn: endpoint }] } },
    });

    expect(
      deadLetterQueue.check(messaging).map(({ resource, source }) => [resource.logicalId, source]),
    ).toEqual([
      ['Subscription', 'sns/latest/dg/sns-dead-letter-queues.html'],
      ['Rule', 'eventbridge/latest/userguide/eb-rule-dlq.html'],
      ['Queue', 'AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html'],
    ]);
  });

  test('plain CDK, with a queue for each, in another stack and polled itself: nothing, also of that queue', () => {
    const app = new App({ analyticsReporting: false, builtinCloudFormationValidation: false });
    const place = { env: { account: '111111111111', region: 'eu-west-1' } };
    const first = new Stack(app, 'First', place);
    const second = new Stack(app, 'Second', place);
    const named = new Queue(first, 'Dead', { queueName: 'dead' });
    aFunction(first, 'Redrive').addEventSource(new SqsEventSource(named));
    const queue = new Queue(second, 'Queue', { deadLetterQueue: { queue: named, maxReceiveCount: 5 } });
    const dead = Queue.fromQueueArn(second, 'Imported', ARN);
    const worker = aFunction(second, 'Worker');
    worker.addEventSource(new SqsEventSource(queue));
    new EventInvokeConfig(second, 'Config', { function: worker, onFailure: new SqsDestination(dead) });
    new Topic(second, 'Topic').addSubscription(new SqsSubscription(queue, { deadLetterQueue: dead }));
    new Rule(second, 'Rule', {
      eventPattern: { source: ['orders'] },
      targets: [
        new SqsQueue(queue, { deadLetterQueue: dead }),
        new LambdaTarget(worker, { deadLetterQueue: dead }),
      ],
    });

    const messaging = messagingOf(readAssembly(app.synth().directory));

    expect(findingsOf(deadLetterQueue, messaging)).toEqual([]);
    expect(messaging.queues).toHaveLength(2);
  });

  test.each<[string, string, object, object, string]>([
    [
      'schedule',
      'AWS::Scheduler::Schedule',
      { Target: {} },
      { Target: { DeadLetterConfig: { Arn: ARN } } },
      'Target.DeadLetterConfig',
    ],
    [
      'subscriber',
      'AWS::EventsV2::Subscriber',
      {},
      { OnFailureConfiguration: { Arn: ARN } },
      'OnFailureConfiguration',
    ],
    [
      'stream mapping',
      'AWS::Lambda::EventSourceMapping',
      { EventSourceArn: 'arn:aws:kinesis:eu-west-1:111111111111:stream/orders' },
      { DestinationConfig: { OnFailure: { Destination: ARN } } },
      'DestinationConfig.OnFailure',
    ],
    [
      'pipe from a stream',
      'AWS::Pipes::Pipe',
      { Source: 'arn:aws:dynamodb:eu-west-1:111111111111:table/orders/stream/1' },
      { SourceParameters: { DynamoDBStreamParameters: { DeadLetterConfig: { Arn: ARN } } } },
      'SourceParameters DeadLetterConfig',
    ],
    [
      'bus with a customer key',
      'AWS::Events::EventBus',
      { KmsKeyIdentifier: 'key' },
      { DeadLetterConfig: { Arn: ARN } },
      'DeadLetterConfig',
    ],
  ])('a %s', (_, Type, without, more, property) => {
    expect(found({ Hop: { Type, Properties: { ...without } } })).toEqual([`Bare/Hop ${property}`]);
    expect(found({ Hop: { Type, Properties: { ...without, ...more } } })).toEqual([]);
  });

  test.each(['sqs', 'lambda', 'firehose', 'https'])('a subscription of %s', (Protocol) => {
    const subscription = (more: object) => ({
      Hop: {
        Type: 'AWS::SNS::Subscription',
        Properties: { Protocol, TopicArn: 'topic', Endpoint: 'any', ...more },
      },
    });

    expect(found(subscription({}))).toEqual(['Bare/Hop RedrivePolicy']);
    expect(found(subscription({ RedrivePolicy: { deadLetterTargetArn: ARN } }))).toEqual([]);
    expect(found(subscription({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn: ARN }) }))).toEqual([]);
    expect(found(subscription({ RedrivePolicy: { 'Fn::ImportValue': 'redrive' } }))).toEqual([]);
  });

  test('e-mail needs none; a subscription within the topic cannot have one', () => {
    const topic = (Protocol: string): BareResources => ({
      Topic: { Type: 'AWS::SNS::Topic', Properties: { Subscription: [{ Protocol, Endpoint: 'any' }] } },
    });

    expect(found(topic('email'))).toEqual([]);
    expect(found(topic('sqs'))).toEqual(['Bare/Topic RedrivePolicy']);
  });

  test.each<[string, BareResources[string]]>([
    [
      'a topic',
      {
        Type: 'AWS::SNS::Subscription',
        Properties: {
          Protocol: 'lambda',
          TopicArn: 't',
          Endpoint: arn('Function'),
          RedrivePolicy: { deadLetterTargetArn: ARN },
        },
      },
    ],
    [
      'a schedule',
      {
        Type: 'AWS::Scheduler::Schedule',
        Properties: { Target: { Arn: arn('Function'), DeadLetterConfig: { Arn: ARN } } },
      },
    ],
    [
      'a bucket',
      {
        Type: 'AWS::S3::Bucket',
        Properties: {
          NotificationConfiguration: { LambdaConfigurations: [{ Event: 's3:*', Function: arn('Function') }] },
        },
      },
    ],
  ])('a function that %s invokes', (_, hop) => {
    const system = (properties: object, more: BareResources = {}): BareResources => ({
      Function: { Type: 'AWS::Lambda::Function', Properties: { ...properties } },
      Hop: hop,
      ...more,
    });
    const config = {
      Type: 'AWS::Lambda::EventInvokeConfig',
      Properties: {
        FunctionName: { Ref: 'Function' },
        DestinationConfig: { OnFailure: { Destination: ARN } },
      },
    };

    expect(found(system({}))).toEqual(['Bare/Function DeadLetterConfig']);
    expect(found(system({ DeadLetterConfig: { TargetArn: ARN } }))).toEqual([]);
    expect(found(system({}, { Config: config }))).toEqual([]);
  });

  test('a function that waits for its answer, a queue that nobody polls, a bus with AWS’s key: nothing', () => {
    expect(
      found({
        Function: { Type: 'AWS::Lambda::Function' },
        Queue: { Type: 'AWS::SQS::Queue' },
        Bus: { Type: 'AWS::Events::EventBus', Properties: { KmsKeyIdentifier: 'alias/aws/events' } },
        Own: { Type: 'AWS::Events::EventBus' },
        Kafka: {
          Type: 'AWS::Pipes::Pipe',
          Properties: { Source: 'arn:aws:kafka:eu-west-1:111111111111:cluster/c/1' },
        },
      }),
    ).toEqual([]);
  });
});

describe('D14A somebody is told of the first message in a dead-letter queue', () => {
  test('plain CDK: no alarm; ours: one of each', () => {
    const alone = plainStack((stack) => {
      const dead = new Queue(stack, 'Dead');
      new Queue(stack, 'Source', { deadLetterQueue: { queue: dead, maxReceiveCount: 5 } });
    });
    const told = plainStack((stack) => {
      const dead = new Queue(stack, 'Dead');
      new Queue(stack, 'Source', { deadLetterQueue: { queue: dead, maxReceiveCount: 5 } });
      dead
        .metricApproximateNumberOfMessagesVisible()
        .createAlarm(stack, 'Alarm', { threshold: 1, evaluationPeriods: 1 })
        .addAlarmAction(new SnsAction(new Topic(stack, 'Alerts')));
    });
    const ours = waybillSystem();

    expect(findingsOf(deadLetterAlarm, alone)).toEqual(['Plain/Dead AWS::CloudWatch::Alarm']);
    expect(findingsOf(deadLetterAlarm, told)).toEqual([]);
    expect(
      findingsOf(
        deadLetterAlarm,
        ours.changed(() => {}),
      ),
    ).toEqual([]);
    const withoutAlarms = ours.changed((resources) => {
      for (const [id, { Type }] of Object.entries(resources))
        if (Type === 'AWS::CloudWatch::Alarm') delete resources[id];
    });
    // Of the consumer, its subscription and its rule; of the relay and its schedule.
    expect(findingsOf(deadLetterAlarm, withoutAlarms)).toHaveLength(5);
  });

  test.each([
    ['GreaterThanThreshold', 0, 'ApproximateNumberOfMessagesVisible', []],
    ['GreaterThanThreshold', 1, 'ApproximateNumberOfMessagesVisible', ['Bare/Alarm Threshold']],
    ['GreaterThanOrEqualToThreshold', 1, 'ApproximateNumberOfMessagesVisible', []],
    ['GreaterThanOrEqualToThreshold', 10, 'ApproximateNumberOfMessagesVisible', ['Bare/Alarm Threshold']],
    ['GreaterThanThreshold', 3600, 'ApproximateAgeOfOldestMessage', []],
    ['GreaterThanThreshold', 0, 'NumberOfMessagesSent', ['Bare/Dead AWS::CloudWatch::Alarm']],
  ])('%s %d of %s', (ComparisonOperator, Threshold, MetricName, expected) => {
    const messaging = template({
      Dead: { Type: 'AWS::SQS::Queue' },
      Subscription: {
        Type: 'AWS::SNS::Subscription',
        Properties: { Protocol: 'sqs', RedrivePolicy: { deadLetterTargetArn: arn('Dead') } },
      },
      Alarm: {
        Type: 'AWS::CloudWatch::Alarm',
        Properties: {
          Namespace: 'AWS/SQS',
          MetricName,
          Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': ['Dead', 'QueueName'] } }],
          ComparisonOperator,
          Threshold,
        },
      },
    });

    expect(findingsOf(deadLetterAlarm, messaging)).toEqual(expected);
  });
});
