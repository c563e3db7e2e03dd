/** A request, or a result, that can not be taken now. It has not failed: the runtime puts it back, as a copy with a delay (ADR 39). */
import { fullJitter } from '../../runtime/backoff.ts';
import { UnavailableError } from '../../runtime/degradation/index.ts';
import { isAway } from '../away.ts';
import { AWAY_WAIT, LIMIT_WAIT, MODEL_WAIT } from '../limits.ts';

/** Its tenant has as many jobs running as it may have. The longer it has waited, the longer it waits. */
export function waitsForPlace(ageMilliseconds: number, random: () => number = Math.random): UnavailableError {
  const { least, cap } = LIMIT_WAIT;
  const most = Math.min(cap - least, Math.max(least, ageMilliseconds / 2_000));
  return new UnavailableError('WAYBILL_JOB_WAITS', 'the tenant', least + random() * most);
}

/** Another worker has the job, or had it when it died. */
export function waitsForLease(until: number, now: number): UnavailableError {
  return new UnavailableError('WAYBILL_JOB_WAITS', 'the job', (until - now) / 1_000);
}

/** Its model has failed, and its message has no receives left. The job's row counts the failures. */
export function waitsForModel(
  failures: number,
  cause: unknown,
  random: () => number = Math.random,
): UnavailableError {
  const seconds = fullJitter(MODEL_WAIT, failures, random);
  return new UnavailableError('WAYBILL_JOB_WAITS', 'the model', seconds, { cause });
}

/** What the worker needs is away: no message has failed by that. Any other error is as it was. */
export function waitsIfAway(error: unknown, random: () => number = Math.random): unknown {
  if (!isAway(error)) return error;
  const seconds = AWAY_WAIT.base + random() * (AWAY_WAIT.cap - AWAY_WAIT.base);
  return new UnavailableError('WAYBILL_JOB_WAITS', 'what the job needs', seconds, { cause: error });
}
