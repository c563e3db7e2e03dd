/** Metadata, FindCoordinator and DescribeCluster: there is one node, and it does everything. */
import { NODE_ID, type Broker, type RequestContext } from '../broker.ts';
import { codeOf, KAFKA_ERRORS } from '../errors.ts';
import {
  OPERATIONS_UNKNOWN,
  type DescribeClusterResponse,
  type FindCoordinatorRequest,
  type FindCoordinatorResponse,
  type MetadataRequest,
  type MetadataResponse,
} from '../messages/cluster.ts';
import { LEADER_EPOCH } from '../storage/partition-log.ts';
import type { Topic } from '../storage/topics.ts';

const NO_UUID = Buffer.alloc(16).toString('base64url');
/** `keyType` of FindCoordinator. */
const KEY_OF_GROUP = 0;
/** Before this version a null list of topics could not be sent; an empty one asked for all. */
const NULL_ASKS_FOR_ALL = 1;

type TopicAnswer = MetadataResponse['topics'][number];

export function metadata(
  broker: Broker,
  request: MetadataRequest,
  { version }: RequestContext,
): MetadataResponse {
  const { topics } = request;
  const asksForAll = topics === null || (version < NULL_ASKS_FOR_ALL && topics.length === 0);
  const answers = asksForAll
    ? broker.topics.all().map(describe)
    : topics.map(({ name, topicId }) => {
        if (name === null) {
          const topic = broker.topics.findById(topicId);
          return topic ? describe(topic) : failed(KAFKA_ERRORS.UNKNOWN_TOPIC_ID, null, topicId);
        }
        try {
          const topic = broker.topics.find(name);
          if (topic) return describe(topic);
          if (broker.autoCreateTopics && request.allowAutoTopicCreation) {
            return describe(broker.topics.create(name));
          }
          return describe(broker.topics.get(name));
        } catch (thrown) {
          return failed(codeOf(thrown), name, NO_UUID);
        }
      });
  return {
    throttleTimeMs: 0,
    brokers: [{ nodeId: NODE_ID, host: broker.host, port: broker.port(), rack: null }],
    clusterId: broker.clusterId,
    controllerId: NODE_ID,
    topics: answers,
    clusterAuthorizedOperations: OPERATIONS_UNKNOWN,
    errorCode: 0,
  };
}

function describe({ name, id, partitions }: Topic): TopicAnswer {
  return {
    errorCode: 0,
    name,
    topicId: id,
    isInternal: false,
    partitions: partitions.map((_, index) => ({
      errorCode: 0,
      index,
      leaderId: NODE_ID,
      leaderEpoch: LEADER_EPOCH,
      replicaNodes: [NODE_ID],
      isrNodes: [NODE_ID],
      offlineReplicas: [],
    })),
    authorizedOperations: OPERATIONS_UNKNOWN,
  };
}

function failed(errorCode: number, name: string | null, topicId: string): TopicAnswer {
  const authorizedOperations = OPERATIONS_UNKNOWN;
  return { errorCode, name, topicId, isInternal: false, partitions: [], authorizedOperations };
}

export function findCoordinator(broker: Broker, request: FindCoordinatorRequest): FindCoordinatorResponse {
  const isGroup = request.keyType === KEY_OF_GROUP;
  const answer = isGroup
    ? { errorCode: 0, errorMessage: null, nodeId: NODE_ID, host: broker.host, port: broker.port() }
    : {
        errorCode: KAFKA_ERRORS.COORDINATOR_NOT_AVAILABLE,
        errorMessage: 'there are no transactions here',
        nodeId: -1,
        host: '',
        port: -1,
      };
  return { throttleTimeMs: 0, ...answer, coordinators: request.keys.map((key) => ({ key, ...answer })) };
}

export function describeCluster(broker: Broker): DescribeClusterResponse {
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    errorMessage: null,
    endpointType: 1,
    clusterId: broker.clusterId,
    controllerId: NODE_ID,
    brokers: [{ brokerId: NODE_ID, host: broker.host, port: broker.port(), rack: null, isFenced: false }],
    clusterAuthorizedOperations: OPERATIONS_UNKNOWN,
  };
}
