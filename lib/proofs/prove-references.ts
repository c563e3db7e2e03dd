/** Claims of wholeness: what the templates refer to is there. CloudFormation refuses the others, some only half way. */
import { isJsonArray, isJsonObject } from '../assembly/template.ts';
import type { Json, Template } from '../assembly/template.ts';
import type { Messaging } from '../assembly/index.ts';
import type { Break, Proof } from './proof.ts';

export function proveReferences({ assembly }: Messaging): readonly Proof[] {
  return assembly.stacks.map(({ stackName, template }) => ({
    kind: 'delivery',
    claim: `everything that ${stackName} refers to is there`,
    steps: [],
    breaks: Object.entries(template.Resources ?? {}).flatMap(([logicalId, { Properties, DependsOn }]) =>
      [...new Set([...referencesIn(Properties ?? {}), ...[DependsOn ?? []].flat()])]
        .filter((id) => !isThere(template, id))
        .map((id): Break => ({
          code: 'WAYBILL_PROOF_REFERENCE_MISSING',
          resource: `${stackName}/${logicalId}`,
          message: `it refers to ${id}, which is not in the template`,
          fix: 'synthesize again; if it stays away, something has removed it',
        })),
    ),
  }));
}

function isThere(template: Template, id: string): boolean {
  return (
    id.startsWith('AWS::') ||
    template.Resources?.[id] !== undefined ||
    template.Parameters?.[id] !== undefined
  );
}

/** Logical ids in `Ref` and `Fn::GetAtt`. */
function referencesIn(value: Json): readonly string[] {
  if (isJsonArray(value)) return value.flatMap(referencesIn);
  if (!isJsonObject(value)) return [];
  const { Ref: ref, 'Fn::GetAtt': attribute } = value;
  if (typeof ref === 'string') return [ref];
  if (isJsonArray(attribute) && typeof attribute[0] === 'string') return [attribute[0]];
  return Object.values(value).flatMap(referencesIn);
}
