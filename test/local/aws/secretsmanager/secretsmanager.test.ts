/** Secrets Manager: values, versions and their stages, deletion with recovery, random passwords. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomPassword } from '../../../../local/aws/secretsmanager/index.ts';
import { jsonClient, type JsonClient } from '../json-services.ts';

let secrets: JsonClient;
beforeAll(async () => {
  secrets = await jsonClient('secretsmanager');
});
afterAll(() => secrets.aws.close());

const value = (SecretId: string, more: object = {}) => secrets.call('GetSecretValue', { SecretId, ...more });

test('a secret is read by name, ARN, and ARN without its suffix', async () => {
  const { ARN, VersionId } = await secrets.call('CreateSecret', {
    Name: 'db/main',
    SecretString: '{"port":5432}',
  });

  expect(ARN).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:db\/main-\w{6}$/);
  for (const id of ['db/main', ARN as string, (ARN as string).slice(0, -7)]) {
    expect(await value(id)).toMatchObject({
      ARN,
      Name: 'db/main',
      VersionId,
      SecretString: '{"port":5432}',
      VersionStages: ['AWSCURRENT'],
    });
  }
  expect(await secrets.refusal('CreateSecret', { Name: 'db/main' })).toBe('ResourceExistsException');
  expect(await secrets.refusal('GetSecretValue', { SecretId: 'nope' })).toBe('ResourceNotFoundException');
});

test('a new value becomes current and the old one previous; older ones are forgotten', async () => {
  await secrets.call('CreateSecret', { Name: 'rotating', SecretString: 'one' });
  await secrets.call('PutSecretValue', { SecretId: 'rotating', SecretString: 'two' });
  await secrets.call('UpdateSecret', { SecretId: 'rotating', SecretString: 'three', Description: 'd' });

  expect(await value('rotating')).toMatchObject({ SecretString: 'three' });
  expect(await value('rotating', { VersionStage: 'AWSPREVIOUS' })).toMatchObject({ SecretString: 'two' });
  const { VersionIdsToStages, Description } = await secrets.call('DescribeSecret', { SecretId: 'rotating' });
  expect(Object.values(VersionIdsToStages as object)).toEqual([['AWSPREVIOUS'], ['AWSCURRENT']]);
  expect(Description).toBe('d');
});

test('a repeated request token changes nothing; with other content it is refused', async () => {
  const ClientRequestToken = '11111111-2222-3333-4444-555555555555';
  await secrets.call('CreateSecret', { Name: 'idempotent', SecretString: 'a', ClientRequestToken });

  await secrets.call('PutSecretValue', { SecretId: 'idempotent', SecretString: 'a', ClientRequestToken });

  expect(
    await secrets.refusal('PutSecretValue', {
      SecretId: 'idempotent',
      SecretString: 'b',
      ClientRequestToken,
    }),
  ).toBe('ResourceExistsException');
  expect(await value('idempotent', { VersionId: ClientRequestToken })).toMatchObject({ SecretString: 'a' });
});

test('binary values, a secret without a value, and the size limit', async () => {
  await secrets.call('CreateSecret', { Name: 'binary', SecretBinary: 'AP8=' });
  await secrets.call('CreateSecret', { Name: 'empty' });

  expect(await value('binary')).toMatchObject({ SecretBinary: 'AP8=' });
  expect(await secrets.refusal('GetSecretValue', { SecretId: 'empty' })).toBe('ResourceNotFoundException');
  expect(
    await secrets.refusal('PutSecretValue', { SecretId: 'empty', SecretString: 'x'.repeat(65_537) }),
  ).toBe('InvalidParameterException');
  expect(await secrets.refusal('PutSecretValue', { SecretId: 'empty' })).toBe('InvalidParameterException');
});

test('a deleted secret can be restored until its window ends; forced deletion is at once', async () => {
  for (const Name of ['restored', 'lapsed', 'forced']) {
    await secrets.call('CreateSecret', { Name, SecretString: 'x' });
  }
  for (const SecretId of ['restored', 'lapsed']) {
    await secrets.call('DeleteSecret', { SecretId, RecoveryWindowInDays: 7 });
    expect(await secrets.refusal('GetSecretValue', { SecretId })).toBe('InvalidRequestException');
  }
  await secrets.call('DeleteSecret', { SecretId: 'forced', ForceDeleteWithoutRecovery: true });
  await secrets.call('RestoreSecret', { SecretId: 'restored' });
  expect(await secrets.refusal('CreateSecret', { Name: 'lapsed' })).toBe('InvalidRequestException');
  await secrets.clock.advance(7 * 86_400_000);

  expect(await value('restored')).toMatchObject({ SecretString: 'x' });
  for (const SecretId of ['lapsed', 'forced']) {
    expect(await secrets.refusal('GetSecretValue', { SecretId })).toBe('ResourceNotFoundException');
  }
});

test('ListSecrets pages and leaves deleted ones out', async () => {
  const { SecretList, NextToken } = await secrets.call('ListSecrets', { MaxResults: 1 });

  expect(SecretList).toHaveLength(1);
  expect(NextToken).toBeDefined();
});

describe('random passwords', () => {
  test('GetRandomPassword has 32 characters of every kind by default', async () => {
    const { RandomPassword } = await secrets.call('GetRandomPassword');

    expect(RandomPassword).toHaveLength(32);
    for (const kind of [/[a-z]/, /[A-Z]/, /\d/, /[^\w\s]/]) expect(RandomPassword).toMatch(kind);
  });

  test('what is excluded never appears', () => {
    for (let round = 0; round < 50; round++) {
      const password = randomPassword({
        PasswordLength: 40,
        ExcludeCharacters: '"@/\\',
        ExcludeLowercase: true,
      });
      expect(password).toMatch(/^[^a-z"@/\\]{40}$/);
    }
  });

  test('settings that leave no characters are refused', async () => {
    const nothing = {
      ExcludeLowercase: true,
      ExcludeUppercase: true,
      ExcludeNumbers: true,
      ExcludePunctuation: true,
    };

    expect(await secrets.refusal('GetRandomPassword', nothing)).toBe('InvalidParameterException');
  });
});
