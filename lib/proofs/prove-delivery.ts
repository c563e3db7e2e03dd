/** Claims of subscribe edges: each declared event, of each tenant it is declared for, reaches its consumer as it was published. */
import type { Delivery } from '../access/index.ts';
import { parseArn } from '../assembly/index.ts';
import type { EventSourceMapping, Messaging, Resource } from '../assembly/index.ts';
import { isRecord } from '../json.ts';
import type { ConsumesEdge, ForwardsEdge, RoutesEdge, SubscribesEdge } from '../topology/index.ts';
import { runtimeBreaks } from './check-runtime.ts';
import type { Declared } from './declared.ts';
import { asBusEvent, asMessage, examplesOf } from './message.ts';
import type { ExampleEvent, Message } from './message.ts';
import { hopsFrom, pathsBetween } from './paths.ts';
import type { Path } from './paths.ts';
import { unique } from './proof.ts';
import type { Break, Proof } from './proof.ts';
import { walk } from './walk.ts';

export type SubscribeEdge = SubscribesEdge | RoutesEdge;

export function proveDeliveries(messaging: Messaging, declared: Declared): readonly Proof[] {
  const { edges } = declared.topology;
  const consumes = Map.groupBy(
    edges.filter((edge) => edge.kind === 'consumes'),
    ({ from }) => from,
  );
  return edges.flatMap((edge): readonly Proof[] => {
    if (edge.kind === 'forwards') return [proveForwarding(messaging, declared, edge)];
    if (edge.kind !== 'subscribes' && edge.kind !== 'routes') return [];
    return (consumes.get(edge.to) ?? []).map((consuming) =>
      proveDelivery(messaging, declared, edge, consuming),
    );
  });
}

/**
 * A replica of a bus gets everything that is published to the bus, as it is. One that another deployment has made is
 * taken to be there: the proof ends at the rule's target, which must have its name and Region.
 */
function proveForwarding(messaging: Messaging, declared: Declared, edge: ForwardsEdge): Proof {
  const claim = `everything that is published to ${edge.from} is forwarded to ${edge.to}`;
  const [from, via, to] = [edge.from, edge.via, edge.to].map((id) => declared.resource(id));
  const elsewhere = declared.node(edge.to)?.logicalId === null ? declared.node(edge.to) : undefined;
  if (from?.arn === undefined || via === undefined || (to?.arn === undefined && elsewhere === undefined)) {
    const absent = [edge.from, edge.via, edge.to].filter((id) => declared.resource(id) === undefined);
    return { kind: 'delivery', claim, steps: [], breaks: absent.map(notInTemplates) };
  }
  const path =
    to?.arn === undefined
      ? hopsFrom(messaging, from.arn)
          .filter(({ hop, toArn }) => hop === via && busNameIn(toArn) === elsewhere?.name)
          .map((hop): Path => [hop])[0]
      : pathsBetween(messaging, from.arn, to.arn).find(([first]) => first?.hop === via);
  if (path === undefined) {
    return { kind: 'delivery', claim, steps: [], breaks: [noPath(messaging, from, via, to ?? via)] };
  }
  const published = declared.topology.edges.flatMap((other) =>
    other.kind === 'publishes' && other.to === edge.from ? other.events : [],
  );
  const walks = [...new Set(published)]
    .flatMap((event) => declared.events(event).flatMap((version) => examplesOf(version)))
    .map((example) => walk(messaging, path, asBusEvent(example, from)));
  return {
    kind: 'delivery',
    claim,
    steps: walks[0]?.steps ?? [],
    breaks: unique(walks.flatMap(({ breaks }) => breaks)),
  };
}

/** As a BusForwarding calls it in the topology. */
function busNameIn(arn: string): string {
  const { resource = '', region = '' } = parseArn(arn) ?? {};
  return `${resource.replace(/^event-bus\//, '')} in ${region}`;
}

function proveDelivery(
  messaging: Messaging,
  declared: Declared,
  edge: SubscribeEdge,
  consuming: ConsumesEdge,
): Proof {
  const claim = `${edge.events.join(', ')} from ${edge.from} to ${consuming.consumer}`;
  const origin = declared.resource(edge.from);
  const via = declared.resource(edge.via);
  const fn = declared.resource(consuming.to);
  const absent = [edge.from, edge.via, consuming.to].filter((id) => declared.resource(id) === undefined);
  if (origin?.arn === undefined || via === undefined || fn?.arn === undefined) {
    return { kind: 'delivery', claim, steps: [], breaks: absent.map(notInTemplates) };
  }
  const path = pathsBetween(messaging, origin.arn, fn.arn).find((hops) =>
    hops.some(({ hop }) => hop === via),
  );
  if (path === undefined) {
    return { kind: 'delivery', claim, steps: [], breaks: [noPath(messaging, origin, via, fn)] };
  }
  const form = (example: ExampleEvent): Message =>
    origin.type === 'AWS::SNS::Topic' ? asMessage(example) : asBusEvent(example, origin);
  const standby =
    edge.kind === 'routes' && edge.standby === true ? via : heldMapping(messaging, declared, consuming);
  const walks = edge.events
    .flatMap((event) => examplesFor(declared, edge, event))
    .map((example) => ({ example, ...walk(messaging, path, form(example), standby) }));
  const untested: readonly Break[] =
    walks.length > 0
      ? []
      : [
          {
            code: 'WAYBILL_PROOF_UNKNOWN',
            resource: via.constructPath,
            message: `no example of ${edge.events.join(', ')} has data that the filter lets through`,
            fix: 'give the event an example with such data: what no example is sent through is not proven',
          },
        ];
  const breaks = walks.flatMap(({ breaks: found, arrived, example }) => [
    ...found.map((one) => (isStop(one) ? { ...one, message: `${example.name}: ${one.message}` } : one)),
    ...(arrived === undefined ? [] : changedBreaks(path, arrived.body, example)),
  ]);
  return {
    kind: 'delivery',
    claim,
    steps: walks[0]?.steps ?? [],
    breaks: unique([
      ...untested,
      ...breaks,
      ...settingBreaks(messaging, edge, consuming, path),
      ...(standby === undefined ? [] : standbyBreaks(messaging, standby)),
    ]),
  };
}

/** The mapping of a queue that is declared as held: its consumer is live on another transport until it is moved. */
function heldMapping(
  messaging: Messaging,
  declared: Declared,
  consuming: ConsumesEdge,
): Resource | undefined {
  if (consuming.standby !== true) return undefined;
  const queueArn = declared.resource(consuming.from)?.arn;
  const functionArn = declared.resource(consuming.to)?.arn;
  return messaging.mappings.find(
    (mapping) => mapping.eventSourceArn === queueArn && mapping.functionArn === functionArn,
  )?.resource;
}

/** Both Regions, or the consumer on both transports, would take every event. */
function standbyBreaks(messaging: Messaging, standby: Resource): readonly Break[] {
  const mapping = messaging.mappings.find(({ resource }) => resource === standby);
  if (mapping?.enabled === true) {
    return [
      {
        code: 'WAYBILL_PROOF_SETTING_DIFFERS',
        resource: standby.constructPath,
        message: 'it is enabled, and declared as held until its consumer is moved',
        fix: 'set Enabled to false, or declare the consumer as live here',
      },
    ];
  }
  const rule = messaging.rules.find(({ resource }) => resource === standby);
  if (rule?.enabled !== true) return [];
  return [
    {
      code: 'WAYBILL_PROOF_SETTING_DIFFERS',
      resource: standby.constructPath,
      message: 'it is enabled, and declared as standing by',
      fix: 'set State to DISABLED, or declare the replica as active',
    },
  ];
}

/** A break that concerns the message itself, and not what carries it. */
function isStop({ code }: Break): boolean {
  return code === 'WAYBILL_PROOF_FILTERED_OUT' || code === 'WAYBILL_PROOF_UNKNOWN';
}

/** Every example of the event for the first tenant, and the first example for every other tenant of the edge. */
function examplesFor(declared: Declared, edge: SubscribeEdge, event: string): readonly ExampleEvent[] {
  const [first, ...others] = tenantsOf(edge) ?? [undefined];
  return declared
    .events(event)
    .flatMap((version) => [
      ...examplesOf(version, first),
      ...others.flatMap((tenant) => examplesOf(version, tenant).slice(0, 1)),
    ])
    .filter((example) => hasDeclaredData(edge, example));
}

/** Whether the edge is declared for events with such data. What an edge without conditions on data is for is everything. */
function hasDeclaredData(edge: SubscribeEdge, { envelope }: ExampleEvent): boolean {
  const conditions = edge.kind === 'subscribes' ? edge.filterPolicy?.['data'] : undefined;
  return conditions === undefined || meets(conditions, envelope['data']);
}

function meets(conditions: unknown, value: unknown): boolean {
  if (Array.isArray(conditions)) return conditions.includes(value);
  return (
    isRecord(conditions) &&
    isRecord(value) &&
    Object.entries(conditions).every(([name, condition]) => meets(condition, value[name]))
  );
}

/** The tenants that an edge is declared for; undefined: all, or all but some. */
export function tenantsOf(edge: SubscribeEdge): readonly string[] | undefined {
  const tenants =
    edge.kind === 'subscribes'
      ? edge.filterPolicy?.['tenantId']
      : (edge.pattern['detail'] as { readonly tenantId?: unknown } | undefined)?.tenantId;
  const named = Array.isArray(tenants) ? tenants.filter((tenant) => typeof tenant === 'string') : [];
  return named.length > 0 ? named : undefined;
}

function changedBreaks(path: Path, body: string | undefined, { envelope }: ExampleEvent): readonly Break[] {
  if (body === JSON.stringify(envelope)) return [];
  return [
    {
      code: 'WAYBILL_PROOF_MESSAGE_CHANGED',
      resource: path[0]?.hop.constructPath ?? '',
      message: 'what arrives is not the envelope that was published',
      fix: 'subscribe with RawMessageDelivery, and route with InputPath $.detail: the consumer reads the body as the envelope',
    },
  ];
}

/** What the topology says of the hops, against what the templates say. */
function settingBreaks(
  messaging: Messaging,
  edge: SubscribeEdge,
  consuming: ConsumesEdge,
  path: Path,
): readonly Break[] {
  const mapping = messaging.mappings.find(({ resource }) => resource === path.at(-1)?.hop);
  const queue = messaging.queue(path.at(-1)?.fromArn);
  const fn = messaging.function(path.at(-1)?.toArn);
  const subscription = messaging.subscriptions.find(({ resource }) =>
    path.some(({ hop }) => hop === resource),
  );
  const differs = (
    resource: Resource,
    property: string,
    declared: unknown,
    found: unknown,
  ): readonly Break[] =>
    declared === found
      ? []
      : [
          {
            code: 'WAYBILL_PROOF_SETTING_DIFFERS',
            resource: resource.constructPath,
            message: `${property} is ${String(found)}, and declared as ${String(declared)}`,
            fix: `set it to ${String(declared)}, or declare it`,
          },
        ];
  return [
    ...(mapping === undefined ? [] : mappingBreaks(mapping, consuming, differs)),
    ...(queue === undefined
      ? []
      : differs(
          queue.resource,
          'VisibilityTimeout',
          consuming.visibilityTimeoutSeconds,
          queue.visibilityTimeoutSeconds,
        )),
    ...(queue === undefined || consuming.retentionSeconds === undefined
      ? []
      : differs(
          queue.resource,
          'MessageRetentionPeriod',
          consuming.retentionSeconds,
          queue.retentionSeconds,
        )),
    ...(fn === undefined || queue === undefined
      ? []
      : runtimeBreaks(messaging, queue, fn, consuming.consumer)),
    ...(fn === undefined ? [] : differs(fn.resource, 'Timeout', consuming.timeoutSeconds, fn.timeoutSeconds)),
    ...(subscription === undefined || edge.kind === 'routes'
      ? []
      : differs(
          subscription.resource,
          'RawMessageDelivery',
          edge.rawMessageDelivery,
          subscription.rawMessageDelivery,
        )),
  ];
}

function mappingBreaks(
  mapping: EventSourceMapping,
  consuming: ConsumesEdge,
  differs: (resource: Resource, property: string, declared: unknown, found: unknown) => readonly Break[],
): readonly Break[] {
  const { resource } = mapping;
  return [
    ...differs(resource, 'BatchSize', consuming.batchSize, mapping.batchSize),
    ...differs(
      resource,
      'MaximumBatchingWindowInSeconds',
      consuming.maxBatchingWindowSeconds,
      mapping.maxBatchingWindowSeconds,
    ),
    ...differs(
      resource,
      'ScalingConfig.MaximumConcurrency',
      consuming.maxConcurrency,
      mapping.maxConcurrency,
    ),
    // D3: without it one failed message brings its whole batch back.
    ...differs(
      resource,
      'FunctionResponseTypes ReportBatchItemFailures',
      true,
      mapping.reportBatchItemFailures,
    ),
  ];
}

function notInTemplates(id: string): Break {
  return {
    code: 'WAYBILL_PROOF_NO_PATH',
    resource: id,
    message: 'it is declared, and no template holds its resource',
    fix: 'synthesize again; if it stays away, its condition is false or something has removed it',
  };
}

function noPath(messaging: Messaging, origin: Resource, via: Resource, fn: Resource): Break {
  const leaving = hopsFrom(messaging, origin.arn ?? '').map(describeHop);
  return {
    code: 'WAYBILL_PROOF_NO_PATH',
    resource: via.constructPath,
    message: `it does not lead from ${origin.constructPath} to ${fn.constructPath}; from there lead ${leaving.length === 0 ? 'no hops' : leaving.join(', ')}`,
    fix: `correct the source and the target of ${via.constructPath}, and of the event source mapping behind it`,
  };
}

function describeHop({ kind, hop }: Delivery): string {
  return `${kind} ${hop.constructPath}`;
}
