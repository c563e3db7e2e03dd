/** Finds the handler of a request by its key, and turns bytes into messages and back. */
import type { Broker, RequestContext } from './broker.ts';
import { KAFKA_ERRORS } from './errors.ts';
import { describeCluster, findCoordinator, metadata } from './handlers/cluster.ts';
import { describeConfigs, incrementalAlterConfigs } from './handlers/configs.ts';
import { fetchRecords } from './handlers/fetch.ts';
import { offsetCommit, offsetDelete, offsetFetch } from './handlers/group-offsets.ts';
import {
  deleteGroups,
  describeGroups,
  heartbeat,
  joinGroup,
  leaveGroup,
  listGroups,
  syncGroup,
} from './handlers/groups.ts';
import { deleteRecords, listOffsets, offsetForLeaderEpoch } from './handlers/log-offsets.ts';
import { initProducerId, produce } from './handlers/produce.ts';
import { createPartitions, createTopics, deleteTopics } from './handlers/topics.ts';
import * as cluster from './messages/cluster.ts';
import * as groups from './messages/groups.ts';
import * as offsets from './messages/offsets.ts';
import * as records from './messages/records.ts';
import * as topics from './messages/topics.ts';
import { isFlexible, type Api } from './wire/api.ts';
import { createReader, MalformedMessage } from './wire/reader.ts';
import { createWriter } from './wire/writer.ts';

type Message = readonly Buffer[];

interface Route {
  readonly key: number;
  readonly name: string;
  readonly first: number;
  readonly last: number;
  /** Undefined when the client wants no answer. */
  answer(
    broker: Broker,
    frame: Buffer,
    header: RequestHeader,
    context: RequestContext,
  ): Promise<Message | undefined>;
}

export interface RequestHeader {
  readonly key: number;
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string;
  /** Where the header's fields before the tagged ones end. */
  readonly end: number;
}

export function readHeader(frame: Buffer): RequestHeader {
  const reader = createReader(frame, 0, 0, false);
  return {
    key: reader.int16(),
    version: reader.int16(),
    correlationId: reader.int32(),
    clientId: reader.string() ?? '',
    end: reader.position(),
  };
}

function route<Request, Response>(
  api: Api<Request, Response>,
  handle: (broker: Broker, request: Request, context: RequestContext) => Response | Promise<Response>,
  isAnswered: (request: Request) => boolean = () => true,
): Route {
  return {
    ...api,
    async answer(broker, frame, header, context) {
      const flexible = isFlexible(api, header.version);
      const reader = createReader(frame, header.end, header.version, flexible);
      if (flexible) reader.skipTaggedFields();
      const request = api.request.read(reader);
      const response = await handle(broker, request, context);
      if (!isAnswered(request)) return undefined;
      const writer = createWriter(header.version, flexible);
      writer.int32(header.correlationId);
      // A client must be able to read the answer before it knows which versions there are.
      if (flexible && api.key !== cluster.API_VERSIONS.key) writer.noTaggedFields();
      api.response.write(writer, response);
      return writer.message();
    },
  };
}

const ROUTES: readonly Route[] = [
  route(records.PRODUCE, produce, ({ acks }) => acks !== 0),
  route(records.FETCH, fetchRecords),
  route(records.LIST_OFFSETS, listOffsets),
  route(records.DELETE_RECORDS, deleteRecords),
  route(records.INIT_PRODUCER_ID, initProducerId),
  route(records.OFFSET_FOR_LEADER_EPOCH, offsetForLeaderEpoch),
  route(cluster.METADATA, metadata),
  route(cluster.FIND_COORDINATOR, findCoordinator),
  route(cluster.DESCRIBE_CLUSTER, describeCluster),
  route(cluster.API_VERSIONS, () => apiVersions(KAFKA_ERRORS.NONE)),
  route(groups.JOIN_GROUP, joinGroup),
  route(groups.SYNC_GROUP, syncGroup),
  route(groups.HEARTBEAT, heartbeat),
  route(groups.LEAVE_GROUP, leaveGroup),
  route(groups.DESCRIBE_GROUPS, describeGroups),
  route(groups.LIST_GROUPS, listGroups),
  route(groups.DELETE_GROUPS, deleteGroups),
  route(offsets.OFFSET_COMMIT, offsetCommit),
  route(offsets.OFFSET_FETCH, offsetFetch),
  route(offsets.OFFSET_DELETE, offsetDelete),
  route(topics.CREATE_TOPICS, createTopics),
  route(topics.DELETE_TOPICS, deleteTopics),
  route(topics.CREATE_PARTITIONS, createPartitions),
  route(topics.DESCRIBE_CONFIGS, describeConfigs),
  route(topics.INCREMENTAL_ALTER_CONFIGS, incrementalAlterConfigs),
];
const ROUTES_BY_KEY = new Map(ROUTES.map((one) => [one.key, one]));

/** librdkafka does not compress unless Produce begins at 0, which is why Kafka 4 says so, too (KAFKA-18659). */
function apiVersions(errorCode: number): { readonly errorCode: number } & ReturnType<typeof versionList> {
  return { errorCode, ...versionList() };
}

function versionList() {
  return {
    apiKeys: ROUTES.map(({ key, first, last }) => ({
      apiKey: key,
      minVersion: key === records.PRODUCE.key ? 0 : first,
      maxVersion: last,
    })),
    throttleTimeMs: 0,
  };
}

/** @throws MalformedMessage for a request that no broker can read; Kafka closes the connection then */
export async function answer(
  broker: Broker,
  frame: Buffer,
  header: RequestHeader,
  context: Omit<RequestContext, 'version'>,
): Promise<Message | undefined> {
  const found = ROUTES_BY_KEY.get(header.key);
  if (found && header.version >= found.first && header.version <= found.last) {
    return found.answer(broker, frame, header, { ...context, version: header.version });
  }
  if (header.key === cluster.API_VERSIONS.key) {
    // The one request that is answered in any version: the client learns which ones there are.
    const writer = createWriter(0, false);
    writer.int32(header.correlationId);
    cluster.API_VERSIONS.response.write(writer, apiVersions(KAFKA_ERRORS.UNSUPPORTED_VERSION));
    return writer.message();
  }
  throw new MalformedMessage(`there is no version ${header.version} of API ${header.key} here`);
}
