import { describe, expect, test } from '@jest/globals';
import { checkSystem } from '../../bin/commands/check-system.ts';
import { start } from '../../bin/commands/start.ts';
import type { StartOptions } from '../../bin/commands/start.ts';
import { systemsElsewhere } from '../../local/run/systems/index.ts';

const options: StartOptions = {
  port: 0,
  env: 'local',
  system: 'core',
  seed: 1,
  once: true,
  workload: true,
  watch: true,
};

const UNIT_OF: Readonly<Record<string, string>> = {
  agents: 'events',
  core: 'events',
  commerce: 'orders',
  jobs: 'jobs',
  generation: 'generations',
};

describe('npm start -- --system NAME', () => {
  test('an unknown system is refused before anything starts, with those there are', async () => {
    await expect(start({ ...options, system: 'constructor' })).rejects.toMatchObject({
      code: 'WAYBILL_SYSTEM_UNKNOWN',
      fix: expect.stringContaining('core'),
    });
  });

  test('a system that an installed package does not have is refused, with where it is', () => {
    const elsewhere = systemsElsewhere('file:///app/node_modules/waybill/dist/local/run/systems/index.js');
    expect(elsewhere).toEqual(['agents', 'commerce', 'generation', 'jobs']);
    expect(() => checkSystem('jobs', elsewhere)).toThrow(
      expect.objectContaining({
        code: 'WAYBILL_SYSTEM_NOT_PACKAGED',
        fix: expect.stringContaining('--system core'),
      }),
    );
    expect(() => checkSystem('core', elsewhere)).not.toThrow();
    expect(systemsElsewhere()).toEqual([]);
  });

  test.each(['core', 'agents', 'commerce', 'jobs', 'generation'])(
    '%s: a report or a count without --once is refused before anything starts',
    async (system) => {
      const watched = { ...options, system, once: false };
      const refused = { code: 'WAYBILL_START_NEVER_REPORTS', fix: expect.stringContaining('--once') };
      await expect(start({ ...watched, json: true })).rejects.toMatchObject(refused);
      await expect(start({ ...watched, [UNIT_OF[system]!]: 3 })).rejects.toMatchObject(refused);
    },
  );

  test('a way to move is the agents’ alone', async () => {
    await expect(start({ ...options, system: 'jobs', migrate: 'postgres:redis' })).rejects.toMatchObject({
      code: 'WAYBILL_SYSTEM_UNIT',
      fix: expect.stringContaining('--system agents'),
    });
  });

  test.each([
    [{ transport: 'kafka' }, "there is no transport 'kafka'"],
    [{ migrate: 'postgres:rabbit' }, "there is no transport 'rabbit'"],
    [{ migrate: 'redis' }, '--migrate names where to start and where to go'],
    [{ migrate: 'redis:redis' }, 'goes nowhere'],
    [{ transport: 'redis', migrate: 'postgres:redis' }, 'exclude each other'],
  ])('agents: %j is refused before anything starts', async (route, told) => {
    await expect(start({ ...options, system: 'agents', ...route })).rejects.toMatchObject({
      code: 'WAYBILL_START_ROUTE',
      message: expect.stringContaining(told),
      fix: expect.stringContaining('--migrate postgres:redis:sns-sqs'),
    });
  });

  test('a count of what the system does not have is refused, with what it has', async () => {
    await expect(start({ ...options, orders: 3 })).rejects.toMatchObject({
      code: 'WAYBILL_SYSTEM_UNIT',
      fix: 'say how many with --events',
    });
  });
});
