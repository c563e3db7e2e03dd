/** The scheduler's decisions, row by row of its table. */
import { describe, expect, test } from '@jest/globals';
import { decide, restartWait } from '../../../../local/aws/ecs/schedule.ts';
import type { ScheduledTask } from '../../../../local/aws/ecs/schedule.ts';

const task = (arn: string, values: Partial<ScheduledTask> = {}): ScheduledTask => ({
  arn,
  status: 'RUNNING',
  current: true,
  serves: true,
  unhealthy: false,
  ...values,
});
const wanted = { desiredCount: 2, startsBeforeItStops: true, mayStart: true };
const stopped = (decision: ReturnType<typeof decide>) => decision.stop.map(({ arn }) => arn);

describe('decide', () => {
  test('what is wanted and serves is steady', () => {
    expect(decide(wanted, [task('a'), task('b')])).toEqual({ start: 0, stop: [], steady: true });
  });

  test('what is missing starts, unless it has to wait', () => {
    expect(decide(wanted, [task('a', { status: 'STOPPING' }), task('b')])).toMatchObject({
      start: 1,
      steady: false,
    });
    expect(decide({ ...wanted, mayStart: false }, []).start).toBe(0);
  });

  test('the newest is too many', () => {
    const decision = decide({ ...wanted, desiredCount: 1 }, [task('a'), task('b')]);
    expect(stopped(decision)).toEqual(['b']);
    expect(decision.steady).toBe(false);
  });

  test('a task that does not serve yet is not steady, and an unhealthy one is replaced', () => {
    const one = { ...wanted, desiredCount: 1 };
    expect(decide(one, [task('a', { serves: false })])).toEqual({ start: 0, stop: [], steady: false });
    const decision = decide(one, [task('a', { serves: false, unhealthy: true })]);
    expect(stopped(decision)).toEqual(['a']);
    expect(decision.start).toBe(1);
  });

  test('a deployment that may have more tasks stops the old ones when the new ones serve', () => {
    const old = [task('a', { current: false }), task('b', { current: false })];
    expect(decide(wanted, old)).toMatchObject({ start: 2, stop: [] });
    const half = [...old, task('c'), task('d', { serves: false })];
    expect(decide(wanted, half)).toMatchObject({ start: 0, stop: [] });
    expect(stopped(decide(wanted, [...old, task('c'), task('d')]))).toEqual(['a', 'b']);
  });

  test('a deployment that may not have more waits for the end of the old ones', () => {
    const stopsFirst = { ...wanted, startsBeforeItStops: false };
    const decision = decide(stopsFirst, [task('a', { current: false })]);
    expect(decision.start).toBe(0);
    expect(stopped(decision)).toEqual(['a']);
    expect(decide(stopsFirst, [task('a', { current: false, status: 'STOPPING' })]).start).toBe(0);
    expect(decide(stopsFirst, []).start).toBe(2);
  });
});

test('the first task that dies is replaced at once, the next ones later and later, up to half a minute', () => {
  expect([1, 2, 3, 4, 20].map(restartWait)).toEqual([0, 1_000, 2_000, 4_000, 30_000]);
});
