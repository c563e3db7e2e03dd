/** What an operator asks: which moves were made, and how far the mirrors are. */
import type { Pool } from 'pg';

import type { Queryable } from '../postgres/query.ts';
import { subscriptionMetrics } from '../subscription/metrics.ts';
import type { SubscriptionMetrics } from '../subscription/metrics.ts';
import { explainedMove } from './errors.ts';
import { mirrorName } from './mirror-name.ts';
import type { PastMove, TransportName } from './types.ts';

/** The moves of a consumer, the last first. */
export async function movesOf(queryable: Queryable, consumer: string): Promise<readonly PastMove[]> {
  try {
    const { rows } = await queryable.query(
      `select epoch::float8 as epoch, moved_from as "from", moved_to as "to", moved_at, ignored, moved_by, why
       from consumer_transport_move where consumer = $1 order by consumer_transport_move.epoch desc`,
      [consumer],
    );
    return (rows as MoveRow[]).map(({ moved_at, moved_by, why, ...row }) => ({
      consumer,
      ...row,
      movedAt: new Date(moved_at).toISOString(),
      by: moved_by ?? undefined,
      why: why ?? undefined,
    }));
  } catch (error) {
    throw explainedMove(error);
  }
}

interface MoveRow extends Pick<PastMove, 'epoch' | 'from' | 'to' | 'ignored'> {
  readonly moved_at: string | Date;
  readonly moved_by: string | null;
  readonly why: string | null;
}

export interface MirrorState extends SubscriptionMetrics {
  readonly transport: TransportName;
  readonly types: readonly string[];
}

/** How far each mirror is that was ever begun. */
export async function mirrorsOf(pool: Pick<Pool, 'query'>): Promise<readonly MirrorState[]> {
  try {
    const { rows } = await pool.query<{ transport: TransportName; types: string[] }>(
      `select transport, array_agg(event_type order by event_type) as types from transport_mirror
       group by transport order by transport`,
    );
    return await Promise.all(
      rows.map(async ({ transport, types }) => ({
        transport,
        types,
        ...(await subscriptionMetrics(pool, mirrorName(transport), types)),
      })),
    );
  } catch (error) {
    throw explainedMove(error);
  }
}
