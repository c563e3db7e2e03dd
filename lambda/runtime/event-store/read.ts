/** Reads stored events, in the global order or within a stream. */
import type { Pool } from 'pg';

import type { Envelope } from '../../../lib/contracts/index.ts';
import type { Queryable } from '../postgres/query.ts';
import { explained } from './errors.ts';
import { readHorizon } from './horizon.ts';
import type { EventFilter, EventPage, StoredEvent } from './types.ts';

const COLUMNS = `position::float8 as position, stream, version::float8 as version,
  to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "recordedAt", event_data as envelope`;

export interface ReadOptions extends EventFilter {
  readonly limit: number;
}

/** A page of the global order. Safe: nothing can appear later behind what was read. */
export async function readPage(pool: Pool, options: ReadOptions): Promise<EventPage> {
  try {
    const { after = 0, limit } = options;
    const horizon = Math.min(await readHorizon(pool), options.upTo ?? Infinity);
    if (horizon <= after) return { events: [], next: after, atEnd: true };
    const values: unknown[] = [after, horizon, limit];
    const { rows } = await pool.query<StoredEvent>(
      `select ${COLUMNS} from event_store
       where position > $1 and position <= $2 ${conditionsOf(options, values)}
       order by position
       limit $3`,
      values,
    );
    const atEnd = rows.length < limit;
    return { events: rows, next: atEnd ? horizon : rows.at(-1)!.position, atEnd };
  } catch (error) {
    throw explained(error);
  }
}

/** SQL for the filter, with its values added to `values`. */
export function conditionsOf(
  { stream, types, tenantId, since, before }: EventFilter,
  values: unknown[],
): string {
  const given = (value: unknown): string => `$${values.push(value)}`;
  return [
    ...(stream === undefined ? [] : [`and stream = ${given(stream)}`]),
    ...(types === undefined ? [] : [`and event_type = any(${given(types)}::text[])`]),
    ...(tenantId === undefined ? [] : [`and tenant_id = ${given(tenantId)}`]),
    ...(since === undefined ? [] : [`and recorded_at >= ${given(since.toISOString())}::timestamptz`]),
    ...(before === undefined ? [] : [`and recorded_at < ${given(before.toISOString())}::timestamptz`]),
  ].join(' ');
}

/** All events up to now, a page at a time. */
export async function* readAll(pool: Pool, { limit, ...filter }: ReadOptions): AsyncGenerator<StoredEvent> {
  // The end is fixed at the start: an iteration that chases its writers would never end.
  const upTo = Math.min(await readHorizon(pool), filter.upTo ?? Infinity);
  let after = filter.after ?? 0;
  for (;;) {
    const page = await readPage(pool, { ...filter, after, upTo, limit });
    yield* page.events;
    if (page.atEnd) return;
    after = page.next;
  }
}

export interface StreamRange {
  /** Behind this version. @default 0 - from the first */
  readonly afterVersion?: number;
  /** Recorded at this time or earlier. @default - all */
  readonly until?: Date;
  /** Up to this version. @default - all */
  readonly upToVersion?: number;
}

/**
 * The events of a stream in its order, those of the caller's own transaction too: a stream has one writer at a time,
 * so nothing in it can be passed over.
 */
export async function readStream(
  tx: Queryable,
  stream: string,
  { afterVersion = 0, until, upToVersion }: StreamRange = {},
): Promise<readonly (StoredEvent & { readonly version: number; readonly envelope: Envelope })[]> {
  try {
    const { rows } = await tx.query(
      `select ${COLUMNS} from event_store
       where stream = $1::text and version > $2::text::bigint
         and ($3::text = '' or recorded_at <= $3::text::timestamptz)
         and ($4::text = '' or version <= $4::text::bigint)
       order by version`,
      [
        stream,
        String(afterVersion),
        until?.toISOString() ?? '',
        upToVersion === undefined ? '' : String(upToVersion),
      ],
    );
    return rows as (StoredEvent & { version: number })[];
  } catch (error) {
    throw explained(error);
  }
}
