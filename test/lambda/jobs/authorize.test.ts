import { describe, expect, test } from '@jest/globals';
import { authorizeJobRequest } from '../../../lambda/jobs/api/authorize.ts';
import { hasPrefix, jobIdPrefix, takenAt } from '../../../lambda/jobs/job-id.ts';
import { bearerToken } from '../../../local/workload/api-client.ts';

const NOW = Date.parse('2026-11-21T09:30:00.000Z');
const METHOD = 'arn:aws:execute-api:eu-west-1:111122223333:abc123/prod/GET/jobs';
const TOKEN_SECRET = 'signs-tokens';
const ID_SECRET = 'makes-ids';

const authorize = (headers: Record<string, string>, now = NOW) =>
  authorizeJobRequest(
    { headers, methodArn: METHOD },
    {
      tokenSecret: () => Promise.resolve(TOKEN_SECRET),
      jobIdSecret: () => Promise.resolve(ID_SECRET),
      now: () => now,
    },
  );
const token = (role: 'member' | 'admin' | 'operator', userId = 'usr_1') =>
  `Bearer ${bearerToken(TOKEN_SECRET, { userId, tenantId: 'acme', role }, NOW)}`;

describe('the authorizer of the jobs API', () => {
  test('D18 a token names the caller, and allows every method: the policy is kept for all of them', async () => {
    const answer = await authorize({ Authorization: token('member') });
    expect(answer.context).toEqual({
      tenantId: 'acme',
      userId: 'usr_1',
      role: 'member',
      jobIdPrefix: jobIdPrefix(ID_SECRET, 'acme', 'usr_1'),
    });
    expect(answer.policyDocument.Statement).toEqual([
      {
        Action: 'execute-api:Invoke',
        Effect: 'Allow',
        Resource: 'arn:aws:execute-api:eu-west-1:111122223333:abc123/prod/*/*',
      },
    ]);
  });

  test.each([
    ['no token', {}],
    ['no bearer token', { authorization: 'Basic abc' }],
    ['a token of another key', { authorization: `${token('member')}x` }],
  ])('%s is refused', async (_, headers) => {
    await expect(authorize(headers)).rejects.toThrow('Unauthorized');
  });

  test('a token that is over is refused', async () => {
    await expect(authorize({ authorization: token('member') }, NOW + 86_400_000)).rejects.toThrow(
      'Unauthorized',
    );
  });

  test('an operator, who is of no tenant, may not', async () => {
    const answer = await authorize({ authorization: token('operator') });
    expect(answer.policyDocument.Statement[0]).toMatchObject({ Effect: 'Deny' });
  });
});

describe('ids of jobs', () => {
  test('no two callers have the same prefix, whatever their names', () => {
    const prefixes = [
      jobIdPrefix(ID_SECRET, 'acme', 'usr_1'),
      jobIdPrefix(ID_SECRET, 'acme', 'usr_2'),
      jobIdPrefix(ID_SECRET, 'acmeusr', '_1'),
      jobIdPrefix('another', 'acme', 'usr_1'),
    ];
    expect(new Set(prefixes).size).toBe(4);
    expect(prefixes[0]).toMatch(/^[0-9a-f]{16}$/);
  });

  test('an empty prefix is nobody', () => {
    expect(hasPrefix('-abc', '')).toBe(false);
  });

  test('the time in an id is read where the API has made it', () => {
    expect(takenAt(`${'a'.repeat(16)}-1795250000000-0b4f7a52-6a3e-4a1e-9f55-0d3f3a1c7e21`)).toBe(
      1795250000000,
    );
    expect(takenAt(`${'a'.repeat(16)}-1795250000000`)).toBeUndefined();
    expect(takenAt(`${'a'.repeat(16)}-my-key`)).toBeUndefined();
  });
});
