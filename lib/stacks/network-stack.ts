/** The network of what needs private resources: the database and the functions that use it. */
import { Annotations, Fn } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { ExistingNetwork, NewNetwork } from '../config/index.ts';
import { EnvironmentStack } from './environment-stack.ts';
import type { EnvironmentStackProps } from './environment-stack.ts';

/** Services that functions in the network call. S3, for claim checks and deployment answers, has a gateway, which is free. */
const INTERFACE_ENDPOINTS = {
  Sqs: InterfaceVpcEndpointAwsService.SQS,
  Sns: InterfaceVpcEndpointAwsService.SNS,
  Events: InterfaceVpcEndpointAwsService.EVENTBRIDGE,
  Kms: InterfaceVpcEndpointAwsService.KMS,
  SecretsManager: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
} as const;

export class NetworkStack extends EnvironmentStack {
  readonly vpc: IVpc;
  /** Where functions run. */
  readonly functionSubnets: SubnetSelection;
  /** Where databases are: no way in or out of the network. */
  readonly databaseSubnets: SubnetSelection;
  /** Of everything that uses the database. One for all, so that the database's stack knows no client's. */
  readonly databaseClients: ISecurityGroup;

  constructor(scope: Construct, id: string, props: EnvironmentStackProps) {
    super(scope, id, { ...props, description: 'VPC, endpoints and security groups' });
    const { network, database } = this.config;
    this.functionSubnets = { subnetType: SubnetType.PRIVATE_WITH_EGRESS };
    this.databaseSubnets = { subnetType: SubnetType.PRIVATE_ISOLATED };
    this.vpc = network.kind === 'new' ? this.#createVpc(network) : this.#importVpc(network);
    this.databaseClients =
      database.kind === 'existing'
        ? SecurityGroup.fromSecurityGroupId(this, 'DatabaseClients', database.clientSecurityGroupId)
        : new SecurityGroup(this, 'DatabaseClients', {
            vpc: this.vpc,
            description: 'Functions that use the database',
          });
    if (network.kind === 'new' && network.interfaceEndpoints) this.#addInterfaceEndpoints();
  }

  // CDK would look the zones up in the account, which a synth without one cannot do.
  override get availabilityZones(): string[] {
    const { network } = this.config;
    return network.kind === 'existing'
      ? [...network.availabilityZones]
      : Array.from({ length: network.maxAzs }, (_, index) => Fn.select(index, Fn.getAzs()));
  }

  #createVpc(network: NewNetwork): Vpc {
    const vpc = new Vpc(this, 'Vpc', {
      maxAzs: network.maxAzs,
      natGateways: network.natGateways,
      // It would take a custom resource with rights on security groups; nothing here uses the default group.
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [
        { name: 'Public', subnetType: SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
        { name: 'Functions', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 20 },
        { name: 'Database', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 24 },
      ],
      gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
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
    securityGroup.addIngressRule(this.databaseClients, Port.HTTPS, 'Functions');
    for (const [id, service] of Object.entries(INTERFACE_ENDPOINTS)) {
      this.vpc.addInterfaceEndpoint(id, {
        service,
        subnets: this.functionSubnets,
        securityGroups: [securityGroup],
        open: false,
      });
    }
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
