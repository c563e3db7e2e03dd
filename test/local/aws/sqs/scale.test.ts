// Limits of quantity: the most messages in flight, and speed with a large backlog.

import { expect, test } from '@jest/globals';
import { sqsInProcess } from './in-process.ts';

const MOST_IN_FLIGHT = 120_000;

async function fillInFlight(name: string) {
  const aws = sqsInProcess();
  const jobs = await aws.queue(name, { VisibilityTimeout: '600' });
  const fifo = name.endsWith('.fifo');
  for (let index = 0; index <= MOST_IN_FLIGHT; index++) {
    const groups = fifo ? { messageGroupId: `g${index}`, messageDeduplicationId: `d${index}` } : {};
    aws.sqs.deliverToQueue(jobs.arn, { body: 'x', ...groups });
  }
  for (let index = 0; index < MOST_IN_FLIGHT / 10; index++) {
    await aws.sqs.receiveMessage(jobs.arn, { MaxNumberOfMessages: 10 });
  }
  return { ...aws, jobs };
}

test('a standard queue with 120,000 messages in flight refuses a short poll and lets a long poll wait', async () => {
  const { clock, jobs } = await fillInFlight('jobs');

  expect(await jobs.refusal('ReceiveMessage')).toBe('OverLimit');
  const waiting = jobs.receive({ WaitTimeSeconds: 20 });
  await clock.advance(20_000);

  expect(await waiting).toEqual([]);
  expect(jobs.counts()).toEqual({ visible: 1, inFlight: MOST_IN_FLIGHT, delayed: 0 });
});

test('a FIFO queue with 120,000 messages in flight answers empty', async () => {
  const { jobs } = await fillInFlight('jobs.fifo');

  expect(await jobs.receive()).toEqual([]);
});

test.each(['jobs', 'jobs.fifo'])('a backlog of fifty thousand does not make %s slow', async (name) => {
  const { queue, sqs } = sqsInProcess();
  const jobs = await queue(name);
  const deliver = (index: number) =>
    sqs.deliverToQueue(jobs.arn, {
      body: 'x',
      messageGroupId: `g${index % 1000}`,
      ...(name.endsWith('.fifo') && { messageDeduplicationId: `d${index}` }),
    });
  const drain = async (receives: number) => {
    const start = performance.now();
    for (let index = 0; index < receives; index++) {
      for (const { ReceiptHandle } of await sqs.receiveMessage(jobs.arn, { MaxNumberOfMessages: 10 })) {
        sqs.deleteMessage(jobs.arn, ReceiptHandle);
      }
    }
    return performance.now() - start;
  };
  for (let index = 0; index < 1000; index++) deliver(index);
  await drain(250);
  const small = await drain(200);

  for (let index = 1000; index < 50_000; index++) deliver(index);
  const large = await drain(50);

  // Linear work per receive would make this a factor of 500.
  expect(large).toBeLessThan(small * 20 + 50);
});
