/** How an attempt at an AI job ended. Workers send it to the response queue. */
import * as z from 'zod/mini';
import { event } from '../../lib/contracts/index.ts';
import { exampleJob, JobId, JobOutcome, UserId } from './fields.ts';
import { AiJobs } from './requests.ts';

export const JobResult = z.object({
  text: z.string(),
  /** `length`: cut off after as many tokens as were asked for. */
  finishReason: z.enum(['stop', 'length']),
});
export type JobResult = z.infer<typeof JobResult>;

export const JobError = z.object({
  /** Stable; callers may depend on it. */
  code: z.string().check(z.minLength(1)),
  message: z.string(),
});
export type JobError = z.infer<typeof JobError>;

const times = { startedAt: '2026-11-21T09:30:00.000Z', endedAt: '2026-11-21T09:30:04.200Z' } as const;

export const AIJobEnded = event('AIJobEnded', {
  version: '1.0',
  source: AiJobs.source,
  description: 'An attempt at a job came to its end, whatever that was.',
  data: z.object({
    jobId: JobId,
    userId: UserId,
    /** Grows by one each time that a worker begins the job; a later one wins over an earlier one. */
    attempt: z.number().check(z.int(), z.minimum(1)),
    outcome: JobOutcome,
    /** Of a job that succeeded. */
    result: z.optional(JobResult),
    /** Of any other job. */
    error: z.optional(JobError),
    /** ISO 8601, UTC. */
    startedAt: z.string(),
    endedAt: z.string(),
  }),
  traffic: { peakPerSecond: 10, averageBytes: 5200 },
  examples: [
    {
      ...exampleJob,
      attempt: 1,
      outcome: 'succeeded',
      result: { text: 'Hello.', finishReason: 'stop' },
      ...times,
    },
    {
      ...exampleJob,
      attempt: 3,
      outcome: 'failed',
      error: { code: 'MODEL_FAILED', message: 'The model gave no answer in three attempts.' },
      ...times,
    },
  ],
});
