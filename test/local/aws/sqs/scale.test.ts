/** Limits of quantity: the most messages in flight, and speed with a large backlog. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { MAXIMUM_IN_FLIGHT } from '../../../../local/aws/sqs/limits.ts';
import type { Message } from '../../../../local/aws/sqs/index.ts';
import { sqsInProcess } from './in-process.ts';

describe('messages in flight', () => {
  /** More than can be in flight: the rest waits. */
  const WAITING = 2;

  async function fillInFlight(name: string) {
    const aws = sqsInProcess();
    const jobs = await aws.queue(name, { VisibilityTimeout: '600' });
    for (let index = 0; index < MAXIMUM_IN_FLIGHT + WAITING; index++) {
      aws.sqs.deliverToQueue(jobs.arn, {
        body: 'x',
        ...(name.endsWith('.fifo') && { messageGroupId: `g${index}`, messageDeduplicationId: `d${index}` }),
      });
    }
    let taken: readonly Message[] = [];
    for (let count = 0; count < MAXIMUM_IN_FLIGHT; count += taken.length) {
      taken = await aws.sqs.receiveMessage(jobs.arn, { MaxNumberOfMessages: 10 });
    }
    return { ...aws, jobs, taken };
  }

  test('the limit is 120,000', () => {
    expect(MAXIMUM_IN_FLIGHT).toBe(120_000);
  });

  describe('of a standard queue', () => {
    let full: Awaited<ReturnType<typeof fillInFlight>>;
    beforeAll(async () => {
      full = await fillInFlight('jobs');
    });

    test('at the limit it refuses a short poll and lets a long poll wait', async () => {
      const { clock, jobs } = full;
      const { visible } = jobs.counts();

      expect(await jobs.refusal('ReceiveMessage')).toBe('OverLimit');
      const waiting = jobs.receive({ WaitTimeSeconds: 20 });
      await clock.advance(20_000);

      expect(await waiting).toEqual([]);
      expect(jobs.counts()).toEqual({ visible, inFlight: MAXIMUM_IN_FLIGHT, delayed: 0 });
    });

    test('a delete makes room, and wakes a receive that waits', async () => {
      const { clock, jobs, taken } = full;
      const waiting = jobs.receive({ WaitTimeSeconds: 20 });
      await clock.advance(0);

      await jobs.delete(taken[0]);

      expect(await waiting).toHaveLength(1);
    });
  });

  test('at the limit a FIFO queue answers empty', async () => {
    const { jobs } = await fillInFlight('jobs.fifo');

    expect(jobs.counts()).toMatchObject({ inFlight: MAXIMUM_IN_FLIGHT });
    expect(await jobs.receive()).toEqual([]);
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
