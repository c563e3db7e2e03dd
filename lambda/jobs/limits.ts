/** Times and counts of a job's life, in one place. Each has its unit and its reason. */

/** Milliseconds. A worker that has not told of itself for as long has lost its job to the next one. */
export const LEASE_MILLISECONDS = 30_000;

/**
 * Seconds for which a message in work is invisible, renewed as often. The queue's own 900 s are the most that a job
 * without a heartbeat would need; with one, a killed worker's message is back after half a minute.
 */
export const HEARTBEAT = { visibilityTimeout: 30, every: 10 } as const;

/** Milliseconds between two looks of a worker at its job's row: a cancellation is seen within that time. */
export const BEAT_MILLISECONDS = 1_000;

/** Milliseconds that a model may take for one attempt: below the worker's time limit of 15 minutes. */
export const MODEL_TIME_LIMIT_MILLISECONDS = 600_000;

/**
 * Milliseconds from the begin of an attempt until the job is ended because nobody is at it any more. Longer than a model
 * may take, so a worker that lives has always ended its attempt before.
 */
export const RUNNING_DEADLINE_MILLISECONDS = 1_200_000;

/**
 * Milliseconds from a model's answer until the job is ended without it: a result has been paid for, so people have a day
 * to mend what holds it up, or to redrive it.
 */
export const RESULT_DEADLINE_MILLISECONDS = 86_400_000;

/** Milliseconds that a job waits for its turn, from when a worker has first seen it. */
export const QUEUED_DEADLINE_MILLISECONDS = 86_400_000;

/** Attempts that a model may fail. The third one ends the job as failed. */
export const MAX_MODEL_FAILURES = 3;

/**
 * Receives of a message before SQS dead-letters it: the redrive policy of the request queue. An attempt that the model
 * failed and one whose worker died use one each. What waits is put back as a copy, whose receives begin anew.
 */
export const MAX_REQUEST_RECEIVES = 3;

/** Attempts that may be begun: beside those that failed, as many whose worker died. */
export const MAX_ATTEMPTS = 6;

/** Seconds until a message comes back whose tenant has as many jobs running as it may have: up to half its age. */
export const LIMIT_WAIT = { least: 1, cap: 60 } as const;

/**
 * Seconds until an attempt that the model failed is followed by the next, and what could not be put back comes again:
 * the latter is an outage of SQS, and its three receives should not be over in seconds.
 */
export const REQUEST_BACKOFF = { base: 10, cap: 900 } as const;

/** Seconds until a request comes back whose model has failed at the last receive of its message. */
export const MODEL_WAIT = { base: 10, cap: 60 } as const;

/**
 * Of calls to the table: nothing can be done without it, so they are given more time than those of the controls; three
 * of them are still shorter than an API's caller waits (29 s) and a lease lasts.
 */
export const TABLE_CALLS = { callTimeout: 6_000, maxAttempts: 3 } as const;

/** Seconds until a result comes back whose write failed for no known outage, or which could not be put back. */
export const RESULT_BACKOFF = { base: 60, cap: 900 } as const;

/** Seconds until a request or a result comes back because a service of AWS could not be reached. */
export const AWAY_WAIT = { base: 2, cap: 15 } as const;

/** Days that SQS keeps a request: an id without a row is no longer a waiting job after that. */
export const REQUEST_RETENTION_DAYS = 14;

/**
 * Milliseconds that a request or a result is put back for. Mostly the job's deadline ends it much earlier; this bounds
 * what waits for a table that can not be reached, and is as long as SQS would have kept the message.
 */
export const LONGEST_WAIT_MILLISECONDS = REQUEST_RETENTION_DAYS * 86_400_000;

/** Days that the count of a tenant's day is kept. */
export const DAY_COUNT_RETENTION_DAYS = 2;

/** Bytes of a result in its row; an item of DynamoDB has at most 400 KB, and a list reads whole items. */
export const MAX_RESULT_BYTES_IN_ROW = 100_000;

/** Partitions of the index of open jobs, so that no single one takes all writes. */
export const OPEN_SHARDS = 8;

export const DAY_MILLISECONDS = 86_400_000;
