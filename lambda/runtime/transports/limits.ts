/** What one call to each service may carry. */
export interface BatchLimits {
  /** Entries of one call. */
  readonly entries: number;
  /** Bytes of one call, all entries together, attributes and ids counted. */
  readonly bytes: number;
  /**
   * Bytes of one entry.
   * @default - those of a call
   */
  readonly entryBytes?: number;
}

export const KIBIBYTE = 1024;

/**
 * | service | entries | bytes | source |
 * |---|---|---|---|
 * | SNS PublishBatch | 10 | 256 KiB; up to 1 MiB where the topic's MaximumMessageSize is raised | SNS API, PublishBatch and CreateTopic |
 * | SQS SendMessageBatch | 10 | 1 MiB; less where the queue's MaximumMessageSize is lowered | SQS API, SendMessageBatch |
 * | EventBridge PutEvents, classic bus | 10 | 1 MiB | EventBridge API, PutEvents |
 * | EventBridge PutEvents, Custom Event Bus | 100 | 1 MiB, as on a classic bus: AWS states no limit of its own | eventbridge/latest/userguide/eb-quota.html |
 * | Kinesis PutRecords | 500 | 10 MiB, of a record 1 MiB; up to 10 MiB where the stream's MaxRecordSizeInKiB is raised | Kinesis API, PutRecords and CreateStream |
 */
export const SNS_LIMITS: BatchLimits = { entries: 10, bytes: 256 * KIBIBYTE };
export const SQS_LIMITS: BatchLimits = { entries: 10, bytes: 1024 * KIBIBYTE };
export const EVENT_BRIDGE_LIMITS: BatchLimits = { entries: 10, bytes: 1024 * KIBIBYTE };
export const CUSTOM_EVENT_BUS_LIMITS: BatchLimits = { entries: 100, bytes: 1024 * KIBIBYTE };
export const KINESIS_LIMITS = { entries: 500, bytes: 10 * 1024 * KIBIBYTE, entryBytes: 1024 * KIBIBYTE };

/** A message carries at most ten attributes. Source: "Amazon SQS message quotas". */
export const MAX_MESSAGE_ATTRIBUTES = 10;
/** Characters of a message group id or deduplication id. Source: SQS API, SendMessage. */
export const MAX_GROUP_ID_LENGTH = 128;

/** Kafka: `max.message.bytes` is 1,048,588 unless a topic says otherwise. https://kafka.apache.org/documentation/#topicconfigs */
export const DEFAULT_MESSAGE_BYTES = 1_000_000;
