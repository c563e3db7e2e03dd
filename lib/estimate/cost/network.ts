/** NAT gateways, their addresses, interface endpoints, and the published bytes that go through either. */
import type { Resource } from '../../assembly/index.ts';
import { listAt, textOf } from '../context.ts';
import type { EstimateContext } from '../context.ts';
import type { TopologyNodeKind } from '../../topology/index.ts';
import { publishersOf } from '../flow.ts';
import { MONTH_HOURS, MONTH_SECONDS } from '../load.ts';
import { GIGABYTE, linesOf } from './lines.ts';
import type { CostLine } from './lines.ts';

export function networkCost(context: EstimateContext): readonly CostLine[] {
  const { assembly } = context;
  const gateways = assembly.ofType('AWS::EC2::NatGateway');
  const endpoints = assembly
    .ofType('AWS::EC2::VPCEndpoint')
    .filter(({ properties }) => properties['VpcEndpointType'] === 'Interface');
  return [
    ...gateways.flatMap((gateway) =>
      linesOf(context, gateway, [
        { service: 'Network', item: 'NAT gateways', priceItem: 'natGatewayHours', idle: MONTH_HOURS },
      ]),
    ),
    ...assembly.ofType('AWS::EC2::EIP').flatMap((address) =>
      linesOf(context, address, [
        {
          service: 'Network',
          item: 'public addresses',
          priceItem: 'publicAddressHours',
          idle: MONTH_HOURS,
        },
      ]),
    ),
    ...endpoints.flatMap((endpoint) =>
      linesOf(context, endpoint, [
        {
          service: 'Network',
          item: 'endpoints',
          priceItem: 'endpointHours',
          idle: MONTH_HOURS * Math.max(1, listAt(endpoint.properties, 'SubnetIds').length),
        },
      ]),
    ),
    ...publishedBytes(context, gateways[0], endpoints),
  ];
}

/** What a destination's endpoint is called, by the kind of its node. */
const SERVICES: Readonly<Partial<Record<TopologyNodeKind, string>>> = {
  bus: 'events',
  queue: 'sqs',
  stream: 'kinesis-streams',
  topic: 'sns',
};

/** From functions in the network to topics and buses: through the service's endpoint, else through a NAT gateway. */
function publishedBytes(
  context: EstimateContext,
  gateway: Resource | undefined,
  endpoints: readonly Resource[],
): readonly CostLine[] {
  const bytes = new Map<Resource, number>();
  for (const edge of publishersOf(context.topology)) {
    const publisher = context.resourceOf(edge.from);
    if (publisher?.properties['VpcConfig'] === undefined) continue;
    const service = SERVICES[context.nodeOf(edge.to)?.kind ?? 'topic'];
    // Brokers of Kafka and RabbitMQ are in the network.
    if (service === undefined) continue;
    const way =
      endpoints.find(({ properties }) => textOf(properties['ServiceName']).endsWith(`.${service}`)) ??
      gateway;
    if (way === undefined) continue;
    bytes.set(way, (bytes.get(way) ?? 0) + (context.average.along(edge)?.bytesPerSecond ?? 0));
  }
  return [...bytes].flatMap(([way, perSecond]) =>
    linesOf(context, way, [
      {
        service: 'Network',
        item: 'bytes published',
        priceItem: way === gateway ? 'natGatewayBytes' : 'endpointBytes',
        idle: 0,
        load: (perSecond * MONTH_SECONDS) / GIGABYTE,
      },
    ]),
  );
}
