/**
 * A Step Functions workflow that sends commands to queues and waits for their workers' answers: its role, log, key and
 * alarms. What it does is given as Amazon States Language.
 */
import { ArnFormat, Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { executionsFailed, executionsThrottled, executionsTimedOut, HopAlarms } from './alarms/index.ts';
import type { AlarmProps } from './alarms/index.ts';
import type { EventFunction } from './event-function.ts';
import type { EventDestination } from './event-routes.ts';
import { grantTo } from './grants.ts';
import { allowKeyUse } from './key-access.ts';
import { logsIn } from './key-sources.ts';
import { recordEdge, recordNode } from './topology-recorder.ts';

export interface TaskMachineProps extends AlarmProps {
  /** Amazon States Language; references to other resources may be tokens. */
  readonly definition: object;
  /** The queues it sends to, with the events that it sends to each. It may send nowhere else. */
  readonly publishesTo: readonly EventDestination[];
  /**
   * Encrypts the definition and the history of executions.
   * @default - encrypted with a key that AWS owns
   */
  readonly encryptionKey?: IKey;
  /** @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
}

/**
 * @example
 * const saga = new TaskMachine(this, 'OrderSaga', { definition, publishesTo: [paymentSteps, stockSteps] });
 * saga.grants.start(starter);
 * saga.grants.answer(paymentWorker);
 */
export class TaskMachine extends Construct implements IGrantable {
  readonly stateMachine: CfnStateMachine;
  readonly stateMachineArn: string;
  readonly role: Role;
  readonly grantPrincipal: Role;
  readonly logGroup: LogGroup;
  readonly alarms: HopAlarms['all'];
  readonly grants: TaskMachineGrants;

  constructor(scope: Construct, id: string, props: TaskMachineProps) {
    super(scope, id);
    const stack = Stack.of(this);
    // Known at synth: the role names the machine, and the machine its role.
    const name = Names.uniqueResourceName(this, {
      maxLength: MAX_NAME_LENGTH,
      separator: '-',
      allowedSpecialCharacters: '-_',
    });
    this.stateMachineArn = stack.formatArn({
      service: 'states',
      resource: 'stateMachine',
      resourceName: name,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('states.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': stack.account },
          ArnLike: { 'aws:SourceArn': this.stateMachineArn },
        },
      }),
    });
    this.grantPrincipal = this.role;
    // Under this prefix a log group does not count against the size of CloudWatch's resource policy.
    this.logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/aws/vendedlogs/states/${name}`,
      retention: props.logRetention ?? RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.#allowLogsAndTraces();
    this.#encrypt(props.encryptionKey);
    this.stateMachine = new CfnStateMachine(this, 'Machine', {
      stateMachineName: name,
      stateMachineType: 'STANDARD',
      definitionString: stack.toJsonString(props.definition),
      roleArn: this.role.roleArn,
      loggingConfiguration: {
        level: 'ALL',
        // Executions carry customers' data, which a log would keep unencrypted and for longer.
        includeExecutionData: false,
        destinations: [{ cloudWatchLogsLogGroup: { logGroupArn: this.logGroup.logGroupArn } }],
      },
      tracingConfiguration: { enabled: true },
      ...(props.encryptionKey === undefined
        ? {}
        : {
            encryptionConfiguration: {
              type: 'CUSTOMER_MANAGED_KMS_KEY',
              kmsKeyId: props.encryptionKey.keyArn,
              kmsDataKeyReusePeriodSeconds: DATA_KEY_REUSE_SECONDS,
            },
          }),
    });
    // Its first execution must not come before its role may do its work.
    this.stateMachine.node.addDependency(this.role);
    recordNode(this, { kind: 'stateMachine', resource: this.stateMachine });
    for (const destination of props.publishesTo) destination.grants.publish(this);
    const alarms = new HopAlarms(this, props);
    alarms.add('FailedAlarm', executionsFailed(this, this.stateMachineArn));
    alarms.add('TimedOutAlarm', executionsTimedOut(this, this.stateMachineArn));
    alarms.add('ThrottledAlarm', executionsThrottled(this, this.stateMachineArn));
    this.alarms = alarms.all;
    this.grants = new TaskMachineGrants(this);
  }

  /** step-functions/latest/dg/cw-logs.html and concepts-xray-tracing.html; none of these actions takes a resource. */
  #allowLogsAndTraces(): void {
    this.role.addToPolicy(new PolicyStatement({ actions: LOG_DELIVERY_ACTIONS, resources: ['*'] }));
    this.role.addToPolicy(new PolicyStatement({ actions: TRACING_ACTIONS, resources: ['*'] }));
    acknowledge(
      this.role,
      'AwsSolutions-IAM5[Resource::*]',
      'Step Functions sets up the delivery of its log and sends its traces with actions that support no resource',
    );
  }

  /** step-functions/latest/dg/encryption-at-rest.html */
  #encrypt(key: IKey | undefined): void {
    if (key === undefined) return;
    key.grant(this.role, 'kms:Decrypt', 'kms:GenerateDataKey');
    allowKeyUse(this, key, 'deliverLogs', logsIn(this, Stack.of(this)));
  }
}

export class TaskMachineGrants {
  readonly #machine: TaskMachine;

  constructor(machine: TaskMachine) {
    this.#machine = machine;
  }

  /** `states:StartExecution`, and WAYBILL_STATE_MACHINE_ARN. */
  start(fn: EventFunction): void {
    const { stateMachineArn } = this.#machine;
    fn.function.addEnvironment('WAYBILL_STATE_MACHINE_ARN', stateMachineArn);
    grantTo(fn, ['states:StartExecution'], [stateMachineArn]);
    recordEdge(this.#machine, { kind: 'starts', from: fn, to: this.#machine });
  }

  /** What the worker of a step needs: to answer with success or failure, and to say that it is still at it. */
  answer(worker: IGrantable): void {
    grantTo(worker, ANSWERING_ACTIONS, [this.#machine.stateMachineArn]);
  }
}

const ANSWERING_ACTIONS = ['states:SendTaskFailure', 'states:SendTaskHeartbeat', 'states:SendTaskSuccess'];
/** step-functions/latest/dg/cw-logs.html */
const LOG_DELIVERY_ACTIONS = [
  'logs:CreateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:DescribeLogGroups',
  'logs:DescribeResourcePolicies',
  'logs:GetLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:UpdateLogDelivery',
];
/** step-functions/latest/dg/concepts-xray-tracing.html */
const TRACING_ACTIONS = [
  'xray:GetSamplingRules',
  'xray:GetSamplingTargets',
  'xray:PutTelemetryRecords',
  'xray:PutTraceSegments',
];
/** CreateStateMachine name, step-functions/latest/apireference/API_CreateStateMachine.html. */
const MAX_NAME_LENGTH = 80;
/** The longest, step-functions/latest/apireference/API_EncryptionConfiguration.html. */
const DATA_KEY_REUSE_SECONDS = 900;
