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
  createOperator,
  expectedEffects,
  killTurns,
  measureAgents,
  parityOf,
  progressOf,
  statusOf,
  TRANSPORTS,
} from '../../workload/agents/index.ts';
import type { AgentsOutcome, AgentsProgress, AgentsRoute, KillTurns } from '../../workload/agents/index.ts';
import { apiClient, bearerToken, textField } from '../../workload/api-client.ts';
import { json, sampleTenantId } from '../../workload/tenants.ts';
import { startSink } from '../../workload/sink.ts';
import { injectChaos, injectedFaults } from '../chaos.ts';
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
    [
      'move one',
      `export DATABASE_URL=${run.databaseUrl} WAYBILL_DATABASE_SCHEMA=${AGENTS_SCHEMA}; npx waybill transport status (docs/agents.md)`,
    ],
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
  let environment: Readonly<Record<string, string>>;
  try {
    await setEndpoints(run, sink, signal);
    environment = await operatorEnvironment(run);
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
  const operator = createOperator({ environment, signal });
  const kills = killTurns(run.aws.services.ecs, seed);
  const mover = createMover({
    operator,
    route,
    progress: async (agent) => (await progressOf(run.database)).agents.find((one) => one.agent === agent)!,
    signal,
    note,
    ...(chaos && { onMove: kills.onMove }),
  });
  const killing = new AbortController();
  return {
    run: async ({ count, perSecond }) => {
      const killed = chaos ? keepKilling(run, kills, AbortSignal.any([signal, killing.signal])) : undefined;
      try {
        await workload.run({
          count,
          perSecond,
          ...(Number.isFinite(count) && { beforeEntry: (sent) => mover.reached(sent / count) }),
        });
        await mover.finish();
      } finally {
        killing.abort();
        await killed;
      }
      if (Number.isFinite(count)) await workload.misbehave();
    },
    judge: async (observed) => {
      const parity = await parityOf(operator, route, signal);
      const status = route.length > 1 ? await statusOf(operator) : [];
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
        status,
        receiver,
        unexpectedAnswers: workload.unexpected(),
        refused: workload.refused(),
        killed: chaos
          ? kills.killed() + (crashes['crash-before'] ?? 0) + (crashes['crash-during'] ?? 0)
          : undefined,
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

/** What the runbook exports before the first command; addresses are those that the system's own processes have. */
async function operatorEnvironment(run: LocalRun): Promise<Readonly<Record<string, string>>> {
  return {
    ...(await redisVariables(run)),
    DATABASE_URL: run.databaseUrl,
    WAYBILL_DATABASE_SCHEMA: AGENTS_SCHEMA,
    AWS_ENDPOINT_URL: run.aws.endpointUrl,
    AWS_REGION: run.aws.context.region,
    AWS_ACCESS_KEY_ID: 'operator',
    AWS_SECRET_ACCESS_KEY: 'operator',
    USER: 'operator',
  };
}

/** None where no process reads or writes Redis. */
async function redisVariables(run: LocalRun): Promise<Readonly<Record<string, string>>> {
  const { ecs } = run.aws.services;
  for (const { taskDefinitionArn } of ecs.tasks()) {
    const answer = await ecs.handle(
      'DescribeTaskDefinition',
      { taskDefinition: taskDefinitionArn },
      rootCaller(run.aws.context),
    );
    const { containerDefinitions } = (answer as { readonly taskDefinition: TaskDefinition }).taskDefinition;
    const variables = containerDefinitions
      .flatMap(({ environment = [] }) => environment)
      .filter(({ name }) => name.startsWith('WAYBILL_REDIS_'));
    if (variables.length > 0) return Object.fromEntries(variables.map(({ name, value }) => [name, value]));
  }
  return {};
}

interface TaskDefinition {
  readonly containerDefinitions: readonly {
    readonly environment?: readonly { readonly name: string; readonly value: string }[];
  }[];
}

/** Only where something was done since the last one: on a busy machine nothing else would ever be. */
async function keepKilling(run: LocalRun, kills: KillTurns, signal: AbortSignal): Promise<void> {
  let handled = 0;
  while (!signal.aborted) {
    await delay(KILL_EACH_MS, undefined, { signal }).catch(() => {});
    const now = await recentProgress(run);
    if (signal.aborted || now.handled === handled) continue;
    kills.killProcess();
    handled = now.handled;
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
