/** `moveConsumer()`: the moment in which a consumer's effects go from one transport to another. */
import type { Pool } from 'pg';

import { RuntimeError } from '../errors.ts';
import { inTransaction } from '../postgres/transaction.ts';
import { explainedMove, isLockTimeout } from './errors.ts';
import { leaveGivenUp } from './given-up.ts';
import { blocked, unknownConsumer } from './move-errors.ts';
import { moveObstacles } from './obstacles.ts';
import { CONSUMER_LOCK_SPACE, CUTOVER_CHANNEL } from './schema.ts';
import type { MoveOptions, MoveReport, TransportName } from './types.ts';

/** Milliseconds. */
const DEFAULT_WITHIN = 10_000;

/**
 * Waits for the effects in work on the old transport, and from then on lets those of the new one happen: no loss, no
 * effect twice, order of each key. Rollback is the same call back. Nothing is started or stopped by it:
 * `superviseConsumers` does, and for SQS who switches the event source mapping.
 *
 * @throws RuntimeError WAYBILL_TRANSPORT_CONSUMER_UNKNOWN, WAYBILL_TRANSPORT_MOVE_UNSAFE, WAYBILL_TRANSPORT_MOVE_BLOCKED,
 * WAYBILL_TRANSPORT_MOVED_MEANWHILE, WAYBILL_TRANSPORT_NOT_MIGRATED. Nothing has changed then.
 */
export async function moveConsumer(pool: Pool, options: MoveOptions): Promise<MoveReport> {
  const { consumer, to } = options;
  try {
    // Before the lock, so that nobody waits for them: what they say stays true.
    const obstacles = await moveObstacles(pool, options);
    if (obstacles.length > 0 && options.force !== true) {
      throw new RuntimeError(
        'WAYBILL_TRANSPORT_MOVE_UNSAFE',
        `consumer ${consumer} was not moved to ${to}: ${obstacles.map(({ message }) => message).join('; ')}. To move it all the same: force`,
      );
    }
    return await inTransaction(pool, async (tx) => {
      await tx.query(`select set_config('lock_timeout', $1, true)`, [
        `${options.within ?? DEFAULT_WITHIN}ms`,
      ]);
      await tx.query(`select pg_advisory_xact_lock(${CONSUMER_LOCK_SPACE}, hashtext($1))`, [consumer]);
      const { rows } = await tx.query<{ live_on: TransportName; epoch: number; moved_at: Date }>(
        'select live_on, epoch::float8 as epoch, moved_at from consumer_transport where consumer = $1 for update',
        [consumer],
      );
      const now = rows[0];
      if (now === undefined) throw unknownConsumer(consumer);
      const from = now.live_on;
      const report = { consumer, from, to, ignored: obstacles };
      if (options.from !== undefined && from !== options.from && from !== to) {
        throw new RuntimeError(
          'WAYBILL_TRANSPORT_MOVED_MEANWHILE',
          `consumer ${consumer} is live on ${from}, not on ${options.from}: somebody moved it. Look at waybill transport status, and decide anew`,
        );
      }
      if (from === to) {
        return {
          ...report,
          epoch: now.epoch,
          movedAt: now.moved_at.toISOString(),
          moved: false,
          leftGivenUp: 0,
        };
      }
      const leftGivenUp = options.deadLetters === 'retry' ? 0 : await leaveGivenUp(tx, options, from);
      const moved = await tx.query<{ epoch: number; moved_at: Date }>(
        `with moved as (
           update consumer_transport set live_on = $2, epoch = epoch + 1, moved_at = clock_timestamp()
           where consumer = $1 returning epoch, moved_at
         ), noted as (
           insert into consumer_transport_move (
             consumer, epoch, moved_from, moved_to, moved_at, ignored, moved_by, why)
           select $1, epoch, $3, $2, moved_at, $4::text[], $5, $6 from moved
         )
         select epoch::float8 as epoch, moved_at, pg_notify(${CUTOVER_CHANNEL}, $1) from moved`,
        [consumer, to, from, obstacles.map(({ code }) => code), options.by ?? null, options.why ?? null],
      );
      const { epoch, moved_at } = moved.rows[0]!;
      return { ...report, epoch, movedAt: moved_at.toISOString(), moved: true, leftGivenUp };
    });
  } catch (error) {
    if (isLockTimeout(error)) throw await blocked(pool, consumer, error);
    throw explainedMove(error);
  }
}
