/** SNS and EventBridge: what is published, delivered, filtered by its body, archived and scheduled. */
import { isFifo, numberOf, textOf, valueAt } from '../context.ts';
import type { EstimateContext } from '../context.ts';
import { averageBytes } from '../flow.ts';
import { MONTH_DAYS, MONTH_SECONDS } from '../load.ts';
import { scheduled } from './invocations.ts';
import { GIGABYTE, linesOf, MILLION } from './lines.ts';
import type { Resource } from '../../assembly/index.ts';
import type { Charge, CostLine } from './lines.ts';

/** A publish and an event are charged for each begun 64 KB. */
const CHUNK_BYTES = 65_536;
/** An event on a custom bus counts for at least so much, and for its multiples. */
const CUSTOM_BUS_UNIT_BYTES = 1024;
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
      const people = deliveriesToPeople(context, topic, published.perSecond);
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
        ...people,
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

/** What SNS charges for each message that it delivers itself, by the protocol of the subscription. */
const PER_DELIVERY = {
  email: { item: 'e-mails', priceItem: 'snsEmails' },
  'email-json': { item: 'e-mails', priceItem: 'snsEmails' },
  sms: { item: 'text messages', priceItem: 'snsTextMessages' },
  http: { item: 'HTTP deliveries', priceItem: 'snsHttpDeliveries' },
  https: { item: 'HTTP deliveries', priceItem: 'snsHttpDeliveries' },
} as const;

/** Filters of such subscriptions are not evaluated: a figure is the most it can be. */
function deliveriesToPeople(
  { assembly }: EstimateContext,
  topic: Resource,
  perSecond: number,
): readonly Charge[] {
  return assembly
    .ofType('AWS::SNS::Subscription')
    .filter(({ properties }) => properties['TopicArn'] === topic.arn)
    .flatMap(({ properties }) => {
      const charged = PER_DELIVERY[textOf(properties['Protocol']) as keyof typeof PER_DELIVERY];
      if (charged === undefined) return [];
      return [{ service: 'SNS', ...charged, idle: 0, load: (perSecond * MONTH_SECONDS) / MILLION } as const];
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
  return [
    ...busCost(context),
    ...customBusCost(context),
    ...archiveCost(context),
    ...forwardingCost(context),
    ...scheduleCost(context),
  ];
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

/** The Custom Event Bus is paid by the byte: in, out, and kept for longer than a day. */
function customBusCost(context: EstimateContext): readonly CostLine[] {
  const { assembly, nodeIdOf, average, topology } = context;
  return assembly.ofType('AWS::EventsV2::EventBus').flatMap((bus) => {
    const id = nodeIdOf(bus);
    if (id === undefined) return [];
    const published = average.into(id);
    const rounded = Math.ceil(averageBytes(published) / CUSTOM_BUS_UNIT_BYTES) * CUSTOM_BUS_UNIT_BYTES;
    const gigabytes = (bytesPerSecond: number): number => (bytesPerSecond * MONTH_SECONDS) / GIGABYTE;
    const ingested = gigabytes(published.perSecond * rounded);
    const days = numberOf(valueAt(bus.properties, 'StorageConfiguration', 'RetentionPeriodInDays')) ?? 1;
    const subscribers = topology.edges.filter((edge) => edge.kind === 'routes' && edge.from === id).length;
    return linesOf(context, bus, [
      {
        service: 'EventBridge',
        item: 'custom bus, in',
        priceItem: 'customBusIngestion',
        idle: 0,
        load: ingested,
      },
      {
        service: 'EventBridge',
        item: 'custom bus, out',
        priceItem: 'customBusDelivery',
        idle: 0,
        load: gigabytes(average.outOf(id).bytesPerSecond),
      },
      {
        service: 'EventBridge',
        item: 'custom bus, kept',
        priceItem: 'customBusRetention',
        idle: 0,
        load: (ingested * Math.max(0, days - 1)) / MONTH_DAYS,
      },
      {
        service: 'EventBridge',
        item: 'custom bus, filters',
        priceItem: 'customBusEvaluations',
        idle: 0,
        load: (published.perSecond * subscribers * MONTH_SECONDS) / MILLION,
      },
    ]);
  });
}

/**
 * To a replica: the events there are the replica's, the bytes between the Regions are the rule's. Of a replica that is not
 * in the assembly, the events are the rule's, too.
 */
function forwardingCost(context: EstimateContext): readonly CostLine[] {
  const { topology, resourceOf, average } = context;
  return topology.edges.flatMap((edge) => {
    const rule = edge.kind === 'forwards' ? resourceOf(edge.via) : undefined;
    if (rule === undefined) return [];
    const flow = average.along(edge);
    const load = ((flow?.bytesPerSecond ?? 0) * MONTH_SECONDS) / GIGABYTE;
    const events =
      flow === undefined ? 0 : (flow.perSecond * chunks(averageBytes(flow)) * MONTH_SECONDS) / MILLION;
    return linesOf(context, rule, [
      ...(resourceOf(edge.to) === undefined
        ? [
            {
              service: 'EventBridge',
              item: 'events to another Region',
              priceItem: 'eventBridgeEvents',
              idle: 0,
              load: events,
            } as const,
          ]
        : []),
      { service: 'Network', item: 'bytes to another Region', priceItem: 'crossRegionBytes', idle: 0, load },
    ]);
  });
}

/** What an archive holds when its oldest events begin to go. */
function archiveCost(context: EstimateContext): readonly CostLine[] {
  const { topology, resourceOf, average } = context;
  return topology.edges.flatMap((edge) => {
    const archive = edge.kind === 'archives' ? resourceOf(edge.to) : undefined;
    // A custom bus keeps its events itself, and has its own price for it.
    if (archive?.type !== 'AWS::Events::Archive') return [];
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
        load: (gigabytes * days) / MONTH_DAYS,
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
