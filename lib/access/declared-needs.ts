/** What functions do with tables and WebSocket APIs, as the topology declares it: no variable of the runtime tells. */
import { formatArn } from '../assembly/index.ts';
import { text } from '../assembly/property.ts';
import type { Messaging, Resource } from '../assembly/index.ts';
import type { AccessesEdge, PushesEdge } from '../topology/index.ts';
import { tableKeyUse } from './controls-needs.ts';
import type { Actor } from './actor.ts';
import type { Need } from './needs.ts';
import type { Permission } from './permission.ts';

export function ofDeclaredUses(messaging: Messaging): readonly Need[] {
  const { topology } = messaging.assembly;
  if (topology === undefined) return [];
  const resourceOf = declaredResources(messaging);
  return topology.edges.flatMap((edge) => {
    if (edge.kind !== 'accesses' && edge.kind !== 'pushes') return [];
    const target = resourceOf.get(edge.to);
    const role = messaging.role(messaging.function(resourceOf.get(edge.from)?.arn)?.roleArn);
    if (target === undefined || role === undefined) return [];
    const actor: Actor = { kind: 'role', role };
    const permissions =
      edge.kind === 'accesses'
        ? accessing(messaging, edge, target, actor)
        : managingConnections(edge, target, actor);
    return permissions.map((permission) => ({ permission, because: becauseOf(edge) }));
  });
}

/** How the needs of an edge are told from all others. */
export function becauseOf({ from, kind, to }: AccessesEdge | PushesEdge): string {
  return `${from} ${kind} ${to}`;
}

function declaredResources({ assembly }: Messaging): ReadonlyMap<string, Resource> {
  const places = new Map(
    assembly.resources.map((resource) => [`${resource.stack.stackName} ${resource.logicalId}`, resource]),
  );
  return new Map(
    (assembly.topology?.nodes ?? []).flatMap(({ id, stack, logicalId }) => {
      const resource = places.get(`${stack} ${logicalId}`);
      return resource === undefined ? [] : [[id, resource] as const];
    }),
  );
}

function accessing(
  messaging: Messaging,
  { actions, indexes = [] }: AccessesEdge,
  table: Resource,
  actor: Actor,
): readonly Permission[] {
  const resourceArn = table.arn ?? '';
  return [
    ...actions.map((action) => ({ actor, action: `dynamodb:${action}`, resourceArn })),
    ...indexes.map((name) => ({
      actor,
      action: 'dynamodb:Query',
      resourceArn: `${resourceArn}/index/${name}`,
    })),
    ...tableKeyUse(messaging, table, actor),
  ];
}

/** apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html */
function managingConnections({ methods }: PushesEdge, stage: Resource, actor: Actor): readonly Permission[] {
  const { ApiId: api, StageName: name } = stage.properties;
  const place = `${text(api) ?? ''}/${text(name) ?? ''}`;
  return methods.map((method) => ({
    actor,
    action: 'execute-api:ManageConnections',
    resourceArn: formatArn('execute-api', stage, `${place}/${method}/@connections/any`),
  }));
}
