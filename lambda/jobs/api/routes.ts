/** The routes of jobs that need a function: a job, a caller's jobs, a cancellation. A caller sees only its own (D18). */
import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { RestRoute } from '../../http/rest-handler.ts';
import { Problem } from '../../http/problem.ts';
import { notFound } from '../../http/request.ts';
import type { DynamoDbClient } from '../../runtime/aws/dynamodb.ts';
import { hasPrefix, takenAt } from '../job-id.ts';
import { listJobs } from '../job-queries.ts';
import type { Job } from '../job-row.ts';
import { hasEnded, JOB_STATUSES } from '../job-state.ts';
import type { JobStatus } from '../job-state.ts';
import type { JobStore } from '../job-store.ts';
import { DAY_MILLISECONDS, REQUEST_RETENTION_DAYS } from '../limits.ts';
import type { ResultStore } from '../result-store.ts';
import type { JobsCaller } from './authorize.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';

export interface JobsApi {
  readonly store: JobStore;
  readonly client: DynamoDbClient;
  readonly results: ResultStore;
  readonly retentionDays: number;
  readonly now: () => number;
}

/** Seconds after which it makes sense to ask again. */
const RETRY_AFTER = { 'retry-after': '1' } as const;
const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

export function jobsRoutes(jobs: () => JobsApi): Readonly<Record<string, RestRoute>> {
  return {
    'GET /jobs': async (event) => list(jobs(), event),
    'GET /jobs/{jobId}': async (event) => {
      const api = jobs();
      const { tenantId, jobId } = ownJob(event);
      const job = await api.store.read({ tenantId, jobId });
      if (job === undefined) {
        if (isForgotten(jobId, api)) throw unknownJob();
        return { status: 200, body: { jobId, status: 'queued', progress: 0 }, headers: RETRY_AFTER };
      }
      const result = job.resultClaim === undefined ? job.result : await api.results.read(job.resultClaim);
      return {
        status: 200,
        body: { ...described(job), ...(result !== undefined && { result }) },
        ...(!hasEnded(job.status) && { headers: RETRY_AFTER }),
      };
    },
    'DELETE /jobs/{jobId}': async (event) => {
      const api = jobs();
      const { tenantId, jobId } = ownJob(event);
      const createdAt = takenAt(jobId);
      if (isForgotten(jobId, api) && (await api.store.read({ tenantId, jobId })) === undefined) {
        throw unknownJob();
      }
      const applied = await api.store.apply(
        { tenantId, jobId },
        { type: 'cancel' },
        createdAt === undefined ? {} : { createdAt },
      );
      // Who repeats it because an answer was lost gets that answer.
      const isCancelled = applied.kind === 'ignored' && applied.job?.status === 'cancelled';
      if (applied.kind === 'ignored' && applied.because === 'ended' && !isCancelled) throw hasEndedAlready();
      const job = applied.kind === 'changed' || applied.kind === 'ignored' ? applied.job : undefined;
      const open = job === undefined || !hasEnded(job.status);
      return {
        status: 202,
        body: job === undefined ? { jobId } : described(job),
        ...(open && { headers: RETRY_AFTER }),
      };
    },
  };
}

async function list(api: JobsApi, event: APIGatewayProxyEvent) {
  const { tenantId, jobIdPrefix } = callerOf(event);
  const query = event.queryStringParameters ?? {};
  const after = query['cursor'] === undefined ? undefined : decodeCursor(query['cursor']);
  const status = statusOf(query['status']);
  const page = await listJobs(api.client, {
    tenantId,
    jobIdPrefix,
    limit: limitOf(query['limit']),
    ...(status !== undefined && { status }),
    ...(after !== undefined && { after }),
  });
  return {
    status: 200,
    body: {
      items: page.jobs.map(described),
      nextCursor: page.next === undefined ? null : encodeCursor(page.next),
    },
  };
}

/** A job as its owner sees it. */
function described(job: Job): object {
  const at = (time: number | undefined): string | undefined =>
    time === undefined ? undefined : new Date(time).toISOString();
  return {
    jobId: job.jobId,
    status: job.status,
    progress: job.progress,
    attempt: job.attempt,
    model: job.model,
    ...(job.cancelRequested && !hasEnded(job.status) && { cancelRequested: true }),
    error: job.error,
    // Other requests that came with the Idempotency-Key of this one, and were not carried out.
    ...(job.conflicts > 0 && { conflicts: job.conflicts }),
    createdAt: at(job.createdAt),
    updatedAt: at(job.updatedAt),
    startedAt: at(job.startedAt),
    endedAt: at(job.endedAt),
  };
}

/** Foreign and unknown jobs are told apart by nothing in the answer. */
function ownJob(event: APIGatewayProxyEvent): { readonly tenantId: string; readonly jobId: string } {
  const { tenantId, jobIdPrefix } = callerOf(event);
  const jobId = event.pathParameters?.['jobId'] ?? '';
  if (!hasPrefix(jobId, jobIdPrefix) || !JOB_ID.test(jobId)) throw unknownJob();
  return { tenantId, jobId };
}

const JOB_ID = /^[0-9a-f]{16}-[A-Za-z0-9_-]{1,64}$/;

/** Of a job without a row: its request is out of the queue, or its row was deleted after its end. */
function isForgotten(jobId: string, { retentionDays, now }: JobsApi): boolean {
  const time = takenAt(jobId);
  const days = Math.min(REQUEST_RETENTION_DAYS, retentionDays);
  return time !== undefined && now() - time > days * DAY_MILLISECONDS;
}

function callerOf(event: APIGatewayProxyEvent): JobsCaller {
  const caller = (event.requestContext.authorizer ?? {}) as Partial<Record<keyof JobsCaller, unknown>>;
  const { tenantId, userId, jobIdPrefix } = caller;
  if (typeof tenantId === 'string' && typeof userId === 'string' && typeof jobIdPrefix === 'string') {
    return { tenantId, userId, jobIdPrefix, role: caller.role === 'admin' ? 'admin' : 'member' };
  }
  throw new Problem({
    status: 401,
    code: 'WAYBILL_NOT_AUTHENTICATED',
    title: 'The request is not authenticated',
    detail: 'Send a token in the Authorization header: Bearer TOKEN.',
    headers: { 'www-authenticate': 'Bearer' },
  });
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw badQuery(`limit is a whole number from 1 to ${MAX_LIMIT}.`);
}

function statusOf(text: string | undefined): JobStatus | undefined {
  if (text === undefined) return undefined;
  const status = JOB_STATUSES.find((known) => known === text);
  if (status !== undefined) return status;
  throw badQuery(`status is one of ${JOB_STATUSES.join(', ')}.`);
}

function badQuery(detail: string): Problem {
  return new Problem({
    status: 400,
    code: 'WAYBILL_QUERY_INVALID',
    title: 'The query is not valid',
    detail,
  });
}

function unknownJob(): Problem {
  return notFound('You have no job with this id. Jobs are kept for a while after their end.');
}

function hasEndedAlready(): Problem {
  return new Problem({
    status: 409,
    code: 'WAYBILL_JOB_ENDED',
    title: 'The job has ended',
    detail: 'An end never changes, so there is nothing to cancel. Ask for the job to see how it ended.',
  });
}
