/** Partitions: made ahead of their day, dropped when retention is over and every subscription has read them. */
import type { Pool, PoolClient } from 'pg';

import { inTransaction } from '../postgres/transaction.ts';
import { explained, wholeNumber } from './errors.ts';

export interface MaintenanceOptions {
  /**
   * Days that events are kept, counted in whole days of UTC.
   * @default - for ever
   */
  readonly retentionDays?: number;
  /**
   * Days for which partitions are made ahead. Run the maintenance more often than this.
   * @default 7
   */
  readonly aheadDays?: number;
  /**
   * Drops partitions also where a subscription has not read them. What it has not read is lost to it.
   * @default false
   */
  readonly dropUnread?: boolean;
}

export interface MaintenanceReport {
  readonly created: readonly string[];
  readonly dropped: readonly string[];
  /** Partitions whose time is over and that are kept: who has not read them, or that they were in use. */
  readonly kept: readonly { readonly partition: string; readonly reason: string }[];
}

const DEFAULT_AHEAD_DAYS = 7;
/** Milliseconds. A drop waits for readers of the store, and all behind it wait for the drop. */
const LOCK_TIMEOUT = 2_000;
const RECEIPT_BATCH = 5_000;
/** PostgreSQL's lock_not_available. */
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Run it daily or more often, from one place or several. Receipts of dropped events go with them: an eventId that comes
 * again after that is new.
 *
 * @throws EventStoreError WAYBILL_EVENT_STORE_OPTION_INVALID, WAYBILL_EVENT_STORE_NOT_MIGRATED
 */
export async function maintainEventStore(
  pool: Pool,
  options: MaintenanceOptions = {},
): Promise<MaintenanceReport> {
  const ahead = wholeNumber('aheadDays', options.aheadDays ?? DEFAULT_AHEAD_DAYS, 1);
  const retention =
    options.retentionDays === undefined ? undefined : wholeNumber('retentionDays', options.retentionDays, 1);
  try {
    const created = await createAhead(pool, ahead);
    if (retention === undefined) return { created, dropped: [], kept: [] };
    return { created, ...(await dropOld(pool, retention, options.dropUnread ?? false)) };
  } catch (error) {
    throw explained(error);
  }
}

async function createAhead(pool: Pool, days: number): Promise<string[]> {
  const { rows } = await pool.query<{ day: string }>(
    // Days in the default partition come first: whoever was late finds them there.
    `select to_char(day, 'YYYY-MM-DD') as day from (
       select distinct (recorded_at at time zone 'UTC')::date as day from event_store_default
       union
       select (now() at time zone 'UTC')::date + days from generate_series(0, $1::int) as days
     ) as wanted
     where to_regclass('event_store_' || to_char(day, 'YYYYMMDD')) is null
     order by day`,
    [days],
  );
  const created: string[] = [];
  for (const { day } of rows) {
    const made = await withLockTimeout(pool, async (tx) => {
      const answer = await tx.query<{ made: boolean }>(
        'select event_store_make_partition($1::date) as made',
        [day],
      );
      return answer.rows[0]!.made;
    });
    if (made === true) created.push(`event_store_${day.replaceAll('-', '')}`);
  }
  return created;
}

async function dropOld(
  pool: Pool,
  retentionDays: number,
  dropUnread: boolean,
): Promise<Pick<MaintenanceReport, 'dropped' | 'kept'>> {
  const { rows } = await pool.query<{ partition: string; until: string }>(
    `select relname as partition, (to_date(right(relname, 8), 'YYYYMMDD') + 1)::text as until
     from pg_inherits join pg_class on pg_class.oid = inhrelid
     where inhparent = 'event_store'::regclass and relname ~ '^event_store_[0-9]{8}$'
       and to_date(right(relname, 8), 'YYYYMMDD') < (now() at time zone 'UTC')::date - $1::int
     order by relname`,
    [retentionDays],
  );
  const dropped: string[] = [];
  const kept: { partition: string; reason: string }[] = [];
  let receiptsUntil: string | undefined;
  for (const { partition, until } of rows) {
    const reason = await withLockTimeout(pool, async (tx) => {
      // Nothing is appended to it any more, and no reader begins before the drop is decided.
      await tx.query(`lock table ${partition} in access exclusive mode`);
      const unread = dropUnread ? undefined : await whoHasNotRead(tx, partition);
      if (unread === undefined) await tx.query(`drop table ${partition}`);
      return unread;
    });
    if (reason === undefined) {
      dropped.push(partition);
      receiptsUntil = until;
    } else {
      kept.push({
        partition,
        reason: reason === 'busy' ? 'it was in use; the next run tries again' : `not read by ${reason}`,
      });
    }
  }
  if (receiptsUntil !== undefined && kept.length === 0) await forget(pool, receiptsUntil);
  return { dropped, kept };
}

/** Subscriptions whose cursor is before the partition's last event, or that still have to handle one of it. */
async function whoHasNotRead(tx: PoolClient, partition: string): Promise<string | undefined> {
  const { rows } = await tx.query<{ consumers: string | null }>(
    `with last as (select max(position) as position from ${partition}), first as (select min(position) as position from ${partition})
     select string_agg(distinct consumer, ', ') as consumers from (
       select consumer from event_subscription_lane, last where event_subscription_lane.position < last.position
       union
       select consumer from event_subscription_waiting w, last, first
       where w.body is null and w.position between first.position and last.position
     ) as behind`,
  );
  return rows[0]?.consumers ?? undefined;
}

async function forget(pool: Pool, until: string): Promise<void> {
  for (;;) {
    const { rowCount } = await pool.query(
      `delete from event_store_receipt where event_id in (
         select event_id from event_store_receipt where recorded_at < $1::timestamp at time zone 'UTC' limit ${RECEIPT_BATCH})`,
      [until],
    );
    if ((rowCount ?? 0) < RECEIPT_BATCH) return;
  }
}

async function withLockTimeout<Result>(
  pool: Pool,
  work: (tx: PoolClient) => Promise<Result>,
): Promise<Result | 'busy'> {
  try {
    return await inTransaction(pool, async (tx) => {
      await tx.query(`set local lock_timeout = ${LOCK_TIMEOUT}`);
      return work(tx);
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === LOCK_NOT_AVAILABLE) return 'busy';
    throw error;
  }
}
