/**
 * The outbox relay as a function: started every minute by the schedule, which also forgets old inbox rows, and
 * within milliseconds of a commit by the nudge queue. Either way it drains the outbox until it is empty or the
 * deadline is near; two at a time share the work.
 */
import { createLogger, publisherFromEnvironment } from '../runtime/index.ts';
import type { InvocationContext, SqsBatch, SqsBatchResponse } from '../runtime/index.ts';
import { purgeInbox } from '../runtime/inbox/index.ts';
import { createOutboxProcessor } from '../runtime/outbox/index.ts';
import type { OutboxProcessor } from '../runtime/outbox/index.ts';
import { createPool } from '../runtime/postgres/index.ts';
import type { Pool } from 'pg';

/** Milliseconds before the time limit at which nothing new is sent: a call of the publisher takes less. */
const DEADLINE_MARGIN = 5_000;

const logger = createLogger({ fields: { service: 'outbox-relay' } });

interface Relay {
  readonly pool: Pool;
  readonly processor: OutboxProcessor;
}

let made: Promise<Relay> | undefined;

/**
 * Nudges carry nothing: when the drain fails the batch is retried, and the schedule comes anyway.
 */
export async function handler(
  event: Partial<SqsBatch>,
  context: InvocationContext,
): Promise<SqsBatchResponse> {
  const { pool, processor } = await relay();
  const deadline = Date.now() + context.getRemainingTimeInMillis() - DEADLINE_MARGIN;
  const result = await processor.processPendingEvents({ deadline });
  if (result.published + result.retried + result.quarantined > 0)
    logger.info('outbox drained', { ...result });
  const scheduled = event.Records === undefined;
  if (scheduled) await purgeInbox(pool);
  return { batchItemFailures: [] };
}

/** One for the process. A failure to make it is not kept. This file is the library's: it knows nothing of our systems. */
function relay(): Promise<Relay> {
  made ??= createRelay().catch((error: unknown) => {
    made = undefined;
    throw error;
  });
  return made;
}

async function createRelay(): Promise<Relay> {
  const pool = await createPool({ logger });
  return { pool, processor: createOutboxProcessor({ pool, publisher: publisherFromEnvironment(), logger }) };
}
