/** Counts a handler's failures where no cursor is kept here: on Redis Streams and on SQS. */
import type { Pool } from 'pg';

import { retryAfterOf } from '../../consumer/admission.ts';
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

/** Milliseconds. Counts are kept for two days. */
const TELL_EVERY = 3_600_000;

/**
 * The handler, whose failed attempts are counted for `eventMetrics()`. What it handles costs nothing, but for a statement
 * in an hour which tells that its failures are counted: no count would not be the same as no failure. An event that is
 * put off has not failed: its consumer is live elsewhere, or what it depends on is away for a time.
 *
 * @example
 * consume(FeedbackReceived, countFailures(rate, { pool, transport: 'redis' }), { consumer: 'sentiment' });
 */
export function countFailures<Event>(
  handler: (event: Event, context: HandlerContext) => Promise<void> | void,
  { pool, transport }: CountFailuresOptions,
): (event: Event, context: HandlerContext) => Promise<void> {
  const count = (context: HandlerContext, failed: number): Promise<unknown> =>
    pool
      .query(timed(STATEMENT_TIMEOUT, COUNT, [context.consumer, transport, failed]))
      // The handler's own outcome is what matters.
      .catch((cause: unknown) => {
        context.logger.warn('attempts were not counted', { error: describeError(cause) });
      });
  let toldAt = -Infinity;
  return async (event, context) => {
    if (performance.now() - toldAt > TELL_EVERY) {
      toldAt = performance.now();
      await count(context, 0);
    }
    try {
      await handler(event, context);
    } catch (error) {
      if (retryAfterOf(error) === undefined) await count(context, 1);
      throw error;
    }
  };
}

const COUNT = `
insert into event_attempt_minute as a (consumer, transport, minute, failed)
values ($1, $2, date_trunc('minute', clock_timestamp()), $3)
on conflict (consumer, transport, minute) do update set failed = a.failed + excluded.failed`;
