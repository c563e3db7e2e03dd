/**
 * The topology: one graph of who publishes what, and of every hop a message takes from there to a
 * handler or to a dead-letter queue. Synth writes it next to the templates; every tool reads it.
 */

/** MAJOR.MINOR. A reader takes any minor of the major it knows. */
export const TOPOLOGY_SCHEMA_VERSION = '1.4';

/** The file's name inside a cloud assembly directory. */
export const TOPOLOGY_FILE_NAME = 'waybill.topology.json';

export interface Topology {
  readonly schemaVersion: string;
  /** The environment that was synthesized, for example `prod`. */
  readonly environment: string;
  /** Sorted by name, then version. */
  readonly events: readonly TopologyEvent[];
  /** Sorted by id. */
  readonly nodes: readonly TopologyNode[];
  /** Sorted by kind, from, to. */
  readonly edges: readonly TopologyEdge[];
}

/** What an event's contract declares, without its schema. */
export interface TopologyEvent {
  readonly name: string;
  /** `MAJOR.MINOR`. */
  readonly version: string;
  /** The envelope's `source`, that is the publishing service. */
  readonly source: string;
  /** Path to the field that keeps events in order. Null: ordered per tenant where order is kept at all. */
  readonly orderingKey: string | null;
  /** Paths to personal data. */
  readonly pii: readonly string[];
  readonly priority: 'normal' | 'high';
  readonly traffic: { readonly peakPerSecond: number; readonly averageBytes: number };
  readonly description: string | null;
  /** JSON values that pass the event's schema. */
  readonly examples: readonly unknown[];
}

export type TopologyNodeKind =
  | 'service'
  | 'topic'
  | 'subscription'
  | 'queue'
  | 'deadLetterQueue'
  | 'bus'
  | 'rule'
  | 'archive'
  | 'function'
  | 'relay'
  | 'database'
  | 'schedule'
  | 'alertTopic'
  | 'httpApi'
  /** A Kinesis stream; since 1.2, as all below. */
  | 'stream'
  | 'kafkaCluster'
  | 'kafkaTopic'
  /** An Amazon MQ broker. */
  | 'broker'
  /** A queue inside a broker, which no CloudFormation resource stands for. */
  | 'brokerQueue'
  /** An event source mapping that has retries of its own: of a stream, a Kafka topic, a broker's queue. */
  | 'mapping'
  | 'stateMachine'
  /** A DynamoDB table that functions keep their own data in; since 1.3, as below. */
  | 'table'
  /** A stage of a WebSocket API, whose connections functions send to. */
  | 'webSocketApi'
  | 'restApi'
  /** A service of Amazon ECS whose tasks read an event store or streams; since 1.4, as below. */
  | 'process'
  /** A server of Redis Streams. */
  | 'redis'
  | 'principal';

export interface TopologyNode {
  /** The construct path; `service:NAME` for a service, which is no construct. */
  readonly id: string;
  readonly kind: TopologyNodeKind;
  /** The name to show: the service's, else the construct's id. */
  readonly name: string;
  /** The stack's name. Null for what is in no stack. */
  readonly stack: string | null;
  /** The logical id of the CloudFormation resource. Null where there is none in these templates. */
  readonly logicalId: string | null;
  /** For example `AWS::SQS::Queue`. Null where there is no resource. */
  readonly resourceType: string | null;
  /** The name in AWS. Null where CloudFormation makes it up. */
  readonly physicalName: string | null;
  /** The service or consumer this belongs to. Null where it is shared. */
  readonly owner: string | null;
  /** FIFO topics and queues. */
  readonly fifo?: boolean;
  /** Twelve digits; since 1.1. Absent where the stack has no env. */
  readonly account?: string;
  /** For example `eu-west-1`; since 1.1. Absent where the stack has no env. */
  readonly region?: string;
  /** The entry file of a function or relay, relative to the application's directory. */
  readonly entry?: string;
}

interface EdgeBetween {
  /** A node's id. */
  readonly from: string;
  /** A node's id. */
  readonly to: string;
}

/** A service, function, relay or other principal that may publish these events to a topic, bus, queue, stream or Kafka topic. */
export interface PublishesEdge extends EdgeBetween {
  readonly kind: 'publishes';
  /** Names of events. */
  readonly events: readonly string[];
  /** The `source` of the events, which routes them. */
  readonly source: string;
}

/** From a topic to a queue. */
export interface SubscribesEdge extends EdgeBetween {
  readonly kind: 'subscribes';
  /** The subscription node. */
  readonly via: string;
  /** Names of the events that get through. */
  readonly events: readonly string[];
  /** SNS's own JSON. Null: everything gets through. */
  readonly filterPolicy: Readonly<Record<string, unknown>> | null;
  readonly filterPolicyScope: 'MessageAttributes' | 'MessageBody';
  readonly rawMessageDelivery: boolean;
}

/** From a bus to a queue. */
export interface RoutesEdge extends EdgeBetween {
  readonly kind: 'routes';
  /** The rule node: a rule of a classic bus, a subscriber of a custom one. */
  readonly via: string;
  /** Names of the events that get through. */
  readonly events: readonly string[];
  /** EventBridge's own JSON. */
  readonly pattern: Readonly<Record<string, unknown>>;
  /** The part of the event that becomes the message, for example `$.detail`. */
  readonly inputPath: string | null;
  /** The rule is disabled until an operator switches the replica on; since 1.1. Absent otherwise. */
  readonly standby?: true;
}

/**
 * From a bus to its replica in another Region, which gets every event; since 1.1. A replica of another deployment is a node
 * without a resource, and its name is that of the bus and its Region.
 */
export interface ForwardsEdge extends EdgeBetween {
  readonly kind: 'forwards';
  /** The rule node. */
  readonly via: string;
  /** EventBridge's own JSON. */
  readonly pattern: Readonly<Record<string, unknown>>;
}

/** From a queue to the function or relay that an event source mapping invokes. */
export interface ConsumesEdge extends EdgeBetween {
  readonly kind: 'consumes';
  /** The consumer's name. */
  readonly consumer: string;
  /** Names of the events the handler gets; empty for messages that carry none, such as nudges. */
  readonly events: readonly string[];
  readonly batchSize: number;
  readonly maxBatchingWindowSeconds: number;
  readonly maxConcurrency: number;
  readonly visibilityTimeoutSeconds: number;
  readonly timeoutSeconds: number;
  /** How long the queue keeps a message. Since 1.1. */
  readonly retentionSeconds?: number;
  /** The mapping is off until an operator switches it on: with its Region, or with its consumer's transport; since 1.3. Absent otherwise. */
  readonly standby?: true;
}

/**
 * From a stream, a Kafka topic or a broker's queue to the function that an event source mapping invokes; since 1.2. Each
 * reader has a position of its own and gets everything, except of a broker's queue.
 */
export interface ReadsEdge extends EdgeBetween {
  readonly kind: 'reads';
  /** The mapping node. */
  readonly via: string;
  /** The consumer's name. */
  readonly consumer: string;
  /** Names of the events the handler gets; empty where the messages are not events of the catalogue. */
  readonly events: readonly string[];
  readonly batchSize: number;
  readonly maxBatchingWindowSeconds: number;
  readonly timeoutSeconds: number;
  /** Invocations at a time for each shard; of Kafka and a broker, 1 for each poller's partition. */
  readonly parallelizationFactor: number;
  /** Null: the source decides, as a broker does with its delivery limit. */
  readonly maximumRetryAttempts: number | null;
  /** Null: until the source gives it up. */
  readonly maximumRecordAgeSeconds: number | null;
  /** The window of an aggregation. Absent where there is none. */
  readonly tumblingWindowSeconds?: number;
  /** Of Kafka. */
  readonly consumerGroupId?: string;
  /** What is read are records that this consumer has failed on before. Absent otherwise. */
  readonly retry?: true;
}

/**
 * From an event store's database or a server of Redis Streams to the process whose consumer reads it, with a position of
 * its own; since 1.4.
 */
export interface FollowsEdge extends EdgeBetween {
  readonly kind: 'follows';
  /** The consumer's name: of its subscription or its group. */
  readonly consumer: string;
  /** Names of the events the handler gets. */
  readonly events: readonly string[];
  /**
   * `live`: it has effects. `next`: it takes over when it is moved here. `shadow`: it only records arrivals. `mirror`: it
   * copies events to another transport.
   */
  readonly role: 'live' | 'next' | 'shadow' | 'mirror';
}

/** From a function to the Kafka topic from which it takes again what it failed on; since 1.2. */
export interface RetriesEdge extends EdgeBetween {
  readonly kind: 'retries';
  /** Before a record is taken again. */
  readonly delaySeconds: number;
}

/** The hop at which a message can fail. */
export type DeadLetterHop =
  | 'queue'
  | 'subscription'
  | 'rule'
  | 'bus'
  | 'schedule'
  | 'asyncInvocation'
  /** The mapping of a stream or Kafka topic gave up; since 1.2. */
  | 'mapping'
  /** The function put aside what it can never handle; since 1.2. */
  | 'function'
  /** The broker gave up; since 1.2. */
  | 'brokerQueue';

/** From the queue, subscription, rule, bus, schedule or function that fails, to the dead-letter queue. */
export interface DeadLettersEdge extends EdgeBetween {
  readonly kind: 'deadLetters';
  readonly hop: DeadLetterHop;
  /** Receives of a queue, or delivery attempts of a rule or schedule, before the message is moved. Null: the service decides. */
  readonly attempts: number | null;
}

/** From an outbox's database to the relay that drains it. */
export interface DrainsEdge extends EdgeBetween {
  readonly kind: 'drains';
}

/** From a schedule to what it invokes. */
export interface InvokesEdge extends EdgeBetween {
  readonly kind: 'invokes';
  /** Scheduler's own words, for example `rate(1 minute)`. */
  readonly expression: string;
  /** The schedule is off until an operator switches the Region on; since 1.3. Absent otherwise. */
  readonly standby?: true;
}

/** From a function to the state machine whose executions it starts. Since 1.2. */
export interface StartsEdge extends EdgeBetween {
  readonly kind: 'starts';
}

/** From a function to the table that it reads or writes; since 1.3. */
export interface AccessesEdge extends EdgeBetween {
  readonly kind: 'accesses';
  /** In IAM's words without the service, for example `Query`. */
  readonly actions: readonly string[];
  /** Names of the table's indexes that it reads. Absent: none. */
  readonly indexes?: readonly string[];
}

/** From a function to the WebSocket API whose connections it sends to, asks about or closes; since 1.3. */
export interface PushesEdge extends EdgeBetween {
  readonly kind: 'pushes';
  /** Methods of the management API: POST sends, GET asks, DELETE closes. */
  readonly methods: readonly ('DELETE' | 'GET' | 'POST')[];
}

/** From a function that has just written to an outbox to the relay's queue. A hint, not a promise. */
export interface NudgesEdge extends EdgeBetween {
  readonly kind: 'nudges';
  /** Names of the events that it writes to the outbox, where it tells them; since 1.3. */
  readonly events?: readonly string[];
}

/** From a bus to its archive; to itself where it keeps its events. */
export interface ArchivesEdge extends EdgeBetween {
  readonly kind: 'archives';
  /** Null: for ever. */
  readonly retentionDays: number | null;
}

/** From what an alarm watches to the topic that tells people. */
export interface AlertsEdge extends EdgeBetween {
  readonly kind: 'alerts';
  /** The alarm's construct path. */
  readonly alarm: string;
  /** CloudWatch's own words, for example `ApproximateNumberOfMessagesVisible`. */
  readonly metric: string;
  readonly threshold: number;
  /** Since 1.1. */
  readonly severity?: 'critical' | 'warning';
  /** The construct path of the composite alarm that acts for this one, which has no action of its own. Since 1.1. */
  readonly composite?: string;
  /** How the metric is looked at. Since 1.1. */
  readonly condition?: AlarmCondition;
}

/** In CloudWatch's words. */
export interface AlarmCondition {
  readonly namespace: string;
  /** Names, sorted. */
  readonly dimensions: readonly string[];
  readonly statistic: string;
  readonly periodSeconds: number;
  readonly comparisonOperator: string;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly treatMissingData: string;
}

export type TopologyEdge =
  | PublishesEdge
  | SubscribesEdge
  | RoutesEdge
  | ForwardsEdge
  | ConsumesEdge
  | ReadsEdge
  | FollowsEdge
  | RetriesEdge
  | DeadLettersEdge
  | DrainsEdge
  | InvokesEdge
  | NudgesEdge
  | StartsEdge
  | AccessesEdge
  | PushesEdge
  | ArchivesEdge
  | AlertsEdge;

export type TopologyEdgeKind = TopologyEdge['kind'];
