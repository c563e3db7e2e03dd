import { describe, expect, test } from '@jest/globals';
import { decide } from '../../../lib/access/index.ts';
import type { JsonObject } from '../../../lib/assembly/index.ts';
import { template } from '../guards/support.ts';

const ALLOW_ALL = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };

/** A role that may do everything as far as its own policy goes, with this boundary, beside a queue and its key. */
function withBoundary(boundary: string | JsonObject | undefined, key: JsonObject = {}) {
  const messaging = template({
    Queue: { Type: 'AWS::SQS::Queue' },
    Key: { Type: 'AWS::KMS::Key', Properties: key },
    ...(typeof boundary === 'object'
      ? { Boundary: { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument: boundary } } }
      : {}),
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: { Statement: [] },
        Policies: [{ PolicyName: 'All', PolicyDocument: ALLOW_ALL }],
        ...(boundary === undefined
          ? {}
          : { PermissionsBoundary: typeof boundary === 'string' ? boundary : { Ref: 'Boundary' } }),
      },
    },
  });
  const actor = { kind: 'role', role: messaging.roles[0]! } as const;
  const resourceArn = messaging.queues[0]!.arn;
  return {
    send: () => decide(messaging, { actor, action: 'sqs:SendMessage', resourceArn }),
    decrypt: () => decide(messaging, { actor, action: 'kms:Decrypt', resourceArn: messaging.keys[0]!.arn }),
  };
}

describe('permissions boundaries', () => {
  test('one that holds the action leaves it allowed', () => {
    expect(withBoundary(undefined).send().verdict).toBe('allowed');
    expect(withBoundary(ALLOW_ALL).send().verdict).toBe('allowed');
  });

  test('one that does not denies it, and is named', () => {
    const decided = withBoundary({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }],
    }).send();

    expect(decided).toMatchObject({
      verdict: 'denied',
      refusal: { policy: 'permissions boundary', message: expect.stringContaining('sqs:SendMessage') },
    });
  });

  test('one that is not in the assembly is not guessed', () => {
    expect(withBoundary('arn:aws:iam::111111111111:policy/Limits').send()).toMatchObject({
      verdict: 'unknown',
      because: expect.stringContaining('policy/Limits'),
    });
  });
});

test('a disabled key lets nobody in', () => {
  expect(withBoundary(undefined).decrypt().verdict).toBe('allowed');
  expect(withBoundary(undefined, { Enabled: false }).decrypt()).toMatchObject({
    verdict: 'denied',
    refusal: { message: 'Bare/Key is disabled: nobody can use it' },
  });
});
