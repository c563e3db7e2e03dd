/** Who reaches whom in a synthesized network: by routes, security groups and network ACLs, in both directions. */
import { isUnknown } from '../../../../lib/assembly/index.ts';
import type { Assembly, Resource } from '../../../../lib/assembly/index.ts';

/** One end of a connection: interfaces in subnets, with security groups. */
export interface End {
  readonly name: string;
  /** By what `Ref` gives. */
  readonly subnets: readonly string[];
  readonly groups: readonly string[];
}

/** What stands in the way: nothing, or a sentence for each thing that does. */
export type Obstacles = readonly string[];

type Values = Readonly<Record<string, unknown>>;

/** Of Lambda, NAT gateways and pollers: vpc/latest/userguide/custom-network-acl.html. */
const ANSWER_PORTS = [1024, 65_535] as const;
const POSTGRESQL_PORT = 5432;
const ANYWHERE = '0.0.0.0/0';
const OUTSIDE = '203.0.113.1/32';

export class Network {
  readonly #assembly: Assembly;

  constructor(assembly: Assembly) {
    this.#assembly = assembly;
  }

  functions(): (End & { readonly resource: Resource })[] {
    return this.#assembly.ofType('AWS::Lambda::Function').flatMap((resource) => {
      const config = resource.properties['VpcConfig'] as Values | undefined;
      if (config === undefined) return [];
      const { SubnetIds, SecurityGroupIds } = config;
      return [
        {
          resource,
          name: resource.constructPath,
          subnets: texts(SubnetIds),
          groups: texts(SecurityGroupIds),
        },
      ];
    });
  }

  interfaceEndpoints(): End[] {
    return this.#assembly
      .ofType('AWS::EC2::VPCEndpoint')
      .filter(({ properties }) => properties['VpcEndpointType'] === 'Interface')
      .map(({ constructPath, properties }) => ({
        name: constructPath,
        subnets: texts(properties['SubnetIds']),
        groups: texts(properties['SecurityGroupIds']),
      }));
  }

  databases(): End[] {
    return this.#assembly.ofType('AWS::RDS::DBCluster').map(({ constructPath, properties }) => ({
      name: constructPath,
      subnets: texts(
        this.#assembly
          .ofType('AWS::RDS::DBSubnetGroup')
          .find(({ ref }) => ref === properties['DBSubnetGroupName'])?.properties['SubnetIds'],
      ),
      groups: texts(properties['VpcSecurityGroupIds']),
    }));
  }

  kafka(): End[] {
    return this.#assembly
      .ofType('AWS::MSK::ServerlessCluster', 'AWS::MSK::Cluster')
      .map(({ constructPath, properties }) => {
        const [serverless] = (properties['VpcConfigs'] ?? []) as unknown as Values[];
        const nodes = (properties['BrokerNodeGroupInfo'] ?? {}) as Values;
        return {
          name: constructPath,
          subnets: texts(serverless?.['SubnetIds'] ?? nodes['ClientSubnets']),
          groups: texts(serverless?.['SecurityGroups'] ?? nodes['SecurityGroups']),
        };
      });
  }

  messageBrokers(): End[] {
    return this.#assembly.ofType('AWS::AmazonMQ::Broker').map(({ constructPath, properties }) => ({
      name: constructPath,
      subnets: texts(properties['SubnetIds']),
      groups: texts(properties['SecurityGroups']),
    }));
  }

  /** Interfaces without any rule of a security group, in every subnet whose construct path has this in it. */
  openEndIn(subnet: string): End {
    const found = this.#assembly
      .ofType('AWS::EC2::Subnet')
      .filter(({ constructPath }) => constructPath.includes(subnet));
    if (found.length === 0) throw new Error(`no subnet with ${subnet}`);
    return { name: `anything in ${subnet}`, subnets: found.map(({ ref }) => ref), groups: [] };
  }

  /** What hinders `from` to open a connection to the port of `to`, from each subnet to each. */
  obstacles(from: End, to: End, port: number): Obstacles {
    return from.subnets.flatMap((source) =>
      to.subnets.flatMap((target) => {
        const [sourceCidr, targetCidr] = [this.#cidr(source), this.#cidr(target)];
        return [
          ...this.#groupObstacles(from, 'SecurityGroupEgress', targetCidr, to.groups, port),
          ...this.#groupObstacles(to, 'SecurityGroupIngress', sourceCidr, from.groups, port),
          // Within a subnet no ACL is asked.
          ...(source === target ? [] : this.#aclObstacles(source, sourceCidr, target, targetCidr, port)),
        ];
      }),
    );
  }

  /** The same towards the internet, by whatever gateway the routes name. */
  obstaclesToInternet(from: End, port: number): Obstacles {
    return from.subnets.flatMap((subnet) => {
      const gateways = this.#natSubnets(subnet);
      if (gateways.length === 0) return [`no route leads from ${subnet} to the internet`];
      const cidr = this.#cidr(subnet);
      return [
        ...this.#groupObstacles(from, 'SecurityGroupEgress', OUTSIDE, [], port),
        ...this.#passes(subnet, 'out', OUTSIDE, [port, port]),
        ...this.#passes(subnet, 'in', ANYWHERE, ANSWER_PORTS),
        ...gateways.flatMap((gateway) => [
          ...this.#passes(gateway, 'in', cidr, [port, port]),
          ...this.#passes(gateway, 'out', OUTSIDE, [port, port]),
          ...this.#passes(gateway, 'in', ANYWHERE, ANSWER_PORTS),
          ...this.#passes(gateway, 'out', cidr, ANSWER_PORTS),
        ]),
      ];
    });
  }

  /** The same towards a service whose gateway endpoint the routes of every subnet must name. */
  obstaclesToGateway(from: End, service: string): Obstacles {
    const endpoint = this.#assembly
      .ofType('AWS::EC2::VPCEndpoint')
      .find(({ properties }) => text(properties['ServiceName']).endsWith(`.${service}`));
    return from.subnets.flatMap((subnet) => [
      ...(texts(endpoint?.properties['RouteTableIds']).includes(this.#routeTable(subnet))
        ? []
        : [`no route leads from ${subnet} to ${service}`]),
      ...this.#groupObstacles(from, 'SecurityGroupEgress', OUTSIDE, [], 443),
      ...this.#passes(subnet, 'out', OUTSIDE, [443, 443]),
      ...this.#passes(subnet, 'in', OUTSIDE, ANSWER_PORTS),
    ]);
  }

  /** Only what the ACLs say: as if every security group were open. */
  aclObstacles(from: End, to: End, port: number): Obstacles {
    return this.obstacles({ ...from, groups: [] }, { ...to, groups: [] }, port);
  }

  #aclObstacles(source: string, sourceCidr: string, target: string, targetCidr: string, port: number) {
    return [
      ...this.#passes(source, 'out', targetCidr, [port, port]),
      ...this.#passes(target, 'in', sourceCidr, [port, port]),
      ...this.#passes(target, 'out', sourceCidr, ANSWER_PORTS),
      ...this.#passes(source, 'in', targetCidr, ANSWER_PORTS),
    ];
  }

  #passes(
    subnet: string,
    direction: 'in' | 'out',
    peer: string,
    ports: readonly [number, number],
  ): Obstacles {
    const association = this.#assembly
      .ofType('AWS::EC2::SubnetNetworkAclAssociation')
      .find(({ properties }) => properties['SubnetId'] === subnet);
    // The ACL that a VPC has by default lets everything through.
    if (association === undefined) return [];
    const acl = association.properties['NetworkAclId'];
    const entries = this.#assembly
      .ofType('AWS::EC2::NetworkAclEntry')
      .map(({ properties }) => properties as Values)
      .filter(
        (entry) => entry['NetworkAclId'] === acl && (entry['Egress'] === true) === (direction === 'out'),
      )
      .toSorted((one, other) => Number(one['RuleNumber']) - Number(other['RuleNumber']));
    const first = entries.find((entry) => {
      const { From = 0, To = 65_535 } = (entry['PortRange'] ?? {}) as { From?: number; To?: number };
      const tcp = entry['Protocol'] === 6 || entry['Protocol'] === -1;
      return tcp && From <= ports[0] && To >= ports[1] && contains(text(entry['CidrBlock']), peer);
    });
    return first?.['RuleAction'] === 'allow'
      ? []
      : [`ACL of ${subnet} refuses ${direction === 'in' ? 'from' : 'to'} ${peer} port ${ports.join('-')}`];
  }

  #groupObstacles(
    end: End,
    kind: 'SecurityGroupEgress' | 'SecurityGroupIngress',
    peerCidr: string,
    peerGroups: readonly string[],
    port: number,
  ): Obstacles {
    // Nobody has said what this end's groups are.
    if (end.groups.length === 0) return [];
    const peerKey = kind === 'SecurityGroupEgress' ? 'DestinationSecurityGroupId' : 'SourceSecurityGroupId';
    const rules = end.groups.flatMap((group) => this.#rules(group, kind));
    const allowed = rules.some((rule) => {
      const everything = text(rule['IpProtocol']) === '-1';
      const inRange = portOf(rule['FromPort']) <= port && portOf(rule['ToPort']) >= port;
      const peer =
        peerGroups.includes(text(rule[peerKey])) ||
        (typeof rule['CidrIp'] === 'string' && contains(rule['CidrIp'], peerCidr));
      return peer && (everything || inRange);
    });
    return allowed ? [] : [`${kind} of ${end.name} refuses ${peerCidr} port ${port}`];
  }

  #rules(group: string, kind: 'SecurityGroupEgress' | 'SecurityGroupIngress'): Values[] {
    const own = this.#assembly
      .ofType('AWS::EC2::SecurityGroup')
      .filter(({ ref }) => ref === group)
      .flatMap(({ properties }) => (properties[kind] ?? []) as unknown as Values[]);
    const added = this.#assembly
      .ofType(`AWS::EC2::${kind}`)
      .map(({ properties }) => properties as Values)
      .filter(({ GroupId }) => GroupId === group);
    return [...own, ...added];
  }

  #cidr(subnet: string): string {
    const found = this.#assembly.ofType('AWS::EC2::Subnet').find(({ ref }) => ref === subnet);
    if (found === undefined) throw new Error(`no subnet ${subnet}`);
    return text(found.properties['CidrBlock']);
  }

  #routeTable(subnet: string): string {
    return text(
      this.#assembly
        .ofType('AWS::EC2::SubnetRouteTableAssociation')
        .find(({ properties }) => properties['SubnetId'] === subnet)?.properties['RouteTableId'],
    );
  }

  #natSubnets(subnet: string): string[] {
    const table = this.#routeTable(subnet);
    const gateways = this.#assembly
      .ofType('AWS::EC2::Route')
      .filter(({ properties }) => properties['RouteTableId'] === table)
      .map(({ properties }) => properties['NatGatewayId']);
    return this.#assembly
      .ofType('AWS::EC2::NatGateway')
      .filter(({ ref }) => gateways.includes(ref))
      .map(({ properties }) => text(properties['SubnetId']));
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** A rule for the database asks AWS for its port, which is PostgreSQL's own unless the cluster says otherwise. */
function portOf(value: unknown): number {
  return isUnknown(value) ? POSTGRESQL_PORT : Number(value);
}

/** Whether all addresses of `inner` are in `outer`. */
function contains(outer: string, inner: string): boolean {
  const [outerBits, innerBits] = [bitsOf(outer), bitsOf(inner)];
  return innerBits.startsWith(outerBits);
}

/** The prefix of a block in binary digits: `10.0.0.0/8` is `00001010`. */
function bitsOf(cidr: string): string {
  const [address = '', length = '32'] = cidr.split('/');
  const bits = address.split('.').map((part) => Number(part).toString(2).padStart(8, '0'));
  return bits.join('').slice(0, Number(length));
}
