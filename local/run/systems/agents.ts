/**
 * The agents system in the local run: feedback that eight agents work on, by PostgreSQL, by Redis Streams, by SNS and SQS,
 * or moved from one to another meanwhile. Judged by a control run without any of these.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'pg';
import { rootCaller } from '../../aws/index.ts';
import {
  AGENTS_SCHEMA,
  agentsFailures,
  agentsReport,
  agentsSummary,
  createAgentsWorkload,
  createMover,
  expectedEffects,
  measureAgents,
  parityOf,
  progressOf,
  TRANSPORTS,
} from '../../workload/agents/index.ts';
import type { AgentsOutcome, AgentsProgress, AgentsRoute } from '../../workload/agents/index.ts';
import { apiClient, bearerToken, textField } from '../../workload/api-client.ts';
import { json, sampleTenantId } from '../../workload/tenants.ts';
import { startSink } from '../../workload/sink.ts';
import { injectChaos, injectedFaults } from '../chaos.ts';
import { consumersOfRun } from '../consumers.ts';
import { startLivePage } from '../live-page.ts';
import type { LocalRun } from '../local-run.ts';
import type { Feed, FeedOptions, RunnableSystem } from './system.ts';

const TOKEN_SECRET = 'TokenSecret';
/** Of the tenants that give feedback; the last one has no endpoint, and its deliveries go nowhere. */
const TENANTS_WITH_ENDPOINT = [sampleTenantId(0), sampleTenantId(1)];
/** Share of deliveries that the tenants' endpoints refuse in a chaos run. */
const RECEIVER_FAILURE_RATE = 0.05;
/** Milliseconds between two processes that are killed in a chaos run. */
const KILL_EACH_MS = 8_000;
const PAGE_USER = { tenantId: sampleTenantId(0), userId: 'usr_1' };

export const agentsSystem: RunnableSystem = {
  name: 'agents',
  unit: 'events',
  defaultCount: 500,
  feedRate: 20,
  watchedRate: 2,
  quietTimeoutMs: 240_000,
  hasBrokers: false,
  transports: TRANSPORTS,
  contextOf: (route) => ({ agents: [...new Set(route)].join(':') }),
  banner: (run) => [
    ['processes', processesOf(run)],
    ['move one', 'waybill transport --help, docs/transport-migration.md'],
  ],
  openPage: async (run) => {
    const secret = await run.secretValue(TOKEN_SECRET);
    return startLivePage({
      feedback: {
        url: () => run.apiUrl,
        states: async () => (await recentProgress(run)).agents,
      },
      token: () => bearerToken(secret, { ...PAGE_USER, role: 'member' }),
    });
  },
  injectChaos: (run) => injectChaos(run),
  progress: (run) => looks.get(run)?.found?.handled ?? 0,
  seen: (run) => {
    // A database that is being stopped, or not there yet, leaves what was seen before.
    recentProgress(run).catch(() => {});
    const found = looks.get(run)?.found;
    return {
      published: found?.recorded ?? 0,
      consumers: (found?.agents ?? []).map(({ agent, handled, ...rest }) => ({
        ...rest,
        name: agent,
        done: handled,
      })),
    };
  },
  activity: async (run) => {
    const { pending } = await recentProgress(run);
    // Those behind queues may wait for a time to come; the others go by the time of the machine.
    const texts = (isQueue: boolean): string[] =>
      pending
        .filter(({ transport }) => (transport === 'sns-sqs') === isQueue)
        .map(({ agent, transport, events }) => `${agent}: ${events} by ${transport}`);
    return { running: texts(false), waiting: texts(true) };
  },
  createFeed: (run, options) => createAgentsFeed(run, options),
};

export async function createAgentsFeed(run: LocalRun, options: FeedOptions): Promise<Feed> {
  const { seed, chaos, signal, note } = options;
  const route = (options.route ?? ['postgres']) as AgentsRoute;
  const pool = poolOf(run);
  const sink = await startSink({
    seed,
    failureRate: chaos ? RECEIVER_FAILURE_RATE : 0,
    poison: null,
  });
  try {
    await setEndpoints(run, sink, signal);
  } catch (error) {
    await Promise.all([sink.close(), pool.end()]);
    throw error;
  }
  const workload = createAgentsWorkload({
    apiUrl: () => run.apiUrl.replace(/\/$/, ''),
    tokenSecret: () => run.secretValue(TOKEN_SECRET),
    seed,
    signal,
  });
  const mover = createMover({
    pool,
    route,
    signal,
    note,
    switchQueue: (agent, on) => switchQueue(run, agent, on),
  });
  const killing = new AbortController();
  let killed = 0;
  return {
    run: async ({ count, perSecond }) => {
      const kills = chaos
        ? killProcesses(run, AbortSignal.any([signal, killing.signal]), () => (killed += 1))
        : Promise.resolve();
      try {
        await workload.run({
          count,
          perSecond,
          ...(Number.isFinite(count) && { beforeEntry: (sent) => mover.reached(sent / count) }),
        });
        await mover.finish();
      } finally {
        killing.abort();
        await kills;
      }
      if (Number.isFinite(count)) await workload.misbehave();
    },
    judge: async (observed) => {
      const parity = await parityOf(pool, route, signal);
      const measured = await measureAgents(pool);
      const receiver = sink.report();
      const crashes = injectedFaults(run);
      const outcome: AgentsOutcome = {
        ...observed,
        ...measured,
        expectedEffects: expectedEffects(measured.record, {
          tenantsWithEndpoint: new Set(TENANTS_WITH_ENDPOINT),
        }),
        taken: workload.taken(),
        route,
        moves: mover.moves(),
        parity,
        receiver,
        unexpectedAnswers: workload.unexpected(),
        refused: workload.refused(),
        killed: chaos ? killed + (crashes['crash-before'] ?? 0) + (crashes['crash-during'] ?? 0) : undefined,
      };
      return {
        report: agentsReport(outcome),
        summary: agentsSummary(outcome),
        failures: agentsFailures(outcome),
      };
    },
    close: async () => {
      killing.abort();
      await Promise.all([sink.close(), pool.end()]);
    },
  };
}

function poolOf(run: LocalRun): Pool {
  const pool = new Pool({
    connectionString: run.databaseUrl,
    options: `-c search_path=${AGENTS_SCHEMA}`,
    max: 4,
  });
  // A server that stops ends idle connections; that is not an error of the run.
  pool.on('error', () => {});
  return pool;
}

async function setEndpoints(
  run: LocalRun,
  sink: Awaited<ReturnType<typeof startSink>>,
  signal: AbortSignal,
): Promise<void> {
  const call = apiClient(() => run.apiUrl.replace(/\/$/, ''), signal);
  const secret = await run.secretValue(TOKEN_SECRET);
  for (const tenantId of TENANTS_WITH_ENDPOINT) {
    const token = bearerToken(secret, { userId: 'usr_admin', tenantId, role: 'admin' });
    const url = sink.urlFor(tenantId);
    const answer = await call(json('PUT', '/webhook-endpoint', `Bearer ${token}`, { url }));
    if (answer.status !== 200) {
      const why = textField(answer.body, 'detail', 'no detail');
      throw new Error(`PUT /webhook-endpoint was answered ${answer.status}: ${why}`);
    }
    sink.trust(tenantId, textField(answer.body, 'secret', ''));
  }
}

/** As the command does: the event source mapping of the agent's queue is switched. */
async function switchQueue(run: LocalRun, agent: string, on: boolean): Promise<void> {
  const queueArn = consumersOfRun(run).find(({ name }) => name === agent)?.queueArn;
  const ask = (action: string, input: Record<string, unknown>): Promise<unknown> =>
    run.aws.services.lambda.handle(action, input, rootCaller(run.aws.context));
  const { EventSourceMappings: mappings = [] } = (await ask('ListEventSourceMappings', {
    EventSourceArn: queueArn,
  })) as { readonly EventSourceMappings?: readonly { readonly UUID: string }[] };
  if (mappings.length === 0) throw new Error(`no event source mapping reads the queue of ${agent}`);
  for (const { UUID } of mappings) await ask('UpdateEventSourceMapping', { UUID, Enabled: on });
}

/** One after the other, in the middle of its work: `kill -9`. Their services start others. */
async function killProcesses(run: LocalRun, signal: AbortSignal, onKilled: () => void): Promise<void> {
  const { ecs } = run.aws.services;
  for (let turn = 0; !signal.aborted; turn += 1) {
    await delay(KILL_EACH_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const running = ecs.tasks().filter(({ status }) => status === 'RUNNING');
    const task = running[turn % Math.max(1, running.length)];
    if (task === undefined) continue;
    ecs.kill(task.arn, 'SIGKILL');
    onKilled();
  }
}

function processesOf(run: LocalRun): string {
  const tasks = run.aws.services.ecs.tasks();
  return tasks.length === 0 ? 'none' : tasks.map(({ group }) => group.replace('service:', '')).join(', ');
}

/** Quiet is looked for many times a second, and counting is not for nothing. */
const RECENT_MS = 500;
const looks = new WeakMap<LocalRun, Look>();

interface Look {
  readonly at: number;
  readonly progress: Promise<AgentsProgress>;
  /** What this look found, or one before it. */
  found?: AgentsProgress | undefined;
}

async function recentProgress(run: LocalRun): Promise<AgentsProgress> {
  const known = looks.get(run);
  if (known !== undefined && Date.now() - known.at < RECENT_MS) return known.progress;
  const look: Look = { at: Date.now(), progress: progressOf(run.database), found: known?.found };
  looks.set(run, look);
  look.found = await look.progress;
  return look.found;
}
