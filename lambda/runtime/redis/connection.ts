/** One connection to a server or cluster, opened when it is needed and again after it broke. */
import { createHash } from 'node:crypto';
import { redisClient } from './client.ts';
import { needsNewConnection, redisError } from './errors.ts';
import type { RedisServer } from './server.ts';

export type Reply = string | number | null | Reply[];

export interface RedisConnection {
  /**
   * @param key decides the node of a cluster; none for a command without keys
   * @throws RedisError
   */
  command(key: string | undefined, ...parts: readonly string[]): Promise<Reply>;
  /** Runs a script, all of whose keys are in one slot. @throws RedisError */
  run(script: RedisScript, keys: readonly string[], values: readonly string[]): Promise<Reply>;
  /** Another connection to the same server: a blocking read keeps a connection for itself. */
  another(): RedisConnection;
  /** Ends it at once; what waits for an answer fails. The next call opens another. */
  close(): void;
}

export interface RedisScript {
  readonly text: string;
  readonly sha: string;
}

export function redisScript(text: string): RedisScript {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/** Milliseconds. */
const CONNECT_TIMEOUT = 5_000;
/** A connection that is half open is found: a server that is there answers a ping in time. */
const PING_INTERVAL = 5_000;
const SOCKET_TIMEOUT = 20_000;

interface OpenClient {
  send(key: string | undefined, parts: readonly string[]): Promise<unknown>;
  destroy(): void;
}

export function redisConnection(server: RedisServer): RedisConnection {
  let opened: Promise<OpenClient> | undefined;

  const forget = (opening: Promise<OpenClient>): void => {
    if (opened !== opening) return;
    opened = undefined;
    // The client throws where it was closed already.
    opening.then((client) => client.destroy()).catch(() => undefined);
  };

  const open = (): Promise<OpenClient> => {
    if (opened !== undefined) return opened;
    const opening: Promise<OpenClient> = openClient(server, () => forget(opening));
    opened = opening;
    opening.catch(() => forget(opening));
    return opening;
  };

  const command = async (key: string | undefined, ...parts: readonly string[]): Promise<Reply> => {
    const opening = open();
    try {
      const client = await opening;
      return (await client.send(key, parts)) as Reply;
    } catch (error) {
      if (needsNewConnection(error)) forget(opening);
      throw redisError(error);
    }
  };

  return {
    command,
    async run({ sha, text }, keys, values) {
      const rest = [String(keys.length), ...keys, ...values];
      try {
        return await command(keys[0], 'EVALSHA', sha, ...rest);
      } catch (error) {
        if (!(error instanceof Error) || !error.message.includes('NOSCRIPT')) throw error;
        // A server that restarted, or a new primary, does not know it.
        return command(keys[0], 'EVAL', text, ...rest);
      }
    },
    another: () => redisConnection(server),
    close() {
      if (opened !== undefined) forget(opened);
    },
  };
}

async function openClient(server: RedisServer, broken: () => void): Promise<OpenClient> {
  const { createClient, createCluster } = await redisClient();
  const { credentials } = server;
  const secure = new URL(server.url).protocol === 'rediss:';
  const options = {
    RESP: 2 as const,
    disableClientInfo: true,
    // This connection is replaced as a whole when it breaks. Commands never wait for one.
    disableOfflineQueue: true,
    pingInterval: PING_INTERVAL,
    maintNotifications: 'disabled' as const,
    ...(credentials !== undefined && {
      credentialsProvider: { type: 'async-credentials-provider' as const, credentials },
    }),
  };
  const socket = {
    connectTimeout: CONNECT_TIMEOUT,
    socketTimeout: SOCKET_TIMEOUT,
    reconnectStrategy: false as const,
    ...(secure && {
      tls: true as const,
      ...(server.certificateAuthority !== undefined && { ca: server.certificateAuthority }),
    }),
  };
  if (server.cluster === true) {
    const { username, password } = new URL(server.url);
    const given = {
      ...(username !== '' && { username: decodeURIComponent(username) }),
      ...(password !== '' && { password: decodeURIComponent(password) }),
    };
    const cluster = createCluster({
      rootNodes: [{ url: server.url }],
      RESP: 2,
      defaults: {
        ...options,
        ...(credentials === undefined && given),
        socket,
      },
      minimizeConnections: true,
    });
    cluster.on('error', broken);
    cluster.on('node-error', broken);
    await cluster.connect();
    return {
      send: (key, parts) => cluster.sendCommand(key, false, [...parts]),
      destroy: () => cluster.destroy(),
    };
  }
  const client = createClient({ ...options, url: server.url, socket });
  // Without a listener a broken connection ends the process.
  client.on('error', broken);
  await client.connect();
  return { send: (_key, parts) => client.sendCommand([...parts]), destroy: () => client.destroy() };
}

/** A warm process keeps its connections: one for each server and way to sign in (D5: immutable values). */
const shared: { readonly server: RedisServer; readonly connection: RedisConnection }[] = [];

/** The process's connection to a server, for all that does not block. */
export function sharedRedis(server: RedisServer): RedisConnection {
  const known = shared.find(
    (one) =>
      one.server.url === server.url &&
      (one.server.cluster === true) === (server.cluster === true) &&
      one.server.credentials === server.credentials &&
      one.server.certificateAuthority === server.certificateAuthority,
  );
  if (known !== undefined) return known.connection;
  const connection = redisConnection(server);
  shared.push({ server, connection });
  return connection;
}

/** Ends the connections of all publishers. For tests, and before a process ends. */
export function closeRedisConnections(): void {
  for (const { connection } of shared.splice(0)) connection.close();
}
