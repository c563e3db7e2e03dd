/** Fields that the events of the jobs system have in common, and the limits that its API checks at the edge. */
import * as z from 'zod/mini';

/** Of the caller's own part of a job id, the `Idempotency-Key`. */
export const IDEMPOTENCY_KEY_MAX_LENGTH = 64;
/** Hexadecimal digits in front, which tell whose job it is without telling who that is (docs/adr/0037). */
export const JOB_ID_PREFIX_LENGTH = 16;

/** `{prefix}-{idempotency key}` or `{prefix}-{milliseconds since 1970}-{request id}`. */
export const JobId = z.string().check(z.regex(/^[0-9a-f]{16}-[A-Za-z0-9_-]{1,64}$/));

/** The `sub` of the caller's token. */
export const UserId = z.string().check(z.minLength(1));

export const JobModel = z.enum(['echo-small', 'echo-large']);
export type JobModel = z.infer<typeof JobModel>;

/** UTF-16 code units, as both JavaScript and API Gateway's templates count them. */
export const PROMPT_MAX_LENGTH = 32_000;
export const Prompt = z.string().check(z.minLength(1), z.maxLength(PROMPT_MAX_LENGTH));

const MAX_TOKENS = 8192;
const MAX_TEMPERATURE = 2;

export const JobParameters = z.object({
  /** Of the answer. */
  maxTokens: z.optional(z.number().check(z.int(), z.minimum(1), z.maximum(MAX_TOKENS))),
  /** 0 answers the same each time. */
  temperature: z.optional(z.number().check(z.minimum(0), z.maximum(MAX_TEMPERATURE))),
});
export type JobParameters = z.infer<typeof JobParameters>;

export const JobOutcome = z.enum(['succeeded', 'failed', 'cancelled', 'timed-out']);
export type JobOutcome = z.infer<typeof JobOutcome>;

/** What the examples of all events are about. */
export const exampleJob = {
  jobId: '9f86d081884c7d65-1795250000000-0b4f7a52-6a3e-4a1e-9f55-0d3f3a1c7e21',
  userId: 'usr_7f1c',
} as const;
