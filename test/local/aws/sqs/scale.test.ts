/** Limits of quantity: the most messages in flight, and speed with a large backlog. */
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import * as limits from '../../../../local/aws/sqs/limits.ts';
import type * as InProcess from './in-process.ts';

/** The real limit takes seconds to reach, so these tests lower it. */
const MOST_IN_FLIGHT = 20;

let sqsInProcess: typeof InProcess.sqsInProcess;
beforeAll(async () => {
  jest.unstable_mockModule('../../../../local/aws/sqs/limits.ts', () => ({
    ...limits,
    MAXIMUM_IN_FLIGHT: MOST_IN_FLIGHT,
  }));
  ({ sqsInProcess } = await import('./in-process.ts'));
});

describe('messages in flight', () => {
  async function fillInFlight(name: string) {
    const aws = sqsInProcess();
    const jobs = await aws.queue(name, { VisibilityTimeout: '600' });
    for (let index = 0; index <= MOST_IN_FLIGHT; index++) {
      if (name.endsWith('.fifo')) await jobs.sendTo(`g${index}`, 'x');
      else await jobs.send('x');
    }
    const taken = [...(await jobs.receive()), ...(await jobs.receive())];
    return { ...aws, jobs, taken };
  }

  test('the limit is 120,000', () => {
    expect(limits.MAXIMUM_IN_FLIGHT).toBe(120_000);
  });

  test('at the limit a standard queue refuses a short poll and lets a long poll wait', async () => {
    const { clock, jobs } = await fillInFlight('jobs');

    expect(await jobs.refusal('ReceiveMessage')).toBe('OverLimit');
    const waiting = jobs.receive({ WaitTimeSeconds: 20 });
    await clock.advance(20_000);

    expect(await waiting).toEqual([]);
    expect(jobs.counts()).toEqual({ visible: 1, inFlight: MOST_IN_FLIGHT, delayed: 0 });
  });

  test('at the limit a FIFO queue answers empty', async () => {
    const { jobs } = await fillInFlight('jobs.fifo');

    expect(await jobs.receive()).toEqual([]);
  });

  test('a delete makes room, and wakes a receive that waits', async () => {
    const { clock, jobs, taken } = await fillInFlight('jobs');
    const waiting = jobs.receive({ WaitTimeSeconds: 20 });
    await clock.advance(0);

    await jobs.delete(taken[0]);

    expect(await waiting).toHaveLength(1);
  });
});

test.each(['jobs', 'jobs.fifo'])('a backlog of twenty thousand does not make %s slow', async (name) => {
  const { queue, sqs } = sqsInProcess();
  const jobs = await queue(name);
  const deliver = (index: number) =>
    sqs.deliverToQueue(jobs.arn, {
      body: 'x',
      messageGroupId: `g${index % 1000}`,
      ...(name.endsWith('.fifo') && { messageDeduplicationId: `d${index}` }),
    });
  const drainOne = async () => {
    const start = performance.now();
    for (const { ReceiptHandle } of await sqs.receiveMessage(jobs.arn, { MaxNumberOfMessages: 10 })) {
      sqs.deleteMessage(jobs.arn, ReceiptHandle);
    }
    return performance.now() - start;
  };
  /** The fastest of many: what the work itself takes, on a machine that does other things too. */
  const fastest = async () => {
    let best = Infinity;
    for (let round = 0; round < 60; round++) best = Math.min(best, await drainOne());
    return best;
  };
  for (let index = 0; index < 700; index++) deliver(index);
  const small = await fastest();

  for (let index = 700; index < 20_000; index++) deliver(index);
  const large = await fastest();

  // Linear work per receive would make this a factor of 28.
  expect(large).toBeLessThan(small * 8);
});
