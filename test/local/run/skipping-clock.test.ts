import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { skippingClock } from '../../../local/run/skipping-clock.ts';

test('a timer fires by itself when nobody jumps', async () => {
  const clock = skippingClock();
  const fired: string[] = [];
  clock.setTimeout(() => fired.push('soon'), 5);

  await delay(30);

  expect(fired).toEqual(['soon']);
  expect(clock.skipped()).toBe(0);
});

test('jumps to what is due next, in order of due time, and moves the time with it', () => {
  const clock = skippingClock();
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
  const clock = skippingClock();
  const fired: string[] = [];
  clock.setTimeout(() => fired.push('first'), 60_000);
  clock.setTimeout(() => fired.push('second'), 60_010);

  clock.skipToNext(Infinity);
  await delay(40);

  expect(fired).toEqual(['first', 'second']);
});

test('a cleared timer never fires', () => {
  const clock = skippingClock();
  const fired: string[] = [];
  clock.clearTimeout(clock.setTimeout(() => fired.push('no'), 10));

  expect(clock.skipToNext(Infinity)).toBe(false);
  expect(fired).toEqual([]);
});
