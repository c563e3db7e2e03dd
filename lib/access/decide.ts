/**
 * Whether somebody may do something in an assembly, from all the policies that bear on it: those of the identity, of
 * the resource, of its key, and the trust of the role. A refusal names the policy and the statement that is missing.
 */
import { isAwsManagedKey, isUnknown, parseArn } from '../assembly/index.ts';
import type { Messaging, Role } from '../assembly/index.ts';
import { evaluate } from '../policies/index.ts';
import { accountOf, principalOf } from './actor.ts';
import type { Actor } from './actor.ts';
import { boundaryOf, identityPolicies, NO_IDENTITY, ownerOf, tryRead } from './applicable-policies.ts';
import type { PolicyOwner } from './applicable-policies.ts';
import type { Access, Permission } from './permission.ts';
import { refusalOf } from './refusal.ts';
import { requestKeys } from './request-keys.ts';

/** Decides a permission. What lies outside the assembly is `unknown`, never guessed. */
export function decide(messaging: Messaging, permission: Permission): Access {
  const { actor, action, resourceArn } = permission;
  if (isUnknown(resourceArn)) return unknown(permission, `${resourceArn} is known only to AWS`);
  if (actor.kind === 'service' && isUnknown(actor.sourceArn)) {
    return unknown(permission, `the source ${actor.sourceArn} is known only to AWS`);
  }
  const owner = ownerOf(messaging, resourceArn);
  const isKey = action.startsWith('kms:');
  if (isKey && owner === undefined) return decideForeignKey(permission);
  if (actor.kind === 'service' && owner === undefined) {
    return unknown(permission, `the policy of ${resourceArn} is not in the assembly`);
  }
  if (owner?.unreadable !== undefined) return unknown(permission, owner.unreadable);
  if (isKey && messaging.key(resourceArn)?.enabled === false) return disabledKey(permission, owner);
  const identity = actor.kind === 'role' ? identityPolicies(actor.role) : NO_IDENTITY;
  const resourceAccountId = parseArn(resourceArn)?.accountId || accountOf(actor);
  const decision = evaluate({
    principal: principalOf(actor, accountOf(actor)),
    action,
    resourceArn,
    resourceAccountId,
    keys: requestKeys(actor, {
      resourceArn,
      resourceAccountId,
      region: owner?.resource.region ?? parseArn(resourceArn)?.region ?? '',
      ...(permission.keys === undefined ? {} : { own: permission.keys }),
    }),
    policies: {
      identity: identity.policies,
      resource: owner?.policy,
      boundary: actor.kind === 'role' ? boundaryOf(messaging, actor.role) : undefined,
    },
    resourcePolicyDecides: isKey,
  });
  if (decision.allowed) return withinBoundary(messaging, permission);
  if (!decision.explicit && decision.by === 'resource' && owner === undefined) {
    return unknown(permission, `the policy of ${resourceArn}, in another account, is not in the assembly`);
  }
  if (!decision.explicit && decision.by === 'identity' && identity.unread.length > 0) {
    return unknown(permission, `policies that are not in the assembly: ${identity.unread.join(', ')}`);
  }
  if (!decision.explicit && actor.kind === 'role' && owner?.namesAnAccount === true) {
    return unknown(permission, `whether ${owner.resource.constructPath} is in an account its policy names`);
  }
  return { verdict: 'denied', permission, refusal: refusalOf(permission, decision, owner) };
}

/** Whether a service may act in a role: its trust policy. */
export function decideTrust(role: Role, service: string, sourceArn: string): Access {
  const actor: Actor = { kind: 'service', service, sourceArn };
  const permission: Permission = { actor, action: 'sts:AssumeRole', resourceArn: role.arn };
  const trust = tryRead({ Version: '2012-10-17', Statement: role.trust });
  if (trust instanceof Error) {
    const { constructPath } = role.resource;
    return unknown(permission, `the trust policy of ${constructPath} cannot be read: ${trust.message}`);
  }
  const decision = evaluate({
    principal: principalOf(actor, role.accountId),
    action: 'sts:AssumeRole',
    resourceArn: role.arn,
    resourceAccountId: role.accountId,
    keys: requestKeys(actor, {
      resourceArn: role.arn,
      resourceAccountId: role.accountId,
      region: role.region,
    }),
    policies: { identity: [], resource: trust },
    resourcePolicyDecides: true,
  });
  if (decision.allowed) return { verdict: 'allowed', permission };
  return {
    verdict: 'denied',
    permission,
    refusal: refusalOf(permission, decision, { kind: 'trust policy', resource: role.resource }),
  };
}

/** What is allowed as far as is known may be beyond a boundary that is not in the assembly. */
function withinBoundary({ assembly }: Messaging, permission: Permission): Access {
  const boundary =
    permission.actor.kind === 'role' ? permission.actor.role.permissionsBoundaryArn : undefined;
  if (boundary === undefined || assembly.find(boundary) !== undefined)
    return { verdict: 'allowed', permission };
  return unknown(permission, `the permissions boundary ${boundary} is not in the assembly`);
}

function disabledKey(permission: Permission, owner: PolicyOwner | undefined): Access {
  return {
    verdict: 'denied',
    permission,
    refusal: {
      policy: 'key policy',
      owner: owner?.resource,
      explicit: false,
      sid: undefined,
      statement: undefined,
      message: `${owner?.resource.constructPath ?? permission.resourceArn} is disabled: nobody can use it`,
    },
  };
}

/**
 * | key | a service on its own behalf | a role |
 * |---|---|---|
 * | AWS's own, `alias/aws/sqs` | never: nobody can edit its policy | of the account: yes, through the service |
 * | outside the assembly | unknown | unknown |
 */
function decideForeignKey(permission: Permission): Access {
  const { actor, resourceArn } = permission;
  if (!isAwsManagedKey(resourceArn))
    return unknown(permission, `the key ${resourceArn} is not in the assembly`);
  if (actor.kind === 'role') return { verdict: 'allowed', permission };
  return {
    verdict: 'denied',
    permission,
    refusal: {
      policy: 'key policy',
      owner: undefined,
      explicit: false,
      sid: undefined,
      statement: undefined,
      message: `${resourceArn} is AWS's own key: its policy cannot be edited, so ${actor.service} can never use it`,
    },
  };
}

function unknown(permission: Permission, because: string): Access {
  return { verdict: 'unknown', permission, because };
}
