import { expect, test } from '@jest/globals';
import { ConfigError, ENVIRONMENT_NAMES, environmentConfig } from '../../../lib/config/index.ts';

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
