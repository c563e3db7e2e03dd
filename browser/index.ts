/** `waybill/browser`: notifications, jobs and generations from a page. No dependency, and nothing of Node. */
export { createNotificationClient } from './notifications/client.ts';
export type {
  Notification,
  NotificationClient,
  NotificationClientOptions,
  NotificationState,
  Ticket,
  Unsubscribe,
} from './notifications/types.ts';
export { localStorageCursors } from './notifications/cursor-store.ts';
export type { CursorStore } from './notifications/cursor-store.ts';
export type { Environment, PageListeners, Socket } from './notifications/environment.ts';
export { createJobsClient, hasEnded } from './jobs.ts';
export type {
  Job,
  JobPage,
  JobRequest,
  JobsClient,
  JobStatus,
  Signalled,
  SubmitOptions,
  WaitOptions,
} from './jobs.ts';
export { createGenerationsClient } from './generations.ts';
export type { Generation, GenerationPage, GenerationRequest, GenerationsClient } from './generations.ts';
export { ProblemError, UnreachableError } from './http.ts';
export type { HttpEnvironment, HttpOptions, HttpRequest, HttpResponse } from './http.ts';
