/**
 * Every hop of an assembly on which AWS carries a message from one resource to another: who carries it, and in whose
 * name. What the code of a function sends by itself is not among them.
 */
import { belowCluster, parseArn, partitionOf } from '../assembly/index.ts';
import type { Messaging, Resource } from '../assembly/index.ts';
import { isRecord } from '../json.ts';
import { snsDeliveryPrincipal } from '../policies/index.ts';

/**
 * | kind | from | to | carried by |
 * |---|---|---|---|
 * | subscription | topic | queue, function, stream | SNS |
 * | rule | bus | any target | EventBridge, in the target's role where it has one |
 * | subscriber | Custom Event Bus | any target | EventBridge, in the subscriber's role |
 * | schedule | schedule | any target | the scheduler, in the schedule's role |
 * | pipe | source | target | the pipe's role |
 * | mapping | queue, stream, Kafka topic, broker | function | the function's role |
 * | asyncInvocation | function | destination of what succeeded or failed | the function's role |
 * | notification | bucket | queue, topic, function | S3 |
 * | task | state machine | queue | Step Functions, in the machine's role |
 * | method | method of a REST API | queue | API Gateway, in the integration's role |
 * | alarm | alarm | topic, function | CloudWatch |
 * | bus | bus | dead-letter queue | EventBridge |
 * | redrive | queue | dead-letter queue | SQS, which asks no policy but the target's redrive allow policy |
 */
export type DeliveryKind =
  | 'subscription'
  | 'rule'
  | 'subscriber'
  | 'schedule'
  | 'pipe'
  | 'mapping'
  | 'asyncInvocation'
  | 'notification'
  | 'task'
  | 'method'
  | 'alarm'
  | 'bus'
  | 'redrive';

export interface Delivery {
  readonly kind: DeliveryKind;
  /** The resource that declares the hop, such as the subscription or the rule. */
  readonly hop: Resource;
  readonly fromArn: string;
  readonly toArn: string;
  /** `deadLetter`: only what failed goes this way. */
  readonly purpose: 'message' | 'deadLetter' | 'alarm';
  readonly carrier: Carrier;
}

export type Carrier =
  /** On the service's own behalf: the target's policy has to let it in. */
  | {
      readonly kind: 'service';
      readonly service: string;
      readonly sourceArn: string;
      /** Where the ARN does not say, as that of a bucket. */
      readonly sourceAccount?: string;
    }
  /** The service acts in a role, which has to trust it. `roleArn` is undefined where the template names none. */
  | {
      readonly kind: 'role';
      readonly roleArn: string | undefined;
      readonly service: string;
      readonly sourceArn: string;
    }
  /** SQS moves messages between queues without a policy. */
  | { readonly kind: 'sqs' };

export function deliveriesOf(messaging: Messaging): readonly Delivery[] {
  const known = found.get(messaging);
  if (known !== undefined) return known;
  const deliveries = [
    ...ofSubscriptions(messaging),
    ...ofRules(messaging),
    ...ofSubscribers(messaging),
    ...ofSchedules(messaging),
    ...ofPipes(messaging),
    ...ofMappings(messaging),
    ...ofFunctions(messaging),
    ...ofBuckets(messaging),
    ...ofStateMachines(messaging),
    ...ofQueueMethods(messaging),
    ...ofAlarms(messaging),
    ...ofBuses(messaging),
    ...ofQueues(messaging),
  ];
  found.set(messaging, deliveries);
  return deliveries;
}

const found = new WeakMap<Messaging, readonly Delivery[]>();

/** Protocols whose endpoint is a resource that SNS has to be let into. */
const DELIVERED_WITHIN_AWS: ReadonlySet<string> = new Set(['sqs', 'lambda']);

function ofSubscriptions({ subscriptions }: Messaging): Delivery[] {
  return subscriptions.flatMap(({ resource, topicArn, protocol, endpoint, deadLetterTargetArn }) => {
    const shared = { kind: 'subscription', hop: resource, fromArn: topicArn } as const;
    const carrierTo = (toArn: string): Carrier => ({
      kind: 'service',
      service: snsPrincipal(topicArn, toArn),
      sourceArn: topicArn,
    });
    return [
      ...(DELIVERED_WITHIN_AWS.has(protocol)
        ? [{ ...shared, toArn: endpoint, purpose: 'message', carrier: carrierTo(endpoint) } as const]
        : []),
      ...(deadLetterTargetArn === undefined
        ? []
        : deadLetter({ ...shared, carrier: carrierTo(deadLetterTargetArn) }, deadLetterTargetArn)),
    ];
  });
}

/** Where only AWS knows one of the Regions: as if they were the same. */
function snsPrincipal(topicArn: string, targetArn: string): string {
  const [topic, target] = [parseArn(topicArn)?.region ?? '', parseArn(targetArn)?.region ?? ''];
  return topic === '' || target === '' ? 'sns.amazonaws.com' : snsDeliveryPrincipal(topic, target);
}

function ofRules({ rules }: Messaging): Delivery[] {
  return rules.flatMap(({ resource, arn, busArn, targets }) =>
    targets.flatMap((target) => {
      const events = { service: 'events.amazonaws.com', sourceArn: arn } as const;
      const shared = { kind: 'rule', hop: resource, fromArn: busArn } as const;
      const carrier: Carrier =
        target.roleArn === undefined && !needsRole(target.arn) && !isInAnotherAccount(target.arn, resource)
          ? { kind: 'service', ...events }
          : { kind: 'role', roleArn: target.roleArn, ...events };
      return [
        { ...shared, toArn: target.arn, purpose: 'message', carrier } as const,
        ...deadLetter({ ...shared, carrier: { kind: 'service', ...events } }, target.deadLetterArn),
      ];
    }),
  );
}

/** Targets without a resource policy, eventbridge/latest/userguide/eb-use-identity-based.html. */
function needsRole(targetArn: string): boolean {
  const service = parseArn(targetArn)?.service ?? '';
  return ['states', 'kinesis', 'firehose', 'ecs', 'events', 'execute-api', 'redshift-data'].includes(service);
}

/** EventBridge delivers to other accounts in a role alone, eventbridge/latest/userguide/eb-service-cross-account.html. */
function isInAnotherAccount(targetArn: string, { accountId, stack }: Resource): boolean {
  const target = parseArn(targetArn)?.accountId ?? '';
  return stack.isPlaced && target !== '' && target !== accountId;
}

/** What fails is put into the dead-letter queue in the same role, eventbridge/latest/userguide/eb-custom-bus-retry.html. */
function ofSubscribers({ subscribers }: Messaging): Delivery[] {
  return subscribers.flatMap(({ resource, arn, busArn, targetArn, roleArn, deadLetterArn }) => {
    const carrier = { kind: 'role', roleArn, service: 'events.amazonaws.com', sourceArn: arn } as const;
    const shared = { kind: 'subscriber', hop: resource, fromArn: busArn, carrier } as const;
    return [
      { ...shared, toArn: targetArn, purpose: 'message' } as const,
      ...deadLetter(shared, deadLetterArn),
    ];
  });
}

function ofSchedules({ schedules }: Messaging): Delivery[] {
  return schedules.flatMap(({ resource, arn, targetArn, roleArn, deadLetterArn }) => {
    const shared = {
      kind: 'schedule',
      hop: resource,
      fromArn: arn,
      carrier: {
        kind: 'role',
        roleArn,
        service: 'scheduler.amazonaws.com',
        sourceArn: scheduleGroupArn(arn),
      },
    } as const;
    return [
      { ...shared, toArn: targetArn, purpose: 'message' } as const,
      ...deadLetter(shared, deadLetterArn),
    ];
  });
}

/** What the scheduler says it acts for, scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html */
function scheduleGroupArn(scheduleArn: string): string {
  return scheduleArn.replace(':schedule/', ':schedule-group/').replace(/\/[^/]*$/, '');
}

function ofPipes({ pipes }: Messaging): Delivery[] {
  return pipes.flatMap(({ resource, arn, sourceArn, targetArn, enrichmentArn, roleArn, deadLetterArn }) => {
    const carrier = { kind: 'role', roleArn, service: 'pipes.amazonaws.com', sourceArn: arn } as const;
    const shared = { kind: 'pipe', hop: resource, fromArn: sourceArn, carrier } as const;
    return [
      { ...shared, toArn: targetArn, purpose: 'message' } as const,
      ...(enrichmentArn === undefined
        ? []
        : [{ ...shared, toArn: enrichmentArn, purpose: 'message' } as const]),
      ...deadLetter(shared, deadLetterArn),
    ];
  });
}

function ofMappings(messaging: Messaging): Delivery[] {
  return messaging.mappings.flatMap((mapping) => {
    const { eventSourceArn, topics } = mapping;
    if (eventSourceArn === undefined) return [];
    // The source of a Kafka mapping is the cluster; what it reads is a topic.
    const [topic] = topics;
    const isKafka = parseArn(eventSourceArn)?.service === 'kafka' && topic !== undefined;
    const shared = {
      kind: 'mapping',
      hop: mapping.resource,
      fromArn: isKafka ? belowCluster(eventSourceArn, 'topic', topic) : eventSourceArn,
      carrier: {
        kind: 'role',
        roleArn: messaging.function(mapping.functionArn)?.roleArn,
        service: 'lambda.amazonaws.com',
        sourceArn: mapping.functionArn,
      },
    } as const;
    return [
      { ...shared, toArn: mapping.functionArn, purpose: 'message' } as const,
      ...deadLetter(shared, mapping.onFailureArn),
    ];
  });
}

function ofFunctions({ functions }: Messaging): Delivery[] {
  return functions.flatMap(({ resource, arn, roleArn, deadLetterArn, asyncInvocation }) => {
    const carrier = { kind: 'role', roleArn, service: 'lambda.amazonaws.com', sourceArn: arn } as const;
    const shared = { kind: 'asyncInvocation', hop: resource, fromArn: arn, carrier } as const;
    const onSuccess = asyncInvocation?.onSuccessArn;
    return [
      ...deadLetter(shared, deadLetterArn),
      ...deadLetter(shared, asyncInvocation?.onFailureArn),
      ...(onSuccess === undefined ? [] : [{ ...shared, toArn: onSuccess, purpose: 'message' } as const]),
    ];
  });
}

/** Where a bucket's notifications go: a property of the bucket, or of the custom resource that CDK makes. */
function ofBuckets({ assembly }: Messaging): Delivery[] {
  return assembly.ofType('AWS::S3::Bucket', 'Custom::S3BucketNotifications').flatMap((resource) => {
    const { properties, region } = resource;
    const { BucketName: named = resource.name } = properties;
    const bucket = resource.type === 'AWS::S3::Bucket' || typeof named !== 'string' ? resource.name : named;
    const sourceArn = `arn:${partitionOf(region)}:s3:::${bucket}`;
    return targetsOfNotifications(properties['NotificationConfiguration']).map((toArn) => ({
      kind: 'notification',
      hop: resource,
      fromArn: sourceArn,
      toArn,
      purpose: 'message',
      carrier: {
        kind: 'service',
        service: 's3.amazonaws.com',
        sourceArn,
        sourceAccount: resource.accountId,
      },
    }));
  });
}

function targetsOfNotifications(configuration: unknown): string[] {
  if (!isRecord(configuration)) return [];
  const entries = Object.values(configuration).flatMap((value) =>
    Array.isArray(value) ? (value as unknown[]) : [],
  );
  return entries
    .filter(isRecord)
    .flatMap((entry) =>
      ['Queue', 'QueueArn', 'Topic', 'TopicArn', 'Function', 'LambdaFunctionArn'].map((name) => entry[name]),
    )
    .filter((arn) => typeof arn === 'string');
}

/** One for each queue that a machine sends to, however many of its states do. */
function ofStateMachines(messaging: Messaging): Delivery[] {
  return messaging.stateMachines.flatMap(({ resource, arn, roleArn, queueTasks }) => {
    const carrier = { kind: 'role', roleArn, service: 'states.amazonaws.com', sourceArn: arn } as const;
    const queues = new Set(queueTasks.map(({ queueUrl }) => messaging.queue(queueUrl)?.arn ?? queueUrl));
    return [...queues].map((toArn): Delivery => ({
      kind: 'task',
      hop: resource,
      fromArn: arn,
      toArn,
      purpose: 'message',
      carrier,
    }));
  });
}

function ofQueueMethods({ queueMethods }: Messaging): Delivery[] {
  return queueMethods.map(({ resource, sourceArn, queueArn, roleArn }) => ({
    kind: 'method',
    hop: resource,
    fromArn: sourceArn,
    toArn: queueArn,
    purpose: 'message',
    carrier: { kind: 'role', roleArn, service: 'apigateway.amazonaws.com', sourceArn },
  }));
}

function ofAlarms({ alarms }: Messaging): Delivery[] {
  return alarms.flatMap(({ resource, arn, actionsEnabled, alarmActions }) =>
    actionsEnabled
      ? alarmActions
          .filter((action) => ['sns', 'lambda'].includes(parseArn(action)?.service ?? ''))
          .map((toArn) => ({
            kind: 'alarm',
            hop: resource,
            fromArn: arn,
            toArn,
            purpose: 'alarm',
            carrier: {
              kind: 'service',
              service: toArn.includes(':lambda:')
                ? 'lambda.alarms.cloudwatch.amazonaws.com'
                : 'cloudwatch.amazonaws.com',
              sourceArn: arn,
            },
          }))
      : [],
  );
}

function ofBuses({ buses }: Messaging): Delivery[] {
  return buses.flatMap(({ resource, arn, deadLetterArn }) =>
    deadLetter(
      {
        kind: 'bus',
        hop: resource,
        fromArn: arn,
        carrier: { kind: 'service', service: 'events.amazonaws.com', sourceArn: arn },
      },
      deadLetterArn,
    ),
  );
}

function ofQueues({ queues }: Messaging): Delivery[] {
  return queues.flatMap(({ resource, arn, redrive }) =>
    deadLetter(
      { kind: 'redrive', hop: resource, fromArn: arn, carrier: { kind: 'sqs' } },
      redrive?.deadLetterTargetArn,
    ),
  );
}

function deadLetter(
  shared: Omit<Delivery, 'toArn' | 'purpose'>,
  toArn: string | undefined,
): readonly Delivery[] {
  return toArn === undefined ? [] : [{ ...shared, toArn, purpose: 'deadLetter' }];
}
