/** A client of a whole cluster: knows its brokers, and which of them leads a partition or coordinates a group. */
import type { Api } from '../wire/api.ts';
import { FIND_COORDINATOR, METADATA, type MetadataResponse } from '../messages/cluster.ts';
import { KAFKA_ERRORS, KafkaError, type KafkaErrorName } from '../errors.ts';
import { connect, KafkaConnectionError, type KafkaConnection } from './connection.ts';

/** Versions that Kafka 2.4 to 4 and the embedded broker have in common. */
const VERSION = { metadata: 9, findCoordinator: 3 } as const;
const GROUP = 0;

export interface ClusterClient {
  metadata(topics: readonly string[] | null): Promise<MetadataResponse>;
  /** Of any broker. */
  call<Request, Response>(api: Api<Request, Response>, version: number, request: Request): Promise<Response>;
  /** Of the broker that coordinates the group. */
  callCoordinator<Request, Response>(
    groupId: string,
    api: Api<Request, Response>,
    version: number,
    request: Request,
  ): Promise<Response>;
  /** Of one broker, by the number that the metadata gives it. */
  callNode<Request, Response>(
    nodeId: number,
    api: Api<Request, Response>,
    version: number,
    request: Request,
  ): Promise<Response>;
  /** Asks for brokers and coordinators anew. */
  forget(): void;
  close(): void;
}

/**
 * @param bootstrapServers `host:port`, or several with commas between
 * @param clientId as the broker logs it
 */
export function createClusterClient(bootstrapServers: string, clientId: string): ClusterClient {
  const connections = new Map<string, Promise<KafkaConnection>>();
  const nodes = new Map<number, string>();
  const coordinators = new Map<string, string>();
  let isClosed = false;

  /** `purpose` keeps long polls off the connection on which heartbeats go. */
  const connectionTo = async (address: string, purpose: string): Promise<KafkaConnection> => {
    if (isClosed) throw new KafkaConnectionError('the client is closed');
    const key = `${purpose} ${address}`;
    const known = await connections.get(key)?.catch(() => undefined);
    if (known?.isOpen() === true) return known;
    const made = connect(address, clientId);
    connections.set(key, made);
    made.catch(() => connections.delete(key));
    return made;
  };
  const any = async (): Promise<KafkaConnection> => {
    let last: unknown;
    for (const address of [...bootstrapServers.split(','), ...nodes.values()]) {
      try {
        return await connectionTo(address.trim(), 'any');
      } catch (thrown) {
        last = thrown;
      }
    }
    throw last;
  };
  const metadata = async (topics: readonly string[] | null): Promise<MetadataResponse> => {
    const connection = await any();
    const answer = await connection.call(METADATA, VERSION.metadata, {
      topics: topics?.map((name) => ({ name, topicId: '' })) ?? null,
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    });
    for (const { nodeId, host, port } of answer.brokers) nodes.set(nodeId, `${host}:${port}`);
    return answer;
  };
  const coordinatorOf = async (groupId: string): Promise<string> => {
    const known = coordinators.get(groupId);
    if (known !== undefined) return known;
    const connection = await any();
    const answer = await connection.call(FIND_COORDINATOR, VERSION.findCoordinator, {
      key: groupId,
      keyType: GROUP,
      keys: [],
    });
    refuseError(answer.errorCode);
    const address = `${answer.host}:${answer.port}`;
    coordinators.set(groupId, address);
    return address;
  };

  return {
    metadata,
    async call(api, version, request) {
      return (await any()).call(api, version, request);
    },
    async callCoordinator(groupId, api, version, request) {
      const connection = await connectionTo(await coordinatorOf(groupId), 'group');
      return connection.call(api, version, request);
    },
    async callNode(nodeId, api, version, request) {
      const address = nodes.get(nodeId) ?? (await metadata([]), nodes.get(nodeId));
      if (address === undefined) throw new KafkaConnectionError(`there is no broker ${nodeId}`);
      return (await connectionTo(address, 'records')).call(api, version, request);
    },
    forget() {
      nodes.clear();
      coordinators.clear();
    },
    close() {
      isClosed = true;
      for (const connection of connections.values()) {
        connection.then(
          (open) => open.close(),
          () => undefined,
        );
      }
    },
  };
}

const NAMES = new Map<number, string>(Object.entries(KAFKA_ERRORS).map(([name, code]) => [code, name]));

/** @throws KafkaError unless the code is 0 */
export function refuseError(code: number, message?: string | null): void {
  if (code === KAFKA_ERRORS.NONE) return;
  const name = NAMES.get(code) as KafkaErrorName | undefined;
  throw new KafkaError(
    name ?? 'INVALID_REQUEST',
    message ?? `the broker answered ${name ?? `error ${code}`}`,
  );
}
