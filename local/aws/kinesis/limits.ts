/**
 * Kinesis's limits.
 *
 * https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
 */

/** Bytes of a record's data and partition key together, in KiB, unless a stream allows more. */
export const MAX_RECORD_SIZE_KIB = { minimum: 1024, maximum: 10_240, default: 1024 };
/** PutRecords: records a call, and bytes of all of them with their partition keys. API_PutRecords.html */
export const PUT_RECORDS_COUNT = 500;
export const PUT_RECORDS_BYTES = 10 * 1024 * 1024;
/** What one shard takes in a second. */
export const SHARD_WRITE_RECORDS_PER_SECOND = 1000;
export const SHARD_WRITE_BYTES_PER_SECOND = 1024 * 1024;
/** What one shard gives in a second, to GetRecords of all consumers together. */
export const SHARD_READ_CALLS_PER_SECOND = 5;
export const SHARD_READ_BYTES_PER_SECOND = 2 * 1024 * 1024;
/** GetRecords: what one call gives at most, and milliseconds of rest after a call that gave that much. */
export const GET_RECORDS_COUNT = 10_000;
export const GET_RECORDS_BYTES = 10 * 1024 * 1024;
export const GET_RECORDS_REST_MILLISECONDS = 5000;
/** Milliseconds that a shard iterator can be used. API_GetShardIterator.html */
export const ITERATOR_LIFE_MILLISECONDS = 300_000;
/** Milliseconds that a NextToken can be used. API_ListShards.html */
export const NEXT_TOKEN_LIFE_MILLISECONDS = 300_000;
/** Hours that records are kept. */
export const RETENTION_HOURS = { minimum: 24, maximum: 8760, default: 24 };
/** Characters of a partition key. API_PutRecord.html */
export const PARTITION_KEY_CHARACTERS = 256;
/** Shards that an on-demand stream has at first. how-do-i-size-a-stream.html */
export const ON_DEMAND_SHARDS = 4;
/** Shards of provisioned streams in an account. */
export const SHARDS_PER_ACCOUNT = 20_000;
/** Streams that are on demand in an account. */
export const ON_DEMAND_STREAMS = 50;
/** UpdateShardCount: calls for one stream in 24 hours, and shards it can scale to. API_UpdateShardCount.html */
export const SHARD_COUNT_UPDATES_PER_DAY = 10;
export const SHARD_COUNT_MAXIMUM = 10_000;
/** UpdateStreamMode: changes in 24 hours. API_UpdateStreamMode.html */
export const MODE_UPDATES_PER_DAY = 2;
/** Enhanced fan-out consumers of a stream. API_RegisterStreamConsumer.html */
export const CONSUMERS_PER_STREAM = 20;
/** Tags of a stream. API_AddTagsToStream.html */
export const TAGS_PER_STREAM = 50;
export const DAY_MILLISECONDS = 86_400_000;
