/** A request that can not be carried out now. It has not failed: the runtime brings it back later (ADR 25). */
import { fullJitter } from '../../runtime/backoff.ts';
import { UnavailableError } from '../../runtime/degradation/index.ts';
import { LIMIT_WAIT } from '../limits.ts';

/** Its tenant has as many jobs running as it may have. The longer it has waited, the longer it waits. */
export function waitsForPlace(receiveCount: number, random: () => number = Math.random): UnavailableError {
  const seconds = LIMIT_WAIT.base + fullJitter(LIMIT_WAIT, receiveCount, random);
  return new UnavailableError('WAYBILL_JOB_WAITS', 'the tenant', Math.min(LIMIT_WAIT.cap, seconds));
}

/** Another worker has the job, or had it when it died. */
export function waitsForLease(until: number, now: number): UnavailableError {
  return new UnavailableError('WAYBILL_JOB_WAITS', 'the job', (until - now) / 1_000);
}
