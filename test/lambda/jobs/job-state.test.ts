import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decide, hasEnded } from '../../../lambda/jobs/job-state.ts';
import type { JobEvent, JobState } from '../../../lambda/jobs/job-state.ts';
import {
  LEASE_MILLISECONDS,
  MAX_ATTEMPTS,
  MODEL_TIME_LIMIT_MILLISECONDS,
  QUEUED_DEADLINE_MILLISECONDS,
  RESULT_DEADLINE_MILLISECONDS,
  RUNNING_DEADLINE_MILLISECONDS,
} from '../../../lambda/jobs/limits.ts';

const START = Date.parse('2026-11-21T09:30:00.000Z');

/** Applies events in their order; what is ignored or waits changes nothing. */
function after(...events: readonly (JobEvent | number)[]): JobState | undefined {
  let state: JobState | undefined;
  let now = START;
  for (const event of events) {
    if (typeof event === 'number') {
      now += event;
      continue;
    }
    const decision = decide(state, event, now);
    if (decision.kind === 'change') state = decision.to;
  }
  return state;
}

const requested: JobEvent = { type: 'requested' };
const cancel: JobEvent = { type: 'cancel' };
const ended = (attempt: number, outcome: 'succeeded' | 'failed' = 'succeeded'): JobEvent => ({
  type: 'ended',
  attempt,
  outcome,
});

describe('the decision table of a job', () => {
  test('a request begins the first attempt', () => {
    expect(after(requested)).toMatchObject({ status: 'running', attempt: 1, progress: 0 });
  });

  test('a second request waits for the lease of the first', () => {
    const decision = decide(after(requested), requested, START + 1);
    expect(decision).toEqual({ kind: 'wait', until: START + LEASE_MILLISECONDS });
  });

  test("a dead worker's job is begun again when its lease is over", () => {
    expect(after(requested, LEASE_MILLISECONDS, requested)).toMatchObject({ status: 'running', attempt: 2 });
  });

  test('a failure of an earlier attempt never counts; an answer of one does: it was paid for', () => {
    const second = [requested, LEASE_MILLISECONDS, requested] as const;
    expect(after(...second, ended(1, 'failed'))).toMatchObject({ status: 'running', attempt: 2 });
    expect(after(...second, ended(1), ended(2, 'failed'))).toMatchObject({ status: 'succeeded', attempt: 2 });
  });

  test('an end never changes', () => {
    expect(after(requested, ended(1), ended(1, 'failed'), cancel, requested)).toMatchObject({
      status: 'succeeded',
      progress: 100,
    });
  });

  test('progress never goes back, not by a new attempt either', () => {
    const half: JobEvent = { type: 'progress', attempt: 1, progress: 50 };
    const less: JobEvent = { type: 'progress', attempt: 2, progress: 10 };
    const state = after(requested, half, LEASE_MILLISECONDS, requested, less);
    expect(state).toMatchObject({ attempt: 2, progress: 50 });
  });

  test.each([
    ['that nobody has seen', [cancel], 'cancelled'],
    ['that waits', [{ type: 'held-back' }, cancel], 'cancelled'],
    ['that runs', [requested, cancel], 'running'],
    ['that runs and whose worker died', [requested, cancel, LEASE_MILLISECONDS, requested], 'cancelled'],
    ['that was done before the worker saw it', [requested, cancel, ended(1)], 'succeeded'],
  ] as const)('a cancellation of a job %s', (_, events, status) => {
    expect(after(...events)?.status).toBe(status);
  });

  test('a worker that gives its job back leaves no lease', () => {
    const back: JobEvent = { type: 'given-back', attempt: 1, failed: true };
    expect(after(requested, back, requested)).toMatchObject({ attempt: 2, failures: 1 });
  });

  test('a job that kills each of its workers ends', () => {
    const deaths = Array.from({ length: MAX_ATTEMPTS + 1 }, () => [requested, LEASE_MILLISECONDS]).flat();
    expect(after(...deaths)).toMatchObject({ status: 'failed', attempt: MAX_ATTEMPTS });
  });

  describe('a deadline that is over', () => {
    const overdue: JobEvent = { type: 'overdue' };
    const answered: JobEvent = { type: 'answered', attempt: 1 };
    const decided = (...events: readonly (JobEvent | number)[]) => {
      const passed = events.filter((event) => typeof event === 'number').reduce((sum, one) => sum + one, 0);
      const decision = decide(after(...events), overdue, START + passed);
      return decision.kind === 'change' ? [decision.to.status, decision.error?.code] : [decision.kind];
    };

    test.each<[string, readonly (JobEvent | number)[], readonly unknown[]]>([
      [
        'its turn never came',
        [{ type: 'held-back' }, QUEUED_DEADLINE_MILLISECONDS],
        ['timed-out', 'DEADLINE_OVER'],
      ],
      ['its worker died', [requested, RUNNING_DEADLINE_MILLISECONDS], ['failed', 'WORKER_LOST']],
      ['it is not over yet', [requested, RUNNING_DEADLINE_MILLISECONDS - 1], ['ignore']],
      [
        'it was to stop, and its worker died',
        [requested, cancel, RUNNING_DEADLINE_MILLISECONDS],
        ['cancelled', 'CANCELLED'],
      ],
      ['its answer is on its way', [requested, answered, RESULT_DEADLINE_MILLISECONDS - 1], ['ignore']],
      [
        'its answer never came',
        [requested, answered, RESULT_DEADLINE_MILLISECONDS],
        ['failed', 'RESULT_LOST'],
      ],
      [
        'it was begun again after an answer',
        [requested, answered, LEASE_MILLISECONDS, requested, RUNNING_DEADLINE_MILLISECONDS],
        ['failed', 'WORKER_LOST'],
      ],
    ])('%s', (_, events, expected) => {
      expect(decided(...events)).toEqual(expected);
    });

    test('a model is stopped before the job of a worker that lives is overdue', () => {
      expect(MODEL_TIME_LIMIT_MILLISECONDS).toBeLessThan(RUNNING_DEADLINE_MILLISECONDS / 2 + 1);
    });

    test('an answer that comes after twenty minutes is not lost', () => {
      const late = RUNNING_DEADLINE_MILLISECONDS + 1;
      expect(after(requested, answered, late, overdue, ended(1))).toMatchObject({ status: 'succeeded' });
    });
  });
});

const anyEvent: fc.Arbitrary<JobEvent> = fc.oneof(
  fc.constant(requested),
  fc.constant<JobEvent>({ type: 'held-back' }),
  fc.constant<JobEvent>({ type: 'refused' }),
  fc.constant(cancel),
  fc.constant<JobEvent>({ type: 'overdue' }),
  fc.record({
    type: fc.constant('progress' as const),
    attempt: fc.integer({ min: 1, max: 4 }),
    progress: fc.integer({ min: 0, max: 100 }),
  }),
  fc.record({
    type: fc.constant('given-back' as const),
    attempt: fc.integer({ min: 1, max: 4 }),
    failed: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('answered' as const),
    attempt: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({
    type: fc.constant('ended' as const),
    attempt: fc.integer({ min: 1, max: 4 }),
    outcome: fc.constantFrom('succeeded', 'failed', 'cancelled', 'timed-out'),
  }),
);
/** Any order, any repetition, and any time between. */
const anyHistory = fc.array(fc.tuple(anyEvent, fc.constantFrom(0, 1_000, LEASE_MILLISECONDS, 1_300_000)), {
  maxLength: 40,
});

describe('any interleaving of messages, with any repetition', () => {
  test('one end that never changes, progress and attempts that never go back, places that never drift', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        let state: JobState | undefined;
        let now = START;
        let places = 0;
        let ends = 0;
        for (const [event, later] of history) {
          now += later;
          const decision = decide(state, event, now);
          if (decision.kind !== 'change') continue;
          const { to } = decision;
          expect(state === undefined || !hasEnded(state.status)).toBe(true);
          expect(to.progress).toBeGreaterThanOrEqual(state?.progress ?? 0);
          expect(to.attempt).toBeGreaterThanOrEqual(state?.attempt ?? 0);
          expect(to.status === 'queued' && state?.status === 'running').toBe(false);
          if (event.type === 'ended' && event.outcome !== 'succeeded')
            expect(event.attempt).toBeGreaterThanOrEqual(state?.attempt ?? 0);
          places += decision.places;
          if (hasEnded(to.status)) ends += 1;
          state = to;
          // What the tenant's count says is how many of its jobs run.
          expect(places).toBe(state.status === 'running' ? 1 : 0);
        }
        expect(ends).toBe(state !== undefined && hasEnded(state.status) ? 1 : 0);
      }),
      { numRuns: 500 },
    );
  });
});
