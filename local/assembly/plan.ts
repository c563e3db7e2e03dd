/** What a template would change in a stack, without doing it: the change set. */
import { isDeepStrictEqual } from 'node:util';

import { changeOf } from './change.ts';
import { isBookkeeping, providerOf } from './providers/index.ts';
import type { Stack, StackResource } from './stack.ts';
import type { Stacks } from './stacks.ts';
import type { Json, JsonObject, TemplateResource } from '../../lib/assembly/template.ts';
import { absentResource, walkTemplate } from './walk.ts';
import type { Target, Walked, WantedResource } from './walk.ts';

/** CloudFormation's own words for a value that only the deployment brings. */
export const KNOWN_AFTER_APPLY = '{{changeSet:KNOWN_AFTER_APPLY}}';

export interface PlannedChange {
  readonly action: 'Add' | 'Modify' | 'Remove';
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId?: string;
  readonly replacement?: 'True' | 'False';
  /** What of the resource changes, e.g. `Properties`, `Metadata`. */
  readonly scope: readonly string[];
  readonly details: readonly PlannedDetail[];
  readonly before?: JsonObject;
  readonly after?: JsonObject;
}

export interface PlannedDetail {
  readonly property: string;
  readonly recreates: boolean;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

export interface Plan {
  readonly changes: readonly PlannedChange[];
  /** False when applying the template would do nothing at all. */
  readonly hasChanges: boolean;
}

const OTHER_ATTRIBUTES = ['DeletionPolicy', 'Metadata', 'UpdateReplacePolicy'] as const;

/** @throws AssemblyError when the template cannot be resolved */
export async function planStack(stacks: Stacks, stack: Stack, target: Target): Promise<Plan> {
  const changes: PlannedChange[] = [];
  const walk = walkTemplate(target, stacks, (wanted) => plan(stacks, stack, wanted, changes));
  await walk.all();
  for (const { logicalId, type, physicalId, properties } of stack.resources.values()) {
    if (walk.wanted.has(logicalId)) continue;
    const removal = { action: 'Remove', logicalId, type, physicalId, before: properties } as const;
    changes.push({ ...removal, scope: [], details: [] });
  }
  const outputs = await walk.outputs();
  return { changes, hasChanges: changes.length > 0 || !isDeepStrictEqual(outputs, stack.outputs) };
}

async function plan(
  stacks: Stacks,
  stack: Stack,
  wanted: WantedResource,
  changes: PlannedChange[],
): Promise<Walked> {
  const { logicalId, definition } = wanted;
  const type = definition.Type;
  const before = stack.resources.get(logicalId);
  const properties = await propertiesOrNone(wanted, before);
  const unknown: Walked = { physicalId: KNOWN_AFTER_APPLY, attributes: {}, unknown: KNOWN_AFTER_APPLY };
  if (before === undefined) {
    changes.push({ action: 'Add', logicalId, type, scope: [], details: [], after: properties });
    return unknown;
  }
  const provider = isBookkeeping(type) ? undefined : providerOf(type);
  const decided = changeOf(provider, before, properties);
  const former = stack.template.Resources?.[logicalId];
  const attributes = OTHER_ATTRIBUTES.filter((name) => !sameAttribute(name, former, definition));
  if (decided.kind !== 'keep' || attributes.length > 0) {
    const because = decided.kind === 'replace' ? decided.because : [];
    changes.push({
      action: 'Modify',
      logicalId,
      type,
      physicalId: before.physicalId,
      replacement: decided.kind === 'replace' ? 'True' : 'False',
      scope: [...(decided.kind === 'keep' ? [] : ['Properties']), ...attributes],
      details:
        decided.kind === 'keep'
          ? []
          : decided.properties.map((property) => ({
              property,
              recreates: because.includes(property),
              before: before.properties[property],
              after: properties[property],
            })),
      before: before.properties,
      after: properties,
    });
  }
  if (decided.kind === 'replace') return unknown;
  if (before.notRunBecause === undefined && before.bookkeeping !== true) return before;
  return absentResource(stacks.aws, logicalId, type);
}

/** A function such as Fn::Select may not work on a value that is not known yet; then nothing of it is known. */
async function propertiesOrNone(
  wanted: WantedResource,
  before: StackResource | undefined,
): Promise<JsonObject> {
  try {
    return await wanted.properties();
  } catch (error) {
    if (before === undefined && wanted.dependsOn().length === 0) throw error;
    return Object.fromEntries(
      Object.keys(wanted.definition.Properties ?? {}).map((name) => [name, KNOWN_AFTER_APPLY]),
    );
  }
}

function sameAttribute(
  name: (typeof OTHER_ATTRIBUTES)[number],
  former: TemplateResource | undefined,
  now: TemplateResource,
): boolean {
  return former === undefined || isDeepStrictEqual(former[name], now[name]);
}
