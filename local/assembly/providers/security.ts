/** AWS::KMS::*, AWS::SSM::Parameter and AWS::SecretsManager::* */
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
import type { Created, Provider, ProviderContext } from './provider.ts';

import { isJsonObject } from '../../../lib/assembly/template.ts';
import type { Json, JsonObject } from '../../../lib/assembly/template.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-secretsmanager-secret-generatesecretstring.html */
const DEFAULT_PASSWORD_LENGTH = 32;
const SECRET_NAME_LENGTH = 512;
const PARAMETER_NAME_LENGTH = 1011;
const RESOURCE_NAME_LENGTH = 64;

const CHARACTERS = {
  lower: 'abcdefghijklmnopqrstuvwxyz',
  upper: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  digits: '0123456789',
  punctuation: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
};

export const SECURITY_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::KMS::Key': {
    honoured: [
      'Description',
      'Enabled',
      'EnableKeyRotation',
      'KeyPolicy',
      'KeySpec',
      'KeyUsage',
      'MultiRegion',
      'PendingWindowInDays',
      'RotationPeriodInDays',
      'Tags',
    ],
    inert: ['Origin', 'BypassPolicyLockoutSafetyCheck'],
    replacedOnChange: ['KeySpec', 'KeyUsage', 'MultiRegion', 'Origin'],
    async create(properties, context) {
      const answer = await context.call(
        'kms',
        'CreateKey',
        defined({
          Policy: policyText(properties['KeyPolicy']),
          Description: properties['Description'],
          KeySpec: properties['KeySpec'],
          KeyUsage: properties['KeyUsage'],
          MultiRegion: booleanProperty(properties, 'MultiRegion'),
          Tags: kmsTags(properties),
        }),
      );
      const metadata = objectProperty(answer, 'KeyMetadata');
      const keyId = answered(metadata, 'KeyId');
      await setRotation(properties, {}, keyId, context);
      if (booleanProperty(properties, 'Enabled') === false) {
        await context.call('kms', 'DisableKey', { KeyId: keyId });
      }
      return { physicalId: keyId, attributes: { Arn: answered(metadata, 'Arn'), KeyId: keyId } };
    },
    async update(created, properties, previous, context) {
      const enabled = await updateKey(created.physicalId, properties, previous, context);
      if (enabled) await setRotation(properties, previous, created.physicalId, context);
      return created;
    },
    delete: scheduleKeyDeletion,
  },
  'AWS::KMS::ReplicaKey': {
    honoured: ['PrimaryKeyArn', 'Description', 'Enabled', 'KeyPolicy', 'PendingWindowInDays', 'Tags'],
    inert: [],
    replacedOnChange: ['PrimaryKeyArn'],
    async create(properties, context) {
      const primaryKeyArn = textProperty(properties, 'PrimaryKeyArn') ?? '';
      const policy = policyText(properties['KeyPolicy']);
      const tags = kmsTags(properties);
      const { keyId, arn } = context.aws.services.get('kms').createKey({
        primaryArn: primaryKeyArn,
        description: textProperty(properties, 'Description') ?? '',
        ...(policy !== undefined && { policy }),
        tags: new Map(tags.map(({ TagKey, TagValue }) => [TagKey, TagValue])),
      });
      if (booleanProperty(properties, 'Enabled') === false) {
        await context.call('kms', 'DisableKey', { KeyId: keyId });
      }
      return { physicalId: keyId, attributes: { Arn: arn, KeyId: keyId } };
    },
    async update(created, properties, previous, context) {
      await updateKey(created.physicalId, properties, previous, context);
      return created;
    },
    delete: scheduleKeyDeletion,
  },
  'AWS::KMS::Alias': {
    honoured: ['AliasName', 'TargetKeyId'],
    inert: [],
    replacedOnChange: ['AliasName'],
    async create(properties, context) {
      const name = textProperty(properties, 'AliasName') ?? '';
      await context.call('kms', 'CreateAlias', { AliasName: name, TargetKeyId: properties['TargetKeyId'] });
      return { physicalId: name, attributes: {} };
    },
    async update(created, properties, _previous, context) {
      const input = { AliasName: created.physicalId, TargetKeyId: properties['TargetKeyId'] };
      await context.call('kms', 'UpdateAlias', input);
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('kms', 'DeleteAlias', { AliasName: created.physicalId });
    },
  },
  'AWS::SSM::Parameter': {
    honoured: ['Name', 'Type', 'Value', 'Description'],
    inert: ['Tags', 'Tier', 'AllowedPattern', 'DataType', 'Policies'],
    replacedOnChange: ['Name'],
    create: (properties, context) =>
      putParameter(
        textProperty(properties, 'Name') ?? context.generatedName(PARAMETER_NAME_LENGTH),
        properties,
        context,
      ),
    update: (created, properties, _previous, context) =>
      putParameter(created.physicalId, properties, context),
    async delete(created, _properties, context) {
      await context.call('ssm', 'DeleteParameter', { Name: created.physicalId });
    },
  },
  'AWS::SecretsManager::Secret': {
    honoured: ['Name', 'Description', 'SecretString', 'GenerateSecretString', 'KmsKeyId', 'ReplicaRegions'],
    inert: ['Tags'],
    replacedOnChange: ['Name'],
    async create(properties, context) {
      const name = textProperty(properties, 'Name') ?? context.generatedName(SECRET_NAME_LENGTH);
      const answer = await context.call(
        'secretsmanager',
        'CreateSecret',
        defined({
          Name: name,
          Description: properties['Description'],
          KmsKeyId: properties['KmsKeyId'],
          AddReplicaRegions: properties['ReplicaRegions'],
          SecretString:
            textProperty(properties, 'SecretString') ??
            generateSecret(objectProperty(properties, 'GenerateSecretString')),
        }),
      );
      const arn = answered(answer, 'ARN');
      return { physicalId: arn, attributes: { Id: arn } };
    },
    /** The value changes when the template's text or recipe does; what was generated stays otherwise. */
    async update(created, properties, previous, context) {
      const changed = (property: string): boolean =>
        JSON.stringify(properties[property]) !== JSON.stringify(previous[property]);
      const recipe = properties['GenerateSecretString'];
      const value =
        changed('SecretString') && properties['SecretString'] !== undefined
          ? textProperty(properties, 'SecretString')
          : changed('GenerateSecretString') && recipe !== undefined
            ? generateSecret(objectProperty(properties, 'GenerateSecretString'))
            : undefined;
      await context.call(
        'secretsmanager',
        'UpdateSecret',
        defined({
          SecretId: created.physicalId,
          Description: properties['Description'],
          KmsKeyId: properties['KmsKeyId'],
          SecretString: value,
        }),
      );
      return created;
    },
    async delete(created, _properties, context) {
      const input = { SecretId: created.physicalId, ForceDeleteWithoutRecovery: true };
      await context.call('secretsmanager', 'DeleteSecret', input);
    },
  },
  'AWS::SecretsManager::SecretTargetAttachment': {
    honoured: ['SecretId', 'TargetId', 'TargetType'],
    inert: [],
    async update(created, properties, _previous, context) {
      await attachDatabase(context, created.physicalId, properties);
      return created;
    },
    /** CloudFormation leaves the secret's fields as they are, too. */
    delete: async () => {},
    replacedOnChange: ['SecretId'],
    async create(properties, context) {
      const secretId = textProperty(properties, 'SecretId') ?? '';
      await attachDatabase(context, secretId, properties);
      return { physicalId: secretId, attributes: { Id: secretId } };
    },
  },
  'AWS::SecretsManager::ResourcePolicy': {
    honoured: ['SecretId', 'ResourcePolicy'],
    inert: ['BlockPublicPolicy'],
    replacedOnChange: ['SecretId'],
    async create(properties, context) {
      const secretId = textProperty(properties, 'SecretId') ?? '';
      await putSecretPolicy(secretId, properties, context);
      return { physicalId: secretId, attributes: { Id: secretId } };
    },
    async update(created, properties, _previous, context) {
      await putSecretPolicy(created.physicalId, properties, context);
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('secretsmanager', 'DeleteResourcePolicy', { SecretId: created.physicalId });
    },
  },
  'AWS::SecretsManager::RotationSchedule': recorded('secrets are not rotated during a local run', [
    'SecretId',
    'HostedRotationLambda',
    'RotationLambdaARN',
    'RotationRules',
    'RotateImmediatelyOnUpdate',
  ]),
};

async function putParameter(
  name: string,
  properties: JsonObject,
  context: ProviderContext,
): Promise<Created> {
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
}

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

/** Policies are objects in templates and text in the API. */
function policyText(policy: Json | undefined): string | undefined {
  return policy === undefined || typeof policy === 'string' ? policy : JSON.stringify(policy);
}

/** KMS has names of its own for the parts of a tag. */
function kmsTags(properties: JsonObject): { readonly TagKey: string; readonly TagValue: string }[] {
  return listProperty(properties, 'Tags').flatMap((tag) =>
    isJsonObject(tag)
      ? [{ TagKey: textProperty(tag, 'Key') ?? '', TagValue: textProperty(tag, 'Value') ?? '' }]
      : [],
  );
}

/** @returns whether the key is enabled now */
async function updateKey(
  KeyId: string,
  properties: JsonObject,
  previous: JsonObject,
  context: ProviderContext,
): Promise<boolean> {
  const policy = policyText(properties['KeyPolicy']);
  if (policy !== undefined) await context.call('kms', 'PutKeyPolicy', { KeyId, Policy: policy });
  const description = textProperty(properties, 'Description') ?? '';
  if (description !== (textProperty(previous, 'Description') ?? '')) {
    await context.call('kms', 'UpdateKeyDescription', { KeyId, Description: description });
  }
  const enabled = booleanProperty(properties, 'Enabled') !== false;
  await context.call('kms', enabled ? 'EnableKey' : 'DisableKey', { KeyId });
  return enabled;
}

async function scheduleKeyDeletion(
  created: Created,
  properties: JsonObject,
  context: ProviderContext,
): Promise<void> {
  const days = numberProperty(properties, 'PendingWindowInDays');
  const input = defined({ KeyId: created.physicalId, PendingWindowInDays: days });
  await context.call('kms', 'ScheduleKeyDeletion', input);
}

async function setRotation(
  properties: JsonObject,
  previous: JsonObject,
  keyId: string,
  context: ProviderContext,
): Promise<void> {
  if (booleanProperty(properties, 'EnableKeyRotation') === true) {
    const days = numberProperty(properties, 'RotationPeriodInDays');
    const input = defined({ KeyId: keyId, RotationPeriodInDays: days });
    await context.call('kms', 'EnableKeyRotation', input);
  } else if (booleanProperty(previous, 'EnableKeyRotation') === true) {
    await context.call('kms', 'DisableKeyRotation', { KeyId: keyId });
  }
}

async function putSecretPolicy(
  secretId: string,
  properties: JsonObject,
  context: ProviderContext,
): Promise<void> {
  const policy = policyText(properties['ResourcePolicy']);
  await context.call('secretsmanager', 'PutResourcePolicy', { SecretId: secretId, ResourcePolicy: policy });
}

function recorded(reason: string, properties: readonly string[]): Provider {
  return {
    honoured: [],
    inert: properties,
    async create(_properties, context) {
      const id = context.generatedName(RESOURCE_NAME_LENGTH);
      return { physicalId: id, attributes: { Id: id }, inertBecause: reason };
    },
  };
}
