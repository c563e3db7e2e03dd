/** The secrets of this account and Region, with their versions and staging labels. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';

/** What a version holds: one of the two. `binary` is base64. */
export interface SecretContent {
  readonly string: string | undefined;
  readonly binary: string | undefined;
}

export interface SecretVersion extends SecretContent {
  readonly id: string;
  readonly createdAt: number;
  stages: readonly string[];
}

export interface Secret {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly versions: Map<string, SecretVersion>;
  description: string | undefined;
  kmsKeyId: string | undefined;
  /** Its resource policy, as JSON text. */
  policy: string | undefined;
  changedAt: number;
  /** Set while the secret waits to be deleted. */
  deletedAt: number | undefined;
  /** When it is gone for good. */
  deletionAt: number | undefined;
  /** Regions that have a replica of it. */
  readonly replicaRegions: readonly string[];
}

export interface Secrets {
  create(
    name: string,
    options: {
      readonly description?: string | undefined;
      readonly kmsKeyId?: string | undefined;
      readonly replicaRegions?: readonly string[];
    },
  ): Secret;
  /** Takes what a secret of another region is now, under the same name and suffix. */
  replicate(secret: Secret): void;
  /** By name, ARN, or ARN without its random suffix. Throws `ResourceNotFoundException`. */
  find(secretId: string): Secret;
  /** The same; throws `InvalidRequestException` when the secret waits to be deleted. */
  live(secretId: string): Secret;
  all(): readonly Secret[];
  /** Adds a version that becomes AWSCURRENT, or takes the given stages. Repeating a version id is no change. */
  addVersion(
    secret: Secret,
    content: SecretContent,
    versionId: string | undefined,
    stages: readonly string[],
  ): SecretVersion;
  remove(secret: Secret): void;
  /** Keeps what was changed in a secret. */
  keep(secret: Secret): void;
}

export const CURRENT = 'AWSCURRENT';
const PREVIOUS = 'AWSPREVIOUS';

/** A secret as the state directory holds it. */
interface KeptSecret extends Omit<Secret, 'versions'> {
  readonly versions: readonly (readonly [string, SecretVersion])[];
}

/** JSON leaves out what is undefined. */
const EMPTY = {
  description: undefined,
  kmsKeyId: undefined,
  policy: undefined,
  deletedAt: undefined,
  deletionAt: undefined,
  replicaRegions: [],
};

export function createSecrets(context: AwsContext): Secrets {
  const { clock, region, accountId } = context;
  const kept = context.state.collection<KeptSecret>('secretsmanager.secrets');
  const secrets = new Map<string, Secret>(
    kept
      .entries()
      .map(([name, secret]) => [name, { ...EMPTY, ...secret, versions: new Map(secret.versions) }]),
  );
  const keep = (secret: Secret): void => {
    kept.put(secret.name, { ...secret, versions: [...secret.versions] });
    for (const replica of secret.replicaRegions)
      context.elsewhere?.(replica)?.services.find('secretsmanager')?.replicate(secret);
  };
  const remove = (name: string): void => {
    secrets.delete(name);
    kept.delete(name);
  };

  const byName = (name: string): Secret | undefined => {
    const secret = secrets.get(name);
    if (secret?.deletionAt === undefined || secret.deletionAt > clock.now()) return secret;
    remove(name);
    return undefined;
  };

  const find = (secretId: string): Secret => {
    const suffix = secretId.startsWith('arn:') ? (secretId.split(':secret:')[1] ?? '') : secretId;
    const secret =
      byName(suffix) ?? (secretId.startsWith('arn:') ? byName(suffix.replace(/-\w{6}$/, '')) : undefined);
    if (!secret || (secretId.startsWith('arn:') && !secret.arn.startsWith(secretId))) {
      throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    }
    return secret;
  };

  return {
    create(name, { description, kmsKeyId, replicaRegions = [] }) {
      const existing = byName(name);
      if (existing?.deletedAt !== undefined) {
        throw new AwsError(
          'InvalidRequestException',
          "You can't create this secret because a secret with this name is already scheduled for deletion.",
        );
      }
      if (existing)
        throw new AwsError(
          'ResourceExistsException',
          `The operation failed because the secret ${name} already exists.`,
        );
      const random = randomBytes(8).toString('base64url').replace(/[-_]/g, 'x').slice(0, 6);
      const secret: Secret = {
        name,
        arn: `arn:aws:secretsmanager:${region}:${accountId}:secret:${name}-${random}`,
        createdAt: clock.now(),
        versions: new Map(),
        description,
        kmsKeyId,
        policy: undefined,
        changedAt: clock.now(),
        deletedAt: undefined,
        deletionAt: undefined,
        replicaRegions,
      };
      secrets.set(name, secret);
      keep(secret);
      return secret;
    },
    replicate(secret) {
      const replica: Secret = {
        ...secret,
        arn: secret.arn.replace(/:secretsmanager:[^:]+:/, `:secretsmanager:${region}:`),
        versions: new Map([...secret.versions].map(([id, version]) => [id, { ...version }])),
        // Of the key of the first region none is here.
        kmsKeyId: undefined,
        policy: undefined,
        replicaRegions: [],
      };
      secrets.set(replica.name, replica);
      keep(replica);
    },
    find,
    live(secretId) {
      const secret = find(secretId);
      if (secret.deletedAt !== undefined) {
        throw new AwsError(
          'InvalidRequestException',
          "You can't perform this operation on the secret because it was marked for deletion.",
        );
      }
      return secret;
    },
    all: () => [...secrets.keys()].map(byName).filter((secret) => secret !== undefined),
    addVersion(secret, content, versionId = randomUUID(), stages = [CURRENT]) {
      const repeated = secret.versions.get(versionId);
      if (repeated) {
        if (repeated.string === content.string && repeated.binary === content.binary) return repeated;
        throw new AwsError(
          'ResourceExistsException',
          `A version with the id ${versionId} and other content exists already.`,
        );
      }
      const version: SecretVersion = { ...content, id: versionId, createdAt: clock.now(), stages };
      for (const other of secret.versions.values()) {
        const wasCurrent = other.stages.includes(CURRENT);
        const taken = stages.includes(CURRENT) ? [...stages, PREVIOUS] : stages;
        other.stages = other.stages.filter((stage) => !taken.includes(stage));
        if (wasCurrent && stages.includes(CURRENT)) other.stages = [...other.stages, PREVIOUS];
      }
      secret.versions.set(versionId, version);
      for (const [id, { stages: left }] of secret.versions) if (left.length === 0) secret.versions.delete(id);
      secret.changedAt = clock.now();
      keep(secret);
      return version;
    },
    remove: ({ name }) => remove(name),
    keep,
  };
}
