import { describe, expect, test } from '@jest/globals';

import {
  parseSecretReference,
  resolveDynamicReferences,
} from '../../../local/assembly/dynamic-references.ts';

const SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:database-a1b2c3';
const lookup = {
  secret: async () => JSON.stringify({ username: 'app', password: 'p:w', port: 5432 }),
  parameter: async (name: string, version: string | undefined) => `${name}@${version ?? 'latest'}`,
};

describe('dynamic references', () => {
  test('a key of a secret named by its ARN', async () => {
    const value = { Password: `{{resolve:secretsmanager:${SECRET_ARN}:SecretString:password::}}` };

    expect(await resolveDynamicReferences(value, lookup)).toEqual({ Password: 'p:w' });
  });

  test('several references inside one text', async () => {
    const value =
      'postgres://{{resolve:secretsmanager:db:SecretString:username}}@x:{{resolve:secretsmanager:db:SecretString:port}}';

    expect(await resolveDynamicReferences(value, lookup)).toBe('postgres://app@x:5432');
  });

  test('SSM parameters with and without a version', async () => {
    expect(
      await resolveDynamicReferences(['{{resolve:ssm:/a/b:3}}', '{{resolve:ssm:/a/b}}'], lookup),
    ).toEqual(['/a/b@3', '/a/b@latest']);
  });

  test('a missing key is named, the secret is not shown', async () => {
    const failure = resolveDynamicReferences('{{resolve:secretsmanager:db:SecretString:nope}}', lookup);

    await expect(failure).rejects.toThrow('The secret db has no key "nope"');
    await expect(failure).rejects.not.toThrow('p:w');
  });

  test('an ARN with a version stage is taken apart', () => {
    expect(parseSecretReference(`${SECRET_ARN}:SecretString:password:AWSPREVIOUS:`)).toEqual({
      secretId: SECRET_ARN,
      jsonKey: 'password',
      versionStage: 'AWSPREVIOUS',
      versionId: undefined,
    });
  });
});
