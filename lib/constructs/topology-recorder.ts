/**
 * Records what the constructs declare, and writes it as `waybill.topology.json` into the cloud assembly.
 * It hangs on the application's root, so it works in anybody's App without a special class.
 */
import { attachCustomSynthesis, CfnElement, CfnResource, Stack, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { AnyEventContract, ServiceContract } from '../contracts/index.ts';
import { TOPOLOGY_SCHEMA_VERSION, writeTopology } from '../topology/index.ts';
import type {
  Topology,
  TopologyEdge,
  TopologyEvent,
  TopologyNode,
  TopologyNodeKind,
} from '../topology/index.ts';
import { applicationOf } from './application-of.ts';
import { environmentOf } from './environment.ts';

export interface NodeRecord {
  readonly kind: TopologyNodeKind;
  /** @default - the construct's path below its stack */
  readonly name?: string;
  /** @default - there is no CloudFormation resource of ours */
  readonly resource?: IConstruct | undefined;
  /** @default - shared */
  readonly owner?: string | undefined;
  readonly fifo?: boolean;
  readonly entry?: string;
}

/** A construct that was, or will be, recorded; a node's id; or what is known only at synth. */
export type EdgeEnd = IConstruct | string | (() => IConstruct | undefined);

type WithEnds<Edge> = Edge extends TopologyEdge
  ? Omit<Edge, 'from' | 'to' | 'via'> & {
      readonly from: EdgeEnd;
      readonly to: EdgeEnd;
    } & (Edge extends { via: string } ? { readonly via: IConstruct } : unknown)
  : never;
export type EdgeRecord = WithEnds<TopologyEdge>;

/** Adds a node; its id is the path of `scope`. */
export function recordNode(scope: IConstruct, node: NodeRecord): void {
  recordingOf(scope).nodes.set(scope, node);
}

/** Adds an edge. An end that is no node counts as its nearest ancestor that is one, else as a principal of its own. */
export function recordEdge(scope: IConstruct, edge: EdgeRecord): void {
  recordingOf(scope).edges.push(edge);
}

export function recordEvents(scope: IConstruct, events: readonly AnyEventContract[]): void {
  const recording = recordingOf(scope);
  for (const event of events) recording.events.set(`${event.name}@${event.version}`, event);
}

/** Adds a service, which is a name and no construct. Gives its node's id. */
export function recordService(scope: IConstruct, service: ServiceContract): string {
  recordingOf(scope).services.set(service.name, service);
  return serviceNodeId(service.name);
}

/** The topology of everything recorded in the application (or stage) of `scope`, as it is now. */
export function topologyOf(scope: IConstruct): Topology {
  return buildTopology(applicationOf(scope), recordingOf(scope));
}

/** What each node of `topologyOf(scope)` is, by the node's id: its resource where it has one, else its construct. */
export function resourcesOf(scope: IConstruct): ReadonlyMap<string, IConstruct> {
  const { nodes } = recordingOf(scope);
  return new Map([...nodes].map(([construct, { resource }]) => [construct.node.path, resource ?? construct]));
}

interface Recording {
  readonly nodes: Map<IConstruct, NodeRecord>;
  readonly edges: EdgeRecord[];
  readonly events: Map<string, AnyEventContract>;
  readonly services: Map<string, ServiceContract>;
}

const recordings = new WeakMap<IConstruct, Recording>();

function recordingOf(scope: IConstruct): Recording {
  // A stage has a cloud assembly of its own, and so a topology of its own.
  const root = applicationOf(scope);
  const known = recordings.get(root);
  if (known !== undefined) return known;
  const recording: Recording = { nodes: new Map(), edges: [], events: new Map(), services: new Map() };
  recordings.set(root, recording);
  attachCustomSynthesis(root, {
    onSynthesize: (session) => writeTopology(session.outdir, buildTopology(root, recording)),
  });
  return recording;
}

function buildTopology(root: IConstruct, recording: Recording): Topology {
  const nodes = new Map<string, TopologyNode>();
  for (const [construct, record] of recording.nodes)
    nodes.set(construct.node.path, nodeOf(construct, record));
  for (const service of recording.services.values())
    nodes.set(serviceNodeId(service.name), serviceNode(service));

  const idOf = (end: EdgeEnd): string | undefined => {
    if (typeof end === 'string') return end;
    const construct = typeof end === 'function' ? end() : end;
    if (construct === undefined) return undefined;
    const recorded = construct.node.scopes.findLast((scope) => nodes.has(scope.node.path) && scope !== root);
    if (recorded !== undefined) return recorded.node.path;
    nodes.set(construct.node.path, nodeOf(construct, { kind: 'principal' }));
    return construct.node.path;
  };
  const edges = new Map<string, TopologyEdge>();
  for (const record of recording.edges) {
    const from = idOf(record.from);
    const to = idOf(record.to);
    if (from === undefined || to === undefined) continue;
    const via = 'via' in record ? { via: idOf(record.via) } : {};
    const edge = { ...record, from, to, ...via } as TopologyEdge;
    edges.set(JSON.stringify(edge), edge);
  }
  return {
    schemaVersion: TOPOLOGY_SCHEMA_VERSION,
    environment: environmentOf(root),
    events: [...recording.events.values()].map(eventOf),
    nodes: [...nodes.values()],
    edges: [...edges.values()],
  };
}

function nodeOf(construct: IConstruct, record: NodeRecord): TopologyNode {
  const stack = Stack.of(construct);
  const resource = cfnElementOf(record.resource);
  return {
    id: construct.node.path,
    kind: record.kind,
    name: record.name ?? construct.node.path.slice(stack.node.path === '' ? 0 : stack.node.path.length + 1),
    stack: stack.stackName,
    logicalId: resource === undefined ? null : (stack.resolve(resource.logicalId) as string),
    resourceType: CfnResource.isCfnResource(resource) ? resource.cfnResourceType : null,
    physicalName: physicalNameOf(stack, resource),
    owner: record.owner ?? null,
    ...known('account', stack.account),
    ...known('region', stack.region),
    ...(record.fifo === undefined ? {} : { fifo: record.fifo }),
    ...(record.entry === undefined ? {} : { entry: record.entry }),
  };
}

function known(name: 'account' | 'region', value: string): Partial<Record<typeof name, string>> {
  return Token.isUnresolved(value) ? {} : { [name]: value };
}

/** Where each type of resource keeps its name. */
const NAME_PROPERTIES: Readonly<Record<string, string>> = {
  'AWS::AmazonMQ::Broker': 'brokerName',
  'AWS::ECS::Service': 'serviceName',
  'AWS::ElastiCache::ReplicationGroup': 'replicationGroupId',
  'AWS::Events::Archive': 'archiveName',
  'AWS::Events::EventBus': 'name',
  'AWS::Events::Rule': 'name',
  'AWS::EventsV2::EventBus': 'name',
  'AWS::EventsV2::Subscriber': 'name',
  'AWS::Kinesis::Stream': 'name',
  'AWS::Lambda::Function': 'functionName',
  'AWS::MemoryDB::Cluster': 'clusterName',
  'AWS::MSK::Cluster': 'clusterName',
  'AWS::MSK::ServerlessCluster': 'clusterName',
  'AWS::MSK::Topic': 'topicName',
  'AWS::Scheduler::Schedule': 'name',
  'AWS::StepFunctions::StateMachine': 'stateMachineName',
  'AWS::SNS::Topic': 'topicName',
  'AWS::SQS::Queue': 'queueName',
  'Custom::KafkaTopic': 'topicName',
};

/** Null where CloudFormation makes the name up, or it is known only at deployment. */
function physicalNameOf(stack: Stack, resource: CfnElement | undefined): string | null {
  if (!CfnResource.isCfnResource(resource)) return null;
  const property = NAME_PROPERTIES[resource.cfnResourceType];
  const name: unknown =
    property === undefined
      ? undefined
      : stack.resolve((resource as unknown as Record<string, unknown>)[property]);
  return typeof name === 'string' ? name : null;
}

/** The element itself, or the primary one of an L2. Undefined for what was imported. */
function cfnElementOf(construct: IConstruct | undefined): CfnElement | undefined {
  const candidate = construct?.node.defaultChild ?? construct;
  return candidate !== undefined && CfnElement.isCfnElement(candidate) ? candidate : undefined;
}

function serviceNodeId(name: string): string {
  return `service:${name}`;
}

function serviceNode(service: ServiceContract): TopologyNode {
  return {
    id: serviceNodeId(service.name),
    kind: 'service',
    name: service.name,
    stack: null,
    logicalId: null,
    resourceType: null,
    physicalName: null,
    owner: service.name,
  };
}

function eventOf(contract: AnyEventContract): TopologyEvent {
  return {
    name: contract.name,
    version: contract.version,
    source: contract.source,
    orderingKey: contract.orderingKey ?? null,
    pii: contract.pii,
    priority: contract.priority,
    traffic: contract.traffic,
    description: contract.description ?? null,
    examples: contract.examples as readonly unknown[],
  };
}
