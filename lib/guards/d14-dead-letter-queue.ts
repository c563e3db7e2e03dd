/**
 * D14: every hop that can fail has a dead-letter queue.
 *
 * | hop | its dead-letter queue |
 * |---|---|
 * | subscription of a queue, function, delivery stream or HTTP endpoint | RedrivePolicy |
 * | subscription that is listed in the topic itself | cannot have one: found |
 * | target of a rule | Targets[].DeadLetterConfig |
 * | schedule | Target.DeadLetterConfig |
 * | subscriber of a Custom Event Bus | OnFailureConfiguration |
 * | function that SNS, EventBridge, the scheduler, S3 or incoming mail invokes | DeadLetterConfig, or OnFailure of its EventInvokeConfig |
 * | mapping of a stream | DestinationConfig.OnFailure |
 * | pipe from a stream | DeadLetterConfig of its source parameters |
 * | queue that a mapping or pipe polls, or a subscription, rule, schedule, pipe or bucket fills | RedrivePolicy |
 * | bus with a customer key | DeadLetterConfig |
 * | dead-letter queue of any of these, polled or not, in whichever stack | needs none |
 * | queue that only code fills and polls; Kafka in a pipe; e-mail and SMS | not known, or has none |
 *
 * design.md, D14; sns/latest/dg/sns-dead-letter-queues.html; eventbridge/latest/userguide/eb-rule-dlq.html
 */
import { failingHops } from './failing-hops.ts';
import type { HopKind } from './failing-hops.ts';
import type { Guard } from './guard.ts';

export const deadLetterQueue: Guard = {
  id: 'D14',
  title: 'A hop that can fail has no dead-letter queue',
  explanation:
    'What the hop cannot deliver is dropped: at once where the target refuses it, else when the retries end. A queue without one hands a message that cannot be handled out again and again until it expires.',
  source: 'eventbridge/latest/userguide/eb-rule-dlq.html',
  level: 'error',
  check: (messaging) =>
    failingHops(messaging).flatMap(({ kind, resource, property, deadLetterArn }) =>
      deadLetterArn === undefined
        ? [
            {
              resource,
              property,
              received: `none for this ${kind}`,
              allowed: 'a dead-letter queue',
              fix:
                resource.type === 'AWS::SNS::Topic'
                  ? 'make the subscription an AWS::SNS::Subscription, which can have a RedrivePolicy'
                  : FIXES[kind],
              source: SOURCES[kind],
            },
          ]
        : [],
    ),
};

const SEND = 'and let the service send to it';

const FIXES: Readonly<Record<HopKind, string>> = {
  subscription: `set RedrivePolicy.deadLetterTargetArn, ${SEND}; in CDK, deadLetterQueue of the subscription`,
  'rule target': `set DeadLetterConfig.Arn, ${SEND}; in CDK, deadLetterQueue of the target`,
  schedule: `set Target.DeadLetterConfig.Arn, and let the schedule's role send to it; in CDK, deadLetterQueue of the target`,
  subscriber: `set OnFailureConfiguration.Arn, and let the delivery role send to it`,
  'asynchronous invocation': `set DestinationConfig.OnFailure of an EventInvokeConfig, which keeps the reason too; in CDK, onFailure`,
  'stream mapping':
    'set DestinationConfig.OnFailure, MaximumRetryAttempts and BisectBatchOnFunctionError; in CDK, onFailure',
  pipe: 'set DeadLetterConfig and MaximumRetryAttempts of the source parameters',
  queue: 'set RedrivePolicy with a maxReceiveCount of 5 or more; in CDK, deadLetterQueue',
  'event bus': `set DeadLetterConfig.Arn, ${SEND}: events that cannot be encrypted or decrypted go there`,
};

const SOURCES: Readonly<Record<HopKind, string>> = {
  subscription: 'sns/latest/dg/sns-dead-letter-queues.html',
  'rule target': 'eventbridge/latest/userguide/eb-rule-dlq.html',
  schedule: 'scheduler/latest/UserGuide/configuring-schedule-dlq.html',
  subscriber: 'eventbridge/latest/userguide/eb-custom-bus-retry.html',
  'asynchronous invocation': 'lambda/latest/dg/invocation-async-retain-records.html',
  'stream mapping': 'lambda/latest/dg/kinesis-on-failure-destination.html',
  pipe: 'eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html',
  queue: 'AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html',
  'event bus': 'eventbridge/latest/userguide/eb-encryption-event-bus-dlq.html',
};
