/** The jobs system, end to end: from its synthesized templates, in the embedded AWS, over its REST API. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runOnce } from '../../local/run/once.ts';
import type { JudgedRun } from '../../local/run/once.ts';
import { consumersOfRun } from '../../local/run/consumers.ts';
import { startLocalRun } from '../../local/run/local-run.ts';
import type { LocalRun } from '../../local/run/local-run.ts';
import { jobsSystem } from '../../local/run/systems/jobs.ts';
import { tally } from '../../local/run/tally.ts';

const JOBS = 40;
const TIMEOUT_MS = 440_000;

let run: LocalRun;
let judged: JudgedRun | undefined;

beforeAll(async () => {
  run = await startLocalRun({
    directory: process.cwd(),
    environment: 'local',
    systems: ['jobs'],
    port: 0,
    seed: 1,
  });
  judged = await runOnce(run, jobsSystem, {
    counts: tally([run.aws.context], consumersOfRun(run)),
    seed: 1,
    // A worker is killed half way, calls fail, messages come twice.
    chaos: true,
    count: JOBS,
    signal: new AbortController().signal,
  });
}, TIMEOUT_MS);
afterAll(() => run?.stop(), TIMEOUT_MS);

test('every job ends once, as it was planned, although a worker was killed with its jobs', () => {
  expect(judged?.failures).toEqual([]);
  expect(judged?.report).toMatchObject({
    jobs: { accepted: JOBS, open: 0, lost: 0, endedTwice: 0 },
    placesLeft: 0,
    denied: 0,
    killedAtWork: expect.any(Number),
  });
  expect(judged?.report).not.toMatchObject({ killedAtWork: 0 });
});

describe('what has to be refused', () => {
  test('is, each with its status and a problem document', () => {
    expect(judged?.report).toMatchObject({ refused: 12 });
  });

  test('without a token the problem says how to get in', async () => {
    const response = await fetch(`${run.apiUrl}/jobs`);
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(await response.json()).toMatchObject({ status: 401, code: expect.stringMatching(/^WAYBILL_/) });
  });
});
