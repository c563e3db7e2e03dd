/** Messages that make, change and remove topics, and about configuration. */
import type { Api, RequestOf, ResponseOf } from '../wire/api.ts';
import {
  array,
  bool,
  int16,
  int32,
  int8,
  nullableArray,
  nullableString,
  since,
  string,
  struct,
  uuid,
  within,
  type ValueOf,
} from '../wire/codec.ts';

const NO_UUID = Buffer.alloc(16).toString('base64url');

const createTopicsRequest = struct({
  topics: array(
    struct({
      name: string,
      numPartitions: int32,
      replicationFactor: int16,
      assignments: array(struct({ index: int32, brokerIds: array(int32) })),
      configs: array(struct({ name: string, value: nullableString })),
    }),
  ),
  timeoutMs: int32,
  validateOnly: bool,
});
const createTopicsResponse = struct({
  throttleTimeMs: int32,
  topics: array(
    struct({
      name: string,
      topicId: since(7, uuid, NO_UUID),
      errorCode: int16,
      errorMessage: nullableString,
      numPartitions: since(5, int32, -1),
      replicationFactor: since(5, int16, -1),
      configs: since(
        5,
        nullableArray(
          struct({
            name: string,
            value: nullableString,
            readOnly: bool,
            configSource: int8,
            isSensitive: bool,
          }),
        ),
        null,
      ),
    }),
  ),
});
export const CREATE_TOPICS: Api<ValueOf<typeof createTopicsRequest>, ValueOf<typeof createTopicsResponse>> = {
  key: 19,
  name: 'CreateTopics',
  first: 2,
  last: 7,
  flexibleFrom: 5,
  request: createTopicsRequest,
  response: createTopicsResponse,
};
export type CreateTopicsRequest = RequestOf<typeof CREATE_TOPICS>;
export type CreateTopicsResponse = ResponseOf<typeof CREATE_TOPICS>;

const deleteTopicsRequest = struct({
  topics: since(6, array(struct({ name: nullableString, topicId: uuid })), []),
  topicNames: within(0, 5, array(string), []),
  timeoutMs: int32,
});
const deleteTopicsResponse = struct({
  throttleTimeMs: int32,
  responses: array(
    struct({
      name: nullableString,
      topicId: since(6, uuid, NO_UUID),
      errorCode: int16,
      errorMessage: since(5, nullableString, null),
    }),
  ),
});
export const DELETE_TOPICS: Api<ValueOf<typeof deleteTopicsRequest>, ValueOf<typeof deleteTopicsResponse>> = {
  key: 20,
  name: 'DeleteTopics',
  first: 1,
  last: 6,
  flexibleFrom: 4,
  request: deleteTopicsRequest,
  response: deleteTopicsResponse,
};
export type DeleteTopicsRequest = RequestOf<typeof DELETE_TOPICS>;
export type DeleteTopicsResponse = ResponseOf<typeof DELETE_TOPICS>;

const createPartitionsRequest = struct({
  topics: array(
    struct({
      name: string,
      count: int32,
      assignments: nullableArray(struct({ brokerIds: array(int32) })),
    }),
  ),
  timeoutMs: int32,
  validateOnly: bool,
});
const createPartitionsResponse = struct({
  throttleTimeMs: int32,
  results: array(struct({ name: string, errorCode: int16, errorMessage: nullableString })),
});
export const CREATE_PARTITIONS: Api<
  ValueOf<typeof createPartitionsRequest>,
  ValueOf<typeof createPartitionsResponse>
> = {
  key: 37,
  name: 'CreatePartitions',
  first: 0,
  last: 3,
  flexibleFrom: 2,
  request: createPartitionsRequest,
  response: createPartitionsResponse,
};
export type CreatePartitionsRequest = RequestOf<typeof CREATE_PARTITIONS>;
export type CreatePartitionsResponse = ResponseOf<typeof CREATE_PARTITIONS>;

const describeConfigsRequest = struct({
  resources: array(
    struct({ resourceType: int8, resourceName: string, configurationKeys: nullableArray(string) }),
  ),
  includeSynonyms: bool,
  includeDocumentation: since(3, bool, false),
});
const describeConfigsResponse = struct({
  throttleTimeMs: int32,
  results: array(
    struct({
      errorCode: int16,
      errorMessage: nullableString,
      resourceType: int8,
      resourceName: string,
      configs: array(
        struct({
          name: string,
          value: nullableString,
          readOnly: bool,
          configSource: int8,
          isSensitive: bool,
          synonyms: array(struct({ name: string, value: nullableString, source: int8 })),
          configType: since(3, int8, 0),
          documentation: since(3, nullableString, null),
        }),
      ),
    }),
  ),
});
export const DESCRIBE_CONFIGS: Api<
  ValueOf<typeof describeConfigsRequest>,
  ValueOf<typeof describeConfigsResponse>
> = {
  key: 32,
  name: 'DescribeConfigs',
  first: 1,
  last: 4,
  flexibleFrom: 4,
  request: describeConfigsRequest,
  response: describeConfigsResponse,
};
export type DescribeConfigsRequest = RequestOf<typeof DESCRIBE_CONFIGS>;
export type DescribeConfigsResponse = ResponseOf<typeof DESCRIBE_CONFIGS>;

const incrementalAlterConfigsRequest = struct({
  resources: array(
    struct({
      resourceType: int8,
      resourceName: string,
      configs: array(struct({ name: string, configOperation: int8, value: nullableString })),
    }),
  ),
  validateOnly: bool,
});
const incrementalAlterConfigsResponse = struct({
  throttleTimeMs: int32,
  responses: array(
    struct({
      errorCode: int16,
      errorMessage: nullableString,
      resourceType: int8,
      resourceName: string,
    }),
  ),
});
export const INCREMENTAL_ALTER_CONFIGS: Api<
  ValueOf<typeof incrementalAlterConfigsRequest>,
  ValueOf<typeof incrementalAlterConfigsResponse>
> = {
  key: 44,
  name: 'IncrementalAlterConfigs',
  first: 0,
  last: 1,
  flexibleFrom: 1,
  request: incrementalAlterConfigsRequest,
  response: incrementalAlterConfigsResponse,
};
export type IncrementalAlterConfigsRequest = RequestOf<typeof INCREMENTAL_ALTER_CONFIGS>;
export type IncrementalAlterConfigsResponse = ResponseOf<typeof INCREMENTAL_ALTER_CONFIGS>;
