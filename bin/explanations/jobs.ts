/** Codes of the jobs system, and those with which a job may end, which have no prefix. Not tied to its types: the system is no part of the package. */
import type { AreaExplanation } from './explanation.ts';

export const JOBS_EXPLANATIONS = {
  CANCELLED: {
    what: 'The job was cancelled by its owner.',
    why: 'It has no result, and never will have.',
    fix: 'Nothing. Send the job again, with another Idempotency-Key, where it is wanted after all.',
    example: '"error": { "code": "CANCELLED" }',
  },
  DAILY_QUOTA_USED_UP: {
    what: 'The tenant has begun as many jobs on this day (UTC) as it may.',
    why: 'The job has failed, and was not carried out.',
    fix: 'Send it again tomorrow, with another Idempotency-Key, or raise dailyQuotaPerTenant of lib/config/jobs.ts.',
    example: '"error": { "code": "DAILY_QUOTA_USED_UP" }',
  },
  DEADLINE_OVER: {
    what: 'The job waited for a day and never had its turn. Its status is timed-out.',
    why: 'It was not carried out.',
    fix: 'Send it again with another Idempotency-Key. See why jobs wait: the backlog, maxRunningPerTenant.',
    example: '"error": { "code": "DEADLINE_OVER" }',
  },
  MODEL_ANSWER_INVALID: {
    what: 'The model answered, but not with an answer.',
    why: 'The job has failed; its request is in the dead-letter queue, for somebody to look.',
    fix: 'See what the provider answers, and whether its interface has changed.',
    example: '"error": { "code": "MODEL_ANSWER_INVALID" }',
  },
  MODEL_FAILED: {
    what: 'The model failed three times.',
    why: 'The job has failed, and is not tried again.',
    fix: 'See the health of the provider. Send the job again with another Idempotency-Key.',
    example: '"error": { "code": "MODEL_FAILED" }',
  },
  MODEL_TOO_SLOW: {
    what: 'The model did not answer within ten minutes. The status of the job is timed-out.',
    why: 'It was stopped, and has no result.',
    fix: 'Ask for less: a shorter prompt, a lower maxTokens, a smaller model.',
    example: '"parameters": { "maxTokens": 256 }',
  },
  RESULT_LOST: {
    what: 'The model has answered, and its answer did not come to the table within a day.',
    why: 'The job has failed although it was carried out. The answer may still be in the dead-letter queue of the results.',
    fix: 'See the dead letters of job-results. Send the job again with another Idempotency-Key.',
    example: '"error": { "code": "RESULT_LOST" }',
  },
  WORKER_LOST: {
    what: 'The workers of the job died, or were stopped, each time that it was begun.',
    why: 'The job has failed. Its request is in the dead-letter queue, unless it was begun six times.',
    fix: 'See the memory and the log of JobWorker at that time. A redrive after the end does not run it: send it again with another Idempotency-Key.',
    example: '"error": { "code": "WORKER_LOST" }',
  },
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
