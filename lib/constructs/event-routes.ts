/** The two ends of an edge as props: what a consumer subscribes to, and where a publisher publishes. */
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IConstruct } from 'constructs';
import type { AnyEventContract } from '../contracts/index.ts';
import type { EventQueue } from './event-queue.ts';
import type { MessageBus } from './message-bus.ts';
import type { TenantCondition } from './tenant-filter.ts';

/** Events of a topic, as given by `topic.event(...)` and `topic.events()`. */
export interface TopicEvents {
  readonly kind: 'topic';
  readonly origin: IConstruct;
  readonly topic: ITopic;
  readonly fifo: boolean;
  readonly events: readonly AnyEventContract[];
  /** Everything the topic publishes, so that no filter on the event type is needed. */
  readonly everyEvent: boolean;
  /** Makes the alarms of the topic's deliveries, where they are not made yet. */
  readonly watch: () => void;
  /** Undefined: every tenant. */
  readonly tenants: readonly TenantCondition[] | undefined;
  /** By path below the event's data, the values that pass. Undefined: whatever the data. */
  readonly data: DataConditions | undefined;
}

/** By path below an event's data such as `channel`, the values that pass. All paths must match. */
export type DataConditions = Readonly<Record<string, readonly string[]>>;

/** Events of a bus, as given by `bus.event(...)`. */
export interface BusEvents {
  readonly kind: 'bus';
  readonly origin: MessageBus;
  /** In order, which a bus of type `custom` keeps. */
  readonly fifo: boolean;
  readonly events: readonly AnyEventContract[];
  /** Undefined: every tenant. */
  readonly tenants: readonly TenantCondition[] | undefined;
}

/** Everything that is sent to a queue, as given by `queue.events()`. The consumer takes that queue for its own. */
export interface QueueEvents {
  readonly kind: 'queue';
  readonly origin: EventQueue;
  readonly fifo: boolean;
  readonly events: readonly AnyEventContract[];
  /** Nothing filters before a queue. */
  readonly tenants: undefined;
}

/** What a consumer subscribes to. */
export type EventSubscription = TopicEvents | BusEvents | QueueEvents;

export interface SubscriptionOptions {
  /**
   * Only events of these tenants.
   * @default - every tenant
   */
  readonly tenants?: readonly string[];
  /**
   * All but events of these tenants, which have a consumer of their own. Not together with `tenants`.
   * @default - no exception
   */
  readonly exceptTenants?: readonly string[];
}

export interface TopicSubscriptionOptions extends SubscriptionOptions {
  /**
   * Only events whose data have one of these values, by path: `{ channel: ['email'] }`. The filter then looks at the
   * message's body, tenants and types of events included, and SNS charges for what it looks at.
   * @default - whatever the data
   */
  readonly data?: DataConditions;
}

/** One entry of a publisher's WAYBILL_PUBLISH_ROUTES. */
export interface PublishRoute {
  /** The `source` of the events. */
  readonly source: string;
  /** The ARN of a topic, bus, queue, stream or Kafka topic. */
  readonly target: string;
  /** Names of events. */
  readonly events: readonly string[];
}

/** Where a publisher publishes: a topic, a queue, or a bus with the events that go to it. */
export interface EventDestination {
  readonly routes: readonly PublishRoute[];
  readonly grants: { publish(grantee: IGrantable): void };
}
