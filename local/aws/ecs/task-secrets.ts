/** Variables whose values are in secrets and parameters: read with the rights of the execution role when a task starts. */
import type { AwsContext, Caller } from '../context.ts';
import { callService } from '../dispatch.ts';

/**
 * `arn:...:secret:NAME-ABCDEF`, or with `:KEY:STAGE:VERSION` behind it; a parameter's ARN or name.
 * AmazonECS/latest/developerguide/specifying-sensitive-data.html
 */
export async function secretVariables(
  context: AwsContext,
  secrets: Readonly<Record<string, string>>,
  caller: Caller,
): Promise<Record<string, string>> {
  const entries = Object.entries(secrets).map(
    async ([name, valueFrom]) => [name, await valueOf(context, valueFrom, caller)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

async function valueOf(context: AwsContext, valueFrom: string, caller: Caller): Promise<string> {
  if (!/^arn:[^:]+:secretsmanager:/.test(valueFrom)) {
    const answer = await call(context, 'ssm', 'GetParameters', caller, {
      Names: [valueFrom.replace(/^arn:[^:]+:ssm:[^:]*:[^:]*:parameter/, '')],
      WithDecryption: true,
    });
    const [parameter] = (answer['Parameters'] ?? []) as readonly { readonly Value?: string }[];
    if (parameter?.Value === undefined) throw new Error(`invalid ssm parameters: ${valueFrom}`);
    return parameter.Value;
  }
  const [arn, key, stage, version] = partsOf(valueFrom);
  const answer = await call(context, 'secretsmanager', 'GetSecretValue', caller, {
    SecretId: arn,
    ...(stage && { VersionStage: stage }),
    ...(version && { VersionId: version }),
  });
  const text = answer['SecretString'];
  if (typeof text !== 'string') throw new Error(`the secret ${arn} holds no text`);
  if (!key) return text;
  const value = (JSON.parse(text) as Record<string, unknown>)[key];
  if (value === undefined) {
    throw new Error(`retrieved secret from Secrets Manager did not contain json key ${key}`);
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The ARN of a secret has seven parts; what follows is ECS's. */
function partsOf(valueFrom: string): readonly [string, ...(string | undefined)[]] {
  const parts = valueFrom.split(':');
  return [parts.slice(0, 7).join(':'), parts[7], parts[8], parts[9]];
}

async function call(
  context: AwsContext,
  name: 'secretsmanager' | 'ssm',
  action: string,
  caller: Caller,
  input: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const service = context.services.get(name);
  return (await callService(context, service, action, input, caller)) as Record<string, unknown>;
}
