/** D8: the tenant as group id of a standard queue keeps one tenant's burst from holding up the others. */
import { expect, test } from '@jest/globals';
import { sqsInProcess } from '../../../local/aws/sqs/in-process.ts';

/** Messages in work at a time, each for a second: sixty a second. */
const PLACES = 60;
const WORK_MILLISECONDS = 1_000;
const NOISY_BURST = 3_000;
const QUIET_TENANTS = 9;
const SECONDS = 120;

interface Dwell {
  /** Milliseconds from a message's send to its receive, the mean. */
  readonly quiet: number;
  readonly noisy: number;
  readonly quietHandled: number;
}

/** A tenant sends as much at once as takes the consumer fifty seconds; nine others send one message a second each. */
async function dwellTimes(withGroups: boolean): Promise<Dwell> {
  const { clock, queue } = sqsInProcess();
  const jobs = await queue('jobs', { VisibilityTimeout: '600' });
  const send = (tenant: string) =>
    jobs.send(`${tenant} ${clock.now()}`, withGroups ? { MessageGroupId: tenant } : {});
  const dwell = { quiet: [] as number[], noisy: [] as number[] };
  const inWork: { readonly until: number; readonly end: () => Promise<unknown> }[] = [];

  for (let index = 0; index < NOISY_BURST; index += 1) await send('noisy');
  for (let tick = 0; tick < SECONDS * 4; tick += 1) {
    // Between two moments at which places become free.
    if (tick % 4 === 1) for (let one = 0; one < QUIET_TENANTS; one += 1) await send(`quiet-${one}`);
    while (inWork[0] !== undefined && inWork[0].until <= clock.now()) await inWork.shift()!.end();
    while (inWork.length < PLACES) {
      const received = await jobs.receive({ MaxNumberOfMessages: Math.min(10, PLACES - inWork.length) });
      if (received.length === 0) break;
      for (const message of received) {
        const [tenant = '', sentAt] = message.Body.split(' ');
        dwell[tenant === 'noisy' ? 'noisy' : 'quiet'].push(clock.now() - Number(sentAt));
        inWork.push({ until: clock.now() + WORK_MILLISECONDS, end: () => jobs.delete(message) });
      }
    }
    await clock.advance(250);
  }
  const mean = (times: readonly number[]): number =>
    times.reduce((sum, time) => sum + time, 0) / Math.max(1, times.length);
  return { quiet: mean(dwell.quiet), noisy: mean(dwell.noisy), quietHandled: dwell.quiet.length };
}

test('quiet tenants wait a small part of what they would without groups; the noisy one uses all that they leave', async () => {
  const fair = await dwellTimes(true);
  const unfair = await dwellTimes(false);

  // Without groups all wait until the burst is worked off; with them only until a place is free.
  expect(fair.quietHandled).toBeGreaterThanOrEqual(QUIET_TENANTS * (SECONDS - 1));
  expect(fair.quiet).toBeLessThan(1_000);
  expect(unfair.quiet / fair.quiet).toBeGreaterThan(10);
  expect(fair.noisy).toBeLessThan(1.5 * unfair.noisy);
});
