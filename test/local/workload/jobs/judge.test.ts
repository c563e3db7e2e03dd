/** The judge must be able to fail: each thing that can go wrong, alone, is told. */
import { describe, expect, test } from '@jest/globals';
import { fairnessOf, jobsFailures, jobsReport, jobsSummary } from '../../../../local/workload/jobs/judge.ts';
import type { JobsOutcome } from '../../../../local/workload/jobs/judge.ts';
import { measureJobs } from '../../../../local/workload/jobs/measure.ts';
import type { JobRow } from '../../../../local/workload/jobs/measure.ts';
import type { JobFate } from '../../../../local/workload/jobs/plan.ts';

const AT = Date.parse('2026-11-21T09:30:00.000Z');

function row(jobId: string, more: Partial<JobRow> = {}): JobRow {
  return {
    tenantId: 'tenant-1',
    jobId,
    status: 'succeeded',
    attempt: 1,
    failures: 0,
    duplicates: 0,
    createdAt: AT,
    leaseUntil: undefined,
    endedAt: AT + 1_000,
    errorCode: undefined,
    hasResult: true,
    open: false,
    ...more,
  };
}

const taken = (jobId: string, fate: JobFate = 'answered', cancelAnswer?: number) => ({
  jobId,
  tenantId: 'tenant-1',
  userId: 'usr_1',
  fate,
  ...(cancelAnswer !== undefined && { cancelAnswer }),
});

function outcome(more: Partial<JobsOutcome> = {}): JobsOutcome {
  const rows = more.rows ?? [row('one')];
  return {
    consumers: [],
    deadLetters: [],
    denials: [],
    alarms: [],
    retried: 0,
    seconds: 12,
    waitingFor: [],
    running: { 'tenant-1': 0 },
    taken: [taken('one')],
    seen: new Map(rows.map(({ jobId, status }) => [jobId, { jobId, status, progress: 100 }])),
    endsWritten: 1,
    setbacks: [],
    unexpectedAnswers: {},
    refused: 12,
    killedAtWork: undefined,
    redriven: 0,
    unreadable: 0,
    ...more,
    rows,
  };
}

const letter = (reason: string, eventId: string | null = 'evt-1') => ({
  consumer: 'job-worker',
  eventId,
  reason,
  cutOff: false,
  region: 'us-east-1',
});

test('a run in which everything ended as planned is a success', () => {
  expect(jobsFailures(outcome())).toEqual([]);
});

describe('what fails a run', () => {
  test.each<[string, Partial<JobsOutcome>, string]>([
    ['no job', { taken: [], rows: [] }, 'no job was taken'],
    ['a job without a row', { rows: [], endsWritten: 0 }, 'job one was taken by the API and is in no row'],
    [
      'a job that still runs',
      { rows: [row('one', { status: 'running', hasResult: false })], endsWritten: 0 },
      'job one has not ended: it is running',
    ],
    [
      'another end than planned',
      { rows: [row('one', { status: 'failed', hasResult: false, errorCode: 'MODEL_FAILED' })] },
      'job one (answered) should have ended as succeeded, and is failed (MODEL_FAILED)',
    ],
    ['a kill that hit nobody', { killedAtWork: 0 }, 'no job was at work'],
    ['a second end', { endsWritten: 2 }, '1 ends were written over others'],
    ['a place that was not given back', { running: { 'tenant-1': 1 } }, 'tenant-1 has 1 places taken'],
    ['progress that went back', { setbacks: ['job one went back'] }, 'job one went back'],
    ['an answer that is wrong', { unexpectedAnswers: { 'POST: 500': 1 } }, '1 times: POST: 500'],
    ['a job of nobody', { rows: [row('one'), row('two')] }, '1 jobs are in rows that nobody asked for'],
    ['a success without a result', { rows: [row('one', { hasResult: false })] }, 'has no result'],
    ['an end in the index', { rows: [row('one', { open: true })] }, 'is among those that have not'],
    ['an owner who is told something else', { seen: new Map() }, 'its owner is told nothing'],
    ['what still runs', { waitingFor: ['job-worker: 1 visible'] }, 'not quiet in time'],
    ['a dead letter', { deadLetters: [letter('HANDLER_FAILED')] }, 'a dead letter that nobody provoked'],
    [
      'a poison too many',
      { deadLetters: [letter('PERMANENT_ERROR')] },
      '0 jobs had an answer that is none, and 1',
    ],
    ['an unreadable message that is gone', { unreadable: 1 }, '1 messages can not be read, and 0 were kept'],
    [
      'a job that was not tried again',
      { taken: [taken('one', 'retried')] },
      'job one should have been tried again, and was not',
    ],
    ['a duplicate that nobody saw', { taken: [taken('one', 'repeated')] }, 'no duplicate was counted'],
    ['a job that was not cancelled', { taken: [taken('one', 'cancelled', 202)] }, 'ended as cancelled'],
    [
      'a denied call',
      {
        denials: [
          { principal: 'worker', action: 'dynamodb:GetItem', resourceArn: 'table', times: 2 } as never,
        ],
      },
      'worker was denied dynamodb:GetItem on table, 2 times',
    ],
  ])('%s', (_, wrong, told) => {
    expect(jobsFailures(outcome(wrong)).join('\n')).toContain(told);
  });

  test('a job that ended before its cancellation came is none', () => {
    expect(jobsFailures(outcome({ taken: [taken('one', 'cancelled', 409)] }))).toEqual([]);
  });

  test('a dead letter that SQS wrote itself beside ours, or in a chaos run, is none', () => {
    const rows = [row('one', { status: 'failed', hasResult: false })];
    const poisoned = { rows, taken: [taken('one', 'poison')] };
    const beside = [letter('PERMANENT_ERROR'), letter('MAX_RECEIVES')];
    expect(jobsFailures(outcome({ ...poisoned, deadLetters: beside }))).toEqual([]);

    const another = [...beside, letter('MAX_RECEIVES', 'evt-2')];
    expect(jobsFailures(outcome({ ...poisoned, deadLetters: another, killedAtWork: 3 }))).toEqual([]);
    expect(jobsFailures(outcome({ ...poisoned, deadLetters: another })).join()).toContain('nobody provoked');
  });
});

describe('figures', () => {
  test('fairness is how long the quiet tenants wait, beside the noisy one', () => {
    const rows = [
      row('one', { endedAt: AT + 4_000 }),
      row('two', { tenantId: 'tenant-2', endedAt: AT + 1_000 }),
    ];
    const { noisy, quiet, ratio } = fairnessOf({ rows, taken: [taken('one'), taken('two')] });
    expect({ noisy: noisy?.p50, quiet: quiet?.p50, ratio }).toEqual({
      noisy: 4_000,
      quiet: 1_000,
      ratio: 0.25,
    });
  });

  test('the report counts what happened', () => {
    const rows = [row('one', { attempt: 3, failures: 1, duplicates: 4 })];
    expect(jobsReport(outcome({ rows, killedAtWork: 1 }))).toMatchObject({
      jobs: { accepted: 1, succeeded: 1, open: 0, lost: 0, endedTwice: 0 },
      attempts: 3,
      retries: 2,
      modelFailures: 1,
      duplicates: 4,
      killedAtWork: 1,
      interrupted: 1,
      latencyMs: { p50: 1_000, p99: 1_000, count: 1 },
    });
    expect(jobsSummary(outcome({ rows }))).toBe(
      '1 jobs: 1 succeeded; 2 tried again, 4 duplicates; 0 dead-lettered; 12.0 s; accepted to ended p50 1000 ms, p99 1000 ms',
    );
  });
});

test('rows and counts are read from the table, page by page', async () => {
  const job = {
    pk: { S: 'TENANT#tenant-1' },
    sk: { S: 'JOB#one' },
    status: { S: 'failed' },
    attempt: { N: '2' },
    duplicates: { N: '1' },
    createdAt: { S: '2026-11-21T09:30:00.000Z' },
    error: { S: '{"code":"MODEL_FAILED","message":""}' },
  };
  const places = { pk: { S: 'TENANT#tenant-1' }, sk: { S: 'RUNNING' }, running: { N: '3' } };
  const { rows, running } = await measureJobs((after) =>
    Promise.resolve(after === undefined ? { Items: [job], LastEvaluatedKey: 'more' } : { Items: [places] }),
  );
  expect(rows).toEqual([
    expect.objectContaining({
      jobId: 'one',
      attempt: 2,
      duplicates: 1,
      createdAt: AT,
      errorCode: 'MODEL_FAILED',
    }),
  ]);
  expect(running).toEqual({ 'tenant-1': 3 });
});
