/** Messages about the cluster: ApiVersions, Metadata, FindCoordinator, DescribeCluster. */
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
/** Stands for "not asked for" in a field of authorized operations. */
export const OPERATIONS_UNKNOWN = -2_147_483_648;

const apiVersionsRequest = struct({
  clientSoftwareName: since(3, string, ''),
  clientSoftwareVersion: since(3, string, ''),
});
const apiVersionsResponse = struct({
  errorCode: int16,
  apiKeys: array(struct({ apiKey: int16, minVersion: int16, maxVersion: int16 })),
  throttleTimeMs: since(1, int32, 0),
});
export const API_VERSIONS: Api<ValueOf<typeof apiVersionsRequest>, ValueOf<typeof apiVersionsResponse>> = {
  key: 18,
  name: 'ApiVersions',
  first: 0,
  last: 4,
  flexibleFrom: 3,
  request: apiVersionsRequest,
  response: apiVersionsResponse,
};

const metadataRequest = struct({
  topics: nullableArray(struct({ topicId: since(10, uuid, NO_UUID), name: nullableString })),
  allowAutoTopicCreation: since(4, bool, true),
  includeClusterAuthorizedOperations: within(8, 10, bool, false),
  includeTopicAuthorizedOperations: since(8, bool, false),
});
const metadataResponse = struct({
  throttleTimeMs: since(3, int32, 0),
  brokers: array(struct({ nodeId: int32, host: string, port: int32, rack: since(1, nullableString, null) })),
  clusterId: since(2, nullableString, null),
  controllerId: since(1, int32, -1),
  topics: array(
    struct({
      errorCode: int16,
      name: nullableString,
      topicId: since(10, uuid, NO_UUID),
      isInternal: since(1, bool, false),
      partitions: array(
        struct({
          errorCode: int16,
          index: int32,
          leaderId: int32,
          leaderEpoch: since(7, int32, -1),
          replicaNodes: array(int32),
          isrNodes: array(int32),
          offlineReplicas: since(5, array(int32), []),
        }),
      ),
      authorizedOperations: since(8, int32, OPERATIONS_UNKNOWN),
    }),
  ),
  clusterAuthorizedOperations: within(8, 10, int32, OPERATIONS_UNKNOWN),
  errorCode: since(13, int16, 0),
});
export const METADATA: Api<ValueOf<typeof metadataRequest>, ValueOf<typeof metadataResponse>> = {
  key: 3,
  name: 'Metadata',
  first: 0,
  last: 13,
  flexibleFrom: 9,
  request: metadataRequest,
  response: metadataResponse,
};
export type MetadataRequest = RequestOf<typeof METADATA>;
export type MetadataResponse = ResponseOf<typeof METADATA>;

const findCoordinatorRequest = struct({
  key: within(0, 3, string, ''),
  keyType: since(1, int8, 0),
  keys: since(4, array(string), []),
});
const findCoordinatorResponse = struct({
  throttleTimeMs: since(1, int32, 0),
  errorCode: within(0, 3, int16, 0),
  errorMessage: within(1, 3, nullableString, null),
  nodeId: within(0, 3, int32, -1),
  host: within(0, 3, string, ''),
  port: within(0, 3, int32, -1),
  coordinators: since(
    4,
    array(
      struct({
        key: string,
        nodeId: int32,
        host: string,
        port: int32,
        errorCode: int16,
        errorMessage: nullableString,
      }),
    ),
    [],
  ),
});
export const FIND_COORDINATOR: Api<
  ValueOf<typeof findCoordinatorRequest>,
  ValueOf<typeof findCoordinatorResponse>
> = {
  key: 10,
  name: 'FindCoordinator',
  first: 0,
  last: 6,
  flexibleFrom: 3,
  request: findCoordinatorRequest,
  response: findCoordinatorResponse,
};
export type FindCoordinatorRequest = RequestOf<typeof FIND_COORDINATOR>;
export type FindCoordinatorResponse = ResponseOf<typeof FIND_COORDINATOR>;

const describeClusterRequest = struct({
  includeClusterAuthorizedOperations: bool,
  endpointType: since(1, int8, 1),
  includeFencedBrokers: since(2, bool, false),
});
const describeClusterResponse = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  errorMessage: nullableString,
  endpointType: since(1, int8, 1),
  clusterId: string,
  controllerId: int32,
  brokers: array(
    struct({
      brokerId: int32,
      host: string,
      port: int32,
      rack: nullableString,
      isFenced: since(2, bool, false),
    }),
  ),
  clusterAuthorizedOperations: int32,
});
export const DESCRIBE_CLUSTER: Api<
  ValueOf<typeof describeClusterRequest>,
  ValueOf<typeof describeClusterResponse>
> = {
  key: 60,
  name: 'DescribeCluster',
  first: 0,
  last: 2,
  flexibleFrom: 0,
  request: describeClusterRequest,
  response: describeClusterResponse,
};
export type DescribeClusterResponse = ResponseOf<typeof DESCRIBE_CLUSTER>;
