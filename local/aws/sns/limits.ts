/**
 * Limits of SNS. Pages: sns/latest/api/API_Publish.html, API_PublishBatch.html, general/latest/gr/sns.html.
 */
/** Message body plus attributes, in bytes, unless the topic says otherwise. */
export const DEFAULT_MAXIMUM_MESSAGE_SIZE = 262_144;
/** What a topic's `MaximumMessageSize` may be, in bytes. */
export const MAXIMUM_MESSAGE_SIZE_RANGE = { from: 1_024, to: 1_048_576 } as const;
/** Entries of a PublishBatch. */
export const MAX_BATCH_ENTRIES = 10;
/** Characters of a batch entry's id. */
export const MAX_BATCH_ENTRY_ID_LENGTH = 80;
/** Characters of a subject. */
export const MAX_SUBJECT_LENGTH = 100;
/** Bytes of a message attribute's name. */
export const MAX_ATTRIBUTE_NAME_BYTES = 256;
/** Attributes that raw delivery to SQS can carry; more is a client error. sns/latest/dg/sns-large-payload-raw-message-delivery.html */
export const MAX_RAW_DELIVERY_ATTRIBUTES = 10;
/** How long a FIFO topic remembers a deduplication id, in milliseconds. */
export const DEDUPLICATION_WINDOW_MS = 5 * 60 * 1_000;
/** How long a subscription waits to be confirmed, in milliseconds; its token is valid as long. sns/latest/api/API_ConfirmSubscription.html */
export const UNCONFIRMED_LIFETIME_MS = 2 * 86_400_000;
/** Topics of an account and Region. general/latest/gr/sns.html */
export const MAX_TOPICS = { fifo: 1_000 } as const;
/** Subscriptions per topic. */
export const MAX_SUBSCRIPTIONS = { standard: 12_500_000, fifo: 100 } as const;
/** Filter policies per topic. */
export const MAX_FILTER_POLICIES_PER_TOPIC = 200;
/** Items of a page of a List action. */
export const PAGE_SIZE = 100;
/** Tags of a topic. */
export const MAX_TAGS = 50;
