/**
 * The permissions that each action of Parameter Store needs, and the use of the key of a secure string.
 * systems-manager/latest/userguide/sysman-paramstore-access.html
 */
import type { AuthorizationRequest, AwsContext } from '../context.ts';
import { DECRYPTING, keyUse } from '../iam/key-use.ts';

type Input = Readonly<Record<string, unknown>>;

/** What policies need to know of a parameter. */
export interface ParameterKey {
  readonly arn: string;
  /** Of a secure string. */
  readonly keyId: string | undefined;
}

/** @param find a parameter by name, ARN or `name:version`; undefined when there is none */
export function ssmAuthorization(
  context: AwsContext,
  find: (reference: string) => ParameterKey | undefined,
  action: string,
  input: Input,
): readonly AuthorizationRequest[] {
  const arnOf = (reference: string) => find(reference)?.arn ?? parameterArn(context, reference);
  const path = input['Path'];
  const references = [input['Name'], ...[input['Names'] ?? []].flat()].filter(
    (value): value is string => typeof value === 'string',
  );
  if (typeof path === 'string') references.push(path);
  // What describes all parameters is about the service's whole namespace.
  if (references.length === 0) references.push('*');

  const requests = references.map((reference) => ({
    action: `ssm:${action}`,
    resourceArn: arnOf(reference),
    ...(typeof path === 'string' && {
      conditionKeys: { 'ssm:Recursive': String(input['Recursive'] === true) },
    }),
  }));
  return [...requests, ...keyRequests(context, find, action, input, references)];
}

function keyRequests(
  context: AwsContext,
  find: (reference: string) => ParameterKey | undefined,
  action: string,
  input: Input,
  references: readonly string[],
): readonly AuthorizationRequest[] {
  const { KeyId: keyId, Type: type, WithDecryption: decrypt } = input;
  if (action === 'PutParameter' && type === 'SecureString') {
    const key = typeof keyId === 'string' ? keyId : 'alias/aws/ssm';
    const arn = parameterArn(context, references[0] ?? '');
    return keyUse(context, 'ssm', key, ['kms:Encrypt'], { PARAMETER_ARN: arn });
  }
  if (decrypt !== true) return [];
  return references.flatMap((reference) => {
    const parameter = find(reference);
    if (parameter === undefined) return [];
    return keyUse(context, 'ssm', parameter.keyId, DECRYPTING, { PARAMETER_ARN: parameter.arn });
  });
}

function parameterArn({ region, accountId }: AwsContext, name: string): string {
  if (name.startsWith('arn:')) return name;
  return `arn:aws:ssm:${region}:${accountId}:parameter${name.startsWith('/') ? name : `/${name}`}`;
}
