/**
 * A job's row in DynamoDB. Keys: `TENANT#{tenantId}` and `JOB#{jobId}`. The index `byCreation` has `createdKey` as its
 * sort key; the sparse index `open` has `openShard` and `deadlineAt`, and only jobs that have not ended. Times are
 * ISO 8601 in UTC, but for `expiresAt`, which DynamoDB wants in seconds.
 */
import { createHash } from 'node:crypto';
import type { JobError, JobModel, JobResult } from '../../catalog/jobs/index.ts';
import type { Attribute, Item } from '../runtime/aws/dynamodb.ts';
import { DAY_MILLISECONDS, OPEN_SHARDS } from './limits.ts';
import { hasEnded } from './job-state.ts';
import type { JobState, JobStatus } from './job-state.ts';

export interface JobKey {
  readonly tenantId: string;
  readonly jobId: string;
}

/** How a job ended, beside its status. */
export interface JobEnd {
  readonly result?: JobResult;
  /** Where a result is that is too large for a row. */
  readonly resultClaim?: string;
  readonly error?: JobError;
}

/** Times are milliseconds since 1970. */
export interface Job extends JobKey, JobState, JobEnd {
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Of the first attempt. */
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly model?: JobModel;
  /** Of the request that the job was made from: another one with the same id is not carried out. */
  readonly requestDigest?: string;
  /** Requests and results that came again, and were not needed. */
  readonly duplicates: number;
  /** Other requests that came with the id of this job, and were not carried out. */
  readonly conflicts: number;
  /** Raised by each write, so that no write is lost to another. */
  readonly version: number;
  /** Of the last write: who is told that a write has failed finds out that it has not. */
  readonly writeId: string;
}

export function partitionOf(tenantId: string): string {
  return `TENANT#${tenantId}`;
}

export function keyOf({ tenantId, jobId }: JobKey): Item {
  return { pk: { S: partitionOf(tenantId) }, sk: { S: `JOB#${jobId}` } };
}

/** All attributes of a row but its keys and the counts of what came besides; undefined takes one away. */
export function attributesOf(
  job: Job,
  retentionDays: number,
): Readonly<Record<string, Attribute | undefined>> {
  const ended = hasEnded(job.status);
  return {
    jobId: { S: job.jobId },
    status: { S: job.status },
    progress: number(job.progress),
    attempt: number(job.attempt),
    failures: number(job.failures),
    leaseUntil: job.status === 'running' ? time(job.leaseUntil) : undefined,
    deadlineAt: ended ? undefined : time(job.deadlineAt),
    openShard: ended ? undefined : { S: String(shardOf(job.jobId)) },
    cancelRequested: { BOOL: job.cancelRequested },
    answered: job.answered && !ended ? { BOOL: true } : undefined,
    requestDigest: job.requestDigest === undefined ? undefined : { S: job.requestDigest },
    createdAt: time(job.createdAt),
    createdKey: { S: `${new Date(job.createdAt).toISOString()}#${job.jobId}` },
    updatedAt: time(job.updatedAt),
    startedAt: job.startedAt === undefined ? undefined : time(job.startedAt),
    endedAt: job.endedAt === undefined ? undefined : time(job.endedAt),
    expiresAt: ended
      ? number(Math.ceil((job.updatedAt + retentionDays * DAY_MILLISECONDS) / 1_000))
      : undefined,
    model: job.model === undefined ? undefined : { S: job.model },
    result: job.result === undefined ? undefined : { S: JSON.stringify(job.result) },
    resultClaim: job.resultClaim === undefined ? undefined : { S: job.resultClaim },
    error: job.error === undefined ? undefined : { S: JSON.stringify(job.error) },
    version: number(job.version),
    writeId: { S: job.writeId },
  };
}

export function jobOf(item: Item): Job {
  const text = (name: string): string | undefined => {
    const value = item[name];
    return value !== undefined && 'S' in value ? value.S : undefined;
  };
  const count = (name: string): number => {
    const value = item[name];
    return value !== undefined && 'N' in value ? Number(value.N) : 0;
  };
  const at = (name: string): number | undefined => {
    const value = text(name);
    return value === undefined ? undefined : Date.parse(value);
  };
  const flag = (name: string): boolean => {
    const value = item[name];
    return value !== undefined && 'BOOL' in value && value.BOOL;
  };
  const optional = {
    startedAt: at('startedAt'),
    endedAt: at('endedAt'),
    model: text('model') as JobModel | undefined,
    result: parsed(text('result')) as JobResult | undefined,
    resultClaim: text('resultClaim'),
    error: parsed(text('error')) as JobError | undefined,
    requestDigest: text('requestDigest'),
  };
  return {
    tenantId: (text('pk') ?? '').slice(partitionOf('').length),
    jobId: (text('sk') ?? '').slice('JOB#'.length),
    status: text('status') as JobStatus,
    progress: count('progress'),
    attempt: count('attempt'),
    failures: count('failures'),
    leaseUntil: at('leaseUntil') ?? 0,
    deadlineAt: at('deadlineAt') ?? 0,
    cancelRequested: flag('cancelRequested'),
    answered: flag('answered'),
    createdAt: at('createdAt') ?? 0,
    updatedAt: at('updatedAt') ?? 0,
    duplicates: count('duplicates'),
    conflicts: count('conflicts'),
    version: count('version'),
    writeId: text('writeId') ?? '',
    ...(Object.fromEntries(
      Object.entries(optional).filter(([, value]) => value !== undefined),
    ) as Partial<Job>),
  };
}

function parsed(json: string | undefined): unknown {
  return json === undefined ? undefined : JSON.parse(json);
}

function shardOf(jobId: string): number {
  return createHash('sha256').update(jobId).digest()[0]! % OPEN_SHARDS;
}

export function number(value: number): Attribute {
  return { N: String(value) };
}

function time(milliseconds: number): Attribute {
  return { S: new Date(milliseconds).toISOString() };
}
