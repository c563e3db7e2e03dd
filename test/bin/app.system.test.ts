import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readTopology } from '../../lib/topology/index.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'waybill-app-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** As the CDK command line runs it: the context comes in a variable, and there are no credentials. */
function runApp(output: string, context: Record<string, unknown>): { status: number | null; stderr: string } {
  const {
    AWS_PROFILE: _profile,
    CDK_DEFAULT_ACCOUNT: _account,
    CDK_DEFAULT_REGION: _region,
    ...environment
  } = process.env;
  const { status, stderr } = spawnSync(process.execPath, ['bin/app.ts'], {
    env: {
      ...environment,
      CDK_OUTDIR: join(directory, output),
      CDK_CONTEXT_JSON: JSON.stringify({ 'aws:cdk:bundling-stacks': [], ...context }),
      CDK_VALIDATION: 'false',
    },
    encoding: 'utf8',
  });
  return { status, stderr };
}

test('prod is synthesized without an account, credentials or a network', () => {
  const { status, stderr } = runApp('prod', { env: 'prod' });

  // Quotas that the peak of production needs are warned of.
  expect({ status, failed: /^(?!WARNING)\S*ERROR/m.test(stderr) }).toEqual({ status: 0, failed: false });
  const output = join(directory, 'prod');
  const templates = readdirSync(output).filter((name) => name.endsWith('.template.json'));
  expect(templates.toSorted()).toEqual(
    [
      'Agents',
      'Commerce',
      'CommerceConsumers1',
      'CommerceConsumers2',
      'CommerceConsumers3',
      'CommerceConsumers5',
      'CommerceConsumers6',
      'CommerceConsumers7',
      'CommerceConsumers8',
      'CommerceLegacy',
      'CommerceStandby',
      'CommerceStreams',
      'Core',
      'CoreConsumers4',
      'CoreConsumers6',
      'CoreConsumers7',
      'CoreConsumers8',
      'Data',
      'Foundation',
      'Generation',
      'Jobs',
      'Network',
      'Observability',
    ].map((stack) => `${stack}.template.json`),
  );
  expect(readTopology(output).environment).toBe('prod');
  const manifest = JSON.parse(readFileSync(join(output, 'manifest.json'), 'utf8')) as {
    artifacts: Record<string, { environment?: string }>;
  };
  expect(manifest.artifacts['Core']?.environment).toBe('aws://unknown-account/unknown-region');
});

test('an unknown environment is refused with the four that there are, and writes nothing', () => {
  const { status, stderr } = runApp('unknown', { env: 'production' });

  expect({ status, stderr }).toEqual({
    status: 1,
    stderr:
      'unknown environment "production": give one of local, dev, staging, prod, for example -c env=dev\n',
  });
  expect(existsSync(join(directory, 'unknown', 'Core.template.json'))).toBe(false);
});

test('a standby is synthesized from the outputs of the first Region, and refused without them', () => {
  const context = { env: 'prod', standby: 'true' };
  const firstRegion = join(directory, 'first-region.json');
  const secret = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:Some-AbCdEf';
  const sealingKey = 'arn:aws:kms:us-east-1:111122223333:key/mrk-0123456789abcdef0123456789abcdef';
  writeFileSync(
    firstRegion,
    JSON.stringify({
      'waybill-prod-data': { DatabaseSecretArn: secret },
      'waybill-prod-commerce': {
        TokenSecretArn: secret,
        SealingKeyArn: sealingKey,
        ControlsTableName: 'controls',
      },
      'waybill-prod-commercestandby': {
        ControlsKeyArn: 'arn:aws:kms:us-west-2:111122223333:key/01234567-89ab-cdef-0123-456789abcdef',
      },
    }),
  );

  const refused = runApp('refused', { ...context, firstRegion: join(directory, 'nowhere.json') });
  const made = runApp('standby', { ...context, firstRegion });

  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain('SealingKeyArn of waybill-prod-commerce');
  expect({ status: made.status, failed: /^(?!WARNING)\S*ERROR/m.test(made.stderr) }).toEqual({
    status: 0,
    failed: false,
  });
  const output = join(directory, 'standby');
  expect(existsSync(join(output, 'Core.template.json'))).toBe(false);
  const manifest = JSON.parse(readFileSync(join(output, 'manifest.json'), 'utf8')) as {
    artifacts: Record<string, { environment?: string }>;
  };
  expect(manifest.artifacts['Commerce']?.environment).toBe('aws://111122223333/us-west-2');
});
