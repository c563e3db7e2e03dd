/**
 * KMS: symmetric keys, aliases and envelope encryption with a bound encryption context.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html
 */
import { actionNamed } from '../actions.ts';
import type { AwsContext, AwsService } from '../context.ts';
import { kmsAuthorization } from './authorization.ts';
import type { Action } from './action.ts';
import { cryptographyActions } from './cryptography-actions.ts';
import { grantActions } from './grant-actions.ts';
import { createGrants } from './grants.ts';
import { keyActions, multiRegionKey } from './key-actions.ts';
import { createKeys, defaultKeyPolicy, type KeyOptions, type Keys } from './keys.ts';
import { rotationActions } from './rotation-actions.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly kms: KmsService;
  }
}

export interface KmsService extends AwsService {
  readonly name: 'kms';
  /** Creates a key, for provisioning; `id` is its UUID when the caller wants to choose it. */
  createKey(options?: KeyOptions): { readonly keyId: string; readonly arn: string };
  /** Every material that a multi-Region key ever had, for its replicas in other regions. */
  materials(keyReference: string): readonly Buffer[];
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
    materials: (reference) => multiRegionKey(keys, reference).materials,
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
