/**
 * Whether somebody may do something in an assembly, from all the policies that bear on it: those of the identity, of
 * the resource, of its key, and the trust of the role. A refusal names the policy and the statement that is missing.
 */
import { documentOf, isAwsManagedKey, isUnknown, parseArn } from '../assembly/index.ts';
import type { AttachedPolicy, Messaging, Resource, Role } from '../assembly/index.ts';
import { AWS_MANAGED_POLICY_ACTIONS } from '../policies/aws-managed-policies.ts';
import { evaluate, readPolicy } from '../policies/index.ts';
import type { Decision, Policy } from '../policies/index.ts';
import { describeActor, principalOf } from './actor.ts';
import type { Actor } from './actor.ts';
import { hidesItsSource, requestKeys } from './request-keys.ts';

/** One thing that has to be allowed. */
export interface Permission {
  readonly actor: Actor;
  /** For example `sqs:SendMessage`. */
  readonly action: string;
  readonly resourceArn: string;
  /** Condition keys of the action itself. */
  readonly keys?: Readonly<Record<string, string>>;
}

export type PolicyKind =
  | 'identity policy'
  | 'trust policy'
  | 'queue policy'
  | 'topic policy'
  | 'bus policy'
  | 'function policy'
  | 'key policy'
  | 'permissions boundary';

export type Access =
  | { readonly verdict: 'allowed'; readonly permission: Permission }
  /** A policy outside the assembly decides. */
  | { readonly verdict: 'unknown'; readonly permission: Permission; readonly because: string }
  | { readonly verdict: 'denied'; readonly permission: Permission; readonly refusal: Refusal };

export interface Refusal {
  /** The policy that denies, or in which the Allow is missing. */
  readonly policy: PolicyKind;
  /** What the policy belongs to: the queue, topic, key, or role. */
  readonly owner: Resource | undefined;
  /** True where a statement denies; else one that allows is missing. */
  readonly explicit: boolean;
  /** The Sid of the statement that denies. */
  readonly sid: string | undefined;
  /** What to add, where something is missing. */
  readonly statement: object | undefined;
  /** One sentence. */
  readonly message: string;
}

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
    refusal: refusalOf(permission, decision, {
      kind: 'trust policy',
      resource: role.resource,
      policy: undefined,
    }),
  };
}

/** The role's permissions boundary, as far as it is in the assembly. */
function boundaryOf({ assembly }: Messaging, { permissionsBoundaryArn }: Role): Policy | undefined {
  const document = assembly.find(permissionsBoundaryArn)?.properties['PolicyDocument'];
  const policy = document === undefined ? undefined : tryRead(document);
  // What cannot be read allows nothing, as far as is known.
  return policy instanceof Error ? NOTHING : policy;
}

const NOTHING = readPolicy({ Statement: [] });

/** What is allowed as far as is known may be beyond a boundary that is not in the assembly. */
function withinBoundary({ assembly }: Messaging, permission: Permission): Access {
  const boundary =
    permission.actor.kind === 'role' ? permission.actor.role.permissionsBoundaryArn : undefined;
  if (boundary === undefined || assembly.find(boundary) !== undefined)
    return { verdict: 'allowed', permission };
  return unknown(permission, `the permissions boundary ${boundary} is not in the assembly`);
}

function disabledKey(permission: Permission, owner: Owner | undefined): Access {
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

interface Owner {
  readonly kind: PolicyKind;
  readonly resource: Resource;
  readonly policy: Policy | undefined;
  /** Why the policy cannot be read, where it cannot. */
  readonly unreadable?: string | undefined;
  /** True where the stack does not say its account, and the policy lets one in by number: it may be the stack's own. */
  readonly namesAnAccount?: boolean;
}

/** The resource with its policy; undefined for what is not in the assembly, or has no policies of its own. */
function ownerOf(messaging: Messaging, arn: string): Owner | undefined {
  const queue = messaging.queue(arn);
  if (queue !== undefined) return ownerWith('queue policy', queue.resource, queue.policies);
  const topic = messaging.topic(arn);
  if (topic !== undefined) {
    return topic.policies.length === 0
      ? { kind: 'topic policy', resource: topic.resource, policy: defaultTopicPolicy(topic.accountId, arn) }
      : ownerWith('topic policy', topic.resource, topic.policies);
  }
  const bus = messaging.bus(arn);
  if (bus !== undefined) return ownerWith('bus policy', bus.resource, bus.policies);
  const custom = messaging.customBus(arn);
  if (custom !== undefined) return ownerWith('bus policy', custom.resource, custom.policies);
  const fn = messaging.function(arn);
  if (fn !== undefined) return ownerWith('function policy', fn.resource, fn.policies);
  const key = messaging.key(arn);
  return key === undefined ? undefined : ownerWith('key policy', key.resource, key.policies);
}

function ownerWith(kind: PolicyKind, resource: Resource, policies: readonly AttachedPolicy[]): Owner {
  const [policy] = policies.length === 0 ? [] : [readOnce(policies)];
  if (policy instanceof Error) {
    const unreadable = `the ${kind} of ${resource.constructPath} cannot be read: ${policy.message}`;
    return { kind, resource, policy: undefined, unreadable };
  }
  const namesAnAccount = !resource.stack.isPlaced && policies.some(letsAnAccountIn(resource.accountId));
  return { kind, resource, policy, namesAnAccount };
}

function letsAnAccountIn(own: string): (policy: AttachedPolicy) => boolean {
  return ({ statements }) =>
    statements.some(({ Effect: effect, Principal: principal }) =>
      [...JSON.stringify(principal ?? '').matchAll(ACCOUNT)].some(
        ([, id]) => effect === 'Allow' && id !== own,
      ),
    );
}

/** A principal's account: its number alone, or in an ARN. */
const ACCOUNT = /["':](\d{12})["':]/g;

const read = new WeakMap<readonly AttachedPolicy[], Policy | Error>();

function readOnce(policies: readonly AttachedPolicy[]): Policy | Error {
  const known = read.get(policies);
  if (known !== undefined) return known;
  const policy = tryRead(documentOf(policies));
  read.set(policies, policy);
  return policy;
}

function tryRead(document: unknown): Policy | Error {
  try {
    return readPolicy(document);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** The policy of every new topic: everything to its account. sns/latest/dg/sns-access-policy-use-cases.html */
function defaultTopicPolicy(accountId: string, topicArn: string): Policy {
  return readPolicy({
    Version: '2008-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: ['SNS:Publish', 'SNS:Subscribe'],
        Resource: topicArn,
        Condition: { StringEquals: { 'AWS:SourceOwner': accountId } },
      },
    ],
  });
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

interface IdentityPolicies {
  readonly policies: readonly Policy[];
  /** Policies that bear on the identity and are not known here. */
  readonly unread: readonly string[];
}

const NO_IDENTITY: IdentityPolicies = { policies: [], unread: [] };
const identities = new WeakMap<Role, IdentityPolicies>();

function identityPolicies(role: Role): IdentityPolicies {
  const known = identities.get(role);
  if (known !== undefined) return known;
  const own = role.policies.length === 0 ? undefined : readOnce(role.policies);
  const unread: string[] = own instanceof Error ? [`a policy that cannot be read: ${own.message}`] : [];
  const managed = role.managedPolicyArns.flatMap((arn) => {
    const actions = AWS_MANAGED_POLICY_ACTIONS[arn.split(':policy/')[1] ?? ''];
    if (actions !== undefined) {
      return [
        readPolicy({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
        }),
      ];
    }
    unread.push(arn);
    return [];
  });
  const policies = {
    policies: [...(own === undefined || own instanceof Error ? [] : [own]), ...managed],
    unread,
  };
  identities.set(role, policies);
  return policies;
}

function accountOf(actor: Actor): string {
  if (actor.kind === 'role') return actor.role.accountId;
  return actor.sourceAccount ?? parseArn(actor.sourceArn)?.accountId ?? '';
}

function unknown(permission: Permission, because: string): Access {
  return { verdict: 'unknown', permission, because };
}

function refusalOf(
  permission: Permission,
  decision: Extract<Decision, { allowed: false }>,
  owner: Owner | undefined,
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
