/** The topics and subscriptions of an assembly. */
import { parseArn } from './arn.ts';
import type { Place } from './arn.ts';
import type { Assembly, Resource } from './model.ts';
import { boolean, list, number, object, text, texts } from './property.ts';
import { policiesByTarget } from './resource-policies.ts';
import type { AttachedPolicy } from './resource-policies.ts';

export interface Topic extends Place {
  readonly resource: Resource;
  readonly arn: string;
  readonly name: string;
  readonly fifo: boolean;
  /** A key's id, ARN or alias; undefined: not encrypted at rest by SNS. `alias/aws/sns` is AWS's own key. */
  readonly kmsKeyId: string | undefined;
  readonly contentBasedDeduplication: boolean;
  readonly fifoThroughputScope: 'Topic' | 'MessageGroup';
  readonly maximumMessageBytes: number;
  /** Of AWS::SNS::TopicPolicy and TopicInlinePolicy. Any of them replaces SNS's default policy, which lets the account in. */
  readonly policies: readonly AttachedPolicy[];
}

export interface Subscription extends Place {
  /** AWS::SNS::Subscription, or the topic that lists the subscription itself. */
  readonly resource: Resource;
  readonly topicArn: string;
  /** `sqs`, `lambda`, `firehose`, `https`, `email` ... */
  readonly protocol: string;
  /** The ARN of a queue, function or stream; an address for the others. */
  readonly endpoint: string;
  readonly filterPolicy: Readonly<Record<string, unknown>> | undefined;
  readonly filterPolicyScope: 'MessageAttributes' | 'MessageBody';
  readonly rawMessageDelivery: boolean;
  readonly deadLetterTargetArn: string | undefined;
  /** Where the topic is: as the subscription says, else as the topic's ARN says. */
  readonly topicRegion: string | undefined;
}

/** SNS's default, sns/latest/api/API_CreateTopic.html. */
const DEFAULT_MAXIMUM_MESSAGE_BYTES = 262_144;

export function topicsOf(assembly: Assembly): readonly Topic[] {
  const policies = policiesByTarget(
    assembly.ofType('AWS::SNS::TopicPolicy', 'AWS::SNS::TopicInlinePolicy'),
    ({ properties }) => [...texts(properties['Topics']), ...texts(properties['TopicArn'])],
  );
  return assembly.ofType('AWS::SNS::Topic').map((resource) => {
    const { properties, accountId, region, name } = resource;
    const arn = resource.arn ?? '';
    return {
      resource,
      accountId,
      region,
      arn,
      name,
      fifo: boolean(properties['FifoTopic']) ?? false,
      kmsKeyId: text(properties['KmsMasterKeyId']),
      contentBasedDeduplication: boolean(properties['ContentBasedDeduplication']) ?? false,
      fifoThroughputScope: properties['FifoThroughputScope'] === 'MessageGroup' ? 'MessageGroup' : 'Topic',
      maximumMessageBytes: number(properties['MaximumMessageSize']) ?? DEFAULT_MAXIMUM_MESSAGE_BYTES,
      policies: policies.get(arn) ?? [],
    };
  });
}

export function subscriptionsOf(assembly: Assembly): readonly Subscription[] {
  const ownResources = assembly
    .ofType('AWS::SNS::Subscription')
    .map((resource) =>
      subscriptionOf(resource, resource.properties, text(resource.properties['TopicArn']) ?? ''),
    );
  const listedByTopics = assembly
    .ofType('AWS::SNS::Topic')
    .flatMap((resource) =>
      list(resource.properties['Subscription']).map((listed) =>
        subscriptionOf(resource, object(listed) ?? {}, resource.arn ?? ''),
      ),
    );
  return [...ownResources, ...listedByTopics];
}

function subscriptionOf(
  resource: Resource,
  properties: Readonly<Record<string, unknown>>,
  topicArn: string,
): Subscription {
  return {
    resource,
    accountId: resource.accountId,
    region: resource.region,
    topicArn,
    protocol: text(properties['Protocol']) ?? '',
    endpoint: text(properties['Endpoint']) ?? '',
    filterPolicy: object(properties['FilterPolicy']),
    filterPolicyScope:
      properties['FilterPolicyScope'] === 'MessageBody' ? 'MessageBody' : 'MessageAttributes',
    rawMessageDelivery: boolean(properties['RawMessageDelivery']) ?? false,
    deadLetterTargetArn: text(object(properties['RedrivePolicy'])?.['deadLetterTargetArn']),
    topicRegion: text(properties['Region']) ?? parseArn(topicArn)?.region,
  };
}
