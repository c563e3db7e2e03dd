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
    expect(elsewhere).toEqual(['commerce', 'generation', 'jobs']);
    expect(() => checkSystem('jobs', elsewhere)).toThrow(
      expect.objectContaining({
        code: 'WAYBILL_SYSTEM_NOT_PACKAGED',
        fix: expect.stringContaining('--system core'),
      }),
    );
    expect(() => checkSystem('core', elsewhere)).not.toThrow();
    expect(systemsElsewhere()).toEqual([]);
  });

  test.each(['core', 'commerce', 'jobs', 'generation'])(
    '%s: a report or a count without --once is refused before anything starts',
    async (system) => {
      const watched = { ...options, system, once: false };
      const refused = { code: 'WAYBILL_START_NEVER_REPORTS', fix: expect.stringContaining('--once') };
      await expect(start({ ...watched, json: true })).rejects.toMatchObject(refused);
      await expect(start({ ...watched, [UNIT_OF[system]!]: 3 })).rejects.toMatchObject(refused);
    },
  );

  test('a count of what the system does not have is refused, with what it has', async () => {
    await expect(start({ ...options, orders: 3 })).rejects.toMatchObject({
      code: 'WAYBILL_SYSTEM_UNIT',
      fix: 'say how many with --events',
    });
  });
});
