/** What the database itself does: connections, and the time that statements take. */
import type { Pool } from 'pg';

import { timed } from '../../postgres/query.ts';
import { STATEMENT_TIMEOUT } from '../horizon.ts';
import type { DatabaseMetrics } from './types.ts';

/** What a role may not see of other roles is null there, and then a count of it would be wrong. */
const NOW = `
select count(*)::int as connections, current_setting('max_connections')::int as "maxConnections",
  case when bool_and(state is not null) is not false then count(*) filter (where state = 'active')::int end as "activeConnections",
  case when bool_and(state is not null) is not false
    then coalesce(greatest(0, extract(epoch from clock_timestamp() - min(xact_start))), 0)::float8
  end as "longestTransactionSeconds"
from pg_stat_activity
where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`;

/** Notes a reading, and compares it with the newest one that is as old as the window, else with the oldest. */
const RATES = `
with now as (
  select clock_timestamp() as at, active_time as active, xact_commit + xact_rollback as transactions
  from pg_stat_database where datname = current_database()
), noted as (
  insert into event_database_reading (read_at, active_milliseconds, transactions)
  select at, active, transactions from now
  where not exists (select from event_database_reading where read_at > now.at - interval '10 seconds')
  on conflict do nothing
), before as (
  select r.* from event_database_reading r, now
  where r.read_at <= now.at - interval '1 second'
    and r.active_milliseconds <= now.active and r.transactions <= now.transactions
  order by r.read_at <= now.at - $1::float8 * interval '1 second' desc,
    abs(extract(epoch from now.at - r.read_at) - $1::float8)
  limit 1
)
select (now.active - before.active_milliseconds) / 1000 / extract(epoch from now.at - before.read_at)::float8
    as "busyConnections",
  ((now.transactions - before.transactions) / extract(epoch from now.at - before.read_at))::float8
    as "transactionsPerSecond"
from now, before`;

type Rates = Pick<DatabaseMetrics, 'busyConnections' | 'transactionsPerSecond'>;

export async function readDatabase(
  pool: Pick<Pool, 'query'>,
  windowSeconds: number,
): Promise<DatabaseMetrics> {
  const { rows } = await pool.query<Omit<DatabaseMetrics, keyof Rates>>(timed(STATEMENT_TIMEOUT, NOW));
  const { rows: rates } = await pool.query<Rates>(timed(STATEMENT_TIMEOUT, RATES, [windowSeconds]));
  return { ...rows[0]!, ...(rates[0] ?? { busyConnections: null, transactionsPerSecond: null }) };
}
