/** Dead letters of subscriptions: looked at, and given another try. */
import type { Pool } from 'pg';

import type { ReplayMark } from '../../../lib/contracts/index.ts';
import { wholeNumber } from '../event-store/errors.ts';
import { NOTIFY_WAITING } from './hint.ts';

export interface DeadLetterFilter {
  readonly consumer: string;
  /** @default - all */
  readonly eventIds?: readonly string[];
  /** @default - all */
  readonly eventType?: string;
  /** @default - all */
  readonly tenantId?: string;
  /** `HANDLER_FAILED`, `PERMANENT_ERROR`, the code of what could not be read. @default - all */
  readonly reason?: string;
  /** That failed before this time. @default - all */
  readonly before?: Date;
  /**
   * The oldest in the store's order.
   * @default 1000
   */
  readonly limit?: number;
}

/** What was given up. The event itself stays in the table, sealed as it was. */
export interface SubscriptionDeadLetter {
  readonly eventId: string;
  readonly eventType: string;
  readonly tenantId: string;
  readonly position: number;
  readonly reason: string;
  readonly detail: string;
  readonly attempts: number;
  readonly failedAt: Date;
  /** How often it was redriven before. */
  readonly redrives: number;
}

const DEFAULT_LIMIT = 1_000;

const MATCHING = `
  consumer = $1 and redriven_at is null
  and (cardinality($2::text[]) = 0 or event_id = any($2::uuid[]))
  and ($3::text = '' or event_type = $3) and ($4::text = '' or tenant_id = $4) and ($5::text = '' or reason = $5)
  and ($6::text = '' or failed_at < $6::timestamptz)
order by position limit $7::int`;

/** Dead letters that nobody has redriven, in the store's order. */
export async function deadLettersOf(pool: Pool, filter: DeadLetterFilter): Promise<SubscriptionDeadLetter[]> {
  const { rows } = await pool.query<SubscriptionDeadLetter>(
    `select event_id::text as "eventId", event_type as "eventType", tenant_id as "tenantId",
       position::float8 as position, reason, detail, attempts, failed_at as "failedAt", redrives
     from event_dead_letter where ${MATCHING}`,
    valuesOf(filter),
  );
  return rows;
}

export interface RedriveOptions extends DeadLetterFilter {
  /** True: only says which. @default false */
  readonly dryRun?: boolean;
}

export interface RedriveReport {
  /** In the order in which each key's are handled. */
  readonly events: readonly SubscriptionDeadLetter[];
  readonly redriven: number;
}

/**
 * Gives dead letters another try, with `context.replay` set to `{ kind: 'redrive', of: consumer }` and attempts counted
 * anew. Those of one key come in their order, before what of the key has not been handled yet (D16). It is safe to call
 * twice: an event waits once.
 */
export async function redriveDeadLetters(pool: Pool, options: RedriveOptions): Promise<RedriveReport> {
  const events = await deadLettersOf(pool, options);
  if (options.dryRun === true || events.length === 0) return { events, redriven: 0 };
  const mark: ReplayMark = { kind: 'redrive', of: options.consumer, at: new Date().toISOString() };
  const { rows } = await pool.query<{ redriven: number }>(
    `with letter as (
       select * from event_dead_letter
       where consumer = $1 and redriven_at is null and event_id = any($2::uuid[])
       for update skip locked
     ), marked as (
       update event_dead_letter d set redriven_at = clock_timestamp(), redrives = d.redrives + 1
       from letter where d.consumer = letter.consumer and d.event_id = letter.event_id
     ), waiting as (
       insert into event_subscription_waiting (consumer, lane, unit, position, event_id, event_type, event_version,
         tenant_id, priority, replay, body)
       select consumer, lane, unit, position, event_id, event_type, event_version, tenant_id, priority, $3::json,
         event_data
       from letter
       on conflict do nothing
       returning 1
     )
     select count(*)::int as redriven from waiting`,
    [options.consumer, events.map(({ eventId }) => eventId), JSON.stringify(mark)],
  );
  await pool.query(NOTIFY_WAITING);
  return { events, redriven: rows[0]!.redriven };
}

function valuesOf(filter: DeadLetterFilter): unknown[] {
  return [
    filter.consumer,
    filter.eventIds ?? [],
    filter.eventType ?? '',
    filter.tenantId ?? '',
    filter.reason ?? '',
    filter.before?.toISOString() ?? '',
    wholeNumber('limit', filter.limit ?? DEFAULT_LIMIT, 1),
  ];
}
