/** C23: a database that would pause when it is idle, and a relay or process that asks it all the time. */
import type { Resource } from '../../assembly/index.ts';
import type { EstimateContext } from '../context.ts';
import { numberOf, valueAt } from '../context.ts';
import { verdict } from '../verdict.ts';
import type { Verdict } from '../verdict.ts';

/** What Aurora keeps running where it cannot pause. */
export const LEAST_CAPACITY_UNITS = 0.5;

export function databaseVerdicts(context: EstimateContext): readonly Verdict[] {
  return context.assembly
    .ofType('AWS::RDS::DBCluster')
    .filter((cluster) => minCapacityOf(cluster) === 0 && isPolled(context, cluster))
    .map((cluster) =>
      verdict('WAYBILL_CAPACITY_DATABASE_NEVER_PAUSES', {
        severity: 'info',
        constructPath: cluster.constructPath,
        received: 'minCapacity 0, and an outbox relay on a schedule, or a process that reads an event store',
        allowed: 'a pause takes at least 5 minutes without a connection',
        fix: `count on ${LEAST_CAPACITY_UNITS} capacity units at all times, or let the relay's schedule be slower than the pause`,
        source: 'AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html (from memory)',
      }),
    );
}

export function minCapacityOf(cluster: Resource): number | undefined {
  return numberOf(valueAt(cluster.properties, 'ServerlessV2ScalingConfiguration', 'MinCapacity'));
}

/** Something that a schedule invokes drains it, or a process reads it without end. */
export function isPolled({ topology, nodeIdOf }: EstimateContext, cluster: Resource): boolean {
  const scheduled = new Set(topology.edges.filter(({ kind }) => kind === 'invokes').map(({ to }) => to));
  const id = nodeIdOf(cluster);
  return topology.edges.some(
    ({ kind, from, to }) => from === id && (kind === 'follows' || (kind === 'drains' && scheduled.has(to))),
  );
}
