/** Replays a range of the store to one consumer, beside what is new, with the mark. */
import type { Pool } from 'pg';

import type { ReplayMark } from '../../../lib/contracts/index.ts';
import { EventStoreError, explained } from '../event-store/errors.ts';
import { readHorizon } from '../event-store/horizon.ts';
import { conditionsOf } from '../event-store/read.ts';
import type { EventFilter } from '../event-store/types.ts';
import { NOTIFY_WAITING } from './hint.ts';

export interface ReplayOptions extends EventFilter {
  /** The subscription that gets the events again. No other notices. */
  readonly consumer: string;
  /** Of the replay: in the mark, and what makes it the same replay when it is begun twice. */
  readonly name: string;
  /** The types that the consumer handles. Others would become dead letters. */
  readonly types: readonly string[];
  /** True: only counts. @default false */
  readonly dryRun?: boolean;
}

const BATCH = 5_000;

/**
 * Puts the events among what waits for the consumer, as references: each is handled with `context.replay` set to
 * `{ kind: 'replay', of: name }`. Of one ordering key in their order; new events do not wait for them. Begun again under
 * the same name, it adds what is still missing. A consumer whose inbox knows the events does nothing with them, unless
 * its handler asks the inbox under another name: `processOnce(tx, `${context.consumer}/${context.replay.of}`, eventId)`.
 *
 * @returns the number of events replayed, or of those that would be
 * @throws EventStoreError WAYBILL_SUBSCRIPTION_UNKNOWN
 */
export async function replayEvents(pool: Pool, options: ReplayOptions): Promise<{ readonly events: number }> {
  const { consumer, name, dryRun = false } = options;
  try {
    const { rows: known } = await pool.query<{ ordering: string }>(
      'select ordering from event_subscription where consumer = $1',
      [consumer],
    );
    if (known[0] === undefined) {
      throw new EventStoreError(
        'WAYBILL_SUBSCRIPTION_UNKNOWN',
        `there is no subscription '${consumer}': it is made when it is first started`,
      );
    }
    const upTo = Math.min(await readHorizon(pool), options.upTo ?? Infinity);
    const range = { ...options, upTo };
    if (dryRun) return { events: await count(pool, range) };
    const mark: ReplayMark = { kind: 'replay', of: name, at: new Date().toISOString() };
    let events = 0;
    let after = options.after ?? 0;
    for (;;) {
      const page = await addPage(pool, { ...range, after }, known[0].ordering === 'total', mark);
      events += page.added;
      if (page.last === null) break;
      after = Number(page.last);
    }
    await pool.query(NOTIFY_WAITING);
    return { events };
  } catch (error) {
    throw explained(error);
  }
}

async function count(pool: Pool, range: ReplayOptions): Promise<number> {
  const values: unknown[] = [range.after ?? 0, range.upTo];
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::int as count from event_store
     where position > $1 and position <= $2 ${conditionsOf(range, values)}`,
    values,
  );
  return rows[0]!.count;
}

async function addPage(
  pool: Pool,
  range: ReplayOptions,
  total: boolean,
  mark: ReplayMark,
): Promise<{ added: number; last: string | null }> {
  const values: unknown[] = [
    range.after,
    range.upTo,
    range.consumer,
    `replay ${range.name} `,
    JSON.stringify(mark),
  ];
  const unit = total ? `''` : `case when ordering_key = tenant_id then event_id::text else ordering_key end`;
  const { rows } = await pool.query<{ added: number; last: string | null }>(
    `with page as (
       select * from event_store
       where position > $1 and position <= $2 ${conditionsOf(range, values)}
       order by position limit ${BATCH}
     ), added as (
       insert into event_subscription_waiting (consumer, lane, unit, position, event_id, event_type, event_version,
         tenant_id, priority, replay)
       select $3::text, ${total ? '0' : 'lane'}, $4::text || ${unit}, position, event_id, event_type, event_version, tenant_id,
         priority, $5::json
       from page
       on conflict do nothing
       returning 1
     )
     select (select count(*)::int from added) as added, (select max(position) from page) as last`,
    values,
  );
  return rows[0]!;
}
