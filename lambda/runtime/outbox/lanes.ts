/** The lanes of the outbox, as relays lease them: see postgres/lane-leases.ts. */
import type { Pool } from 'pg';

import { laneLeases } from '../postgres/lane-leases.ts';
import type { LaneTokens, LeaseReport } from '../postgres/lane-leases.ts';

const LEASES = laneLeases({ lanes: 'event_outbox_lane', members: 'event_outbox_relay' });

/**
 * Renews the lanes held, and takes free ones when told to.
 *
 * @param leaseMilliseconds from now, by the database's clock
 */
export function renewLanes(
  pool: Pool,
  owner: string,
  leaseMilliseconds: number,
  held: LaneTokens,
  take: boolean,
): Promise<LeaseReport> {
  return LEASES.renew({ pool, owner }, leaseMilliseconds, held, take);
}

/** Gives lanes back: all but the first `keep`. */
export async function releaseLanes(
  pool: Pool,
  owner: string,
  held: LaneTokens,
  keep: number,
): Promise<LaneTokens> {
  const lanes = [...held];
  await LEASES.release({ pool, owner }, new Map(lanes.slice(keep)));
  return new Map(lanes.slice(0, keep));
}

/** The relay is gone: the others may share its lanes. */
export function unregister(pool: Pool, owner: string): Promise<void> {
  return LEASES.unregister({ pool, owner });
}
