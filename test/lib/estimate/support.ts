/** A small shop as an assembly: topics, buses, queues with consumers; what a test cares about is given, the rest is plain. */
import { assemblyOf } from '../../../lib/assembly/index.ts';
import type { Assembly, Template } from '../../../lib/assembly/index.ts';
import type { Topology, TopologyEdge, TopologyEvent, TopologyNode } from '../../../lib/topology/index.ts';

type Properties = Readonly<Record<string, unknown>>;

export interface ShopEvent {
  readonly name: string;
  readonly perSecond: number;
  readonly bytes?: number;
  readonly orderingKey?: string | null;
  readonly version?: string;
}

export interface ShopConsumer {
  readonly name: string;
  readonly events: readonly string[];
  /** @default - the topic */
  readonly from?: 'topic' | 'bus';
  readonly fifo?: boolean;
  readonly batchSize?: number;
  readonly window?: number;
  readonly maxConcurrency?: number;
  readonly timeout?: number;
  readonly queue?: Properties;
  readonly mapping?: Properties;
  readonly function?: Properties;
  readonly filterPolicyScope?: 'MessageAttributes' | 'MessageBody';
}

export interface Shop {
  readonly events?: readonly ShopEvent[];
  readonly consumers?: readonly ShopConsumer[];
  readonly topic?: Properties;
  /** Classic where it is `true`. */
  readonly bus?: boolean | 'custom';
  /** Further resources of the stack, by logical id. */
  readonly resources?: Template['Resources'];
  readonly nodes?: readonly TopologyNode[];
  readonly edges?: readonly TopologyEdge[];
  readonly region?: string;
}

export const STACK = 'shop';

/** Construct paths are `shop/LOGICALID`, node ids the same. */
export function shop(values: Shop): Assembly {
  const { events = [{ name: 'OrderPlaced', perSecond: 100 }], consumers = [], bus = false } = values;
  const names = events.map(({ name }) => name);
  const isFifo = values.topic?.['FifoTopic'] === true;
  const resources: Record<string, unknown> = {
    Orders: { Type: 'AWS::SNS::Topic', Properties: { ...values.topic } },
    ...(bus === true ? { Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'shop' } } } : {}),
    ...(bus === 'custom'
      ? {
          Bus: {
            Type: 'AWS::EventsV2::EventBus',
            Properties: { Name: 'shop', StorageConfiguration: { RetentionPeriodInDays: 74 } },
          },
        }
      : {}),
  };
  const nodes: TopologyNode[] = [
    { ...node('service:orders', 'service', null), stack: null, logicalId: null, owner: 'orders' },
    { ...node('shop/Orders', 'topic', 'Orders'), owner: 'orders', fifo: isFifo },
    ...(bus === false ? [] : [node('shop/Bus', 'bus', 'Bus')]),
  ];
  const edges: TopologyEdge[] = [
    { kind: 'publishes', from: 'service:orders', to: 'shop/Orders', events: names, source: 'orders' },
    ...(bus !== false
      ? [
          {
            kind: 'publishes',
            from: 'service:orders',
            to: 'shop/Bus',
            events: names,
            source: 'orders',
          } as const,
        ]
      : []),
  ];
  for (const consumer of consumers) {
    const { name, batchSize = 10, maxConcurrency = 10, timeout = 30, window = 0, from = 'topic' } = consumer;
    const via = `shop/${name}Path`;
    resources[`${name}Queue`] = {
      Type: 'AWS::SQS::Queue',
      Properties: { ...(consumer.fifo === true ? { FifoQueue: true } : {}), ...consumer.queue },
    };
    resources[`${name}Function`] = {
      Type: 'AWS::Lambda::Function',
      Properties: { MemorySize: 512, Timeout: timeout, Architectures: ['arm64'], ...consumer.function },
    };
    resources[`${name}Mapping`] = {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        EventSourceArn: { 'Fn::GetAtt': [`${name}Queue`, 'Arn'] },
        FunctionName: { Ref: `${name}Function` },
        BatchSize: batchSize,
        ...(consumer.mapping ?? { ScalingConfig: { MaximumConcurrency: maxConcurrency } }),
      },
    };
    nodes.push(
      { ...node(`shop/${name}Queue`, 'queue', `${name}Queue`), owner: name, fifo: consumer.fifo === true },
      { ...node(`shop/${name}Function`, 'function', `${name}Function`), owner: name },
      { ...node(via, from === 'bus' ? 'rule' : 'subscription', null), owner: name },
    );
    edges.push(
      from === 'bus'
        ? {
            kind: 'routes',
            from: 'shop/Bus',
            to: `shop/${name}Queue`,
            via,
            events: consumer.events,
            pattern: {},
            inputPath: null,
          }
        : {
            kind: 'subscribes',
            from: 'shop/Orders',
            to: `shop/${name}Queue`,
            via,
            events: consumer.events,
            filterPolicy: { eventType: consumer.events },
            filterPolicyScope: consumer.filterPolicyScope ?? 'MessageAttributes',
            rawMessageDelivery: true,
          },
      {
        kind: 'consumes',
        from: `shop/${name}Queue`,
        to: `shop/${name}Function`,
        consumer: name,
        events: consumer.events,
        batchSize,
        maxBatchingWindowSeconds: window,
        maxConcurrency,
        visibilityTimeoutSeconds: timeout * 6,
        timeoutSeconds: timeout,
      },
    );
  }
  const topology: Topology = {
    schemaVersion: '1.0',
    environment: 'test',
    events: events.map(eventOf),
    nodes: [...nodes, ...(values.nodes ?? [])],
    edges: [...edges, ...(values.edges ?? [])],
  };
  return assemblyOf(
    [
      {
        stackName: STACK,
        account: '111111111111',
        region: values.region ?? 'us-east-1',
        template: { Resources: { ...resources, ...values.resources } } as Template,
      },
    ],
    topology,
  );
}

export function node(id: string, kind: TopologyNode['kind'], logicalId: string | null): TopologyNode {
  return { id, kind, name: id, stack: STACK, logicalId, resourceType: null, physicalName: null, owner: null };
}

function eventOf({
  name,
  perSecond,
  bytes = 1000,
  orderingKey = null,
  version = '1.0',
}: ShopEvent): TopologyEvent {
  return {
    name,
    version,
    source: 'orders',
    orderingKey,
    pii: [],
    priority: 'normal',
    traffic: { peakPerSecond: perSecond, averageBytes: bytes },
    description: null,
    examples: [],
  };
}
