/** When a run that is not quiet is given up: after a while without progress, not after a while. */
import { expect, test } from '@jest/globals';
import type { Consumer } from '../../../local/run/consumers.ts';
import type { LocalRun } from '../../../local/run/local-run.ts';
import { waitForQuiet } from '../../../local/run/quiet.ts';

const AWS = {
  context: { region: 'us-east-1' },
  services: {
    lambda: { busy: () => 0, waiting: () => 0 },
    sqs: { counts: () => ({ visible: 1, inFlight: 0, delayed: 0 }) },
  },
};
const RUN = { aws: AWS, clock: { skipToNext: () => false } } as unknown as LocalRun;

test('time begins anew with all that is done, and ends when nothing is', async () => {
  let looks = 0;
  const { quiet, waitingFor } = await waitForQuiet(RUN, [], {
    timeoutMs: 200,
    progress: () => Math.min(looks, 30),
    activity: async () => {
      looks += 1;
      return { running: ['a machine that is busy'], waiting: [] };
    },
  });

  expect({ quiet, waitingFor }).toEqual({ quiet: false, waitingFor: ['a machine that is busy'] });
  // 30 looks, 20 ms or more apart, are 600 ms.
  expect(looks).toBeGreaterThan(30);
});

test('is quiet when nothing runs and nothing waits', async () => {
  const options = { timeoutMs: 10_000, activity: async () => ({ running: [], waiting: [] }) };

  expect(await waitForQuiet(RUN, [], options)).toEqual({ quiet: true, waitingFor: [] });
});

test('the clock jumps when readers of streams stand still, and not while they read', async () => {
  let left = 10;
  let jumpedAt: number | undefined;
  const skipToNext = (): boolean => {
    jumpedAt ??= left;
    left = 0;
    return false;
  };
  const run = { aws: AWS, clock: { skipToNext } } as unknown as LocalRun;
  const { quiet } = await waitForQuiet(run, [], {
    timeoutMs: 60_000,
    readersStandStillMs: 500,
    activity: async () => {
      left = Math.max(left - 1, Math.min(left, 4));
      return { running: [], waiting: [], reading: left > 0 ? [`${left} records`] : [] };
    },
  });

  expect(quiet).toBe(true);
  expect(jumpedAt).toBe(4);
});

test('what the queues of a region that was left still hold is not waited for', async () => {
  const consumerIn = (region: string): Consumer => ({
    name: 'books',
    queueArn: `arn:aws:sqs:${region}:000000000000:books`,
    deadLetterQueueArn: undefined,
    carriesEvents: true,
  });
  const options = { timeoutMs: 200, activity: async () => ({ running: [], waiting: [] }) };

  expect(await waitForQuiet(RUN, [consumerIn('us-west-2')], options)).toMatchObject({ quiet: true });
  expect(await waitForQuiet(RUN, [consumerIn('us-east-1')], options)).toEqual({
    quiet: false,
    waitingFor: ['books: 1 visible'],
  });
});
