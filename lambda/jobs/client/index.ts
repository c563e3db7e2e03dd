/** `waybill/jobs`: the queues of the jobs system for services. */
import { createJobsClient } from './jobs-client.ts';
import type { JobsClient } from './jobs-client.ts';

export { createJobsClient } from './jobs-client.ts';
export type {
  JobQueueAttributes,
  JobsClient,
  JobsClientProps,
  JobToSend,
  ReceiveOptions,
  ResultToSend,
} from './jobs-client.ts';
export type { JobQueue, JobQueueUrls } from './queues.ts';
export type { JobEvents, ReceivedJobMessage } from './received.ts';
export { JobsError } from '../errors.ts';
export type { JobsErrorCode } from '../errors.ts';

/** Of the environment: AI_JOB_REQUEST_QUEUE_URL and AI_JOB_RESPONSE_QUEUE_URL. */
const environmentClient: JobsClient = createJobsClient();

export const {
  sendAIJobRequest,
  sendAIJobResult,
  receiveMessages,
  deleteMessage,
  getQueueAttributes,
  getQueueMessageCount,
} = environmentClient;
