/** What a deployed function of the core system runs on, made from its environment at first use. */
import { events } from '../../catalog/index.ts';
import { processOnce } from '../runtime/inbox/index.ts';
import { createLogger } from '../runtime/index.ts';
import { describeError } from '../runtime/logger.ts';
import { createOutbox } from '../runtime/outbox/index.ts';
import { createPool } from '../runtime/postgres/index.ts';
import { readSecretFromAws } from '../runtime/postgres/secret.ts';
import { databaseOf } from './database.ts';
import type { ReportFailure } from './http/http-handler.ts';
import { nudgeQueue } from './nudge-queue.ts';
import type { Core } from './unit-of-work.ts';

const logger = createLogger();

/** One for the process. A failure to make it is not kept, so that the next request tries again. */
export const core: () => Promise<Core> = keptOnceMade(async () => {
  const pool = await createPool({ logger });
  const outbox = createOutbox({ contracts: events, nudge: nudgeQueue, logger });
  return { database: databaseOf(pool), enqueue: outbox.enqueue, nudge: outbox.nudge, processOnce };
});

/** The key that signs the API's tokens. Kept for the life of the process: a rotation restarts the function. */
export const tokenSecret: () => Promise<string> = keptOnceMade(async () => {
  const secretArn = process.env['API_TOKEN_SECRET_ARN'];
  if (secretArn === undefined || secretArn === '') {
    throw new Error(
      'API_TOKEN_SECRET_ARN is not set: it names the secret whose text signs the tokens of the API',
    );
  }
  return readSecretFromAws(process.env)(secretArn);
});

/** Names, codes and places; nothing of the request. */
export const reportFailure: ReportFailure = ({ error, ...failure }) => {
  logger.error('a request failed', { ...failure, error: describeError(error) });
};

function keptOnceMade<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let kept: Promise<Value> | undefined;
  return () => {
    kept ??= make().catch((error: unknown) => {
      kept = undefined;
      throw error;
    });
    return kept;
  };
}
