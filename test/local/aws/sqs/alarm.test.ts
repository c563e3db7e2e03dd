import { expect, test } from '@jest/globals';
import { manualClock } from '../../../../local/aws/clock.ts';
import { createAlarm } from '../../../../local/aws/sqs/alarm.ts';

test('an alarm that is moved or switched off does not ring at its earlier time', async () => {
  const clock = manualClock(0);
  const rings: number[] = [];
  const alarm = createAlarm(clock, () => rings.push(clock.now()));

  alarm.setFor(10);
  alarm.setFor(20);
  await clock.advance(30);
  alarm.setFor(40);
  alarm.setFor(undefined);
  await clock.advance(30);

  expect(rings).toEqual([20]);
});
