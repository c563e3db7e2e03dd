/** The Redis or Valkey servers behind caches: real ones of this machine, with the users that the caches have. */
import { randomBytes } from 'node:crypto';

import { startRealRedis } from '../../brokers/redis.ts';
import { AwsError } from '../errors.ts';
import { redisCommands } from './resp.ts';
import { userCommands } from './users.ts';
import type { CacheUser } from './users.ts';

/** A running Redis or Valkey. */
export interface RedisBroker {
  /** `redis://127.0.0.1:PORT` */
  readonly url: string;
  stop(): Promise<void>;
}

export interface RedisRequest {
  readonly name: string;
  /** Whether clients ask it as a cluster: one node has all slots here. */
  readonly cluster: boolean;
  /** Settings of the server: `['--maxmemory-policy', 'noeviction', '--user', ...]`. */
  readonly settings: readonly string[];
}

/** Starts the server of a cache. Called once for each. */
export type StartRedis = (request: RedisRequest) => Promise<RedisBroker>;

export interface CacheRequest extends Pick<RedisRequest, 'name' | 'cluster'> {
  readonly parameters: Readonly<Record<string, string>>;
  readonly users: readonly CacheUser[];
}

export interface CacheServer {
  readonly host: string;
  readonly port: number;
  /** @throws AwsError InvalidParameterValue with the server's words for an access string that it refuses */
  setUsers(users: readonly CacheUser[]): Promise<void>;
  stop(): Promise<void>;
}

/** Who this process is to the server: nobody signs in as it but the embedded AWS. */
const ADMINISTRATOR = 'waybill-embedded-aws';

/** Parameters that have an effect on one node. The others are AWS's own, or are of no meaning here. */
const PARAMETERS: ReadonlySet<string> = new Set([
  'lazyfree-lazy-eviction',
  'lazyfree-lazy-expire',
  'maxmemory-policy',
  'maxmemory-samples',
  'notify-keyspace-events',
  'stream-node-max-bytes',
  'stream-node-max-entries',
  'timeout',
]);

export const startInstalled: StartRedis = async ({ cluster, settings }) => {
  try {
    return await startRealRedis({ cluster, settings });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AwsError('ServiceUnavailable', `The embedded AWS has no server for this cache: ${reason}`, 503);
  }
};

export async function startCacheServer(
  start: StartRedis,
  { name, cluster, parameters, users }: CacheRequest,
): Promise<CacheServer> {
  const password = randomBytes(24).toString('hex');
  const chosen = Object.entries(parameters).filter(([parameter]) => PARAMETERS.has(parameter));
  const broker = await start({
    name,
    cluster,
    settings: [
      ...chosen.flatMap(([parameter, value]) => [`--${parameter}`, value]),
      '--user',
      ADMINISTRATOR,
      'on',
      `>${password}`,
      '~*',
      '&*',
      '+@all',
    ],
  });
  const { hostname: host, port: portText } = new URL(broker.url);
  const port = Number(portText);
  const setUsers = async (wanted: readonly CacheUser[]): Promise<void> => {
    const signIn = ['AUTH', ADMINISTRATOR, password];
    try {
      const [, known] = await redisCommands({ host, port }, [signIn, ['ACL', 'USERS']]);
      const names = Array.isArray(known) ? known.map(String) : [];
      await redisCommands({ host, port }, [signIn, ...userCommands(wanted, names, ADMINISTRATOR)]);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new AwsError('InvalidParameterValue', `The server of ${name} refuses its users: ${reason}`);
    }
  };
  try {
    await setUsers(users);
  } catch (error) {
    await broker.stop();
    throw error;
  }
  return { host, port, setUsers, stop: () => broker.stop() };
}
