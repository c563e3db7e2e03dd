import { describe, expect, test } from '@jest/globals';
import {
  environmentConfig,
  onlySystems,
  standbyRegionOf,
  withStandby,
  withStandbyRegion,
} from '../../../lib/config/index.ts';
import type { EnvironmentConfig } from '../../../lib/config/index.ts';

const SECRET = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:Some-Name-AbCdEf';
const SEALING_KEY = 'arn:aws:kms:us-east-1:111122223333:key/mrk-0123456789abcdef0123456789abcdef';
const CONTROLS_KEY = 'arn:aws:kms:us-west-2:111122223333:key/01234567-89ab-cdef-0123-456789abcdef';
const OUTPUTS = {
  'waybill-prod-data': { DatabaseSecretArn: SECRET, Other: 'x' },
  'waybill-prod-commerce': { TokenSecretArn: SECRET, SealingKeyArn: SEALING_KEY, ControlsTableName: 'table' },
  'waybill-prod-commercestandby': { ControlsKeyArn: CONTROLS_KEY },
};
const prod = environmentConfig('prod');

function refusal(config: EnvironmentConfig, outputs: unknown): unknown {
  try {
    withStandby(config, 'true', outputs);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('the first Region', () => {
  test.each([undefined, 'false', false, ''])('standby=%s leaves the environment as it is', (standby) => {
    expect(withStandby(prod, standby, undefined)).toBe(prod);
  });

  test('knows its standby only where the commerce system is on', () => {
    expect(standbyRegionOf(prod)).toBe('us-west-2');
    expect(standbyRegionOf({ ...prod, systems: onlySystems(['core']) })).toBeUndefined();
    expect(standbyRegionOf(environmentConfig('dev'))).toBeUndefined();
    expect(standbyRegionOf(withStandbyRegion(environmentConfig('dev'), 'eu-west-1'))).toBe('eu-west-1');
  });
});

test('an environment without a standby Region is told where to give one', () => {
  expect(refusal(environmentConfig('dev'), OUTPUTS)).toMatchObject({
    code: 'WAYBILL_STANDBY_IMPOSSIBLE',
    message: expect.stringContaining('standbyRegion in lib/config/environments.ts'),
  });
});

describe('the standby', () => {
  test.each([
    ['true', false],
    [true, false],
    ['active', true],
  ])(
    'standby=%s: the commerce system alone, in its Region, in the account of the outputs',
    (standby, active) => {
      const config = withStandby(prod, standby, OUTPUTS);
      expect(config).toMatchObject({ region: 'us-west-2', account: '111122223333', name: 'prod' });
      expect(config.systems).toEqual(onlySystems(['commerce']));
      expect(config.standby).toEqual({
        active,
        first: {
          databaseSecretArn: SECRET,
          tokenSecretArn: SECRET,
          sealingKeyArn: SEALING_KEY,
          controlsTableName: 'table',
          controlsKeyArn: CONTROLS_KEY,
        },
      });
      // It has no standby of its own.
      expect(standbyRegionOf(config)).toBeUndefined();
    },
  );

  test.each([
    ['data', 'DatabaseSecretArn', undefined],
    ['data', 'DatabaseSecretArn', SECRET.replace('us-east-1', 'us-west-2')],
    ['commerce', 'TokenSecretArn', SECRET.slice(0, -7)],
    ['commerce', 'SealingKeyArn', SEALING_KEY.replace('mrk-', '')],
    ['commerce', 'ControlsTableName', 7],
    ['commercestandby', 'ControlsKeyArn', CONTROLS_KEY.replace('us-west-2', 'us-east-1')],
  ])('the output of %s, %s = %s, is refused by its name', (part, output, value) => {
    const stack = `waybill-prod-${part}`;
    const ofStack = OUTPUTS[stack as keyof typeof OUTPUTS];
    const outputs = { ...OUTPUTS, [stack]: { ...ofStack, [output]: value } };
    expect(refusal(prod, outputs)).toMatchObject({
      code: 'WAYBILL_STANDBY_OUTPUT_MISSING',
      message: expect.stringContaining(`${output} of ${stack}`),
    });
  });

  test('without a file every output is named, and what to do', () => {
    const { message } = refusal(prod, undefined) as Error;
    for (const output of [
      'DatabaseSecretArn',
      'TokenSecretArn',
      'SealingKeyArn',
      'ControlsTableName',
      'ControlsKeyArn',
    ])
      expect(message).toContain(output);
    expect(message).toContain('-c standby=true -c firstRegion=first-region.json');
  });

  test.each<[string, Partial<EnvironmentConfig>]>([
    ['the Region it is in', { region: 'us-west-2' }],
    ['switched off', { systems: onlySystems(['core']) }],
    ['database', { database: { kind: 'existing', secretArn: SECRET, clientSecurityGroupId: 'sg-1' } }],
    [
      'network',
      {
        network: {
          kind: 'existing',
          vpcId: 'vpc-1',
          availabilityZones: [],
          privateSubnetIds: [],
          isolatedSubnetIds: [],
        },
      },
    ],
  ])('is refused, and says why: %s', (why, changes) => {
    expect(refusal({ ...prod, ...changes }, OUTPUTS)).toMatchObject({
      code: 'WAYBILL_STANDBY_IMPOSSIBLE',
      message: expect.stringContaining(why),
    });
  });
});
