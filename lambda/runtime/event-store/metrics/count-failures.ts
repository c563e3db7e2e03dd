/** Counts a handler's failures where no cursor is kept here: on Redis Streams and on SQS. */
import type { Pool } from 'pg';

import { describeError } from '../../logger.ts';
import { timed } from '../../postgres/query.ts';
import type { HandlerContext } from '../../types.ts';
import { STATEMENT_TIMEOUT } from '../horizon.ts';
import type { MeasuredTransport } from './types.ts';

export interface CountFailuresOptions {
  readonly pool: Pick<Pool, 'query'>;
  /** Subscriptions of the store count by themselves. */
  readonly transport: Exclude<MeasuredTransport, 'postgres'>;
}

/**
 * The handler, whose failed attempts are counted for `eventMetrics()`. What it handles costs nothing.
 *
 * @example
 * consume(FeedbackReceived, countFailures(rate, { pool, transport: 'redis' }), { consumer: 'sentiment' });
 */
export function countFailures<Event>(
  handler: (event: Event, context: HandlerContext) => Promise<void> | void,
  { pool, transport }: CountFailuresOptions,
): (event: Event, context: HandlerContext) => Promise<void> {
  return async (event, context) => {
    try {
      await handler(event, context);
    } catch (error) {
      await pool
        .query(timed(STATEMENT_TIMEOUT, COUNT, [context.consumer, transport]))
        // The handler's own error is what matters.
        .catch((cause: unknown) => {
          context.logger.warn('a failed attempt was not counted', { error: describeError(cause) });
        });
      throw error;
    }
  };
}

const COUNT = `
insert into event_attempt_minute as a (consumer, transport, minute, failed)
values ($1, $2, date_trunc('minute', clock_timestamp()), 1)
on conflict (consumer, transport, minute) do update set failed = a.failed + 1`;
