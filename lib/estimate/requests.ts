/** HTTP requests per second to functions behind an API, from the events that they publish. */
import type { Resource } from '../assembly/index.ts';
import { functionNamed } from './context.ts';
import type { EstimateContext } from './context.ts';
import type { TrafficFlow } from './flow.ts';

/**
 * One request per event of the service: a service's requests are those that bring its events about. Where several
 * functions of a service are behind an API, each gets an equal part. Requests that only read are not known and not
 * counted.
 */
export function requestsTo(
  { assembly, nodeIdOf, nodeOf, topology }: EstimateContext,
  flow: TrafficFlow,
): ReadonlyMap<Resource, number> {
  const byOwner = Map.groupBy(
    functionsBehindApis(assembly.ofType('AWS::Lambda::Permission'), assembly),
    (fn) => {
      const id = nodeIdOf(fn);
      return id === undefined ? null : (nodeOf(id)?.owner ?? null);
    },
  );
  const requests = new Map<Resource, number>();
  for (const [owner, functions] of byOwner) {
    const names = new Set(topology.events.filter(({ source }) => source === owner).map(({ name }) => name));
    const perSecond = [...names].reduce((sum, name) => sum + (flow.events.get(name)?.perSecond ?? 0), 0);
    for (const fn of functions) requests.set(fn, perSecond / functions.length);
  }
  return requests;
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
