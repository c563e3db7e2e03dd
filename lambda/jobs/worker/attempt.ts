/**
 * One attempt at a job: the model runs, and beside it the worker looks at the job's row, once a second. With each look
 * it tells the progress and keeps its lease; what it finds there, a cancellation or another attempt, aborts the model.
 */
import { describeError } from '../../runtime/logger.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { JobResult } from '../../../catalog/jobs/index.ts';
import type { JobStore } from '../job-store.ts';
import type { JobKey } from '../job-row.ts';
import { BEAT_MILLISECONDS, LEASE_MILLISECONDS, MODEL_TIME_LIMIT_MILLISECONDS } from '../limits.ts';
import type { ModelProvider, ModelRequest } from '../models/model-provider.ts';

export interface AttemptProps {
  readonly store: JobStore;
  readonly model: ModelProvider;
  readonly logger: Logger;
  /** Aborted when the invocation has no time left, or its message was lost. */
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly times?: AttemptTimes;
}

export interface AttemptTimes {
  /** @default 1000 */
  readonly beat?: number;
  /** @default 600000 */
  readonly limit?: number;
}

export type AttemptEnd =
  | { readonly kind: 'answered'; readonly result: JobResult }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'timed-out' }
  /** The job has ended, or another attempt has it: whatever the model says counts no more. */
  | { readonly kind: 'lost' }
  /** The worker has to stop before the model is done. */
  | { readonly kind: 'interrupted' };

type Stop = 'cancelled' | 'timed-out' | 'lost' | 'interrupted';

export async function runAttempt(
  { store, model, logger, signal, times = {} }: AttemptProps,
  key: JobKey,
  request: ModelRequest,
): Promise<AttemptEnd> {
  const stopping = new AbortController();
  let stopped: Stop | undefined;
  const stop = (why: Stop): void => {
    stopped ??= why;
    stopping.abort(new Error(`the attempt is over: ${stopped}`));
  };
  const interrupt = (): void => stop('interrupted');
  if (signal.aborted) interrupt();
  signal.addEventListener('abort', interrupt);
  const limit = setTimeout(() => stop('timed-out'), times.limit ?? MODEL_TIME_LIMIT_MILLISECONDS);

  let progress = 0;
  const onProgress = (percent: number): void => {
    if (Number.isFinite(percent)) progress = Math.min(99, Math.max(progress, Math.floor(percent)));
  };
  const beats = keepAlive({
    every: times.beat ?? BEAT_MILLISECONDS,
    signal: stopping.signal,
    beat: () => store.apply(key, { type: 'progress', attempt: request.attempt, progress }),
    stop,
    logger,
  });
  const ended = new Promise<undefined>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(undefined));
  });
  try {
    // A model that does not obey its signal is not waited for.
    const answer = model.run(request, { signal: stopping.signal, onProgress }).then(
      (result): AttemptEnd => ({ kind: 'answered', result }),
      (error: unknown): AttemptEnd => ({ kind: 'failed', error }),
    );
    const end = stopped === undefined ? await Promise.race([answer, ended]) : undefined;
    // Stopped first: what the model throws then is only that.
    return stopped === undefined ? (end ?? { kind: 'lost' }) : { kind: stopped };
  } finally {
    clearTimeout(limit);
    signal.removeEventListener('abort', interrupt);
    beats.end();
  }
}

interface KeepAlive {
  readonly every: number;
  readonly signal: AbortSignal;
  readonly beat: () => ReturnType<JobStore['apply']>;
  readonly stop: (why: Stop) => void;
  readonly logger: Logger;
}

function keepAlive({ every, signal, beat, stop, logger }: KeepAlive): { end(): void } {
  let over = false;
  let timer: NodeJS.Timeout | undefined;
  let leaseUntil = performance.now() + LEASE_MILLISECONDS;
  const look = async (): Promise<void> => {
    const begun = performance.now();
    try {
      const applied = await beat();
      if (over) return;
      const isOurs =
        applied.kind === 'changed' || (applied.kind === 'ignored' && applied.because === 'nothing-new');
      if (!isOurs) return stop('lost');
      if (applied.kind === 'changed') leaseUntil = begun + LEASE_MILLISECONDS;
      if (applied.job?.cancelRequested === true) return stop('cancelled');
    } catch (error) {
      if (over) return;
      logger.warn('the progress of a job could not be told', { detail: describeError(error) });
      if (performance.now() > leaseUntil) return stop('lost');
    }
    next();
  };
  const next = (): void => {
    if (!over && !signal.aborted) timer = setTimeout(() => void look(), every);
  };
  next();
  return {
    end() {
      over = true;
      clearTimeout(timer);
    },
  };
}
