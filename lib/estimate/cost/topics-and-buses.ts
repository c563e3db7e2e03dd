/** SNS and EventBridge: what is published, delivered, filtered by its body, archived and scheduled. */
import { isFifo, numberOf } from '../context.ts';
import type { EstimateContext } from '../context.ts';
import { averageBytes } from '../flow.ts';
import { MONTH_SECONDS } from '../load.ts';
import { scheduled } from './invocations.ts';
import { GIGABYTE, linesOf, MILLION } from './lines.ts';
import type { CostLine } from './lines.ts';

/** A publish and an event are charged for each begun 64 KB. */
const CHUNK_BYTES = 65_536;
const DAYS_OF_MONTH = 365 / 12;
/** What an archive that keeps events for ever holds after a year. */
const UNLIMITED_DAYS = 365;

export function snsCost(context: EstimateContext): readonly CostLine[] {
  const { assembly, nodeIdOf, average } = context;
  return assembly.ofType('AWS::SNS::Topic').flatMap((topic) => {
    const id = nodeIdOf(topic);
    if (id === undefined) return [];
    const published = average.into(id);
    const delivered = average.outOf(id);
    if (!isFifo(topic)) {
      const load = (published.perSecond * chunks(averageBytes(published)) * MONTH_SECONDS) / MILLION;
      return linesOf(context, topic, [
        { service: 'SNS', item: 'publishes', priceItem: 'snsPublishes', idle: 0, load },
        {
          service: 'SNS',
          item: 'filtering by body',
          priceItem: 'snsBodyFilter',
          idle: 0,
          load: filteredGigabytes(context, id),
        },
      ]);
    }
    const month = (perSecond: number, unit: number): number => (perSecond * MONTH_SECONDS) / unit;
    return linesOf(context, topic, [
      {
        service: 'SNS',
        item: 'publishes',
        priceItem: 'snsFifoPublishes',
        idle: 0,
        load: month(published.perSecond, MILLION),
      },
      {
        service: 'SNS',
        item: 'bytes published',
        priceItem: 'snsFifoPublishedBytes',
        idle: 0,
        load: month(published.bytesPerSecond, GIGABYTE),
      },
      {
        service: 'SNS',
        item: 'deliveries',
        priceItem: 'snsFifoDeliveries',
        idle: 0,
        load: month(delivered.perSecond, MILLION),
      },
      {
        service: 'SNS',
        item: 'bytes delivered',
        priceItem: 'snsFifoDeliveredBytes',
        idle: 0,
        load: month(delivered.bytesPerSecond, GIGABYTE),
      },
      {
        service: 'SNS',
        item: 'filtering by body',
        priceItem: 'snsBodyFilter',
        idle: 0,
        load: filteredGigabytes(context, id),
      },
    ]);
  });
}

/** Each subscription that filters by the body reads every message. */
function filteredGigabytes({ topology, average }: EstimateContext, topicId: string): number {
  const filters = topology.edges.filter(
    (edge) =>
      edge.kind === 'subscribes' &&
      edge.from === topicId &&
      edge.filterPolicy !== null &&
      edge.filterPolicyScope === 'MessageBody',
  ).length;
  return (filters * average.into(topicId).bytesPerSecond * MONTH_SECONDS) / GIGABYTE;
}

export function eventBridgeCost(context: EstimateContext): readonly CostLine[] {
  return [...busCost(context), ...archiveCost(context), ...scheduleCost(context)];
}

function busCost(context: EstimateContext): readonly CostLine[] {
  return context.assembly.ofType('AWS::Events::EventBus').flatMap((bus) => {
    const id = context.nodeIdOf(bus);
    if (id === undefined) return [];
    const flow = context.average.into(id);
    const load = (flow.perSecond * chunks(averageBytes(flow)) * MONTH_SECONDS) / MILLION;
    return linesOf(context, bus, [
      { service: 'EventBridge', item: 'events', priceItem: 'eventBridgeEvents', idle: 0, load },
    ]);
  });
}

/** What an archive holds when its oldest events begin to go. */
function archiveCost(context: EstimateContext): readonly CostLine[] {
  const { topology, resourceOf, average } = context;
  return topology.edges.flatMap((edge) => {
    const archive = edge.kind === 'archives' ? resourceOf(edge.to) : undefined;
    if (edge.kind !== 'archives' || archive === undefined) return [];
    const gigabytes = ((average.along(edge)?.bytesPerSecond ?? 0) * MONTH_SECONDS) / GIGABYTE;
    const days = numberOf(archive.properties['RetentionDays']) || UNLIMITED_DAYS;
    return linesOf(context, archive, [
      {
        service: 'EventBridge',
        item: 'archiving',
        priceItem: 'eventBridgeArchiving',
        idle: 0,
        load: gigabytes,
      },
      {
        service: 'EventBridge',
        item: 'archive storage',
        priceItem: 'eventBridgeArchiveStorage',
        idle: 0,
        load: (gigabytes * days) / DAYS_OF_MONTH,
      },
    ]);
  });
}

function scheduleCost(context: EstimateContext): readonly CostLine[] {
  return scheduled(context).flatMap(({ schedule, perSecond }) =>
    linesOf(context, schedule, [
      {
        service: 'EventBridge',
        item: 'schedule',
        priceItem: 'schedulerInvocations',
        idle: (perSecond * MONTH_SECONDS) / MILLION,
      },
    ]),
  );
}

function chunks(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / CHUNK_BYTES));
}
