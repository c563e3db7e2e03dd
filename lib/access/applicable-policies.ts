/** The policies of an assembly that bear on a request: those of the role, its boundary, and of what is asked for. */
import { documentOf } from '../assembly/index.ts';
import type { AttachedPolicy, Messaging, Resource, Role } from '../assembly/index.ts';
import { AWS_MANAGED_POLICY_ACTIONS } from '../policies/aws-managed-policies.ts';
import { readPolicy } from '../policies/index.ts';
import type { Policy } from '../policies/index.ts';
import type { PolicyKind } from './permission.ts';

export interface PolicyOwner {
  readonly kind: PolicyKind;
  readonly resource: Resource;
  readonly policy: Policy | undefined;
  /** Why the policy cannot be read, where it cannot. */
  readonly unreadable?: string | undefined;
  /** True where the stack does not say its account, and the policy lets one in by number: it may be the stack's own. */
  readonly namesAnAccount?: boolean;
}

/** The resource with its policy; undefined for what is not in the assembly, or has no policies of its own. */
export function ownerOf(messaging: Messaging, arn: string): PolicyOwner | undefined {
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

function ownerWith(kind: PolicyKind, resource: Resource, policies: readonly AttachedPolicy[]): PolicyOwner {
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

export function tryRead(document: unknown): Policy | Error {
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

/** The role's permissions boundary, as far as it is in the assembly. */
export function boundaryOf({ assembly }: Messaging, { permissionsBoundaryArn }: Role): Policy | undefined {
  const document = assembly.find(permissionsBoundaryArn)?.properties['PolicyDocument'];
  const policy = document === undefined ? undefined : tryRead(document);
  // What cannot be read allows nothing, as far as is known.
  return policy instanceof Error ? NOTHING : policy;
}

const NOTHING = readPolicy({ Statement: [] });

export interface IdentityPolicies {
  readonly policies: readonly Policy[];
  /** Policies that bear on the identity and are not known here. */
  readonly unread: readonly string[];
}

export const NO_IDENTITY: IdentityPolicies = { policies: [], unread: [] };
const identities = new WeakMap<Role, IdentityPolicies>();

export function identityPolicies(role: Role): IdentityPolicies {
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
