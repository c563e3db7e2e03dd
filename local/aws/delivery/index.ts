/** Public surface: deliveries from one service of the embedded AWS to another. */
export { attemptWithFaults } from './faults.ts';
export { createDeliveryJournal, type DeliveryJournal, patientAfterRestart } from './journal.ts';
export { appendToLog, roleCaller } from './logs.ts';
export {
  type Chance,
  createDeliveries,
  type Deliveries,
  type DeliveryOutcome,
  eventRetries,
  type ExhaustedCondition,
  RETRY_AFTER_SECONDS,
  type RetryPolicy,
} from './retries.ts';
export {
  call,
  invokeFunction,
  type QueueMessage,
  type QueueMessageAttribute,
  sendToQueue,
} from './targets.ts';
