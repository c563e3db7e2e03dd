/** `shadowOf()`: a consumer that only notes what arrives. */
import type { SqsHandler } from '../consume.ts';
import { consume } from '../consume.ts';
import { declarationOf } from '../consumer/declaration.ts';
import { requiredVariable } from '../environment.ts';
import type { ShadowOptions } from './types.ts';

const SUFFIX = '-shadow';

/** The name of a consumer's shadow. */
export function shadowName(consumer: string): string {
  return `${consumer}${SUFFIX}`;
}

/**
 * A consumer of the same events, named `NAME-shadow`, with a group or queue of its own: it notes each arrival in
 * `shadow_arrival` and has no other effect. Runs wherever `consume(...)` does: as a function, by `subscribe`, by
 * `pollRedis({ consumer })`. Needs no `claimEffect`.
 *
 * Give it the order of the consumer: what it is compared with is the order of keys.
 *
 * @param consumer what `consume(...)` returned
 * @throws RuntimeError WAYBILL_OPTION_INVALID, WAYBILL_ENVIRONMENT_MISSING
 */
export function shadowOf(consumer: SqsHandler, { pool, transport }: ShadowOptions): SqsHandler {
  const { contracts, options } = declarationOf(consumer);
  const given = options.consumer ?? requiredVariable(process.env, 'WAYBILL_CONSUMER');
  const name = given.endsWith(SUFFIX) ? given.slice(0, -SUFFIX.length) : given;
  return consume(
    contracts,
    async ({ eventId, eventType }) => {
      // The first arrival tells of the order: what comes again has had its place.
      await pool.query(
        `insert into shadow_arrival as s (consumer, transport, event_id, event_type) values ($1, $2, $3, $4)
         on conflict (consumer, transport, event_id) do update set deliveries = s.deliveries + 1`,
        [name, transport, eventId, eventType],
      );
    },
    // Without controls: a shadow is not switched off with its consumer. Without its sealer: it reads nothing personal.
    {
      consumer: shadowName(name),
      ...(options.claimCheck !== undefined && { claimCheck: options.claimCheck }),
      ...(options.backoff !== undefined && { backoff: options.backoff }),
      ...(options.logger !== undefined && { logger: options.logger }),
    },
  );
}

const PURGE_BATCH = 5_000;

/** Deletes arrivals that are older, in small batches. Daily, while shadows run. @returns how many */
export async function purgeShadows(pool: ShadowOptions['pool'], retentionSeconds: number): Promise<number> {
  let deleted = 0;
  for (;;) {
    const { rowCount } = await pool.query(
      `delete from shadow_arrival where ctid = any(array(
         select ctid from shadow_arrival where arrived_at < now() - $1 * interval '1 second' limit ${PURGE_BATCH}))`,
      [retentionSeconds],
    );
    deleted += rowCount ?? 0;
    if ((rowCount ?? 0) < PURGE_BATCH) return deleted;
  }
}
