/** The paths from Custom Event Buses to a consumer's queue: subscriber, filters, role, retries, dead letters. */
import { Names, Stack, Token } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { CfnQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import type { AnyEventContract } from '../contracts/index.ts';
import {
  deadLetters,
  subscriberBacklog,
  subscriberDropped,
  subscriberLost,
  UNDELIVERED,
} from './alarms/index.ts';
import { createDeadLetterQueue, recordDeadLetters } from './dead-letter-queue.ts';
import { ValidationError } from './errors.ts';
import type { BusEvents, EventSubscription } from './event-routes.ts';
import { EventsV2Resource } from './events-v2-resource.ts';
import { grantTo } from './grants.ts';
import {
  EVENTBRIDGE_MAX_EVENT_AGE_SECONDS,
  SUBSCRIBER_RETRY_ATTEMPTS,
  SUBSCRIBER_SQS_BATCH_SIZE,
} from './limits.ts';
import { originId, uniqueEvents } from './queue-connection.ts';
import type { QueueConnection } from './queue-connection.ts';
import { chainSubscriber } from './subscriber-chain.ts';
import { filterFitsSubscriber, subscriberFilters } from './subscriber-filter.ts';
import { recordEdge, recordNode } from './topology-recorder.ts';

/** One subscriber per bus: two would deliver each on their own, and so break the order between their events. */
export function connectSubscribers(
  connection: QueueConnection,
  sources: readonly EventSubscription[],
): { subscribers: EventsV2Resource[]; deadLetterQueues: Queue[] } {
  const byBus = Map.groupBy(
    sources.filter((source) => source.kind === 'bus').filter(({ origin }) => origin.busType === 'custom'),
    ({ origin }) => origin,
  );
  const made = [...byBus.values()].map((ofBus) => subscribe(connection, ofBus));
  return {
    subscribers: made.map(({ subscriber }) => subscriber),
    deadLetterQueues: made.map(({ deadLetterQueue }) => deadLetterQueue),
  };
}

/** As long as a rule of a classic bus: a day. A subscriber's own default gives up after five minutes. */
const MAX_EVENT_AGE_SECONDS = EVENTBRIDGE_MAX_EVENT_AGE_SECONDS.max;
const RETRY_ATTEMPTS = SUBSCRIBER_RETRY_ATTEMPTS.max;

function subscribe(connection: QueueConnection, sources: readonly BusEvents[]) {
  const { scope, queue, consumer, alarms } = connection;
  const { origin, tenants, fifo } = sources[0]!;
  const events = uniqueEvents(sources);
  const filters = subscriberFilters(events, tenants);
  refuseWhatCannotWork(connection, origin, filters);
  const id = `From${originId(scope, origin)}`;

  const deadLetterQueue = createDeadLetterQueue(scope, `${id}DeadLetterQueue`, {
    fifo,
    encryptionKey: connection.encryptionKey,
    dataKeyReuse: connection.dataKeyReuse,
    owner: consumer,
  });
  // EventBridge gives a record a group id; that it gives a deduplication id is nowhere said. Without either a
  // FIFO queue takes nothing. No two records of a subscriber are the same: they hold the ids of their events.
  if (fifo) (deadLetterQueue.node.defaultChild as CfnQueue).contentBasedDeduplication = true;

  const role = deliveryRole(connection, `${id}DeliveryRole`, deadLetterQueue);
  const name = subscriberName(scope, id);
  const subscriber = new EventsV2Resource(scope, id, 'AWS::EventsV2::Subscriber', {
    Name: name,
    EventBusArn: origin.eventBusArn,
    Type: fifo ? 'FIFO' : 'UNORDERED',
    StartingPosition: 'LATEST',
    FilterConfiguration: { Language: 'EVENT_BRIDGE_PATTERN', Filters: filters },
    Transformer: { Type: 'JSONATA', JsonataConfiguration: { Expression: envelopeExpression(name) } },
    InvokeConfiguration: {
      TargetArn: queue.queueArn,
      RoleArn: role.roleArn,
      SqsParameters: fifo ? FIFO_PARAMETERS : STANDARD_PARAMETERS,
    },
    BatchConfiguration: { MaxBatchSize: SUBSCRIBER_SQS_BATCH_SIZE, MaxBatchWindowInSeconds: 0 },
    RetryPolicy: {
      MaxRetryAttempts: RETRY_ATTEMPTS,
      MaxEventAgeInSeconds: MAX_EVENT_AGE_SECONDS,
      RetryStrategy: 'ALL',
    },
    OnFailureConfiguration: { Arn: deadLetterQueue.queueArn },
    // A record of a failed delivery carries the event whatever is set, and with it personal data.
    LogConfiguration: { Level: 'OFF' },
  });
  // The role's policy is a resource of its own, and a delivery before it is denied.
  subscriber.node.addDependency(role);
  chainSubscriber(origin, subscriber);

  record(connection, sources, subscriber, events);
  recordDeadLetters(scope, 'rule', subscriber, deadLetterQueue, RETRY_ATTEMPTS);
  alarms.add(
    `${id}DeadLetterAlarm`,
    deadLetters(deadLetterQueue, `An event that EventBridge could not deliver to ${consumer}`, UNDELIVERED),
  );
  const { eventBusArn } = origin;
  const subscriberArn = subscriber.getAtt('SubscriberArn').toString();
  const maxAge = connection.maxAge.toSeconds();
  alarms.add(`${id}BacklogAlarm`, subscriberBacklog(subscriber, eventBusArn, subscriberArn, maxAge));
  alarms.add(`${id}DroppedAlarm`, subscriberDropped(subscriber, eventBusArn, subscriberArn));
  alarms.add(`${id}LostAlarm`, subscriberLost(subscriber, eventBusArn, subscriberArn));
  return { subscriber, deadLetterQueue };
}

/**
 * The role in which EventBridge delivers, which a subscriber needs where a rule needs policies of queues. Its trust
 * has no condition: EventBridge names none that it sets here, and takes a role only of the subscriber's own
 * account, from somebody who may pass it.
 */
function deliveryRole(
  { scope, queue, encryptionKey }: QueueConnection,
  id: string,
  deadLetters: Queue,
): Role {
  const role = new Role(scope, id, { assumedBy: new ServicePrincipal('events.amazonaws.com') });
  grantTo(role, ['sqs:SendMessage'], [queue.queueArn, deadLetters.queueArn]);
  encryptionKey?.grant(role, 'kms:Decrypt', 'kms:GenerateDataKey');
  return role;
}

/** The group is the ordering key (D8); SQS sees the envelope's own id, also of what another publisher sent. */
const FIFO_PARAMETERS = {
  MessageGroupId: '{% $events.SystemMetadata.EventGroupId %}',
  MessageDeduplicationId: '{% $events.Data.detail.eventId %}',
} as const;
/** The tenant, which makes the queue a fair one (D8). */
const STANDARD_PARAMETERS = { MessageGroupId: '{% $events.Data.detail.tenantId %}' } as const;

/**
 * The message is the envelope, as from every other source. What is read again from the retained events says so in
 * the envelope's metadata (D16), also when a subscriber is made by hand, with this expression, to redrive.
 */
function envelopeExpression(name: string): string {
  const mark = `{"kind": "replay", "of": "${name}", "at": $now()}`;
  const marked = `$merge([$events.Data.detail, {"metadata": $merge([$events.Data.detail.metadata, {"replay": ${mark}}])}])`;
  return `{% $events.SystemMetadata."aws:DeliveryType" = "REPLAY" ? ${marked} : $events.Data.detail %}`;
}

function record(
  { scope, queue, consumer }: QueueConnection,
  sources: readonly BusEvents[],
  subscriber: EventsV2Resource,
  events: readonly AnyEventContract[],
): void {
  const { origin, tenants } = sources[0]!;
  recordNode(subscriber, { kind: 'rule', resource: subscriber, owner: consumer });
  // In the words of the classic bus, one edge per source, so that a reader needs to know one kind of pattern.
  for (const [source, ofSource] of Map.groupBy(events, (event) => event.source)) {
    const names = ofSource.map(({ name }) => name);
    recordEdge(scope, {
      kind: 'routes',
      from: origin,
      to: queue,
      via: subscriber,
      events: names,
      pattern: {
        source: [source],
        'detail-type': names,
        ...(tenants === undefined ? {} : { detail: { tenantId: tenants } }),
      },
      inputPath: '$.detail',
    });
  }
}

function refuseWhatCannotWork(
  { scope }: QueueConnection,
  origin: BusEvents['origin'],
  filters: ReturnType<typeof subscriberFilters>,
): void {
  const tooLarge = filterFitsSubscriber(filters);
  const here = Stack.of(scope);
  const there = Stack.of(origin);
  const differs = (mine: string, its: string) =>
    mine !== its && !Token.isUnresolved(mine) && !Token.isUnresolved(its);
  const elsewhere = differs(here.account, there.account) || differs(here.region, there.region);
  const failures = [
    ...(tooLarge === undefined ? [] : [tooLarge]),
    ...(elsewhere
      ? [
          {
            code: 'WAYBILL_CUSTOM_EVENT_BUS_ELSEWHERE' as const,
            prop: 'subscribesTo',
            received: `the Custom Event Bus ${origin.node.path} of ${there.account} ${there.region}, for a consumer in ${here.account} ${here.region}`,
            allowed: 'a bus in the account and Region of the consumer',
            fix: "its ARN ends in an id that AWS makes up, which CDK cannot pass between environments: use busType: 'classic', or a topic",
          },
        ]
      : []),
  ];
  if (failures.length > 0) throw new ValidationError(scope, failures);
}

/** Subscriber name, eventbridgev2/latest/APIReference/API_CreateSubscriber.html. */
const MAX_SUBSCRIBER_NAME_LENGTH = 256;

/** A name that stays: another one would replace the subscriber, and EventBridge deletes before it makes. */
function subscriberName(scope: QueueConnection['scope'], id: string): string {
  const path = Names.uniqueResourceName(scope, {
    maxLength: MAX_SUBSCRIBER_NAME_LENGTH - id.length - 1,
    separator: '-',
    allowedSpecialCharacters: '-_',
  });
  return `${path}-${id}`;
}
