/** AWS::EC2::*: the network of a VPC has no effect on one machine. Every resource gets an id, so that others can name it. */
import { generatedId, textProperty } from './provider.ts';
import type { Created, Provider, ProviderContext } from './provider.ts';
import type { Json, JsonObject } from '../../../lib/assembly/template.ts';

const REASON = 'everything runs on this machine; there is no network to configure';

const ID_PREFIXES: Readonly<Record<string, string>> = {
  EIP: 'eipalloc',
  EgressOnlyInternetGateway: 'eigw',
  FlowLog: 'fl',
  InternetGateway: 'igw',
  LaunchTemplate: 'lt',
  NatGateway: 'nat',
  NetworkAcl: 'acl',
  NetworkAclEntry: 'aclentry',
  NetworkInterface: 'eni',
  Route: 'rt',
  RouteTable: 'rtb',
  SecurityGroup: 'sg',
  SecurityGroupEgress: 'sgr',
  SecurityGroupIngress: 'sgr',
  Subnet: 'subnet',
  SubnetNetworkAclAssociation: 'aclassoc',
  SubnetRouteTableAssociation: 'rtbassoc',
  VPC: 'vpc',
  VPCEndpoint: 'vpce',
  VPCGatewayAttachment: 'attachment',
};

export const NETWORK_PROVIDERS: Readonly<Record<string, Provider>> = Object.fromEntries(
  Object.keys(ID_PREFIXES).map((kind) => [`AWS::EC2::${kind}`, inertProvider()]),
);

/** A resource whose properties have no effect here, with the id and the attributes that others may ask for. */
function inertProvider(): Provider {
  return {
    honoured: ['*'],
    inert: [],
    create: async (properties, context) => ({ ...withId(properties, context), inertBecause: REASON }),
  };
}

function withId(properties: JsonObject, context: ProviderContext): Created {
  const kind = context.type.split('::').at(-1) ?? '';
  const id = generatedId(ID_PREFIXES[kind] ?? 'ec2', context.stackName, context.logicalId);
  const related = (prefix: string) =>
    generatedId(prefix, context.stackName, `${context.logicalId}/${prefix}`);
  const own: Record<string, Json> = {
    Id: id,
    [`${kind}Id`]: id,
    VpcId: textProperty(properties, 'VpcId') ?? id,
  };
  switch (kind) {
    case 'VPC':
      return {
        physicalId: id,
        attributes: {
          ...own,
          CidrBlock: textProperty(properties, 'CidrBlock') ?? '10.0.0.0/16',
          CidrBlockAssociations: [related('vpc-cidr-assoc')],
          DefaultNetworkAcl: related('acl'),
          DefaultSecurityGroup: related('sg'),
          Ipv6CidrBlocks: [],
        },
      };
    case 'Subnet':
      return {
        physicalId: id,
        attributes: {
          ...own,
          AvailabilityZone: textProperty(properties, 'AvailabilityZone') ?? `${context.aws.region}a`,
          CidrBlock: textProperty(properties, 'CidrBlock') ?? '10.0.0.0/24',
          Ipv6CidrBlocks: [],
          NetworkAclAssociationId: related('aclassoc'),
        },
      };
    case 'SecurityGroup':
      return { physicalId: id, attributes: { ...own, GroupId: id } };
    case 'EIP':
      return { physicalId: '192.0.2.1', attributes: { AllocationId: id, PublicIp: '192.0.2.1' } };
    case 'VPCEndpoint':
      return {
        physicalId: id,
        attributes: { ...own, CreationTimestamp: '', DnsEntries: [], NetworkInterfaceIds: [related('eni')] },
      };
    default:
      return { physicalId: id, attributes: own };
  }
}
