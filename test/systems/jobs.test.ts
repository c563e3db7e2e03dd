/** The jobs system, end to end: from its synthesized templates, in the embedded AWS, over its REST API. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { rootCaller } from '../../local/aws/index.ts';
import { runOnce } from '../../local/run/once.ts';
import type { JudgedRun } from '../../local/run/once.ts';
import { consumersOfRun } from '../../local/run/consumers.ts';
import type { Consumer } from '../../local/run/consumers.ts';
import { startLocalRun } from '../../local/run/local-run.ts';
import type { LocalRun } from '../../local/run/local-run.ts';
import { jobsSystem } from '../../local/run/systems/jobs.ts';
import { tally } from '../../local/run/tally.ts';
import { bearerToken } from '../../local/workload/api-client.ts';

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

describe('a job whose worker is killed three times', () => {
  const PROMPT = 'Tell of a ship that nobody has seen for long. #slow';
  let call: (method: string, path: string, body?: object) => Promise<Record<string, unknown>>;
  const dynamodb = (action: string, input: Record<string, unknown>) =>
    run.aws.services.dynamodb.handle(action, { TableName: tableName, ...input }, rootCaller(run.aws.context));
  let tableName: string;
  let worker: Consumer;

  beforeAll(async () => {
    run.aws.context.faults.clear();
    run.aws.services.lambda.faults.clear();
    const secret = await run.secretValue('Token');
    call = async (method, path, body) => {
      const response = await fetch(`${run.apiUrl.replace(/\/$/, '')}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${bearerToken(secret, { userId: 'usr_lost', tenantId: 'tenant-lost', role: 'member' })}`,
          'content-type': 'application/json',
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return (await response.json()) as Record<string, unknown>;
    };
    tableName = run.deployed
      .find('AWS::DynamoDB::GlobalTable')
      .find(({ logicalId }) => logicalId.startsWith('Jobs'))!.physicalId;
    worker = consumersOfRun(run).find(({ name }) => name === 'job-worker')!;
  });

  /** By kills of every instance while it runs; time passes for SQS and for the lease alike. */
  async function killedUntilDeadLettered(): Promise<string> {
    const { jobId } = (await call('POST', '/jobs', { model: 'echo-large', prompt: PROMPT })) as {
      jobId: string;
    };
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await until(async () => (await call('GET', `/jobs/${jobId}`))['attempt'] === attempt);
      await run.aws.services.lambda.crash();
      await write(jobId, 'leaseUntil', new Date(0));
      await run.clock.advance(60_000);
    }
    await until(() => Promise.resolve(letterOf(jobId) !== undefined));
    return jobId;
  }

  const write = (jobId: string, name: string, at: Date) =>
    dynamodb('UpdateItem', {
      Key: { pk: { S: 'TENANT#tenant-lost' }, sk: { S: `JOB#${jobId}` } },
      UpdateExpression: 'SET #name = :at',
      ExpressionAttributeNames: { '#name': name },
      ExpressionAttributeValues: { ':at': { S: at.toISOString() } },
    });
  const letterOf = (jobId: string) =>
    run.aws.services.sqs.messages(worker.deadLetterQueueArn!).find(({ body }) => body.includes(jobId));
  const redrive = () =>
    run.aws.services.sqs.handle(
      'StartMessageMoveTask',
      // Letters of the runtime's own do not say where they come from.
      { SourceArn: worker.deadLetterQueueArn, DestinationArn: worker.queueArn },
      rootCaller(run.aws.context),
    );

  test('is dead-lettered without an end; a redrive runs it', async () => {
    const jobId = await killedUntilDeadLettered();
    expect(await call('GET', `/jobs/${jobId}`)).toMatchObject({ status: 'running', attempt: 3 });
    await redrive();
    await until(async () => (await call('GET', `/jobs/${jobId}`))['status'] === 'succeeded');
    expect(await call('GET', `/jobs/${jobId}`)).toMatchObject({ attempt: 4, progress: 100 });
  });

  test('is ended by the schedule as failed, with what happened; a redrive does not run it again', async () => {
    const jobId = await killedUntilDeadLettered();
    await write(jobId, 'deadlineAt', new Date(0));
    await run.clock.advance(60_000);
    await until(async () => (await call('GET', `/jobs/${jobId}`))['status'] !== 'running');
    const ended = await call('GET', `/jobs/${jobId}`);
    expect(ended).toMatchObject({ status: 'failed', error: { code: 'WORKER_LOST' } });

    let isTold = false;
    const stop = run.aws.services.lambda.observeLogs(({ text }) => {
      isTold ||= text.includes('is not carried out') && text.includes(jobId) && text.includes('WORKER_LOST');
    });
    await redrive();
    await until(() => Promise.resolve(isTold));
    stop();
    await until(() => Promise.resolve(letterOf(jobId) === undefined));
    expect(await call('GET', `/jobs/${jobId}`)).toEqual(ended);
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(50);
}
