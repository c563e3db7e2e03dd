/** Aurora Serverless v2: capacity units over time and requests to its storage. Storage and backups are not known. */
import type { Resource } from '../../assembly/index.ts';
import { isPolled, LEAST_CAPACITY_UNITS, minCapacityOf } from '../capacity/database.ts';
import { numberOf, valueAt } from '../context.ts';
import type { EstimateContext } from '../context.ts';
import { MONTH_HOURS, MONTH_SECONDS } from '../load.ts';
import { linesOf, MILLION } from './lines.ts';
import type { CostLine } from './lines.ts';

/** Transactions per event in the outbox: the writer's, and the relay's that marks it as published. */
const OUTBOX_TRANSACTIONS = 2;

export function databaseCost(context: EstimateContext): readonly CostLine[] {
  return context.assembly.ofType('AWS::RDS::DBCluster').flatMap((cluster) => {
    const min = minCapacityOf(cluster);
    if (min === undefined) return [];
    const instances = instancesOf(context, cluster);
    const max =
      numberOf(valueAt(cluster.properties, 'ServerlessV2ScalingConfiguration', 'MaxCapacity')) ?? min;
    const idle = min === 0 && isPolled(context, cluster) ? LEAST_CAPACITY_UNITS : min;
    const transactions = transactionsOf(context, cluster);
    const { transactionsPerCapacityUnit, storageRequestsPerTransaction } = context.assumptions;
    const needed = Math.ceil((transactions / transactionsPerCapacityUnit) * 2) / 2;
    const load = Math.min(max, Math.max(idle, needed));
    return linesOf(context, cluster, [
      {
        service: 'Aurora',
        item: 'capacity units',
        priceItem: 'auroraCapacityHours',
        idle: idle * instances * MONTH_HOURS,
        load: load * instances * MONTH_HOURS,
      },
      {
        service: 'Aurora',
        item: 'storage requests',
        priceItem: 'auroraStorageRequests',
        idle: 0,
        load:
          cluster.properties['StorageType'] === 'aurora-iopt1'
            ? 0
            : (transactions * storageRequestsPerTransaction * MONTH_SECONDS) / MILLION,
      },
    ]);
  });
}

function instancesOf({ assembly }: EstimateContext, cluster: Resource): number {
  return assembly
    .ofType('AWS::RDS::DBInstance')
    .filter(
      ({ properties }) =>
        properties['DBClusterIdentifier'] === cluster.ref &&
        properties['DBInstanceClass'] === 'db.serverless',
    ).length;
}

/** Per second: two per event in its outbox, one per message of a consumer that has access to it, and those of an event store. */
function transactionsOf(context: EstimateContext, cluster: Resource): number {
  const { topology, average, nodeIdOf } = context;
  const id = nodeIdOf(cluster);
  const drained = topology.edges
    .filter(({ kind, from }) => kind === 'drains' && from === id)
    .reduce((sum, { to }) => sum + average.drainedBy(to).perSecond, 0);
  const handled = context.mappings
    .filter(
      ({ consumes, function: fn }) => consumes !== undefined && consumes.events.length > 0 && hasDatabase(fn),
    )
    .reduce((sum, { queueNodeId }) => sum + average.into(queueNodeId!).perSecond, 0);
  return drained * OUTBOX_TRANSACTIONS + handled + storedPerSecond(context, id);
}

/** In an event store: one transaction that appends an event, and one of each process that handles it. */
function storedPerSecond({ topology, average }: EstimateContext, id: string | undefined): number {
  const appended = id === undefined ? 0 : average.into(id).perSecond;
  const followed = topology.edges
    .filter((edge) => edge.kind === 'follows')
    .reduce((sum, edge) => sum + (average.along(edge)?.perSecond ?? 0), 0);
  return appended + followed;
}

/** A function in the network is taken to be there for the database. */
function hasDatabase(fn: Resource | undefined): boolean {
  return fn?.properties['VpcConfig'] !== undefined;
}
