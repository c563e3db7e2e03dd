/** The routes of the jobs API against a table of the embedded DynamoDB, by events of payload format 1.0. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { AIJobEnded } from '../../../catalog/jobs/index.ts';
import { createEnvelope } from '../../../lib/contracts/index.ts';
import { jobsProblem } from '../../../lambda/jobs/api/problem.ts';
import { jobsRoutes } from '../../../lambda/jobs/api/routes.ts';
import { restHandler } from '../../../lambda/http/rest-handler.ts';
import type { JobsApi } from '../../../lambda/jobs/api/routes.ts';
import { jobId, jobsUnderTest } from './support.ts';
import type { JobsUnderTest } from './support.ts';

let jobs: JobsUnderTest;

beforeAll(async () => {
  jobs = await jobsUnderTest();
});

afterAll(async () => {
  await jobs.close();
});

const reported: string[] = [];

async function call(
  route: string,
  more: {
    readonly tenantId?: string;
    readonly own?: string;
    readonly jobId?: string;
    readonly query?: Record<string, string>;
    readonly api?: Partial<JobsApi>;
    readonly anonymous?: boolean;
  } = {},
) {
  const api: JobsApi = { ...jobs, retentionDays: 7, ...more.api };
  const handler = restHandler(
    jobsRoutes(() => api),
    ({ code }) => reported.push(code),
    jobsProblem,
  );
  const [httpMethod, resource] = route.split(' ');
  const answer = await handler({
    httpMethod,
    resource,
    pathParameters: more.jobId === undefined ? null : { jobId: more.jobId },
    queryStringParameters: more.query ?? null,
    requestContext: {
      requestId: 'req-1',
      authorizer: more.anonymous
        ? {}
        : {
            tenantId: more.tenantId ?? 'acme',
            userId: 'usr_1',
            role: 'member',
            jobIdPrefix: (more.own ?? 'a').repeat(16),
          },
    },
  } as unknown as APIGatewayProxyEvent);
  return {
    status: answer.statusCode,
    headers: answer.headers ?? {},
    body: JSON.parse(answer.body) as Record<string, unknown>,
  };
}

const ONE = 'GET /jobs/{jobId}';
const CANCEL = 'DELETE /jobs/{jobId}';

describe('GET /jobs/{jobId}', () => {
  test('a job that was taken and that no worker has seen is queued', async () => {
    const answer = await call(ONE, { jobId: jobId('a', 'unseen') });
    expect(answer).toMatchObject({ status: 200, body: { status: 'queued', progress: 0 } });
    expect(answer.headers).toHaveProperty('retry-after');
  });

  test('a running job shows its progress', async () => {
    const key = { tenantId: 'acme', jobId: jobId('a', 'runs') };
    await jobs.store.apply(key, { type: 'requested' });
    await jobs.store.apply(key, { type: 'progress', attempt: 1, progress: 60 });
    const answer = await call(ONE, { jobId: key.jobId });
    expect(answer.body).toMatchObject({ status: 'running', progress: 60, attempt: 1 });
  });

  test('a job shows that other requests came with its key', async () => {
    const key = { tenantId: 'acme', jobId: jobId('a', 'key') };
    await jobs.store.apply(key, { type: 'requested' });
    expect((await call(ONE, { jobId: key.jobId })).body).not.toHaveProperty('conflicts');
    await jobs.store.count(key, 'conflicts');
    expect((await call(ONE, { jobId: key.jobId })).body).toMatchObject({ conflicts: 1 });
  });

  test('a job that has ended shows its result, wherever that is, and need not be asked for again', async () => {
    const key = { tenantId: 'acme', jobId: jobId('a', 'ended') };
    const result = { text: 'long', finishReason: 'stop' } as const;
    const at = new Date().toISOString();
    const data = { ...key, userId: 'usr_1', attempt: 1, outcome: 'succeeded', result } as const;
    const resultClaim = await jobs.results.write(
      createEnvelope(AIJobEnded, { tenantId: 'acme', data: { ...data, startedAt: at, endedAt: at } }),
    );
    await jobs.store.apply(key, { type: 'requested' });
    await jobs.store.apply(key, { type: 'ended', attempt: 1, outcome: 'succeeded' }, { resultClaim });
    const answer = await call(ONE, { jobId: key.jobId });
    expect(answer.body).toMatchObject({ status: 'succeeded', progress: 100, result });
    expect(answer.headers).not.toHaveProperty('retry-after');
    expect(answer.body).not.toHaveProperty('resultClaim');
  });

  test("another tenant's job, another user's job and no job at all have the same answer", async () => {
    const key = { tenantId: 'other', jobId: jobId('b', 'theirs') };
    await jobs.store.apply(key, { type: 'requested' });
    const answers = await Promise.all([
      call(ONE, { jobId: key.jobId }),
      call(ONE, { jobId: key.jobId, tenantId: 'other' }),
      call(ONE, { jobId: jobId('c', 'nobodys') }),
      call(ONE, { jobId: 'no-id' }),
      call(ONE, { jobId: `${'a'.repeat(16)}-not an id` }),
    ]);
    for (const answer of answers) {
      expect(answer).toEqual({ ...answers[0], status: 404 });
      expect(answer.headers).toMatchObject({ 'content-type': 'application/problem+json' });
    }
  });

  test('an id of long ago without a row is unknown', async () => {
    const old = jobId('a', `${Date.now() - 30 * 86_400_000}-0b4f7a52-6a3e-4a1e-9f55-0d3f3a1c7e21`);
    expect((await call(ONE, { jobId: old })).status).toBe(404);
    expect((await call(CANCEL, { jobId: old })).status).toBe(404);
  });

  test('a table that is away is a 503 that says when to come again', async () => {
    const client = { call: () => Promise.reject(Object.assign(new Error('away'), { name: 'TimeoutError' })) };
    const store = { ...jobs.store, read: () => client.call() };
    const answer = await call(ONE, { jobId: jobId('a', 'x'), api: { store } });
    expect(answer).toMatchObject({
      status: 503,
      body: { code: 'WAYBILL_JOBS_UNAVAILABLE', instance: 'req-1' },
    });
    expect(answer.headers).toHaveProperty('retry-after');
    expect(reported).toContain('WAYBILL_JOBS_UNAVAILABLE');
  });
});

describe('DELETE /jobs/{jobId}', () => {
  test('a queued job is cancelled at once, with a row or without', async () => {
    const answer = await call(CANCEL, { jobId: jobId('a', 'early') });
    expect(answer).toMatchObject({ status: 202, body: { status: 'cancelled' } });
    await jobs.store.apply({ tenantId: 'acme', jobId: jobId('a', 'held') }, { type: 'held-back' });
    expect((await call(CANCEL, { jobId: jobId('a', 'held') })).body).toMatchObject({ status: 'cancelled' });
  });

  test('of a cancelled job it is the same again: the first answer may have been lost', async () => {
    const id = jobId('a', 'twice');
    const first = await call(CANCEL, { jobId: id });
    expect(await call(CANCEL, { jobId: id })).toMatchObject({ status: 202, body: first.body });
  });

  test('a running job is asked to stop, however often', async () => {
    const key = { tenantId: 'acme', jobId: jobId('a', 'stops') };
    await jobs.store.apply(key, { type: 'requested' });
    for (const _ of [1, 2]) {
      const answer = await call(CANCEL, { jobId: key.jobId });
      expect(answer).toMatchObject({ status: 202, body: { status: 'running', cancelRequested: true } });
    }
  });

  test('a job that has ended stays as it is', async () => {
    const key = { tenantId: 'acme', jobId: jobId('a', 'done') };
    await jobs.store.apply(key, { type: 'refused' });
    const answer = await call(CANCEL, { jobId: key.jobId });
    expect(answer).toMatchObject({ status: 409, body: { code: 'WAYBILL_JOB_ENDED' } });
  });

  test("another tenant's job is not touched", async () => {
    const key = { tenantId: 'other', jobId: jobId('b', 'stays') };
    await jobs.store.apply(key, { type: 'requested' });
    expect((await call(CANCEL, { jobId: key.jobId })).status).toBe(404);
    expect(await jobs.store.read(key)).toMatchObject({ cancelRequested: false });
  });
});

describe('GET /jobs', () => {
  test('pages by a cursor, only of the caller', async () => {
    for (const name of ['1', '2', '3']) {
      await jobs.store.apply({ tenantId: 'pages', jobId: jobId('a', name) }, { type: 'cancel' });
      await jobs.store.apply({ tenantId: 'pages', jobId: jobId('b', name) }, { type: 'cancel' });
    }
    const seen: string[] = [];
    let cursor: unknown;
    do {
      const query = { limit: '2', ...(typeof cursor === 'string' && { cursor }) };
      const { body } = await call('GET /jobs', { tenantId: 'pages', query });
      seen.push(...(body['items'] as { jobId: string }[]).map((job) => job.jobId));
      cursor = body['nextCursor'];
    } while (typeof cursor === 'string');
    expect(cursor).toBeNull();
    expect(seen.toSorted((left, right) => left.localeCompare(right))).toEqual(
      ['1', '2', '3'].map((name) => jobId('a', name)),
    );
  });

  test.each([
    ['limit', '0'],
    ['limit', '101'],
    ['limit', 'many'],
    ['status', 'lost'],
    ['cursor', 'xyz'],
  ])('a %s of %s is refused', async (name, value) => {
    const answer = await call('GET /jobs', { query: { [name]: value } });
    expect(answer).toMatchObject({ status: 400, body: { code: 'WAYBILL_QUERY_INVALID' } });
  });

  test('without a caller nothing is listed', async () => {
    expect((await call('GET /jobs', { anonymous: true })).status).toBe(401);
  });

  test('a route that is none is a problem too', async () => {
    expect((await call('PUT /jobs')).body).toMatchObject({ code: 'WAYBILL_ROUTE_UNKNOWN' });
  });
});
