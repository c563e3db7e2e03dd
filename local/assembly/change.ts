/** What becomes of a resource whose properties changed: CloudFormation's rule, said once for plans and for deeds. */
import { isDeepStrictEqual } from 'node:util';

import type { Provider } from './providers/provider.ts';
import type { StackResource } from './stack.ts';
import type { JsonObject } from '../../lib/assembly/template.ts';

export type Change =
  | { readonly kind: 'keep' }
  /** No service knows of what changed. */
  | { readonly kind: 'note'; readonly properties: readonly string[] }
  | { readonly kind: 'update'; readonly properties: readonly string[] }
  | {
      readonly kind: 'replace';
      readonly properties: readonly string[];
      /** Those because of which. */
      readonly because: readonly string[];
    };

export function changeOf(
  provider: Provider | undefined,
  before: StackResource,
  properties: JsonObject,
): Change {
  const changed = changedProperties(before.properties, properties);
  if (changed.length === 0) return { kind: 'keep' };
  // Bookkeeping, and what does not run.
  if (provider === undefined || before.notRunBecause !== undefined)
    return { kind: 'note', properties: changed };
  const inert = changed.every((name) => provider.inert.includes(name));
  if (inert) return { kind: 'note', properties: changed };
  if (provider.update === undefined && before.inertBecause !== undefined) {
    return { kind: 'update', properties: changed };
  }
  const because = changed.filter(
    (name) => provider.update === undefined || provider.replacedOnChange?.includes(name),
  );
  return because.length > 0
    ? { kind: 'replace', properties: changed, because }
    : { kind: 'update', properties: changed };
}

/** Top-level properties that are not the same. */
export function changedProperties(before: JsonObject, after: JsonObject): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => !isDeepStrictEqual(before[name], after[name])).toSorted();
}

/**
 * The property that gives a resource its name, when the template sets it and did not change it: such a resource
 * cannot be replaced, since the new one would have the name of the old.
 */
export function fixedName(before: StackResource, properties: JsonObject): string | undefined {
  return Object.keys(properties).find((name) => {
    const value = properties[name];
    return (
      /Name$|Identifier$/.test(name) &&
      typeof value === 'string' &&
      value === before.properties[name] &&
      value !== '' &&
      (before.physicalId === value ||
        before.physicalId.endsWith(`/${value}`) ||
        before.physicalId.endsWith(`:${value}`) ||
        before.physicalId.endsWith(`|${value}`))
    );
  });
}
