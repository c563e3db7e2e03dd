/** A Kafka cluster on Amazon MSK: serverless or with Express brokers, in the VPC, signed in to with IAM and nothing else. */
import { Names, RemovalPolicy } from 'aws-cdk-lib';
import { Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnCluster, CfnServerlessCluster } from 'aws-cdk-lib/aws-msk';
import { Construct } from 'constructs';
import { HopAlarms, kafkaBrokerBusy } from './alarms/index.ts';
import type { AlarmProps } from './alarms/index.ts';
import type { EventFunction } from './event-function.ts';
import { createTopicFunction } from './kafka-topic-function.ts';
import { recordNode } from './topology-recorder.ts';
import { validateProps } from './validation.ts';
import type { Rule } from './validation.ts';

/** `serverless` scales by itself and is paid by use; `express` has brokers of its own, that are paid by the hour. */
export type KafkaClusterType = 'serverless' | 'express';

export interface KafkaClusterProps extends AlarmProps {
  /** @default 'serverless' */
  readonly type?: KafkaClusterType;
  /** The network of the cluster and its clients. */
  readonly vpc: IVpc;
  /** In two zones at least, Express brokers in three. @default - the private subnets of the VPC */
  readonly vpcSubnets?: SubnetSelection;
  /**
   * The security group of all clients, which the brokers let in. One for all, so that no client's stack is needed by
   * the cluster's.
   * @default - one is made: `cluster.clientSecurityGroup`
   */
  readonly clientSecurityGroup?: ISecurityGroup;
  /** @default - made up from the construct's path */
  readonly clusterName?: string;
  /**
   * Encrypts what Express brokers store. A serverless cluster is encrypted with MSK's own key.
   * @default - MSK's own key
   */
  readonly encryptionKey?: IKey;
  /** Of Express brokers. @default 'express.m7g.large' */
  readonly instanceType?: string;
  /** Of Express brokers: a multiple of the number of zones. @default 3 */
  readonly numberOfBrokerNodes?: number;
  /** Of Express brokers. @default '3.9.x' */
  readonly kafkaVersion?: string;
  /** Of the log of Express brokers, or of the function that makes topics. @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
  /** Of the cluster, and of what it stores. @default RemovalPolicy.RETAIN */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * @example
 * const kafka = new KafkaCluster(this, 'Kafka', { type: 'serverless', vpc });
 * const analytics = new KafkaTopic(this, 'Analytics', { cluster: kafka, publishes: [OrderOutcomeRecorded] });
 */
export class KafkaCluster extends Construct {
  readonly type: KafkaClusterType;
  readonly clusterArn: string;
  readonly clusterName: string;
  readonly resource: CfnCluster | CfnServerlessCluster;
  readonly vpc: IVpc;
  readonly vpcSubnets: SubnetSelection;
  /** Of the brokers, and of the pollers of mappings, which Lambda gives the cluster's own. */
  readonly securityGroup: SecurityGroup;
  /** Of everything that connects to the brokers. */
  readonly clientSecurityGroup: ISecurityGroup;
  /** 0 for serverless, where brokers are not seen. */
  readonly brokers: number;
  readonly alarms: HopAlarms['all'];
  readonly #logRetention: RetentionDays | undefined;
  #topicFunction: EventFunction | undefined;

  /** @throws ValidationError where the brokers' props do not go with the type or the zones */
  constructor(scope: Construct, id: string, props: KafkaClusterProps) {
    super(scope, id);
    validateProps(this, RULES, props);
    this.type = props.type ?? 'serverless';
    this.vpc = props.vpc;
    this.#logRetention = props.logRetention;
    this.vpcSubnets = props.vpcSubnets ?? {};
    this.clusterName = props.clusterName ?? Names.uniqueResourceName(this, { maxLength: 64, separator: '-' });
    this.clientSecurityGroup =
      props.clientSecurityGroup ??
      new SecurityGroup(this, 'Clients', { vpc: props.vpc, description: 'Clients of the Kafka cluster' });
    this.securityGroup = this.#openToClients(props);
    this.brokers = this.type === 'express' ? (props.numberOfBrokerNodes ?? DEFAULT_BROKERS) : 0;
    this.resource = this.type === 'express' ? this.#express(props) : this.#serverless(props);
    this.resource.applyRemovalPolicy(props.removalPolicy ?? RemovalPolicy.RETAIN);
    this.clusterArn = this.resource.attrArn;
    recordNode(this, { kind: 'kafkaCluster', resource: this.resource });
    const alarms = new HopAlarms(this, props);
    for (let broker = 1; broker <= this.brokers; broker += 1) {
      alarms.add(`Broker${broker}CpuAlarm`, kafkaBrokerBusy(this, this.clusterName, broker));
    }
    this.alarms = alarms.all;
  }

  /**
   * Of a serverless cluster: makes its topics, each of which is a custom resource. There is none before there is a
   * topic. Express brokers need none.
   */
  get topicFunction(): EventFunction {
    this.#topicFunction ??= createTopicFunction(this, 'TopicFunction', this, this.#logRetention);
    return this.#topicFunction;
  }

  #openToClients({ vpc }: KafkaClusterProps): SecurityGroup {
    const group = new SecurityGroup(this, 'Brokers', { vpc, description: 'Kafka brokers' });
    group.addIngressRule(this.clientSecurityGroup, Port.tcp(IAM_PORT), 'Clients, signed in with IAM');
    // The pollers of event source mappings run in the cluster's own groups: lambda/latest/dg/with-msk-cluster-network.html.
    group.addIngressRule(group, Port.tcp(IAM_PORT), 'Pollers of event source mappings');
    return group;
  }

  #serverless({ vpc }: KafkaClusterProps): CfnServerlessCluster {
    return new CfnServerlessCluster(this, 'Cluster', {
      clusterName: this.clusterName,
      clientAuthentication: { sasl: { iam: { enabled: true } } },
      vpcConfigs: [
        {
          subnetIds: vpc.selectSubnets(this.vpcSubnets).subnetIds,
          securityGroups: [this.securityGroup.securityGroupId],
        },
      ],
    });
  }

  #express(props: KafkaClusterProps): CfnCluster {
    const logGroup = new LogGroup(this, 'Log', {
      retention: props.logRetention ?? RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    return new CfnCluster(this, 'Cluster', {
      clusterName: this.clusterName,
      kafkaVersion: props.kafkaVersion ?? DEFAULT_VERSION,
      numberOfBrokerNodes: this.brokers,
      brokerNodeGroupInfo: {
        instanceType: props.instanceType ?? DEFAULT_INSTANCE,
        clientSubnets: props.vpc.selectSubnets(this.vpcSubnets).subnetIds,
        securityGroups: [this.securityGroup.securityGroupId],
        connectivityInfo: { publicAccess: { type: 'DISABLED' } },
      },
      clientAuthentication: { sasl: { iam: { enabled: true } }, unauthenticated: { enabled: false } },
      encryptionInfo: {
        encryptionInTransit: { clientBroker: 'TLS', inCluster: true },
        ...(props.encryptionKey === undefined
          ? {}
          : { encryptionAtRest: { dataVolumeKmsKeyId: props.encryptionKey.keyArn } }),
      },
      // Lag of groups by topic is in this level; dead-letter topics are watched by topic.
      enhancedMonitoring: 'PER_TOPIC_PER_BROKER',
      loggingInfo: { brokerLogs: { cloudWatchLogs: { enabled: true, logGroup: logGroup.logGroupName } } },
    });
  }
}

/** Where brokers take clients that sign in with IAM, within the VPC: msk/latest/developerguide/port-info.html. */
export const IAM_PORT = 9098;
const DEFAULT_INSTANCE = 'express.m7g.large';
const DEFAULT_VERSION = '3.9.x';
const DEFAULT_BROKERS = 3;

const RULES: readonly Rule<KafkaClusterProps>[] = [
  (props) => {
    if (props.type === 'express') return undefined;
    const given = (['instanceType', 'numberOfBrokerNodes', 'kafkaVersion', 'encryptionKey'] as const).filter(
      (name) => props[name] !== undefined,
    );
    if (given.length === 0) return undefined;
    return {
      code: 'WAYBILL_KAFKA_BROKERS_UNSUPPORTED',
      prop: given[0]!,
      received: `${given.join(', ')} of a serverless cluster`,
      allowed: "these for type: 'express'",
      fix: 'leave them out: MSK decides for a serverless cluster',
    };
  },
  ({ numberOfBrokerNodes, type }) => {
    if (numberOfBrokerNodes === undefined || type !== 'express') return undefined;
    if (Number.isInteger(numberOfBrokerNodes) && numberOfBrokerNodes >= 3 && numberOfBrokerNodes % 3 === 0) {
      return undefined;
    }
    return {
      code: 'WAYBILL_KAFKA_BROKERS_UNSUPPORTED',
      prop: 'numberOfBrokerNodes',
      received: String(numberOfBrokerNodes),
      allowed: '3, 6, 9 ...: Express brokers are spread evenly over three zones',
      fix: 'give a multiple of three',
    };
  },
];
