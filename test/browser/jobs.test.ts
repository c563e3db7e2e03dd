/** Calls of the APIs from a page: tokens, keys, repetitions, patience, problems, and a job followed to its end. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  createGenerationsClient,
  createJobsClient,
  ProblemError,
  UnreachableError,
} from '../../browser/index.ts';
import type { HttpEnvironment, HttpRequest, Job } from '../../browser/index.ts';

interface Planned {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of an answer. */
  readonly fails?: boolean;
}

let calls: (HttpRequest & { readonly url: string })[];
let waits: number[];
let plan: Planned[];
let ids: number;

beforeEach(() => {
  calls = [];
  waits = [];
  plan = [];
  ids = 0;
});

const environment: HttpEnvironment = {
  fetch: async (url, request) => {
    calls.push({ ...request, url });
    const { status = 200, body = {}, headers = {}, fails } = plan.length > 1 ? plan.shift()! : plan[0]!;
    if (fails === true) throw new TypeError('fetch failed');
    return {
      ok: status < 400,
      status,
      headers: { get: (name) => headers[name] ?? null },
      text: async () => (typeof body === 'string' ? body : JSON.stringify(body)),
    };
  },
  wait: async (milliseconds) => void waits.push(Math.round(milliseconds)),
  random: () => 0.5,
  newId: () => `key-${(ids += 1)}`,
};
const options = { url: 'https://api.test/prod', token: () => 'the-token', environment };
const jobs = () => createJobsClient(options);
const request = { model: 'echo-small', prompt: 'Count' };
const problem = (status: number, headers = {}): Planned => ({
  status,
  headers,
  body: {
    type: 'urn:waybill:problem:X',
    title: 'Not now',
    status,
    code: 'X',
    detail: 'Later.',
    instance: 'r-1',
  },
});
const running = (progress: number): Planned => ({ body: { jobId: 'j', status: 'running', progress } });
const refusal = (promise: Promise<unknown>): Promise<ProblemError> =>
  promise.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: ProblemError) => error,
  );

describe('submitting', () => {
  test('sends the token, JSON, and a key of its own for each call', async () => {
    plan = [{ status: 202, body: { jobId: 'j-1', status: 'queued' } }];
    expect(await jobs().submit(request)).toEqual({ jobId: 'j-1', status: 'queued' });
    await jobs().submit(request);
    expect(calls[0]).toEqual({
      url: 'https://api.test/prod/jobs',
      method: 'POST',
      headers: {
        authorization: 'Bearer the-token',
        'content-type': 'application/json',
        'idempotency-key': 'key-1',
      },
      body: JSON.stringify(request),
    });
    expect(calls[1]!.headers['idempotency-key']).toBe('key-2');
  });

  test.each([
    ['no answer', { fails: true }],
    ['an outage', problem(503)],
    ['too many requests', problem(429)],
    ['a gateway that gave up', { status: 504, body: '<html>Gateway Timeout</html>' }],
  ] satisfies [string, Planned][])('%s: sent again under the same key', async (_name, failure) => {
    plan = [failure, failure, { status: 202, body: { jobId: 'j-1', status: 'queued' } }];
    await jobs().submit(request, { idempotencyKey: 'mine' });
    expect(calls.map(({ headers }) => headers['idempotency-key'])).toEqual(['mine', 'mine', 'mine']);
    expect(waits).toEqual([200, 400]);
  });

  test('gives up after five tries, with the last reason', async () => {
    plan = [{ fails: true }];
    await expect(jobs().submit(request)).rejects.toBeInstanceOf(UnreachableError);
    expect(calls).toHaveLength(5);
  });

  test.each([400, 401, 403, 409, 413])('status %i is not tried again', async (status) => {
    plan = [problem(status)];
    const error = await refusal(jobs().submit(request));
    expect(error).toBeInstanceOf(ProblemError);
    expect(error).toMatchObject({ status, code: 'X', title: 'Not now', message: 'Later.', instance: 'r-1' });
    expect(calls).toHaveLength(1);
  });

  test('Retry-After is obeyed, in seconds and as a date, and a very long one is told instead', async () => {
    const fine = { status: 202, body: {} };
    plan = [problem(429, { 'retry-after': '7' }), fine];
    await jobs().submit(request);
    plan = [problem(503, { 'retry-after': new Date(Date.now() + 30_000).toUTCString() }), fine];
    await jobs().submit(request);
    expect(waits[0]).toBe(7200);
    expect(waits[1]).toBeGreaterThan(25_000);
    plan = [problem(503, { 'retry-after': '3600' })];
    expect(await refusal(jobs().submit(request))).toMatchObject({ retryAfterMs: 3_600_000 });
    expect(calls).toHaveLength(5);
  });

  test('what is no problem document is an error all the same', async () => {
    plan = [{ status: 403, body: '<html>Forbidden</html>' }];
    expect(await refusal(jobs().submit(request))).toMatchObject({
      status: 403,
      code: 'HTTP_403',
      title: 'HTTP status 403',
    });
  });

  test('ends with the reason of the signal', async () => {
    plan = [{ fails: true }];
    const reason = new Error('left the page');
    await expect(jobs().submit(request, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('reading', () => {
  test('a page of jobs, with what was asked for', async () => {
    plan = [{ body: { items: [], nextCursor: 'next' } }];
    expect(await jobs().list({ limit: 5, cursor: 'a&b', status: 'failed' })).toEqual({
      items: [],
      nextCursor: 'next',
    });
    expect(calls[0]!.url).toBe('https://api.test/prod/jobs?limit=5&cursor=a%26b&status=failed');
  });

  test('an id is one segment of the path, whatever is in it', async () => {
    plan = [{ body: {} }];
    await jobs().get('../tickets?x');
    await jobs().cancel('a/b');
    expect(calls.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET https://api.test/prod/jobs/..%2Ftickets%3Fx',
      'DELETE https://api.test/prod/jobs/a%2Fb',
    ]);
  });

  test('generations, and the ticket for their notifications', async () => {
    plan = [{ status: 201, body: { ticket: 't', url: 'wss://x' } }];
    const client = createGenerationsClient(options);
    expect(await client.ticket()).toEqual({ ticket: 't', url: 'wss://x' });
    await client.list({ limit: 2 });
    await client.get('gen_1');
    expect(calls.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST https://api.test/prod/tickets',
      'GET https://api.test/prod/generations?limit=2',
      'GET https://api.test/prod/generations/gen_1',
    ]);
  });

  test('a generation that fails on the way is sent again under its key', async () => {
    plan = [{ fails: true }, { status: 202, body: { generationId: 'gen_1', status: 'PENDING' } }];
    expect(await createGenerationsClient(options).request({ prompt: 'p' })).toMatchObject({
      status: 'PENDING',
    });
    expect(calls.map(({ headers }) => headers['idempotency-key'])).toEqual(['key-1', 'key-1']);
  });

  test('a ticket is asked for once: who asks has a backoff of its own', async () => {
    plan = [problem(503)];
    expect(await refusal(createGenerationsClient(options).ticket())).toMatchObject({ status: 503 });
    expect(calls).toHaveLength(1);
  });
});

describe('waiting', () => {
  const done: Planned = {
    body: { jobId: 'j', status: 'succeeded', result: { text: 'T', finishReason: 'stop' } },
  };

  test('tells each change once and ends with the end', async () => {
    plan = [running(0), running(0), running(50), done];
    const seen: (number | undefined)[] = [];
    const job = await jobs().wait('j', { onChange: ({ progress }: Job) => seen.push(progress) });
    expect(seen).toEqual([0, 50, undefined]);
    expect(job.result?.text).toBe('T');
  });

  test('looks more seldom at what stands still, up to a cap, and soon again at what moves', async () => {
    plan = [...Array.from({ length: 7 }, () => running(10)), running(20), done];
    await jobs().wait('j');
    expect(waits).toEqual([375, 750, 1500, 3000, 3750, 3750, 3750, 375]);
  });

  test('looks as often as the server wants it', async () => {
    plan = [{ ...running(1), headers: { 'retry-after': '3' } }, done];
    await jobs().wait('j');
    expect(waits).toEqual([3125]);
  });

  test('an outage of any length is told and waited for', async () => {
    plan = [running(5), ...Array.from({ length: 30 }, () => ({ fails: true })), done];
    let problems = 0;
    const job = await jobs().wait('j', { onProblem: () => (problems += 1) });
    expect(job.status).toBe('succeeded');
    expect(problems).toBeGreaterThan(3);
    expect(Math.max(...waits)).toBeLessThanOrEqual(15_000);
  });

  test('an unknown job is an error at once', async () => {
    plan = [problem(404)];
    expect(await refusal(jobs().wait('j'))).toMatchObject({ status: 404 });
    expect(calls).toHaveLength(1);
  });

  test('ends with the reason of the signal', async () => {
    plan = [running(1)];
    const controller = new AbortController();
    const reason = new Error('enough');
    const waiting = jobs().wait('j', { signal: controller.signal, onChange: () => controller.abort(reason) });
    await expect(waiting).rejects.toBe(reason);
  });
});
