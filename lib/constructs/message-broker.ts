/** An Amazon MQ broker of RabbitMQ 4, private, for the systems that speak AMQP and nothing else. */
import { Duration, Fn, Names, RemovalPolicy } from 'aws-cdk-lib';
import { CfnBroker } from 'aws-cdk-lib/aws-amazonmq';
import { Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnRotationSchedule, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { brokerBusy, brokerUnread, HopAlarms } from './alarms/index.ts';
import type { AlarmProps } from './alarms/index.ts';
import type { EventFunction } from './event-function.ts';
import { grantTo } from './grants.ts';
import { recordEdge, recordNode } from './topology-recorder.ts';
import { validateProps } from './validation.ts';
import type { Rule } from './validation.ts';

export interface MaintenanceWindow {
  /** For example `SUNDAY`. */
  readonly dayOfWeek: string;
  /** For example `03:00`. */
  readonly timeOfDay: string;
  /** @default 'UTC' */
  readonly timeZone?: string;
}

export interface MessageBrokerProps extends AlarmProps {
  /** The network of the broker and its clients. */
  readonly vpc: IVpc;
  /** One subnet for a single instance, three zones for a cluster. @default - the private subnets of the VPC */
  readonly vpcSubnets?: SubnetSelection;
  /**
   * The security group of all clients, which the broker lets in. One for all, so that no client's stack is needed by
   * the broker's.
   * @default - one is made: `broker.clientSecurityGroup`
   */
  readonly clientSecurityGroup?: ISecurityGroup;
  /**
   * `CLUSTER_MULTI_AZ`: three nodes, of which one may fail. A single instance loses no message of a quorum queue, but
   * is away while it restarts.
   * @default 'SINGLE_INSTANCE'
   */
  readonly deploymentMode?: 'SINGLE_INSTANCE' | 'CLUSTER_MULTI_AZ';
  /** RabbitMQ 4 runs on mq.m7g only. @default 'mq.m7g.medium', in a cluster 'mq.m7g.large' */
  readonly hostInstanceType?: string;
  /** @default '4.2' */
  readonly engineVersion?: string;
  /** @default - made up from the construct's path */
  readonly brokerName?: string;
  /** Encrypts what the broker stores, and the secret. @default - the key of Amazon MQ */
  readonly encryptionKey?: IKey;
  /** When AWS may restart it, for patches. @default - Sunday, 03:00 UTC */
  readonly maintenanceWindow?: MaintenanceWindow;
  /**
   * What changes the password of the broker's user, as a rotation function of Secrets Manager: of the entry
   * `lambda/handlers/broker-secret-rotation.ts`, in the broker's network. It calls the broker's management API, because
   * CloudFormation does not change users of RabbitMQ.
   * @default - the password stays as it was made
   */
  readonly rotation?: EventFunction;
  /** How often: a day to a year. @default Duration.days(30) */
  readonly rotationInterval?: Duration;
  /** Where its queues and exchanges are. @default '/' */
  readonly virtualHost?: string;
  /** @default RemovalPolicy.RETAIN */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * Queues and exchanges are declared by whoever uses them, over AMQP: no CloudFormation resource stands for them.
 *
 * @example
 * const legacy = new MessageBroker(this, 'LegacyBroker', { vpc, deploymentMode: 'CLUSTER_MULTI_AZ' });
 * legacy.grants.publish(outbound.handler); // sets WAYBILL_BROKER_ENDPOINT and WAYBILL_BROKER_SECRET_ARN
 */
export class MessageBroker extends Construct {
  readonly broker: CfnBroker;
  readonly brokerName: string;
  /** JSON with username and password. */
  readonly secret: Secret;
  readonly vpc: IVpc;
  readonly vpcSubnets: SubnetSelection;
  readonly securityGroup: SecurityGroup;
  /** Of everything that connects to the broker. */
  readonly clientSecurityGroup: ISecurityGroup;
  readonly virtualHost: string;
  readonly encryptionKey: IKey | undefined;
  readonly grants: MessageBrokerGrants;
  readonly alarms: HopAlarms['all'];

  /** @throws ValidationError where the version has no such instances */
  constructor(scope: Construct, id: string, props: MessageBrokerProps) {
    super(scope, id);
    validateProps(this, RULES, props);
    const clustered = props.deploymentMode === 'CLUSTER_MULTI_AZ';
    this.vpc = props.vpc;
    this.vpcSubnets = props.vpcSubnets ?? {};
    this.virtualHost = props.virtualHost ?? '/';
    this.encryptionKey = props.encryptionKey;
    this.brokerName = props.brokerName ?? Names.uniqueResourceName(this, { maxLength: 50, separator: '-' });
    this.clientSecurityGroup =
      props.clientSecurityGroup ??
      new SecurityGroup(this, 'Clients', { vpc: props.vpc, description: 'Clients of the message broker' });
    this.securityGroup = this.#openToClients(props.vpc);
    this.secret = this.#secret();
    this.broker = this.#broker(props, clustered);
    this.broker.applyRemovalPolicy(props.removalPolicy ?? RemovalPolicy.RETAIN);
    this.#rotate(props);
    this.grants = new MessageBrokerGrants(this);
    recordNode(this, { kind: 'broker', resource: this.broker });
    const alarms = new HopAlarms(this, props);
    alarms.add('CpuAlarm', brokerBusy(this, this.brokerName));
    alarms.add('UnreadAlarm', brokerUnread(this, this.brokerName));
    this.alarms = alarms.all;
  }

  /** `amqps://HOST:5671`, and the virtual host as its path where it is not `/`. */
  get endpoint(): string {
    const address = Fn.select(0, this.broker.attrAmqpEndpoints);
    return this.virtualHost === '/' ? address : `${address}/${encodeURIComponent(this.virtualHost)}`;
  }

  #openToClients(vpc: IVpc): SecurityGroup {
    const group = new SecurityGroup(this, 'Broker', { vpc, description: 'The message broker' });
    for (const [port, who] of Object.entries(PORTS)) {
      group.addIngressRule(this.clientSecurityGroup, Port.tcp(Number(port)), `Clients: ${who}`);
    }
    // The pollers of event source mappings run in the broker's own groups: lambda/latest/dg/services-mq-configure.html.
    group.addIngressRule(group, Port.tcp(AMQP_PORT), 'Pollers of event source mappings');
    return group;
  }

  #secret(): Secret {
    const secret = new Secret(this, 'User', {
      description: 'The user of the message broker',
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: USER_NAME }),
        generateStringKey: 'password',
        passwordLength: 32,
        // What Amazon MQ refuses in a password: amazon-mq/latest/developer-guide/rabbitmq-broker-users.html.
        excludeCharacters: ',:=',
        excludePunctuation: true,
      },
    });
    // Not the L2's encryptionKey: it lets the whole account use the key by way of Secrets Manager, while `connect` and
    // `#rotate` tell who does.
    if (this.encryptionKey !== undefined) {
      (secret.node.defaultChild as CfnSecret).kmsKeyId = this.encryptionKey.keyArn;
    }
    return secret;
  }

  #broker(props: MessageBrokerProps, clustered: boolean): CfnBroker {
    const { subnetIds } = props.vpc.selectSubnets(this.vpcSubnets);
    const password = this.secret.secretValueFromJson('password').unsafeUnwrap();
    const window = props.maintenanceWindow ?? { dayOfWeek: 'SUNDAY', timeOfDay: '03:00' };
    return new CfnBroker(this, 'Resource', {
      brokerName: this.brokerName,
      engineType: 'RABBITMQ',
      engineVersion: props.engineVersion ?? DEFAULT_VERSION,
      hostInstanceType: props.hostInstanceType ?? (clustered ? 'mq.m7g.large' : 'mq.m7g.medium'),
      deploymentMode: clustered ? 'CLUSTER_MULTI_AZ' : 'SINGLE_INSTANCE',
      publiclyAccessible: false,
      subnetIds: clustered ? subnetIds : subnetIds.slice(0, 1),
      securityGroups: [this.securityGroup.securityGroupId],
      users: [{ username: USER_NAME, password }],
      authenticationStrategy: 'SIMPLE',
      autoMinorVersionUpgrade: true,
      logs: { general: true },
      maintenanceWindowStartTime: { timeZone: 'UTC', ...window },
      encryptionOptions:
        props.encryptionKey === undefined
          ? { useAwsOwnedKey: true }
          : { useAwsOwnedKey: false, kmsKeyId: props.encryptionKey.keyArn },
    });
  }

  #rotate({ rotation, rotationInterval }: MessageBrokerProps): void {
    if (rotation === undefined) {
      acknowledge(
        this.secret,
        'AwsSolutions-SMG4',
        'Without a rotation function the password is changed by the operator, on the broker and in the secret together',
      );
      return;
    }
    this.connect(rotation);
    grantTo(rotation, ROTATION, [this.secret.secretArn]);
    this.encryptionKey?.grant(rotation, 'kms:GenerateDataKey');
    // L1: the L2 also lets the function ask for random passwords, which this one makes itself.
    rotation.function.addPermission('Rotation', {
      principal: new ServicePrincipal('secretsmanager.amazonaws.com'),
      sourceArn: this.secret.secretArn,
    });
    const schedule = new CfnRotationSchedule(this, 'Rotation', {
      secretId: this.secret.secretArn,
      rotationLambdaArn: rotation.function.functionArn,
      rotationRules: { automaticallyAfterDays: (rotationInterval ?? Duration.days(30)).toDays() },
      // Where the broker is being made there is no user yet whose password could be changed.
      rotateImmediatelyOnUpdate: false,
    });
    // Secrets Manager refuses a function that it may not invoke.
    schedule.node.addDependency(rotation.function, this.broker);
  }

  /** Tells a function's runtime where the broker is, and lets it read the user. */
  connect(fn: EventFunction): void {
    fn.function.addEnvironment('WAYBILL_BROKER_ENDPOINT', this.endpoint);
    fn.function.addEnvironment('WAYBILL_BROKER_SECRET_ARN', this.secret.secretArn);
    grantTo(fn, ['secretsmanager:GetSecretValue'], [this.secret.secretArn]);
    this.encryptionKey?.grant(fn, 'kms:Decrypt');
  }
}

export class MessageBrokerGrants {
  readonly #broker: MessageBroker;

  constructor(broker: MessageBroker) {
    this.#broker = broker;
  }

  /**
   * Reading the broker's user, and the variables that the runtime's AMQP publisher reads. The function has to be in
   * the broker's network, with its `clientSecurityGroup`. RabbitMQ knows the user, not IAM: what it may publish is what
   * the user may.
   */
  publish(fn: EventFunction): void {
    this.#broker.connect(fn);
    recordEdge(this.#broker, { kind: 'publishes', from: fn, to: this.#broker, source: '', events: [] });
  }
}

const USER_NAME = 'waybill';
const DEFAULT_VERSION = '4.2';
/** AMQP over TLS. */
const AMQP_PORT = 5671;
/** What clients use. amazon-mq/latest/developer-guide/rabbitmq-basic-elements-broker.html */
const PORTS = { [AMQP_PORT]: 'AMQP over TLS', 443: 'the management API' } as const;
/** secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html */
const ROTATION = [
  'secretsmanager:DescribeSecret',
  'secretsmanager:PutSecretValue',
  'secretsmanager:UpdateSecretVersionStage',
] as const;

const RULES: readonly Rule<MessageBrokerProps>[] = [
  ({ hostInstanceType, engineVersion = DEFAULT_VERSION }) => {
    if (hostInstanceType === undefined || hostInstanceType.startsWith('mq.m7g.')) return undefined;
    if (Number.parseFloat(engineVersion) < 4) return undefined;
    return {
      code: 'WAYBILL_BROKER_INSTANCE_UNSUPPORTED',
      prop: 'hostInstanceType',
      received: `${hostInstanceType} with RabbitMQ ${engineVersion}`,
      allowed: 'mq.m7g.medium and larger',
      fix: 'RabbitMQ 4 runs on mq.m7g only: amazon-mq/latest/developer-guide/rabbitmq-4.html',
    };
  },
];
