/** `mirrorEvents()`: copies each event of the record to another transport, in the order of each key. */
import type { AnyEventContract, Envelope } from '../../../lib/contracts/index.ts';
import { consume } from '../consume.ts';
import { PermanentError, PublishError } from '../errors.ts';
import { readHorizon } from '../event-store/horizon.ts';
import { subscribe } from '../subscription/subscribe.ts';
import type { EventSubscription } from '../subscription/types.ts';
import { explainedMove } from './errors.ts';
import { gatheredSends } from './gathered-sends.ts';
import { mirrorName } from './mirror-name.ts';
import type { MirrorOptions } from './types.ts';

/** Its lag is the lag of whoever is live on the other side, so it takes many keys at a time. */
const DEFAULT_CONCURRENCY = 100;
/** Seconds. */
const DEFAULT_BACKOFF = { base: 1, cap: 30 };
/**
 * It never gives up what the other side might take later: the consumer would miss it, and what follows of its key would
 * come without it. A hundred thousand tries of half a minute are more than a month.
 */
const ATTEMPTS = 100_000;

/** What the other side will never take, or the record does not have any more. */
const NEVER_TAKEN: ReadonlySet<string> = new Set(['WAYBILL_EVENT_TOO_LARGE', 'EVENT_DROPPED']);

/**
 * The dual write: what is appended to the record is copied, as it was written, until it is stopped. Any number of
 * instances share the work.
 *
 * | | |
 * |---|---|
 * | order | of a key one event at a time: the next is sent when the one before was taken |
 * | the other side refuses, or is away | tried again until it takes it; holds its key, and nothing else |
 * | an instance dies before it noted what was sent | sent again: the transport, or the inbox, drops what came before |
 * | an instance that lost its lanes sends late | the same: what it sends, its successor has sent in order |
 * | the event is too large for the other side | dead letter of the mirror, and a move is refused while it counts |
 *
 * @throws as `subscribe`; RuntimeError WAYBILL_TRANSPORT_NOT_MIGRATED
 */
export async function mirrorEvents(options: MirrorOptions): Promise<EventSubscription> {
  const { store, to, transport, types, from = 'unhandled', onSettled, logger, clock } = options;
  const { pool } = store;
  const consumer = mirrorName(to);
  const send = gatheredSends(pool, (messages) => transport.send(messages));
  const copy = consume(
    types.map((type) => anyVersionOf(type)),
    async ({ eventId }) => {
      const failure = await send(eventId);
      if (failure === undefined) return;
      if (!failure.retryable && NEVER_TAKEN.has(failure.code)) {
        throw new PermanentError(failure.code, failure.message);
      }
      throw new PublishError(failure);
    },
    { consumer, claimCheck: { fetch: withoutClaim }, ...(logger !== undefined && { logger }) },
  );
  const begins = await registerMirror(options, from);
  return subscribe({
    consumer: copy,
    store,
    order: 'key',
    from: begins,
    concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
    maxAttempts: ATTEMPTS,
    backoff: options.backoff ?? DEFAULT_BACKOFF,
    ...(options.listen !== undefined && { listen: options.listen }),
    ...(options.pollMilliseconds !== undefined && { pollMilliseconds: options.pollMilliseconds }),
    ...(options.leaseMilliseconds !== undefined && { leaseMilliseconds: options.leaseMilliseconds }),
    ...(onSettled !== undefined && { onSettled }),
    ...(clock !== undefined && { clock }),
  });
}

/**
 * Notes from where on everything of a type is copied, before the first copy: a move looks at it. A type that comes later
 * is copied from then on.
 *
 * @returns the position that a new subscription begins behind
 */
async function registerMirror(
  { store: { pool }, to, types }: MirrorOptions,
  from: NonNullable<MirrorOptions['from']>,
): Promise<number> {
  try {
    const known = await pool.query('select 1 from event_subscription where consumer = $1', [mirrorName(to)]);
    const start = known.rows.length > 0 ? await readHorizon(pool) : await startOf(pool, from);
    await pool.query(
      `insert into transport_mirror (transport, event_type, after_position)
       select $1, type, $2::bigint from unnest($3::text[]) as type on conflict do nothing`,
      [to, start, [...types]],
    );
    const { rows } = await pool.query<{ after: number }>(
      'select min(after_position)::float8 as after from transport_mirror where transport = $1',
      [to],
    );
    return rows[0]!.after;
  } catch (error) {
    throw explainedMove(error);
  }
}

async function startOf(
  pool: MirrorOptions['store']['pool'],
  from: NonNullable<MirrorOptions['from']>,
): Promise<number> {
  if (typeof from === 'number') return from;
  if (from === 'beginning') return 0;
  if (from === 'now') return readHorizon(pool);
  const { rows } = await pool.query<{ after: number | null }>(
    `select min(position)::float8 as after from (
       select position from event_subscription_lane where consumer not like 'mirror-%'
       union all
       select position - 1 from event_subscription_waiting where consumer not like 'mirror-%' and replay is null
     ) as unhandled`,
  );
  return rows[0]?.after ?? 0;
}

/** A contract that takes each version as it is: the mirror reads no data. */
function anyVersionOf(name: string): AnyEventContract {
  return {
    name,
    version: '0.0',
    source: 'mirror',
    schema: { '~standard': { version: 1, vendor: 'waybill', validate: (value: unknown) => ({ value }) } },
    orderingKey: undefined,
    pii: [],
    dataSubject: undefined,
    traffic: { peakPerSecond: 1, averageBytes: 1024 },
    examples: [],
    priority: 'normal',
    description: undefined,
    // Of every older version.
    upcast: new Proxy({}, { get: () => (data: unknown) => data }),
  };
}

/** The claim goes on as it is: whoever handles the event fetches its data. */
function withoutClaim(envelope: Envelope): Promise<Envelope> {
  const { claimCheck: _claim, ...metadata } = envelope.metadata as Envelope['metadata'] & {
    readonly claimCheck?: unknown;
  };
  return Promise.resolve({ ...envelope, metadata } as Envelope);
}
