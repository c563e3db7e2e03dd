/** AWS::IAM::*: roles with their policies, which the embedded AWS enforces. */
import type { AwsServices } from '../../aws/context.ts';
import { AwsError } from '../../aws/errors.ts';
import { isJsonObject } from '../../../lib/assembly/template.ts';
import type { Json, JsonObject } from '../../../lib/assembly/template.ts';
import { CannotRun, listProperty, numberProperty, textProperty } from './provider.ts';
import type { Created, Provider, ProviderContext } from './provider.ts';

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const ROLE_NAME_LENGTH = 64;
const POLICY_NAME_LENGTH = 128;

export const IAM_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::IAM::Role': {
    honoured: [
      'AssumeRolePolicyDocument',
      'Description',
      'ManagedPolicyArns',
      'MaxSessionDuration',
      'Path',
      'PermissionsBoundary',
      'Policies',
      'RoleName',
      'Tags',
    ],
    inert: [],
    replacedOnChange: ['RoleName', 'Path'],
    async create(properties, context) {
      const roleName = textProperty(properties, 'RoleName') ?? context.generatedName(ROLE_NAME_LENGTH);
      return putRole(properties, context, roleName, {}, []);
    },
    async update(created, properties, previous, context) {
      const role = iamOf(context).findRole(created.physicalId);
      const replacedNames = Object.keys(inlinePolicies(previous));
      const replacedArns = texts(previous, 'ManagedPolicyArns');
      const inline = Object.entries(role?.inlinePolicies ?? {}).filter(
        ([name]) => !replacedNames.includes(name),
      );
      const attached = (role?.managedPolicyArns ?? []).filter((arn) => !replacedArns.includes(arn));
      return putRole(properties, context, created.physicalId, Object.fromEntries(inline), attached);
    },
    async delete(created, _properties, context) {
      iamOf(context).deleteRole(created.physicalId);
    },
  },
  'AWS::IAM::Policy': {
    honoured: ['PolicyDocument', 'PolicyName', 'Roles'],
    inert: ['Groups', 'Users'],
    replacedOnChange: ['PolicyName'],
    async create(properties, context) {
      const name = textProperty(properties, 'PolicyName') ?? context.generatedName(POLICY_NAME_LENGTH);
      putInline(context, texts(properties, 'Roles'), name, properties['PolicyDocument']);
      return { physicalId: name, attributes: { Id: name } };
    },
    async update(created, properties, previous, context) {
      removeInline(context, texts(previous, 'Roles'), created.physicalId);
      putInline(context, texts(properties, 'Roles'), created.physicalId, properties['PolicyDocument']);
      return created;
    },
    async delete(created, properties, context) {
      removeInline(context, texts(properties, 'Roles'), created.physicalId);
    },
  },
  'AWS::IAM::RolePolicy': {
    honoured: ['PolicyDocument', 'PolicyName', 'RoleName'],
    inert: [],
    replacedOnChange: ['PolicyName', 'RoleName'],
    async create(properties, context) {
      const name = textProperty(properties, 'PolicyName') ?? context.generatedName(POLICY_NAME_LENGTH);
      putInline(context, [textProperty(properties, 'RoleName') ?? ''], name, properties['PolicyDocument']);
      return { physicalId: name, attributes: {} };
    },
    async update(created, properties, _previous, context) {
      const role = textProperty(properties, 'RoleName') ?? '';
      putInline(context, [role], created.physicalId, properties['PolicyDocument']);
      return created;
    },
    async delete(created, properties, context) {
      removeInline(context, [textProperty(properties, 'RoleName') ?? ''], created.physicalId);
    },
  },
  'AWS::IAM::ManagedPolicy': {
    honoured: ['Description', 'ManagedPolicyName', 'Path', 'PolicyDocument', 'Roles'],
    inert: ['Groups', 'Users'],
    replacedOnChange: ['Description', 'ManagedPolicyName', 'Path'],
    async create(properties, context) {
      return putManagedPolicy(properties, context);
    },
    async update(created, properties, _previous, context) {
      iamOf(context).deleteManagedPolicy(created.physicalId);
      return putManagedPolicy(properties, context);
    },
    async delete(created, _properties, context) {
      iamOf(context).deleteManagedPolicy(created.physicalId);
    },
  },
  'AWS::IAM::ServiceLinkedRole': {
    honoured: [],
    inert: ['AWSServiceName', 'CustomSuffix', 'Description'],
    async create(properties, context) {
      const service = textProperty(properties, 'AWSServiceName') ?? '';
      return {
        physicalId: context.generatedName(ROLE_NAME_LENGTH),
        attributes: { RoleName: service },
        inertBecause: 'the services that run here need no role of their own',
      };
    },
  },
};

function iamOf(context: ProviderContext): AwsServices['iam'] {
  const iam = context.aws.services.find('iam');
  if (iam === undefined) throw new CannotRun('the service iam does not run in this embedded AWS');
  return iam;
}

function putRole(
  properties: JsonObject,
  context: ProviderContext,
  roleName: string,
  otherInline: Readonly<Record<string, string>>,
  otherArns: readonly string[],
): Created {
  const role = iamOf(context).putRole({
    RoleName: roleName,
    Path: textProperty(properties, 'Path'),
    AssumeRolePolicyDocument: properties['AssumeRolePolicyDocument'],
    Description: textProperty(properties, 'Description'),
    MaxSessionDuration: numberProperty(properties, 'MaxSessionDuration'),
    PermissionsBoundary: textProperty(properties, 'PermissionsBoundary'),
    Tags: listProperty(properties, 'Tags').flatMap((tag) =>
      isJsonObject(tag)
        ? [{ Key: textProperty(tag, 'Key') ?? '', Value: textProperty(tag, 'Value') ?? '' }]
        : [],
    ),
    Policies: { ...otherInline, ...inlinePolicies(properties) },
    ManagedPolicyArns: [...otherArns, ...texts(properties, 'ManagedPolicyArns')],
  });
  return { physicalId: role.name, attributes: { Arn: role.arn, RoleId: role.id } };
}

function inlinePolicies(properties: JsonObject): Record<string, Json> {
  const policies: Record<string, Json> = {};
  for (const policy of listProperty(properties, 'Policies')) {
    if (isJsonObject(policy)) {
      policies[textProperty(policy, 'PolicyName') ?? ''] = policy['PolicyDocument'] ?? null;
    }
  }
  return policies;
}

function putInline(
  context: ProviderContext,
  roles: readonly string[],
  name: string,
  document: Json | undefined,
): void {
  const iam = iamOf(context);
  for (const role of roles) {
    // A role that the template imports: it lies in an account that is not here.
    inPresence(role, () => iam.putRolePolicy(role, name, document));
  }
}

function removeInline(context: ProviderContext, roles: readonly string[], name: string): void {
  for (const role of roles) iamOf(context).deleteRolePolicy(role, name);
}

function putManagedPolicy(properties: JsonObject, context: ProviderContext): Created {
  const roles = texts(properties, 'Roles');
  const name = textProperty(properties, 'ManagedPolicyName') ?? context.generatedName(POLICY_NAME_LENGTH);
  const arn = inPresence(roles.join(', '), () =>
    iamOf(context).putManagedPolicy({
      PolicyName: name,
      Path: textProperty(properties, 'Path'),
      Description: textProperty(properties, 'Description'),
      PolicyDocument: properties['PolicyDocument'],
      Roles: roles,
    }),
  );
  return { physicalId: arn, attributes: { PolicyArn: arn } };
}

function inPresence<Result>(role: string, put: () => Result): Result {
  try {
    return put();
  } catch (error) {
    if (error instanceof AwsError && error.queryCode === 'NoSuchEntity') {
      throw new CannotRun(`the role ${role} does not exist here`);
    }
    throw error;
  }
}

function texts(properties: JsonObject, name: string): string[] {
  return listProperty(properties, name).filter((value): value is string => typeof value === 'string');
}
