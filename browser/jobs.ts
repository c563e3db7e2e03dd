/** AI jobs from a page: submit once however often it is sent, follow to the end, list, cancel. */
import { backoffMs } from './backoff.ts';
import { createHttp, httpEnvironment, patienceWith } from './http.ts';
import type { HttpOptions } from './http.ts';

/** Between looks at a job whose answer names no time. */
export const POLL = { baseMs: 500, capMs: 5000 } as const;

export type JobStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'timed-out';

export interface JobRequest {
  readonly model: string;
  /** 1 to 32,000 characters. */
  readonly prompt: string;
  readonly parameters?: { readonly maxTokens?: number; readonly temperature?: number };
}

export interface Job {
  readonly jobId: string;
  readonly status: JobStatus;
  /** 0 to 100. */
  readonly progress?: number;
  /** 1 for the first time that a worker took it. */
  readonly attempt?: number;
  readonly model?: string;
  /** It runs, and is to end soon. */
  readonly cancelRequested?: boolean;
  /** Times are ISO 8601. */
  readonly createdAt?: string;
  readonly updatedAt?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  /** Of a job that succeeded; lists leave it out. */
  readonly result?: { readonly text: string; readonly finishReason: string };
  readonly error?: { readonly code: string; readonly message: string };
  /** Other requests that came with the idempotency key of this job, and were not carried out. */
  readonly conflicts?: number;
}

export interface JobPage {
  /** Newest first. */
  readonly items: readonly Job[];
  /** For the next page; null on the last. */
  readonly nextCursor: string | null;
}

export interface Signalled {
  /** Ends the call; it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface SubmitOptions extends Signalled {
  /**
   * 1 to 64 of `[A-Za-z0-9_-]`. Of all requests with one key there is one job, or generation.
   * @default - a new one for each call, so that the repetitions of a call are one job
   */
  readonly idempotencyKey?: string;
}

/** All reject with ProblemError for what the API refuses, and UnreachableError when it does not answer in five tries. */
export interface JobsClient {
  submit(request: JobRequest, options?: SubmitOptions): Promise<Job>;
  get(jobId: string, options?: Signalled): Promise<Job>;
  list(
    options?: Signalled & {
      readonly limit?: number;
      readonly cursor?: string;
      readonly status?: JobStatus;
    },
  ): Promise<JobPage>;
  /** Rejects with status 409 for a job that has ended otherwise. A running one ends soon after, not at once. */
  cancel(jobId: string, options?: Signalled): Promise<void>;
  /**
   * Looks again and again, as often as the server wants it, until the job has ended, however long the network is away.
   * Rejects with what a repetition does not change, such as an unknown job.
   */
  wait(jobId: string, options?: WaitOptions): Promise<Job>;
}

export interface WaitOptions extends Signalled {
  /** Called with each state that differs from the one before. */
  readonly onChange?: (job: Job) => void;
  /** Called with what went wrong and is tried again. */
  readonly onProblem?: (error: unknown) => void;
}

export const hasEnded = ({ status }: Pick<Job, 'status'>): boolean =>
  status !== 'queued' && status !== 'running';

export function createJobsClient(options: HttpOptions): JobsClient {
  const { wait, random, newId } = { ...httpEnvironment(), ...options.environment };
  const http = createHttp(options);
  const pathOf = (jobId: string): string => `/jobs/${encodeURIComponent(jobId)}`;

  const look = (jobId: string, signal: AbortSignal | undefined) =>
    http<Job>({ method: 'GET', path: pathOf(jobId), signal, repeatable: true });

  return {
    submit: async (request, { idempotencyKey = newId(), signal } = {}) => {
      const headers = { 'idempotency-key': idempotencyKey };
      const call = {
        method: 'POST',
        path: '/jobs',
        headers,
        body: request,
        signal,
        repeatable: true,
      } as const;
      return (await http<Job>(call)).body;
    },
    get: async (jobId, { signal } = {}) => (await look(jobId, signal)).body,
    list: async ({ signal, ...query } = {}) =>
      (await http<JobPage>({ method: 'GET', path: '/jobs', query, signal, repeatable: true })).body,
    cancel: async (jobId, { signal } = {}) => {
      await http({ method: 'DELETE', path: pathOf(jobId), signal, repeatable: true });
    },
    wait: async (jobId, { signal, onChange, onProblem } = {}) => {
      let known = '';
      for (let looks = 0, problems = 0; ;) {
        let pause: number;
        try {
          const { body: job, retryAfterMs } = await look(jobId, signal);
          problems = 0;
          const state = JSON.stringify(job);
          if (state !== known) onChange?.(job);
          if (hasEnded(job)) return job;
          // What moves is worth a look soon; what stands still is left alone for longer.
          looks = state === known ? looks + 1 : 0;
          known = state;
          const own = Math.min(POLL.capMs, POLL.baseMs * 2 ** Math.min(looks, 10));
          pause = retryAfterMs === undefined ? own / 2 + random() * (own / 2) : retryAfterMs + random() * 250;
        } catch (error) {
          const patience = patienceWith(error, problems, random);
          if (patience === undefined) throw error;
          onProblem?.(error);
          pause = patience + backoffMs({ baseMs: POLL.baseMs, capMs: POLL.capMs }, problems, random);
          problems += 1;
        }
        await wait(pause, signal);
        signal?.throwIfAborted();
      }
    },
  };
}
