/**
 * Ids of jobs: whose a job is shows in the id, to nobody but who knows the secret (docs/adr/0037).
 *
 * | form | made |
 * |---|---|
 * | `{prefix}-{Idempotency-Key}` | the same request has the same id, however often it is sent |
 * | `{prefix}-{milliseconds since 1970}-{request id}` | of a request without the header |
 */
import { createHmac } from 'node:crypto';
import { JOB_ID_PREFIX_LENGTH } from '../../catalog/jobs/fields.ts';

/** Hexadecimal digits that a caller's jobs begin with. */
export function jobIdPrefix(secret: string, tenantId: string, userId: string): string {
  return createHmac('sha256', secret)
    .update(`${tenantId}\u0000${userId}`)
    .digest('hex')
    .slice(0, JOB_ID_PREFIX_LENGTH);
}

export function hasPrefix(jobId: string, prefix: string): boolean {
  return prefix.length === JOB_ID_PREFIX_LENGTH && jobId.startsWith(`${prefix}-`);
}

const TIMED = /^[0-9a-f]{16}-(\d{13})-[0-9a-f-]{36}$/;

/** Milliseconds since 1970 at which the API took the job; undefined for an id with a key of the caller's own. */
export function takenAt(jobId: string): number | undefined {
  const time = TIMED.exec(jobId)?.[1];
  return time === undefined ? undefined : Number(time);
}
