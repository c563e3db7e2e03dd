/** AWS::KMS::*, AWS::SSM::Parameter, AWS::SecretsManager::* and AWS::IAM::* */
import { randomInt } from 'node:crypto';

import {
  answered,
  CannotRun,
  booleanProperty,
  defined,
  listProperty,
  numberProperty,
  objectProperty,
  textProperty,
} from './provider.ts';
import type { Provider, ProviderContext } from './provider.ts';

import type { JsonObject } from '../template.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-secretsmanager-secret-generatesecretstring.html */
const DEFAULT_PASSWORD_LENGTH = 32;
const SECRET_NAME_LENGTH = 512;
const PARAMETER_NAME_LENGTH = 1011;
const IAM_NAME_LENGTH = 64;

const CHARACTERS = {
  lower: 'abcdefghijklmnopqrstuvwxyz',
  upper: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  digits: '0123456789',
  punctuation: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
};

const RECORDED_IAM = 'recorded; permissions are not enforced yet';

export const SECURITY_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::KMS::Key': {
    honoured: ['KeyPolicy', 'Description', 'KeySpec', 'KeyUsage', 'Enabled', 'MultiRegion'],
    inert: [
      'EnableKeyRotation',
      'RotationPeriodInDays',
      'PendingWindowInDays',
      'Tags',
      'Origin',
      'BypassPolicyLockoutSafetyCheck',
    ],
    async create(properties, context) {
      const answer = await context.call(
        'kms',
        'CreateKey',
        defined({
          Policy: properties['KeyPolicy'] === undefined ? undefined : JSON.stringify(properties['KeyPolicy']),
          Description: properties['Description'],
          KeySpec: properties['KeySpec'],
          KeyUsage: properties['KeyUsage'],
          MultiRegion: booleanProperty(properties, 'MultiRegion'),
        }),
      );
      const metadata = objectProperty(answer, 'KeyMetadata');
      const keyId = answered(metadata, 'KeyId');
      if (booleanProperty(properties, 'Enabled') === false)
        await context.call('kms', 'DisableKey', { KeyId: keyId });
      return { physicalId: keyId, attributes: { Arn: answered(metadata, 'Arn'), KeyId: keyId } };
    },
  },
  'AWS::KMS::Alias': {
    honoured: ['AliasName', 'TargetKeyId'],
    inert: [],
    async create(properties, context) {
      const name = textProperty(properties, 'AliasName') ?? '';
      await context.call('kms', 'CreateAlias', { AliasName: name, TargetKeyId: properties['TargetKeyId'] });
      return { physicalId: name, attributes: {} };
    },
  },
  'AWS::SSM::Parameter': {
    honoured: ['Name', 'Type', 'Value', 'Description'],
    inert: ['Tags', 'Tier', 'AllowedPattern', 'DataType', 'Policies'],
    async create(properties, context) {
      const name = textProperty(properties, 'Name') ?? context.generatedName(PARAMETER_NAME_LENGTH);
      const type = textProperty(properties, 'Type') ?? 'String';
      const value = textProperty(properties, 'Value') ?? '';
      await context.call(
        'ssm',
        'PutParameter',
        defined({
          Name: name,
          Type: type,
          Value: value,
          Description: properties['Description'],
          Overwrite: true,
        }),
      );
      return { physicalId: name, attributes: { Type: type, Value: value } };
    },
  },
  'AWS::SecretsManager::Secret': {
    honoured: ['Name', 'Description', 'SecretString', 'GenerateSecretString', 'KmsKeyId'],
    inert: ['Tags', 'ReplicaRegions'],
    async create(properties, context) {
      const name = textProperty(properties, 'Name') ?? context.generatedName(SECRET_NAME_LENGTH);
      const answer = await context.call(
        'secretsmanager',
        'CreateSecret',
        defined({
          Name: name,
          Description: properties['Description'],
          KmsKeyId: properties['KmsKeyId'],
          SecretString:
            textProperty(properties, 'SecretString') ??
            generateSecret(objectProperty(properties, 'GenerateSecretString')),
        }),
      );
      const arn = answered(answer, 'ARN');
      return { physicalId: arn, attributes: { Id: arn } };
    },
  },
  'AWS::SecretsManager::SecretTargetAttachment': {
    honoured: ['SecretId', 'TargetId', 'TargetType'],
    inert: [],
    async create(properties, context) {
      const secretId = textProperty(properties, 'SecretId') ?? '';
      await attachDatabase(context, secretId, properties);
      return { physicalId: secretId, attributes: { Id: secretId } };
    },
  },
  'AWS::SecretsManager::ResourcePolicy': recorded('recorded; permissions are not enforced yet', [
    'SecretId',
    'ResourcePolicy',
    'BlockPublicPolicy',
  ]),
  'AWS::SecretsManager::RotationSchedule': recorded('secrets are not rotated during a local run', [
    'SecretId',
    'HostedRotationLambda',
    'RotationLambdaARN',
    'RotationRules',
    'RotateImmediatelyOnUpdate',
  ]),
  'AWS::IAM::Role': {
    honoured: ['RoleName', 'AssumeRolePolicyDocument', 'Policies', 'ManagedPolicyArns'],
    inert: ['Description', 'MaxSessionDuration', 'Path', 'PermissionsBoundary', 'Tags'],
    async create(properties, context) {
      const name = textProperty(properties, 'RoleName') ?? context.generatedName(IAM_NAME_LENGTH);
      const arn = `arn:aws:iam::${context.aws.accountId}:role/${name}`;
      context.records.roles.push({
        name,
        arn,
        trustPolicy: properties['AssumeRolePolicyDocument'] ?? null,
        inlinePolicies: listProperty(properties, 'Policies'),
        managedPolicyArns: listProperty(properties, 'ManagedPolicyArns'),
      });
      return {
        physicalId: name,
        attributes: { Arn: arn, RoleId: `AROA${name}` },
        inertBecause: RECORDED_IAM,
      };
    },
  },
  'AWS::IAM::Policy': policy('PolicyName'),
  'AWS::IAM::RolePolicy': policy('PolicyName'),
  'AWS::IAM::ManagedPolicy': {
    ...policy('ManagedPolicyName'),
    async create(properties, context) {
      const created = await policy('ManagedPolicyName').create(properties, context);
      const arn = `arn:aws:iam::${context.aws.accountId}:policy/${created.physicalId}`;
      return { ...created, physicalId: arn, attributes: { PolicyArn: arn } };
    },
  },
  'AWS::IAM::ServiceLinkedRole': recorded(RECORDED_IAM, ['AWSServiceName', 'CustomSuffix', 'Description']),
};

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html */
export function generateSecret(settings: JsonObject): string {
  const password = generatePassword(settings);
  const key = textProperty(settings, 'GenerateStringKey');
  if (key === undefined) return password;
  const template = JSON.parse(textProperty(settings, 'SecretStringTemplate') ?? '{}') as object;
  return JSON.stringify({ ...template, [key]: password });
}

function generatePassword(settings: JsonObject): string {
  const excluded = new Set(textProperty(settings, 'ExcludeCharacters') ?? '');
  const classes = [
    booleanProperty(settings, 'ExcludeLowercase') === true ? '' : CHARACTERS.lower,
    booleanProperty(settings, 'ExcludeUppercase') === true ? '' : CHARACTERS.upper,
    booleanProperty(settings, 'ExcludeNumbers') === true ? '' : CHARACTERS.digits,
    booleanProperty(settings, 'ExcludePunctuation') === true ? '' : CHARACTERS.punctuation,
    booleanProperty(settings, 'IncludeSpace') === true ? ' ' : '',
  ]
    .map((characters) => characters.split('').filter((character) => !excluded.has(character)))
    .filter((characters) => characters.length > 0);
  const all = classes.flat();
  if (all.length === 0) throw new Error('GenerateSecretString excludes every character');

  const length = numberProperty(settings, 'PasswordLength') ?? DEFAULT_PASSWORD_LENGTH;
  const password = Array.from({ length }, () => pick(all));
  if (booleanProperty(settings, 'RequireEachIncludedType') === false) return password.join('');
  const missing = classes.filter(
    (characters) => !password.some((character) => characters.includes(character)),
  );
  return missing.length === 0 ? password.join('') : generatePassword(settings);
}

function pick(characters: readonly string[]): string {
  return characters[randomInt(characters.length)] ?? '';
}

/** Writes where the database is into its secret, as CloudFormation does, so that clients need the secret alone. */
async function attachDatabase(
  context: ProviderContext,
  secretId: string,
  properties: JsonObject,
): Promise<void> {
  const identifier = textProperty(properties, 'TargetId');
  const database = context.records.databases.find((each) => each.identifier === identifier);
  if (database === undefined) throw new CannotRun('its database does not run here');
  const isInstance = textProperty(properties, 'TargetType') === 'AWS::RDS::DBInstance';
  const identifierKey = isInstance ? 'dbInstanceIdentifier' : 'dbClusterIdentifier';
  const secret = await context.call('secretsmanager', 'GetSecretValue', { SecretId: secretId });
  const fields = JSON.parse(answered(secret, 'SecretString')) as object;
  await context.call('secretsmanager', 'PutSecretValue', {
    SecretId: secretId,
    SecretString: JSON.stringify({
      ...fields,
      engine: database.engine.includes('postgres') ? 'postgres' : database.engine,
      host: database.host,
      port: database.port,
      dbname: database.databaseName,
      [identifierKey]: identifier,
    }),
  });
}

function policy(nameProperty: string): Provider {
  return {
    honoured: [nameProperty, 'PolicyDocument', 'Roles', 'RoleName'],
    inert: ['Description', 'Groups', 'Path', 'Users'],
    async create(properties, context) {
      const name = textProperty(properties, nameProperty) ?? context.generatedName(IAM_NAME_LENGTH);
      const roleName = properties['RoleName'];
      context.records.policies.push({
        name,
        document: properties['PolicyDocument'] ?? null,
        roles: [...listProperty(properties, 'Roles'), ...(roleName === undefined ? [] : [roleName])],
      });
      return { physicalId: name, attributes: { Id: name }, inertBecause: RECORDED_IAM };
    },
  };
}

function recorded(reason: string, properties: readonly string[]): Provider {
  return {
    honoured: [],
    inert: properties,
    async create(_properties, context) {
      const id = context.generatedName(IAM_NAME_LENGTH);
      return { physicalId: id, attributes: { Id: id }, inertBecause: reason };
    },
  };
}
