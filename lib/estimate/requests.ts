/** HTTP requests per second to functions behind an API, from the events that they publish. */
import type { Resource } from '../assembly/index.ts';
import { functionNamed } from './context.ts';
import type { EstimateContext } from './context.ts';
import type { TrafficFlow } from './flow.ts';

/**
 * | the function behind an API | requests |
 * |---|---|
 * | tells which events it writes to an outbox | one per event of these |
 * | tells none, and is of a service | one per event of the service; its functions behind APIs get an equal part each |
 * | else, such as authorizers | none |
 *
 * Requests that only read are not known and not counted.
 */
export function requestsTo(
  { assembly, nodeIdOf, nodeOf, topology }: EstimateContext,
  flow: TrafficFlow,
): ReadonlyMap<Resource, number> {
  const rateOf = (names: ReadonlySet<string>): number =>
    [...names].reduce((sum, name) => sum + (flow.events.get(name)?.perSecond ?? 0), 0);
  const requests = new Map<Resource, number>();
  const untold: Resource[] = [];
  for (const fn of functionsBehindApis(assembly.ofType('AWS::Lambda::Permission'), assembly)) {
    const emitted = emittedBy(topology, nodeIdOf(fn));
    if (emitted.size > 0) requests.set(fn, rateOf(emitted));
    else untold.push(fn);
  }
  const byOwner = Map.groupBy(untold, (fn) => {
    const id = nodeIdOf(fn);
    return id === undefined ? null : (nodeOf(id)?.owner ?? null);
  });
  for (const [owner, functions] of byOwner) {
    const perSecond = rateOf(
      new Set(topology.events.filter(({ source }) => source === owner).map(({ name }) => name)),
    );
    for (const fn of functions) requests.set(fn, perSecond / functions.length);
  }
  return requests;
}

function emittedBy({ edges }: EstimateContext['topology'], id: string | undefined): ReadonlySet<string> {
  return new Set(
    edges.flatMap((edge) => (edge.kind === 'nudges' && edge.from === id ? (edge.events ?? []) : [])),
  );
}

/** Those that an API Gateway may invoke. */
function functionsBehindApis(
  permissions: readonly Resource[],
  assembly: EstimateContext['assembly'],
): readonly Resource[] {
  const functions = permissions
    .filter(({ properties }) => properties['Principal'] === 'apigateway.amazonaws.com')
    .map(({ properties }) => functionNamed(assembly, properties['FunctionName']))
    .filter((fn) => fn !== undefined);
  return [...new Set(functions)];
}
