/** The jobs workload: users of several tenants who ask for jobs over the REST API, follow some and cancel some. */
import { setTimeout as delay } from 'node:timers/promises';
import { apiClient, bearerToken, textField } from '../api-client.ts';
import type { ApiAnswer, ApiRequest } from '../api-client.ts';
import { sendPaced } from '../send-paced.ts';
import { badRequests } from './bad-input.ts';
import { planJobs } from './plan.ts';
import type { JobMix, PlannedJob } from './plan.ts';

export interface JobsWorkloadOptions {
  /** The REST API, without a trailing slash. */
  readonly apiUrl: () => string;
  /** The value of the secret that signs the API's tokens. */
  readonly tokenSecret: () => Promise<string>;
  readonly seed: number;
  readonly mix?: JobMix;
  /** Requests on their way at once. @default 8 */
  readonly inFlight?: number;
  /** Stops what is being sent. */
  readonly signal?: AbortSignal;
}

export interface JobsRun {
  /** Infinity until the signal. */
  readonly jobs: number;
  /** @default - as fast as they are answered */
  readonly perSecond?: number;
  /** Called before each job is sent, with how many were. */
  readonly beforeJob?: (sent: number) => void;
}

/** A job that the API took. */
export interface TakenJob extends Pick<PlannedJob, 'tenantId' | 'userId' | 'fate'> {
  readonly jobId: string;
  /** Statuses of what was answered to a DELETE. */
  readonly cancelAnswer?: number;
}

/** What the API says of a job. */
export interface SeenJob {
  readonly jobId: string;
  readonly status: string;
  readonly progress: number;
}

export interface JobsWorkload {
  run(options: JobsRun): Promise<void>;
  /** Sends what has to be refused. Needs a job that was taken. */
  misbehave(): Promise<void>;
  /** Each job as its owner sees it at the end; undefined where the API does not know it. */
  ask(): Promise<ReadonlyMap<string, SeenJob | undefined>>;
  taken(): readonly TakenJob[];
  /** Looks of followers that saw less progress than before, or another end, in words. */
  setbacks(): readonly string[];
  /** Answers that were not expected, by what they were. */
  unexpected(): Readonly<Record<string, number>>;
  /** Requests that were refused as they should be. */
  refused(): number;
}

/** One of so many jobs is followed while it runs. */
const FOLLOWED_EACH = 10;
const FOLLOW_PAUSE_MS = 400;
/** A job that is followed longer is judged by the end of the run. */
const FOLLOW_LIMIT_MS = 30_000;
/** From the answer to a job until it is cancelled: some have not begun then, others run. */
const CANCEL_AFTER_MS = [0, 400, 1_500] as const;
const ENDS: ReadonlySet<string> = new Set(['succeeded', 'failed', 'cancelled', 'timed-out']);
const ROUND = 1000;
const SEEDS_APART = 7919;

export function createJobsWorkload(options: JobsWorkloadOptions): JobsWorkload {
  const { seed, signal, inFlight = 8 } = options;
  const call = apiClient(options.apiUrl, signal);
  const isStopped = (): boolean => signal?.aborted === true;
  const taken: TakenJob[] = [];
  const unexpected: Record<string, number> = {};
  const setbacks: string[] = [];
  const background: Promise<void>[] = [];
  let refused = 0;
  let sent = 0;

  const ask = async (job: Pick<PlannedJob, 'tenantId' | 'userId'>, request: ApiRequest): Promise<ApiAnswer> =>
    call(async () => ({
      ...request,
      headers: {
        authorization: `Bearer ${bearerToken(await options.tokenSecret(), { ...job, role: 'member' })}`,
        ...request.headers,
      },
    }));
  const note = (what: string, answer: ApiAnswer): void => {
    const key = `${what}: ${answer.status} ${textField(answer.body, 'code', 'no code')}`;
    unexpected[key] = (unexpected[key] ?? 0) + 1;
  };

  const submit = async (job: PlannedJob): Promise<ApiAnswer> =>
    ask(job, {
      method: 'POST',
      path: '/jobs',
      headers: { 'content-type': 'application/json', 'idempotency-key': job.idempotencyKey },
      body: JSON.stringify(job.body),
    });

  const follow = async (job: TakenJob): Promise<void> => {
    const until = Date.now() + FOLLOW_LIMIT_MS;
    let last: SeenJob | undefined;
    while (Date.now() < until && !isStopped()) {
      const seen = seenJob(await ask(job, { method: 'GET', path: `/jobs/${job.jobId}` }));
      if (seen === undefined) setbacks.push(`job ${job.jobId} was taken, and the API does not know it`);
      else if (last !== undefined && seen.progress < last.progress) {
        setbacks.push(`job ${job.jobId} went back from ${last.progress} % to ${seen.progress} %`);
      }
      if (seen === undefined || ENDS.has(seen.status)) return;
      last = seen;
      await delay(FOLLOW_PAUSE_MS);
    }
  };

  const cancel = async (job: TakenJob): Promise<void> => {
    await delay(CANCEL_AFTER_MS[taken.length % CANCEL_AFTER_MS.length]);
    const { status, body, retries } = await ask(job, { method: 'DELETE', path: `/jobs/${job.jobId}` });
    const position = taken.findIndex(({ jobId }) => jobId === job.jobId);
    taken[position] = { ...job, cancelAnswer: status };
    // 409 to a repetition: the first one was answered, and its answer lost.
    if (status !== 202 && status !== 409) note('DELETE', { status, body, retries });
  };

  const one = async (job: PlannedJob): Promise<void> => {
    const answer = await submit(job);
    const jobId = textField(answer.body, 'jobId', '');
    if (answer.status !== 202 || jobId === '') return note('POST', answer);
    const { tenantId, userId, fate } = job;
    const accepted: TakenJob = { jobId, tenantId, userId, fate };
    taken.push(accepted);
    if (fate === 'repeated') {
      const again = await submit(job);
      if (textField(again.body, 'jobId', '') !== jobId) note('POST again, another job', again);
    }
    if (fate === 'cancelled') background.push(cancel(accepted));
    else if (job.index % FOLLOWED_EACH === 0) background.push(follow(accepted));
    return undefined;
  };

  return {
    taken: () => taken,
    setbacks: () => setbacks,
    unexpected: () => unexpected,
    refused: () => refused,
    async run({ jobs, perSecond, beforeJob }) {
      const first = sent;
      const until = first + jobs;
      let round: readonly PlannedJob[] = [];
      const planned = (index: number): PlannedJob => {
        const place = index % ROUND;
        if (place === 0 || round.length === 0) {
          const size = Math.min(ROUND - place, until - index);
          const roundSeed = seed + SEEDS_APART * Math.floor(index / ROUND);
          const mix = options.mix === undefined ? {} : { mix: options.mix };
          round = planJobs({ seed: roundSeed, jobs: size, from: index, ...mix });
        }
        return round[index - round[0]!.index]!;
      };
      let failure: unknown;
      const failed = (error: unknown): void => {
        if (!isStopped()) failure ??= error;
      };
      await sendPaced({
        count: jobs,
        inFlight,
        perSecond,
        signal,
        before: beforeJob,
        send(place) {
          const job = planned(first + place);
          sent = first + place + 1;
          return one(job);
        },
      }).catch(failed);
      await Promise.all(background.splice(0)).catch(failed);
      if (failure !== undefined) throw failure;
    },
    async misbehave() {
      const foreignJobId = taken[0]?.jobId ?? `${'1'.repeat(16)}-nobody`;
      const tokenSecret = await options.tokenSecret();
      for (const bad of badRequests({ tokenSecret, foreignJobId })) {
        const answer = await call(bad);
        const isProblem = textField(answer.body, 'type', '').startsWith('urn:waybill:problem:');
        if (answer.status === bad.status && isProblem) refused += 1;
        else note(`${bad.what}, which should be ${bad.status}`, answer);
      }
    },
    async ask() {
      const seen = new Map<string, SeenJob | undefined>();
      const left = [...taken];
      const lane = async (): Promise<void> => {
        for (let job = left.pop(); job !== undefined; job = left.pop()) {
          seen.set(job.jobId, seenJob(await ask(job, { method: 'GET', path: `/jobs/${job.jobId}` })));
        }
      };
      await Promise.all(Array.from({ length: inFlight }, lane));
      return seen;
    },
  };
}

function seenJob({ status, body }: ApiAnswer): SeenJob | undefined {
  if (status !== 200 || body === undefined) return undefined;
  const progress = body['progress'];
  return {
    jobId: textField(body, 'jobId', ''),
    status: textField(body, 'status', ''),
    progress: typeof progress === 'number' ? progress : 0,
  };
}
