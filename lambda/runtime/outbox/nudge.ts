/**
 * After-commit nudges: they wake a relay at once instead of at its next poll. A hint, so a failed one is
 * reported and forgotten.
 */
import type { Logger } from '../logger.ts';
import { describeError } from '../logger.ts';
import type { Queryable } from '../postgres/query.ts';
import { channelOfSchema } from '../postgres/schema.ts';

/** Wakes a relay: sends a message to its queue, calls a processor in the same process, or notifies. */
export type Nudge = () => Promise<void> | void;

/** SQL: the channel that a relay with `listen: true` listens on; another one in each schema. */
export const NOTIFY_CHANNEL = channelOfSchema('waybill_outbox');

/**
 * A nudge over PostgreSQL itself. It is a statement of its own after the commit, never part of the writer's
 * transaction: NOTIFY inside transactions makes them commit one after the other.
 */
export function notifyNudge(queryable: Queryable): Nudge {
  return async () => {
    await queryable.query(`select pg_notify(${NOTIFY_CHANNEL}, '')`, []);
  };
}

/**
 * Any number of nudges at the same time become two: the one under way, which may be too early for the latest
 * commit, and one after it. Resolves when a nudge that began after the call is done. Never rejects.
 */
export function coalesce(nudge: Nudge, logger: Logger | undefined): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  const start = async (): Promise<void> => {
    try {
      await nudge();
    } catch (error) {
      logger?.warn('a nudge of the outbox relay failed; its next poll publishes the events', {
        error: describeError(error),
      });
    }
  };
  const begin = (): Promise<void> => {
    running = start().finally(() => {
      running = undefined;
    });
    return running;
  };
  return () => {
    if (running === undefined) return begin();
    next ??= running.then(() => {
      next = undefined;
      return begin();
    });
    return next;
  };
}
