import { expect, test } from '@jest/globals';
import {
  ConfigError,
  ENVIRONMENT_NAMES,
  environmentConfig,
  SYSTEM_NAMES,
  withSystems,
} from '../../../lib/config/index.ts';

test('there are four environments, each under its own name', () => {
  expect(ENVIRONMENT_NAMES).toEqual(['local', 'dev', 'staging', 'prod']);
  for (const name of ENVIRONMENT_NAMES) expect(environmentConfig(name).name).toBe(name);
});

test.each(['production', '', 'toString', undefined, 7])('%p is refused, and the four are named', (name) => {
  let refusal: unknown;
  try {
    environmentConfig(name);
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(ConfigError);
  expect(refusal).toMatchObject({
    code: 'WAYBILL_ENVIRONMENT_UNKNOWN',
    message: expect.stringContaining('give one of local, dev, staging, prod, for example -c env=dev'),
  });
});

test('production keeps its data and survives the loss of a zone', () => {
  const { database, network, removalPolicy } = environmentConfig('prod');

  expect(removalPolicy).toBe('retain');
  expect(database).toMatchObject({
    kind: 'aurora',
    reader: true,
    deletionProtection: true,
    backupRetentionDays: 35,
  });
  expect(network).toMatchObject({ kind: 'new', maxAzs: 3, natGateways: 3, interfaceEndpoints: true });
});

test.each([
  ['commerce', ['commerce']],
  ['core', ['core']],
  ['core, jobs', ['core', 'jobs']],
])('systems %p are switched on, and no others', (names, on) => {
  const { systems } = withSystems(environmentConfig('prod'), names);
  expect(SYSTEM_NAMES.filter((name) => systems[name])).toEqual(on);
});

test('without a choice of systems the environment is as it is', () => {
  const config = environmentConfig('dev');
  expect(withSystems(config, undefined)).toBe(config);
});

test.each(['', 'comerce', 'core,', 7, null, ['core']])(
  'systems %p are refused, and those that there are named',
  (names) => {
    expect(() => withSystems(environmentConfig('dev'), names)).toThrow(
      expect.objectContaining({
        code: 'WAYBILL_SYSTEM_UNKNOWN',
        message: expect.stringContaining(
          'give one or more of core, commerce, jobs, generation, agents, for example -c systems=commerce',
        ),
      }) as unknown as Error,
    );
  },
);
