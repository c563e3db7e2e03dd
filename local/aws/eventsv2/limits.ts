/** Limits of the Custom Event Bus. eventbridge/latest/userguide/eb-quota.html, "Custom Event Bus quotas" */
/** Buses of an account and Region. */
export const MAX_BUSES = 5;
/** Subscribers of a bus. */
export const MAX_SUBSCRIBERS = 10_000;
/** Bytes of a bus's policy. */
export const MAX_POLICY_BYTES = 20_480;
/** Entries of a PutEvents or PutRawEvents. */
export const MAX_ENTRIES = 100;
/** How long a bus keeps its events, in days. */
export const RETENTION_DAYS = { min: 1, max: 365, default: 1 } as const;
/** How long a deduplication id is remembered, in milliseconds. */
export const DEDUPLICATION_MS = 300_000;
export const RETRY_ATTEMPTS = { min: 0, max: 185, default: 5 } as const;
export const EVENT_AGE_SECONDS = { min: 60, max: 86_400, default: 300 } as const;
/** Bytes of all filters of a subscriber. */
export const MAX_FILTER_BYTES = 4_096;
/** Characters of an event group id or deduplication id. eventbridgev2 API, EventGroupId */
export const MAX_ID_LENGTH = 128;
/** Characters of the message in a record of a failed delivery. eb-custom-bus-retry.html */
export const MAX_ERROR_MESSAGE_LENGTH = 1_024;
/** Items of a page of a List action. */
export const PAGE_SIZE = 100;
