/**
 * What becomes of a job when something happens to it: one decision table for everybody who writes a job's row.
 *
 * | status | event | becomes |
 * |---|---|---|
 * | none, queued | requested | running, attempt + 1, a place taken |
 * | none, queued | held-back (no place is free) | queued |
 * | none, queued | refused (the quota is used up) | failed |
 * | none, queued | cancel | cancelled |
 * | running, lease in force | requested | waits until the lease ends |
 * | running, lease over, cancellation asked for | requested | cancelled, place given back |
 * | running, lease over, attempts used up | requested | failed, place given back |
 * | running, lease over | requested | running, attempt + 1, the place is kept |
 * | running | progress of its attempt | lease renewed, progress if it is more; nothing where neither is due |
 * | running | given-back by its attempt | lease over, a failure more if it was one |
 * | running | answered by its attempt | lease renewed, and a day for the way of its result |
 * | running | ended by its attempt or a later one | that outcome, place given back |
 * | running | succeeded by an earlier attempt | succeeded, place given back: it was paid for, and is what was asked for |
 * | running | cancel | cancellation asked for |
 * | queued, deadline over | overdue | timed-out |
 * | running, deadline over, cancellation asked for | overdue | cancelled, place given back |
 * | running, deadline over | overdue | failed, place given back: its worker was lost, or the result that it had told |
 * | queued, running | anything else of an earlier attempt | ignored |
 * | succeeded, failed, cancelled, timed-out | anything | ignored: an end never changes |
 *
 * A running job has one of its tenant's places, and no other job has one. So the count of running jobs is changed
 * with the status or not at all.
 */
import type { JobOutcome } from '../../catalog/jobs/fields.ts';
import type { JobError } from '../../catalog/jobs/results.ts';
import {
  LEASE_MILLISECONDS,
  MAX_ATTEMPTS,
  QUEUED_DEADLINE_MILLISECONDS,
  RESULT_DEADLINE_MILLISECONDS,
  RUNNING_DEADLINE_MILLISECONDS,
} from './limits.ts';

export type JobStatus = 'queued' | 'running' | JobOutcome;

export const JOB_STATUSES: readonly JobStatus[] = [
  'queued',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'timed-out',
];

/** Times are milliseconds since 1970. */
export interface JobState {
  readonly status: JobStatus;
  /** 0 to 100. */
  readonly progress: number;
  /** Grows by one each time that a worker begins the job. 0 before the first. */
  readonly attempt: number;
  /** Attempts that the model failed. */
  readonly failures: number;
  /** Until then the job is the worker's that has its attempt. */
  readonly leaseUntil: number;
  readonly deadlineAt: number;
  readonly cancelRequested: boolean;
  /** The model of its attempt has ended, and what it said is on its way to the row. */
  readonly answered: boolean;
}

export type JobEvent =
  | { readonly type: 'requested' }
  | { readonly type: 'held-back' }
  | { readonly type: 'refused' }
  | { readonly type: 'progress'; readonly attempt: number; readonly progress: number }
  | { readonly type: 'given-back'; readonly attempt: number; readonly failed: boolean }
  | { readonly type: 'answered'; readonly attempt: number }
  | { readonly type: 'ended'; readonly attempt: number; readonly outcome: JobOutcome }
  | { readonly type: 'cancel' }
  | { readonly type: 'overdue' };

export type IgnoredBecause = 'ended' | 'older-attempt' | 'not-begun' | 'not-due' | 'nothing-new' | 'unknown';

export type Decision =
  | {
      readonly kind: 'change';
      readonly to: JobState;
      /** What the change means for the count of the tenant's running jobs. */
      readonly places: -1 | 0 | 1;
      /** Why it ended, where the table itself says that. */
      readonly error?: JobError;
    }
  | { readonly kind: 'wait'; readonly until: number }
  | { readonly kind: 'ignore'; readonly because: IgnoredBecause };

export const QUOTA_USED_UP: JobError = {
  code: 'DAILY_QUOTA_USED_UP',
  message: 'Your organisation has begun as many jobs today as it may. Send the job again tomorrow (UTC).',
};
export const CANCELLED: JobError = { code: 'CANCELLED', message: 'The job was cancelled.' };
const DEADLINE_OVER: JobError = {
  code: 'DEADLINE_OVER',
  message: 'The job did not have its turn in time. Send it again.',
};
const WORKER_LOST: JobError = {
  code: 'WORKER_LOST',
  message: 'What carried out the job was lost, each time that it was begun. Send it again.',
};
const RESULT_LOST: JobError = {
  code: 'RESULT_LOST',
  message: 'The model has answered, and its answer was lost on its way. Send the job again.',
};

export function hasEnded(status: JobStatus): status is JobOutcome {
  return status !== 'queued' && status !== 'running';
}

/** @param state undefined where there is no row yet */
export function decide(state: JobState | undefined, event: JobEvent, now: number): Decision {
  if (state !== undefined && hasEnded(state.status)) return ignore('ended');
  return state?.status === 'running' ? ofRunning(state, event, now) : ofWaiting(state, event, now);
}

function ofWaiting(state: JobState | undefined, event: JobEvent, now: number): Decision {
  const waiting = state ?? newJob(now);
  switch (event.type) {
    case 'requested':
      return change({ ...waiting, ...begun(waiting, now) }, 1);
    case 'held-back':
      return state === undefined ? change(waiting, 0) : ignore('nothing-new');
    case 'refused':
      return end(waiting, 'failed', QUOTA_USED_UP);
    case 'cancel':
      return end(waiting, 'cancelled', CANCELLED);
    case 'overdue':
      if (state === undefined) return ignore('unknown');
      return now >= state.deadlineAt ? end(state, 'timed-out', DEADLINE_OVER) : ignore('not-due');
    case 'progress':
    case 'given-back':
    case 'answered':
    case 'ended':
      break;
  }
  // What only an attempt can tell.
  return ignore(state === undefined ? 'unknown' : 'not-begun');
}

function ofRunning(state: JobState, event: JobEvent, now: number): Decision {
  switch (event.type) {
    case 'requested':
      if (now < state.leaseUntil) return { kind: 'wait', until: state.leaseUntil };
      if (state.cancelRequested) return end(state, 'cancelled', CANCELLED);
      if (state.attempt >= MAX_ATTEMPTS) return end(state, 'failed', WORKER_LOST);
      return change({ ...state, ...begun(state, now) }, 0);
    case 'progress': {
      if (event.attempt !== state.attempt) return ignore('older-attempt');
      const progress = Math.max(state.progress, event.progress);
      // A beat without news is not worth a write, until a third of the lease is over.
      const isFresh = state.leaseUntil - now > (LEASE_MILLISECONDS * 2) / 3;
      if (progress === state.progress && isFresh) return ignore('nothing-new');
      return change({ ...state, progress, leaseUntil: now + LEASE_MILLISECONDS }, 0);
    }
    case 'given-back':
      if (event.attempt !== state.attempt) return ignore('older-attempt');
      return change({ ...state, leaseUntil: now, failures: state.failures + (event.failed ? 1 : 0) }, 0);
    case 'answered':
      if (event.attempt !== state.attempt) return ignore('older-attempt');
      return change(
        {
          ...state,
          answered: true,
          leaseUntil: now + LEASE_MILLISECONDS,
          deadlineAt: now + RESULT_DEADLINE_MILLISECONDS,
        },
        0,
      );
    case 'ended': {
      const counts = event.attempt >= state.attempt || event.outcome === 'succeeded';
      return counts ? end(state, event.outcome) : ignore('older-attempt');
    }
    case 'cancel':
      return state.cancelRequested ? ignore('nothing-new') : change({ ...state, cancelRequested: true }, 0);
    case 'overdue':
      if (now < state.deadlineAt) return ignore('not-due');
      if (state.cancelRequested) return end(state, 'cancelled', CANCELLED);
      return end(state, 'failed', state.answered ? RESULT_LOST : WORKER_LOST);
    case 'held-back':
    case 'refused':
      break;
  }
  // It has a place, and its day has counted it.
  return ignore('nothing-new');
}

function newJob(now: number): JobState {
  return {
    status: 'queued',
    progress: 0,
    attempt: 0,
    failures: 0,
    leaseUntil: 0,
    deadlineAt: now + QUEUED_DEADLINE_MILLISECONDS,
    cancelRequested: false,
    answered: false,
  };
}

function begun({ attempt }: JobState, now: number): Partial<JobState> {
  return {
    status: 'running',
    attempt: attempt + 1,
    answered: false,
    leaseUntil: now + LEASE_MILLISECONDS,
    deadlineAt: now + RUNNING_DEADLINE_MILLISECONDS,
  };
}

function end(state: JobState, outcome: JobOutcome, error?: JobError): Decision {
  const progress = outcome === 'succeeded' ? 100 : state.progress;
  const places = state.status === 'running' ? -1 : 0;
  const to = { ...state, status: outcome, progress, leaseUntil: 0 };
  return { kind: 'change', to, places, ...(error !== undefined && { error }) };
}

function change(to: JobState, places: -1 | 0 | 1): Decision {
  return { kind: 'change', to, places };
}

function ignore(because: IgnoredBecause): Decision {
  return { kind: 'ignore', because };
}
