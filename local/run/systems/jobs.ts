/** The jobs system in the local run: jobs over the REST API, followed and cancelled, judged by their rows. */
import { setTimeout as delay } from 'node:timers/promises';
import { rootCaller } from '../../aws/index.ts';
import { bearerToken } from '../../workload/api-client.ts';
import {
  createJobsWorkload,
  DEFAULT_MIX,
  jobsFailures,
  jobsReport,
  jobsSummary,
  measureJobs,
} from '../../workload/jobs/index.ts';
import type { JobMix, JobsMeasure, JobsOutcome } from '../../workload/jobs/index.ts';
import { sampleTenantId } from '../../workload/tenants.ts';
import { injectChaos } from '../chaos.ts';
import { consumersOfRun } from '../consumers.ts';
import { startLivePage } from '../live-page.ts';
import type { LocalRun } from '../local-run.ts';
import { redriveLostRequests } from '../../workload/jobs/operator.ts';
import type { Operator } from '../../workload/jobs/operator.ts';
import type { Feed, FeedOptions, RunnableSystem } from './system.ts';

const WORKER = 'JobWorker';
const TABLE = 'Jobs';
const REQUESTS = 'Requests';
const TOKEN_SECRET = 'Token';
/** Until jobs are at work that can be killed. */
const KILL_PATIENCE_MS = 60_000;
const KILL_LOOK_MS = 50;
/** One of the workload's users, of a tenant that asks for little: the page has jobs of its own and a few to show. */
const PAGE_USER = { tenantId: sampleTenantId(1), userId: 'usr_1' };

export const jobsSystem: RunnableSystem = {
  name: 'jobs',
  unit: 'jobs',
  defaultCount: 200,
  feedRate: 10,
  watchedRate: 1,
  quietTimeoutMs: 240_000,
  hasBrokers: false,
  banner: (run) => [['queue', queueUrlOf(run)]],
  openPage: async (run) => {
    const secret = await run.secretValue(TOKEN_SECRET);
    return startLivePage({
      jobsUrl: () => run.apiUrl,
      token: () => bearerToken(secret, { ...PAGE_USER, role: 'member' }),
    });
  },
  injectChaos: (run) => injectJobsChaos(run),
  activity: async (run) => {
    const { rows } = await recentTableOf(run);
    const now = Date.now();
    // Functions go by the machine's time: the clock of queues must not run ahead of a lease.
    const leases = rows.filter(({ leaseUntil }) => leaseUntil !== undefined && leaseUntil > now).length;
    const open = rows.filter((row) => row.open).length;
    return {
      running: leases > 0 ? [`${leases} jobs that a worker has, or had when it died`] : [],
      waiting: open > leases ? [`${open - leases} jobs that have not ended`] : [],
    };
  },
  createFeed: (run, options) => Promise.resolve(createJobsFeed(run, options)),
};

export interface JobsFeedOptions extends FeedOptions {
  /** @default - a few of each kind, most simply answered */
  readonly mix?: JobMix;
}

export function createJobsFeed(run: LocalRun, options: JobsFeedOptions): Feed {
  const { seed, chaos, signal, mix, note } = options;
  const workload = createJobsWorkload({
    apiUrl: () => run.apiUrl.replace(/\/$/, ''),
    tokenSecret: () => run.secretValue(TOKEN_SECRET),
    seed,
    signal,
    mix: { ...(mix ?? DEFAULT_MIX), ...(!hasBucket(run) && { large: 0 }) },
  });
  const ends = countEnds(run);
  let killedWith = 0;
  let operator: Operator | undefined;
  return {
    run: async ({ count, perSecond }) => {
      if (chaos) {
        operator ??= operatorOf(run);
        await sendUnreadable(run);
      }
      let kill: Promise<number> | undefined;
      await workload.run({
        jobs: count,
        perSecond,
        beforeJob: (sent) => {
          if (!chaos || sent < count / 2) return;
          kill ??= killWorkers(run, signal).then((jobs) => {
            note?.(`half way: every instance was killed, with ${jobs} jobs at work`);
            return jobs;
          });
        },
      });
      killedWith = (await kill) ?? 0;
      if (Number.isFinite(count)) await workload.misbehave();
    },
    judge: async (observed) => {
      await operator?.stop();
      const outcome: JobsOutcome = {
        ...observed,
        ...(await tableOf(run)),
        taken: workload.taken(),
        seen: await workload.ask(),
        endsWritten: ends.count(),
        setbacks: workload.setbacks(),
        unexpectedAnswers: workload.unexpected(),
        refused: workload.refused(),
        killedAtWork: chaos ? killedWith : undefined,
        redriven: operator?.redriven() ?? 0,
        unreadable: chaos ? 1 : 0,
      };
      return { report: jobsReport(outcome), summary: jobsSummary(outcome), failures: jobsFailures(outcome) };
    },
    close: async () => {
      ends.stop();
      await operator?.stop();
    },
  };
}

/** As every system's, and besides: calls of the table, of the queues and of the bucket that fail, and more duplicates. */
function injectJobsChaos(run: LocalRun): void {
  injectChaos(run, WORKER);
  const { faults } = run.aws.context;
  const lambda = run.aws.services.lambda;
  // Its ten jobs begin again each time, and none of them may be begun more than six times.
  lambda.faults.set(nameOf(run, WORKER), { crashBefore: 0.02, crashDuring: 0.06, loseResponse: 0.05 });
  const away = { kind: 'fail', code: 'InternalServerError', httpStatus: 500 } as const;
  faults.add({ service: 'dynamodb', probability: 0.02, effect: away });
  faults.add({ service: 'dynamodb', probability: 0.01, effect: { kind: 'drop-response' } });
  faults.add({ service: 'sqs', action: 'SendMessageBatch', probability: 0.05, effect: { kind: 'throttle' } });
  faults.add({
    service: 'sqs',
    action: 'SendMessageBatch',
    probability: 0.03,
    effect: { kind: 'drop-response' },
  });
  faults.add({
    service: 'sqs',
    action: 'SendMessage',
    probability: 0.03,
    effect: { kind: 'fail', code: 'InternalFailure', httpStatus: 500 },
  });
  faults.add({ service: 'sqs', action: 'Deliver', probability: 0.03, effect: { kind: 'duplicate' } });
}

/**
 * In the middle of their work: what they did until then stays, and nobody is told.
 * @returns the jobs that were at work
 */
async function killWorkers(run: LocalRun, signal: AbortSignal): Promise<number> {
  for (const until = Date.now() + KILL_PATIENCE_MS; Date.now() < until; await delay(KILL_LOOK_MS)) {
    if (signal.aborted) return 0;
    const { rows } = await tableOf(run);
    const atWork = rows.filter(
      ({ status, leaseUntil = 0 }) => status === 'running' && leaseUntil > Date.now(),
    );
    if (atWork.length === 0) continue;
    await run.aws.services.lambda.crash();
    return atWork.length;
  }
  return 0;
}

function nameOf(run: LocalRun, part: string): string {
  const found = run.aws.services.lambda
    .listFunctions()
    .find(({ functionName }) => functionName.includes(part));
  if (found === undefined) throw new Error(`no function of the templates is called ${part}`);
  return found.functionName;
}

/** Without one no answer is larger than a message. */
function hasBucket(run: LocalRun): boolean {
  return run.deployed
    .find('AWS::S3::Bucket')
    .some(({ logicalId }) => /^Claims?(Check)?Bucket/.test(logicalId));
}

/** Quiet is looked for many times a second, and a scan is not for nothing. */
const recent = new WeakMap<LocalRun, { readonly at: number; readonly table: Promise<JobsMeasure> }>();
const RECENT_MS = 250;

function recentTableOf(run: LocalRun): Promise<JobsMeasure> {
  const known = recent.get(run);
  if (known !== undefined && Date.now() - known.at < RECENT_MS) return known.table;
  const table = tableOf(run);
  recent.set(run, { at: Date.now(), table });
  return table;
}

async function tableOf(run: LocalRun): Promise<JobsMeasure> {
  const table = run.deployed
    .find('AWS::DynamoDB::GlobalTable')
    .concat(run.deployed.find('AWS::DynamoDB::Table'))
    .find(({ logicalId }) => logicalId.startsWith(TABLE));
  if (table === undefined) throw new Error(`no table of the templates is called ${TABLE}`);
  const { dynamodb } = run.aws.services;
  return measureJobs(async (after) => {
    const input = {
      TableName: table.physicalId,
      ConsistentRead: true,
      ...(after !== undefined && { ExclusiveStartKey: after }),
    };
    return (await dynamodb.handle('Scan', input, rootCaller(run.aws.context))) as Awaited<
      ReturnType<Parameters<typeof measureJobs>[0]>
    >;
  });
}

function operatorOf(run: LocalRun): Operator {
  const deadLetterQueueArn = consumersOfRun(run).find(
    ({ name }) => name === 'job-worker',
  )?.deadLetterQueueArn;
  if (deadLetterQueueArn === undefined) throw new Error('the request queue has no dead-letter queue');
  return redriveLostRequests({
    context: run.aws.context,
    queueUrl: queueUrlOf(run),
    deadLetterQueueArn,
    hasEnded: async (jobId) => {
      const { rows } = await tableOf(run);
      return rows.some((row) => row.jobId === jobId && row.endedAt !== undefined);
    },
  });
}

function queueUrlOf(run: LocalRun): string {
  const queue = run.deployed
    .find('AWS::SQS::Queue')
    .find(({ logicalId }) => logicalId.startsWith(REQUESTS) && !/DeadLetter/.test(logicalId));
  if (queue === undefined) throw new Error(`no queue of the templates is called ${REQUESTS}`);
  return queue.physicalId;
}

/** A message that nobody can read, as a service might send it that does not know the contract. */
async function sendUnreadable(run: LocalRun): Promise<void> {
  await run.aws.services.sqs.handle(
    'SendMessage',
    { QueueUrl: queueUrlOf(run), MessageBody: '{"eventId": "this body ends too soon' },
    rootCaller(run.aws.context),
  );
}

/** The functions count the ends that they write; a job with two of them is in no row. */
function countEnds(run: LocalRun): { count(): number; stop(): void } {
  let ends = 0;
  const stop = run.aws.services.lambda.observeLogs(({ text }) => {
    ends += text.split('"JobsEnded":1').length - 1;
  });
  return { count: () => ends, stop };
}
