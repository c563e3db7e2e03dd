/** The network of what needs private resources: databases, brokers, and the functions that use them. */
import { Annotations, Fn } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { usesRedis } from '../config/index.ts';
import type { ExistingNetwork, NewNetwork } from '../config/index.ts';
import { EnvironmentStack } from './environment-stack.ts';
import type { EnvironmentStackProps } from './environment-stack.ts';
import { addNetworkAcls, PRIVATE_PORTS } from './network-acls.ts';

/** Services that functions in the network call. S3, for claim checks and deployment answers, has a gateway, which is free. */
const INTERFACE_ENDPOINTS = {
  Sqs: InterfaceVpcEndpointAwsService.SQS,
  Sns: InterfaceVpcEndpointAwsService.SNS,
  Events: InterfaceVpcEndpointAwsService.EVENTBRIDGE,
  Kms: InterfaceVpcEndpointAwsService.KMS,
  SecretsManager: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
} as const;

/**
 * What the commerce system calls besides. Lambda and STS are for the pollers of brokers, which run in the broker's
 * network: lambda/latest/dg/with-mq-configure.html and with-msk-cluster-network.html.
 */
const COMMERCE_ENDPOINTS = {
  States: InterfaceVpcEndpointAwsService.STEP_FUNCTIONS,
  Kinesis: InterfaceVpcEndpointAwsService.KINESIS_STREAMS,
  Kafka: new InterfaceVpcEndpointAwsService('kafka'),
  Lambda: InterfaceVpcEndpointAwsService.LAMBDA,
  Sts: InterfaceVpcEndpointAwsService.STS,
} as const;

const DATABASE_GROUP = 'Database';
/** Functions and brokers without a way out to the internet. */
const ISOLATED_GROUP = 'Isolated';

export class NetworkStack extends EnvironmentStack {
  readonly vpc: IVpc;
  /** Where functions run. */
  readonly functionSubnets: SubnetSelection;
  /** Where databases are: no way in or out of the network. */
  readonly databaseSubnets: SubnetSelection;
  /** For functions and brokers that need no internet: no route leads there. With it only where AWS's services have no endpoints. */
  readonly isolatedSubnets: SubnetSelection;
  /** Of the commerce system's functions: out to AWS's services, databases and brokers, and nowhere else. */
  readonly commerceClients: ISecurityGroup | undefined;
  /** Of everything that uses the database. One for all, so that the database's stack knows no client's. */
  readonly databaseClients: ISecurityGroup;
  /** Of the interface endpoints; undefined without any, and in a network that is there already. */
  #endpoints: SecurityGroup | undefined;

  constructor(scope: Construct, id: string, props: EnvironmentStackProps) {
    super(scope, id, { ...props, description: 'VPC, endpoints and security groups' });
    const { network, database } = this.config;
    this.functionSubnets = { subnetType: SubnetType.PRIVATE_WITH_EGRESS };
    const isolated = { subnetType: SubnetType.PRIVATE_ISOLATED };
    this.databaseSubnets =
      network.kind === 'new' && this.#hasCommerce ? { subnetGroupName: DATABASE_GROUP } : isolated;
    this.isolatedSubnets = this.#isolatedSubnets(network);
    this.vpc = network.kind === 'new' ? this.#createVpc(network) : this.#importVpc(network);
    this.databaseClients =
      database.kind === 'existing'
        ? SecurityGroup.fromSecurityGroupId(this, 'DatabaseClients', database.clientSecurityGroupId)
        : new SecurityGroup(this, 'DatabaseClients', {
            vpc: this.vpc,
            description: 'Functions that use the database',
          });
    this.commerceClients = this.#hasCommerce ? this.#createCommerceClients() : undefined;
    if (network.kind === 'new' && network.interfaceEndpoints) this.#addInterfaceEndpoints();
    if (network.kind === 'new') this.#addNetworkAcls(network);
  }

  /**
   * Lets brokers' own pollers call Lambda, STS and Secrets Manager: Lambda gives them the security groups of the broker.
   * lambda/latest/dg/with-msk-cluster-network.html, lambda/latest/dg/services-mq-configure.html
   */
  openEndpointsTo(pollers: ISecurityGroup, description: string): void {
    // The rule is in the broker's stack: this one knows no client's.
    this.#endpoints?.addIngressRule(pollers, Port.HTTPS, description, true);
  }

  get #hasCommerce(): boolean {
    return this.config.systems.commerce;
  }

  /** Without endpoints a function without a route could call nothing. */
  #isolatedSubnets(network: NewNetwork | ExistingNetwork): SubnetSelection {
    if (network.kind === 'existing' || !network.interfaceEndpoints || !this.#hasCommerce) {
      return this.functionSubnets;
    }
    return { subnetGroupName: ISOLATED_GROUP };
  }

  // CDK would look the zones up in the account, which a synth without one cannot do.
  override get availabilityZones(): string[] {
    const { network } = this.config;
    return network.kind === 'existing'
      ? [...network.availabilityZones]
      : Array.from({ length: network.maxAzs }, (_, index) => Fn.select(index, Fn.getAzs()));
  }

  #createVpc(network: NewNetwork): Vpc {
    const { commerce, generation } = this.config.systems;
    const vpc = new Vpc(this, 'Vpc', {
      maxAzs: network.maxAzs,
      natGateways: network.natGateways,
      // It would take a custom resource with rights on security groups; nothing here uses the default group.
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [
        { name: 'Public', subnetType: SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
        { name: 'Functions', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 20 },
        { name: DATABASE_GROUP, subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 24 },
        // Last, so that the addresses of the others stay what they are.
        ...(this.#hasCommerce
          ? [{ name: ISOLATED_GROUP, subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 20 }]
          : []),
      ],
      gatewayEndpoints: {
        S3: { service: GatewayVpcEndpointAwsService.S3 },
        ...(commerce || generation ? { DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB } } : {}),
      },
    });
    vpc.addFlowLog('FlowLog', {
      destination: FlowLogDestination.toCloudWatchLogs(
        new LogGroup(this, 'FlowLogs', { retention: this.logRetention, removalPolicy: this.removalPolicy }),
      ),
      // What was refused is what an investigation looks for; all traffic would cost more than the network.
      trafficType: FlowLogTrafficType.REJECT,
    });
    return vpc;
  }

  #addInterfaceEndpoints(): void {
    const securityGroup = new SecurityGroup(this, 'Endpoints', {
      vpc: this.vpc,
      description: 'Endpoints of AWS services',
      allowAllOutbound: false,
    });
    this.#endpoints = securityGroup;
    securityGroup.addIngressRule(this.databaseClients, Port.HTTPS, 'Functions');
    if (this.commerceClients !== undefined) {
      securityGroup.addIngressRule(this.commerceClients, Port.HTTPS, 'Functions of commerce');
    }
    const services = { ...INTERFACE_ENDPOINTS, ...(this.#hasCommerce ? COMMERCE_ENDPOINTS : {}) };
    for (const [id, service] of Object.entries(services)) {
      this.vpc.addInterfaceEndpoint(id, {
        service,
        subnets: this.functionSubnets,
        securityGroups: [securityGroup],
        open: false,
      });
    }
  }

  /**
   * | to | port | why |
   * |---|---|---|
   * | anywhere | 443 | endpoints of AWS's services, whose gateways have public addresses; web servers of customers |
   * | the network | PRIVATE_PORTS | databases and brokers |
   */
  #createCommerceClients(): ISecurityGroup {
    const securityGroup = new SecurityGroup(this, 'CommerceClients', {
      vpc: this.vpc,
      description: 'Functions of commerce',
      allowAllOutbound: false,
    });
    securityGroup.addEgressRule(Peer.anyIpv4(), Port.HTTPS, 'Endpoints and web servers');
    for (const [name, port] of Object.entries(PRIVATE_PORTS)) {
      securityGroup.addEgressRule(this.#within, Port.tcp(port), name);
    }
    return securityGroup;
  }

  /** The network itself; of an imported one the addresses are not known. */
  get #within() {
    return this.config.network.kind === 'new' ? Peer.ipv4(this.vpc.vpcCidrBlock) : Peer.anyIpv4();
  }

  #addNetworkAcls(network: NewNetwork): void {
    const of = (selection: SubnetSelection) => this.vpc.selectSubnets(selection).subnets;
    addNetworkAcls(this, {
      vpc: this.vpc,
      subnets: {
        public: of({ subnetType: SubnetType.PUBLIC }),
        functions: of(this.functionSubnets),
        database: of(this.databaseSubnets),
        isolated: this.#hasCommerce ? of({ subnetGroupName: ISOLATED_GROUP }) : [],
      },
      isolatedIn: this.isolatedSubnets === this.functionSubnets ? 'functions' : 'isolated',
      endpoints: network.interfaceEndpoints,
      brokers: this.#hasCommerce,
      redis: this.config.systems.agents && usesRedis(this.config),
    });
  }

  #importVpc(network: ExistingNetwork): IVpc {
    const vpc = Vpc.fromVpcAttributes(this, 'Vpc', {
      vpcId: network.vpcId,
      availabilityZones: [...network.availabilityZones],
      privateSubnetIds: [...network.privateSubnetIds],
      isolatedSubnetIds: [...network.isolatedSubnetIds],
    });
    Annotations.of(vpc).acknowledgeWarning(
      '@aws-cdk/aws-ec2:noSubnetRouteTableId',
      'Nothing here adds a route to a subnet',
    );
    return vpc;
  }
}
