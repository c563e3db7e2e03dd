/** IAM: roles and policies, over the wire and for templates, and the authorizer that goes by them. */
import { actionNamed } from '../actions.ts';
import type { Authorizer, AwsContext, AwsService } from '../context.ts';
import { createActions, newPolicy, newRole } from './actions.ts';
import { createAuthorizer } from './authorizer.ts';
import { iamAuthorization } from './authorization.ts';
import { checkedDocument, createIdentities, type Identities } from './identities.ts';
import type { Role } from './model.ts';

export type { ManagedPolicy, Role } from './model.ts';
export { actingRole, roleCaller } from './role-caller.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly iam: IamService;
  }
}

/** IAM as other code in this process uses it; what is put replaces what was there. */
export interface IamService extends AwsService {
  readonly name: 'iam';
  /** The roles and policies of the account. */
  readonly identities: Identities;
  /** Decides calls by what is on record here. `startEmbeddedAws` puts it into the context. */
  readonly authorizer: Authorizer;
  /** By name; undefined when there is no such role. */
  findRole(name: string): Role | undefined;
  roles(): readonly Role[];
  /** Puts a role with all of its policies, in the members of CreateRole and AWS::IAM::Role. */
  putRole(role: PutRole): Role;
  deleteRole(name: string): void;
  /** Puts an inline policy into a role. */
  putRolePolicy(roleName: string, policyName: string, document: unknown): void;
  deleteRolePolicy(roleName: string, policyName: string): void;
  /** Puts a managed policy, and attaches it to these roles. Returns its ARN. */
  putManagedPolicy(policy: PutManagedPolicy): string;
  deleteManagedPolicy(arn: string): void;
}

export interface PutRole {
  readonly RoleName: string;
  readonly Path?: string | undefined;
  readonly AssumeRolePolicyDocument: unknown;
  readonly Description?: string | undefined;
  readonly MaxSessionDuration?: number | undefined;
  readonly PermissionsBoundary?: string | undefined;
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[] | undefined;
  /** Inline policies by name. */
  readonly Policies?: Readonly<Record<string, unknown>>;
  readonly ManagedPolicyArns?: readonly string[];
}

export interface PutManagedPolicy {
  readonly PolicyName: string;
  readonly Path?: string | undefined;
  readonly Description?: string | undefined;
  readonly PolicyDocument: unknown;
  /** Names of the roles to attach it to. */
  readonly Roles?: readonly string[];
}

/** @param identities of the account, when another region of it runs already: IAM is one for all regions */
export function createIamService(
  context: AwsContext,
  identities: Identities = createIdentities(context),
): IamService {
  const actions = createActions(context, identities);

  const attach = (roleName: string, arn: string): void => {
    const role = identities.role(roleName);
    identities.putRole({ ...role, managedPolicyArns: [...new Set([...role.managedPolicyArns, arn])] });
  };

  return {
    name: 'iam',
    identities,
    protocols: {
      query: {
        apiVersion: '2010-05-08',
        emptyResults: ['UpdateRole'],
        xmlNamespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
        integers: ['MaxSessionDuration'],
      },
    },
    async handle(action, input) {
      return actionNamed(actions, 'IAM', action)(input) ?? {};
    },
    authorization: (action, input) => iamAuthorization(context, action, input),
    authorizer: createAuthorizer(context, identities),
    findRole: (name) => identities.findRole(name),
    roles: () => identities.roles(),
    putRole({ Policies = {}, ManagedPolicyArns = [], ...members }) {
      const inline = Object.entries(Policies).map(([name, document]) => [name, checkedDocument(document)]);
      const role: Role = {
        ...newRole(context, members),
        inlinePolicies: Object.fromEntries(inline) as Record<string, string>,
        managedPolicyArns: ManagedPolicyArns,
      };
      identities.putRole(role);
      return role;
    },
    deleteRole: (name) => identities.deleteRole(name),
    putRolePolicy(roleName, policyName, document) {
      const role = identities.role(roleName);
      const inlinePolicies = { ...role.inlinePolicies, [policyName]: checkedDocument(document) };
      identities.putRole({ ...role, inlinePolicies });
    },
    deleteRolePolicy(roleName, policyName) {
      const role = identities.findRole(roleName);
      if (role === undefined) return;
      const { [policyName]: _removed, ...inlinePolicies } = role.inlinePolicies;
      identities.putRole({ ...role, inlinePolicies });
    },
    putManagedPolicy({ Roles = [], ...members }) {
      const policy = newPolicy(context, { ...members });
      identities.putPolicy(policy);
      for (const role of Roles) attach(role, policy.arn);
      return policy.arn;
    },
    deleteManagedPolicy(arn) {
      for (const role of identities.roles()) {
        if (!role.managedPolicyArns.includes(arn)) continue;
        const managedPolicyArns = role.managedPolicyArns.filter((attached) => attached !== arn);
        identities.putRole({ ...role, managedPolicyArns });
      }
      identities.deletePolicy(arn);
    },
  };
}
