/**
 * Lanes are leased, rows are not: who holds a lane works on its rows without locking or claiming one of them.
 * Instances share the lanes evenly; each change of owner raises the lane's fencing token.
 */
import type { Pool } from 'pg';

import { timed } from './query.ts';

/** The fencing token by lane, for the lanes of one instance. */
export type LaneTokens = ReadonlyMap<number, string>;

export interface LeaseReport {
  /** The lanes held now. */
  readonly held: LaneTokens;
  /** How many lanes each instance alive may hold. */
  readonly share: number;
  /** Whether this instance should give lanes back, or could take some: its fair share has changed. */
  readonly unfair: boolean;
  /** Lanes taken now whose last owner had not given them back: it died, or could not reach the database. */
  readonly abandoned: readonly number[];
}

export interface LaneTables {
  /** With the columns lane, owner, fencing_token and lease_expires_at. */
  readonly lanes: string;
  /** With the columns owner and expires_at. */
  readonly members: string;
  /**
   * The column of both tables that tells several sets of lanes apart.
   * @default - one set
   */
  readonly scope?: string;
}

export interface LeaseHolder {
  readonly pool: Pool;
  readonly owner: string;
  /** The value of the scope column. */
  readonly scope?: string;
}

export interface LaneLeases {
  /**
   * Renews the lanes held, and takes free ones when told to.
   * @param leaseMilliseconds from now, by the database's clock
   */
  renew(
    holder: LeaseHolder,
    leaseMilliseconds: number,
    held: LaneTokens,
    take: boolean,
  ): Promise<LeaseReport>;
  /** Gives lanes back. */
  release(holder: LeaseHolder, given: LaneTokens): Promise<void>;
  /** The instance is gone, and has no lane any more: the others may share them. */
  unregister(holder: LeaseHolder): Promise<void>;
}

interface LeaseRow {
  readonly share: number;
  readonly obtainable: number;
  readonly held: readonly [number, string][];
  readonly abandoned: readonly number[];
}

/** Milliseconds. Shorter than a lease, so that a dead connection is noticed while there is time for another try. */
const STATEMENT_TIMEOUT = 5_000;

export function laneLeases({ lanes, members, scope }: LaneTables): LaneLeases {
  const and = (parameter: number, table = ''): string =>
    scope === undefined ? '' : `and ${table}${scope} = $${parameter}`;
  // One round trip: registers the instance as alive, renews what it holds, takes what is free up to its fair share.
  // The parts of one statement do not see each other's changes, hence the arithmetic with the numbers before.
  const renewAndTake = `
with registered as (
  insert into ${members} (owner, expires_at${scope === undefined ? '' : `, ${scope}`})
  values ($1, clock_timestamp() + $2::double precision * interval '1 millisecond'${scope === undefined ? '' : ', $6'})
  on conflict (${scope === undefined ? '' : `${scope}, `}owner) do update set expires_at = excluded.expires_at
), buried as (
  delete from ${members} where expires_at < clock_timestamp() and owner <> $1 ${and(6)}
), share as (
  select ceil((select count(*) from ${lanes} where true ${and(6)})::numeric / (1 + count(*)))::int as lanes
  from ${members}
  where owner <> $1 and expires_at >= clock_timestamp() ${and(6)}
), held as (
  select * from unnest($3::smallint[], $4::bigint[]) as held (lane, fencing_token)
), renewed as (
  update ${lanes} l
  set lease_expires_at = clock_timestamp() + $2::double precision * interval '1 millisecond'
  from held h
  where l.lane = h.lane and l.fencing_token = h.fencing_token and l.owner = $1 ${and(6, 'l.')}
  returning l.lane, l.fencing_token
), obtainable as (
  select lane, owner is not null as abandoned from ${lanes}
  where (owner is null or lease_expires_at < clock_timestamp()) and lane <> all($3::smallint[]) ${and(6)}
  order by lane
  limit greatest(0, (select lanes from share) - cardinality($3::smallint[]))
  for update skip locked
), taken as (
  update ${lanes} l
  set owner = $1,
      fencing_token = l.fencing_token + 1,
      lease_expires_at = clock_timestamp() + $2::double precision * interval '1 millisecond'
  from obtainable o
  where l.lane = o.lane and $5::boolean ${and(6, 'l.')}
  returning l.lane, l.fencing_token, o.abandoned
)
select
  (select lanes from share) as share,
  (select count(*)::int from obtainable) as obtainable,
  (select coalesce(json_agg(json_build_array(lane, fencing_token::text)), '[]')
   from (select * from renewed union all select lane, fencing_token from taken) as all_held) as held,
  (select coalesce(json_agg(lane), '[]') from taken where abandoned) as abandoned`;

  const release = `
update ${lanes} l set owner = null, lease_expires_at = null
from unnest($2::smallint[], $3::bigint[]) as given (lane, fencing_token)
where l.lane = given.lane and l.fencing_token = given.fencing_token and l.owner = $1 ${and(4, 'l.')}`;

  // With the lanes of a statement whose answer was too late: it has them, and does not know.
  const unregister = `
with given_back as (
  update ${lanes} set owner = null, lease_expires_at = null where owner = $1 ${and(2)}
)
delete from ${members} where owner = $1 ${and(2)}`;
  const scoped = (given: string | undefined): unknown[] => (scope === undefined ? [] : [given]);

  return {
    async renew({ pool, owner, scope: given }, leaseMilliseconds, held, take) {
      const values = [owner, leaseMilliseconds, [...held.keys()], [...held.values()], take, ...scoped(given)];
      const { rows } = await pool.query<LeaseRow>(timed(STATEMENT_TIMEOUT, renewAndTake, values));
      const { share, obtainable, held: now, abandoned } = rows[0]!;
      const unfair = now.length > share || (!take && obtainable > 0);
      return { held: new Map(now), share, unfair, abandoned };
    },
    async release({ pool, owner, scope: given }, lanesGiven) {
      const values = [owner, [...lanesGiven.keys()], [...lanesGiven.values()], ...scoped(given)];
      await pool.query(timed(STATEMENT_TIMEOUT, release, values));
    },
    async unregister({ pool, owner, scope: given }) {
      await pool.query(timed(STATEMENT_TIMEOUT, unregister, [owner, ...scoped(given)]));
    },
  };
}
