/** The worker and the taker of results over the wire: a table, a queue and a bucket of the embedded AWS. */
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AIJobEnded, AIJobRequested } from '../../../catalog/jobs/index.ts';
import type { JobResult } from '../../../catalog/jobs/index.ts';
import { createEnvelope, decode, parseEnvelope } from '../../../lib/contracts/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import type { JobKey } from '../../../lambda/jobs/job-row.ts';
import {
  LEASE_MILLISECONDS,
  LIMIT_WAIT,
  MAX_REQUEST_RECEIVES,
  RESULT_DEADLINE_MILLISECONDS,
  RUNNING_DEADLINE_MILLISECONDS,
} from '../../../lambda/jobs/limits.ts';
import { echoModel } from '../../../lambda/jobs/models/echo.ts';
import { ModelError } from '../../../lambda/jobs/models/model-provider.ts';
import type { ModelProvider } from '../../../lambda/jobs/models/model-provider.ts';
import { takeResult } from '../../../lambda/jobs/take-result.ts';
import { waitsForPlace } from '../../../lambda/jobs/worker/job-waits.ts';
import { runJob } from '../../../lambda/jobs/worker/run-job.ts';
import type { JobWorker } from '../../../lambda/jobs/worker/run-job.ts';
import { capturedLog } from '../runtime/fixtures.ts';
import { jobId, jobsUnderTest } from './support.ts';
import type { JobsUnderTest } from './support.ts';
import { until } from '../../support/waiting.ts';

let jobs: JobsUnderTest;

beforeAll(async () => {
  jobs = await jobsUnderTest();
});

afterAll(async () => {
  await jobs.close();
});

type Ended = EnvelopeOf<typeof AIJobEnded>;

/** A tenant of the test's own, and what was told to the response queue. */
function given(
  tenantId: string,
  model: ModelProvider = echoModel({ step: 1 }),
  more: Partial<JobWorker> = {},
) {
  const told: Ended[] = [];
  const { logger, lines } = capturedLog();
  const worker: JobWorker = {
    store: jobs.store,
    model,
    publisher: {
      publish: (event) => {
        told.push(event as Ended);
        return Promise.resolve();
      },
    },
    times: { beat: 5 },
    ...more,
  };
  const request = (name: string, prompt: string, parameters?: { maxTokens: number }) =>
    createEnvelope(AIJobRequested, {
      tenantId,
      data: {
        jobId: jobId('a', name),
        userId: 'usr_1',
        model: 'echo-small',
        prompt,
        ...(parameters && { parameters }),
      },
    });
  const context = { signal: new AbortController().signal, logger, receiveCount: 1, traceparent: '' };
  return {
    told,
    lines,
    context,
    worker,
    request,
    key: (name: string): JobKey => ({ tenantId, jobId: jobId('a', name) }),
    run: (event: ReturnType<typeof request>, signal?: AbortSignal) =>
      runJob(worker, event, signal === undefined ? context : { ...context, signal }),
    runAtReceive: (receiveCount: number, event: ReturnType<typeof request>) =>
      runJob(worker, event, { ...context, receiveCount }),
    take: (event: Ended) => takeResult(jobs, event, context),
  };
}

/** Never answers until it is aborted. */
const stuck: ModelProvider = {
  run: (_, { signal, onProgress }) =>
    new Promise<JobResult>((_resolve, reject) => {
      onProgress(30);
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    }),
};

describe('a job that goes well', () => {
  test('runs once, tells its result, and has one end although both messages come twice', async () => {
    const { run, request, told, take, key } = given('well');
    const event = request('one', 'Say hello.');
    await run(event);
    expect(await jobs.store.read(key('one'))).toMatchObject({ status: 'running', attempt: 1 });
    expect(told).toHaveLength(1);
    await take(told[0]!);
    await take(told[0]!);
    await run(event);

    expect(told).toHaveLength(1);
    expect(await jobs.store.read(key('one'))).toMatchObject({
      status: 'succeeded',
      result: { text: 'echo-small: Say hello.', finishReason: 'stop' },
      duplicates: 2,
    });
    expect(await jobs.running('well')).toBe(0);
  });

  test('is cut off after as many tokens as were asked for', async () => {
    const { run, request, told } = given('short');
    await run(request('one', 'a b c d', { maxTokens: 2 }));
    expect(told[0]?.data.result).toEqual({ text: 'echo-small: a', finishReason: 'length' });
  });

  test('a result of more than a megabyte is kept beside the row, and read back whole', async () => {
    const { run, request, told, take, key } = given('large');
    await run(request('one', 'Tell all of it. #large'));
    await take(told[0]!);
    const row = await jobs.store.read(key('one'));
    expect(row?.result).toBeUndefined();
    expect((await jobs.results.read(row!.resultClaim!))?.text).toBe(told[0]?.data.result?.text);
    expect(told[0]!.data.result!.text.length).toBeGreaterThan(1024 * 1024);
  });
});

describe('a job whose model fails', () => {
  test('is tried again, and may succeed', async () => {
    const { run, request, told } = given('once');
    const event = request('one', 'Try. #fail-once');
    // A failure of the message: it is received again, and that counts.
    await expect(run(event)).rejects.toMatchObject({ name: 'ModelError', cause: expect.any(ModelError) });
    await run(event);
    expect(told.map(({ data }) => [data.attempt, data.outcome])).toEqual([[2, 'succeeded']]);
  });

  test('at the last receive of its message, used up by workers that died, it waits instead', async () => {
    const { runAtReceive, request, told } = given('last');
    const event = request('one', 'Try. #fail-once');
    await expect(runAtReceive(MAX_REQUEST_RECEIVES, event)).rejects.toMatchObject({
      name: 'UnavailableError',
      cause: expect.any(ModelError),
    });
    await runAtReceive(1, event);
    expect(told.map(({ data }) => [data.attempt, data.outcome])).toEqual([[2, 'succeeded']]);
  });

  test('fails the third time, and tells why', async () => {
    const { run, request, told, take, key } = given('fails');
    const event = request('one', 'Try. #fail');
    await expect(run(event)).rejects.toThrow(ModelError);
    await expect(run(event)).rejects.toThrow(ModelError);
    await run(event);
    expect(told[0]?.data).toMatchObject({ attempt: 3, outcome: 'failed', error: { code: 'MODEL_FAILED' } });
    await take(told[0]!);
    expect(await jobs.store.read(key('one'))).toMatchObject({ status: 'failed', failures: 2 });
    expect(await jobs.running('fails')).toBe(0);
  });

  test('a refusal for good is not tried again', async () => {
    const refuses: ModelProvider = {
      run: () => Promise.reject(new ModelError('PROMPT_REFUSED', 'No.', { retryable: false })),
    };
    const { run, request, told } = given('refused', refuses);
    await run(request('one', 'x'));
    expect(told[0]?.data).toMatchObject({ attempt: 1, outcome: 'failed', error: { code: 'PROMPT_REFUSED' } });
  });

  test('an error that nobody knows is told by its name, not by its message', async () => {
    const throws: ModelProvider = { run: () => Promise.reject(new TypeError('secret text')) };
    const { run, request, told } = given('unknown', throws);
    const event = request('one', 'x');
    await expect(run(event)).rejects.toThrow();
    await expect(run(event)).rejects.toThrow();
    await run(event);
    expect(told[0]?.data.error).toEqual({ code: 'MODEL_FAILED', message: 'The model failed: TypeError.' });
  });

  test('what is no answer ends the job, and leaves its message to be looked at', async () => {
    const { run, request, told } = given('poison');
    await expect(run(request('one', 'x #poison'))).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'MODEL_ANSWER_INVALID',
    });
    expect(told[0]?.data).toMatchObject({ outcome: 'failed', error: { code: 'MODEL_ANSWER_INVALID' } });
  });

  test('a model that is too slow is aborted', async () => {
    const { run, request, told } = given('slow', stuck, { times: { beat: 5, limit: 30 } });
    await run(request('one', 'x'));
    expect(told[0]?.data).toMatchObject({ outcome: 'timed-out', error: { code: 'MODEL_TOO_SLOW' } });
  });
});

describe('what the worker needs is away', () => {
  test('the job waits, and its lease is given back', async () => {
    const throttled = Object.assign(new Error('busy'), { name: 'PublishError', retryable: true });
    const { run, request, key } = given('away', undefined, {
      publisher: { publish: () => Promise.reject(throttled) },
    });
    await expect(run(request('one', 'x'))).rejects.toMatchObject({ name: 'UnavailableError' });
    expect((await jobs.store.apply(key('one'), { type: 'requested' })).kind).toBe('changed');
  });

  test('a result waits too, for as long as the table is away', async () => {
    const { run, request, told, context } = given('no-table');
    await run(request('one', 'x'));
    const throttled = Object.assign(new Error('busy'), { name: 'ThrottlingException', status: 400 });
    const store = { ...jobs.store, apply: () => Promise.reject(throttled) };
    await expect(takeResult({ ...jobs, store }, told[0]!, context)).rejects.toMatchObject({
      name: 'UnavailableError',
      code: 'WAYBILL_JOB_WAITS',
    });
  });

  test('a mistake is no outage: it is counted, and ends in the dead-letter queue', async () => {
    const { run, request } = given('mistake', undefined, {
      publisher: { publish: () => Promise.reject(new RangeError('ours')) },
    });
    await expect(run(request('one', 'x'))).rejects.toThrow(RangeError);
  });
});

describe('cancellation', () => {
  test('of a running job aborts its model, and shows its progress until then', async () => {
    const { run, request, told, key } = given('stop', stuck);
    const running = run(request('one', 'x'));
    await until(async () => (await jobs.store.read(key('one')))?.progress === 30);
    await jobs.store.apply(key('one'), { type: 'cancel' });
    await running;
    expect(told.map(({ data }) => data.outcome)).toEqual(['cancelled']);
  });

  test('of a job that nobody has begun leaves its message nothing to do', async () => {
    const { run, request, told, key } = given('early');
    await jobs.store.apply(key('one'), { type: 'cancel' });
    await run(request('one', 'x'));
    expect(told).toEqual([]);
    expect(await jobs.store.read(key('one'))).toMatchObject({ status: 'cancelled', duplicates: 1 });
  });
});

describe('an answer', () => {
  test('that comes when its attempt is long over still counts, and when its job has ended is told apart', async () => {
    const { run, request, told, take, key, lines } = given('paid');
    await run(request('one', 'x'));
    jobs.skip(RUNNING_DEADLINE_MILLISECONDS + 1);
    const overdue = await jobs.store.apply(key('one'), { type: 'overdue' });
    expect(overdue).toMatchObject({ kind: 'ignored', because: 'not-due' });
    await take(told[0]!);
    expect(await jobs.store.read(key('one'))).toMatchObject({ status: 'succeeded' });

    await run(request('two', 'x'));
    jobs.skip(RESULT_DEADLINE_MILLISECONDS + 1);
    await jobs.store.apply(key('two'), { type: 'overdue' });
    await take(told[1]!);
    expect(await jobs.store.read(key('two'))).toMatchObject({
      status: 'failed',
      error: { code: 'RESULT_LOST' },
    });
    expect(lines.filter((line) => JSON.stringify(line).includes('"LateResults":1'))).toHaveLength(1);
  });

  test('is told although that it is on its way could not be noted', async () => {
    const store: JobWorker['store'] = {
      ...jobs.store,
      apply: (key, event, details) =>
        event.type === 'answered' ? Promise.reject(new Error('away')) : jobs.store.apply(key, event, details),
    };
    const { run, request, told } = given('unnoted', undefined, { store });
    await run(request('one', 'x'));
    expect(told[0]?.data).toMatchObject({ outcome: 'succeeded' });
  });
});

describe('the same idempotency key with another prompt', () => {
  test('is not carried out, and the owner of the job sees that it came', async () => {
    const { run, request, told, take, key, lines } = given('reused');
    await run(request('one', 'first'));
    await run(request('one', 'second'));
    await take(told[0]!);
    await run(request('one', 'second', { maxTokens: 3 }));
    await run(request('one', 'first'));
    expect(told).toHaveLength(1);
    expect(await jobs.store.read(key('one'))).toMatchObject({
      status: 'succeeded',
      result: { text: 'echo-small: first' },
      conflicts: 2,
      duplicates: 1,
    });
    expect(lines.filter((line) => JSON.stringify(line).includes('"Conflicts":1'))).toHaveLength(2);
  });

  test('neither where the first one waits for its turn', async () => {
    const { run, request, key, told } = given('reused-waiting');
    for (const name of ['1', '2', '3']) await jobs.store.apply(key(name), { type: 'requested' });
    await expect(run(request('one', 'first'))).rejects.toMatchObject({ name: 'UnavailableError' });
    await jobs.store.apply(key('1'), { type: 'ended', attempt: 1, outcome: 'failed' });
    await run(request('one', 'second'));
    expect(told).toEqual([]);
    await run(request('one', 'first'));
    expect(told[0]?.data.result?.text).toBe('echo-small: first');
  });
});

describe('a worker that dies', () => {
  test('leaves a job that the next one finishes, with one place and one end', async () => {
    const { run, request, told, take, key } = given('dies');
    const event = request('one', 'x');
    // It took the job, and was never heard of again.
    await jobs.store.apply(key('one'), { type: 'requested' });
    await expect(run(event)).rejects.toMatchObject({ name: 'UnavailableError', code: 'WAYBILL_JOB_WAITS' });
    jobs.skip(LEASE_MILLISECONDS);
    await run(event);
    expect(told[0]?.data).toMatchObject({ attempt: 2, outcome: 'succeeded' });

    // The dead one's result was on its way after all.
    const late = structuredClone(told[0]!) as { data: { attempt: number; outcome: string } };
    late.data = { ...late.data, attempt: 1, outcome: 'failed' };
    await take(late as unknown as Ended);
    expect(await jobs.store.read(key('one'))).toMatchObject({ status: 'running', attempt: 2, duplicates: 1 });
    await take(told[0]!);
    expect(await jobs.store.read(key('one'))).toMatchObject({ status: 'succeeded' });
    expect(await jobs.running('dies')).toBe(0);
  });

  test('one that only seemed dead stops, and does not delete the message of the next', async () => {
    const { run, request, told, key } = given('ghost', stuck);
    const running = run(request('one', 'x'));
    await until(async () => (await jobs.store.read(key('one')))?.status === 'running');
    // Its beats go on, and renew its lease until somebody else has the job.
    await until(async () => {
      await jobs.store.apply(key('one'), { type: 'given-back', attempt: 1, failed: false });
      return (await jobs.store.apply(key('one'), { type: 'requested' })).kind === 'changed';
    });
    await expect(running).rejects.toMatchObject({ name: 'UnavailableError' });
    expect(told).toEqual([]);
  });

  test('one whose time is over gives its job back at once', async () => {
    const { run, request, key } = given('interrupted', stuck);
    const invocation = new AbortController();
    const running = run(request('one', 'x'), invocation.signal);
    await until(async () => (await jobs.store.read(key('one')))?.progress === 30);
    invocation.abort();
    await expect(running).rejects.toThrow('stop before the model is done');
    expect((await jobs.store.apply(key('one'), { type: 'requested' })).kind).toBe('changed');
  });
});

describe('limits of a tenant', () => {
  test('over the running limit a job waits, and its owner sees it wait', async () => {
    const { run, request, key, told } = given('busy');
    for (const name of ['1', '2', '3']) await jobs.store.apply(key(name), { type: 'requested' });
    await expect(run(request('4', 'x'))).rejects.toMatchObject({ name: 'UnavailableError' });
    expect(await jobs.store.read(key('4'))).toMatchObject({ status: 'queued', attempt: 0 });
    expect(told).toEqual([]);
  });

  test.each([
    ['a new one', 0, 1],
    ['one of ten seconds', 10_000, 5],
    ['one of an hour', 3_600_000, LIMIT_WAIT.cap - 1],
    ['one of a caller whose clock is ahead', -60_000, 1],
  ])('%s waits between a second and as long as its age says', (_, age, spread) => {
    expect(waitsForPlace(age, () => 0).retryAfterSeconds).toBe(1);
    expect(waitsForPlace(age, () => 1).retryAfterSeconds).toBe(1 + spread);
  });

  test('over the quota of the day a job fails, and says why', async () => {
    const { run, request, key, told } = given('spent', undefined, {
      store: jobs.storeWith({ dailyPerTenant: 1 }),
    });
    await run(request('1', 'x'));
    await run(request('2', 'x'));
    expect(told).toHaveLength(1);
    expect(await jobs.store.read(key('2'))).toMatchObject({
      status: 'failed',
      error: { code: 'DAILY_QUOTA_USED_UP' },
    });
  });
});

test('what the worker tells is an event that the queue carries and the contract takes', async () => {
  const { createPublisher, sqsTransport } = await import('../../../lambda/runtime/index.ts');
  const { url } = await jobs.queue('responses');
  const publisher = createPublisher({
    contracts: [AIJobEnded],
    transport: sqsTransport({ queueUrl: url, client: jobs.sqs }),
  });
  const { run, request } = given('carried', undefined, { publisher });
  await run(request('one', 'Say hello.'));
  const { Messages } = await jobs.sqs.send(new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 1 }));
  const event = await decode([AIJobEnded], parseEnvelope(Messages?.[0]?.Body ?? ''));
  expect(event).toMatchObject({ tenantId: 'carried', data: { outcome: 'succeeded', attempt: 1 } });
});
