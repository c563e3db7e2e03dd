/** Which service or consumer each resource belongs to, from where it is in the construct tree. */
import type { Resource } from '../assembly/index.ts';
import type { Topology } from '../topology/index.ts';

/** Null: shared. */
export type OwnerOf = (resource: Resource) => string | null;

/**
 * The owner of the nearest construct around a resource that is a node of the topology, or whose nodes all belong to
 * one service or consumer. A construct with a single node somewhere in it is not taken for that node's: an API is
 * not its authorizer's.
 */
export function ownersOf(topology: Topology, nodeIdOf: (resource: Resource) => string | undefined): OwnerOf {
  const owners = new Map(topology.nodes.map(({ id, owner }) => [id, owner]));
  const within = new Map<string, (string | null)[]>();
  for (const { id, owner } of topology.nodes) {
    for (const scope of scopesOf(id)) within.set(scope, [...(within.get(scope) ?? []), owner]);
  }
  return (resource) => {
    const own = nodeIdOf(resource);
    if (own !== undefined) return owners.get(own) ?? null;
    for (const scope of scopesOf(resource.constructPath)) {
      const found = within.get(scope);
      if (found === undefined || (found.length === 1 && !owners.has(scope))) continue;
      return new Set(found).size === 1 ? (found[0] ?? null) : null;
    }
    return null;
  };
}

/** The path and those above it, the nearest first. The first part, the stack, belongs to nobody. */
function scopesOf(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_part, index) => parts.slice(0, parts.length - index).join('/'));
}
