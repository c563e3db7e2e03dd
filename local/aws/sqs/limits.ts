/**
 * The limits of SQS, with their units and where AWS documents them.
 * Pages: "Amazon SQS message quotas" (quotas-messages.html), "Amazon SQS queue quotas" (quotas-queues.html),
 * and the API reference of the action that is named.
 */

/** Message body plus attributes, and the sum over a batch: 1 MiB. quotas-messages.html */
export const MAXIMUM_MESSAGE_BYTES = 1_048_576;
/** Smallest value of `MaximumMessageSize`, in bytes. SetQueueAttributes */
export const MINIMUM_MAXIMUM_MESSAGE_BYTES = 1024;
/** Entries in a batch, and messages in a receive. quotas-messages.html */
export const MAXIMUM_BATCH_ENTRIES = 10;
/** Message attributes of one message. quotas-messages.html */
export const MAXIMUM_MESSAGE_ATTRIBUTES = 10;
/** Characters in the name or data type of a message attribute. sqs-message-metadata.html */
export const MAXIMUM_ATTRIBUTE_NAME_LENGTH = 256;
/** Characters in a message group id, deduplication id or receive attempt id. SendMessage */
export const MAXIMUM_ID_LENGTH = 128;
/** Characters in a batch entry's id. SendMessageBatchRequestEntry */
export const MAXIMUM_ENTRY_ID_LENGTH = 80;
/** Seconds; the longest a message can stay in flight since it was received: 12 hours. ChangeMessageVisibility */
export const MAXIMUM_VISIBILITY_SECONDS = 43_200;
/** Seconds. SendMessage */
export const MAXIMUM_DELAY_SECONDS = 900;
/** Seconds. ReceiveMessage */
export const MAXIMUM_WAIT_SECONDS = 20;
/** Seconds: 60 s to 14 days. SetQueueAttributes */
export const MINIMUM_RETENTION_SECONDS = 60;
export const MAXIMUM_RETENTION_SECONDS = 1_209_600;
/** Milliseconds a deduplication id is remembered: 5 minutes. SendMessage */
export const DEDUPLICATION_MILLISECONDS = 300_000;
/** Milliseconds a receive attempt id is remembered: 5 minutes. ReceiveMessage */
export const RECEIVE_ATTEMPT_MILLISECONDS = 300_000;
/** Messages in flight per queue, standard and FIFO. quotas-messages.html */
export const MAXIMUM_IN_FLIGHT = 120_000;
/** The messages at the front of a FIFO queue in which it looks for groups to receive from. quotas-fifo.html */
export const FIFO_WINDOW_MESSAGES = 120_000;
/** `maxReceiveCount` of a redrive policy. SetQueueAttributes */
export const MAXIMUM_RECEIVE_COUNT = 1000;
/** Source queues a `byQueue` redrive allow policy may name. SetQueueAttributes */
export const MAXIMUM_ALLOWED_SOURCE_QUEUES = 10;
/** Milliseconds after DeleteQueue before the name may be used again. CreateQueue, QueueDeletedRecently */
export const DELETED_NAME_MILLISECONDS = 60_000;
/** Milliseconds between two PurgeQueue calls on one queue. PurgeQueueInProgress */
export const PURGE_INTERVAL_MILLISECONDS = 60_000;
/** Messages a second a move task may be asked for. StartMessageMoveTask */
export const MAXIMUM_MOVE_RATE = 500;
/** Results of ListMessageMoveTasks. */
export const MAXIMUM_LISTED_MOVE_TASKS = 10;
/** Results of ListQueues and ListDeadLetterSourceQueues. */
export const MAXIMUM_LISTED_QUEUES = 1000;
/** Tags of a queue. TagQueue */
export const MAXIMUM_TAGS = 50;
/** Characters of a tag's key and value. quotas-queues.html */
export const MAXIMUM_TAG_KEY_LENGTH = 128;
export const MAXIMUM_TAG_VALUE_LENGTH = 256;
/** Actions in one AddPermission call, and statements in a queue policy. quotas-policies.html */
export const MAXIMUM_POLICY_ACTIONS = 7;
export const MAXIMUM_POLICY_STATEMENTS = 20;
/** Bytes of a queue policy. quotas-policies.html */
export const MAXIMUM_POLICY_BYTES = 8192;

/** A group is noisy above this share of in-flight messages, if it has at least so many itself, */
export const NOISY_IN_FLIGHT_SHARE = 0.1;
export const NOISY_IN_FLIGHT_MESSAGES = 30;
/** or above this share of recent consumer time. sqs-fair-queues-detailed.html */
export const NOISY_PROCESSING_SHARE = 0.1;
/** Milliseconds after which past consumer time counts half. AWS says "recent" without a number: ours. */
export const PROCESSING_HALF_LIFE_MILLISECONDS = 60_000;
/** Receives after which a returned message goes to the back of a standard queue. metrics page, AgeOfOldestMessage */
export const RECEIVES_BEFORE_THE_BACK = 3;
