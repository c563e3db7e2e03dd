/** The pages of AWS's documentation that the behaviours of SQS come from. */
const BASE = 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest';

/** The API reference of an action or type. */
export function api(name: string): string {
  return `${BASE}/APIReference/API_${name}.html`;
}

/** A page of the developer guide. */
export function guide(page: string): string {
  return `${BASE}/SQSDeveloperGuide/${page}.html`;
}

export const METADATA = guide('sqs-message-metadata');
export const MESSAGE_QUOTAS = guide('quotas-messages');
export const QUEUE_QUOTAS = guide('quotas-queues');
export const FIFO_LOGIC = guide('FIFO-queues-understanding-logic');
export const FIFO_EXACTLY_ONCE = guide('FIFO-queues-exactly-once-processing');
export const VISIBILITY = guide('sqs-visibility-timeout');
export const DEAD_LETTER = guide('sqs-dead-letter-queues');
export const REDRIVE = guide('sqs-configure-dead-letter-queue-redrive');
