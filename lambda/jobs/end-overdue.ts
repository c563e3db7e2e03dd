/** Ends the jobs that nobody ends: their worker died for good, or their request never had its turn. */
import type { DynamoDbClient } from '../runtime/aws/dynamodb.ts';
import { describeError } from '../runtime/logger.ts';
import type { Logger } from '../runtime/logger.ts';
import { overdueJobs } from './job-queries.ts';
import type { JobStore } from './job-store.ts';
import { countJobs } from './metrics.ts';

export interface EndOverdueProps {
  readonly store: JobStore;
  readonly client: DynamoDbClient;
  readonly logger: Logger;
  readonly now: () => number;
}

/**
 * One job that can not be ended keeps no other one from it; the next run tries it again.
 * @returns how many were ended
 * @throws Error when some could not be
 */
export async function endOverdueJobs({ store, client, logger, now }: EndOverdueProps): Promise<number> {
  let ended = 0;
  let failed = 0;
  for await (const key of overdueJobs(client, now())) {
    try {
      const applied = await store.apply(key, { type: 'overdue' });
      if (applied.kind !== 'changed') continue;
      ended += 1;
      countJobs(logger, 'JobsEnded', { outcome: applied.job.status });
      logger.warn('a job was overdue', {
        jobId: key.jobId,
        outcome: applied.job.status,
        code: applied.job.error?.code,
      });
    } catch (error) {
      failed += 1;
      logger.error('an overdue job could not be ended', { jobId: key.jobId, detail: describeError(error) });
    }
  }
  if (failed > 0) throw new Error(`${failed} overdue jobs could not be ended; the next run tries again`);
  return ended;
}
