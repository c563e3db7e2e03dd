/** The end of a job as its worker told it, written to its row. A late one, or a second one, changes nothing. */
import type { AIJobEnded, JobResult } from '../../catalog/jobs/index.ts';
import type { EnvelopeOf } from '../../lib/contracts/index.ts';
import type { HandlerContext } from '../runtime/types.ts';
import type { JobEnd, JobKey } from './job-row.ts';
import type { JobStore } from './job-store.ts';
import { MAX_RESULT_BYTES_IN_ROW } from './limits.ts';
import { countJobs } from './metrics.ts';
import type { ResultStore } from './result-store.ts';
import { waitsIfAway } from './worker/job-waits.ts';

export interface TakeResultProps {
  readonly store: JobStore;
  readonly results: ResultStore;
}

type Ended = EnvelopeOf<typeof AIJobEnded>;

/** @throws UnavailableError while the table or the bucket can not be reached, or what makes the message come back */
export async function takeResult(
  props: TakeResultProps,
  event: Ended,
  context: Pick<HandlerContext, 'logger'>,
): Promise<void> {
  try {
    await take(props, event, context);
  } catch (error) {
    throw waitsIfAway(error);
  }
}

async function take(
  { store, results }: TakeResultProps,
  event: Ended,
  { logger }: Pick<HandlerContext, 'logger'>,
): Promise<void> {
  const { jobId, attempt, outcome, result, error } = event.data;
  const key: JobKey = { tenantId: event.tenantId, jobId };
  const end: JobEnd = {
    ...(result !== undefined && (await placed(results, event, result))),
    ...(error !== undefined && { error }),
  };
  const applied = await store.apply(key, { type: 'ended', attempt, outcome }, end);
  if (applied.kind === 'changed') {
    countJobs(logger, 'JobsEnded', { outcome });
    return;
  }
  await store.count(key, 'duplicates');
  const status = applied.kind === 'ignored' ? applied.job?.status : undefined;
  const because = applied.kind === 'ignored' ? applied.because : applied.kind;
  if (outcome === 'succeeded' && status !== undefined && status !== 'succeeded') {
    // It was paid for, and nobody gets it: not the same as a message that came twice.
    countJobs(logger, 'LateResults', { status });
    logger.warn('an answer came too late', { jobId, attempt, status, because });
    return;
  }
  countJobs(logger, 'Duplicates', { what: 'result' });
  logger.info('a result came again', { jobId, attempt, because });
}

async function placed(results: ResultStore, event: Ended, result: JobResult): Promise<JobEnd> {
  if (Buffer.byteLength(result.text) <= MAX_RESULT_BYTES_IN_ROW) return { result };
  return { resultClaim: await results.write(event) };
}
