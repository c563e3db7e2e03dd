/** A service's topic: everything the service publishes, and typed subscriptions to it. */
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { FifoThroughputScope, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { AnyEventContract, ServiceContract } from '../contracts/index.ts';
import { HopAlarms, invalidAttributes, notificationsFailed, notificationsLost } from './alarms/index.ts';
import type { AlarmProps } from './alarms/index.ts';
import type {
  EventDestination,
  PublishRoute,
  TopicEvents,
  TopicSubscriptionOptions,
} from './event-routes.ts';
import { grantTo, recordPublisher } from './grants.ts';
import { allowRemotePublisher } from './remote-access.ts';
import { tenantConditions } from './tenant-filter.ts';
import { recordEdge, recordEvents, recordNode, recordService } from './topology-recorder.ts';
import { writeTopicPolicy } from './topic-policy.ts';
import { validateProps } from './validation.ts';
import type { Rule } from './validation.ts';

export interface EventTopicProps<Published extends AnyEventContract = AnyEventContract> extends AlarmProps {
  /** Who publishes. Every event's `source` must be this service's. */
  readonly service: ServiceContract;
  /** Every event that goes through the topic. */
  readonly publishes: readonly Published[];
  /**
   * Keep the order of each ordering key. Consumers then get FIFO queues.
   * @default false
   */
  readonly fifo?: boolean;
  /**
   * Encrypts messages at rest, for example a MessagingKey. Each publisher is granted its use.
   * @default - not encrypted at rest by SNS, which keeps a message only until it is delivered
   */
  readonly encryptionKey?: IKey;
  /**
   * A name in AWS; `.fifo` is appended where it belongs.
   * @default - CloudFormation makes it up
   */
  readonly topicName?: string;
}

/**
 * @example
 * const orders = new EventTopic(this, 'Orders', { service: Orders, publishes: [OrderPlaced, OrderCancelled] });
 * orders.event(OrderPlaced); // a subscription source; an event it does not publish is a type error
 * orders.grants.publish(fn);
 */
export class EventTopic<Published extends AnyEventContract = AnyEventContract>
  extends Construct
  implements EventDestination
{
  readonly topic: Topic;
  readonly service: ServiceContract;
  readonly publishes: readonly Published[];
  readonly fifo: boolean;
  readonly encryptionKey: IKey | undefined;
  /** Made with the first subscription of a consumer that has alarms: without one nothing can fail. */
  readonly alarms: HopAlarms['all'];
  readonly grants: EventTopicGrants;
  readonly #alarms: HopAlarms;

  /** @throws ValidationError when an event is not the service's, is listed twice, or there is none */
  constructor(scope: Construct, id: string, props: EventTopicProps<Published>) {
    super(scope, id);
    validateProps<EventTopicProps>(this, RULES, props);
    this.service = props.service;
    this.publishes = props.publishes;
    this.fifo = props.fifo ?? false;
    this.encryptionKey = props.encryptionKey;
    this.topic = new Topic(this, 'Topic', {
      ...(props.topicName === undefined ? {} : { topicName: nameWithSuffix(props.topicName, this.fifo) }),
      ...(props.encryptionKey === undefined ? {} : { masterKey: props.encryptionKey }),
      ...(this.fifo
        ? {
            fifo: true,
            contentBasedDeduplication: false,
            fifoThroughputScope: FifoThroughputScope.MESSAGE_GROUP,
          }
        : {}),
      signatureVersion: '2',
    });
    writeTopicPolicy(this.topic);
    this.grants = new EventTopicGrants(this);
    this.#record();
    this.#alarms = new HopAlarms(this, props);
    this.alarms = this.#alarms.all;
  }

  get routes(): readonly PublishRoute[] {
    return [
      {
        source: this.service.source,
        target: this.topic.topicArn,
        events: this.publishes.map(({ name }) => name),
      },
    ];
  }

  /** One event of the topic, for `subscribesTo`. */
  event(contract: Published, options: TopicSubscriptionOptions = {}): TopicEvents {
    return this.#events([contract], options, false);
  }

  /** Every event of the topic, for `subscribesTo`: what is published later comes along. */
  events(options: TopicSubscriptionOptions = {}): TopicEvents {
    return this.#events(this.publishes, options, true);
  }

  #events(
    events: readonly AnyEventContract[],
    options: TopicSubscriptionOptions,
    everyEvent: boolean,
  ): TopicEvents {
    return {
      kind: 'topic',
      origin: this,
      topic: this.topic,
      fifo: this.fifo,
      events,
      everyEvent,
      tenants: tenantConditions(this, options),
      data: options.data,
      watch: () => this.#watch(),
    };
  }

  #watch(): void {
    if (this.alarms.length > 0) return;
    this.#alarms.add('FailedAlarm', notificationsFailed(this.topic));
    this.#alarms.add('LostAlarm', notificationsLost(this.topic));
    this.#alarms.add('InvalidAttributesAlarm', invalidAttributes(this.topic));
  }

  #record(): void {
    recordNode(this, {
      kind: 'topic',
      resource: this.topic,
      owner: this.service.name,
      fifo: this.fifo,
    });
    recordEvents(this, this.publishes);
    recordEdge(this, {
      kind: 'publishes',
      from: recordService(this, this.service),
      to: this,
      source: this.service.source,
      events: this.publishes.map(({ name }) => name),
    });
  }
}

export class EventTopicGrants {
  readonly #topic: EventTopic;

  constructor(topic: EventTopic) {
    this.#topic = topic;
  }

  /**
   * `sns:Publish` on the topic; with a key also `kms:Decrypt` and `kms:GenerateDataKey` on it. For a role of
   * another account the policies of topic and key are told, too.
   *
   * @throws ValidationError when the grantee is in another account or Region, and the topic has no name of its own
   */
  publish(grantee: IGrantable): void {
    const { topic, encryptionKey, routes } = this.#topic;
    const elsewhere = allowRemotePublisher(
      {
        construct: this.#topic,
        arn: topic.topicArn,
        action: 'sns:Publish',
        encryptionKey,
        addToResourcePolicy: (statement) => topic.addToResourcePolicy(statement),
        fix: 'give the topic a topicName; one that is deployed is then replaced',
      },
      grantee,
    );
    grantTo(grantee, ['sns:Publish'], [topic.topicArn]);
    if (!elsewhere) encryptionKey?.grant(grantee, 'kms:Decrypt', 'kms:GenerateDataKey');
    recordPublisher(this.#topic, grantee, routes);
  }
}

function nameWithSuffix(name: string, fifo: boolean): string {
  return fifo && !name.endsWith('.fifo') ? `${name}.fifo` : name;
}

const RULES: readonly Rule<EventTopicProps>[] = [
  ({ publishes }) =>
    publishes.length > 0
      ? undefined
      : {
          code: 'WAYBILL_NOTHING_PUBLISHED',
          prop: 'publishes',
          received: 'no event',
          allowed: 'at least one event',
          fix: 'list the events that the service publishes',
        },
  ({ publishes, service }) => {
    const strangers = publishes.filter(({ source }) => source !== service.source);
    if (strangers.length === 0) return undefined;
    return {
      code: 'WAYBILL_EVENT_SOURCE_MISMATCH',
      prop: 'publishes',
      received: strangers.map(({ name, source }) => `${name} of source '${source}'`).join(', '),
      allowed: `events of source '${service.source}'`,
      fix: 'publish it from its own service, or correct the source of the event or of the service',
    };
  },
  ({ publishes }) => {
    const names = publishes.map(({ name }) => name);
    const twice = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
    if (twice.length === 0) return undefined;
    return {
      code: 'WAYBILL_DUPLICATE_EVENT',
      prop: 'publishes',
      received: `${twice.join(', ')} more than once`,
      allowed: 'each event name once',
      fix: 'list only the newest version: consumers tell versions apart by the envelope',
    };
  },
];
