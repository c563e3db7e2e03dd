/** Public surface of the constructs. */
export { acknowledge, acknowledgeGuard } from './acknowledge.ts';
export {
  accountConcurrency,
  consumerLate,
  eventsGivenUp,
  databaseAlarms,
  databaseBehind,
  HopAlarms,
  latency,
  restClientErrors,
  restLatency,
  restServerErrors,
  RUNBOOK_BASE_URL_CONTEXT_KEY,
  serverErrors,
  standsStill,
  webSocketAlarms,
} from './alarms/index.ts';
export type { AlarmProps, AlarmSeverity, AlarmSpecification } from './alarms/index.ts';
export { AlertTopic } from './alert-topic.ts';
export type { AlertTopicProps } from './alert-topic.ts';
export { BrokerConsumer } from './broker-consumer.ts';
export type { BrokerConsumerProps } from './broker-consumer.ts';
export { ADDED_REGIONS_CONTEXT_KEY, CUSTOM_EVENT_BUS_REGIONS } from './bus-type.ts';
export type { BusType } from './bus-type.ts';
export { BusForwarding } from './bus-forwarding.ts';
export type { BusForwardingProps } from './bus-forwarding.ts';
export { BusReplica } from './bus-replica.ts';
export type { BusReplicaProps } from './bus-replica.ts';
export { ClaimCheckBucket, ClaimCheckGrants } from './claim-check-bucket.ts';
export type { ClaimCheckBucketProps } from './claim-check-bucket.ts';
export { ConsumerStacks } from './consumer-stacks.ts';
export type { ConsumerStacksProps } from './consumer-stacks.ts';
export { ControlsTable } from './controls-table.ts';
export type { ControlsReader, ControlsTableProps } from './controls-table.ts';
export { CostAnomalyAlarm } from './cost-anomaly-alarm.ts';
export type { CostAnomalyAlarmProps } from './cost-anomaly-alarm.ts';
export type { DatabaseConnection } from './database-connection.ts';
export { OverviewDashboard, SystemDashboard } from './dashboards/index.ts';
export type { OverviewDashboardProps, SystemDashboardProps } from './dashboards/index.ts';
export { ENVIRONMENT_CONTEXT_KEY } from './environment.ts';
export { ValidationError } from './errors.ts';
export type { ValidationCode, ValidationFailure } from './errors.ts';
export { EventProcess } from './event-process.ts';
export type { EventProcessProps } from './event-process.ts';
export { EventFunction } from './event-function.ts';
export type { ControlsReading, EventFunctionProps, FunctionProps, OutboxWriting } from './event-function.ts';
export type {
  BusEvents,
  DataConditions,
  EventDestination,
  EventSubscription,
  PublishRoute,
  QueueEvents,
  SubscriptionOptions,
  TopicEvents,
  TopicSubscriptionOptions,
} from './event-routes.ts';
export { EventQueue, EventQueueGrants } from './event-queue.ts';
export type { EventQueueProps } from './event-queue.ts';
export { EventStream, EventStreamGrants } from './event-stream.ts';
export type { EventStreamProps, StreamEvents } from './event-stream.ts';
export { EventTopic, EventTopicGrants } from './event-topic.ts';
export type { EventTopicProps } from './event-topic.ts';
export { KafkaCluster } from './kafka-cluster.ts';
export type { KafkaClusterProps, KafkaClusterType } from './kafka-cluster.ts';
export { KafkaConsumer } from './kafka-consumer.ts';
export type { KafkaConsumerProps } from './kafka-consumer.ts';
export { KafkaTopic, KafkaTopicGrants } from './kafka-topic.ts';
export type { KafkaTopicEvents, KafkaTopicProps } from './kafka-topic.ts';
export { KafkaTopicResource } from './kafka-topic-resource.ts';
export { MessageBroker, MessageBrokerGrants } from './message-broker.ts';
export type { MaintenanceWindow, MessageBrokerProps } from './message-broker.ts';
export { MessageBus, MessageBusGrants } from './message-bus.ts';
export type { BusSubscriptionOptions, MessageBusProps } from './message-bus.ts';
export { MessagingKey } from './messaging-key.ts';
export type { MessagingKeyProps } from './messaging-key.ts';
export { DataTable, DataTableGrants } from './data-table.ts';
export type { DataTableProps, TableAction, TableUser } from './data-table.ts';
export { OutboxRelay, OutboxRelayGrants } from './outbox-relay.ts';
export { ScheduledFunction } from './scheduled-function.ts';
export type { ScheduledFunctionProps } from './scheduled-function.ts';
export type { OutboxRelayProps } from './outbox-relay.ts';
export { QueueConsumer } from './queue-consumer.ts';
export type { QueueConsumerProps } from './queue-consumer.ts';
export { MAX_RECEIVES_WITH_CONTROLS } from './queue-settings.ts';
export { RedisServer, RedisServerGrants } from './redis-server.ts';
export type { RedisServerProps, RedisService } from './redis-server.ts';
export { retainMessages } from './retain-messages.ts';
export { TopicEndpoint } from './topic-endpoint.ts';
export type { TopicEndpointProps } from './topic-endpoint.ts';
export { TaskMachine, TaskMachineGrants } from './task-machine.ts';
export type { TaskMachineProps } from './task-machine.ts';
export { StreamConsumer } from './stream-consumer.ts';
export type { StreamConsumerProps } from './stream-consumer.ts';
export type { StreamReaderProps } from './mapping-settings.ts';
export { recordEdge, recordEvents, recordNode, recordService, topologyOf } from './topology-recorder.ts';
export type { EdgeEnd, EdgeRecord, NodeRecord } from './topology-recorder.ts';
export { SealingKey, SealingKeyGrants } from './sealing-key.ts';
export type { SealingFunction, SealingKeyProps, SealingProcess } from './sealing-key.ts';
