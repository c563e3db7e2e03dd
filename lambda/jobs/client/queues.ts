/** The two queues of the jobs system, and where their URLs are found. */
import type { Environment } from '../../runtime/environment.ts';
import { jobsVariable } from '../settings.ts';

export type JobQueue = 'request' | 'response';

export interface JobQueueUrls {
  /** @default - AI_JOB_REQUEST_QUEUE_URL */
  readonly requestQueueUrl?: string;
  /** @default - AI_JOB_RESPONSE_QUEUE_URL */
  readonly responseQueueUrl?: string;
}

/** Read at first use, so that a service needs only the queue that it uses. @throws JobsError WAYBILL_JOBS_NOT_CONFIGURED */
export function queueUrl(
  queue: JobQueue,
  urls: JobQueueUrls,
  environment: Environment = process.env,
): string {
  return queue === 'request'
    ? (urls.requestQueueUrl ?? jobsVariable('AI_JOB_REQUEST_QUEUE_URL', environment))
    : (urls.responseQueueUrl ?? jobsVariable('AI_JOB_RESPONSE_QUEUE_URL', environment));
}
