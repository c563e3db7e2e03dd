/** The roles and keys of an assembly, with every policy that bears on them. */
import { parseArn } from './arn.ts';
import type { Place } from './arn.ts';
import type { Assembly, Resource } from './model.ts';
import { boolean, list, object, text, texts } from './property.ts';
import { statementsOf } from './resource-policies.ts';
import type { AttachedPolicy, PolicyStatement } from './resource-policies.ts';

/** A role, or a user of IAM. */
export interface Role extends Place {
  readonly resource: Resource;
  readonly arn: string;
  readonly name: string;
  readonly trust: readonly PolicyStatement[];
  /** Inline policies, AWS::IAM::Policy and AWS::IAM::ManagedPolicy of the assembly. */
  readonly policies: readonly AttachedPolicy[];
  /** Managed policies that are not in the assembly, such as AWS's own. */
  readonly managedPolicyArns: readonly string[];
  readonly permissionsBoundaryArn: string | undefined;
}

export interface Key extends Place {
  readonly resource: Resource;
  readonly arn: string;
  readonly id: string;
  /** Alias names, such as `alias/orders`. */
  readonly aliases: readonly string[];
  readonly policies: readonly AttachedPolicy[];
  readonly rotates: boolean;
  readonly enabled: boolean;
}

export function rolesOf(assembly: Assembly): readonly Role[] {
  const managed = assembly.ofType('AWS::IAM::ManagedPolicy');
  const managedByArn = new Map(managed.map((resource) => [resource.arn, resource]));
  const separate = assembly.ofType('AWS::IAM::Policy', 'AWS::IAM::RolePolicy', 'AWS::IAM::UserPolicy');
  const byIdentity = Map.groupBy(
    [...separate, ...managed].flatMap((policy) =>
      identitiesNamedBy(policy).map((name) => ({ name, policy })),
    ),
    ({ name, policy }) => `${policy.accountId} ${name}`,
  );
  return assembly.ofType('AWS::IAM::Role', 'AWS::IAM::User').map((resource) => {
    const { properties, accountId, region, name } = resource;
    const arns = texts(properties['ManagedPolicyArns']);
    const attached = arns.flatMap((arn) => managedByArn.get(arn) ?? []);
    const named = (byIdentity.get(`${accountId} ${name}`) ?? []).map(({ policy }) => policy);
    const inline = list(properties['Policies']).map((policy) => ({
      resource,
      statements: statementsOf(object(policy)?.['PolicyDocument']),
    }));
    return {
      resource,
      accountId,
      region,
      arn: resource.arn ?? '',
      name,
      trust: statementsOf(properties['AssumeRolePolicyDocument']),
      policies: [
        ...inline,
        ...[...new Set([...named, ...attached])].map((policy) => ({
          resource: policy,
          statements: statementsOf(policy.properties['PolicyDocument']),
        })),
      ],
      managedPolicyArns: arns.filter((arn) => !managedByArn.has(arn)),
      permissionsBoundaryArn: text(properties['PermissionsBoundary']),
    };
  });
}

function identitiesNamedBy({ properties }: Resource): readonly string[] {
  return ['Roles', 'Users', 'RoleName', 'UserName'].flatMap((property) => texts(properties[property]));
}

export function keysOf(assembly: Assembly): readonly Key[] {
  const aliases = assembly.ofType('AWS::KMS::Alias').map((alias) => ({
    name: alias.name,
    arn: alias.arn ?? alias.name,
    target: text(alias.properties['TargetKeyId']) ?? '',
  }));
  return assembly.ofType('AWS::KMS::Key', 'AWS::KMS::ReplicaKey').map((resource) => {
    const { properties, accountId, region, ref } = resource;
    const arn = resource.arn ?? '';
    const statements = statementsOf(properties['KeyPolicy']);
    return {
      resource,
      accountId,
      region,
      arn,
      id: ref,
      aliases: aliases
        .filter(({ target }) => target === ref || target === arn)
        .flatMap(({ name, arn }) => [name, arn]),
      policies: [
        { resource, statements: statements.length === 0 ? [DEFAULT_STATEMENT(accountId)] : statements },
      ],
      rotates: boolean(properties['EnableKeyRotation']) ?? false,
      enabled: boolean(properties['Enabled']) ?? true,
    };
  });
}

/** Without a policy a key has KMS's default one, kms/latest/developerguide/key-policy-default.html. */
const DEFAULT_STATEMENT = (accountId: string): PolicyStatement => ({
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${accountId}:root` },
  Action: 'kms:*',
  Resource: '*',
});

/** True for AWS's own keys, `alias/aws/sqs` and the like, in every form in which they are named. */
export function isAwsManagedKey(keyId: string): boolean {
  return /^(?:arn:[^:]+:kms:[^:]*:[^:]*:)?alias\/aws\//.test(keyId) || parseArn(keyId)?.accountId === 'aws';
}
