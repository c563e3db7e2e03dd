/** What groups gave up: listing it, and putting it back (D16). */
import { parseEnvelope } from '../../../lib/contracts/index.ts';
import { redisConnection } from './connection.ts';
import type { RedisConnection, Reply } from './connection.ts';
import { entryOf, ONLY_FOR } from './entry.ts';
import type { StreamEntry } from './entry.ts';
import { allPartitions } from './keys.ts';
import type { PartitionKeys, StreamName } from './keys.ts';
import { REDRIVE } from './scripts.ts';
import { redisFromEnvironment } from './server.ts';
import type { RedisServer } from './server.ts';

export interface RedisDeadLetterFilter {
  readonly tenantId?: string;
  readonly eventType?: string;
  readonly eventId?: string;
  readonly reason?: string;
}

export interface RedisDeadLetterOptions extends StreamName {
  /** @default - WAYBILL_REDIS_URL and its fellows */
  readonly server?: RedisServer;
  /** @default 1 */
  readonly partitions?: number;
  readonly group: string;
  /** @default - all */
  readonly filter?: RedisDeadLetterFilter;
  /** @default - no limit */
  readonly limit?: number;
}

export interface RedisDeadLetter {
  /** `STREAM/PARTITION@ID` of the dead letter. */
  readonly id: string;
  readonly eventId: string | undefined;
  readonly eventType: string | undefined;
  readonly tenantId: string | undefined;
  readonly reason: string;
  readonly detail: string;
  /** How often it was tried. */
  readonly receiveCount: number;
  /** ISO 8601, by the server's clock. */
  readonly at: string;
  /** The entry it was. */
  readonly source: string;
  /** Fields and body as they were, and the reason. Sealed fields stay sealed. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface RedisRedriveOptions extends RedisDeadLetterOptions {
  /**
   * Tells what would be put back and changes nothing.
   * @default false
   */
  readonly dryRun?: boolean;
}

export interface RedisRedriveReport {
  /** Put back, or with `dryRun` what would be. In the order of each partition. */
  readonly redriven: readonly RedisDeadLetter[];
  /** Left where they are: a body that is no envelope can't be marked, and would fail again. */
  readonly left: readonly RedisDeadLetter[];
}

const PAGE = 100;

/** @throws RedisError */
export async function listRedisDeadLetters(options: RedisDeadLetterOptions): Promise<RedisDeadLetter[]> {
  return withConnection(options, async (connection) => {
    const found: RedisDeadLetter[] = [];
    for await (const { letter } of deadLetters(connection, options)) found.push(letter);
    return found;
  });
}

/**
 * Puts dead letters back into their stream, for their group alone: other groups acknowledge them unseen. What was chosen is
 * chosen when it begins; what is dead-lettered meanwhile stays. Each is put back and removed at once; two redrives at
 * the same time put each back once. It has a new place in the stream: events of its key that were published since are
 * before it.
 *
 * @example
 * await redriveRedis({ stream: 'feedback', group: 'sentiment', filter: { reason: 'HANDLER_FAILED' }, dryRun: true });
 *
 * @throws RedisError
 */
export async function redriveRedis(options: RedisRedriveOptions): Promise<RedisRedriveReport> {
  return withConnection(options, async (connection) => {
    const chosen: Found[] = [];
    for await (const found of deadLetters(connection, options)) chosen.push(found);
    const redriven: RedisDeadLetter[] = [];
    const left: RedisDeadLetter[] = [];
    for (const { keys, entry, letter } of chosen) {
      const body = markedBody(entry.fields['body'] ?? '', `${keys.name} ${options.group}`);
      if (body === undefined) {
        left.push(letter);
        continue;
      }
      if (options.dryRun === true) {
        redriven.push(letter);
        continue;
      }
      const fields = { ...withoutReason(entry.fields), body, [ONLY_FOR]: options.group };
      const id = await connection.run(
        REDRIVE,
        [keys.stream, keys.dead(options.group)],
        [entry.id, ...Object.entries(fields).flat()],
      );
      if (id !== '') redriven.push(letter);
    }
    return { redriven, left };
  });
}

interface Found {
  readonly keys: PartitionKeys;
  readonly entry: StreamEntry;
  readonly letter: RedisDeadLetter;
}

async function* deadLetters(
  connection: RedisConnection,
  options: RedisDeadLetterOptions,
): AsyncGenerator<Found> {
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  for (const keys of allPartitions(options, options.partitions ?? 1)) {
    const dead = keys.dead(options.group);
    for (let from = '-'; left > 0;) {
      const page = (await connection.command(
        dead,
        'XRANGE',
        dead,
        from,
        '+',
        'COUNT',
        String(PAGE),
      )) as Reply[];
      for (const reply of page) {
        const entry = entryOf(reply);
        from = `(${entry.id}`;
        const letter = letterOf(keys, entry);
        if (left <= 0 || !matches(letter, options.filter ?? {})) continue;
        left -= 1;
        yield { keys, entry, letter };
      }
      if (page.length < PAGE) break;
    }
  }
}

function letterOf({ name }: PartitionKeys, { id, fields }: StreamEntry): RedisDeadLetter {
  return {
    id: `${name}@${id}`,
    eventId: fields['eventId'],
    eventType: fields['eventType'],
    tenantId: fields['tenantId'],
    reason: fields['deadLetterReason'] ?? '',
    detail: fields['deadLetterDetail'] ?? '',
    receiveCount: Number(fields['deadLetterReceiveCount'] ?? 0),
    at: new Date(Number(id.split('-')[0])).toISOString(),
    source: fields['deadLetterSource'] ?? '',
    fields,
  };
}

const matches = (letter: RedisDeadLetter, filter: RedisDeadLetterFilter): boolean =>
  (['tenantId', 'eventType', 'eventId', 'reason'] as const).every(
    (name) => filter[name] === undefined || filter[name] === letter[name],
  );

const withoutReason = (fields: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !name.startsWith('deadLetter')));

function markedBody(body: string, of: string): string | undefined {
  try {
    const envelope = parseEnvelope(body);
    const replay = { kind: 'redrive' as const, of, at: new Date().toISOString() };
    return JSON.stringify({ ...envelope, metadata: { ...envelope.metadata, replay } });
  } catch {
    return undefined;
  }
}

async function withConnection<Answer>(
  options: RedisDeadLetterOptions,
  use: (connection: RedisConnection) => Promise<Answer>,
): Promise<Answer> {
  const connection = redisConnection(options.server ?? redisFromEnvironment());
  try {
    return await use(connection);
  } finally {
    connection.close();
  }
}
