/**
 * Lanes are leased, rows are not: a relay that holds a lane publishes its rows without locking or claiming one
 * of them. Relays share the lanes evenly; each change of owner raises the lane's fencing token.
 */
import type { Pool } from 'pg';

import { timed } from '../postgres/query.ts';
import { LANE_COUNT } from './lane-count.ts';
import type { LaneTokens } from './rows.ts';

export interface LeaseReport {
  /** The lanes held now. */
  readonly held: LaneTokens;
  /** How many lanes each relay alive may hold. */
  readonly share: number;
  /** Whether this relay should give lanes back, or could take some: its fair share has changed. */
  readonly unfair: boolean;
}

// One round trip: registers the relay as alive, renews what it holds, takes what is free up to its fair share.
// The parts of one statement do not see each other's changes, hence the arithmetic with the numbers before.
const RENEW_AND_TAKE = `
with registered as (
  insert into event_outbox_relay (owner, expires_at)
  values ($1, clock_timestamp() + $2::double precision * interval '1 millisecond')
  on conflict (owner) do update set expires_at = excluded.expires_at
), buried as (
  delete from event_outbox_relay where expires_at < clock_timestamp() and owner <> $1
), share as (
  select ceil(${LANE_COUNT}.0 / (1 + count(*)))::int as lanes
  from event_outbox_relay
  where owner <> $1 and expires_at >= clock_timestamp()
), held as (
  select * from unnest($3::smallint[], $4::bigint[]) as held (lane, fencing_token)
), renewed as (
  update event_outbox_lane l
  set lease_expires_at = clock_timestamp() + $2::double precision * interval '1 millisecond'
  from held h
  where l.lane = h.lane and l.fencing_token = h.fencing_token and l.owner = $1
  returning l.lane, l.fencing_token
), obtainable as (
  select lane from event_outbox_lane
  where (owner is null or lease_expires_at < clock_timestamp()) and lane <> all($3::smallint[])
  order by lane
  limit greatest(0, (select lanes from share) - cardinality($3::smallint[]))
  for update skip locked
), taken as (
  update event_outbox_lane l
  set owner = $1,
      fencing_token = l.fencing_token + 1,
      lease_expires_at = clock_timestamp() + $2::double precision * interval '1 millisecond'
  from obtainable o
  where l.lane = o.lane and $5::boolean
  returning l.lane, l.fencing_token
)
select
  (select lanes from share) as share,
  (select count(*)::int from obtainable) as obtainable,
  (select coalesce(json_agg(json_build_array(lane, fencing_token::text)), '[]')
   from (select * from renewed union all select * from taken) as all_held) as held`;

interface LeaseRow {
  readonly share: number;
  readonly obtainable: number;
  readonly held: readonly [number, string][];
}

/** Milliseconds. Shorter than a lease, so that a dead connection is noticed while there is time for another try. */
const STATEMENT_TIMEOUT = 5_000;

/**
 * Renews the lanes held, and takes free ones when told to.
 *
 * @param leaseMilliseconds from now, by the database's clock
 */
export async function renewLanes(
  pool: Pool,
  owner: string,
  leaseMilliseconds: number,
  held: LaneTokens,
  take: boolean,
): Promise<LeaseReport> {
  const values = [owner, leaseMilliseconds, [...held.keys()], [...held.values()], take];
  const { rows } = await pool.query<LeaseRow>(timed(STATEMENT_TIMEOUT, RENEW_AND_TAKE, values));
  const { share, obtainable, held: now } = rows[0]!;
  return {
    held: new Map(now),
    share,
    unfair: now.length > share || (!take && obtainable > 0),
  };
}

const RELEASE = `
update event_outbox_lane l set owner = null, lease_expires_at = null
from unnest($2::smallint[], $3::bigint[]) as given (lane, fencing_token)
where l.lane = given.lane and l.fencing_token = given.fencing_token and l.owner = $1`;

/** Gives lanes back: all but the first `keep`. */
export async function releaseLanes(
  pool: Pool,
  owner: string,
  held: LaneTokens,
  keep: number,
): Promise<LaneTokens> {
  const lanes = [...held];
  const given = lanes.slice(keep);
  const values = [owner, given.map(([lane]) => lane), given.map(([, token]) => token)];
  await pool.query(timed(STATEMENT_TIMEOUT, RELEASE, values));
  return new Map(lanes.slice(0, keep));
}

/** The relay is gone: the others may share its lanes. */
export async function unregister(pool: Pool, owner: string): Promise<void> {
  await pool.query(timed(STATEMENT_TIMEOUT, 'delete from event_outbox_relay where owner = $1', [owner]));
}
