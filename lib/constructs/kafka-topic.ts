/** A topic of a Kafka cluster: what analytics reads, kept for days, in partitions that keep the order of a key. */
import type { Duration } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { AnyEventContract } from '../contracts/index.ts';
import type { EventDestination, PublishRoute } from './event-routes.ts';
import { grantTo, recordPublisher } from './grants.ts';
import { FIND_BROKERS, WRITE_CLUSTER, WRITE_TOPIC } from './kafka-arns.ts';
import type { KafkaCluster } from './kafka-cluster.ts';
import { createTopic, KAFKA_REPLICATION_FACTOR, SERVERLESS_CONFIGS } from './kafka-topic-resource.ts';
import type { KafkaTopicResource } from './kafka-topic-resource.ts';
import { KAFKA_PARTITIONS } from './limits.ts';
import { kebabCase } from './names.ts';
import { publishedEventRules, routesTo } from './published-events.ts';
import { recordEvents, recordNode } from './topology-recorder.ts';
import { numberInRange, validateProps } from './validation.ts';
import type { Rule } from './validation.ts';

export interface KafkaTopicProps<Published extends AnyEventContract = AnyEventContract> {
  readonly cluster: KafkaCluster;
  /** Every event that goes through the topic, of whatever service. */
  readonly publishes: readonly Published[];
  /**
   * The name in the cluster.
   * @default - the construct's id in kebab case
   */
  readonly topicName?: string;
  /**
   * As many readers of a group work at a time at most. It can be raised later, by which keys move to other partitions.
   * @default 6
   */
  readonly partitionCount?: number;
  /** Copies of each record. Serverless clusters and Express brokers have three, and no other number. @default 3 */
  readonly replicationFactor?: number;
  /** How long records are kept, read or not. @default - the cluster's: a week */
  readonly retentionPeriod?: Duration;
  /**
   * Kafka's own settings of a topic, by name, such as `max.message.bytes`. A serverless cluster takes few of them, and
   * `cleanup.policy` only when the topic is made.
   * @default - the cluster's
   */
  readonly configs?: Readonly<Record<string, string>>;
}

/** Events of a Kafka topic, as given by `topic.event(...)` and `topic.events()`. */
export interface KafkaTopicEvents {
  readonly kind: 'kafkaTopic';
  readonly origin: KafkaTopic;
  readonly events: readonly AnyEventContract[];
  /** Everything that is published to the topic, so that no filter is needed. */
  readonly everyEvent: boolean;
}

/**
 * @example
 * const analytics = new KafkaTopic(this, 'CommerceAnalytics', { cluster: kafka, publishes: [ProductViewed] });
 * new EventFunction(this, 'Shop', { publishesTo: [analytics], vpc, entry: 'lambda/handlers/shop.ts' });
 */
export class KafkaTopic<Published extends AnyEventContract = AnyEventContract>
  extends Construct
  implements EventDestination
{
  readonly cluster: KafkaCluster;
  readonly topicName: string;
  readonly topicArn: string;
  /** `AWS::MSK::Topic`, or in a serverless cluster a custom resource. */
  readonly resource: KafkaTopicResource;
  readonly publishes: readonly Published[];
  readonly partitionCount: number;
  readonly replicationFactor: number;
  readonly grants: KafkaTopicGrants;

  /** @throws ValidationError when nothing is published, an event is listed twice, or a value is out of range */
  constructor(scope: Construct, id: string, props: KafkaTopicProps<Published>) {
    super(scope, id);
    validateProps<KafkaTopicProps>(this, RULES, props);
    this.cluster = props.cluster;
    this.publishes = props.publishes;
    this.topicName = props.topicName ?? kebabCase(id);
    this.partitionCount = props.partitionCount ?? DEFAULT_PARTITIONS;
    this.replicationFactor = props.replicationFactor ?? KAFKA_REPLICATION_FACTOR;
    this.resource = createTopic(this, 'Topic', {
      cluster: props.cluster,
      topicName: this.topicName,
      partitionCount: this.partitionCount,
      replicationFactor: this.replicationFactor,
      configs: {
        ...(props.retentionPeriod === undefined
          ? {}
          : { 'retention.ms': String(props.retentionPeriod.toMilliseconds()) }),
        ...props.configs,
      },
    });
    this.topicArn = this.resource.attrTopicArn;
    this.grants = new KafkaTopicGrants(this);
    recordNode(this, { kind: 'kafkaTopic', name: this.topicName, resource: this.resource });
    recordEvents(this, this.publishes);
  }

  get routes(): readonly PublishRoute[] {
    return routesTo(this.topicArn, this.publishes);
  }

  /** A part of the topic's events, for the `publishesTo` of who publishes no other. */
  publishing(events: readonly Published[]): EventDestination {
    const routes = routesTo(this.topicArn, events);
    return { routes, grants: { publish: (grantee) => this.grants.publish(grantee, routes) } };
  }

  /** One event of the topic, for `subscribesTo`: the mapping leaves the others out. */
  event(contract: Published): KafkaTopicEvents {
    return { kind: 'kafkaTopic', origin: this, events: [contract], everyEvent: this.publishes.length === 1 };
  }

  /** Every event of the topic, for `subscribesTo`. */
  events(): KafkaTopicEvents {
    return { kind: 'kafkaTopic', origin: this, events: this.publishes, everyEvent: true };
  }
}

export class KafkaTopicGrants {
  readonly #topic: KafkaTopic;

  constructor(topic: KafkaTopic) {
    this.#topic = topic;
  }

  /**
   * Connecting to the cluster, and writing to the topic without doubles. The function has to be in the cluster's
   * network, with its `clientSecurityGroup`.
   *
   * @param routes what the grantee publishes, for the topology
   */
  publish(grantee: IGrantable, routes: readonly PublishRoute[] = this.#topic.routes): void {
    allowWriting(grantee, this.#topic.cluster, [this.#topic.topicArn]);
    recordPublisher(this.#topic, grantee, routes);
  }
}

export function allowWriting(
  grantee: IGrantable,
  { clusterArn }: KafkaCluster,
  topicArns: readonly string[],
): void {
  grantTo(grantee, [...FIND_BROKERS, ...WRITE_CLUSTER], [clusterArn]);
  grantTo(grantee, WRITE_TOPIC, topicArns);
}

const DEFAULT_PARTITIONS = 6;
/** Kafka's own: Topic.legalChars, and 249 characters at most. */
const TOPIC_NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/;

const RULES: readonly Rule<KafkaTopicProps>[] = [
  ...publishedEventRules<KafkaTopicProps>('topic'),
  numberInRange(
    'WAYBILL_PARTITIONS_OUT_OF_RANGE',
    'partitionCount',
    KAFKA_PARTITIONS,
    'give a whole number: begin with the readers you will need, because raising it moves keys',
  ),
  ({ topicName }) =>
    topicName === undefined || TOPIC_NAME.test(topicName)
      ? undefined
      : {
          code: 'WAYBILL_KAFKA_TOPIC_NAME_INVALID',
          prop: 'topicName',
          received: `'${topicName}'`,
          allowed: "1 to 249 letters, digits, '.', '_' or '-'",
          fix: 'for example commerce-analytics',
        },
  ({ replicationFactor }) =>
    replicationFactor === undefined || replicationFactor === KAFKA_REPLICATION_FACTOR
      ? undefined
      : {
          code: 'WAYBILL_KAFKA_TOPIC_SETTING_UNSUPPORTED',
          prop: 'replicationFactor',
          received: String(replicationFactor),
          allowed: `${KAFKA_REPLICATION_FACTOR}: serverless clusters and Express brokers have no other`,
          fix: 'leave it out',
        },
  ({ cluster, configs = {} }) => {
    if (cluster.type !== 'serverless') return undefined;
    const wrong = Object.entries(configs).find(([name, value]) => {
      const allowed = SERVERLESS_CONFIGS[name];
      return allowed === undefined || (allowed.max !== undefined && Number(value) > allowed.max);
    });
    if (wrong === undefined) return undefined;
    const [name, value] = wrong;
    const max = SERVERLESS_CONFIGS[name]?.max;
    return {
      code: 'WAYBILL_KAFKA_TOPIC_SETTING_UNSUPPORTED',
      prop: 'configs',
      received: `${name}: ${value}, in a serverless cluster`,
      allowed: max === undefined ? Object.keys(SERVERLESS_CONFIGS).join(', ') : `up to ${max}`,
      fix: max === undefined ? "leave it out, or take type: 'express'" : 'lower it',
    };
  },
];
