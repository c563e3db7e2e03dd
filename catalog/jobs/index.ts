/** The events of the jobs system: asynchronous work for language models. */
import { AIJobRequested, AiJobs } from './requests.ts';
import { AIJobEnded } from './results.ts';

export * from './requests.ts';
export * from './results.ts';
export {
  IDEMPOTENCY_KEY_MAX_LENGTH,
  JOB_ID_PREFIX_LENGTH,
  JobId,
  JobModel,
  JobOutcome,
  JobParameters,
  PROMPT_MAX_LENGTH,
} from './fields.ts';

export const jobsServices = [AiJobs] as const;

/** Sent to the request queue; what `job-worker` gets. */
export const jobRequestEvents = [AIJobRequested] as const;
/** Sent to the response queue; what `job-results` gets. */
export const jobResultEvents = [AIJobEnded] as const;

export const jobsEvents = [...jobRequestEvents, ...jobResultEvents] as const;
