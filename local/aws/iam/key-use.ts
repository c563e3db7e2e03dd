/** What it takes to use a KMS key behind another service: to send to an encrypted queue, to read a secret. */
import type { AuthorizationRequest, AwsContext } from '../context.ts';

/** The actions that a caller needs on the key. */
export const ENCRYPTING = ['kms:GenerateDataKey', 'kms:Decrypt'];
export const DECRYPTING = ['kms:Decrypt'];

/**
 * The permissions that a call needs on the key it is encrypted under; none without a key, or when KMS does not run here.
 * The service calls KMS in the caller's name, so key policies see the caller and `kms:ViaService`.
 *
 * @param service as in `kms:ViaService`, e.g. `sqs`
 */
export function keyUse(
  context: AwsContext,
  service: string,
  keyReference: string | undefined,
  actions: readonly string[],
  encryptionContext: Readonly<Record<string, string>>,
): readonly AuthorizationRequest[] {
  const kms = context.services.find('kms');
  const key = keyReference === undefined ? undefined : kms?.findKey(keyReference);
  if (kms === undefined || key === undefined) return [];
  const conditionKeys = {
    'kms:ViaService': `${service}.${context.region}.amazonaws.com`,
    'aws:ViaAWSService': 'true',
    ...encryptionContextKeys(encryptionContext),
  };
  return actions.map((action) => ({
    action,
    resourceArn: key.arn,
    resourcePolicy: key.policy,
    isDefaultPolicy: key.isDefaultPolicy,
    isGranted: (principal) => kms.isGranted(key.arn, principal, operationOf(action), encryptionContext),
    conditionKeys,
  }));
}

/** `kms:Decrypt` -> `Decrypt`, as grants name it. */
function operationOf(action: string): string {
  return action.slice('kms:'.length);
}

/** kms/latest/developerguide/conditions-kms.html#conditions-kms-encryption-context */
export function encryptionContextKeys(
  encryptionContext: Readonly<Record<string, string>>,
): Record<string, string | readonly string[]> {
  const names = Object.keys(encryptionContext);
  return {
    ...(names.length > 0 && { 'kms:EncryptionContextKeys': names }),
    ...Object.fromEntries(
      names.map((name) => [`kms:EncryptionContext:${name}`, encryptionContext[name] ?? '']),
    ),
  };
}
