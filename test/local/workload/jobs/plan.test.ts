import { describe, expect, test } from '@jest/globals';
import { AIJobInput } from '../../../../catalog/jobs/index.ts';
import { badRequests } from '../../../../local/workload/jobs/bad-input.ts';
import { JOB_FATES, NOISY_TENANT, planJobs } from '../../../../local/workload/jobs/plan.ts';

describe('the plan of jobs', () => {
  test('is the same for the same seed, and another for another', () => {
    const plan = planJobs({ seed: 1, jobs: 100 });
    expect(planJobs({ seed: 1, jobs: 100 })).toEqual(plan);
    expect(planJobs({ seed: 2, jobs: 100 })).not.toEqual(plan);
  });

  test('has every fate in a small run, and each share in a large one', () => {
    const small = new Set(planJobs({ seed: 1, jobs: 20 }).map(({ fate }) => fate));
    expect(small).toEqual(new Set(JOB_FATES));
    const large = planJobs({ seed: 1, jobs: 500 });
    expect(large.filter(({ fate }) => fate === 'failing')).toHaveLength(15);
    expect(large.filter(({ fate }) => fate === 'cancelled')).toHaveLength(30);
  });

  test('one tenant asks for most, the others for the rest', () => {
    const jobs = planJobs({ seed: 1, jobs: 500 });
    const noisy = jobs.filter(({ tenantId }) => tenantId === NOISY_TENANT).length;
    expect(noisy).toBeGreaterThan(250);
    expect(new Set(jobs.map(({ tenantId }) => tenantId)).size).toBe(5);
  });

  test('asks for what the API takes, each with a key of its own', () => {
    const jobs = planJobs({ seed: 1, jobs: 200, from: 1000 });
    for (const { body } of jobs) expect(AIJobInput.safeParse(body).success).toBe(true);
    expect(new Set(jobs.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(200);
    expect(jobs[0]?.index).toBe(1000);
  });

  test('bad requests are none that the contract takes', () => {
    const bad = badRequests({ tokenSecret: 'secret', foreignJobId: 'x' });
    for (const { what, body, status } of bad) {
      expect({ what, refused: status >= 400 && status < 500 }).toEqual({ what, refused: true });
      if (status !== 400 || body === undefined || what.includes('JSON') || what.includes('key')) continue;
      expect({
        what,
        valid: AIJobInput.safeParse(JSON.parse(body)).success && !body.includes('tenantId'),
      }).toEqual({ what, valid: false });
    }
  });
});
