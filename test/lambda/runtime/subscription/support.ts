/** A consumer whose effects can be looked at, and waits that are generous. Without jest, which child processes have not. */
import type { Pool } from 'pg';

import { processOnce } from '../../../../lambda/runtime/inbox/index.ts';
import { consume } from '../../../../lambda/runtime/consume.ts';
import type { ConsumeOptions, SqsHandler } from '../../../../lambda/runtime/consume.ts';
import { inTransaction } from '../../../../lambda/runtime/postgres/index.ts';
import type { HandlerContext } from '../../../../lambda/runtime/types.ts';
import type { EnvelopeOf } from '../../../../lib/contracts/index.ts';
import { Noted, silent } from '../event-store/contracts.ts';

export { eventually } from '../outbox/support.ts';

export type NotedEvent = EnvelopeOf<typeof Noted>;

/** Once per event, in the handler's own transaction. `before` may fail or wait. */
export function recording(
  pool: Pool,
  before: (event: NotedEvent, context: HandlerContext) => Promise<void> | void = () => undefined,
  options: ConsumeOptions = {},
): SqsHandler {
  return consume(
    Noted,
    async (event, context) => {
      await before(event, context);
      await inTransaction(pool, async (tx) => {
        const replay = context.replay?.kind === 'replay' ? `/${context.replay.of}` : '';
        if (!(await processOnce(tx, context.consumer + replay, event.eventId))) return;
        await tx.query(
          'insert into effect (consumer, event_id, note, number, replay, process) values ($1, $2, $3, $4, $5, $6)',
          [
            context.consumer,
            event.eventId,
            event.data.note,
            event.data.number,
            context.replay?.kind ?? null,
            process.pid,
          ],
        );
      });
    },
    { consumer: 'recorder', logger: silent, ...options },
  );
}

export interface Effect {
  readonly note: string;
  readonly number: number;
  readonly replay: string | null;
}

export async function effects(pool: Pool, consumer = 'recorder'): Promise<Effect[]> {
  const { rows } = await pool.query<Effect>(
    'select note, number, replay from effect where consumer = $1 order by id',
    [consumer],
  );
  return rows;
}

export async function numbersOf(pool: Pool, note: string, consumer = 'recorder'): Promise<number[]> {
  return (await effects(pool, consumer)).filter((one) => one.note === note).map(({ number }) => number);
}

/** Seconds. Retries come soon. */
export const SOON = { base: 0.01, cap: 0.02 };

/** The key of an event that ends child.ts, if its number is 1. */
export const POISON = 'poison';

/** How many lanes each instance has, the fewest first. */
export async function lanesByOwner(pool: Pool): Promise<number[]> {
  const { rows } = await pool.query<{ lanes: number }>(
    'select count(*)::int as lanes from event_subscription_lane where owner is not null group by owner order by 1',
  );
  return rows.map(({ lanes }) => lanes);
}
