/** The roles and managed policies of the account, and the policies that bind whoever acts in a role. */
import { createHash } from 'node:crypto';
import type { AwsContext } from '../context.ts';
import { record } from '../json.ts';
import { AWS_MANAGED_POLICIES } from './aws-managed-policies.ts';
import { malformedPolicy, noSuchEntity } from './errors.ts';
import type { ManagedPolicy, Role } from './model.ts';
import { readPolicy, type Policy } from '../../../lib/policies/policy.ts';

/** What a role may do: the sum of its policies, within its boundary. */
export interface RolePolicies {
  readonly identity: readonly Policy[];
  readonly boundary: Policy | undefined;
}

export interface Identities {
  /** Counts changes: a decision made at an older version may no longer stand. */
  version(): number;
  putRole(role: Role): void;
  /** Throws NoSuchEntity. */
  role(name: string): Role;
  findRole(name: string): Role | undefined;
  roles(): readonly Role[];
  deleteRole(name: string): void;
  putPolicy(policy: ManagedPolicy): void;
  /** By ARN, AWS's own among them. Throws NoSuchEntity. */
  policy(arn: string): ManagedPolicy;
  policies(): readonly ManagedPolicy[];
  deletePolicy(arn: string): void;
  /** What whoever acts in the role may do. A managed policy that is not there grants nothing. */
  policiesOf(role: Role): RolePolicies;
}

export function createIdentities(context: AwsContext): Identities {
  const keptRoles = context.state.collection<Role>('iam.roles');
  const keptPolicies = context.state.collection<ManagedPolicy>('iam.policies');
  const roles = new Map<string, Role>(keptRoles.entries());
  const policies = new Map<string, ManagedPolicy>(keptPolicies.entries());
  const read = new WeakMap<Role, { readonly version: number; readonly policies: RolePolicies }>();
  let version = 0;

  const findPolicy = (arn: string): ManagedPolicy | undefined =>
    policies.get(arn) ?? AWS_MANAGED_POLICIES.get(arn);
  const documentOf = (arn: string): Policy[] => {
    const found = findPolicy(arn);
    return found === undefined ? [] : [readPolicy(found.document)];
  };

  return {
    version: () => version,
    putRole(role) {
      roles.set(role.name, role);
      keptRoles.put(role.name, role);
      version++;
    },
    role(name) {
      const role = roles.get(name);
      if (role === undefined) throw noSuchEntity(`The role with name ${name} cannot be found.`);
      return role;
    },
    findRole: (name) => roles.get(name),
    roles: () => [...roles.values()],
    deleteRole(name) {
      roles.delete(name);
      keptRoles.delete(name);
      version++;
    },
    putPolicy(policy) {
      policies.set(policy.arn, policy);
      keptPolicies.put(policy.arn, policy);
      version++;
    },
    policy(arn) {
      const found = findPolicy(arn);
      if (found === undefined) throw noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);
      return found;
    },
    policies: () => [...policies.values()],
    deletePolicy(arn) {
      policies.delete(arn);
      keptPolicies.delete(arn);
      version++;
    },
    policiesOf(role) {
      const known = read.get(role);
      if (known?.version === version) return known.policies;
      const fresh: RolePolicies = {
        identity: [
          ...Object.values(role.inlinePolicies).map(readPolicy),
          ...role.managedPolicyArns.flatMap(documentOf),
        ],
        boundary: role.boundaryArn === undefined ? undefined : boundaryPolicy(documentOf(role.boundaryArn)),
      };
      read.set(role, { version, policies: fresh });
      return fresh;
    },
  };
}

/** A boundary that is not there allows nothing. */
function boundaryPolicy([policy]: readonly Policy[]): Policy {
  return policy ?? { statements: [], dependsOnTime: false };
}

/** The document as JSON text; throws MalformedPolicyDocument for one that can't be evaluated. */
export function checkedDocument(document: unknown): string {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  try {
    const { statements } = readPolicy(text);
    if (statements.length === 0) throw new Error('Syntax errors in policy: no Statement');
    checkStatements((JSON.parse(text) as { readonly Statement: unknown }).Statement);
  } catch (error) {
    throw malformedPolicy(error instanceof Error ? error.message : String(error));
  }
  return text;
}

/** What a statement can't be without. IAM/latest/UserGuide/reference_policies_grammar.html */
function checkStatements(statements: unknown): void {
  for (const statement of [statements].flat()) {
    const { Effect: effect, Action: action, NotAction: notAction } = record(statement);
    if (effect !== 'Allow' && effect !== 'Deny') {
      throw new Error('Syntax errors in policy: the Effect of a statement must be Allow or Deny.');
    }
    if (action === undefined && notAction === undefined) {
      throw new Error('Policy statement must contain actions.');
    }
  }
}

/** An id in IAM's style, the same in every run: `AROA` and 17 letters and digits. */
export function identityId(prefix: 'AROA' | 'ANPA', arn: string): string {
  return prefix + createHash('sha256').update(arn).digest('hex').slice(0, 17).toUpperCase();
}
