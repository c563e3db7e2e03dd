/**
 * Secrets Manager: secrets with versions and staging labels, and random passwords.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html
 */
import { actionNamed } from '../actions.ts';
import type { AwsContext, AwsService } from '../context.ts';
import { AwsError } from '../errors.ts';
import {
  flag,
  optionalText,
  page,
  requiredText,
  textList,
  wholeNumber,
  type JsonInput,
} from '../json-input.ts';
import { secretsAuthorization } from './authorization.ts';
import { randomPassword } from './random-password.ts';
import {
  createSecrets,
  CURRENT,
  type Secret,
  type SecretContent,
  type Secrets,
  type SecretVersion,
} from './secrets.ts';

export { randomPassword } from './random-password.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly secretsmanager: SecretsManagerService;
  }
}

export interface SecretsManagerService extends AwsService {
  readonly name: 'secretsmanager';
  /** Takes what a secret of another region is now. */
  replicate(secret: Secret): void;
}

/** Bytes of a secret's value. "Secrets Manager quotas" */
const MAXIMUM_SECRET_BYTES = 65_536;
/** Days a deleted secret can be restored. DeleteSecret */
const SHORTEST_RECOVERY_DAYS = 7;
const LONGEST_RECOVERY_DAYS = 30;
const DAY_MILLISECONDS = 86_400_000;
const MAXIMUM_PAGE = 100;

type Action = (input: JsonInput) => JsonInput;

export function createSecretsManagerService(context: AwsContext): SecretsManagerService {
  const secrets = createSecrets(context);
  const actions = createActions(context, secrets);
  const find = (reference: string): Secret | undefined => {
    try {
      return secrets.find(reference);
    } catch {
      return undefined;
    }
  };
  return {
    name: 'secretsmanager',
    protocols: { json: { version: '1.1', targetPrefix: 'secretsmanager' } },
    authorization: (action, input) => secretsAuthorization(context, find, action, input),
    async handle(action, input) {
      return actionNamed(actions, 'Secrets Manager', action)(input);
    },
    replicate: (secret) => secrets.replicate(secret),
  };
}

function createActions(context: AwsContext, secrets: Secrets): Readonly<Record<string, Action>> {
  const { clock } = context;
  return {
    CreateSecret(input) {
      const name = requiredText(input, 'Name');
      if (!/^[\w/+=.@!-]{1,512}$/.test(name)) {
        throw invalidParameter(
          'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
        );
      }
      const content = contentOf(input);
      const options = {
        description: optionalText(input, 'Description'),
        kmsKeyId: optionalText(input, 'KmsKeyId'),
        replicaRegions: replicaRegionsOf(input),
      };
      const secret = secrets.create(name, options);
      if (!content) return identity(secret);
      const version = secrets.addVersion(secret, content, optionalText(input, 'ClientRequestToken'), [
        CURRENT,
      ]);
      return { ...identity(secret), VersionId: version.id };
    },
    GetSecretValue(input) {
      const secret = secrets.live(requiredText(input, 'SecretId'));
      const version = wantedVersion(secret, input);
      return {
        ...identity(secret),
        VersionId: version.id,
        ...(version.string !== undefined && { SecretString: version.string }),
        ...(version.binary !== undefined && { SecretBinary: version.binary }),
        VersionStages: version.stages,
        CreatedDate: version.createdAt / 1000,
      };
    },
    PutSecretValue(input) {
      const secret = secrets.live(requiredText(input, 'SecretId'));
      const content = contentOf(input);
      if (!content) throw invalidParameter('You must provide either SecretString or SecretBinary.');
      const stages = textList(input, 'VersionStages');
      const version = secrets.addVersion(
        secret,
        content,
        optionalText(input, 'ClientRequestToken'),
        stages.length > 0 ? stages : [CURRENT],
      );
      return { ...identity(secret), VersionId: version.id, VersionStages: version.stages };
    },
    UpdateSecret(input) {
      const secret = secrets.live(requiredText(input, 'SecretId'));
      secret.description = optionalText(input, 'Description') ?? secret.description;
      secret.kmsKeyId = optionalText(input, 'KmsKeyId') ?? secret.kmsKeyId;
      secret.changedAt = clock.now();
      secrets.keep(secret);
      const content = contentOf(input);
      if (!content) return identity(secret);
      const version = secrets.addVersion(secret, content, optionalText(input, 'ClientRequestToken'), [
        CURRENT,
      ]);
      return { ...identity(secret), VersionId: version.id };
    },
    DescribeSecret: (input) =>
      description(secrets.find(requiredText(input, 'SecretId')), 'VersionIdsToStages'),
    ListSecrets(input) {
      const size = wholeNumber(input, 'MaxResults', 1, MAXIMUM_PAGE, MAXIMUM_PAGE);
      const shown = secrets
        .all()
        .filter((secret) => secret.deletedAt === undefined || flag(input, 'IncludePlannedDeletion'));
      const { items, nextToken } = page(shown, size, optionalText(input, 'NextToken'));
      return {
        SecretList: items.map((secret) => description(secret, 'SecretVersionsToStages')),
        ...(nextToken !== undefined && { NextToken: nextToken }),
      };
    },
    DeleteSecret(input) {
      const secret = secrets.live(requiredText(input, 'SecretId'));
      const force = flag(input, 'ForceDeleteWithoutRecovery');
      const days = wholeNumber(
        input,
        'RecoveryWindowInDays',
        SHORTEST_RECOVERY_DAYS,
        LONGEST_RECOVERY_DAYS,
        undefined,
      );
      if (force && days !== undefined) {
        throw invalidParameter(
          "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
        );
      }
      secret.deletedAt = clock.now();
      secret.deletionAt = force
        ? clock.now()
        : clock.now() + (days ?? LONGEST_RECOVERY_DAYS) * DAY_MILLISECONDS;
      if (force) secrets.remove(secret);
      else secrets.keep(secret);
      return { ...identity(secret), DeletionDate: secret.deletionAt / 1000 };
    },
    RestoreSecret(input) {
      const secret = secrets.find(requiredText(input, 'SecretId'));
      secret.deletedAt = undefined;
      secret.deletionAt = undefined;
      secrets.keep(secret);
      return identity(secret);
    },
    PutResourcePolicy(input) {
      const secret = secrets.find(requiredText(input, 'SecretId'));
      secret.policy = requiredText(input, 'ResourcePolicy');
      secrets.keep(secret);
      return identity(secret);
    },
    GetResourcePolicy(input) {
      const secret = secrets.find(requiredText(input, 'SecretId'));
      return { ...identity(secret), ...(secret.policy !== undefined && { ResourcePolicy: secret.policy }) };
    },
    DeleteResourcePolicy(input) {
      const secret = secrets.find(requiredText(input, 'SecretId'));
      secret.policy = undefined;
      secrets.keep(secret);
      return identity(secret);
    },
    GetRandomPassword: (input) => ({ RandomPassword: randomPassword(input) }),
  };
}

function wantedVersion(secret: Secret, input: JsonInput): SecretVersion {
  const id = optionalText(input, 'VersionId');
  const stage = optionalText(input, 'VersionStage') ?? (id === undefined ? CURRENT : undefined);
  const version = [...secret.versions.values()].find(
    (candidate) =>
      (id === undefined || candidate.id === id) && (stage === undefined || candidate.stages.includes(stage)),
  );
  if (!version) {
    const wanted = id === undefined ? `staging label: ${stage}` : `VersionId: ${id}`;
    throw new AwsError(
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for ${wanted}`,
    );
  }
  return version;
}

function contentOf(input: JsonInput): SecretContent | undefined {
  const string = optionalText(input, 'SecretString');
  const binary = optionalText(input, 'SecretBinary');
  if (string === undefined && binary === undefined) return undefined;
  if (string !== undefined && binary !== undefined) {
    throw invalidParameter(
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    );
  }
  const bytes = binary === undefined ? Buffer.byteLength(string ?? '') : Buffer.from(binary, 'base64').length;
  if (bytes > MAXIMUM_SECRET_BYTES)
    throw invalidParameter(`A secret value has at most ${MAXIMUM_SECRET_BYTES} bytes.`);
  return { string, binary };
}

function identity(secret: Secret): JsonInput {
  return { ARN: secret.arn, Name: secret.name };
}

function description(secret: Secret, versionsMember: string): JsonInput {
  return {
    ...identity(secret),
    ...(secret.description !== undefined && { Description: secret.description }),
    ...(secret.kmsKeyId !== undefined && { KmsKeyId: secret.kmsKeyId }),
    RotationEnabled: false,
    CreatedDate: secret.createdAt / 1000,
    LastChangedDate: secret.changedAt / 1000,
    ...(secret.deletedAt !== undefined && { DeletedDate: secret.deletedAt / 1000 }),
    [versionsMember]: Object.fromEntries([...secret.versions].map(([id, { stages }]) => [id, stages])),
  };
}

/** secretsmanager/latest/apireference/API_ReplicaRegionType.html */
function replicaRegionsOf({ AddReplicaRegions: regions }: JsonInput): readonly string[] {
  return Array.isArray(regions)
    ? regions.flatMap((one: { readonly Region?: unknown } | null) =>
        typeof one?.Region === 'string' ? [one.Region] : [],
      )
    : [];
}

function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}
