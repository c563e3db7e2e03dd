/** Tells a table that can not be reached, which the caller should try again, from a mistake of ours. */
import { Problem } from '../../http/problem.ts';
import { isAway } from '../away.ts';

/** Seconds. */
const RETRY_AFTER = 5;

/** The 503 of a call to DynamoDB that did not come through; undefined for any other error. */
export function jobsProblem(error: unknown): Problem | undefined {
  if (error instanceof Problem || !isAway(error)) return undefined;
  return new Problem({
    status: 503,
    code: 'WAYBILL_JOBS_UNAVAILABLE',
    title: 'The jobs can not be reached',
    detail: `It may be that nothing was changed. Send the same request again after ${RETRY_AFTER} seconds.`,
    headers: { 'retry-after': String(RETRY_AFTER) },
    cause: error,
  });
}
