/**
 * The limits of DynamoDB.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
 */

/** "The maximum item size in DynamoDB is 400 KB." */
export const MAXIMUM_ITEM_BYTES = 400 * 1024;
export const MAXIMUM_HASH_KEY_BYTES = 2048;
export const MAXIMUM_RANGE_KEY_BYTES = 1024;
/** One page of Query or Scan, before the filter. */
export const PAGE_BYTES = 1024 * 1024;
/** BatchGetItem: keys of all tables together, and what one answer holds. */
export const MAXIMUM_BATCH_KEYS = 100;
export const MAXIMUM_BATCH_RESPONSE_BYTES = 16 * 1024 * 1024;
/** BatchWriteItem: requests of all tables together. */
export const MAXIMUM_BATCH_WRITES = 25;
/** TransactWriteItems and TransactGetItems. */
export const MAXIMUM_TRANSACTION_ACTIONS = 100;
export const MAXIMUM_TRANSACTION_BYTES = 4 * 1024 * 1024;
/** "ClientRequestToken is valid for 10 minutes after the first request that uses it is completed." */
export const IDEMPOTENCY_MILLISECONDS = 10 * 60 * 1000;
export const MAXIMUM_GLOBAL_INDEXES = 20;
export const MAXIMUM_LOCAL_INDEXES = 5;
/** Characters of an expression: "The maximum length of any expression string is 4 KB." */
export const MAXIMUM_EXPRESSION_BYTES = 4096;
/** One read unit reads so many bytes, one write unit writes so many. */
export const READ_UNIT_BYTES = 4096;
export const WRITE_UNIT_BYTES = 1024;
/** Segments of a parallel scan. API_Scan.html */
export const MAXIMUM_SEGMENTS = 1_000_000;
export const MAXIMUM_TAGS = 50;
