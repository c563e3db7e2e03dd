/** The long-running process on PostgreSQL: all agents, until their effects are those of the model; what it is told wrong. */
import { stat } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { agentNames } from '../../../catalog/agents/index.ts';
import { measureConsumers, tellMeasured } from '../../../lambda/agents/measure.ts';
import { processSettings } from '../../../lambda/agents/process-settings.ts';
import { startAgentsProcess } from '../../../lambda/agents/process.ts';
import type { AgentsProcess } from '../../../lambda/agents/process.ts';
import { transportsOfConsumers } from '../../../lambda/runtime/cutover/index.ts';
import { eventually } from '../../support/waiting.ts';
import { capturedLog } from '../runtime/fixtures.ts';
import { useAgents, silent } from './agents-under-test.ts';
import type { AgentsUnderTest } from './agents-under-test.ts';
import { expectEffectsOfModel, people } from './people.ts';

const agents = useAgents();
let system: AgentsUnderTest;
let running: AgentsProcess[] = [];
beforeEach(() => {
  system = agents();
});
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
});

async function start(variables: Readonly<Record<string, string>>): Promise<AgentsProcess> {
  const environment = { WAYBILL_TRANSPORT: 'postgres', ...system.environment, ...variables };
  const started = await startAgentsProcess(processSettings(environment), silent, environment);
  running.push(started);
  return started;
}

const ALL = agentNames.join(',');

test('two processes share eight agents; what they leave is what the model leaves, in order, each once', async () => {
  await start({ WAYBILL_AGENTS: ALL });
  await start({ WAYBILL_AGENTS: ALL });

  await people(system, { feedbacks: 30, products: 4 });

  await expectEffectsOfModel(system);
  const transports = await system.rows('select distinct transport from handled');
  expect(transports).toEqual([{ transport: 'postgres' }]);
});

test('the health file is written while it works; an agent that is configured elsewhere is held', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'waybill-agents-'));
  const file = join(directory, 'healthy');
  try {
    const one = await start({
      WAYBILL_AGENTS: 'sentiment,categorisation',
      WAYBILL_CONFIGURED_TRANSPORTS: 'sentiment=postgres,categorisation=redis',
      WAYBILL_HEALTH_FILE: file,
    });

    await eventually(() => stat(file));
    await eventually(() => expect(one.running()).toEqual(['sentiment']));
    expect(await transportsOfConsumers(system.pool)).toMatchObject([
      { consumer: 'categorisation', liveOn: 'redis', types: ['FeedbackReceived'] },
      { consumer: 'sentiment', liveOn: 'postgres' },
    ]);
    await one.stop();
    expect(one.running()).toEqual([]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

describe('what it is told', () => {
  test.each([
    [{}, 'WAYBILL_TRANSPORT must be of postgres, redis'],
    [{ WAYBILL_TRANSPORT: 'sns-sqs', WAYBILL_AGENTS: ALL }, "received 'sns-sqs'"],
    [{ WAYBILL_TRANSPORT: 'postgres' }, 'nothing to do: set WAYBILL_AGENTS'],
    [{ WAYBILL_TRANSPORT: 'postgres', WAYBILL_AGENTS: 'sentiment,typo' }, "received 'typo'"],
    [{ WAYBILL_TRANSPORT: 'postgres', WAYBILL_SHADOW_AGENTS: ALL }, 'the event store is the record'],
    [{ WAYBILL_TRANSPORT: 'redis', WAYBILL_MIRROR_TO: 'postgres' }, "received 'postgres'"],
    [
      { WAYBILL_TRANSPORT: 'redis', WAYBILL_AGENTS: ALL, WAYBILL_CONFIGURED_TRANSPORTS: 'sentiment' },
      "WAYBILL_CONFIGURED_TRANSPORTS must be of postgres, redis, sns-sqs, received ''",
    ],
    [{ WAYBILL_TRANSPORT: 'redis', WAYBILL_AGENTS: ALL, WAYBILL_DRAIN_SECONDS: '-1' }, "received '-1'"],
  ])('%j is refused', (environment, message) => {
    expect(() => processSettings(environment)).toThrow(message);
  });

  test('a server of Redis that is not named ends the start, and leaves nothing open', async () => {
    await expect(start({ WAYBILL_TRANSPORT: 'redis', WAYBILL_AGENTS: ALL })).rejects.toMatchObject({
      code: 'WAYBILL_REDIS_NOT_CONFIGURED',
    });
  });
});

test('what is measured: each agent, and each mirror, whether anybody reads or not', async () => {
  await system.give('f1', 'Too slow');
  const { logger, lines } = capturedLog();

  const measured = await measureConsumers(system.service, ['redis']);
  tellMeasured(logger, 'test', measured);

  expect(measured.map(({ consumer }) => consumer)).toEqual([...agentNames, 'mirror-redis']);
  const late = measured.filter(({ oldestUnprocessedSeconds }) => oldestUnprocessedSeconds > 0);
  expect(late.map(({ consumer }) => consumer)).toEqual(
    expect.arrayContaining(['sentiment', 'categorisation', 'duplicate-detection', 'weekly-digest']),
  );
  expect(lines).toHaveLength(9);
  expect(lines[0]).toMatchObject({
    Environment: 'test',
    Consumer: 'sentiment',
    DeadLetters: 0,
    LiveOn: 0,
    _aws: { CloudWatchMetrics: [{ Metrics: expect.arrayContaining([{ Name: 'LiveOn', Unit: 'None' }]) }] },
  });
  // A mirror does not move.
  expect(lines[8]).not.toHaveProperty('LiveOn');
});
