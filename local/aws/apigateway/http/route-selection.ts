/**
 * Which route of an HTTP API answers a request: a full match before a greedy one, an exact method before `ANY`, literal
 * segments before placeholders, `$default` last.
 *
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
 */
export interface SelectedRoute<Route> {
  readonly route: Route;
  readonly pathParameters: Readonly<Record<string, string>>;
}

interface Candidate<Route> extends SelectedRoute<Route> {
  readonly rank: readonly [full: number, literal: number, method: number];
}

export function selectRoute<Route extends { readonly routeKey: string }>(
  routes: readonly Route[],
  method: string,
  path: string,
): SelectedRoute<Route> | undefined {
  let best: Candidate<Route> | undefined;
  for (const route of routes) {
    const [routeMethod = '', routePath] = route.routeKey.split(' ');
    if (routePath === undefined || (routeMethod !== 'ANY' && routeMethod !== method)) continue;
    const matched = matchPath(routePath, path);
    if (matched === undefined) continue;
    const candidate: Candidate<Route> = {
      route,
      pathParameters: matched.pathParameters,
      rank: [matched.greedy ? 0 : 1, matched.literal, routeMethod === 'ANY' ? 0 : 1],
    };
    if (best === undefined || isBetter(candidate.rank, best.rank)) best = candidate;
  }
  if (best !== undefined) return best;
  const fallback = routes.find(({ routeKey }) => routeKey === '$default');
  return fallback === undefined ? undefined : { route: fallback, pathParameters: {} };
}

function matchPath(
  pattern: string,
  path: string,
):
  | { readonly pathParameters: Record<string, string>; readonly literal: number; readonly greedy: boolean }
  | undefined {
  const wanted = segmentsOf(pattern);
  const given = segmentsOf(path);
  const pathParameters: Record<string, string> = {};
  let literal = 0;
  for (const [index, segment] of wanted.entries()) {
    const name = /^\{(.+)\}$/.exec(segment)?.[1];
    const value = given[index];
    if (value === undefined) return undefined;
    if (name?.endsWith('+')) {
      pathParameters[name.slice(0, -1)] = given.slice(index).join('/');
      return { pathParameters, literal, greedy: true };
    }
    if (name !== undefined) pathParameters[name] = decoded(value);
    else if (segment === value) literal++;
    else return undefined;
  }
  return wanted.length === given.length ? { pathParameters, literal, greedy: false } : undefined;
}

/** What is no encoding of UTF-8 stays as it was sent. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function segmentsOf(path: string): string[] {
  return path.split('/').slice(1);
}

function isBetter(left: readonly number[], right: readonly number[]): boolean {
  for (const [index, value] of left.entries()) {
    if (value !== right[index]) return value > (right[index] ?? 0);
  }
  return false;
}
