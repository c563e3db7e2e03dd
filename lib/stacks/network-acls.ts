/**
 * Network ACLs: a second fence that no security group opens by mistake. Which subnets may speak to which is one table;
 * what each ACL must let through, in both directions, follows from it.
 */
import { AclCidr, AclTraffic, Action, NetworkAcl, TrafficDirection } from 'aws-cdk-lib/aws-ec2';
import type { CfnNetworkAcl, CfnNetworkAclEntry, ISubnet, IVpc } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { acknowledge } from '../constructs/index.ts';

/** TCP ports of what is in the network: PostgreSQL; Kafka with IAM; AMQP over TLS. */
export const PRIVATE_PORTS = { database: 5432, kafka: 9098, amqp: 5671 } as const;
/** Of the server of Redis Streams, which the agents system alone has. */
const REDIS_PORT = 6380;
const HTTPS = 443;

/** The kinds of subnets: with a route in and out, with one out, for databases, and without any. */
export type SubnetKind = 'public' | 'functions' | 'database' | 'isolated';

/** Who begins to speak to whom over TCP. An answer goes back to a port that the one who began has chosen. */
interface Conversation {
  readonly from: SubnetKind;
  /** `services`: addresses outside the network. */
  readonly to: SubnetKind | 'services';
  readonly port: number;
  /** Whose subnets the traffic passes on its way. @default - none */
  readonly through?: SubnetKind;
  /** @default - always */
  readonly when?: 'endpoints' | 'brokers' | 'redis';
  readonly why: string;
}

/**
 * Everything that is used. What is not in this table is refused between subnets, whatever security groups say. The
 * resolver, the clock and the metadata service of a VPC are filtered by no ACL: vpc/latest/userguide/nacl-basics.html.
 */
const CONVERSATIONS: readonly Conversation[] = [
  {
    from: 'functions',
    to: 'database',
    port: PRIVATE_PORTS.database,
    why: 'queries of functions that call web servers too, and of systems whose functions all run there',
  },
  { from: 'isolated', to: 'database', port: PRIVATE_PORTS.database, why: 'queries' },
  {
    from: 'functions',
    to: 'database',
    port: REDIS_PORT,
    when: 'redis',
    why: 'agents and mirrors, to the server of Redis Streams',
  },
  {
    from: 'functions',
    to: 'services',
    port: HTTPS,
    through: 'public',
    why: 'web servers of customers, and services without an endpoint, by the NAT gateway; S3 and DynamoDB by gateways',
  },
  {
    from: 'isolated',
    to: 'services',
    port: HTTPS,
    why: 'S3 and DynamoDB: their gateways have public addresses, and no route leads further',
  },
  { from: 'functions', to: 'functions', port: HTTPS, when: 'endpoints', why: 'interface endpoints' },
  { from: 'isolated', to: 'functions', port: HTTPS, when: 'endpoints', why: 'interface endpoints' },
  {
    from: 'isolated',
    to: 'isolated',
    port: PRIVATE_PORTS.kafka,
    when: 'brokers',
    why: 'publishers, pollers and the function that makes topics, to brokers of Kafka in another zone',
  },
  {
    from: 'isolated',
    to: 'isolated',
    port: PRIVATE_PORTS.amqp,
    when: 'brokers',
    why: 'publishers and pollers, to nodes of the message broker in another zone',
  },
  {
    from: 'isolated',
    to: 'isolated',
    port: HTTPS,
    when: 'brokers',
    why: "the rotation of the broker's secret calls its management API",
  },
];

/**
 * Ports that Lambda, NAT gateways and pollers begin from: vpc/latest/userguide/custom-network-acl.html, "Ephemeral
 * ports".
 */
const ANSWER_PORTS = { from: 1024, to: 65_535 } as const;

interface Entry {
  readonly direction: 'in' | 'out';
  readonly peer: SubnetKind | 'services';
  readonly from: number;
  readonly to: number;
}

export interface NetworkAclsProps {
  readonly vpc: IVpc;
  /** None of a kind that the network does not have. */
  readonly subnets: Readonly<Record<SubnetKind, readonly ISubnet[]>>;
  /** Where that is which needs no internet. Isolated subnets in which nothing is are closed. */
  readonly isolatedIn: 'isolated' | 'functions';
  /** Whether there are interface endpoints. */
  readonly endpoints: boolean;
  /** Whether there are Kafka and a message broker. */
  readonly brokers: boolean;
  /** Whether there is a server of Redis Streams. */
  readonly redis: boolean;
}

/** Makes an ACL for each kind of subnets, with an entry per subnet at the other end: nothing else gets through. */
export function addNetworkAcls(scope: Construct, props: NetworkAclsProps): void {
  const conversations = conversationsOf(props);
  for (const kind of ['public', 'functions', 'database', 'isolated'] as const) {
    const subnets = props.subnets[kind];
    if (subnets.length === 0) continue;
    const acl = new NetworkAcl(scope, `${ACL_NAMES[kind]}Acl`, {
      vpc: props.vpc,
      subnetSelection: { subnets: [...subnets] },
    });
    acknowledge(acl.node.defaultChild as CfnNetworkAcl, 'AwsSolutions-VPC3', REASON);
    addEntries(acl, entriesOf(kind, conversations), props);
  }
}

const REASON = 'Security groups decide; this fence holds where one of them is opened by mistake';
const ACL_NAMES = { public: 'Public', functions: 'Functions', database: 'Database', isolated: 'Isolated' };

/** Rules are tried by their number; all of them allow, so their order says nothing. */
const FIRST_RULE = 100;
const RULE_STEP = 10;

function addEntries(acl: NetworkAcl, entries: readonly Entry[], { subnets }: NetworkAclsProps): void {
  const numbers = { in: FIRST_RULE, out: FIRST_RULE };
  for (const { direction, peer, from, to } of entries) {
    const cidrs = peer === 'services' ? [undefined] : subnets[peer].map((one) => one.ipv4CidrBlock);
    for (const [index, cidr] of cidrs.entries()) {
      const ports = from === to ? `${from}` : 'Answers';
      const made = acl.addEntry(`${direction === 'in' ? 'From' : 'To'}${peerName(peer, index)}${ports}`, {
        ruleNumber: numbers[direction],
        direction: direction === 'in' ? TrafficDirection.INGRESS : TrafficDirection.EGRESS,
        cidr: cidr === undefined ? AclCidr.anyIpv4() : AclCidr.ipv4(cidr),
        traffic: from === to ? AclTraffic.tcpPort(from) : AclTraffic.tcpPortRange(from, to),
        ruleAction: Action.ALLOW,
      });
      acknowledge(made.node.defaultChild as CfnNetworkAclEntry, 'AwsSolutions-VPC3', REASON);
      numbers[direction] += RULE_STEP;
    }
  }
}

function peerName(peer: Entry['peer'], index: number): string {
  return peer === 'services' ? 'Services' : `${ACL_NAMES[peer]}${index + 1}`;
}

/** Those that there are, between the subnets where their ends are. */
function conversationsOf({ isolatedIn, ...there }: NetworkAclsProps): Conversation[] {
  const place = <Kind extends Conversation['to']>(kind: Kind) => (kind === 'isolated' ? isolatedIn : kind);
  return CONVERSATIONS.filter(({ when }) => when === undefined || there[when]).map((one) => ({
    ...one,
    from: place(one.from),
    to: place(one.to),
  }));
}

/**
 * | of a conversation, the ACL of | lets out            | lets in             |
 * |-------------------------------|---------------------|---------------------|
 * | who begins                    | to the port         | answers             |
 * | who is spoken to              | answers             | to the port         |
 * | who passes it on              | both                | both                |
 */
function entriesOf(kind: SubnetKind, conversations: readonly Conversation[]): Entry[] {
  const entries = conversations.flatMap(({ from, to, port, through }): Entry[] => {
    const asked = { from: port, to: port };
    return [
      ...(kind === from || kind === through
        ? [
            { direction: 'out' as const, peer: to, ...asked },
            { direction: 'in' as const, peer: to, ...ANSWER_PORTS },
          ]
        : []),
      ...(kind === to || kind === through
        ? [
            { direction: 'in' as const, peer: from, ...asked },
            { direction: 'out' as const, peer: from, ...ANSWER_PORTS },
          ]
        : []),
    ];
  });
  return entries.filter(
    (entry, index) => !entries.some((other, at) => at !== index && covers(other, entry, at < index)),
  );
}

/** Whether another entry lets all of it through. Of two that are the same, the earlier one stays. */
function covers(other: Entry, entry: Entry, earlier: boolean): boolean {
  if (other.direction !== entry.direction) return false;
  const samePeer = other.peer === entry.peer;
  if (!samePeer && other.peer !== 'services') return false;
  if (other.from > entry.from || other.to < entry.to) return false;
  return earlier || !samePeer || other.from !== entry.from || other.to !== entry.to;
}
