/**
 * A long-running process on Amazon ECS with Fargate: what reads an event store or Redis Streams, for which Lambda has no
 * event source mapping. Its tasks share the work; each drains before it is stopped.
 */
import { relative } from 'node:path';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  ContainerImage,
  CpuArchitecture,
  FargatePlatformVersion,
  FargateService,
  FargateTaskDefinition,
  LogDrivers,
  OperatingSystemFamily,
  PropagatedTagSource,
} from 'aws-cdk-lib/aws-ecs';
import type { CfnTaskDefinition, ContainerDefinition, ICluster } from 'aws-cdk-lib/aws-ecs';
import type { IGrantable, IPrincipal } from 'aws-cdk-lib/aws-iam';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { HopAlarms, processBusy, processFull, tasksMissing } from './alarms/index.ts';
import type { AlarmProps } from './alarms/index.ts';
import { containerCode } from './container-code.ts';
import { databaseVariables } from './database-connection.ts';
import type { DatabaseConnection } from './database-connection.ts';
import { environmentOf } from './environment.ts';
import type { EventDestination } from './event-routes.ts';
import { grantTo } from './grants.ts';
import { kebabCase } from './names.ts';
import { recordNode } from './topology-recorder.ts';
import { numberInRange, validateProps } from './validation.ts';
import type { Rule } from './validation.ts';

export interface EventProcessProps extends AlarmProps {
  /** The file that runs when it is loaded, relative to the directory of cdk.json. On SIGTERM it drains and ends. */
  readonly entry: string;
  readonly cluster: ICluster;
  /**
   * Variables besides those of the construct.
   * @default - none
   */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Tasks, all with the same work to share. At least one: none would leave every event unread.
   * @default 1
   */
  readonly desiredCount?: number;
  /**
   * Units of 1,024 for a processor: 256, 512, 1024, 2048 and more.
   * @default 256
   */
  readonly cpu?: number;
  /**
   * MiB, of the steps that Fargate has for the processor.
   * @default 512
   */
  readonly memoryLimitMiB?: number;
  /**
   * How long it may take to finish what runs, when it is told to stop: the variable WAYBILL_DRAIN_SECONDS. ECS kills it
   * 30 seconds later, and no earlier.
   * @default Duration.seconds(60)
   */
  readonly drainTimeout?: Duration;
  /** @default - that of `database` */
  readonly vpc?: IVpc;
  /** @default - that of `database`, else the private subnets */
  readonly vpcSubnets?: SubnetSelection;
  /** @default - the client group of `database`, else one of its own */
  readonly securityGroups?: readonly ISecurityGroup[];
  /**
   * Gives it the database's secret and network.
   * @default - no database
   */
  readonly database?: DatabaseConnection;
  /**
   * Topics and buses it publishes to.
   * @default - it publishes nothing
   */
  readonly publishesTo?: readonly EventDestination[];
  /** @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
}

/**
 * @example
 * const agents = new EventProcess(this, 'Agents', { cluster, entry: 'lambda/handlers/agents/process.ts', database });
 * agents.service; agents.role; agents.container;
 */
export class EventProcess extends Construct implements IGrantable {
  readonly processName: string;
  readonly service: FargateService;
  readonly taskDefinition: FargateTaskDefinition;
  readonly container: ContainerDefinition;
  /** What the process itself may do. */
  readonly role: Role;
  readonly grantPrincipal: IPrincipal;
  readonly logGroup: LogGroup;
  readonly alarms: HopAlarms['all'];
  readonly #routes: EventDestination['routes'][number][] = [];

  /** @throws ValidationError when the entry does not exist, does not bundle, or a value is out of range */
  constructor(scope: Construct, id: string, props: EventProcessProps) {
    super(scope, id);
    validateProps(this, RULES, props);
    this.processName = kebabCase(id);
    const { database } = props;
    const drain = props.drainTimeout ?? DEFAULT_DRAIN;
    this.logGroup = new LogGroup(this, 'Log', {
      retention: props.logRetention ?? RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
    this.grantPrincipal = this.role;
    this.taskDefinition = this.#taskDefinition(props);
    this.container = this.taskDefinition.addContainer('Process', {
      containerName: 'process',
      image: ContainerImage.fromAsset(containerCode(this, props.entry), { platform: Platform.LINUX_ARM64 }),
      environment: {
        WAYBILL_ENVIRONMENT: environmentOf(this),
        WAYBILL_SERVICE: this.processName,
        WAYBILL_DRAIN_SECONDS: String(drain.toSeconds()),
        WAYBILL_HEALTH_FILE: HEALTH_FILE,
        // Lambda sets it by itself; here nothing is relied on.
        AWS_REGION: this.taskDefinition.stack.region,
        ...props.environment,
      },
      logging: LogDrivers.awsLogs({ logGroup: this.logGroup, streamPrefix: this.processName }),
      stopTimeout: drain.plus(KILL_AFTER_DRAIN),
      healthCheck: {
        command: ['CMD-SHELL', `find ${HEALTH_FILE} -newermt '-${HEALTHY_SECONDS} seconds' | grep -q .`],
        interval: Duration.seconds(30),
        timeout: Duration.seconds(5),
        retries: 3,
        startPeriod: Duration.seconds(60),
      },
      readonlyRootFilesystem: true,
    });
    // Of the health file, and nothing else: the rest of the file system cannot be written.
    this.container.addMountPoints({ sourceVolume: 'temporary', containerPath: '/tmp', readOnly: false });
    this.service = this.#service(props);
    recordNode(this, {
      kind: 'process',
      resource: this.service,
      owner: this.processName,
      entry: relative(process.cwd(), props.entry),
    });
    if (database !== undefined) this.#connect(database);
    for (const destination of props.publishesTo ?? []) this.publishTo(destination);
    this.#acknowledge();
    this.alarms = this.#watch(props);
  }

  /** Lets the process publish there, and tells its runtime. The same as the prop `publishesTo`. */
  publishTo(destination: EventDestination): void {
    destination.grants.publish(this);
    this.#routes.push(...destination.routes);
    this.container.addEnvironment(
      'WAYBILL_PUBLISH_ROUTES',
      this.taskDefinition.stack.toJsonString(this.#routes),
    );
  }

  #taskDefinition(props: EventProcessProps): FargateTaskDefinition {
    return new FargateTaskDefinition(this, 'Task', {
      cpu: props.cpu ?? DEFAULT_CPU,
      memoryLimitMiB: props.memoryLimitMiB ?? DEFAULT_MEMORY_MIB,
      runtimePlatform: {
        cpuArchitecture: CpuArchitecture.ARM64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
      taskRole: this.role,
      executionRole: new Role(this, 'ExecutionRole', {
        assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
      }),
      volumes: [{ name: 'temporary' }],
    });
  }

  #service(props: EventProcessProps): FargateService {
    const { database } = props;
    const vpcSubnets = props.vpcSubnets ?? database?.vpcSubnets;
    const securityGroups =
      props.securityGroups ??
      (database?.clientSecurityGroup === undefined ? undefined : [database.clientSecurityGroup]);
    return new FargateService(this, 'Service', {
      cluster: props.cluster,
      taskDefinition: this.taskDefinition,
      platformVersion: FargatePlatformVersion.VERSION1_4,
      desiredCount: props.desiredCount ?? 1,
      assignPublicIp: false,
      // The new tasks are there before the old ones drain: the work is shared meanwhile, and never without anybody.
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { enable: true, rollback: true },
      enableECSManagedTags: true,
      propagateTags: PropagatedTagSource.SERVICE,
      ...(vpcSubnets === undefined ? {} : { vpcSubnets }),
      ...(securityGroups === undefined ? {} : { securityGroups: [...securityGroups] }),
    });
  }

  #connect(database: DatabaseConnection): void {
    for (const [name, value] of Object.entries(databaseVariables(database))) {
      this.container.addEnvironment(name, value);
    }
    // A secret found by name has no complete ARN: Secrets Manager appends six characters.
    const { secretArn, secretFullArn } = database.secret;
    grantTo(this, ['secretsmanager:GetSecretValue'], [secretFullArn ?? `${secretArn}-??????`]);
    database.secret.encryptionKey?.grant(this, 'kms:Decrypt');
  }

  #acknowledge(): void {
    acknowledge(
      this.taskDefinition.node.defaultChild as CfnTaskDefinition,
      'AwsSolutions-ECS2',
      'Variables hold names, addresses and ARNs; secrets are read by the process itself, with its role',
    );
    acknowledge(
      this.taskDefinition.executionRole as Role,
      'AwsSolutions-IAM5[Resource::*]',
      'The right to get a token of ECR (ecr:GetAuthorizationToken) supports no resource; layers are read of the one repository',
    );
  }

  #watch(props: EventProcessProps): HopAlarms['all'] {
    const alarms = new HopAlarms(this, props);
    const dimensions = {
      ClusterName: props.cluster.clusterName,
      ServiceName: this.service.serviceName,
    };
    alarms.add('TasksAlarm', tasksMissing(this, dimensions, props.desiredCount ?? 1));
    alarms.add('CpuAlarm', processBusy(this, dimensions));
    alarms.add('MemoryAlarm', processFull(this, dimensions));
    return alarms.all;
  }
}

const DEFAULT_CPU = 256;
const DEFAULT_MEMORY_MIB = 512;
const DEFAULT_DRAIN = Duration.seconds(60);
/** For what comes after the last handler: marks, leases, connections. */
const KILL_AFTER_DRAIN = Duration.seconds(30);
/** Written by the process while it works: see WAYBILL_HEALTH_FILE. */
const HEALTH_FILE = '/tmp/waybill-healthy';
/** The process writes it every few seconds. */
const HEALTHY_SECONDS = 60;
/** stopTimeout of Fargate is at most 120 seconds: AmazonECS/latest/developerguide/task_definition_parameters.html. */
const DRAIN_SECONDS = { min: 1, max: 90, unit: 'seconds' } as const;
/** Service quotas of Fargate, AmazonECS/latest/developerguide/service-quotas.html. */
const DESIRED_COUNT = { min: 1, max: 5_000, unit: 'tasks' } as const;

const RULES: readonly Rule<EventProcessProps>[] = [
  numberInRange(
    'WAYBILL_DESIRED_COUNT_OUT_OF_RANGE',
    'desiredCount',
    DESIRED_COUNT,
    'without a task nobody reads the events; take the process out where it is not wanted',
  ),
  numberInRange(
    'WAYBILL_DRAIN_TIMEOUT_OUT_OF_RANGE',
    'drainTimeout',
    DRAIN_SECONDS,
    'Fargate kills a task 120 seconds after it was told to stop, and closing takes 30 of them',
  ),
  ({ vpc, database }) =>
    vpc !== undefined || database?.vpc !== undefined
      ? undefined
      : {
          code: 'WAYBILL_VPC_MISSING',
          prop: 'vpc',
          received: 'none',
          allowed: 'a vpc, or a database that is in one',
          fix: 'a task of Fargate is always in a network',
        },
];
