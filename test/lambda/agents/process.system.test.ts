/** The entry file as a process of its own: it drains at SIGTERM, and what is killed with kill -9 is taken over by another. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { agentNames } from '../../../catalog/agents/index.ts';
import { killed } from '../../support/processes.ts';
import { untilSessionsEnd } from '../../support/postgres.ts';
import { until } from '../../support/waiting.ts';
import { useAgents } from './agents-under-test.ts';
import type { AgentsUnderTest } from './agents-under-test.ts';
import { expectEffectsOfModel, people } from './people.ts';

const agents = useAgents();
let system: AgentsUnderTest;
let children: ChildProcess[] = [];
beforeEach(() => {
  system = agents();
});
afterEach(async () => {
  await Promise.all(children.map(killed));
  children = [];
  await untilSessionsEnd(system.pool);
});

/** Resolves when it works, or has ended. */
async function start(variables: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, ['lambda/handlers/agents/process.ts'], {
    env: {
      PATH: process.env['PATH'],
      ...system.environment,
      WAYBILL_TRANSPORT: 'postgres',
      WAYBILL_AGENTS: agentNames.join(','),
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  // Not at its exit: what it wrote last may come later.
  const exited = once(child, 'close');
  let log = '';
  child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()));
  await until(() => log.includes('the process works') || child.exitCode !== null);
  return { child, exited, log: () => log };
}

test('at SIGTERM it finishes what runs and ends with 0', async () => {
  const { child, exited, log } = await start();
  await people(system, { feedbacks: 5, products: 2 });

  child.kill('SIGTERM');

  expect(await exited).toEqual([0, null]);
  expect(log()).toContain('the process has ended what it had in work');
  const leases = await system.rows('select 1 from event_subscription_lane where owner is not null');
  expect(leases).toEqual([]);
});

test('what it is told wrong ends it with 1, and with a word', async () => {
  const { exited, log } = await start({ WAYBILL_AGENTS: 'typo' });

  expect(await exited).toEqual([1, null]);
  expect(log()).toContain("received 'typo'");
});

test('a process that is killed while it works loses nothing, and nothing happens twice', async () => {
  const first = await start();
  const sending = people(system, { feedbacks: 20, products: 4 });
  await until(async () => (await system.rows('select 1 from handled')).length > 20);
  first.child.kill('SIGKILL');
  await first.exited;
  await start();
  await sending;

  await expectEffectsOfModel(system);
});
