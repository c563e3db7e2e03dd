/** The store over the wire: conditional writes and transactions of the embedded DynamoDB. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { endOverdueJobs } from '../../../lambda/jobs/end-overdue.ts';
import { isAway } from '../../../lambda/jobs/away.ts';
import { createJobStore } from '../../../lambda/jobs/job-store.ts';
import { listJobs } from '../../../lambda/jobs/job-queries.ts';
import { hasEnded } from '../../../lambda/jobs/job-state.ts';
import type { JobEvent } from '../../../lambda/jobs/job-state.ts';
import { LEASE_MILLISECONDS, RUNNING_DEADLINE_MILLISECONDS } from '../../../lambda/jobs/limits.ts';
import { seededRandom } from '../../../local/workload/random.ts';
import { capturedLog } from '../runtime/fixtures.ts';
import { jobId, jobsUnderTest, LIMITS } from './support.ts';
import type { JobsUnderTest } from './support.ts';

let jobs: JobsUnderTest;

beforeAll(async () => {
  jobs = await jobsUnderTest();
});

afterAll(async () => {
  await jobs.close();
});

const requested: JobEvent = { type: 'requested' };

describe('the store of jobs', () => {
  test('a job from its request to its end, with a row that says so', async () => {
    const key = { tenantId: 'whole', jobId: jobId('a', 'one') };
    const createdAt = Date.parse('2026-11-21T09:30:00.000Z');
    await jobs.store.apply(key, requested, { createdAt, model: 'echo-small' });
    expect(await jobs.running('whole')).toBe(1);
    await jobs.store.apply(key, { type: 'progress', attempt: 1, progress: 40 });
    const end = { result: { text: 'done', finishReason: 'stop' } } as const;
    await jobs.store.apply(key, { type: 'ended', attempt: 1, outcome: 'succeeded' }, end);

    expect(await jobs.store.read(key)).toMatchObject({
      status: 'succeeded',
      progress: 100,
      attempt: 1,
      createdAt,
      model: 'echo-small',
      ...end,
    });
    expect(await jobs.running('whole')).toBe(0);
  });

  test('a job that has ended is in no index of open jobs, and has a time to be deleted', async () => {
    const key = { tenantId: 'index', jobId: jobId('a', 'one') };
    await jobs.store.apply(key, { type: 'cancel' });
    const item = await jobs.client.call('GetItem', {
      Key: { pk: { S: 'TENANT#index' }, sk: { S: `JOB#${key.jobId}` } },
    });
    expect(item.Item).not.toHaveProperty('openShard');
    expect(item.Item).toMatchObject({ status: { S: 'cancelled' }, expiresAt: { N: expect.any(String) } });
  });

  test('as many run as may run, and one more when one has ended', async () => {
    const key = (name: string) => ({ tenantId: 'limit', jobId: jobId('a', name) });
    const applied = await Promise.all(
      ['1', '2', '3', '4'].map((name) => jobs.store.apply(key(name), requested)),
    );
    expect(applied.map(({ kind }) => kind).toSorted()).toEqual(['changed', 'changed', 'changed', 'no-place']);

    const held = ['1', '2', '3', '4'][applied.findIndex(({ kind }) => kind === 'no-place')]!;
    const free = ['1', '2', '3', '4'].find((name) => name !== held)!;
    await jobs.store.apply(key(free), { type: 'ended', attempt: 1, outcome: 'failed' });
    expect((await jobs.store.apply(key(held), requested)).kind).toBe('changed');
    expect(await jobs.running('limit')).toBe(3);
  });

  test('the quota of a day counts jobs, not attempts', async () => {
    const store = jobs.storeWith({ dailyPerTenant: 2 });
    const key = (name: string) => ({ tenantId: 'quota', jobId: jobId('a', name) });
    await store.apply(key('1'), requested);
    await store.apply(key('1'), { type: 'given-back', attempt: 1, failed: true });
    expect((await store.apply(key('1'), requested)).kind).toBe('changed');
    expect((await store.apply(key('2'), requested)).kind).toBe('changed');
    expect((await store.apply(key('3'), requested)).kind).toBe('over-quota');
    expect(await store.read(key('3'))).toBeUndefined();
    expect(await jobs.running('quota')).toBe(2);
  });

  test('a write whose answer was lost is found, and not made twice', async () => {
    const key = { tenantId: 'lost', jobId: jobId('a', 'one') };
    let lost = 0;
    const store = createJobStore({
      ...LIMITS,
      table: 'jobs',
      client: {
        async call(action, input) {
          const answer = await jobs.client.call(action, input);
          if (action !== 'TransactWriteItems' || lost++ > 0) return answer;
          throw Object.assign(new Error('cancelled'), {
            name: 'TransactionCanceledException',
            reasons: ['TransactionConflict', 'None', 'None'],
          });
        },
      },
    });
    const applied = await store.apply(key, requested);
    expect(applied).toMatchObject({ kind: 'changed', job: { attempt: 1 } });
    expect(await jobs.running('lost')).toBe(1);
  });

  test('each try has a token of its own: DynamoDB refuses one that comes back with another content', async () => {
    const tokens: unknown[] = [];
    const store = createJobStore({
      ...LIMITS,
      table: 'jobs',
      client: {
        async call(action, input) {
          if (action !== 'TransactWriteItems') return jobs.client.call(action, input);
          tokens.push((input as { readonly ClientRequestToken?: unknown }).ClientRequestToken);
          if (tokens.length > 1) return jobs.client.call(action, input);
          throw Object.assign(new Error('cancelled'), {
            name: 'TransactionCanceledException',
            reasons: ['TransactionConflict', 'None', 'None'],
          });
        },
      },
    });
    const applied = await store.apply({ tenantId: 'tokens', jobId: jobId('a', 'one') }, requested);
    expect(applied).toMatchObject({ kind: 'changed' });
    expect(tokens).toHaveLength(2);
    expect(new Set(tokens).size).toBe(2);
  });

  test.each([
    ['ValidationError', 'None', 'None'],
    ['None', 'ThrottlingError', 'None'],
    ['ConditionalCheckFailed', 'None', 'ProvisionedThroughputExceeded'],
  ])(
    'a transaction refused by %s, %s, %s is no conflict, and is not tried again here',
    async (...reasons) => {
      let tries = 0;
      const store = createJobStore({
        ...LIMITS,
        table: 'jobs',
        client: {
          async call(action, input) {
            if (action !== 'TransactWriteItems') return jobs.client.call(action, input);
            tries += 1;
            throw Object.assign(new Error('cancelled'), { name: 'TransactionCanceledException', reasons });
          },
        },
      });
      const applied = store.apply({ tenantId: 'reasons', jobId: jobId('a', reasons.join('')) }, requested);
      const error: unknown = await applied.catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: 'TransactionCanceledException' });
      expect(tries).toBe(1);
      // What throttles will take it later; what is invalid stays so.
      expect(isAway(error)).toBe(!reasons.includes('ValidationError'));
    },
  );

  test('another request with the id of a job does not touch it, nor one that was cancelled unseen', async () => {
    const key = { tenantId: 'reused', jobId: jobId('a', 'one') };
    await jobs.store.apply(key, requested, { requestDigest: 'first' });
    await jobs.store.apply(key, { type: 'given-back', attempt: 1, failed: false });
    const other = await jobs.store.apply(key, requested, { requestDigest: 'second' });
    expect(other).toMatchObject({ kind: 'other-request', job: { attempt: 1 } });
    expect(await jobs.store.apply(key, requested, { requestDigest: 'first' })).toMatchObject({
      kind: 'changed',
      job: { attempt: 2 },
    });

    const unseen = { tenantId: 'reused', jobId: jobId('a', 'unseen') };
    await jobs.store.apply(unseen, { type: 'cancel' });
    expect(await jobs.store.apply(unseen, requested, { requestDigest: 'any' })).toMatchObject({
      kind: 'ignored',
    });
  });

  test('duplicates are counted on the row, and make none', async () => {
    const key = { tenantId: 'again', jobId: jobId('a', 'one') };
    await jobs.store.count(key, 'duplicates');
    expect(await jobs.store.read(key)).toBeUndefined();
    await jobs.store.apply(key, { type: 'cancel' });
    await jobs.store.count(key, 'duplicates');
    await jobs.store.count(key, 'duplicates');
    expect(await jobs.store.read(key)).toMatchObject({ duplicates: 2, conflicts: 0, status: 'cancelled' });
  });
});

describe('lists of jobs', () => {
  test("pages, newest first, of the caller's own jobs", async () => {
    for (let number = 0; number < 5; number += 1) {
      const createdAt = Date.parse('2026-11-21T09:30:00.000Z') + number * 1_000;
      await jobs.store.apply(
        { tenantId: 'list', jobId: jobId('a', `${number}`) },
        { type: 'cancel' },
        { createdAt },
      );
      await jobs.store.apply(
        { tenantId: 'list', jobId: jobId('b', `${number}`) },
        { type: 'held-back' },
        { createdAt },
      );
    }
    const own = { tenantId: 'list', jobIdPrefix: 'a'.repeat(16), limit: 3 };
    const first = await listJobs(jobs.client, own);
    expect(first.jobs.map(({ jobId: id }) => id)).toEqual(['4', '3', '2'].map((name) => jobId('a', name)));
    const second = await listJobs(jobs.client, { ...own, after: first.next! });
    expect(second.jobs.map(({ jobId: id }) => id)).toEqual(['1', '0'].map((name) => jobId('a', name)));
    expect(second.next).toBeUndefined();
    expect((await listJobs(jobs.client, { ...own, status: 'queued' })).jobs).toEqual([]);
    expect((await listJobs(jobs.client, { ...own, tenantId: 'other' })).jobs).toEqual([]);
  });
});

describe('overdue jobs', () => {
  test('are ended with their place, and no other job is', async () => {
    const key = { tenantId: 'late', jobId: jobId('a', 'one') };
    await jobs.store.apply(key, requested);
    const { logger } = capturedLog();
    const at = jobs.now() + RUNNING_DEADLINE_MILLISECONDS + 1;
    const store = jobs.storeWith({});
    // The store's own time says no: the index was asked with a time that is ahead of it.
    expect(await endOverdueJobs({ ...jobs, store, logger, now: () => at })).toBe(0);
    jobs.skip(RUNNING_DEADLINE_MILLISECONDS + 1);
    expect(await endOverdueJobs({ ...jobs, store, logger, now: jobs.now })).toBeGreaterThan(0);
    expect(await jobs.store.read(key)).toMatchObject({
      status: 'failed',
      error: { code: 'WORKER_LOST' },
    });
    expect(await jobs.running('late')).toBe(0);
  });
});

describe('many writers at a time', () => {
  test('each job ends once, and the count of running jobs is that of the rows', async () => {
    const random = seededRandom(6);
    const tenantId = 'crowd';
    const store = jobs.storeWith({ dailyPerTenant: 1_000 });
    const keys = Array.from({ length: 6 }, (_, number) => ({ tenantId, jobId: jobId('c', `${number}`) }));
    const ends = new Map<string, number>();
    const events: (() => JobEvent)[] = [
      () => requested,
      () => requested,
      () => ({ type: 'progress', attempt: 1 + random.whole(3), progress: random.whole(100) }),
      () => ({ type: 'given-back', attempt: 1 + random.whole(3), failed: true }),
      () => ({ type: 'ended', attempt: 1 + random.whole(3), outcome: 'succeeded' }),
      () => ({ type: 'cancel' }),
    ];
    for (let round = 0; round < 12; round += 1) {
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          const key = keys[random.whole(keys.length)]!;
          const applied = await store.apply(key, events[random.whole(events.length)]!());
          if (applied.kind === 'changed' && hasEnded(applied.job.status)) {
            ends.set(key.jobId, (ends.get(key.jobId) ?? 0) + 1);
          }
        }),
      );
      const rows = await Promise.all(keys.map((key) => store.read(key)));
      expect(await jobs.running(tenantId)).toBe(rows.filter((row) => row?.status === 'running').length);
      jobs.skip(LEASE_MILLISECONDS / 3);
    }
    const rows = await Promise.all(keys.map((key) => store.read(key)));
    for (const row of rows) {
      expect(ends.get(row?.jobId ?? '') ?? 0).toBe(row !== undefined && hasEnded(row.status) ? 1 : 0);
    }
    expect(ends.size).toBeGreaterThan(0);
  });
});
