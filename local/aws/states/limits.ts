/**
 * Quotas of Step Functions that this service enforces.
 * https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 */

/** Bytes of UTF-8 JSON that a state may take, give, or assign to variables: 256 KiB. */
export const PAYLOAD_BYTES = 262_144;
/** Events of one Standard execution. */
export const HISTORY_EVENTS = 25_000;
/** Bytes of a definition: 1 MiB. */
export const DEFINITION_BYTES = 1_048_576;
/** Seconds an Express execution may run: five minutes. */
export const EXPRESS_SECONDS = 300;
/** Milliseconds a Standard execution may run, and days for which its name stays taken: one year and 90 days. */
export const STANDARD_MILLISECONDS = 365 * 86_400_000;
export const NAME_REUSE_MILLISECONDS = 90 * 86_400_000;
/** Milliseconds after which a failed execution can no longer be redriven: 14 days. */
export const REDRIVE_MILLISECONDS = 14 * 86_400_000;
/** Characters of the name of a state machine, execution or activity, and of a state. */
export const NAME_LENGTH = 80;
export const STATE_NAME_LENGTH = 80;
/** Milliseconds that GetActivityTask waits for a task. */
export const ACTIVITY_POLL_MILLISECONDS = 60_000;
/** Characters of an error name and of its cause. */
export const ERROR_LENGTH = 256;
export const CAUSE_LENGTH = 32_768;
/** https://docs.aws.amazon.com/step-functions/latest/apireference/API_TagResource.html */
export const MAX_TAGS = 50;
/** Items that a MaxResults may ask for, and how many come without one. */
export const PAGE_SIZE = { default: 100, maximum: 1_000 };
/** An inline Map runs at most so many iterations at once, whatever it is told. */
export const INLINE_MAP_CONCURRENCY = 40;
/** Child executions that a distributed Map runs at once: AWS allows 10,000; one process is kept responsive. */
export const DISTRIBUTED_MAP_CONCURRENCY = 100;
/** https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html */
export const INTRINSIC_ARRAY_ITEMS = 1_000;
export const INTRINSIC_TEXT_LENGTH = 10_000;
