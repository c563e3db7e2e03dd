/**
 * Consumer `activity-analytics`: counts by minute, from windows of the stream. A window's state holds the ids of its
 * events, so that an event that the stream gives twice, in one window or in two, is counted once.
 */
import type { analyticsEvents } from '../../../catalog/commerce/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import { processOnceBatch } from '../../runtime/inbox/index.ts';
import { unitOfWork } from '../../service/unit-of-work.ts';
import type { Service, Transaction } from '../../service/unit-of-work.ts';

export type AnalyticsEvent = EnvelopeOf<(typeof analyticsEvents)[number]>;

/** Event ids by what they count for: tenant, kind, detail and minute, as JSON text. */
export type WindowCounts = Readonly<Record<string, readonly string[]>>;

export interface CountedWindow {
  readonly shardId: string;
  readonly start: Date;
  readonly end: Date;
}

const CONSUMER = 'activity-analytics';
const MINUTE_MS = 60_000;

/** Pure: a window's state with one event more. */
export function addToWindow(counts: WindowCounts, event: AnalyticsEvent): WindowCounts {
  const minute = Math.floor(Date.parse(event.timestamp) / MINUTE_MS) * MINUTE_MS;
  const detail = event.eventType === 'OrderOutcomeRecorded' ? event.data.outcome : '';
  const key = JSON.stringify([event.tenantId, event.eventType, detail, minute]);
  return { ...counts, [key]: [...(counts[key] ?? []), event.eventId] };
}

/** One transaction for the window. When it fails, the window is ended again and nothing is counted twice. */
export async function countWindow(
  service: Service,
  counts: WindowCounts,
  window: CountedWindow,
): Promise<void> {
  await unitOfWork(service, async (tx) => {
    const fresh = await processOnceBatch(tx, CONSUMER, Object.values(counts).flat());
    const totals = new Map<string, number>();
    for (const key of Object.keys(counts).toSorted()) {
      const [tenantId, kind, detail, minute] = JSON.parse(key) as [string, string, string, number];
      const eventIds = [...new Set(counts[key])].filter((eventId) => fresh.has(eventId));
      if (eventIds.length === 0) continue;
      totals.set(kind, (totals.get(kind) ?? 0) + eventIds.length);
      const at = new Date(minute).toISOString();
      await addCount(tx, [tenantId, kind, detail, at, eventIds.length]);
      await recordEffects(tx, tenantId, at, eventIds);
    }
    await addWindow(tx, window, totals);
  });
}

async function addCount(
  tx: Transaction,
  values: readonly [string, string, string, string, number],
): Promise<void> {
  await tx.query(
    `insert into activity_count (tenant_id, kind, detail, minute, quantity) values ($1, $2, $3, $4, $5)
     on conflict (tenant_id, kind, detail, minute)
       do update set quantity = activity_count.quantity + excluded.quantity`,
    values,
  );
}

/** Windows keep no order of keys, so the ordering key of an effect is the tenant, for which none is promised. */
async function recordEffects(
  tx: Transaction,
  tenantId: string,
  at: string,
  eventIds: readonly string[],
): Promise<void> {
  await tx.query(
    `insert into effect (consumer, event_id, tenant_id, ordering_key, event_created_at, outcome)
     select '${CONSUMER}', id::uuid, $1, $1, $2, 'counted' from unnest($3::text[]) as counted (id)`,
    [tenantId, at, eventIds],
  );
}

/** A window that was ended early comes in parts, and each adds what it had first. */
async function addWindow(
  tx: Transaction,
  { shardId, start, end }: CountedWindow,
  totals: ReadonlyMap<string, number>,
): Promise<void> {
  for (const [kind, quantity] of totals) {
    await tx.query(
      `insert into activity_window (shard_id, window_start, window_end, kind, quantity) values ($1, $2, $3, $4, $5)
       on conflict (shard_id, window_start, kind)
         do update set quantity = activity_window.quantity + excluded.quantity`,
      [shardId, start.toISOString(), end.toISOString(), kind, quantity],
    );
  }
}
