/** A topic of a Kafka cluster: what analytics reads, kept for days, in partitions that keep the order of a key. */
import type { Duration } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { CfnTopic } from 'aws-cdk-lib/aws-msk';
import { Construct } from 'constructs';
import type { AnyEventContract } from '../contracts/index.ts';
import type { EventDestination, PublishRoute } from './event-routes.ts';
import { grantTo, recordPublisher } from './grants.ts';
import { FIND_BROKERS, WRITE_CLUSTER, WRITE_TOPIC } from './kafka-arns.ts';
import type { KafkaCluster } from './kafka-cluster.ts';
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
  /** Copies of each record. Serverless clusters and Express brokers have three. @default 3 */
  readonly replicationFactor?: number;
  /** How long records are kept, read or not. @default - the cluster's: a week */
  readonly retentionPeriod?: Duration;
  /** Kafka's own settings of a topic, by name, such as `max.message.bytes`. @default - the cluster's */
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
  readonly resource: CfnTopic;
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
    this.replicationFactor = props.replicationFactor ?? DEFAULT_REPLICAS;
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

export interface TopicSettings {
  readonly cluster: KafkaCluster;
  readonly topicName: string;
  readonly partitionCount: number;
  readonly replicationFactor: number;
  readonly configs: Readonly<Record<string, string>>;
}

/** `Configs` is the Base64 of a JSON object, AWSCloudFormation/latest/TemplateReference/aws-resource-msk-topic.html. */
export function createTopic(
  scope: Construct,
  id: string,
  { cluster, topicName, partitionCount, replicationFactor, configs }: TopicSettings,
): CfnTopic {
  return new CfnTopic(scope, id, {
    clusterArn: cluster.clusterArn,
    topicName,
    partitionCount,
    replicationFactor,
    ...(Object.keys(configs).length === 0
      ? {}
      : { configs: Buffer.from(JSON.stringify(configs)).toString('base64') }),
  });
}

const DEFAULT_PARTITIONS = 6;
const DEFAULT_REPLICAS = 3;
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
];
