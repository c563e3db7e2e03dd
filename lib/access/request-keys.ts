/** The condition keys of a request, as AWS would set them for what an assembly declares. */
import { parseArn } from '../assembly/index.ts';
import { conditionKeys } from '../policies/index.ts';
import type { ConditionKeys } from '../policies/index.ts';
import type { Actor } from './actor.ts';

/**
 * Services that say whose resource they act for in `aws:SourceOwner`, which is what the policy that every new topic has
 * goes by. sns/latest/dg/sns-access-policy-use-cases.html
 */
const WITH_SOURCE_OWNER: ReadonlySet<string> = new Set([
  'cloudwatch.amazonaws.com',
  's3.amazonaws.com',
  'ses.amazonaws.com',
]);

/** What is true of every request besides who makes it. */
export interface RequestContext {
  readonly resourceArn: string;
  readonly resourceAccountId: string;
  readonly region: string;
  /** Keys of the action itself, such as `kms:ViaService`. */
  readonly own?: Readonly<Record<string, string>>;
}

export function requestKeys(actor: Actor, request: RequestContext): ConditionKeys {
  return conditionKeys({
    'aws:SecureTransport': 'true',
    'aws:RequestedRegion': request.region,
    'aws:ResourceAccount': request.resourceAccountId,
    'aws:ViaAWSService': request.own?.['kms:ViaService'] === undefined ? 'false' : 'true',
    ...(actor.kind === 'service' ? keysOfService(actor, request) : keysOfRole(actor)),
    ...request.own,
  });
}

function keysOfService(
  { service, sourceArn, sourceAccount }: Extract<Actor, { kind: 'service' }>,
  { own }: RequestContext,
): Record<string, string | undefined> {
  const keys = {
    'aws:PrincipalIsAWSService': 'true',
    'aws:PrincipalServiceName': service,
    'aws:PrincipalServiceNamesList': service,
  };
  if (hidesItsSource(service, own)) return keys;
  const account = sourceAccount ?? parseArn(sourceArn)?.accountId;
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
export function hidesItsSource(service: string, own: RequestContext['own']): boolean {
  return service === 'events.amazonaws.com' && own?.['kms:ViaService']?.startsWith('sns.') === true;
}

function keysOfRole({ role }: Extract<Actor, { kind: 'role' }>): Record<string, string> {
  return {
    'aws:PrincipalIsAWSService': 'false',
    'aws:PrincipalAccount': role.accountId,
    'aws:PrincipalArn': role.arn,
    'aws:PrincipalType': 'AssumedRole',
    'kms:CallerAccount': role.accountId,
  };
}
