import { expect, test } from '@jest/globals';
import { manualClock } from '../../../local/aws/clock.ts';

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
