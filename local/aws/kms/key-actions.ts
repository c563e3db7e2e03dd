/** Keys and aliases: made, described, switched off, deleted; their policies and tags. */
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import {
  optionalText,
  requiredText,
  textList,
  validationError,
  wholeNumber,
  type JsonInput,
} from '../json-input.ts';
import { listed, truncation, type Action } from './action.ts';
import { DAY_MILLISECONDS, type Key, type Keys } from './keys.ts';

/** @throws AwsError `UnsupportedOperationException` for a key of one region */
export function multiRegionKey(keys: Keys, reference: string): Key {
  const key = keys.find(reference);
  if (key.multiRegion) return key;
  throw new AwsError('UnsupportedOperationException', `${key.arn} is not a multi-Region primary key.`);
}

/** Days a key waits for its deletion. ScheduleKeyDeletion */
const SHORTEST_WAIT_DAYS = 7;
const LONGEST_WAIT_DAYS = 30;

export function keyActions(context: AwsContext, keys: Keys): Readonly<Record<string, Action>> {
  const { clock } = context;
  const keyOf = (input: JsonInput) => keys.find(requiredText(input, 'KeyId'));
  /** AWS changes its own keys itself. */
  const customerKeyOf = (input: JsonInput): Key => {
    const key = keyOf(input);
    if (key.manager === 'CUSTOMER') return key;
    throw new AwsError('AccessDeniedException', `${key.arn} is managed by AWS: it can't be changed.`);
  };

  return {
    CreateKey(input) {
      const spec = optionalText(input, 'KeySpec') ?? 'SYMMETRIC_DEFAULT';
      if (spec !== 'SYMMETRIC_DEFAULT') {
        throw new AwsError(
          'UnsupportedOperationException',
          `The embedded AWS has no ${spec} keys, only SYMMETRIC_DEFAULT.`,
        );
      }
      const description = optionalText(input, 'Description');
      const policy = optionalText(input, 'Policy');
      const key = keys.create({
        ...(description !== undefined && { description }),
        ...(policy !== undefined && { policy: checkedPolicy(policy) }),
        tags: tagsOf(input),
        multiRegion: input['MultiRegion'] === true,
      });
      return { KeyMetadata: metadata(context, key) };
    },
    ReplicateKey(input) {
      const key = multiRegionKey(keys, requiredText(input, 'KeyId'));
      const region = requiredText(input, 'ReplicaRegion');
      const place = context.elsewhere?.(region);
      if (place === undefined || region === context.region) {
        throw validationError(`ReplicaRegion "${region}" is no other region of this embedded AWS.`);
      }
      const policy = optionalText(input, 'Policy');
      const { keyId } = place.services.get('kms').createKey({
        primaryArn: key.arn,
        description: optionalText(input, 'Description') ?? key.description,
        ...(policy !== undefined && { policy: checkedPolicy(policy) }),
        tags: tagsOf(input),
      });
      return { ReplicaKeyMetadata: { KeyId: keyId, MultiRegion: true }, ReplicaPolicy: policy };
    },
    DescribeKey: (input) => ({ KeyMetadata: metadata(context, keyOf(input)) }),
    ListKeys(input) {
      const { items, nextToken } = listed(input, keys.all());
      return { Keys: items.map((key) => ({ KeyId: key.id, KeyArn: key.arn })), ...truncation(nextToken) };
    },
    EnableKey(input) {
      keys.change(customerKeyOf(input), { state: 'Enabled' });
    },
    DisableKey(input) {
      keys.change(customerKeyOf(input), { state: 'Disabled' });
    },
    ScheduleKeyDeletion(input) {
      const key = customerKeyOf(input);
      if (key.state === 'PendingDeletion') {
        throw new AwsError('KMSInvalidStateException', `${key.arn} is pending deletion.`);
      }
      const days = wholeNumber(
        input,
        'PendingWindowInDays',
        SHORTEST_WAIT_DAYS,
        LONGEST_WAIT_DAYS,
        LONGEST_WAIT_DAYS,
      );
      const deletionAt = clock.now() + days * DAY_MILLISECONDS;
      keys.change(key, { state: 'PendingDeletion', deletionAt });
      return {
        KeyId: key.arn,
        DeletionDate: deletionAt / 1000,
        KeyState: key.state,
        PendingWindowInDays: days,
      };
    },
    CancelKeyDeletion(input) {
      const key = keyOf(input);
      if (key.state !== 'PendingDeletion') {
        throw new AwsError('KMSInvalidStateException', `${key.arn} is not pending deletion.`);
      }
      Object.assign(key, { deletionAt: undefined });
      keys.change(key, { state: 'Disabled' });
      return { KeyId: key.arn };
    },
    GetKeyPolicy: (input) => ({ Policy: keyOf(input).policy, PolicyName: 'default' }),
    PutKeyPolicy(input) {
      const policy = requiredText(input, 'Policy');
      keys.change(keyOf(input), { policy: checkedPolicy(policy) });
    },
    ListKeyPolicies(input) {
      keyOf(input);
      return { PolicyNames: ['default'], Truncated: false };
    },
    UpdateKeyDescription(input) {
      keys.change(keyOf(input), { description: requiredText(input, 'Description') });
    },
    TagResource(input) {
      const key = keyOf(input);
      keys.change(key, { tags: new Map([...key.tags, ...tagsOf(input)]) });
    },
    UntagResource(input) {
      const key = keyOf(input);
      const gone = new Set(textList(input, 'TagKeys'));
      keys.change(key, { tags: new Map([...key.tags].filter(([name]) => !gone.has(name))) });
    },
    ListResourceTags(input) {
      const { items, nextToken } = listed(input, [...keyOf(input).tags]);
      return {
        Tags: items.map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
        ...truncation(nextToken),
      };
    },

    CreateAlias(input) {
      keys.setAlias(
        requiredText(input, 'AliasName'),
        keys.find(requiredText(input, 'TargetKeyId')),
        'create',
      );
    },
    UpdateAlias(input) {
      keys.setAlias(
        requiredText(input, 'AliasName'),
        keys.find(requiredText(input, 'TargetKeyId')),
        'update',
      );
    },
    DeleteAlias(input) {
      keys.deleteAlias(requiredText(input, 'AliasName'));
    },
    ListAliases(input) {
      const wanted = optionalText(input, 'KeyId');
      const key = wanted === undefined ? undefined : keys.find(wanted);
      const { items, nextToken } = listed(
        input,
        keys.aliases().filter((alias) => key === undefined || alias.key === key),
      );
      const aliases = items.map(({ alias, arn, key: target }) => ({
        AliasName: alias,
        AliasArn: arn,
        TargetKeyId: target.id,
      }));
      return { Aliases: aliases, ...truncation(nextToken) };
    },
  };
}

function metadata(context: AwsContext, key: Key): JsonInput {
  return {
    AWSAccountId: context.accountId,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: key.createdAt / 1000,
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyState: key.state,
    ...(key.deletionAt !== undefined && { DeletionDate: key.deletionAt / 1000 }),
    Origin: 'AWS_KMS',
    KeyManager: key.manager,
    CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    KeySpec: 'SYMMETRIC_DEFAULT',
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    MultiRegion: key.multiRegion,
    ...(key.multiRegion && {
      MultiRegionConfiguration: {
        MultiRegionKeyType: key.primaryArn === undefined ? 'PRIMARY' : 'REPLICA',
        PrimaryKey: { Arn: key.primaryArn ?? key.arn },
      },
    }),
  };
}

function checkedPolicy(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    throw new AwsError('MalformedPolicyDocumentException', 'The key policy is not valid JSON.');
  }
}

function tagsOf(input: JsonInput): ReadonlyMap<string, string> {
  const tags = (input['Tags'] ?? []) as readonly { TagKey?: unknown; TagValue?: unknown }[];
  if (!Array.isArray(tags)) throw validationError('The member Tags must be a list.');
  return new Map(
    tags.map((tag) => [
      requiredText(tag as JsonInput, 'TagKey'),
      optionalText(tag as JsonInput, 'TagValue') ?? '',
    ]),
  );
}
