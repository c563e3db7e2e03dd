/** The KMS keys and aliases of this account and Region. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import { validationError } from '../json-input.ts';

export interface Key {
  readonly id: string;
  readonly arn: string;
  readonly material: Buffer;
  readonly description: string;
  readonly manager: 'AWS' | 'CUSTOMER';
  readonly createdAt: number;
  state: 'Enabled' | 'Disabled' | 'PendingDeletion';
  /** When a key that is pending deletion goes; milliseconds since the epoch. */
  deletionAt: number | undefined;
  policy: string;
  rotation: boolean;
}

export interface Keys {
  create(options: { readonly id?: string; readonly description?: string; readonly policy?: string }): Key;
  /** By key id, key ARN, alias name or alias ARN. Throws `NotFoundException`. */
  find(reference: string): Key;
  /** The same, for cryptography: throws when the key is disabled or pending deletion. */
  usable(reference: string): Key;
  all(): readonly Key[];
  setAlias(alias: string, key: Key, mode: 'create' | 'update'): void;
  deleteAlias(alias: string): void;
  aliases(): readonly { readonly alias: string; readonly arn: string; readonly key: Key }[];
}

export function createKeys(context: AwsContext): Keys {
  const { clock, region, accountId } = context;
  const prefix = `arn:aws:kms:${region}:${accountId}:`;
  const keys = new Map<string, Key>();
  const aliases = new Map<string, Key>();

  const create = (manager: Key['manager'], id: string, description: string, policy?: string): Key => {
    const key: Key = {
      id,
      arn: `${prefix}key/${id}`,
      material: randomBytes(32),
      description,
      manager,
      createdAt: clock.now(),
      state: 'Enabled',
      deletionAt: undefined,
      policy: policy ?? defaultPolicy(accountId),
      rotation: false,
    };
    keys.set(id, key);
    return key;
  };

  const byAlias = (alias: string): Key | undefined => {
    const key = aliases.get(alias);
    if (key || !alias.startsWith('alias/aws/')) return key;
    // AWS makes a service's own key when the service first needs it.
    const managed = create('AWS', randomUUID(), `Default key of ${alias.slice('alias/aws/'.length)}`);
    aliases.set(alias, managed);
    return managed;
  };

  const find = (reference: string): Key => {
    const name = reference.startsWith(prefix) ? reference.slice(prefix.length) : reference;
    const key = name.startsWith('alias/') ? byAlias(name) : keys.get(name.replace(/^key\//, ''));
    if (key?.deletionAt !== undefined && key.deletionAt <= clock.now()) {
      keys.delete(key.id);
      for (const [alias, target] of aliases) if (target === key) aliases.delete(alias);
    } else if (key) {
      return key;
    }
    const kind = name.startsWith('alias/') ? 'Alias' : 'Key';
    const arn = reference.startsWith('arn:') ? reference : `${prefix}${kind === 'Key' ? 'key/' : ''}${name}`;
    throw new AwsError('NotFoundException', `${kind} '${arn}' does not exist`);
  };

  return {
    create: ({ id = randomUUID(), description = '', policy }) => create('CUSTOMER', id, description, policy),
    find,
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
      aliases.set(alias, key);
    },
    deleteAlias(alias) {
      if (!aliases.delete(alias))
        throw new AwsError('NotFoundException', `Alias ${prefix}${alias} is not found.`);
    },
    aliases: () => [...aliases].map(([alias, key]) => ({ alias, arn: prefix + alias, key })),
  };
}

function defaultPolicy(accountId: string): string {
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
