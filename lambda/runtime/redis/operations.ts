/** What an operator asks of a stream's groups, and how one that nobody reads for is removed. */
import { redisConnection } from './connection.ts';
import type { RedisConnection, Reply } from './connection.ts';
import { makeGroup } from './groups.ts';
import { allPartitions } from './keys.ts';
import type { StreamName } from './keys.ts';
import { redisFromEnvironment } from './server.ts';
import type { RedisServer } from './server.ts';
import { agreeOnPartitions, checkedStream } from './settings.ts';

export interface RedisStreamOptions extends StreamName {
  /** @default - WAYBILL_REDIS_URL and its fellows */
  readonly server?: RedisServer;
  /** @default 1 */
  readonly partitions?: number;
}

export interface RedisGroupState {
  readonly group: string;
  /** Entries that no reader has seen, all partitions together; undefined where the server cannot tell. */
  readonly unread: number | undefined;
  /** Entries that were read and are not acknowledged. */
  readonly pending: number;
  readonly deadLetters: number;
}

/** The backlog of each group. @throws RedisError */
export async function redisGroups(options: RedisStreamOptions): Promise<RedisGroupState[]> {
  const connection = redisConnection(options.server ?? redisFromEnvironment());
  try {
    const states = new Map<string, RedisGroupState>();
    for (const keys of allPartitions(options, options.partitions ?? 1)) {
      for (const info of await groupsOf(connection, keys.stream)) {
        const group = String(info['name']);
        const before = states.get(group) ?? { group, unread: 0, pending: 0, deadLetters: 0 };
        const lag = info['lag'];
        const dead = keys.dead(group);
        states.set(group, {
          group,
          unread: typeof lag === 'number' && before.unread !== undefined ? before.unread + lag : undefined,
          pending: before.pending + Number(info['pending']),
          deadLetters: before.deadLetters + Number(await connection.command(dead, 'XLEN', dead)),
        });
      }
    }
    return [...states.values()];
  } finally {
    connection.close();
  }
}

/**
 * Makes a group that begins at the first entry kept, and starts no reader: the stream fills for it, and nothing it has not
 * read is trimmed. One that is there stays as it is. A consumer that is to come by a move is held like that.
 *
 * @throws RedisError
 */
export async function makeRedisGroup(
  options: RedisStreamOptions & { readonly group: string },
): Promise<void> {
  const partitions = options.partitions ?? 1;
  checkedStream(options, partitions);
  const connection = redisConnection(options.server ?? redisFromEnvironment());
  try {
    await agreeOnPartitions(connection, options, partitions);
    for (const keys of allPartitions(options, partitions))
      await makeGroup(connection, keys, options.group, '0');
  } finally {
    connection.close();
  }
}

/** A group that nobody reads for keeps every entry it has not read. Its dead letters stay. @throws RedisError */
export async function removeRedisGroup(
  options: RedisStreamOptions & { readonly group: string },
): Promise<void> {
  const connection = redisConnection(options.server ?? redisFromEnvironment());
  try {
    for (const keys of allPartitions(options, options.partitions ?? 1)) {
      await connection.command(keys.stream, 'XGROUP', 'DESTROY', keys.stream, options.group);
      const [delayed, lease] = [keys.delayed(options.group), keys.lease(options.group)];
      await connection.command(delayed, 'DEL', delayed, lease);
    }
  } finally {
    connection.close();
  }
}

async function groupsOf(connection: RedisConnection, stream: string): Promise<Record<string, Reply>[]> {
  if ((await connection.command(stream, 'EXISTS', stream)) === 0) return [];
  const groups = (await connection.command(stream, 'XINFO', 'GROUPS', stream)) as Reply[][];
  return groups.map((flat) => {
    const info: Record<string, Reply> = {};
    for (let at = 0; at + 1 < flat.length; at += 2) info[String(flat[at])] = flat[at + 1]!;
    return info;
  });
}
