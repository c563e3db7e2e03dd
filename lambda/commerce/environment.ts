/** What a deployed function of the commerce system runs on, made from its environment at first use. */
import { commerceEvents } from '../../catalog/commerce/index.ts';
import type { ReportFailure } from '../http/http-handler.ts';
import { processOnce } from '../runtime/inbox/index.ts';
import { createLogger } from '../runtime/index.ts';
import { describeError } from '../runtime/logger.ts';
import { createOutbox } from '../runtime/outbox/index.ts';
import { createPool } from '../runtime/postgres/index.ts';
import { databaseOf } from '../service/database.ts';
import { keptOnceMade } from '../service/kept-once-made.ts';
import { nudgeQueue } from '../service/nudge-queue.ts';
import type { Service } from '../service/unit-of-work.ts';

export const logger = createLogger();

/** One for the process. A failure to make it is not kept, so that the next request tries again. */
export const commerce: () => Promise<Service> = keptOnceMade(async () => {
  const database = databaseOf(await createPool({ logger }));
  const outbox = createOutbox({ contracts: commerceEvents, nudge: nudgeQueue, logger });
  return { database, enqueue: outbox.enqueue, nudge: outbox.nudge, processOnce };
});

/** Names, codes and places; nothing of the request. */
export const reportFailure: ReportFailure = ({ error, ...failure }) => {
  logger.error('a request failed', { ...failure, error: describeError(error) });
};
