/**
 * The agents system, end to end: from its synthesized templates, its long-running processes and functions, moved from one
 * transport to the next while people give feedback. Redis only where there is one.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { agentNames } from '../../catalog/agents/index.ts';
import { findRedis } from '../../local/brokers/redis.ts';
import { consumersOfRun } from '../../local/run/consumers.ts';
import { startLocalRun } from '../../local/run/local-run.ts';
import type { LocalRun } from '../../local/run/local-run.ts';
import { runOnce } from '../../local/run/once.ts';
import type { JudgedRun } from '../../local/run/once.ts';
import { agentsSystem } from '../../local/run/systems/agents.ts';
import { tally } from '../../local/run/tally.ts';

const EVENTS = 160;
const TIMEOUT_MS = 1_200_000;

interface Report {
  readonly agents: Readonly<Record<string, { readonly legs: readonly { readonly transport: string }[] }>>;
}

let run: LocalRun;
let judged: JudgedRun | undefined;
let route: readonly string[];

beforeAll(async () => {
  const hasRedis = ((await findRedis('redis')) ?? (await findRedis('valkey'))) !== undefined;
  // On, back, and on to the third.
  route = hasRedis ? ['postgres', 'redis', 'postgres', 'sns-sqs'] : ['postgres', 'sns-sqs', 'postgres'];
  run = await startLocalRun({
    directory: process.cwd(),
    environment: 'local',
    systems: ['agents'],
    context: agentsSystem.contextOf?.(route) ?? {},
    port: 0,
    seed: 1,
  });
  judged = await runOnce(run, agentsSystem, {
    counts: tally([run.aws.context], consumersOfRun(run)),
    seed: 1,
    chaos: false,
    count: EVENTS,
    route,
    signal: new AbortController().signal,
  });
}, TIMEOUT_MS);
afterAll(() => run?.stop(), TIMEOUT_MS);

test('all agents move, one by one, and leave what the control run says: nothing lost, twice or out of order', () => {
  expect(judged?.failures).toEqual([]);
  expect(judged?.report).toMatchObject({
    accepted: EVENTS,
    lost: 0,
    duplicates: 0,
    outOfOrder: 0,
    denied: 0,
    deadLettered: 0,
    refused: 20,
  });
});

test.each(agentNames)('%s had its effects by each transport of the route', (agent) => {
  const report = judged?.report as Report | undefined;
  expect(report?.agents[agent]?.legs.map(({ transport }) => transport)).toEqual(route);
});
