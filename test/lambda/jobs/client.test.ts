/** The client of the queues over the wire. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { claimCheckWith, memoryClaimStore } from '../../../lambda/runtime/claim-check/index.ts';
import { createJobsClient } from '../../../lambda/jobs/client/index.ts';
import type { JobsClient } from '../../../lambda/jobs/client/index.ts';
import { jobId, jobsUnderTest } from './support.ts';
import type { JobsUnderTest } from './support.ts';

let jobs: JobsUnderTest;
let client: JobsClient;
let requestQueueUrl: string;

beforeAll(async () => {
  jobs = await jobsUnderTest();
  requestQueueUrl = (await jobs.queue('requests')).url;
  const responseQueueUrl = (await jobs.queue('responses')).url;
  client = createJobsClient({ requestQueueUrl, responseQueueUrl, client: jobs.sqs });
});

afterAll(async () => {
  await jobs.close();
});

test('a job is sent, received, counted and deleted', async () => {
  const job = { tenantId: 'acme', userId: 'usr_1', model: 'echo-small', prompt: 'Say hello.' } as const;
  const sent = await client.sendAIJobRequest(job);
  expect(await client.getQueueMessageCount('request')).toBe(1);

  const [message] = await client.receiveMessages('request', { visibilityTimeout: 60 });
  expect(message).toMatchObject({
    receiveCount: 1,
    event: { eventId: sent.eventId, tenantId: 'acme', data: { jobId: sent.jobId, prompt: 'Say hello.' } },
  });
  expect(await client.getQueueAttributes('request')).toMatchObject({ visible: 0, inFlight: 1 });
  await client.deleteMessage('request', message!.receiptHandle);
  expect(await client.getQueueMessageCount('request')).toBe(0);
});

test('a result is sent and received with its type', async () => {
  const at = '2026-11-21T09:30:00.000Z';
  await client.sendAIJobResult({
    tenantId: 'acme',
    jobId: jobId('a', 'one'),
    userId: 'usr_1',
    attempt: 1,
    outcome: 'succeeded',
    result: { text: 'Hello.', finishReason: 'stop' },
    startedAt: at,
    endedAt: at,
  });
  const [message] = await client.receiveMessages('response');
  expect(message?.event?.data.result?.text).toBe('Hello.');
});

test('a result that is too large for a message goes by a claim check, and says so to who has no bucket', async () => {
  const responseQueueUrl = (await jobs.queue('large-responses')).url;
  const claimCheck = claimCheckWith(memoryClaimStore());
  const large = createJobsClient({ requestQueueUrl, responseQueueUrl, client: jobs.sqs, claimCheck });
  const at = '2026-11-21T09:30:00.000Z';
  const text = 'x'.repeat(1_200_000);
  await large.sendAIJobResult({
    tenantId: 'acme',
    jobId: jobId('a', 'large'),
    userId: 'usr_1',
    attempt: 1,
    outcome: 'succeeded',
    result: { text, finishReason: 'stop' },
    startedAt: at,
    endedAt: at,
  });

  const without = createJobsClient({ requestQueueUrl, responseQueueUrl, client: jobs.sqs });
  const [unread] = await without.receiveMessages('response', { visibilityTimeout: 0 });
  expect(unread).toMatchObject({ event: undefined, unreadable: 'WAYBILL_CLAIM_CHECK_MISSING' });
  const [message] = await large.receiveMessages('response');
  expect(message?.event?.data.result?.text).toBe(text);
});

test('what is no event is given with its reason, and stays', async () => {
  await jobs.sqs.send(new SendMessageCommand({ QueueUrl: requestQueueUrl, MessageBody: 'noise' }));
  const [message] = await client.receiveMessages('request');
  expect(message).toMatchObject({ event: undefined, unreadable: expect.stringMatching(/^WAYBILL_/) });
  expect(await client.getQueueMessageCount('request')).toBe(1);
});

test('a job that is not valid is not sent', async () => {
  const job = { tenantId: 'acme', userId: 'usr_1', model: 'echo-small', prompt: '' } as const;
  await expect(client.sendAIJobRequest(job)).rejects.toMatchObject({ code: 'WAYBILL_EVENT_DATA_INVALID' });
});

test('without a URL the variable is named', async () => {
  const unset = createJobsClient({ client: jobs.sqs });
  await expect(unset.getQueueMessageCount('request')).rejects.toThrow('AI_JOB_REQUEST_QUEUE_URL is not set');
});
