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
/** "EventBridge can't route events received from a sender event bus to a third event bus." eb-bus-to-bus.html */
export const MAX_BUS_HOPS = 1;
/** Connections, and API destinations, of an account and Region. */
export const MAX_CONNECTIONS = 3_000;
export const MAX_API_DESTINATIONS = 3_000;
/** Invocations per second of an API destination that sets none. */
export const DEFAULT_INVOCATION_RATE = 300;
/** Characters of a bus's policy. */
export const MAX_POLICY_LENGTH = 10_240;
/** Tags of a bus or rule. */
export const MAX_TAGS = 50;
