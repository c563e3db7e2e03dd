/** Why a consumer can not be moved. */
import type { Pool } from 'pg';

import { RuntimeError } from '../errors.ts';
import { CONSUMER_LOCK_SPACE } from './schema.ts';

export function unknownConsumer(consumer: string): RuntimeError {
  return new RuntimeError(
    'WAYBILL_TRANSPORT_CONSUMER_UNKNOWN',
    `consumer ${consumer} has never started: start it on the transport of its configuration first. waybill transport status names those that have`,
  );
}

/** Who holds the move up: sessions with an effect in work. */
export async function blocked(pool: Pool, consumer: string, cause: unknown): Promise<RuntimeError> {
  const { rows } = await pool.query<{ session: string }>(
    `select format('%s (%s, in a transaction for %s s)', a.pid, coalesce(nullif(a.application_name, ''), 'no name'),
       extract(epoch from clock_timestamp() - a.xact_start)::int) as session
     from pg_locks l join pg_stat_activity a using (pid)
     where l.locktype = 'advisory' and l.granted and l.mode = 'ShareLock' and l.objsubid = 2
       and l.database = (select oid from pg_database where datname = current_database())
       and l.classid::bigint = (${CONSUMER_LOCK_SPACE})::bigint & 4294967295
       and l.objid::bigint = hashtext($1)::bigint & 4294967295
     order by a.xact_start limit 5`,
    [consumer],
  );
  const sessions = rows.map(({ session }) => session).join(', ') || 'all have ended since';
  return new RuntimeError(
    'WAYBILL_TRANSPORT_MOVE_BLOCKED',
    `consumer ${consumer} was not moved: effects in work did not end in time. Sessions: ${sessions}. Try again; one that does not end is ended by select pg_terminate_backend(PID), which undoes its effect`,
    { cause },
  );
}
