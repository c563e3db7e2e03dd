import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { controllableClock, manualClock } from '../../../local/aws/clock.ts';
import { until } from '../../support/waiting.ts';

test('a manual clock stands still, then fires timers in order of their due time', async () => {
  const clock = manualClock(1000);
  const fired: string[] = [];
  clock.setTimeout(() => fired.push(`second at ${clock.now()}`), 20);
  clock.setTimeout(() => fired.push(`first at ${clock.now()}`), 10);
  clock.setTimeout(() => fired.push('never'), 31);
  clock.clearTimeout(clock.setTimeout(() => fired.push('cleared'), 5));

  await clock.advance(30);

  expect(fired).toEqual(['first at 1010', 'second at 1020']);
  expect(clock.now()).toBe(1030);
});

test('a timer that is set after an await within the same advance is fired too', async () => {
  const clock = manualClock(0);
  const fired: number[] = [];
  const loop = async (): Promise<void> => {
    for (let round = 0; round < 3; round++) {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 10));
      fired.push(clock.now());
    }
  };
  const done = loop();

  await clock.advance(30);
  await done;

  expect(fired).toEqual([10, 20, 30]);
});

test('a timer fires by itself when nobody jumps', async () => {
  const clock = controllableClock();
  const fired: string[] = [];
  clock.setTimeout(() => fired.push('soon'), 5);

  await delay(30);

  expect(fired).toEqual(['soon']);
  expect(clock.skipped()).toBe(0);
});

test('jumps to what is due next, in order of due time, and moves the time with it', () => {
  const clock = controllableClock();
  const start = clock.now();
  const fired: string[] = [];
  clock.setTimeout(() => fired.push('hour'), 3_600_000);
  clock.setTimeout(() => fired.push('minute'), 60_000);

  expect(clock.skipToNext(120_000)).toBe(true);
  expect(fired).toEqual(['minute']);
  expect(clock.now() - start).toBeGreaterThanOrEqual(60_000);
  expect(clock.skipToNext(120_000)).toBe(false);
  expect(clock.skipToNext(7_200_000)).toBe(true);
  expect(fired).toEqual(['minute', 'hour']);
});

test('a timer that was armed before a jump keeps its due time', async () => {
  const clock = controllableClock();
  const fired: string[] = [];
  clock.setTimeout(() => fired.push('first'), 60_000);
  clock.setTimeout(() => fired.push('second'), 60_010);

  clock.skipToNext(Infinity);
  await delay(40);

  expect(fired).toEqual(['first', 'second']);
});

test('a cleared timer never fires', () => {
  const clock = controllableClock();
  const fired: string[] = [];
  clock.clearTimeout(clock.setTimeout(() => fired.push('no'), 10));

  expect(clock.skipToNext(Infinity)).toBe(false);
  expect(fired).toEqual([]);
});

test('a frozen clock stands still and fires nothing by itself; resumed, it goes on from where it stood', async () => {
  const clock = controllableClock(1_000);
  const fired: string[] = [];
  clock.setTimeout(() => fired.push('timer'), 20);
  clock.freeze();
  const stopped = clock.now();

  await delay(40);
  expect(fired).toEqual([]);
  expect(clock.now()).toBe(stopped);

  const resumed = performance.now();
  clock.resume();
  const wentOn = clock.now() - stopped;
  expect(wentOn).toBeLessThanOrEqual(performance.now() - resumed + 2);
  await delay(40);
  expect(fired).toEqual(['timer']);
});

test('a running clock that is advanced fires what falls due and keeps running', async () => {
  const clock = controllableClock();
  const fired: string[] = [];
  clock.setTimeout(() => fired.push('hour'), 3_600_000);
  clock.setTimeout(() => fired.push('soon after'), 3_600_100);
  clock.setTimeout(() => fired.push('day'), 86_400_000);

  await clock.advance(3_600_000);
  expect(fired).toContain('hour');

  await until(() => fired.length > 1);
  expect(fired).toEqual(['hour', 'soon after']);
});
