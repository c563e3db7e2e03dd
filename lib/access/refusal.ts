/** A denial in words: which policy denies, or lacks which statement. */
import type { Decision } from '../policies/index.ts';
import { accountOf, describeActor } from './actor.ts';
import type { PolicyOwner } from './applicable-policies.ts';
import type { Permission, Refusal } from './permission.ts';
import { hidesItsSource } from './request-keys.ts';

export function refusalOf(
  permission: Permission,
  decision: Extract<Decision, { allowed: false }>,
  owner: Pick<PolicyOwner, 'kind' | 'resource'> | undefined,
): Refusal {
  const { actor, action, resourceArn } = permission;
  const byIdentity = decision.by !== 'resource' && actor.kind === 'role';
  const ofIdentity = decision.by === 'boundary' ? 'permissions boundary' : 'identity policy';
  const policy = byIdentity ? ofIdentity : (owner?.kind ?? 'identity policy');
  const resource = byIdentity ? actor.role.resource : owner?.resource;
  const who = describeActor(actor);
  const where = `the ${policy} of ${resource?.constructPath ?? resourceArn}`;
  if (decision.explicit) {
    const sid = decision.sid;
    const message = `${where} denies ${who} ${action} on ${resourceArn}${sid === undefined ? '' : ` (statement ${sid})`}`;
    return { policy, owner: resource, explicit: true, sid, statement: undefined, message };
  }
  const statement = byIdentity
    ? { Effect: 'Allow', Action: action, Resource: resourceArn }
    : statementForResource(permission);
  return {
    policy,
    owner: resource,
    explicit: false,
    sid: undefined,
    statement,
    message: `${where} does not allow ${who} ${action} on ${resourceArn}`,
  };
}

function statementForResource({ actor, action, resourceArn, keys }: Permission): object {
  const resource = action.startsWith('kms:') ? '*' : resourceArn;
  if (actor.kind === 'role') {
    return { Effect: 'Allow', Principal: { AWS: actor.role.arn }, Action: action, Resource: resource };
  }
  const { service, sourceArn } = actor;
  const principal = { Service: service };
  if (hidesItsSource(service, keys)) {
    return { Effect: 'Allow', Principal: principal, Action: action, Resource: resource };
  }
  if (action === 'sts:AssumeRole') return { Effect: 'Allow', Principal: principal, Action: action };
  const condition = action.startsWith('kms:')
    ? { StringEquals: { 'aws:SourceAccount': accountOf(actor) } }
    : { ArnEquals: { 'aws:SourceArn': sourceArn } };
  return { Effect: 'Allow', Principal: principal, Action: action, Resource: resource, Condition: condition };
}
