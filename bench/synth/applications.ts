/**
 * The same system twice: with our constructs, and with CDK's own as a careful user writes it. Each service
 * is a stack with a topic and three consumers; each consumer has a queue, a dead-letter queue, a filtered
 * subscription with its own dead-letter queue, a function with role and log group, a mapping, five alarms.
 */
import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
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

const SERVICES = 50;
const CONSUMERS = ['Audit', 'Billing', 'Search'];
const EVENTS = ['Created', 'Changed', 'Removed'];
const PLACEHOLDER = 'bench/synth/placeholder';
const ENTRY = 'bench/synth/placeholder/index.mjs';

export type Kind = 'ours' | 'plain';

/** Constructs the application. Neither bundles: `npm run bench -- bundle` is about that. */
export function createApp(kind: Kind, context: Readonly<Record<string, unknown>>): App {
  const app = new App({
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
    context: { ...context, 'aws:cdk:bundling-stacks': [] },
  });
  const alerts = new Stack(app, 'Alerts');
  const alertTopic = kind === 'ours' ? ourAlerts(alerts) : plainAlerts(alerts);
  for (let index = 0; index < SERVICES; index += 1) {
    const stack = new Stack(app, `Service${index}`);
    if (kind === 'ours') ourService(stack, `service-${index}`);
    else plainService(stack, alertTopic);
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

function ourService(stack: Stack, name: string): void {
  const owner = service(name);
  const events = EVENTS.map((suffix) =>
    event(`Order${suffix}`, { version: '1.0', source: name, data: z.object({ id: z.string() }) }),
  );
  const topic = new EventTopic(stack, 'Events', { service: owner, publishes: events });
  for (const id of CONSUMERS) {
    new QueueConsumer(stack, id, {
      subscribesTo: [topic.event(events[0]!), topic.event(events[1]!)],
      entry: ENTRY,
      consumerName: `${name}-${id.toLowerCase()}`,
    });
  }
}

function plainService(stack: Stack, alertTopic: Topic): void {
  const topic = new Topic(stack, 'Events', { enforceSSL: true, signatureVersion: '2' });
  for (const id of CONSUMERS) plainConsumer(stack, id, topic, alertTopic);
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
  const alarms: Record<string, [Metric, number]> = {
    DeadLetters: [failed.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Maximum' }), 0],
    Undelivered: [undelivered.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Maximum' }), 0],
    Age: [queue.metricApproximateAgeOfOldestMessage({ period, statistic: 'Maximum' }), 900],
    Errors: [fn.metricErrors({ period }), 0],
    Throttles: [fn.metricThrottles({ period }), 0],
  };
  for (const [name, [metric, threshold]] of Object.entries(alarms)) {
    new Alarm(stack, `${id}${name}Alarm`, {
      metric,
      threshold,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    }).addAlarmAction(new SnsAction(alertTopic));
  }
}
