/**
 * A Lambda function with the defaults of this library: bundled entry, own log group, a role written by
 * hand, JSON logs, alarms. Consumers and relays are made of it; so are HTTP handlers and jobs.
 */
import { relative } from 'node:path';
import { Duration, PhysicalName, RemovalPolicy } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IGrantable, IPrincipal } from 'aws-cdk-lib/aws-iam';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  ApplicationLogLevel,
  Architecture,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { AnyEventContract, ServiceContract } from '../contracts/index.ts';
import { acknowledge } from './acknowledge.ts';
import {
  functionErrors,
  functionNearTimeout,
  functionThrottles,
  HopAlarms,
  recursionStopped,
} from './alarms/index.ts';
import type { AlarmProps } from './alarms/index.ts';
import { BUNDLE_FILE, bundledCode } from './bundling.ts';
import { databaseVariables } from './database-connection.ts';
import type { DatabaseConnection } from './database-connection.ts';
import { environmentOf } from './environment.ts';
import type { EventDestination } from './event-routes.ts';
import { grantTo } from './grants.ts';
import { LAMBDA_MEMORY_MIB, LAMBDA_TIMEOUT_SECONDS } from './limits.ts';
import { kebabCase } from './names.ts';
import { recordNode } from './topology-recorder.ts';
import { numberInRange, validateProps } from './validation.ts';
import type { Rule } from './validation.ts';

/** What every construct with a function takes. */
export interface FunctionProps extends AlarmProps {
  /** The file that exports the handler, relative to the directory of cdk.json. */
  readonly entry: string;
  /**
   * The name of the export.
   * @default 'handler'
   */
  readonly handler?: string;
  /**
   * @default Duration.seconds(30)
   */
  readonly timeout?: Duration;
  /**
   * MiB, 128 to 10,240. CPU grows with it.
   * @default 512
   */
  readonly memorySize?: number;
  /**
   * Variables besides those of the library, whose names begin with WAYBILL_.
   * @default - none
   */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * A network to run in. Only what needs private resources should: it costs start time and endpoints.
   * @default - that of `database`, else none
   */
  readonly vpc?: IVpc;
  /** @default - that of `database`, else the private subnets */
  readonly vpcSubnets?: SubnetSelection;
  /** @default - the client group of `database`, else one of its own */
  readonly securityGroups?: readonly ISecurityGroup[];
  /**
   * Gives the function the database's secret and network.
   * @default - no database
   */
  readonly database?: DatabaseConnection;
  /**
   * Lets the function write to the relay's outbox: its database, and the nudge after a commit.
   * @default - no outbox
   */
  readonly outbox?: OutboxWriting;
  /**
   * Events that a request or message makes it write to the outbox, each at the declared rate. The estimate counts the
   * requests of a function behind an API by them; they grant nothing.
   * @default - not told: the events of its `service`
   */
  readonly emits?: readonly AnyEventContract[];
  /**
   * Topics and buses it publishes to directly, that is without an outbox.
   * @default - it publishes nothing
   */
  readonly publishesTo?: readonly EventDestination[];
  /**
   * Kill switches and circuit breakers, for handlers that use `createControls()`.
   * @default - nothing can be switched off
   */
  readonly controls?: ControlsReading;
  /**
   * What it calls through a circuit breaker: the names that `controls.dependency(...)` is given.
   * @default - nothing
   */
  readonly dependencies?: readonly string[];
  /** @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
  /**
   * Must not be below the sum of the mappings' maximum concurrency: throttled invocations use up receives.
   * @default - the account's unreserved concurrency
   */
  readonly reservedConcurrentExecutions?: number;
  /** @default - no description */
  readonly description?: string;
}

/** The part of a ControlsTable that a function needs. */
export interface ControlsReading {
  connect(
    fn: EventFunction,
    reader: { readonly dependencies: readonly string[]; readonly consumer: string | undefined },
  ): void;
}

/** The part of an OutboxRelay that a writer needs. */
export interface OutboxWriting {
  readonly database: DatabaseConnection;
  readonly grants: { nudge(fn: EventFunction, emits?: readonly AnyEventContract[]): void };
}

export interface EventFunctionProps extends FunctionProps {
  /**
   * Who this function is, in logs and events.
   * @default - the construct's id in kebab case
   */
  readonly service?: ServiceContract;
}

/** Set by QueueConsumer and OutboxRelay, not by users. */
export interface FunctionIdentity {
  readonly variable: 'WAYBILL_SERVICE' | 'WAYBILL_CONSUMER';
  readonly name: string;
  readonly kind: 'function' | 'relay';
  /** The consumer or relay, whose composite alarm speaks for the function's symptoms. */
  readonly owner: Construct;
}

/**
 * @example
 * const api = new EventFunction(this, 'Api', { service: CoreApi, entry: 'lambda/handlers/core-api.ts', outbox: relay });
 * api.function; // the L2, for an integration
 */
export class EventFunction extends Construct implements IGrantable {
  readonly function: LambdaFunction;
  readonly role: Role;
  readonly logGroup: LogGroup;
  readonly grantPrincipal: IPrincipal;
  readonly alarms: HopAlarms['all'];
  /** Those of its alarms that are silent, because the composite alarm of its consumer or relay speaks for them. */
  readonly symptoms: HopAlarms['symptoms'];
  readonly #routes: EventDestination['routes'][number][] = [];

  /** @throws ValidationError when the entry does not exist, does not bundle, or a value is out of range */
  constructor(scope: Construct, id: string, props: EventFunctionProps, identity?: FunctionIdentity) {
    super(scope, id);
    validateProps(this, FUNCTION_RULES, props);
    const database = props.outbox?.database ?? props.database;
    const vpc = props.vpc ?? database?.vpc;
    const who = identity ?? {
      variable: 'WAYBILL_SERVICE',
      name: props.service?.name ?? kebabCase(id),
      kind: 'function',
    };

    this.logGroup = new LogGroup(this, 'Log', {
      retention: props.logRetention ?? RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      // Named only where another account's policy names it.
      roleName: PhysicalName.GENERATE_IF_NEEDED,
    });
    this.grantPrincipal = this.role;
    // The ARN that CloudFormation gives for a log group ends in `:*`: its streams, and only its.
    grantTo(this.role, ['logs:CreateLogStream', 'logs:PutLogEvents'], [this.logGroup.logGroupArn]);
    if (vpc !== undefined) this.#allowNetworkInterfaces();

    const vpcSubnets = props.vpcSubnets ?? database?.vpcSubnets;
    const securityGroups =
      props.securityGroups ??
      (database?.clientSecurityGroup === undefined ? undefined : [database.clientSecurityGroup]);
    this.function = new LambdaFunction(this, 'Function', {
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: bundledCode(this, props.entry),
      handler: `${BUNDLE_FILE}.${props.handler ?? 'handler'}`,
      timeout: props.timeout ?? DEFAULT_TIMEOUT,
      memorySize: props.memorySize ?? DEFAULT_MEMORY_MIB,
      role: this.role,
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      systemLogLevelV2: SystemLogLevel.WARN,
      environment: {
        WAYBILL_ENVIRONMENT: environmentOf(this),
        [who.variable]: who.name,
        ...props.environment,
      },
      ...(props.description === undefined ? {} : { description: props.description }),
      ...(props.reservedConcurrentExecutions === undefined
        ? {}
        : { reservedConcurrentExecutions: props.reservedConcurrentExecutions }),
      ...(vpc === undefined ? {} : { vpc }),
      ...(vpc === undefined || vpcSubnets === undefined ? {} : { vpcSubnets }),
      ...(vpc === undefined || securityGroups === undefined ? {} : { securityGroups: [...securityGroups] }),
    });
    recordNode(this, {
      kind: who.kind,
      resource: this.function,
      owner: who.name,
      entry: relative(process.cwd(), props.entry),
    });

    if (database !== undefined) this.#connect(database);
    props.outbox?.grants.nudge(this, props.emits);
    props.controls?.connect(this, {
      dependencies: props.dependencies ?? [],
      consumer: who.variable === 'WAYBILL_CONSUMER' ? who.name : undefined,
    });
    for (const destination of props.publishesTo ?? []) this.publishTo(destination);
    const alarms = this.#watch(props, identity);
    this.alarms = alarms.all;
    this.symptoms = alarms.symptoms;
  }

  /** Lets the function publish there, and tells its runtime. The same as the prop `publishesTo`. */
  publishTo(destination: EventDestination): void {
    destination.grants.publish(this);
    this.#routes.push(...destination.routes);
    this.function.addEnvironment('WAYBILL_PUBLISH_ROUTES', this.function.stack.toJsonString(this.#routes));
  }

  #watch(props: EventFunctionProps, identity: FunctionIdentity | undefined): HopAlarms {
    const alarms = new HopAlarms(this, props, identity?.owner);
    alarms.add('ErrorsAlarm', functionErrors(this.function));
    alarms.add('ThrottlesAlarm', functionThrottles(this.function));
    // A relay works until just before its timeout and goes on at the next run.
    if (identity?.kind !== 'relay') {
      alarms.add('DurationAlarm', functionNearTimeout(this.function, props.timeout ?? DEFAULT_TIMEOUT));
    }
    // Lambda looks for loops through queues and topics only, so only what a queue invokes can be cut.
    const publishes = identity?.kind === 'relay' || props.outbox !== undefined || this.#routes.length > 0;
    if (identity !== undefined && publishes) alarms.add('RecursionAlarm', recursionStopped(this.function));
    return alarms;
  }

  #connect(database: DatabaseConnection): void {
    for (const [name, value] of Object.entries(databaseVariables(database))) {
      this.function.addEnvironment(name, value);
    }
    // RDS is spoken to over verified TLS; Node 20 and later no longer load Amazon's root certificates by
    // default: lambda/latest/dg/services-rds.html.
    this.function.addEnvironment('NODE_EXTRA_CA_CERTS', '/var/runtime/ca-cert.pem');
    // A secret found by name has no complete ARN: Secrets Manager appends six characters.
    const { secretArn, secretFullArn } = database.secret;
    grantTo(this.role, ['secretsmanager:GetSecretValue'], [secretFullArn ?? `${secretArn}-??????`]);
    database.secret.encryptionKey?.grant(this.role, 'kms:Decrypt');
  }

  /** What Lambda needs to place a function in a VPC, lambda/latest/dg/configuration-vpc.html. */
  #allowNetworkInterfaces(): void {
    this.role.addToPolicy(
      new PolicyStatement({
        actions: [
          'ec2:AssignPrivateIpAddresses',
          'ec2:CreateNetworkInterface',
          'ec2:DeleteNetworkInterface',
          'ec2:DescribeNetworkInterfaces',
          'ec2:DescribeSubnets',
          'ec2:UnassignPrivateIpAddresses',
        ],
        resources: ['*'],
      }),
    );
    acknowledge(
      this.role,
      'AwsSolutions-IAM5[Resource::*]',
      'Lambda places the function in its VPC with these actions before any interface exists, and the Describe actions support no resource',
    );
  }
}

export const DEFAULT_TIMEOUT = Duration.seconds(30);
const DEFAULT_MEMORY_MIB = 512;

/** What every function is asked; a construct with a function of its own asks it together with its own rules. */
export const FUNCTION_RULES: readonly Rule<EventFunctionProps>[] = [
  numberInRange(
    'WAYBILL_TIMEOUT_OUT_OF_RANGE',
    'timeout',
    LAMBDA_TIMEOUT_SECONDS,
    'give whole seconds; longer work belongs into a workflow',
  ),
  numberInRange('WAYBILL_MEMORY_SIZE_OUT_OF_RANGE', 'memorySize', LAMBDA_MEMORY_MIB, 'give whole MiB'),
  ({ environment }) => {
    const reserved = Object.keys(environment ?? {}).filter((name) => name.startsWith('WAYBILL_'));
    if (reserved.length === 0) return undefined;
    return {
      code: 'WAYBILL_ENVIRONMENT_VARIABLE_RESERVED',
      prop: 'environment',
      received: reserved.join(', '),
      allowed: 'names that do not begin with WAYBILL_',
      fix: 'rename it: these are set by the constructs and read by the runtime',
    };
  },
  ({ controls, dependencies = [] }) => {
    const wrong = dependencies.filter((name) => !/^[a-z][a-z0-9-]{0,63}$/.test(name));
    if (wrong.length === 0 && (controls !== undefined || dependencies.length === 0)) return undefined;
    return {
      code: 'WAYBILL_DEPENDENCIES_INVALID',
      prop: 'dependencies',
      received: wrong.length === 0 ? `${dependencies.join(', ')} without controls` : wrong.join(', '),
      allowed: "names of lower case letters, digits and '-', at most 64 characters, together with controls",
      fix: 'for example payment-gateway, and give controls: the state of a breaker is kept in its table',
    };
  },
  ({ vpc, database, outbox, vpcSubnets, securityGroups }) => {
    if (vpc !== undefined || database?.vpc !== undefined || outbox?.database.vpc !== undefined)
      return undefined;
    if (vpcSubnets === undefined && securityGroups === undefined) return undefined;
    return {
      code: 'WAYBILL_VPC_MISSING',
      prop: vpcSubnets === undefined ? 'securityGroups' : 'vpcSubnets',
      received: 'a value without a vpc',
      allowed: 'a value together with vpc, or with a database that is in one',
      fix: 'give vpc, or leave it out',
    };
  },
];
