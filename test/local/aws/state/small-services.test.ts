/** Parameters and secrets are there again after a restart, with their versions. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  createAwsContext,
  rootCaller,
  type AwsContext,
  type AwsService,
} from '../../../../local/aws/context.ts';
import { createKmsService } from '../../../../local/aws/kms/index.ts';
import { createSecretsManagerService } from '../../../../local/aws/secretsmanager/index.ts';
import { createSsmService } from '../../../../local/aws/ssm/index.ts';
import { openStateStore } from '../../../../local/aws/state/index.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'waybill-state-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Runs the calls against a service over this state directory, and closes it again. */
async function session(
  create: (context: AwsContext) => AwsService,
  run: (call: (action: string, input: Record<string, unknown>) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const state = openStateStore(directory);
  const context = createAwsContext({ state });
  context.services.register(createKmsService(context));
  const service = create(context);
  await run((action, input) => service.handle(action, input, rootCaller(context)));
  state.close();
}

test('parameters: values, versions, secure strings; a deleted one stays deleted', async () => {
  await session(createSsmService, async (call) => {
    await call('PutParameter', { Name: '/a', Value: 'one', Type: 'String' });
    await call('PutParameter', { Name: '/a', Value: 'two', Type: 'String', Overwrite: true });
    await call('PutParameter', { Name: '/s', Value: 'hidden', Type: 'SecureString' });
    await call('PutParameter', { Name: '/gone', Value: 'x', Type: 'String' });
    await call('DeleteParameter', { Name: '/gone' });
  });

  await session(createSsmService, async (call) => {
    expect(await call('GetParameter', { Name: '/a' })).toMatchObject({
      Parameter: { Value: 'two', Version: 2 },
    });
    expect(await call('GetParameter', { Name: '/a:1' })).toMatchObject({ Parameter: { Value: 'one' } });
    expect(await call('GetParameter', { Name: '/s', WithDecryption: true })).toMatchObject({
      Parameter: { Value: 'hidden' },
    });
    await expect(call('GetParameter', { Name: '/gone' })).rejects.toMatchObject({
      code: 'ParameterNotFound',
    });
  });
});

test('secrets: versions with their stages, and the wait before a deletion', async () => {
  await session(createSecretsManagerService, async (call) => {
    await call('CreateSecret', { Name: 'db', SecretString: 'one' });
    await call('PutSecretValue', { SecretId: 'db', SecretString: 'two' });
    await call('CreateSecret', { Name: 'old', SecretString: 'x' });
    await call('DeleteSecret', { SecretId: 'old', RecoveryWindowInDays: 7 });
  });

  await session(createSecretsManagerService, async (call) => {
    expect(await call('GetSecretValue', { SecretId: 'db' })).toMatchObject({ SecretString: 'two' });
    expect(await call('GetSecretValue', { SecretId: 'db', VersionStage: 'AWSPREVIOUS' })).toMatchObject({
      SecretString: 'one',
    });
    await expect(call('GetSecretValue', { SecretId: 'old' })).rejects.toMatchObject({
      code: 'InvalidRequestException',
    });
    await call('RestoreSecret', { SecretId: 'old' });
    expect(await call('GetSecretValue', { SecretId: 'old' })).toMatchObject({ SecretString: 'x' });
  });
});
