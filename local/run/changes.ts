/** What an update changed, in one line: `updated: 1 function, 2 queues; added: 1 topic`. */
import { isDeepStrictEqual } from 'node:util';

export interface ResourceState {
  readonly type: string;
  readonly physicalId: string;
  readonly properties: unknown;
}

/** CloudFormation types, one for each resource. */
export interface Changes {
  readonly updated: readonly string[];
  readonly added: readonly string[];
  readonly replaced: readonly string[];
  readonly removed: readonly string[];
}

export function changesBetween(
  before: ReadonlyMap<string, ResourceState>,
  after: ReadonlyMap<string, ResourceState>,
): Changes {
  const kept = [...after].flatMap(([id, now]) => {
    const former = before.get(id);
    return former === undefined ? [] : [{ former, now }];
  });
  const changed = kept.filter(({ former, now }) => !isDeepStrictEqual(former.properties, now.properties));
  const types = (resources: readonly ResourceState[]): string[] => resources.map(({ type }) => type);
  return {
    updated: changed.flatMap(({ former, now }) => (former.physicalId === now.physicalId ? now.type : [])),
    replaced: kept.flatMap(({ former, now }) => (former.physicalId === now.physicalId ? [] : now.type)),
    added: types([...after].flatMap(([id, now]) => (before.has(id) ? [] : now))),
    removed: types([...before].flatMap(([id, former]) => (after.has(id) ? [] : former))),
  };
}

export function describeChanges(changes: Changes): string {
  const parts = (['updated', 'replaced', 'added', 'removed'] as const).flatMap((verb) =>
    changes[verb].length === 0 ? [] : `${verb}: ${countTypes(changes[verb])}`,
  );
  return parts.length === 0 ? 'updated: nothing in the templates changed' : parts.join('; ');
}

/** `2 queues, 1 event source mapping`, what is most first. */
function countTypes(types: readonly string[]): string {
  return [...Map.groupBy(types, nameOf)]
    .map(([name, { length }]) => ({ name, length }))
    .toSorted((left, right) => right.length - left.length)
    .map(({ name, length }) => `${length} ${length === 1 ? name : plural(name)}`)
    .join(', ');
}

/** `AWS::Lambda::EventSourceMapping` is an `event source mapping`. */
function nameOf(type: string): string {
  const last = type.split('::').at(-1) ?? type;
  return last.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}

function plural(name: string): string {
  return name.endsWith('y') ? `${name.slice(0, -1)}ies` : name.endsWith('s') ? `${name}es` : `${name}s`;
}
