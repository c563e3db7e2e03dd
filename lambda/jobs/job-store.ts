/**
 * Jobs in DynamoDB. Each write is decided by `job-state.ts` from the row as it was read, and counts only if the row is
 * still that one: of several who write at a time one wins, and the others decide again. Where the number of running
 * jobs changes with it, both are one transaction.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { uuidv7 } from '../../lib/contracts/uuid.ts';
import type { JobModel } from '../../catalog/jobs/index.ts';
import { cancellationReasons, isConditionFailed, isContention } from '../runtime/aws/dynamodb.ts';
import type { Attribute, DynamoDbClient, Item } from '../runtime/aws/dynamodb.ts';
import { fullJitter } from '../runtime/backoff.ts';
import { DAY_COUNT_RETENTION_DAYS, DAY_MILLISECONDS } from './limits.ts';
import { attributesOf, jobOf, keyOf, number, partitionOf } from './job-row.ts';
import type { Job, JobEnd, JobKey } from './job-row.ts';
import { decide } from './job-state.ts';
import type { Decision, IgnoredBecause, JobEvent } from './job-state.ts';

export interface JobStoreProps {
  readonly client: DynamoDbClient;
  /** The table's name: a transaction names it in each item. */
  readonly table: string;
  readonly maxRunningPerTenant: number;
  readonly dailyPerTenant: number;
  /** From a job's end until its row is deleted. */
  readonly retentionDays: number;
  /** @default Date.now */
  readonly now?: () => number;
}

/** What is noted of a job when its row is first made. */
export interface NewJob {
  /** Milliseconds since 1970. @default - now */
  readonly createdAt?: number;
  readonly model?: JobModel;
  /** Of the request; kept by the row that is made with it. @default - of whatever request */
  readonly requestDigest?: string;
}

export type Applied =
  | { readonly kind: 'changed'; readonly job: Job }
  | { readonly kind: 'ignored'; readonly because: IgnoredBecause; readonly job: Job | undefined }
  /** The job was made from another request. */
  | { readonly kind: 'other-request'; readonly job: Job }
  /** Another worker has the job until then, in milliseconds since 1970. */
  | { readonly kind: 'waits'; readonly until: number }
  /** The tenant has as many jobs running as it may have. */
  | { readonly kind: 'no-place' }
  /** The tenant has begun as many jobs today as it may. */
  | { readonly kind: 'over-quota' };

export interface JobStore {
  read(key: JobKey): Promise<Job | undefined>;
  /** @throws JobConflictError, or an error whose name is AWS's code */
  apply(key: JobKey, event: JobEvent, details?: NewJob & JobEnd): Promise<Applied>;
  /** What came besides: a request or a result that came again, or another request with this id. Only of a job that has a row. */
  count(key: JobKey, what: 'duplicates' | 'conflicts'): Promise<void>;
}

/** Others wrote the same row, or the same tenant's count, each time. It may be tried again. */
export class JobConflictError extends Error {
  readonly code = 'WAYBILL_JOB_CONFLICT';

  constructor() {
    super(`a job's row was changed by somebody else ${MAX_TRIES} times: try again`);
    this.name = 'JobConflictError';
  }
}

const MAX_TRIES = 12;
/** Milliseconds. */
const CONFLICT_BACKOFF = { base: 20, cap: 1_000 };

export function createJobStore(props: JobStoreProps): JobStore {
  const { client } = props;
  const now = props.now ?? Date.now;

  const read = async (key: JobKey): Promise<Job | undefined> => {
    const { Item: item } = await client.call('GetItem', { Key: keyOf(key), ConsistentRead: true });
    return item === undefined ? undefined : jobOf(item);
  };

  return {
    read,
    async apply(key, event, details = {}) {
      const writeId = uuidv7();
      for (let attempt = 1; attempt <= MAX_TRIES; attempt += 1) {
        const job = await read(key);
        // An answer that was lost: the write that seemed to fail is there.
        if (job?.writeId === writeId) return { kind: 'changed', job };
        if (job !== undefined && isOther(job, details)) return { kind: 'other-request', job };
        const at = now();
        const decision = decide(job, event, at);
        if (decision.kind === 'ignore') return { kind: 'ignored', because: decision.because, job };
        if (decision.kind === 'wait') return { kind: 'waits', until: decision.until };
        const next = changed(key, job, decision, { ...details, at, writeId });
        const refused = await write(props, job, next, decision.places, at);
        if (refused === undefined) return { kind: 'changed', job: next };
        if (refused !== 'conflict') return { kind: refused };
        await sleep(fullJitter(CONFLICT_BACKOFF, attempt, Math.random));
      }
      throw new JobConflictError();
    },
    async count(key, what) {
      try {
        await client.call('UpdateItem', {
          Key: keyOf(key),
          UpdateExpression: `ADD ${what} :one`,
          ConditionExpression: 'attribute_exists(pk)',
          ExpressionAttributeValues: { ':one': number(1) },
        });
      } catch (error) {
        if (!isConditionFailed(error)) throw error;
      }
    },
  };
}

/** A row that was made by a cancellation is of whatever request comes. */
function isOther({ requestDigest }: Job, given: NewJob): boolean {
  return (
    requestDigest !== undefined && given.requestDigest !== undefined && requestDigest !== given.requestDigest
  );
}

interface ChangeDetails extends NewJob, JobEnd {
  readonly at: number;
  readonly writeId: string;
}

function changed(
  key: JobKey,
  job: Job | undefined,
  { to, error }: Extract<Decision, { kind: 'change' }>,
  { at, writeId, ...details }: ChangeDetails,
): Job {
  const begins = to.status === 'running' && job?.status !== 'running';
  const ends = to.status !== 'running' && to.status !== 'queued';
  const endedError = details.error ?? error;
  return {
    ...(job ?? { ...key, createdAt: details.createdAt ?? at, duplicates: 0, conflicts: 0 }),
    ...to,
    ...(job?.model === undefined && details.model !== undefined && { model: details.model }),
    ...(job?.requestDigest === undefined &&
      details.requestDigest !== undefined && { requestDigest: details.requestDigest }),
    ...(begins && { startedAt: at }),
    ...(ends && {
      endedAt: at,
      ...(details.result !== undefined && { result: details.result }),
      ...(details.resultClaim !== undefined && { resultClaim: details.resultClaim }),
      ...(endedError !== undefined && { error: endedError }),
    }),
    updatedAt: at,
    version: (job?.version ?? 0) + 1,
    writeId,
  };
}

/** Undefined when it is written. */
async function write(
  props: JobStoreProps,
  was: Job | undefined,
  job: Job,
  places: -1 | 0 | 1,
  at: number,
): Promise<'conflict' | 'no-place' | 'over-quota' | undefined> {
  const update = { Key: keyOf(job), ...updateOf(was, job, props.retentionDays) };
  try {
    if (places === 0) {
      await props.client.call('UpdateItem', update);
      return undefined;
    }
    await props.client.call('TransactWriteItems', {
      // For the retries of this one call. The next try has another content, which DynamoDB refuses under the same token.
      ClientRequestToken: uuidv7(),
      TransactItems: [
        update,
        placesUpdate(props, job.tenantId, places),
        ...(places === 1 ? [dayUpdate(props, job.tenantId, at)] : []),
      ].map((one) => ({ Update: { TableName: props.table, ...one } })),
    });
    return undefined;
  } catch (error) {
    if (isConditionFailed(error)) return 'conflict';
    // Any other reason is no matter of who was first: it comes again, or DynamoDB is away.
    if (!isContention(error)) throw error;
    const [row, place, day] = cancellationReasons(error) ?? [];
    if (row !== 'None') return 'conflict';
    // A job over the quota ends at once; it does not wait for a place first.
    if (day === CONDITION_FAILED) return 'over-quota';
    return place === CONDITION_FAILED ? 'no-place' : 'conflict';
  }
}

const CONDITION_FAILED = 'ConditionalCheckFailed';

function updateOf(was: Job | undefined, job: Job, retentionDays: number): object {
  const set: string[] = [];
  const remove: string[] = [];
  const names: Record<string, string> = {};
  const values: Record<string, Attribute> = {};
  for (const [name, value] of Object.entries(attributesOf(job, retentionDays))) {
    names[`#${name}`] = name;
    if (value === undefined) {
      remove.push(`#${name}`);
    } else {
      set.push(`#${name} = :${name}`);
      values[`:${name}`] = value;
    }
  }
  if (was !== undefined) values[':read'] = number(was.version);
  return {
    UpdateExpression: `SET ${set.join(', ')} REMOVE ${remove.join(', ')}`,
    ConditionExpression: was === undefined ? 'attribute_not_exists(pk)' : '#version = :read',
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  };
}

function placesUpdate({ maxRunningPerTenant }: JobStoreProps, tenantId: string, places: -1 | 1): object {
  return {
    Key: counterKey(tenantId, 'RUNNING'),
    UpdateExpression: 'ADD running :places',
    ExpressionAttributeValues: {
      ':places': number(places),
      ...(places === 1 && { ':most': number(maxRunningPerTenant) }),
    },
    ...(places === 1 && { ConditionExpression: 'attribute_not_exists(running) OR running < :most' }),
  };
}

function dayUpdate({ dailyPerTenant }: JobStoreProps, tenantId: string, at: number): object {
  return {
    Key: counterKey(tenantId, `DAY#${new Date(at).toISOString().slice(0, 10)}`),
    UpdateExpression: 'ADD begun :one SET expiresAt = :expiresAt',
    ConditionExpression: 'attribute_not_exists(begun) OR begun < :most',
    ExpressionAttributeValues: {
      ':one': number(1),
      ':most': number(dailyPerTenant),
      ':expiresAt': number(Math.ceil((at + DAY_COUNT_RETENTION_DAYS * DAY_MILLISECONDS) / 1_000)),
    },
  };
}

function counterKey(tenantId: string, name: string): Item {
  return { pk: { S: partitionOf(tenantId) }, sk: { S: name } };
}
