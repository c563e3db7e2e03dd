/** Finds resources of an assembly by the names that people give them. */
import type { Assembly, Resource } from '../assembly/index.ts';

/**
 * Resources of these types by construct path, by some successive parts of it (`Orders/Topic`, `Fulfilment`), by logical
 * id, by name in AWS, or by the name of a consumer in the topology. An exact match leaves out the others.
 */
export function resourcesNamed(
  assembly: Assembly,
  name: string,
  types: readonly string[],
): readonly Resource[] {
  const candidates = assembly.ofType(...types);
  const exact = candidates.filter(({ constructPath, logicalId, name: own, arn }) =>
    [constructPath, logicalId, own, arn].includes(name),
  );
  if (exact.length > 0) return exact;
  const consumers = new Set(
    (assembly.topology?.edges ?? []).flatMap((edge) =>
      edge.kind === 'consumes' && edge.consumer === name ? [edge.to] : [],
    ),
  );
  const ofConsumer = candidates.filter(({ constructPath }) =>
    [...consumers].some((path) => constructPath.startsWith(`${path}/`)),
  );
  if (ofConsumer.length > 0) return ofConsumer;
  const within = candidates.filter(({ constructPath }) => `/${constructPath}/`.includes(`/${name}/`));
  // The parts of a construct come after it: its own queue before its dead-letter queues.
  const shortest = Math.min(...within.map(({ constructPath }) => depthBelow(constructPath, name)));
  return within.filter(({ constructPath }) => depthBelow(constructPath, name) === shortest);
}

function depthBelow(path: string, name: string): number {
  const rest = `/${path}/`.split(`/${name}/`).at(-1) ?? '';
  return rest.split('/').length;
}

/** A few construct paths that share letters with a name that was not found. */
export function nearestNames(assembly: Assembly, name: string, types: readonly string[]): readonly string[] {
  const wanted = name.toLowerCase();
  return assembly
    .ofType(...new Set(types))
    .map(({ constructPath }) => ({
      constructPath,
      distance: distanceOf(constructPath.toLowerCase(), wanted),
    }))
    .toSorted((left, right) => left.distance - right.distance)
    .slice(0, 3)
    .map(({ constructPath }) => constructPath);
}

/** How many pairs of letters of the name the path lacks. */
function distanceOf(path: string, name: string): number {
  const pairs = Array.from({ length: Math.max(name.length - 1, 0) }, (_, index) =>
    name.slice(index, index + 2),
  );
  return pairs.filter((pair) => !path.includes(pair)).length;
}
