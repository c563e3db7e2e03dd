/** Which resource of a REST API a path belongs to: literal segments before `{name}`, `{name+}` last. */
import type { Resource } from './model.ts';

export interface MatchedResource {
  readonly resource: Resource;
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** The resource, or undefined. Only resources with methods count. */
export function matchResource(resources: readonly Resource[], path: string): MatchedResource | undefined {
  const given = segmentsOf(path);
  let best: { readonly found: MatchedResource; readonly rank: readonly number[] } | undefined;
  for (const resource of resources) {
    if (Object.keys(resource.methods).length === 0) continue;
    const matched = matchSegments(segmentsOf(resource.path), given);
    if (matched && (!best || isHigher(matched.rank, best.rank))) {
      best = { found: { resource, pathParameters: matched.pathParameters }, rank: matched.rank };
    }
  }
  return best?.found;
}

/** The rank tells, segment by segment, how exact the match is: 2 literal, 1 placeholder, 0 the rest of the path. */
function matchSegments(
  wanted: readonly string[],
  given: readonly string[],
): { readonly pathParameters: Record<string, string>; readonly rank: number[] } | undefined {
  const pathParameters: Record<string, string> = {};
  const rank: number[] = [];
  for (const [index, segment] of wanted.entries()) {
    const name = /^\{(.+)\}$/.exec(segment)?.[1];
    const value = given[index];
    if (value === undefined) return undefined;
    if (name?.endsWith('+')) {
      pathParameters[name.slice(0, -1)] = given.slice(index).map(decoded).join('/');
      return { pathParameters, rank: [...rank, 0] };
    }
    if (name !== undefined) pathParameters[name] = decoded(value);
    else if (segment !== value) return undefined;
    rank.push(name === undefined ? 2 : 1);
  }
  return wanted.length === given.length ? { pathParameters, rank } : undefined;
}

function isHigher(left: readonly number[], right: readonly number[]): boolean {
  for (const [index, value] of left.entries()) {
    if (value !== right[index]) return value > (right[index] ?? -1);
  }
  return false;
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
