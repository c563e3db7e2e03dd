/**
 * The same system twice: with our constructs, and with CDK's own as a careful user writes it. Each service
 * is a stack with a topic, its three alarms, and consumers; each consumer has a queue, a dead-letter queue, a
 * filtered subscription with its own dead-letter queue, a function with role and log group, a mapping, seven
 * alarms and a composite one.
 */
import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmRule,
  AlarmState,
  ComparisonOperator,
  CompositeAlarm,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Key } from 'aws-cdk-lib/aws-kms';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { SubscriptionFilter, Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import * as z from 'zod/mini';
import { AlertTopic, EventTopic, QueueConsumer } from '../../lib/constructs/index.ts';
import { event, service } from '../../lib/contracts/index.ts';

const CONSUMERS = ['Audit', 'Billing', 'Search'];
const EVENTS = ['Created', 'Changed', 'Removed'];
const PLACEHOLDER = 'bench/synth/placeholder';
const ENTRY = 'bench/synth/placeholder/index.mjs';

export type Kind = 'ours' | 'plain';

export interface Size {
  readonly services: number;
  /** Of each service, up to three. */
  readonly consumers: number;
}

/** Constructs the application. Neither bundles: `npm run bench -- bundle` is about that. */
export function createApp(kind: Kind, size: Size, context: Readonly<Record<string, unknown>>): App {
  const app = new App({
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
    context: { ...context, 'aws:cdk:bundling-stacks': [] },
  });
  const alerts = new Stack(app, 'Alerts');
  const alertTopic = kind === 'ours' ? ourAlerts(alerts) : plainAlerts(alerts);
  for (let index = 0; index < size.services; index += 1) {
    const stack = new Stack(app, `Service${index}`);
    const consumers = CONSUMERS.slice(0, size.consumers);
    if (kind === 'ours') ourService(stack, `service-${index}`, consumers);
    else plainService(stack, alertTopic, consumers);
  }
  return app;
}

function ourAlerts(scope: Construct): Topic {
  return new AlertTopic(scope, 'Alerts').topic;
}

function plainAlerts(scope: Construct): Topic {
  const masterKey = new Key(scope, 'Key', { enableKeyRotation: true });
  return new Topic(scope, 'Topic', { masterKey, enforceSSL: true });
}

function ourService(stack: Stack, name: string, consumers: readonly string[]): void {
  const owner = service(name);
  const events = EVENTS.map((suffix) =>
    event(`Order${suffix}`, { version: '1.0', source: name, data: z.object({ id: z.string() }) }),
  );
  const topic = new EventTopic(stack, 'Events', { service: owner, publishes: events });
  for (const id of consumers) {
    new QueueConsumer(stack, id, {
      subscribesTo: [topic.event(events[0]!), topic.event(events[1]!)],
      entry: ENTRY,
      consumerName: `${name}-${id.toLowerCase()}`,
    });
  }
}

function plainService(stack: Stack, alertTopic: Topic, consumers: readonly string[]): void {
  const topic = new Topic(stack, 'Events', { enforceSSL: true, signatureVersion: '2' });
  const period = Duration.minutes(1);
  plainAlarms(stack, 'Events', alertTopic, {
    Failed: [topic.metricNumberOfNotificationsFailed({ period }), 0],
    Lost: [topic.metric('NumberOfNotificationsFailedToRedriveToDlq', { period, statistic: 'Sum' }), 0],
    InvalidAttributes: [topic.metricNumberOfNotificationsFilteredOutInvalidAttributes({ period }), 0],
  });
  for (const id of consumers) plainConsumer(stack, id, topic, alertTopic);
}

/** By name, with an action each, but for those of a composite alarm. */
function plainAlarms(
  stack: Stack,
  id: string,
  alertTopic: Topic | undefined,
  alarms: Readonly<Record<string, [Metric, number]>>,
): Alarm[] {
  return Object.entries(alarms).map(([name, [metric, threshold]]) => {
    const alarm = new Alarm(stack, `${id}${name}Alarm`, {
      metric,
      threshold,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: `${name} of ${id} is above ${threshold}. Runbook: docs/runbooks/${name}.md`,
    });
    if (alertTopic === undefined) return alarm;
    alarm.addAlarmAction(new SnsAction(alertTopic));
    alarm.addOkAction(new SnsAction(alertTopic));
    return alarm;
  });
}

function plainConsumer(stack: Stack, id: string, topic: Topic, alertTopic: Topic): void {
  const deadLetterQueue = (name: string) =>
    new Queue(stack, `${id}${name}`, {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
  const failed = deadLetterQueue('DeadLetterQueue');
  const undelivered = deadLetterQueue('SubscriptionDeadLetterQueue');
  const queue = new Queue(stack, `${id}Queue`, {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    visibilityTimeout: Duration.seconds(180),
    deadLetterQueue: { queue: failed, maxReceiveCount: 5 },
  });
  topic.addSubscription(
    new SqsSubscription(queue, {
      rawMessageDelivery: true,
      deadLetterQueue: undelivered,
      filterPolicy: {
        eventType: SubscriptionFilter.stringFilter({ allowlist: ['OrderCreated', 'OrderChanged'] }),
      },
    }),
  );
  const fn = new LambdaFunction(stack, `${id}Function`, {
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    code: Code.fromAsset(PLACEHOLDER),
    handler: 'index.handler',
    timeout: Duration.seconds(30),
    memorySize: 512,
    loggingFormat: LoggingFormat.JSON,
    logGroup: new LogGroup(stack, `${id}Log`, {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    }),
    environment: { QUEUE_URL: queue.queueUrl, DEAD_LETTER_QUEUE_URL: failed.queueUrl },
  });
  failed.grantSendMessages(fn);
  fn.addEventSource(
    new SqsEventSource(queue, { batchSize: 10, maxConcurrency: 10, reportBatchItemFailures: true }),
  );
  const period = Duration.minutes(1);
  plainAlarms(stack, id, alertTopic, {
    DeadLetters: [failed.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Maximum' }), 0],
    Undelivered: [undelivered.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Maximum' }), 0],
    Backlog: [queue.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Average' }), 3000],
    Duration: [fn.metricDuration({ period, statistic: 'p90' }), 27_000],
  });
  const symptoms = plainAlarms(stack, id, undefined, {
    Age: [queue.metricApproximateAgeOfOldestMessage({ period, statistic: 'Maximum' }), 900],
    Errors: [fn.metricErrors({ period }), 0],
    Throttles: [fn.metricThrottles({ period }), 0],
  });
  const unhealthy = new CompositeAlarm(stack, `${id}UnhealthyAlarm`, {
    alarmRule: AlarmRule.anyOf(...symptoms.map((alarm) => AlarmRule.fromAlarm(alarm, AlarmState.ALARM))),
    alarmDescription: `${id} is unhealthy. Runbook: docs/runbooks/consumer-unhealthy.md`,
  });
  unhealthy.addAlarmAction(new SnsAction(alertTopic));
  unhealthy.addOkAction(new SnsAction(alertTopic));
}
