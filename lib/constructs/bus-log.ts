/**
 * Where the log of a classic bus goes: a log group, by way of CloudWatch's log deliveries. The bus itself says only what
 * it logs. eventbridge/latest/userguide/eb-event-bus-logs.html
 */
import { Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  CfnDelivery,
  CfnDeliveryDestination,
  CfnDeliverySource,
  LogGroup,
  ResourcePolicy,
  RetentionDays,
} from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { allowKeyUse } from './key-access.ts';
import { logsIn } from './key-sources.ts';

export type BusLogLevel = 'error' | 'info' | 'trace';

export interface BusLogProps {
  readonly eventBusArn: string;
  /** Known at synth. */
  readonly eventBusName: string;
  readonly logLevel: BusLogLevel;
  readonly encryptionKey: IKey | undefined;
  /** @default RetentionDays.ONE_MONTH */
  readonly logRetention: RetentionDays | undefined;
}

/** Each kind of record is a delivery of its own; a level holds those before it. */
const LOG_TYPES = {
  error: ['ERROR_LOGS'],
  info: ['ERROR_LOGS', 'INFO_LOGS'],
  trace: ['ERROR_LOGS', 'INFO_LOGS', 'TRACE_LOGS'],
} as const satisfies Readonly<Record<BusLogLevel, readonly string[]>>;

/** PutDeliverySource and PutDeliveryDestination, AmazonCloudWatchLogs/latest/APIReference. */
const MAX_DELIVERY_NAME_LENGTH = 60;

export class BusLog extends Construct {
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: BusLogProps) {
    super(scope, id);
    this.logGroup = new LogGroup(this, 'Log', {
      // Of these groups CloudWatch leaves room in the policy: AWS-logs-infrastructure-V2-CloudWatchLogs.html.
      logGroupName: `/aws/vendedlogs/events/event-bus/${props.eventBusName}`,
      retention: props.logRetention ?? RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const policy = this.#letIn();
    const destination = new CfnDeliveryDestination(this, 'Destination', {
      name: this.#nameOf('Destination'),
      destinationResourceArn: this.logGroup.logGroupArn,
      outputFormat: 'json',
    });
    for (const logType of LOG_TYPES[props.logLevel]) {
      const source = new CfnDeliverySource(this, `${logType}Source`, {
        name: this.#nameOf(logType),
        logType,
        resourceArn: props.eventBusArn,
      });
      const delivery = new CfnDelivery(this, `${logType}Delivery`, {
        deliverySourceName: source.ref,
        deliveryDestinationArn: destination.attrArn,
      });
      delivery.node.addDependency(policy);
    }
    // What an encrypted bus says of an error is encrypted until it is delivered.
    allowKeyUse(this, props.encryptionKey, 'deliverLogs', logsIn(this, Stack.of(this)));
  }

  /** Deliveries write in the name of no role. */
  #letIn(): ResourcePolicy {
    const { account, region, partition } = Stack.of(this);
    return new ResourcePolicy(this, 'Policy', {
      policyStatements: [
        new PolicyStatement({
          principals: [new ServicePrincipal('delivery.logs.amazonaws.com')],
          actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
          resources: [this.logGroup.logGroupArn],
          conditions: {
            StringEquals: { 'aws:SourceAccount': account },
            ArnLike: { 'aws:SourceArn': `arn:${partition}:logs:${region}:${account}:delivery-source:*` },
          },
        }),
      ],
    });
  }

  #nameOf(part: string): string {
    const own = new Construct(this, `${part}Name`);
    return Names.uniqueResourceName(own, {
      maxLength: MAX_DELIVERY_NAME_LENGTH,
      separator: '-',
      allowedSpecialCharacters: '-_',
    });
  }
}
