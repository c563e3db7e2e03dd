/** Codes of the jobs system. Not tied to its types: the system is no part of the package. */
import type { AreaExplanation } from './explanation.ts';

export const JOBS_EXPLANATIONS = {
  WAYBILL_JOBS_NOT_CONFIGURED: {
    what: 'A variable that the functions of the jobs system need is not set.',
    why: 'No job can be read or carried out.',
    fix: 'Deploy the stack of the jobs system, which sets them all; elsewhere set the one that is named.',
    example: 'JOBS_TABLE_NAME=waybill-jobs-dev',
  },
  WAYBILL_JOB_CONFLICT: {
    what: "A job's row was changed by somebody else each time that it was to be written.",
    why: 'A write that was decided from an older row must not count.',
    fix: 'Nothing: it is tried again. See what writes the row so often where it happens again and again.',
    example: 'aws dynamodb get-item --table-name waybill-jobs-dev --key ...',
  },
  WAYBILL_JOB_ENDED: {
    what: 'A job that has ended was to be cancelled. Answered with 409.',
    why: 'An end never changes.',
    fix: 'Nothing. Ask for the job to see how it ended.',
    example: 'curl $JOBS_URL/jobs/$JOB_ID',
  },
  WAYBILL_JOBS_UNAVAILABLE: {
    what: 'The table of the jobs cannot be reached. Answered with 503.',
    why: 'Nothing was read or changed.',
    fix: 'Send the same request again after the time that the answer names.',
    example: 'retry-after: 5',
  },
  WAYBILL_QUERY_INVALID: {
    what: 'A part of a query is not valid. Answered with 400.',
    why: 'Nothing was read.',
    fix: 'The answer says which part, and what it may be.',
    example: 'GET /jobs?limit=20&status=running',
  },
} as const satisfies Record<string, AreaExplanation>;
