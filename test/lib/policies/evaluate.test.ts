/** The evaluator case by case, each from its page of the IAM User Guide. */
import { describe, expect, test } from '@jest/globals';
import { conditionKeys } from '../../../lib/policies/condition-keys.ts';
import { evaluate, type AccessRequest, type Decision } from '../../../lib/policies/evaluate.ts';
import { readPolicy } from '../../../lib/policies/policy.ts';
import type { Principal } from '../../../lib/policies/principals.ts';

type Statement = Readonly<Record<string, unknown>>;

const ACCOUNT = '111111111111';
const OTHER = '222222222222';
const QUEUE = `arn:aws:sqs:us-east-1:${ACCOUNT}:orders`;
const TOPIC = `arn:aws:sns:us-east-1:${ACCOUNT}:orders`;
const ROLE = `arn:aws:iam::${ACCOUNT}:role/worker`;

const sessionOf = (accountId: string): Principal => ({
  kind: 'session',
  arn: `arn:aws:sts::${accountId}:assumed-role/worker/one`,
  roleArn: `arn:aws:iam::${accountId}:role/worker`,
  accountId,
});
const session = sessionOf(ACCOUNT);
const stranger = sessionOf(OTHER);
const root: Principal = { kind: 'root', arn: `arn:aws:iam::${ACCOUNT}:root`, accountId: ACCOUNT };
const sns: Principal = { kind: 'service', arn: 'sns.amazonaws.com', accountId: ACCOUNT };

interface Case {
  readonly principal?: Principal;
  readonly action?: string;
  readonly resource?: string;
  readonly keys?: Readonly<Record<string, string | readonly string[]>>;
  readonly identity?: readonly Statement[];
  readonly boundary?: readonly Statement[];
  readonly sessionPolicy?: readonly Statement[];
  readonly resourcePolicy?: readonly Statement[];
  readonly version?: string;
}

function decide(one: Case): Decision {
  const { version = '2012-10-17' } = one;
  const policy = (statements: readonly Statement[]) =>
    readPolicy({ Version: version, Statement: statements });
  const action = one.action ?? 'sqs:SendMessage';
  const request: AccessRequest = {
    principal: one.principal ?? session,
    action,
    resourceArn: one.resource ?? QUEUE,
    resourceAccountId: ACCOUNT,
    keys: conditionKeys(one.keys ?? {}),
    policies: {
      identity: one.identity ? [policy(one.identity)] : [],
      boundary: one.boundary && policy(one.boundary),
      session: one.sessionPolicy && policy(one.sessionPolicy),
      resource: one.resourcePolicy && policy(one.resourcePolicy),
    },
    resourcePolicyDecides: action.startsWith('kms:'),
  };
  return evaluate(request);
}

const allow = (members: Statement = {}): Statement => ({
  Effect: 'Allow',
  Action: 'sqs:SendMessage',
  Resource: QUEUE,
  ...members,
});
const deny = (members: Statement = {}): Statement => ({ ...allow(members), Effect: 'Deny' });
const allowed = (one: Case): boolean => decide(one).allowed;

describe('which policies must allow', () => {
  test('nothing is allowed by default', () => {
    expect(decide({})).toEqual({ allowed: false, explicit: false, by: 'identity' });
  });

  test('in one account the identity or the resource is enough', () => {
    expect(allowed({ identity: [allow()] })).toBe(true);
    expect(allowed({ resourcePolicy: [allow({ Principal: { AWS: ROLE } })] })).toBe(true);
  });

  test('across accounts both must allow', () => {
    const granted = [allow({ Principal: { AWS: stranger.roleArn } })];

    expect(decide({ principal: stranger, identity: [allow()] })).toMatchObject({ by: 'resource' });
    expect(decide({ principal: stranger, resourcePolicy: granted })).toMatchObject({ by: 'identity' });
    expect(allowed({ principal: stranger, identity: [allow()], resourcePolicy: granted })).toBe(true);
  });

  test('naming the account leaves the decision to its identity policies', () => {
    const resourcePolicy = [allow({ Principal: { AWS: ACCOUNT } })];

    expect(allowed({ resourcePolicy })).toBe(false);
    expect(allowed({ resourcePolicy, identity: [allow()] })).toBe(true);
  });

  test('the account root needs no identity policy, and obeys a Deny of the resource', () => {
    expect(allowed({ principal: root })).toBe(true);
    expect(decide({ principal: root, resourcePolicy: [deny({ Principal: '*', Sid: 'Closed' })] })).toEqual({
      allowed: false,
      explicit: true,
      by: 'resource',
      sid: 'Closed',
    });
  });

  test('a Deny anywhere wins', () => {
    expect(decide({ identity: [allow(), deny()] })).toMatchObject({ explicit: true, by: 'identity' });
    expect(decide({ identity: [allow()], boundary: [deny()] })).toMatchObject({ by: 'boundary' });
    expect(decide({ identity: [allow()], sessionPolicy: [deny()] })).toMatchObject({ by: 'session' });
    expect(
      decide({ identity: [allow()], resourcePolicy: [deny({ Principal: { AWS: ROLE } })] }),
    ).toMatchObject({
      explicit: true,
      by: 'resource',
    });
  });

  test('boundary and session policy limit what identity policies grant', () => {
    const elsewhere = [allow({ Action: 'sns:Publish' })];

    expect(decide({ identity: [allow()], boundary: elsewhere })).toMatchObject({ by: 'boundary' });
    expect(decide({ identity: [allow()], sessionPolicy: elsewhere })).toMatchObject({ by: 'session' });
    expect(allowed({ identity: [allow()], boundary: [allow()], sessionPolicy: [allow()] })).toBe(true);
  });

  test('a grant to the role ends at its boundary, one to the session does not', () => {
    const boundary = [allow({ Action: 'sns:Publish' })];
    const toRole = [allow({ Principal: { AWS: ROLE } })];
    const toSession = [allow({ Principal: { AWS: session.arn } })];

    expect(decide({ resourcePolicy: toRole, boundary })).toMatchObject({ by: 'boundary' });
    expect(allowed({ resourcePolicy: toSession, boundary })).toBe(true);
  });

  test('a service is let in by the resource alone', () => {
    const granted = [allow({ Principal: { Service: 'sns.amazonaws.com' } })];
    const toEvents = [allow({ Principal: { Service: 'events.amazonaws.com' } })];

    expect(allowed({ principal: sns, resourcePolicy: granted })).toBe(true);
    expect(decide({ principal: sns, resourcePolicy: toEvents })).toMatchObject({ by: 'resource' });
    expect(decide({ principal: sns, identity: [allow()] })).toMatchObject({ by: 'resource' });
  });

  test('a KMS key that names nobody lets nobody in; its root statement lets IAM decide', () => {
    const action = 'kms:Decrypt';
    const resource = `arn:aws:kms:us-east-1:${ACCOUNT}:key/k`;
    const identity = [allow({ Action: action, Resource: resource })];
    const rootStatement = { Effect: 'Allow', Principal: { AWS: root.arn }, Action: 'kms:*', Resource: '*' };
    const elsewhere = { ...rootStatement, Principal: { Service: 'sns.amazonaws.com' } };

    expect(decide({ action, resource, identity, resourcePolicy: [elsewhere] })).toMatchObject({
      by: 'resource',
    });
    expect(decide({ action, resource, principal: root, resourcePolicy: [elsewhere] }).allowed).toBe(false);
    expect(allowed({ action, resource, identity, resourcePolicy: [rootStatement] })).toBe(true);
    expect(decide({ action, resource, resourcePolicy: [rootStatement] })).toMatchObject({ by: 'identity' });
  });

  test('NotPrincipal leaves out only who is listed by every ARN that means them', () => {
    const everyArn = [session.arn, ROLE, root.arn];
    const identity = [allow()];

    expect(allowed({ identity, resourcePolicy: [deny({ NotPrincipal: { AWS: everyArn } })] })).toBe(true);
    expect(allowed({ identity, resourcePolicy: [deny({ NotPrincipal: { AWS: root.arn } })] })).toBe(false);
  });
});

describe('which requests a statement is about', () => {
  test.each([
    ['*', true],
    ['sqs:*', true],
    ['SQS:sendmessage', true],
    ['sqs:Send*', true],
    ['sqs:SendMessag?', true],
    ['sqs:Receive*', false],
    ['sns:*', false],
  ])('Action %s: %s', (Action, expected) => {
    expect(allowed({ identity: [allow({ Action })] })).toBe(expected);
  });

  test('NotAction is about everything else', () => {
    const { Action: _action, ...statement } = allow();

    expect(allowed({ identity: [{ ...statement, NotAction: 'sqs:DeleteQueue' }] })).toBe(true);
    expect(allowed({ identity: [{ ...statement, NotAction: 'sqs:Send*' }] })).toBe(false);
  });

  test.each([
    ['*', true],
    [QUEUE, true],
    [`arn:aws:sqs:*:${ACCOUNT}:ord*`, true],
    ['arn:aws:sqs:us-east-1:*:order?', true],
    ['arn:aws:sqs:*', true],
    [`arn:aws:sqs:us-east-1:${ACCOUNT}:Orders`, false],
    [`arn:aws:sqs:*:orders`, false],
    [`arn:aws:sqs:us-west-2:${ACCOUNT}:orders`, false],
  ])('Resource %s: %s', (Resource, expected) => {
    expect(allowed({ identity: [allow({ Resource })] })).toBe(expected);
  });

  test('a wildcard in the resource part goes beyond colons', () => {
    const resource = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:pay:live`;
    const Resource = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:pay*`;
    const action = 'lambda:InvokeFunction';

    expect(allowed({ action, resource, identity: [allow({ Action: action, Resource })] })).toBe(true);
  });

  test('variables stand for keys of the request, in the resource part and since 2012-10-17', () => {
    const Resource = `arn:aws:sqs:us-east-1:${ACCOUNT}:\${aws:PrincipalTag/team}`;
    const keys = { 'aws:PrincipalTag/team': 'orders' };

    expect(allowed({ identity: [allow({ Resource })], keys })).toBe(true);
    expect(allowed({ identity: [allow({ Resource })] })).toBe(false);
    expect(allowed({ identity: [allow({ Resource })], keys, version: '2008-10-17' })).toBe(false);
    const withDefault = Resource.replace('team}', "team, 'orders'}");
    expect(allowed({ identity: [allow({ Resource: withDefault })] })).toBe(true);
    const inAccount = 'arn:aws:sqs:us-east-1:${aws:PrincipalAccount}:orders';
    expect(
      allowed({ identity: [allow({ Resource: inAccount })], keys: { 'aws:PrincipalAccount': ACCOUNT } }),
    ).toBe(false);
  });

  test('a variable holds text, not a pattern', () => {
    const Resource = `arn:aws:sqs:us-east-1:${ACCOUNT}:\${aws:PrincipalTag/team}`;

    expect(allowed({ identity: [allow({ Resource })], keys: { 'aws:PrincipalTag/team': 'o*' } })).toBe(false);
  });
});

describe('conditions', () => {
  const with_ = (Condition: object, keys: Case['keys'] = {}) =>
    allowed({ identity: [allow({ Condition })], keys: { ...keys } });
  const source = { 'aws:SourceArn': TOPIC };

  test.each<readonly [string, object, NonNullable<Case['keys']>, boolean]>([
    [
      'StringEquals',
      { StringEquals: { 'aws:SourceAccount': [OTHER, ACCOUNT] } },
      { 'aws:SourceAccount': ACCOUNT },
      true,
    ],
    ['StringEquals takes no wildcard', { StringEquals: { k: 'o*' } }, { k: 'orders' }, false],
    [
      'keys are compared without case',
      { StringEquals: { 'AWS:SourceACCOUNT': ACCOUNT } },
      { 'aws:sourceaccount': ACCOUNT },
      true,
    ],
    ['StringNotEquals of an absent key', { StringNotEquals: { k: 'a' } }, {}, true],
    [
      'StringNotEquals with several values means none of them',
      { StringNotEquals: { k: ['a', 'b'] } },
      { k: 'b' },
      false,
    ],
    ['StringEqualsIgnoreCase', { StringEqualsIgnoreCase: { k: 'ORDERS' } }, { k: 'orders' }, true],
    ['StringLike', { StringLike: { k: 'o?d*' } }, { k: 'orders' }, true],
    ['StringNotLike', { StringNotLike: { k: 'o*' } }, { k: 'orders' }, false],
    [
      'ArnEquals takes wildcards, part by part',
      { ArnEquals: { 'aws:SourceArn': 'arn:aws:sns:*:*:orders' } },
      source,
      true,
    ],
    ['ArnLike does not join parts', { ArnLike: { 'aws:SourceArn': 'arn:aws:sns:*:orders' } }, source, false],
    ['ArnNotLike', { ArnNotLike: { 'aws:SourceArn': 'arn:aws:sns:*:*:orders' } }, source, false],
    ['Bool', { Bool: { 'aws:SecureTransport': 'true' } }, { 'aws:SecureTransport': 'true' }, true],
    ['Bool of an absent key', { Bool: { 'aws:MultiFactorAuthPresent': 'false' } }, {}, false],
    ['BoolIfExists of an absent key', { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } }, {}, true],
    ['Null: true wants the key absent', { Null: { k: 'true' } }, {}, true],
    ['Null: false wants it there', { Null: { k: 'false' } }, {}, false],
    ['NumericLessThanEquals', { NumericLessThanEquals: { n: '300' } }, { n: '300' }, true],
    ['NumericGreaterThan', { NumericGreaterThan: { n: '300' } }, { n: '300' }, false],
    [
      'DateGreaterThan with seconds',
      { DateGreaterThan: { d: '2026-01-01T00:00:00Z' } },
      { d: '1780000000' },
      true,
    ],
    ['IpAddress', { IpAddress: { ip: ['10.0.0.0/8', '2001:db8::/32'] } }, { ip: '2001:db8::7' }, true],
    ['NotIpAddress', { NotIpAddress: { ip: '127.0.0.0/8' } }, { ip: '127.0.0.1' }, false],
    ['ForAnyValue', { 'ForAnyValue:StringEquals': { k: ['a', 'z'] } }, { k: ['a', 'b'] }, true],
    ['ForAnyValue of an absent key', { 'ForAnyValue:StringEquals': { k: 'a' } }, {}, false],
    ['ForAllValues', { 'ForAllValues:StringLike': { k: ['a*', 'b*'] } }, { k: ['a1', 'c1'] }, false],
    ['ForAllValues of an absent key', { 'ForAllValues:StringEquals': { k: 'a' } }, {}, true],
    [
      'every operator must hold',
      { StringEquals: { k: 'a' }, Bool: { b: 'true' } },
      { k: 'a', b: 'false' },
      false,
    ],
  ])('%s', (_name, condition, keys, expected) => {
    expect(with_(condition, keys)).toBe(expected);
  });

  test('an operator that does not exist is refused when the policy is read', () => {
    expect(() => readPolicy({ Statement: allow({ Condition: { StringIs: { k: 'a' } } }) })).toThrow(
      'StringIs',
    );
  });
});
