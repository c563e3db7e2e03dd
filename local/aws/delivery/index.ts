// Public surface: deliveries from one service of the embedded AWS to another.

export {
  createDeliveries,
  type Deliveries,
  type DeliveryOutcome,
  eventRetries,
  type ExhaustedCondition,
  type RetryPolicy,
} from './retries.ts';
export {
  call,
  invokeFunction,
  type QueueMessage,
  type QueueMessageAttribute,
  sendToQueue,
} from './targets.ts';
