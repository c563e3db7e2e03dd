/** Public surface of the alarms. */
export type { AlarmProps, AlarmSeverity } from './alarm-props.ts';
export { alarmsWithin } from './alarm-registry.ts';
export type { RegisteredAlarm } from './alarm-registry.ts';
export { brokerBusy, brokerUnread } from './broker-alarms.ts';
export { deadLettersInTopic, kafkaBrokerBusy, offsetLag } from './kafka-alarms.ts';
export { iteratorAge, streamReadsThrottled, streamWritesThrottled } from './stream-alarms.ts';
export {
  failedInvocations,
  invalidAttributes,
  notificationsFailed,
  notificationsLost,
  ruleLost,
  ruleNameOf,
  ruleThrottled,
  scheduleDropped,
  scheduleLost,
  scheduleThrottled,
  subscriberBacklog,
  subscriberDropped,
  subscriberLost,
} from './delivery-alarms.ts';
export {
  accountConcurrency,
  asyncDestinationFailed,
  functionErrors,
  functionNearTimeout,
  functionSilent,
  functionThrottles,
  recursionStopped,
} from './function-alarms.ts';
export { notificationFilter } from './notifications.ts';
export { consumerLate, eventsGivenUp } from './event-store-alarms.ts';
export type { MeasuredConsumer } from './event-store-alarms.ts';
export { HopAlarms } from './hop-alarms.ts';
export { processBusy, processFull, tasksMissing } from './process-alarms.ts';
export {
  ageOfOldest,
  backlog,
  deadLetters,
  drainableBacklog,
  heldTooLong,
  inFlight,
  parked,
  parkedTooLong,
  standsStill,
  UNDELIVERED,
} from './queue-alarms.ts';
export type { DeclaredLoad } from './queue-alarms.ts';
export { redisBusy, redisEvicts, redisFull } from './redis-alarms.ts';
export type { WatchedRedis } from './redis-alarms.ts';
export { restClientErrors, restLatency, restServerErrors } from './rest-api-alarms.ts';
export { RUNBOOK_BASE_URL_CONTEXT_KEY, RUNBOOKS } from './runbooks.ts';
export type { Runbook } from './runbooks.ts';
export { databaseAlarms, databaseBehind, latency, maxConnections, serverErrors } from './service-alarms.ts';
export type { AlarmSpecification } from './specification.ts';
export { executionsFailed, executionsThrottled, executionsTimedOut } from './workflow-alarms.ts';
export { NEW_CONNECTIONS_PER_SECOND, webSocketAlarms } from './web-socket-alarms.ts';
export type { WatchedStage } from './web-socket-alarms.ts';
