/** Limits of EventBridge (Classic). eventbridge/latest/userguide/eb-quota.html, API_PutEvents.html */
/** Entries of a PutEvents. */
export const MAX_ENTRIES = 10;
/** Bytes of all entries of a PutEvents together. */
export const MAX_ENTRIES_BYTES = 1_048_576;
/** Bytes that an entry's `Time` counts with. */
export const TIME_BYTES = 14;
/** Targets of a rule. */
export const MAX_TARGETS = 5;
/** Rules of a bus. */
export const MAX_RULES = 300;
/** Buses of an account and Region. */
export const MAX_BUSES = 100;
/** Retries and age of an event for a target, unless its RetryPolicy says otherwise; also the largest allowed. */
export const MAX_RETRY_ATTEMPTS = 185;
export const MAX_EVENT_AGE_SECONDS = 86_400;
export const MIN_EVENT_AGE_SECONDS = 60;
/** Replays that run at the same time. */
export const MAX_ACTIVE_REPLAYS = 10;
/** Items of a page of a List action. */
export const PAGE_SIZE = 100;
/** Buses an event may pass through. AWS refuses a third account; here it ends a loop between buses. */
export const MAX_BUS_HOPS = 8;
