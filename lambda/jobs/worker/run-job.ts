/** The worker's side of a job: takes it, lets the model answer, and tells the end to the response queue. */
import { createHash } from 'node:crypto';
import { AIJobEnded, JobResult } from '../../../catalog/jobs/index.ts';
import type { AIJobRequested, JobError, JobOutcome } from '../../../catalog/jobs/index.ts';
import { createEnvelope } from '../../../lib/contracts/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import { PermanentError } from '../../runtime/errors.ts';
import { describeError } from '../../runtime/logger.ts';
import type { EventPublisher, HandlerContext } from '../../runtime/types.ts';
import type { Job, JobKey } from '../job-row.ts';
import { CANCELLED, hasEnded } from '../job-state.ts';
import type { JobStore } from '../job-store.ts';
import { MAX_MODEL_FAILURES, MAX_REQUEST_RECEIVES } from '../limits.ts';
import { countJobs } from '../metrics.ts';
import { ModelError } from '../models/model-provider.ts';
import type { ModelProvider } from '../models/model-provider.ts';
import { runAttempt } from './attempt.ts';
import type { AttemptTimes } from './attempt.ts';
import { waitsForLease, waitsForModel, waitsForPlace, waitsIfAway } from './job-waits.ts';

export interface JobWorker {
  readonly store: JobStore;
  readonly model: ModelProvider;
  /** To the response queue. */
  readonly publisher: Pick<EventPublisher<typeof AIJobEnded>, 'publish'>;
  readonly times?: AttemptTimes;
}

type Requested = EnvelopeOf<typeof AIJobRequested>;
type Context = Pick<HandlerContext, 'signal' | 'logger' | 'receiveCount' | 'traceparent'>;

/**
 * | the request finds | what is done |
 * |---|---|
 * | no worker on the job, and a free place | an attempt |
 * | no free place, or a worker on it | it comes back later, and nothing failed |
 * | the day's quota used up, a cancellation, its attempts used up | the job's row is ended |
 * | an end | counted as a duplicate: what has ended is not run again, by a redrive neither |
 * | a job that was made from another request | counted as a conflict, which the job's owner sees; not carried out |
 *
 * | the attempt | told as | the message |
 * |---|---|---|
 * | answered | succeeded, and the row says that a result is on its way | done |
 * | answered what is no answer | failed | dead-lettered, for somebody to look |
 * | failed, and may be tried again | - | fails, and comes back; the third time: failed, done |
 * | refused for good | failed | done |
 * | was cancelled, was too slow | cancelled, timed-out | done |
 * | lost its job to an end | - | done |
 * | lost its job to another attempt | - | comes back after that one's lease |
 * | was interrupted | - | fails, and comes back |
 *
 * What comes back without having failed waits: UnavailableError, for which the runtime puts back a copy. What fails uses
 * one of its message's three receives, as a worker that dies does. Where that was the last one and the model may still be
 * tried, the job waits instead, so that the row alone says how often a model may fail.
 *
 * @throws UnavailableError, PermanentError, ModelError, or what makes the message come back
 */
export async function runJob(worker: JobWorker, event: Requested, context: Context): Promise<void> {
  try {
    await takeAndRun(worker, event, context);
  } catch (error) {
    throw waitsIfAway(error);
  }
}

async function takeAndRun(worker: JobWorker, event: Requested, context: Context): Promise<void> {
  const { jobId, model, prompt, parameters } = event.data;
  const key: JobKey = { tenantId: event.tenantId, jobId };
  const job = await begin(worker, key, event, context);
  if (job === undefined) return;
  const { attempt } = job;
  const end = await runAttempt(
    {
      store: worker.store,
      model: worker.model,
      logger: context.logger,
      signal: context.signal,
      ...(worker.times !== undefined && { times: worker.times }),
    },
    key,
    { jobId, attempt, model, prompt, parameters: parameters ?? {} },
  );
  const tell = (outcome: JobOutcome, what: Told): Promise<void> =>
    tellEnd(worker, event, context, job, outcome, what);
  switch (end.kind) {
    case 'answered': {
      const answer = JobResult.safeParse(end.result);
      if (answer.success) {
        await noteAnswer(worker, key, attempt, context);
        return tell('succeeded', { result: answer.data });
      }
      await tell('failed', { error: NO_ANSWER });
      throw new PermanentError(NO_ANSWER.code, 'the model answered what is no answer');
    }
    case 'failed':
      return afterFailure(worker, job, end.error, context, tell);
    case 'cancelled':
      return tell('cancelled', { error: CANCELLED });
    case 'timed-out':
      return tell('timed-out', { error: TOO_SLOW });
    case 'lost':
      return afterLoss(worker, key, attempt, context);
    case 'interrupted':
      await worker.store.apply(key, { type: 'given-back', attempt, failed: false });
      throw new Error('the worker has to stop before the model is done');
  }
}

type Told = { readonly result?: JobResult; readonly error?: JobError };

const NO_ANSWER: JobError = {
  code: 'MODEL_ANSWER_INVALID',
  message: 'The model answered, but not with an answer.',
};
const TOO_SLOW: JobError = { code: 'MODEL_TOO_SLOW', message: 'The model did not answer in time.' };

/** The job with its new attempt; undefined where there is nothing to do. */
async function begin(
  { store }: JobWorker,
  key: JobKey,
  event: Requested,
  { logger }: Context,
): Promise<Job | undefined> {
  const details = {
    createdAt: Date.parse(event.timestamp),
    model: event.data.model,
    requestDigest: digestOf(event),
  };
  const applied = await store.apply(key, { type: 'requested' }, details);
  switch (applied.kind) {
    case 'changed':
      if (applied.job.status === 'running') return applied.job;
      countJobs(logger, 'JobsEnded', { outcome: applied.job.status });
      break;
    case 'ignored':
      await store.count(key, 'duplicates');
      countJobs(logger, 'Duplicates', { what: 'request' });
      logger.info('a request of a job that has ended came again, and is not carried out', {
        jobId: key.jobId,
        status: applied.job?.status,
        code: applied.job?.error?.code,
      });
      break;
    case 'other-request':
      await store.count(key, 'conflicts');
      countJobs(logger, 'Conflicts', { what: 'request' });
      logger.warn('another request came with the id of a job, and is not carried out', { jobId: key.jobId });
      break;
    case 'waits':
      countJobs(logger, 'Waits', { why: 'lease' });
      throw waitsForLease(applied.until, Date.now());
    case 'no-place':
      // So that its owner sees it in the list.
      await store.apply(key, { type: 'held-back' }, details);
      countJobs(logger, 'Waits', { why: 'place' });
      throw waitsForPlace(Date.now() - Date.parse(event.timestamp));
    case 'over-quota': {
      const refused = await store.apply(key, { type: 'refused' }, details);
      if (refused.kind === 'changed') countJobs(logger, 'JobsEnded', { outcome: 'failed' });
      break;
    }
  }
  return undefined;
}

/**
 * From here on the job waits for its result and for no worker. Where it can not be noted the result is told all the same:
 * it has been paid for, and the time of the attempt is left for its way.
 */
async function noteAnswer(
  { store }: JobWorker,
  key: JobKey,
  attempt: number,
  { logger }: Context,
): Promise<void> {
  try {
    await store.apply(key, { type: 'answered', attempt });
  } catch (error) {
    logger.warn('that a model has answered could not be noted', {
      jobId: key.jobId,
      detail: describeError(error),
    });
  }
}

/** What was asked for; the same whatever the order of its fields. */
function digestOf({ data: { model, prompt, parameters = {} } }: Requested): string {
  const { maxTokens, temperature } = parameters;
  return createHash('sha256')
    .update(JSON.stringify([model, prompt, maxTokens, temperature]))
    .digest('hex');
}

async function afterFailure(
  { store }: JobWorker,
  job: Job,
  error: unknown,
  { receiveCount }: Context,
  tell: (outcome: JobOutcome, what: Told) => Promise<void>,
): Promise<void> {
  const final = error instanceof ModelError && !error.retryable;
  const failures = job.failures + 1;
  const told = toldOf(error);
  if (final || failures >= MAX_MODEL_FAILURES) return tell('failed', { error: told });
  // The next attempt need not wait for the lease.
  await store.apply(job, { type: 'given-back', attempt: job.attempt, failed: true });
  if (receiveCount >= MAX_REQUEST_RECEIVES) throw waitsForModel(failures, error);
  throw new ModelError(told.code, told.message, { retryable: true, cause: error });
}

/** The request of a job that another attempt has must not be lost with that one: a copy of it looks again. */
async function afterLoss(
  { store }: JobWorker,
  key: JobKey,
  attempt: number,
  { logger }: Context,
): Promise<void> {
  const job = await store.read(key);
  logger.warn('a job was lost', { jobId: key.jobId, attempt, status: job?.status });
  if (job !== undefined && !hasEnded(job.status)) throw waitsForLease(job.leaseUntil, Date.now());
}

/** What the job's owner is told. Messages of unknown errors may hold anything, so they are told by name. */
function toldOf(error: unknown): JobError {
  return error instanceof ModelError
    ? { code: error.code, message: error.message }
    : { code: 'MODEL_FAILED', message: `The model failed: ${describeError(error).split(' ')[0]}.` };
}

async function tellEnd(
  { store, publisher }: JobWorker,
  event: Requested,
  { traceparent }: Context,
  job: Job,
  outcome: JobOutcome,
  what: Told,
): Promise<void> {
  const { jobId, userId } = event.data;
  const ended = createEnvelope(AIJobEnded, {
    tenantId: event.tenantId,
    causedBy: event,
    traceparent,
    data: {
      jobId,
      userId,
      attempt: job.attempt,
      outcome,
      ...what,
      startedAt: new Date(job.startedAt ?? job.updatedAt).toISOString(),
      endedAt: new Date().toISOString(),
    },
  });
  try {
    await publisher.publish(ended);
  } catch (error) {
    // The end was not told: the next attempt should not wait for this one's lease.
    await store.apply(job, { type: 'given-back', attempt: job.attempt, failed: false });
    throw error;
  }
}
