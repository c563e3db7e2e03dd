/**
 * The evaluator against an independent one, @cloud-copilot/iam-simulate, over generated requests and policies. Left out,
 * because they are known to differ:
 * - A resource that grants to a session's own ARN, and a session policy that does not: "the resource-based policy
 *   permissions are not limited by the session policy" (IAM/latest/UserGuide/access_policies.html); theirs denies.
 * - `ForAnyValue:...IfExists` of a key that is absent: "if the condition key is not present, evaluate the condition
 *   element as true" (reference_policies_elements_condition_operators.html); theirs is false.
 * - A key of several values that happens to have one, tested without ForAnyValue or ForAllValues: theirs goes by the
 *   key's type, ours by the values.
 * - Which denial is named when there are several.
 */
import { describe, expect, test } from '@jest/globals';
import { runSimulation } from '@cloud-copilot/iam-simulate';
import fc from 'fast-check';
import { conditionKeys } from '../../../lib/policies/condition-keys.ts';
import { evaluate } from '../../../lib/policies/evaluate.ts';
import { readPolicy } from '../../../lib/policies/policy.ts';
import type { Principal } from '../../../lib/policies/principals.ts';

type Json = Record<string, unknown>;

/** More with WAYBILL_IAM_RUNS; 30,000 were run when this was written. */
const RUNS = Number(process.env['WAYBILL_IAM_RUNS'] ?? 1_500);
const HERE = '111111111111';
const THERE = '222222222222';

const RESOURCES = {
  'sqs:SendMessage': [`arn:aws:sqs:us-east-1:${HERE}:orders`, `arn:aws:sqs:us-east-1:${HERE}:orders-dlq`],
  'sqs:ReceiveMessage': [`arn:aws:sqs:us-east-1:${HERE}:orders`],
  'sns:Publish': [`arn:aws:sns:us-east-1:${HERE}:orders`],
  'kms:Decrypt': [`arn:aws:kms:us-east-1:${HERE}:key/1234abcd-12ab-34cd-56ef-1234567890ab`],
  'kms:GenerateDataKey': [`arn:aws:kms:us-east-1:${HERE}:key/1234abcd-12ab-34cd-56ef-1234567890ab`],
  'lambda:InvokeFunction': [`arn:aws:lambda:us-east-1:${HERE}:function:pay`],
  'events:PutEvents': [`arn:aws:events:us-east-1:${HERE}:event-bus/core`],
} as const;
type Action = keyof typeof RESOURCES;

const role = (account: string): Principal => ({
  kind: 'session',
  arn: `arn:aws:sts::${account}:assumed-role/worker/one`,
  roleArn: `arn:aws:iam::${account}:role/worker`,
  accountId: account,
});
const PRINCIPALS: readonly Principal[] = [
  role(HERE),
  role(THERE),
  { kind: 'user', arn: `arn:aws:iam::${HERE}:user/ann`, accountId: HERE },
  { kind: 'service', arn: 'sns.amazonaws.com', accountId: HERE },
  { kind: 'service', arn: 'events.amazonaws.com', accountId: HERE },
];

const oneOrMore = <T>(...values: readonly T[]) =>
  fc.oneof(
    fc.constantFrom(...values),
    fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 }),
  );

const sometimes = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
const mostly = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 3 });

const actionElement = oneOrMore(
  '*',
  '*',
  '*',
  '*',
  'sqs:*',
  'sqs:SendMessage',
  'SQS:sendmessage',
  'sqs:Receive*',
  'sns:Publish',
  'kms:Decrypt',
  'kms:GenerateDataKey*',
  'lambda:InvokeFunction',
  'events:Put?vents',
);
const resourceElement = oneOrMore(
  '*',
  '*',
  '*',
  '*',
  'arn:aws:sqs:*:*:orders',
  'arn:aws:sqs:us-east-1:111111111111:*',
  'arn:aws:sqs:us-east-1:111111111111:orders-???',
  'arn:aws:sns:us-east-1:111111111111:orders',
  'arn:aws:kms:us-east-1:111111111111:key/*',
  'arn:aws:lambda:*:111111111111:function:pay',
  'arn:aws:events:us-east-1:111111111111:event-bus/${aws:PrincipalTag/bus}',
  'arn:aws:sqs:us-east-1:${aws:PrincipalAccount}:orders',
);
const principalElement = fc.oneof(
  fc.constant('*'),
  fc.record({
    AWS: oneOrMore(
      '*',
      HERE,
      `arn:aws:iam::${HERE}:root`,
      `arn:aws:iam::${THERE}:root`,
      `arn:aws:iam::${HERE}:role/worker`,
      `arn:aws:iam::${THERE}:role/worker`,
      `arn:aws:sts::${HERE}:assumed-role/worker/one`,
      `arn:aws:iam::${HERE}:user/ann`,
    ),
  }),
  fc.record({ Service: oneOrMore('sns.amazonaws.com', 'events.amazonaws.com', 'scheduler.amazonaws.com') }),
);

const operatorPrefix = fc.constantFrom('', '', '', 'ForAnyValue:', 'ForAllValues:');
const ifExists = fc.constantFrom('', '', 'IfExists');
const stringCondition = fc
  .tuple(
    operatorPrefix,
    fc.constantFrom(
      'StringEquals',
      'StringNotEquals',
      'StringLike',
      'StringNotLike',
      'StringEqualsIgnoreCase',
    ),
    ifExists,
    fc.constantFrom('aws:SourceAccount', 'aws:PrincipalAccount', 'aws:PrincipalTag/bus', 'aws:CalledVia'),
    oneOrMore(HERE, THERE, '1111*', 'core', 'CO?E', '${aws:PrincipalTag/bus}', 'team'),
  )
  .map(([prefix, operator, suffix, key, value]) => ({
    [`${prefix}${operator}${prefix === 'ForAnyValue:' ? '' : suffix}`]: { [key]: value },
  }));
const arnCondition = fc
  .tuple(
    fc.constantFrom('ArnEquals', 'ArnLike', 'ArnNotEquals', 'ArnNotLike'),
    ifExists,
    fc.constantFrom('aws:SourceArn', 'aws:PrincipalArn'),
    oneOrMore(
      `arn:aws:sns:us-east-1:${HERE}:orders`,
      `arn:aws:sns:us-east-1:${HERE}:*`,
      'arn:aws:sns:*:*:or?ers',
      `arn:aws:iam::${HERE}:role/*`,
    ),
  )
  .map(([operator, suffix, key, value]) => ({ [operator + suffix]: { [key]: value } }));
const otherCondition = fc.constantFrom<Json>(
  { Bool: { 'aws:SecureTransport': 'true' } },
  { Bool: { 'aws:SecureTransport': 'false' } },
  { BoolIfExists: { 'aws:PrincipalIsAWSService': 'true' } },
  { Null: { 'aws:SourceArn': 'true' } },
  { Null: { 'aws:SourceArn': 'false' } },
  { NumericLessThan: { 'aws:MultiFactorAuthAge': '100' } },
  { NumericGreaterThanEqualsIfExists: { 'aws:MultiFactorAuthAge': ['5', '300'] } },
  { NumericNotEquals: { 'aws:MultiFactorAuthAge': '60' } },
  { DateGreaterThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' } },
  { DateLessThanEquals: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' } },
  { IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '127.0.0.1'] } },
  { NotIpAddress: { 'aws:SourceIp': '127.0.0.0/8' } },
);
const condition = fc.oneof(stringCondition, arnCondition, otherCondition);

const identityStatement = fc
  .record({
    effect: fc.constantFrom('Allow', 'Allow', 'Allow', 'Allow', 'Allow', 'Deny'),
    action: actionElement,
    resource: resourceElement,
    notResource: fc.nat(9),
    condition: sometimes(condition),
  })
  .map((parts): Json => ({
    Effect: parts.effect,
    Action: parts.action,
    [parts.notResource === 0 ? 'NotResource' : 'Resource']: parts.resource,
    ...(parts.condition && { Condition: parts.condition }),
  }));
const notActionStatement = fc.record({
  Effect: fc.constantFrom('Allow', 'Deny'),
  NotAction: actionElement,
  Resource: resourceElement,
}) as fc.Arbitrary<Json>;
const resourceStatement = fc
  .tuple(identityStatement, principalElement)
  .map(([statement, principal]): Json => ({ ...statement, Principal: principal }));

const policyOf = (statement: fc.Arbitrary<Json>) =>
  fc.array(statement, { minLength: 1, maxLength: 3 }).map((statements) => ({
    Version: '2012-10-17',
    Statement: statements,
  }));

const requests = fc.record({
  principal: fc.constantFrom(...PRINCIPALS),
  target: fc
    .constantFrom(...(Object.keys(RESOURCES) as Action[]))
    .chain((action) => fc.constantFrom(...RESOURCES[action]).map((arn) => ({ action, arn }))),
  identity: fc.array(policyOf(fc.oneof(identityStatement, identityStatement, notActionStatement)), {
    maxLength: 2,
  }),
  boundary: sometimes(policyOf(identityStatement)),
  session: sometimes(policyOf(identityStatement)),
  resource: mostly(policyOf(resourceStatement)),
  keys: fc.record(
    {
      'aws:SourceArn': fc.constantFrom(
        `arn:aws:sns:us-east-1:${HERE}:orders`,
        `arn:aws:sns:us-east-1:${THERE}:x`,
      ),
      'aws:SourceAccount': fc.constantFrom(HERE, THERE),
      'aws:PrincipalTag/bus': fc.constantFrom('core', 'other'),
      'aws:CalledVia': fc.uniqueArray(fc.constantFrom('team', 'core', 'x'), { minLength: 2 }),
      'aws:SecureTransport': fc.constantFrom('true', 'false'),
      'aws:MultiFactorAuthAge': fc.constantFrom('5', '60', '400'),
      'aws:CurrentTime': fc.constantFrom('2025-06-01T00:00:00Z', '2026-06-01T00:00:00Z'),
      'aws:SourceIp': fc.constantFrom('127.0.0.1', '10.1.2.3', '192.0.2.1'),
    },
    { requiredKeys: [] },
  ),
});
type Request = typeof requests extends fc.Arbitrary<infer Value> ? Value : never;

async function independent(
  request: Request,
  keys: Record<string, string | string[]>,
): Promise<'Allowed' | 'Denied'> {
  const { principal, target, identity, boundary, session, resource } = request;
  const named = (policies: readonly unknown[]) =>
    policies.map((policy, index) => ({ name: `p${index}`, policy }));
  const result = await runSimulation(
    {
      request: {
        principal: principal.arn,
        action: target.action,
        resource: { resource: target.arn, accountId: HERE },
        contextVariables: keys,
      },
      identityPolicies: principal.kind === 'service' ? [] : named(identity),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: resource,
      permissionBoundaryPolicies: boundary && principal.kind !== 'service' ? named([boundary]) : undefined,
      sessionPolicy: principal.kind === 'session' ? session : undefined,
    },
    {},
  );
  if (result.resultType === 'error') throw new Error(JSON.stringify(result.errors));
  return result.overallResult === 'Allowed' ? 'Allowed' : 'Denied';
}

function ours({ principal, target, ...request }: Request, keys: Record<string, string | string[]>): string {
  const isService = principal.kind === 'service';
  const { boundary, session, resource } = request;
  const decision = evaluate({
    principal,
    action: target.action,
    resourceArn: target.arn,
    resourceAccountId: HERE,
    keys: conditionKeys(keys),
    policies: {
      identity: isService ? [] : request.identity.map(readPolicy),
      boundary: boundary && !isService ? readPolicy(boundary) : undefined,
      session: session && principal.kind === 'session' ? readPolicy(session) : undefined,
      resource: resource && readPolicy(resource),
    },
    resourcePolicyDecides: target.action.startsWith('kms:'),
  });
  return decision.allowed ? 'Allowed' : 'Denied';
}

function keysOf({ principal, keys }: Request): Record<string, string | string[]> {
  const byPrincipal: Record<string, string> =
    principal.kind === 'service'
      ? { 'aws:PrincipalIsAWSService': 'true' }
      : {
          'aws:PrincipalAccount': principal.accountId,
          'aws:PrincipalArn': principal.roleArn ?? principal.arn,
          'aws:PrincipalIsAWSService': 'false',
        };
  return { ...(keys as Record<string, string | string[]>), ...byPrincipal };
}

function isKnownToDiffer({ session, resource }: Request): boolean {
  return session !== undefined && JSON.stringify(resource ?? {}).includes(':assumed-role/');
}

describe('IAM: the evaluator and an independent one answer alike', () => {
  test('over generated principals, policies and keys', async () => {
    const answers = { Allowed: 0, Denied: 0 };
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        fc.pre(!isKnownToDiffer(request));
        const keys = keysOf(request);
        const theirs = await independent(request, keys);
        expect(ours(request, keys)).toBe(theirs);
        answers[theirs] += 1;
      }),
      { numRuns: RUNS },
    );
    // Neither answer may be so rare that agreeing on it says nothing.
    expect(answers.Allowed).toBeGreaterThan(RUNS / 20);
    expect(answers.Denied).toBeGreaterThan(RUNS / 20);
  });
});
