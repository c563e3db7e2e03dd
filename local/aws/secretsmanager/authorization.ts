/**
 * The permissions that each action of Secrets Manager needs: itself on the secret, and the use of the secret's key.
 * secretsmanager/latest/userguide/reference_iam-permissions.html, security-encryption.html
 */
import type { AuthorizationRequest, AwsContext } from '../context.ts';
import { DECRYPTING, ENCRYPTING, keyUse } from '../iam/key-use.ts';
import type { Secret } from './secrets.ts';

const ON_NOTHING: ReadonlySet<string> = new Set(['ListSecrets', 'GetRandomPassword']);
const READS: ReadonlySet<string> = new Set(['GetSecretValue']);
const WRITES: ReadonlySet<string> = new Set(['CreateSecret', 'PutSecretValue', 'UpdateSecret']);

/** @param find a secret by name or ARN; undefined when there is none */
export function secretsAuthorization(
  context: AwsContext,
  find: (reference: string) => Secret | undefined,
  action: string,
  input: Readonly<Record<string, unknown>>,
): readonly AuthorizationRequest[] {
  if (ON_NOTHING.has(action)) return [{ action: `secretsmanager:${action}`, resourceArn: '*' }];
  const { SecretId: reference, Name: name, KmsKeyId: givenKey } = input;
  const secret = typeof reference === 'string' ? find(reference) : undefined;
  // The suffix of a secret that is not there is not known; a policy names it with six question marks or a star.
  const expected = `arn:aws:secretsmanager:${context.region}:${context.accountId}:secret:${String(reference ?? name)}-000000`;
  const resourceArn =
    secret?.arn ?? (typeof reference === 'string' && reference.startsWith('arn:') ? reference : expected);
  const stage = input['VersionStage'];
  const request: AuthorizationRequest = {
    action: `secretsmanager:${action}`,
    resourceArn,
    ...(secret?.policy !== undefined && { resourcePolicy: secret.policy }),
    conditionKeys: {
      ...(secret && { 'secretsmanager:SecretId': secret.arn }),
      ...(typeof stage === 'string' && { 'secretsmanager:VersionStage': stage }),
      ...(typeof name === 'string' && { 'secretsmanager:Name': name }),
    },
  };
  const key = secret?.kmsKeyId ?? (typeof givenKey === 'string' ? givenKey : undefined);
  const actions = READS.has(action) ? DECRYPTING : WRITES.has(action) ? ENCRYPTING : [];
  return [request, ...keyUse(context, 'secretsmanager', key, actions, { SecretARN: resourceArn })];
}
