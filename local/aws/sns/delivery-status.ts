/**
 * Delivery status logging: one line per delivery in CloudWatch Logs, for the protocols whose feedback roles the topic
 * names. sns/latest/dg/sns-topic-attributes.html
 */
import { createHash, randomUUID } from 'node:crypto';
import type { AwsContext } from '../context.ts';
import { appendToLog, type DeliveryOutcome, roleCaller } from '../delivery/index.ts';
import { asAwsError } from '../errors.ts';
import type { Message, Protocol, Subscription, Topic } from './model.ts';

/** What the attributes of a protocol begin with, e.g. `SQSSuccessFeedbackRoleArn`. */
const PREFIXES: Readonly<Partial<Record<Protocol, string>>> = {
  http: 'HTTP',
  https: 'HTTP',
  firehose: 'Firehose',
  lambda: 'Lambda',
  application: 'Application',
  sqs: 'SQS',
};

export interface DeliveryStatus {
  log(topic: Topic, subscription: Subscription, message: Message, outcome: DeliveryOutcome): void;
}

export function createDeliveryStatus(context: AwsContext): DeliveryStatus {
  const streamName = randomUUID();

  /** The role to write with, or undefined when this delivery is not logged. */
  const roleFor = (topic: Topic, protocol: Protocol, delivered: boolean): string | undefined => {
    const prefix = PREFIXES[protocol];
    if (prefix === undefined) return undefined;
    if (!delivered) return topic.attributes.get(`${prefix}FailureFeedbackRoleArn`);
    const role = topic.attributes.get(`${prefix}SuccessFeedbackRoleArn`);
    const percent = Number(topic.attributes.get(`${prefix}SuccessFeedbackSampleRate`) ?? 0);
    const sampled = percent >= 100 || (percent > 0 && context.faults.random() * 100 < percent);
    return sampled ? role : undefined;
  };

  return {
    log(topic, subscription, message, outcome) {
      const roleArn = roleFor(topic, subscription.protocol, outcome.delivered);
      if (roleArn === undefined) return;
      const { region, accountId } = context;
      const group = `sns/${region}/${accountId}/${topic.name}${outcome.delivered ? '' : '/Failure'}`;
      const line = JSON.stringify(statusLine(context, subscription, message, outcome));
      const event = { timestamp: context.clock.now(), message: line };
      try {
        appendToLog(context, group, streamName, event, roleCaller('sns.amazonaws.com', roleArn, topic.arn));
      } catch (error) {
        // A status that can't be logged stops no delivery; the console shows why.
        context.events.emit({
          kind: 'delivery-failed',
          service: 'sns',
          resourceArn: topic.arn,
          detail: { target: group, errorCode: asAwsError(error).code },
        });
      }
    },
  };
}

function statusLine(
  context: AwsContext,
  subscription: Subscription,
  message: Message,
  outcome: DeliveryOutcome,
) {
  return {
    notification: {
      messageMD5Sum: createHash('md5').update(message.body).digest('hex'),
      messageId: message.messageId,
      topicArn: message.topicArn,
      timestamp: message.timestamp.replace('T', ' ').replace('Z', ''),
    },
    delivery: {
      deliveryId: message.messageId,
      destination: subscription.endpoint,
      providerResponse: outcome.delivered ? '' : outcome.error.message,
      dwellTimeMs: context.clock.now() - Date.parse(message.timestamp),
      attempts: outcome.retries + 1,
      statusCode: outcome.delivered ? 200 : outcome.error.httpStatus,
    },
    status: outcome.delivered ? 'SUCCESS' : 'FAILURE',
  };
}
