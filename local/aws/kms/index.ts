/**
 * KMS: symmetric keys, aliases and envelope encryption with a bound encryption context.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html
 */
import { randomBytes } from 'node:crypto';
import { actionNamed } from '../actions.ts';
import type { AwsContext, AwsService } from '../context.ts';
import { AwsError } from '../errors.ts';
import {
  optionalText,
  page,
  requiredText,
  textList,
  validationError,
  wholeNumber,
  type JsonInput,
} from '../json-input.ts';
import { decrypt, encrypt, keyIdOf, type EncryptionContext } from './ciphertext.ts';
import { kmsAuthorization } from './authorization.ts';
import { createGrants, type Grants } from './grants.ts';
import { createKeys, DAY_MILLISECONDS, defaultKeyPolicy, type Key, type KeyOptions, type Keys } from './keys.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly kms: KmsService;
  }
}

export interface KmsService extends AwsService {
  readonly name: 'kms';
  /** Creates a key, for provisioning; `id` is its UUID when the caller wants to choose it. */
  createKey(options?: KeyOptions): { readonly keyId: string; readonly arn: string };
  /** The policy of a key named by id, ARN or alias. Throws `NotFoundException`. */
  keyPolicy(keyReference: string): string;
  /** What policies need to know of a key, named by id, ARN or alias; undefined when there is none. */
  findKey(keyReference: string): KeyPolicy | undefined;
  /** Whether a grant lets this principal do the operation with the key under this encryption context. */
  isGranted(
    keyReference: string,
    principalArn: string,
    operation: string,
    encryptionContext: Readonly<Record<string, string>>,
  ): boolean;
}

export interface KeyPolicy {
  readonly arn: string;
  readonly policy: string;
  /** True for the policy that every new key has: all that it says is that IAM may decide. */
  readonly isDefaultPolicy: boolean;
}

/** Bytes Encrypt takes under a symmetric key. Encrypt */
const MAXIMUM_PLAINTEXT_BYTES = 4096;
/** Bytes of a data key or of random data. GenerateDataKey, GenerateRandom */
const MAXIMUM_RANDOM_BYTES = 1024;
/** Days a key waits for its deletion. ScheduleKeyDeletion */
const SHORTEST_WAIT_DAYS = 7;
const LONGEST_WAIT_DAYS = 30;
/** EnableKeyRotation */
const SHORTEST_ROTATION_DAYS = 90;
const LONGEST_ROTATION_DAYS = 2560;
const DEFAULT_ROTATION_DAYS = 365;
const DEFAULT_PAGE = 100;
const MAXIMUM_PAGE = 1000;

export function createKmsService(context: AwsContext): KmsService {
  const keys = createKeys(context);
  const grants = createGrants(context);
  const actions: Readonly<Record<string, Action>> = {
    ...keyActions(context, keys),
    ...rotationActions(context, keys),
    ...grantActions(keys, grants),
    ...cryptographyActions(keys),
  };
  const service: KmsService = {
    name: 'kms',
    protocols: { json: { version: '1.1', targetPrefix: 'TrentService' } },
    async handle(action, input) {
      return actionNamed(actions, 'KMS', action)(input) ?? {};
    },
    createKey(options = {}) {
      const { id, arn } = keys.create(options);
      return { keyId: id, arn };
    },
    keyPolicy: (reference) => keys.find(reference).policy,
    isGranted: (reference, principalArn, operation, encryptionContext) =>
      grants.allows(keys.find(reference).arn, principalArn, operation, encryptionContext),
    findKey: (reference) => findKey(keys, context.accountId, reference),
    authorization: (action, input) => kmsAuthorization(context, service, action, input),
  };
  return service;
}

function findKey(keys: Keys, accountId: string, reference: string): KeyPolicy | undefined {
  try {
    const { arn, policy } = keys.find(reference);
    return { arn, policy, isDefaultPolicy: policy === defaultKeyPolicy(accountId) };
  } catch {
    return undefined;
  }
}

type Action = (input: JsonInput) => JsonInput | undefined | void;

function keyActions(context: AwsContext, keys: Keys): Readonly<Record<string, Action>> {
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
      });
      return { KeyMetadata: metadata(context, key) };
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

/** https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html */
function rotationActions({ clock }: AwsContext, keys: Keys): Readonly<Record<string, Action>> {
  const keyOf = (input: JsonInput) => keys.usable(requiredText(input, 'KeyId'));
  return {
    EnableKeyRotation(input) {
      const periodDays = wholeNumber(
        input,
        'RotationPeriodInDays',
        SHORTEST_ROTATION_DAYS,
        LONGEST_ROTATION_DAYS,
        DEFAULT_ROTATION_DAYS,
      );
      const nextAt = clock.now() + periodDays * DAY_MILLISECONDS;
      keys.change(keyOf(input), { automaticRotation: { periodDays, nextAt } });
    },
    DisableKeyRotation(input) {
      const key = keyOf(input);
      Object.assign(key, { automaticRotation: undefined });
      keys.change(key, {});
    },
    GetKeyRotationStatus(input) {
      const key = keys.find(requiredText(input, 'KeyId'));
      const { automaticRotation } = key;
      return {
        KeyId: key.arn,
        KeyRotationEnabled: automaticRotation !== undefined,
        ...(automaticRotation && {
          RotationPeriodInDays: automaticRotation.periodDays,
          NextRotationDate: automaticRotation.nextAt / 1000,
        }),
      };
    },
    RotateKeyOnDemand(input) {
      const key = keyOf(input);
      keys.rotate(key, 'ON_DEMAND');
      return { KeyId: key.arn };
    },
    ListKeyRotations(input) {
      const key = keys.find(requiredText(input, 'KeyId'));
      const { items, nextToken } = listed(input, key.rotations);
      return {
        Rotations: items.map(({ type, at }) => ({
          KeyId: key.arn,
          RotationDate: at / 1000,
          RotationType: type,
        })),
        ...truncation(nextToken),
      };
    },
  };
}

/** https://docs.aws.amazon.com/kms/latest/developerguide/grants.html */
function grantActions(keys: Keys, grants: Grants): Readonly<Record<string, Action>> {
  const keyOf = (input: JsonInput) => keys.usable(requiredText(input, 'KeyId'));
  const shown = (input: JsonInput, all: readonly JsonInput[]): JsonInput => {
    const { items, nextToken } = listed(input, all);
    return { Grants: items, ...truncation(nextToken) };
  };
  return {
    CreateGrant: (input) => grants.create(keyOf(input).arn, input),
    ListGrants: (input) => shown(input, grants.list(keyOf(input).arn, input)),
    ListRetirableGrants: (input) =>
      shown(input, grants.retirableBy(requiredText(input, 'RetiringPrincipal'))),
    RevokeGrant: (input) => grants.revoke(keyOf(input).arn, requiredText(input, 'GrantId')),
    RetireGrant: (input) => grants.retire(input),
  };
}

function cryptographyActions(keys: Keys): Readonly<Record<string, Action>> {
  return {
    Encrypt(input) {
      const key = keys.usable(requiredText(input, 'KeyId'));
      const plaintext = blob(input, 'Plaintext');
      if (plaintext.length < 1 || plaintext.length > MAXIMUM_PLAINTEXT_BYTES) {
        throw validationError(`Plaintext must be 1 to ${MAXIMUM_PLAINTEXT_BYTES} bytes.`);
      }
      const ciphertext = encrypt(key, plaintext, encryptionContext(input, 'EncryptionContext'));
      return { CiphertextBlob: ciphertext.toString('base64'), KeyId: key.arn, ...ALGORITHM };
    },
    Decrypt(input) {
      const { key, plaintext } = open(keys, input, 'KeyId', 'EncryptionContext');
      return { Plaintext: plaintext.toString('base64'), KeyId: key.arn, ...ALGORITHM };
    },
    ReEncrypt(input) {
      const { key: source, plaintext } = open(keys, input, 'SourceKeyId', 'SourceEncryptionContext');
      const key = keys.usable(requiredText(input, 'DestinationKeyId'));
      const bound = encryptionContext(input, 'DestinationEncryptionContext');
      const ciphertext = encrypt(key, plaintext, bound);
      return { CiphertextBlob: ciphertext.toString('base64'), SourceKeyId: source.arn, KeyId: key.arn };
    },
    GenerateDataKey: (input) => dataKey(keys, input),
    GenerateDataKeyWithoutPlaintext(input) {
      const { KeyId, CiphertextBlob } = dataKey(keys, input);
      return { KeyId, CiphertextBlob };
    },
    GenerateRandom(input) {
      const bytes = wholeNumber(input, 'NumberOfBytes', 1, MAXIMUM_RANDOM_BYTES, undefined);
      if (bytes === undefined) throw validationError('The member NumberOfBytes is required.');
      return { Plaintext: randomBytes(bytes).toString('base64') };
    },
  };
}

const ALGORITHM = { EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };

function dataKey(keys: Keys, input: JsonInput): Record<'KeyId' | 'Plaintext' | 'CiphertextBlob', string> {
  const key = keys.usable(requiredText(input, 'KeyId'));
  const spec = optionalText(input, 'KeySpec');
  const bytes = wholeNumber(input, 'NumberOfBytes', 1, MAXIMUM_RANDOM_BYTES, undefined);
  if ((spec === undefined) === (bytes === undefined)) {
    throw validationError('Please specify either number of bytes or key spec.');
  }
  if (spec !== undefined && spec !== 'AES_256' && spec !== 'AES_128') {
    throw validationError('KeySpec must be AES_256 or AES_128.');
  }
  const plaintext = randomBytes(bytes ?? (spec === 'AES_128' ? 16 : 32));
  const ciphertext = encrypt(key, plaintext, encryptionContext(input, 'EncryptionContext'));
  return {
    KeyId: key.arn,
    Plaintext: plaintext.toString('base64'),
    CiphertextBlob: ciphertext.toString('base64'),
  };
}

/** Decrypts the request's blob; the key the caller names, if any, must be the one it was made with. */
function open(
  keys: Keys,
  input: JsonInput,
  keyMember: string,
  contextMember: string,
): { key: Key; plaintext: Buffer } {
  const ciphertext = blob(input, 'CiphertextBlob');
  const key = keys.usable(keyIdOf(ciphertext));
  const named = optionalText(input, keyMember);
  if (named !== undefined && keys.find(named) !== key) {
    throw new AwsError(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    );
  }
  return {
    key,
    plaintext: decrypt(key, ciphertext, encryptionContext(input, contextMember)),
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
    MultiRegion: false,
  };
}

function blob(input: JsonInput, name: string): Buffer {
  return Buffer.from(requiredText(input, name), 'base64');
}

function encryptionContext(input: JsonInput, name: string): EncryptionContext {
  const value = input[name];
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Object.values(value).some((item) => typeof item !== 'string')) {
    throw validationError(`The member ${name} must be a map of strings.`);
  }
  return value as EncryptionContext;
}

function listed<Item>(input: JsonInput, items: readonly Item[]) {
  return page(
    items,
    wholeNumber(input, 'Limit', 1, MAXIMUM_PAGE, DEFAULT_PAGE),
    optionalText(input, 'Marker'),
  );
}

function truncation(nextToken: string | undefined): JsonInput {
  return nextToken === undefined ? { Truncated: false } : { Truncated: true, NextMarker: nextToken };
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
