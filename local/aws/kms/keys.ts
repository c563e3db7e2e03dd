/** The KMS keys and aliases of this account and Region. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import { validationError } from '../json-input.ts';
import { placeOfArn } from '../regions.ts';

const MATERIAL_BYTES = 32;
export const DAY_MILLISECONDS = 86_400_000;

export interface Key {
  readonly id: string;
  readonly arn: string;
  /** Every material it ever had, the newest last: what an older one encrypted can still be read. */
  readonly materials: readonly Buffer[];
  /** One key under the same id in several regions, with the same materials. */
  readonly multiRegion: boolean;
  /** Of a replica: the key whose materials it has. */
  readonly primaryArn: string | undefined;
  readonly rotations: readonly Rotation[];
  readonly manager: 'AWS' | 'CUSTOMER';
  readonly createdAt: number;
  readonly tags: Map<string, string>;
  description: string;
  state: 'Enabled' | 'Disabled' | 'PendingDeletion';
  /** When a key that is pending deletion goes; milliseconds since the epoch. */
  deletionAt: number | undefined;
  policy: string;
  /** Set while the key is rotated by the clock. */
  automaticRotation: { readonly periodDays: number; nextAt: number } | undefined;
}

export interface Rotation {
  readonly type: 'AUTOMATIC' | 'ON_DEMAND';
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface KeyOptions {
  readonly id?: string;
  readonly description?: string;
  readonly policy?: string;
  readonly tags?: ReadonlyMap<string, string>;
  readonly multiRegion?: boolean;
  /** The multi-Region key of another region that this is the replica of. */
  readonly primaryArn?: string;
}

export interface Keys {
  create(options: KeyOptions): Key;
  /** By key id, key ARN, alias name or alias ARN. Throws `NotFoundException`. */
  find(reference: string): Key;
  /** The same, for cryptography: throws when the key is disabled or pending deletion. */
  usable(reference: string): Key;
  all(): readonly Key[];
  /** Changes a key and keeps the change. */
  change(key: Key, changes: Partial<Key>): void;
  /** A new material from now on. */
  rotate(key: Key, type: Rotation['type']): void;
  setAlias(alias: string, key: Key, mode: 'create' | 'update'): void;
  deleteAlias(alias: string): void;
  aliases(): readonly { readonly alias: string; readonly arn: string; readonly key: Key }[];
}

export function createKeys(context: AwsContext): Keys {
  const { clock, region, accountId } = context;
  const prefix = `arn:aws:kms:${region}:${accountId}:`;
  const keptKeys = context.state.collection<KeptKey>('kms.keys');
  const keptAliases = context.state.collection<string>('kms.aliases');
  const keys = new Map<string, Key>(keptKeys.entries().map(([id, kept]) => [id, restored(kept)]));
  const aliases = new Map<string, Key>(
    keptAliases.entries().map(([alias, keyId]) => [alias, keys.get(keyId)!]),
  );

  const create = (manager: Key['manager'], options: KeyOptions): Key => {
    const { primaryArn, description = '', policy = defaultKeyPolicy(accountId), tags } = options;
    const multiRegion = options.multiRegion === true || primaryArn !== undefined;
    const id =
      options.id ??
      primaryArn?.split('/')[1] ??
      (multiRegion ? `mrk-${randomUUID().replaceAll('-', '')}` : randomUUID());
    const key: Key = {
      id,
      arn: `${prefix}key/${id}`,
      materials: primaryArn === undefined ? [randomBytes(MATERIAL_BYTES)] : materialsOfPrimary(primaryArn),
      multiRegion,
      primaryArn,
      rotations: [],
      description,
      manager,
      createdAt: clock.now(),
      tags: new Map(tags),
      state: 'Enabled',
      deletionAt: undefined,
      policy,
      automaticRotation: undefined,
    };
    keys.set(id, key);
    keptKeys.put(id, toKept(key));
    return key;
  };

  const change = (key: Key, changes: Partial<Key>): void => {
    Object.assign(key, changes);
    keptKeys.put(key.id, toKept(key));
  };

  const setAlias = (alias: string, key: Key): void => {
    aliases.set(alias, key);
    keptAliases.put(alias, key.id);
  };

  const removeAlias = (alias: string): boolean => {
    keptAliases.delete(alias);
    return aliases.delete(alias);
  };

  const rotate = (key: Key, type: Rotation['type'], at: number): void =>
    change(key, {
      materials: [...key.materials, randomBytes(MATERIAL_BYTES)],
      rotations: [...key.rotations, { type, at }],
    });

  /** Rotations that fell due since the key was last looked at. */
  const rotateWhatIsDue = (key: Key): void => {
    const { automaticRotation } = key;
    if (automaticRotation === undefined || key.state !== 'Enabled') return;
    for (let due = automaticRotation.nextAt; due <= clock.now(); due = automaticRotation.nextAt) {
      automaticRotation.nextAt = due + automaticRotation.periodDays * DAY_MILLISECONDS;
      rotate(key, 'AUTOMATIC', due);
    }
  };

  const byAlias = (alias: string): Key | undefined => {
    const key = aliases.get(alias);
    if (key || !alias.startsWith('alias/aws/')) return key;
    // AWS makes a service's own key when the service first needs it.
    const service = alias.slice('alias/aws/'.length);
    const policy = managedKeyPolicy(accountId, `${service}.${region}.amazonaws.com`);
    const managed = create('AWS', { description: `Default key of ${service}`, policy });
    setAlias(alias, managed);
    return managed;
  };

  /** @throws AwsError `ConnectionFailure` while the primary's region is down */
  const materialsOfPrimary = (primaryArn: string): readonly Buffer[] =>
    placeOfArn(context, primaryArn).services.get('kms').materials(primaryArn);

  /** A replica learns of its primary's rotations, as long as that one's region answers. */
  const followPrimary = (key: Key): void => {
    if (key.primaryArn === undefined) return;
    if (context.elsewhere?.(key.primaryArn.split(':')[3] ?? '')?.outage !== undefined) return;
    const materials = materialsOfPrimary(key.primaryArn);
    if (materials.length !== key.materials.length) change(key, { materials });
  };

  const find = (reference: string): Key => {
    const name = reference.startsWith(prefix) ? reference.slice(prefix.length) : reference;
    const key = name.startsWith('alias/') ? byAlias(name) : keys.get(name.replace(/^key\//, ''));
    if (key?.deletionAt !== undefined && key.deletionAt <= clock.now()) {
      keys.delete(key.id);
      keptKeys.delete(key.id);
      for (const [alias, target] of aliases) if (target === key) removeAlias(alias);
    } else if (key) {
      rotateWhatIsDue(key);
      followPrimary(key);
      return key;
    }
    const kind = name.startsWith('alias/') ? 'Alias' : 'Key';
    const arn = reference.startsWith('arn:') ? reference : `${prefix}${kind === 'Key' ? 'key/' : ''}${name}`;
    throw new AwsError('NotFoundException', `${kind} '${arn}' does not exist`);
  };

  return {
    create: (options) => create('CUSTOMER', options),
    find,
    change,
    rotate: (key, type) => rotate(key, type, clock.now()),
    usable(reference) {
      const key = find(reference);
      if (key.state === 'Disabled') throw new AwsError('DisabledException', `${key.arn} is disabled.`);
      if (key.state === 'PendingDeletion') {
        throw new AwsError('KMSInvalidStateException', `${key.arn} is pending deletion.`);
      }
      return key;
    },
    all: () => [...keys.values()],
    setAlias(alias, key, mode) {
      if (!/^alias\/[\w/-]{1,250}$/.test(alias))
        throw validationError(`"${alias}" is not an alias name: alias/NAME`);
      if (alias.startsWith('alias/aws/')) {
        throw new AwsError(
          'NotAuthorizedException',
          'Aliases that begin with alias/aws/ are reserved for AWS.',
        );
      }
      const exists = aliases.has(alias);
      if (mode === 'create' && exists) {
        throw new AwsError(
          'AlreadyExistsException',
          `An alias with the name ${prefix}${alias} already exists`,
        );
      }
      if (mode === 'update' && !exists) {
        throw new AwsError('NotFoundException', `Alias ${prefix}${alias} is not found.`);
      }
      setAlias(alias, key);
    },
    deleteAlias(alias) {
      if (!removeAlias(alias))
        throw new AwsError('NotFoundException', `Alias ${prefix}${alias} is not found.`);
    },
    aliases: () => [...aliases].map(([alias, key]) => ({ alias, arn: prefix + alias, key })),
  };
}

/** A key as the state directory holds it. */
interface KeptKey extends Omit<Key, 'materials' | 'tags'> {
  /** In base64. */
  readonly materials: readonly string[];
  readonly tags: readonly (readonly [string, string])[];
}

function toKept(key: Key): KeptKey {
  return {
    ...key,
    materials: key.materials.map((material) => material.toString('base64')),
    tags: [...key.tags],
  };
}

function restored(kept: KeptKey): Key {
  return {
    ...kept,
    materials: kept.materials.map((material) => Buffer.from(material, 'base64')),
    tags: new Map(kept.tags),
    deletionAt: kept.deletionAt,
    automaticRotation: kept.automaticRotation,
  };
}

/** Lets the callers of the service in this account in, and no service on its own behalf. */
function managedKeyPolicy(accountId: string, viaService: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
        Resource: '*',
        Condition: { StringEquals: { 'kms:CallerAccount': accountId, 'kms:ViaService': viaService } },
      },
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: ['kms:Describe*', 'kms:Get*', 'kms:List*'],
        Resource: '*',
      },
    ],
  });
}

/** What a key has whose creator wrote no policy. kms/latest/developerguide/key-policy-default.html */
export function defaultKeyPolicy(accountId: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  });
}
