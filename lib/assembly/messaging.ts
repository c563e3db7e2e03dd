/**
 * What carries messages in an assembly, in AWS's words: queues, topics, buses, and everything between them. Absent
 * properties have the value that the service takes; a property that is undefined is one without a default. A number
 * that only AWS knows is NaN, and a text is marked.
 */
import { alarmsOf } from './alarms.ts';
import type { Alarm } from './alarms.ts';
import { archivesOf, busesOf, rulesOf } from './buses.ts';
import type { Archive, Bus, Rule } from './buses.ts';
import { customBusesOf } from './custom-buses.ts';
import type { CustomBus } from './custom-buses.ts';
import { functionsOf, mappingsOf } from './functions.ts';
import type { EventSourceMapping, LambdaFunction } from './functions.ts';
import { keysOf, rolesOf } from './identities.ts';
import type { Key, Role } from './identities.ts';
import type { Assembly } from './model.ts';
import { pipesOf, schedulesOf } from './pipes-and-schedules.ts';
import type { Pipe, Schedule } from './pipes-and-schedules.ts';
import { processesOf } from './processes.ts';
import type { LongRunningProcess } from './processes.ts';
import { redisServersOf } from './redis-servers.ts';
import type { RedisInstance } from './redis-servers.ts';
import { queueMethodsOf } from './rest-apis.ts';
import type { QueueMethod } from './rest-apis.ts';
import { queuesOf } from './queues.ts';
import type { Queue } from './queues.ts';
import { brokersOf, kafkaClustersOf, kafkaTopicsOf, streamsOf } from './streams.ts';
import type { Broker, KafkaCluster, KafkaTopic, Stream } from './streams.ts';
import { stateMachinesOf } from './state-machines.ts';
import type { StateMachine } from './state-machines.ts';
import { subscribersOf } from './subscribers.ts';
import type { Subscriber } from './subscribers.ts';
import { subscriptionsOf, topicsOf } from './topics.ts';
import type { Subscription, Topic } from './topics.ts';

export interface Messaging {
  readonly assembly: Assembly;
  readonly queues: readonly Queue[];
  readonly topics: readonly Topic[];
  readonly subscriptions: readonly Subscription[];
  /** Classic ones. */
  readonly buses: readonly Bus[];
  readonly rules: readonly Rule[];
  readonly archives: readonly Archive[];
  /** Custom Event Buses, AWS::EventsV2. */
  readonly customBuses: readonly CustomBus[];
  /** Of Custom Event Buses. */
  readonly subscribers: readonly Subscriber[];
  readonly streams: readonly Stream[];
  readonly kafkaTopics: readonly KafkaTopic[];
  readonly kafkaClusters: readonly KafkaCluster[];
  readonly brokers: readonly Broker[];
  readonly functions: readonly LambdaFunction[];
  readonly mappings: readonly EventSourceMapping[];
  readonly schedules: readonly Schedule[];
  readonly pipes: readonly Pipe[];
  readonly stateMachines: readonly StateMachine[];
  /** Methods of REST APIs that send to a queue without a function. */
  readonly queueMethods: readonly QueueMethod[];
  /** Services of Amazon ECS. */
  readonly processes: readonly LongRunningProcess[];
  /** Of Redis Streams. */
  readonly redisServers: readonly RedisInstance[];
  readonly roles: readonly Role[];
  readonly keys: readonly Key[];
  readonly alarms: readonly Alarm[];
  queue(arnOrUrl: unknown): Queue | undefined;
  topic(arn: unknown): Topic | undefined;
  /** Classic ones. */
  bus(arn: unknown): Bus | undefined;
  customBus(arn: unknown): CustomBus | undefined;
  stream(arn: unknown): Stream | undefined;
  kafkaTopic(arn: unknown): KafkaTopic | undefined;
  kafkaCluster(arn: unknown): KafkaCluster | undefined;
  broker(arn: unknown): Broker | undefined;
  /** Also by an ARN with a qualifier, and by name. */
  function(arn: unknown): LambdaFunction | undefined;
  role(arn: unknown): Role | undefined;
  /** By key id, key ARN, alias name or alias ARN. Undefined for AWS's own keys, and those outside the assembly. */
  key(reference: unknown): Key | undefined;
}

const made = new WeakMap<Assembly, Messaging>();

export function messagingOf(assembly: Assembly): Messaging {
  const known = made.get(assembly);
  if (known !== undefined) return known;
  const messaging = read(assembly);
  made.set(assembly, messaging);
  return messaging;
}

function read(assembly: Assembly): Messaging {
  const queues = queuesOf(assembly);
  const topics = topicsOf(assembly);
  const buses = busesOf(assembly);
  const customBuses = customBusesOf(assembly);
  const streams = streamsOf(assembly);
  const kafkaTopics = kafkaTopicsOf(assembly);
  const kafkaClusters = kafkaClustersOf(assembly);
  const brokers = brokersOf(assembly);
  const functions = functionsOf(assembly);
  const roles = rolesOf(assembly);
  const keys = keysOf(assembly);
  const queueBy = byNames(queues, ({ arn, url }) => [arn, url]);
  const topicBy = byNames(topics, ({ arn }) => [arn]);
  const busBy = byNames(buses, ({ arn }) => [arn]);
  const customBusBy = byNames(customBuses, ({ arn }) => [arn]);
  const streamBy = byNames(streams, ({ arn }) => [arn]);
  const kafkaTopicBy = byNames(kafkaTopics, ({ arn }) => [arn]);
  const kafkaClusterBy = byNames(kafkaClusters, ({ arn }) => [arn]);
  const brokerBy = byNames(brokers, ({ arn }) => [arn]);
  const functionBy = byNames(functions, ({ arn, name }) => [arn, name]);
  const roleBy = byNames(roles, ({ arn }) => [arn]);
  const keyBy = byNames(keys, ({ arn, id, aliases }) => [arn, id, ...aliases]);
  return {
    assembly,
    queues,
    topics,
    subscriptions: subscriptionsOf(assembly),
    buses,
    rules: rulesOf(assembly),
    archives: archivesOf(assembly),
    customBuses,
    subscribers: subscribersOf(assembly),
    streams,
    kafkaTopics,
    kafkaClusters,
    brokers,
    functions,
    mappings: mappingsOf(assembly),
    schedules: schedulesOf(assembly),
    pipes: pipesOf(assembly),
    stateMachines: stateMachinesOf(assembly),
    queueMethods: queueMethodsOf(assembly),
    processes: processesOf(assembly),
    redisServers: redisServersOf(assembly),
    roles,
    keys,
    alarms: alarmsOf(assembly),
    queue: (arnOrUrl) => find(queueBy, arnOrUrl),
    topic: (arn) => find(topicBy, arn),
    bus: (arn) => find(busBy, arn),
    customBus: (arn) => find(customBusBy, arn),
    stream: (arn) => find(streamBy, arn),
    kafkaTopic: (arn) => find(kafkaTopicBy, arn),
    kafkaCluster: (arn) => find(kafkaClusterBy, arn),
    broker: (arn) => find(brokerBy, arn),
    function: (arn) => find(functionBy, typeof arn === 'string' ? withoutQualifier(arn) : arn),
    role: (arn) => find(roleBy, arn),
    key: (reference) => find(keyBy, reference),
  };
}

function byNames<Item>(
  items: readonly Item[],
  namesOf: (item: Item) => readonly string[],
): Map<string, Item> {
  return new Map(items.flatMap((item) => namesOf(item).map((name) => [name, item] as const)));
}

function find<Item>(items: ReadonlyMap<string, Item>, name: unknown): Item | undefined {
  return typeof name === 'string' ? items.get(name) : undefined;
}

function withoutQualifier(arn: string): string {
  return arn.startsWith('arn:') ? arn.split(':').slice(0, 7).join(':') : arn;
}
