/** Volume by type, the size of events, and how long they take to be appended. */
import type { Pool } from 'pg';

import { timed } from '../../postgres/query.ts';
import { STATEMENT_TIMEOUT } from '../horizon.ts';
import { latencyOf } from './latency.ts';
import type { EventVolume, Latency, StoreMetrics } from './types.ts';

/** Events that are looked into, body and all. */
const SAMPLE = 1_000;

/** The minutes of the window are whole ones: it begins up to a minute earlier. */
const VOLUME = `
with bounds as (
  select clock_timestamp() as now, c.since,
    greatest(date_trunc('minute', clock_timestamp() - $1::float8 * interval '1 second'), c.since) as window_start
  from event_store_counted c
), minutes as (
  select m.event_type, coalesce(sum(m.events), 0) as day, max(m.busiest_second) as busiest,
    coalesce(sum(m.events) filter (where m.minute >= date_trunc('minute', b.window_start)), 0) as in_window
  from event_store_minute m, bounds b
  where m.minute > b.now - interval '1 day'
  group by m.event_type
)
select b.now as "measuredAt",
  -- Less than a second has no rate.
  greatest(1, extract(epoch from b.now - b.window_start))::float8 as "windowSeconds",
  case when b.since is null then 0 else extract(epoch from least(b.now - b.since, interval '1 day')) / 3600 end::float8
    as "countedHours",
  coalesce((select json_agg(json_build_object(
    'type', m.event_type, 'inWindow', m.in_window, 'lastDay', m.day, 'busiestSecond', m.busiest)
    order by m.event_type) from minutes m), '[]') as volumes
from bounds b`;

interface VolumeRow {
  readonly measuredAt: Date;
  readonly windowSeconds: number;
  readonly countedHours: number;
  readonly volumes: readonly {
    readonly type: string;
    readonly inWindow: number;
    readonly lastDay: number;
    readonly busiestSecond: number;
  }[];
}

export interface Volumes extends EventVolume, Pick<StoreMetrics, 'byType' | 'countedHours'> {
  readonly measuredAt: Date;
  /** Seconds that the rates are of: shorter than asked for where the first event is younger. */
  readonly rateSeconds: number;
}

export async function readVolumes(pool: Pick<Pool, 'query'>, windowSeconds: number): Promise<Volumes> {
  const { rows } = await pool.query<VolumeRow>(timed(STATEMENT_TIMEOUT, VOLUME, [windowSeconds]));
  const { measuredAt, windowSeconds: rateSeconds, countedHours, volumes } = rows[0]!;
  const byType = volumes.map(({ type, inWindow, lastDay, busiestSecond }) => ({
    type,
    perSecond: inWindow / rateSeconds,
    lastDay,
    busiestSecond,
  }));
  const { perSecond, lastDay, busiestSecond } = byType.find(({ type }) => type === ALL_TYPES) ?? NOTHING;
  return {
    measuredAt,
    rateSeconds,
    countedHours,
    perSecond,
    lastDay,
    busiestSecond,
    byType: byType.filter(({ type }) => type !== ALL_TYPES),
  };
}

const ALL_TYPES = '';
const NOTHING: EventVolume = { perSecond: 0, lastDay: 0, busiestSecond: 0 };

/**
 * By the position, which is found in the index whatever the store holds; by the day, so that older ones stay closed. An
 * escape that stands for no text fails whoever takes a field: one such event must not hide the figures of all.
 */
const NEWEST = `
select case when event_data::text !~* '\\\\u(0000|d[89a-f])' then event_data ->> 'timestamp' end as timestamp,
  octet_length(event_data::text) as bytes,
  (extract(epoch from recorded_at) * 1000)::float8 as "recordedAt",
  recorded_at >= clock_timestamp() - $1::float8 * interval '1 second' as "inWindow"
from event_store
where recorded_at >= date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' - interval '1 day'
order by position desc limit ${SAMPLE}`;

export interface NewestEvents {
  readonly averageBytes: number | null;
  readonly publishLatency: Latency | null;
}

export async function readNewest(pool: Pick<Pool, 'query'>, windowSeconds: number): Promise<NewestEvents> {
  const { rows } = await pool.query<{
    readonly timestamp: string | null;
    readonly bytes: number;
    readonly recordedAt: number;
    readonly inWindow: boolean;
  }>(timed(STATEMENT_TIMEOUT, NEWEST, [windowSeconds]));
  const latencies = rows
    .filter(({ inWindow }) => inWindow)
    .map(({ timestamp, recordedAt }) => recordedAt - Date.parse(timestamp ?? ''))
    // Another language may have appended it without a time.
    .filter((milliseconds) => !Number.isNaN(milliseconds));
  return {
    averageBytes:
      rows.length === 0 ? null : Math.round(rows.reduce((sum, { bytes }) => sum + bytes, 0) / rows.length),
    publishLatency: latencyOf(latencies),
  };
}
