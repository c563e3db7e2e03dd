/**
 * The global condition keys of a call, and who its caller is to policies.
 * IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
import type { AwsContext, AuthorizationRequest, Caller } from '../context.ts';
import { conditionKeys, type ConditionKeys } from '../../../lib/policies/condition-keys.ts';
import type { Identities } from './identities.ts';
import type { Role } from './model.ts';
import type { Principal } from '../../../lib/policies/principals.ts';

/** A caller with the role it acts in, when that role is on record. */
export interface Identity {
  readonly principal: Principal;
  readonly role: Role | undefined;
}

export function identify(caller: Caller, identities: Identities): Identity {
  const { accountId, arn, service } = caller;
  if (service !== undefined) {
    return { principal: { kind: 'service', arn: service, accountId }, role: undefined };
  }
  const [, roleName] = /^arn:[\w-]+:sts::\d{12}:assumed-role\/([^/]+)\//.exec(arn) ?? [];
  if (roleName !== undefined) {
    const role = identities.findRole(roleName);
    const roleArn = role?.arn ?? `arn:aws:iam::${accountId}:role/${roleName}`;
    return { principal: { kind: 'session', arn, accountId, roleArn }, role };
  }
  return { principal: { kind: arn.endsWith(':root') ? 'root' : 'user', arn, accountId }, role: undefined };
}

/**
 * Services that say whose resource they act for in `aws:SourceOwner`, which is what the policy that every new topic has
 * goes by. sns/latest/dg/sns-access-policy-use-cases.html
 */
const WITH_SOURCE_OWNER: ReadonlySet<string> = new Set([
  'cloudwatch.amazonaws.com',
  's3.amazonaws.com',
  'ses.amazonaws.com',
  'cloudformation.amazonaws.com',
]);
const LOCAL_ADDRESS = '127.0.0.1';

export function keysOf(
  context: AwsContext,
  caller: Caller,
  { principal, role }: Identity,
  request: AuthorizationRequest,
): ConditionKeys {
  const now = context.clock.now();
  const keys = conditionKeys({
    // The endpoint is on the loopback interface: what stands for TLS here. A Deny of plain HTTP must not stop a local call.
    'aws:SecureTransport': 'true',
    'aws:RequestedRegion': context.region,
    'aws:ResourceAccount': resourceAccount(request.resourceArn, context.accountId),
    'aws:CurrentTime': new Date(now).toISOString(),
    'aws:EpochTime': String(Math.floor(now / 1000)),
    'aws:ViaAWSService': 'false',
    ...(principal.kind === 'service'
      ? serviceKeys(context, caller, principal, request)
      : principalKeys(caller, principal, role)),
  });
  for (const [name, value] of conditionKeys(request.conditionKeys ?? {})) keys.set(name, value);
  return keys;
}

/** The account that a resource belongs to; ARNs without one, as those of buckets, are of this account. */
export function resourceAccount(arn: string, accountId: string): string {
  return arn.split(':')[4] || accountId;
}

function serviceKeys(
  context: AwsContext,
  { sourceArn }: Caller,
  { arn: service }: Principal,
  { action, conditionKeys: own }: AuthorizationRequest,
): Record<string, string | undefined> {
  const keys = {
    'aws:PrincipalIsAWSService': 'true',
    'aws:PrincipalServiceName': service,
    'aws:PrincipalServiceNamesList': service,
  };
  if (sourceArn === undefined || hidesItsSource(service, action, own)) return keys;
  const account = resourceAccount(sourceArn, context.accountId);
  return {
    ...keys,
    'aws:SourceArn': sourceArn,
    'aws:SourceAccount': account,
    'aws:SourceOwner': WITH_SOURCE_OWNER.has(service) ? account : undefined,
  };
}

/**
 * EventBridge tells the key of an encrypted topic nothing about the rule: a condition on the source never holds.
 * sns/latest/dg/sns-enable-encryption-for-topic-sqs-queue-subscriptions.html, "event sources"
 */
function hidesItsSource(
  service: string,
  action: string,
  keys: AuthorizationRequest['conditionKeys'],
): boolean {
  const via = keys?.['kms:ViaService'];
  return (
    service === 'events.amazonaws.com' &&
    action.startsWith('kms:') &&
    typeof via === 'string' &&
    via.startsWith('sns.')
  );
}

const PRINCIPAL_TYPES: Readonly<Record<Principal['kind'], string>> = {
  root: 'Account',
  user: 'User',
  session: 'AssumedRole',
  service: 'Service',
};

function principalKeys(
  { session }: Caller,
  { kind, arn, accountId, roleArn }: Principal,
  role: Role | undefined,
): Record<string, string | undefined> {
  const tags = Object.entries({ ...role?.tags, ...session?.tags });
  return {
    'aws:PrincipalIsAWSService': 'false',
    'aws:PrincipalAccount': accountId,
    'aws:PrincipalArn': roleArn ?? arn,
    'aws:PrincipalType': PRINCIPAL_TYPES[kind],
    'aws:SourceIp': LOCAL_ADDRESS,
    'aws:username': kind === 'user' ? arn.split('/').at(-1) : undefined,
    'aws:userid': userId(kind, arn, accountId, role),
    'kms:CallerAccount': accountId,
    'lambda:SourceFunctionArn': session?.sourceFunctionArn,
    ...Object.fromEntries(tags.map(([name, value]) => [`aws:PrincipalTag/${name}`, value])),
  };
}

function userId(kind: Principal['kind'], arn: string, accountId: string, role: Role | undefined) {
  if (kind === 'root') return accountId;
  return role && `${role.id}:${arn.split('/').at(-1) ?? ''}`;
}
