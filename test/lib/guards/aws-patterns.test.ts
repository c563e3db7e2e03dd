/** Plain CDK as AWS documents it, in one stack and across two: the rules about permissions have nothing to say. */
import { Duration, SecretValue } from 'aws-cdk-lib';
import type { Stack } from 'aws-cdk-lib';
import { Alarm, CompositeAlarm, AlarmRule, AlarmState, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaAction, SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { AttributeType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import {
  ApiDestination,
  Authorization,
  Connection,
  EventBus,
  HttpMethod,
  Rule,
  Schedule,
} from 'aws-cdk-lib/aws-events';
import {
  ApiDestination as CallApi,
  CloudWatchLogGroup,
  EventBus as ToBus,
  KinesisStream,
  LambdaFunction,
  SfnStateMachine,
  SnsTopic,
  SqsQueue,
} from 'aws-cdk-lib/aws-events-targets';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Stream } from 'aws-cdk-lib/aws-kinesis';
import { Alias, Code, Function, Runtime, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import {
  EventBridgeDestination,
  LambdaDestination,
  SnsDestination,
  SqsDestination,
} from 'aws-cdk-lib/aws-lambda-destinations';
import {
  DynamoEventSource,
  KinesisEventSource,
  SqsDlq,
  SqsEventSource,
} from 'aws-cdk-lib/aws-lambda-event-sources';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Bucket, EventType } from 'aws-cdk-lib/aws-s3';
import {
  LambdaDestination as S3ToFunction,
  SnsDestination as S3ToTopic,
  SqsDestination as S3ToQueue,
} from 'aws-cdk-lib/aws-s3-notifications';
import { Schedule as Timer, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import {
  LambdaInvoke,
  SnsPublish,
  SqsSendMessage,
  StepFunctionsStartExecution,
} from 'aws-cdk-lib/aws-scheduler-targets';
import { Topic } from 'aws-cdk-lib/aws-sns';
import {
  EmailSubscription,
  LambdaSubscription,
  SqsSubscription,
  UrlSubscription,
} from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { DefinitionBody, Pass, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { describe, expect, test } from '@jest/globals';
import { accessOf, deliveriesOf } from '../../../lib/access/index.ts';
import type { Messaging } from '../../../lib/assembly/index.ts';
import { found, HERE, twoStacks } from './plain-cdk.ts';
import type { Place } from './plain-cdk.ts';

const eventPattern = { source: ['orders'] };
const rate = ScheduleExpression.rate(Duration.hours(1));
const metric = new Metric({ namespace: 'Shop', metricName: 'Errors' });

function aFunction(stack: Stack, id: string, more: object = {}): Function {
  return new Function(stack, id, {
    runtime: Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => {}'),
    ...more,
  });
}

/** What the services of AWS deliver by themselves, and where it goes when it fails; sinks in one stack, sources in the other. */
function everything(sinks: Stack, sources: Stack): void {
  const queue = (id: string) => new Queue(sinks, id);
  const fn = aFunction(sinks, 'Function');
  const alias = new Alias(sinks, 'Live', { aliasName: 'live', version: fn.currentVersion });
  const machine = new StateMachine(sinks, 'Machine', {
    definitionBody: DefinitionBody.fromChainable(new Pass(sinks, 'Pass')),
  });
  const stream = new Stream(sinks, 'Stream');
  const bus = new EventBus(sinks, 'Bus');
  const encrypted = new Queue(sinks, 'Encrypted', { encryptionMasterKey: new Key(sinks, 'Key') });

  const topic = new Topic(sources, 'Topic');
  topic.addSubscription(
    new SqsSubscription(queue('Subscribed'), { deadLetterQueue: queue('SubscriptionDead') }),
  );
  topic.addSubscription(new LambdaSubscription(fn, { deadLetterQueue: queue('FunctionDead') }));
  topic.addSubscription(new EmailSubscription('on-call@example.com'));
  topic.addSubscription(new UrlSubscription('https://hooks.example.com/'));

  const alerts = new Topic(sources, 'Alerts');
  const alarm = new Alarm(sources, 'Alarm', { metric, threshold: 1, evaluationPeriods: 1 });
  alarm.addAlarmAction(new SnsAction(alerts), new LambdaAction(aFunction(sources, 'Responder')));
  new CompositeAlarm(sources, 'Composite', {
    alarmRule: AlarmRule.fromAlarm(alarm, AlarmState.ALARM),
  }).addAlarmAction(new SnsAction(alerts));

  new Rule(sources, 'Rule', {
    eventPattern,
    targets: [
      new SqsQueue(queue('Target'), { deadLetterQueue: queue('TargetDead') }),
      new LambdaFunction(alias, { deadLetterQueue: queue('AliasDead') }),
      new SfnStateMachine(machine, { deadLetterQueue: queue('MachineDead') }),
      new KinesisStream(stream),
      new ToBus(bus, { deadLetterQueue: queue('BusDead') }),
    ],
  });
  const connection = new Connection(sources, 'Connection', {
    authorization: Authorization.apiKey('x-api-key', SecretValue.unsafePlainText('key')),
  });
  const endpoint = 'https://api.example.com/';
  const api = new ApiDestination(sources, 'ApiDestination', {
    connection,
    endpoint,
    httpMethod: HttpMethod.POST,
  });
  new Rule(sources, 'Hourly', {
    schedule: Schedule.rate(Duration.hours(1)),
    targets: [
      new SnsTopic(topic, { deadLetterQueue: queue('TopicDead') }),
      new CallApi(api, { deadLetterQueue: queue('ApiDead') }),
      new CloudWatchLogGroup(new LogGroup(sources, 'Log')),
      new SqsQueue(encrypted),
    ],
  });
  for (const [id, target] of [
    ['ToQueue', new SqsSendMessage(queue('Scheduled'), { deadLetterQueue: queue('ScheduleDead') })],
    ['ToFunction', new LambdaInvoke(fn)],
    ['ToTopic', new SnsPublish(topic)],
    ['ToMachine', new StepFunctionsStartExecution(machine, {})],
  ] as const) {
    new Timer(sources, id, { schedule: rate, target });
  }

  const table = new Table(sources, 'Table', {
    partitionKey: { name: 'id', type: AttributeType.STRING },
    stream: StreamViewType.NEW_IMAGE,
  });
  const worker = aFunction(sources, 'Worker', {
    deadLetterQueue: queue('AsyncDead'),
  });
  const startingPosition = StartingPosition.LATEST;
  worker.addEventSource(
    new DynamoEventSource(table, { startingPosition, onFailure: new SqsDlq(queue('TableDead')) }),
  );
  worker.addEventSource(
    new KinesisEventSource(stream, { startingPosition, onFailure: new SqsDlq(queue('StreamDead')) }),
  );
  worker.addEventSource(new SqsEventSource(encrypted));
  aFunction(sources, 'Chained', {
    onFailure: new SqsDestination(queue('Failed')),
    onSuccess: new EventBridgeDestination(bus),
  });
  aFunction(sources, 'Chain', {
    onFailure: new SnsDestination(alerts),
    onSuccess: new LambdaDestination(fn),
  });
}

/** Each notifies by a property or custom resource, which CDK wants beside the bucket. */
function notifications(stack: Stack): void {
  const bucket = new Bucket(stack, 'Bucket');
  bucket.addEventNotification(EventType.OBJECT_CREATED, new S3ToQueue(new Queue(stack, 'Created')));
  bucket.addEventNotification(EventType.OBJECT_REMOVED, new S3ToTopic(new Topic(stack, 'Removed')));
  bucket.addEventNotification(
    EventType.OBJECT_RESTORE_COMPLETED,
    new S3ToFunction(aFunction(stack, 'Restored')),
  );
}

const verdictsOf = (messaging: Messaging) =>
  deliveriesOf(messaging).flatMap((delivery) => accessOf(messaging, delivery).map(({ verdict }) => verdict));

describe('AWS patterns in plain CDK', () => {
  test.each<[string, [Place, Place], Readonly<Record<string, unknown>>]>([
    ['without feature flags', [HERE, HERE], {}],
    [
      'with the flags that narrow policies',
      [HERE, HERE],
      {
        '@aws-cdk/aws-sns-subscriptions:restrictSqsDescryption': true,
        '@aws-cdk/aws-events:eventsTargetQueueSameAccount': true,
        '@aws-cdk/aws-iam:minimizePolicies': true,
        '@aws-cdk/aws-lambda:createNewPoliciesWithAddToRolePolicy': true,
      },
    ],
  ])('in one stack, %s: no finding, and hardly anything unknown', (_, places, context) => {
    const messaging = twoStacks(
      places,
      (first) => {
        everything(first, first);
        notifications(first);
      },
      context,
    );

    expect(found(messaging)).toEqual([]);
    const verdicts = verdictsOf(messaging);
    expect(verdicts.filter((verdict) => verdict === 'denied')).toEqual([]);
    expect(verdicts.filter((verdict) => verdict === 'allowed').length).toBeGreaterThan(60);
  });

  test('dead-letter queues and targets in another stack are recognised', () => {
    const messaging = twoStacks([HERE, HERE], (sinks, sources) => {
      const dead = new Queue(sinks, 'Dead');
      const worker = aFunction(sinks, 'Worker');
      new Timer(sources, 'Timer', {
        schedule: rate,
        target: new LambdaInvoke(worker, { deadLetterQueue: dead }),
      });
      aFunction(sources, 'Function', { deadLetterQueue: dead });
      const table = new Table(sources, 'Table', {
        partitionKey: { name: 'id', type: AttributeType.STRING },
        stream: StreamViewType.NEW_IMAGE,
      });
      aFunction(sources, 'Stream').addEventSource(
        new DynamoEventSource(table, {
          startingPosition: StartingPosition.LATEST,
          onFailure: new SqsDlq(dead),
        }),
      );
      const topic = new Topic(sources, 'Topic');
      topic.addSubscription(
        new SqsSubscription(new Queue(sources, 'Queue'), { deadLetterQueue: new Queue(sources, 'OwnDead') }),
      );
      const alerts = new Topic(sinks, 'Alerts');
      new Alarm(sources, 'Alarm', { metric, threshold: 1, evaluationPeriods: 1 }).addAlarmAction(
        new SnsAction(alerts),
      );
    });

    expect(found(messaging)).toEqual([]);
    expect(new Set(verdictsOf(messaging))).toEqual(new Set(['allowed']));
  });
});
