/** The actions of IAM's API that a local AWS needs: roles, their policies, and managed policies. */
import type { AwsContext } from '../context.ts';
import { deleteConflict, entityExists, noSuchEntity, validationError } from './errors.ts';
import { checkedDocument, identityId, type Identities } from './identities.ts';
import type { ManagedPolicy, Role } from './model.ts';

type Input = Readonly<Record<string, unknown>>;
type Action = (input: Input) => unknown;

/** Names of roles and policies, and the seconds of a session. IAM/latest/APIReference/API_CreateRole.html */
const NAME = /^[\w+=,.@-]{1,128}$/;
const SESSION_SECONDS = { minimum: 3_600, maximum: 43_200, default: 3_600 };

export function createActions(context: AwsContext, identities: Identities): Readonly<Record<string, Action>> {
  const roleOf = (input: Input): Role => identities.role(name(input, 'RoleName'));
  const change = (input: Input, changes: Partial<Role>): void =>
    identities.putRole({ ...roleOf(input), ...changes });

  return {
    CreateRole(input) {
      const role = newRole(context, input);
      if (identities.findRole(role.name)) throw entityExists(`Role with name ${role.name} already exists.`);
      identities.putRole(role);
      return { Role: describeRole(role) };
    },
    GetRole: (input) => ({ Role: describeRole(roleOf(input)) }),
    ListRoles(input) {
      const prefix = optionalText(input, 'PathPrefix') ?? '/';
      const listed = identities.roles().filter(({ path }) => path.startsWith(prefix));
      return { Roles: listed.map(describeRole), IsTruncated: false };
    },
    UpdateRole(input) {
      const role = roleOf(input);
      change(input, {
        description: optionalText(input, 'Description') ?? role.description,
        maximumSessionSeconds: sessionSeconds(input, role.maximumSessionSeconds),
      });
    },
    DeleteRole(input) {
      const { name: roleName, managedPolicyArns, inlinePolicies } = roleOf(input);
      if (managedPolicyArns.length > 0) {
        throw deleteConflict('Cannot delete entity, must detach all policies first.');
      }
      if (Object.keys(inlinePolicies).length > 0) {
        throw deleteConflict('Cannot delete entity, must delete policies first.');
      }
      identities.deleteRole(roleName);
    },
    UpdateAssumeRolePolicy: (input) => change(input, { trustPolicy: document(input, 'PolicyDocument') }),
    TagRole: (input) => change(input, { tags: { ...roleOf(input).tags, ...tags(input) } }),
    UntagRole(input) {
      const removed = list(input, 'TagKeys');
      const left = Object.entries(roleOf(input).tags).filter(([key]) => !removed.includes(key));
      change(input, { tags: Object.fromEntries(left) });
    },
    PutRolePermissionsBoundary: (input) =>
      change(input, { boundaryArn: identities.policy(text(input, 'PermissionsBoundary')).arn }),
    DeleteRolePermissionsBoundary: (input) => change(input, { boundaryArn: undefined }),

    PutRolePolicy(input) {
      const policies = { [name(input, 'PolicyName')]: document(input, 'PolicyDocument') };
      change(input, { inlinePolicies: { ...roleOf(input).inlinePolicies, ...policies } });
    },
    GetRolePolicy(input) {
      const { name: RoleName, inlinePolicies } = roleOf(input);
      const PolicyName = name(input, 'PolicyName');
      const found = inlinePolicies[PolicyName];
      if (found === undefined) {
        throw noSuchEntity(`The role policy with name ${PolicyName} cannot be found.`);
      }
      return { RoleName, PolicyName, PolicyDocument: encodeURIComponent(found) };
    },
    ListRolePolicies: (input) => ({
      PolicyNames: Object.keys(roleOf(input).inlinePolicies),
      IsTruncated: false,
    }),
    DeleteRolePolicy(input) {
      const { [name(input, 'PolicyName')]: removed, ...left } = roleOf(input).inlinePolicies;
      if (removed === undefined) {
        throw noSuchEntity(`The role policy with name ${text(input, 'PolicyName')} cannot be found.`);
      }
      change(input, { inlinePolicies: left });
    },
    AttachRolePolicy(input) {
      const { arn } = identities.policy(text(input, 'PolicyArn'));
      change(input, { managedPolicyArns: [...new Set([...roleOf(input).managedPolicyArns, arn])] });
    },
    DetachRolePolicy(input) {
      const arn = text(input, 'PolicyArn');
      const { managedPolicyArns } = roleOf(input);
      if (!managedPolicyArns.includes(arn)) throw noSuchEntity(`Policy ${arn} was not found.`);
      change(input, { managedPolicyArns: managedPolicyArns.filter((attached) => attached !== arn) });
    },
    ListAttachedRolePolicies: (input) => ({
      AttachedPolicies: roleOf(input).managedPolicyArns.map((arn) => ({
        PolicyName: arn.split('/').at(-1),
        PolicyArn: arn,
      })),
      IsTruncated: false,
    }),

    CreatePolicy(input) {
      const policy = newPolicy(context, input);
      if (identities.policies().some(({ arn }) => arn === policy.arn)) {
        throw entityExists(`A policy called ${policy.name} already exists. Duplicate names are not allowed.`);
      }
      identities.putPolicy(policy);
      return { Policy: describePolicy(policy) };
    },
    GetPolicy: (input) => ({ Policy: describePolicy(identities.policy(text(input, 'PolicyArn'))) }),
    GetPolicyVersion(input) {
      const policy = identities.policy(text(input, 'PolicyArn'));
      const Document = encodeURIComponent(policy.document);
      const CreateDate = date(policy.createdAt);
      return { PolicyVersion: { Document, VersionId: 'v1', IsDefaultVersion: true, CreateDate } };
    },
    ListPolicies: () => ({ Policies: identities.policies().map(describePolicy), IsTruncated: false }),
    DeletePolicy(input) {
      const { arn } = identities.policy(text(input, 'PolicyArn'));
      if (identities.roles().some(({ managedPolicyArns }) => managedPolicyArns.includes(arn))) {
        throw deleteConflict('Cannot delete a policy attached to entities.');
      }
      identities.deletePolicy(arn);
    },
  };
}

/** The role that CreateRole asks for. Throws for a name or a document that IAM refuses. */
export function newRole({ accountId, clock }: AwsContext, input: Input): Role {
  const roleName = name(input, 'RoleName');
  const path = optionalText(input, 'Path') ?? '/';
  const arn = `arn:aws:iam::${accountId}:role${path}${roleName}`;
  return {
    name: roleName,
    path,
    arn,
    id: identityId('AROA', arn),
    createdAt: clock.now(),
    description: optionalText(input, 'Description'),
    maximumSessionSeconds: sessionSeconds(input, SESSION_SECONDS.default),
    trustPolicy: document(input, 'AssumeRolePolicyDocument'),
    inlinePolicies: {},
    managedPolicyArns: [],
    boundaryArn: optionalText(input, 'PermissionsBoundary'),
    tags: tags(input),
  };
}

/** The managed policy that CreatePolicy asks for. */
export function newPolicy({ accountId, clock }: AwsContext, input: Input): ManagedPolicy {
  const policyName = name(input, 'PolicyName');
  const path = optionalText(input, 'Path') ?? '/';
  const arn = `arn:aws:iam::${accountId}:policy${path}${policyName}`;
  return {
    name: policyName,
    path,
    arn,
    id: identityId('ANPA', arn),
    createdAt: clock.now(),
    description: optionalText(input, 'Description'),
    document: document(input, 'PolicyDocument'),
  };
}

function describeRole(role: Role): Record<string, unknown> {
  return {
    RoleName: role.name,
    Path: role.path,
    Arn: role.arn,
    RoleId: role.id,
    CreateDate: date(role.createdAt),
    AssumeRolePolicyDocument: encodeURIComponent(role.trustPolicy),
    Description: role.description,
    MaxSessionDuration: role.maximumSessionSeconds,
    Tags: Object.entries(role.tags).map(([Key, Value]) => ({ Key, Value })),
    ...(role.boundaryArn !== undefined && {
      PermissionsBoundary: {
        PermissionsBoundaryType: 'PermissionsBoundaryPolicy',
        PermissionsBoundaryArn: role.boundaryArn,
      },
    }),
  };
}

function describePolicy(policy: ManagedPolicy): Record<string, unknown> {
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: 'v1',
    IsAttachable: true,
    Description: policy.description,
    CreateDate: date(policy.createdAt),
    UpdateDate: date(policy.createdAt),
  };
}

function date(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

function text(input: Input, member: string): string {
  const value = input[member];
  if (typeof value === 'string' && value !== '') return value;
  throw validationError(`The request must contain the parameter ${member}.`);
}

function optionalText(input: Input, member: string): string | undefined {
  const value = input[member];
  return typeof value === 'string' ? value : undefined;
}

function name(input: Input, member: string): string {
  const value = text(input, member);
  if (NAME.test(value)) return value;
  throw validationError(
    `The specified value for ${member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`,
  );
}

function document(input: Input, member: string): string {
  const given = input[member];
  return checkedDocument(typeof given === 'object' && given !== null ? given : text(input, member));
}

function list(input: Input, member: string): readonly unknown[] {
  const value = input[member];
  return Array.isArray(value) ? value : [];
}

function tags(input: Input): Record<string, string> {
  const pairs = list(input, 'Tags') as readonly { readonly Key?: unknown; readonly Value?: unknown }[];
  return Object.fromEntries(pairs.map(({ Key, Value }) => [String(Key), String(Value)]));
}

function sessionSeconds(input: Input, absent: number): number {
  const seconds = Number(input['MaxSessionDuration'] ?? absent);
  if (seconds >= SESSION_SECONDS.minimum && seconds <= SESSION_SECONDS.maximum) return seconds;
  throw validationError(
    `MaxSessionDuration must be from ${SESSION_SECONDS.minimum} to ${SESSION_SECONDS.maximum} seconds.`,
  );
}
