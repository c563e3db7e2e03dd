/**
 * Replaces `{{resolve:ssm:...}}` and `{{resolve:secretsmanager:...}}` in a resolved value, as CloudFormation does just
 * before it hands the properties to a service.
 *
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
 */
import { AssemblyError } from '../../lib/assembly/errors.ts';
import { isJsonArray, isJsonObject } from '../../lib/assembly/template.ts';
import type { Json } from '../../lib/assembly/template.ts';

export interface SecretReference {
  readonly secretId: string;
  readonly jsonKey: string | undefined;
  readonly versionStage: string | undefined;
  readonly versionId: string | undefined;
}

export interface DynamicReferenceLookup {
  /** The text of a secret, before a JSON key is taken out of it. */
  secret(reference: SecretReference): Promise<string>;
  parameter(name: string, version: string | undefined): Promise<string>;
}

const REFERENCE = /\{\{resolve:([a-z-]+):([^}]*)\}\}/g;

export async function resolveDynamicReferences(value: Json, lookup: DynamicReferenceLookup): Promise<Json> {
  if (typeof value === 'string') return value.includes('{{resolve:') ? replaceAll(value, lookup) : value;
  if (isJsonArray(value)) {
    const items: Json[] = [];
    for (const item of value) items.push(await resolveDynamicReferences(item, lookup));
    return items;
  }
  if (isJsonObject(value)) {
    const properties: Record<string, Json> = {};
    for (const [key, property] of Object.entries(value)) {
      properties[key] = await resolveDynamicReferences(property, lookup);
    }
    return properties;
  }
  return value;
}

/** Splits what follows `resolve:secretsmanager:`. The secret id may be an ARN, which holds colons itself. */
export function parseSecretReference(body: string): SecretReference {
  const marker = body.indexOf(':SecretString');
  const secretId = marker < 0 ? body.replace(/:+$/, '') : body.slice(0, marker);
  const [jsonKey, versionStage, versionId] =
    marker < 0 ? [] : body.slice(marker + ':SecretString'.length + 1).split(':');
  return {
    secretId,
    jsonKey: jsonKey || undefined,
    versionStage: versionStage || undefined,
    versionId: versionId || undefined,
  };
}

async function replaceAll(source: string, lookup: DynamicReferenceLookup): Promise<string> {
  let result = '';
  let end = 0;
  for (const match of source.matchAll(REFERENCE)) {
    result += source.slice(end, match.index) + (await lookUp(match[1] ?? '', match[2] ?? '', lookup));
    end = match.index + match[0].length;
  }
  return result + source.slice(end);
}

async function lookUp(service: string, body: string, lookup: DynamicReferenceLookup): Promise<string> {
  if (service === 'ssm' || service === 'ssm-secure') {
    const [, name = body, version] = /^(.*?)(?::(\d+))?$/.exec(body) ?? [];
    return lookup.parameter(name, version);
  }
  if (service === 'secretsmanager') {
    const reference = parseSecretReference(body);
    const secret = await lookup.secret(reference);
    return reference.jsonKey === undefined ? secret : secretField(secret, reference);
  }
  throw new AssemblyError(
    'WAYBILL_TEMPLATE_UNSUPPORTED',
    `The dynamic reference {{resolve:${service}:...}} names a service that is not known here: use ssm, ssm-secure or secretsmanager.`,
  );
}

/** The message names the secret and the key, never the value. */
function secretField(secret: string, { secretId, jsonKey = '' }: SecretReference): string {
  let fields: unknown;
  try {
    fields = JSON.parse(secret);
  } catch {
    fields = undefined;
  }
  const field =
    typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>)[jsonKey] : undefined;
  if (field === undefined) {
    throw new AssemblyError(
      'WAYBILL_TEMPLATE_UNRESOLVED',
      `The secret ${secretId} has no key "${jsonKey}". Check the template of the generated secret.`,
    );
  }
  return typeof field === 'string' ? field : JSON.stringify(field);
}
