/**
 * The permissions that each action of KMS needs: itself on the key, as the key's policy has it.
 * kms/latest/developerguide/kms-api-permissions-reference.html
 */
import type { AuthorizationRequest, AwsContext } from '../context.ts';
import { encryptionContextKeys } from '../iam/key-use.ts';
import { keyIdOf } from './ciphertext.ts';
import type { KmsService } from './index.ts';

type Input = Readonly<Record<string, unknown>>;

/** Actions on no key. */
const ON_NOTHING: ReadonlySet<string> = new Set(['CreateKey', 'ListKeys', 'ListAliases', 'GenerateRandom']);

export function kmsAuthorization(
  context: AwsContext,
  kms: KmsService,
  action: string,
  input: Input,
): readonly AuthorizationRequest[] {
  if (ON_NOTHING.has(action)) return [{ action: `kms:${action}`, resourceArn: '*' }];
  if (action === 'ReEncrypt') {
    return [
      onKey(
        kms,
        'ReEncryptFrom',
        sourceKey(input, 'SourceKeyId'),
        contextOf(input, 'SourceEncryptionContext'),
      ),
      onKey(
        kms,
        'ReEncryptTo',
        text(input, 'DestinationKeyId'),
        contextOf(input, 'DestinationEncryptionContext'),
      ),
    ];
  }
  const alias = action.endsWith('Alias') ? text(input, 'AliasName') : undefined;
  const key = text(input, 'TargetKeyId') ?? alias ?? sourceKey(input, 'KeyId');
  const requests = [onKey(kms, action, key, contextOf(input, 'EncryptionContext'))];
  if (alias === undefined) return requests;
  const aliasArn = `arn:aws:kms:${context.region}:${context.accountId}:${alias}`;
  return [...requests, { action: `kms:${action}`, resourceArn: aliasArn }];
}

function onKey(
  kms: KmsService,
  action: string,
  reference: string | undefined,
  encryptionContext: Readonly<Record<string, string>>,
): AuthorizationRequest {
  const key = reference === undefined ? undefined : kms.findKey(reference);
  // A key that is not there has no policy; the action itself tells the caller so.
  if (key === undefined) return { action: `kms:${action}`, resourceArn: '*' };
  return {
    action: `kms:${action}`,
    resourceArn: key.arn,
    resourcePolicy: key.policy,
    isDefaultPolicy: key.isDefaultPolicy,
    isGranted: (principal) => kms.isGranted(key.arn, principal, action, encryptionContext),
    conditionKeys: {
      ...encryptionContextKeys(encryptionContext),
      ...(reference?.includes('alias/') && {
        'kms:RequestAlias': reference.slice(reference.indexOf('alias/')),
      }),
    },
  };
}

/** The key that is named, else the one in the ciphertext. */
function sourceKey(input: Input, member: string): string | undefined {
  const named = text(input, member);
  const ciphertext = text(input, 'CiphertextBlob');
  if (named !== undefined || ciphertext === undefined) return named;
  try {
    return keyIdOf(Buffer.from(ciphertext, 'base64'));
  } catch {
    return undefined;
  }
}

function contextOf(input: Input, member: string): Readonly<Record<string, string>> {
  const value = input[member];
  return typeof value === 'object' && value !== null ? (value as Record<string, string>) : {};
}

function text(input: Input, member: string): string | undefined {
  const value = input[member];
  return typeof value === 'string' ? value : undefined;
}
