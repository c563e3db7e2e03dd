/**
 * What has to be allowed in an assembly so that it works: by its hops, by its functions' settings, and by what
 * Waybill's runtime does with the variables that the constructs set. A grant that serves none of these is too much.
 */
import { formatArn, parseArn, partitionOf } from '../assembly/index.ts';
import { objects, text } from '../assembly/property.ts';
import type { LambdaFunction, Messaging } from '../assembly/index.ts';
import { isRecord } from '../json.ts';
import type { Actor } from './actor.ts';
import { ofApiGateway } from './api-gateway-needs.ts';
import { ofClaimChecks } from './claim-check-needs.ts';
import { usingControls } from './controls-needs.ts';
import { ofDeclaredUses } from './declared-needs.ts';
import type { Permission } from './permission.ts';
import { deliveriesOf } from './deliveries.ts';
import { ofProcess } from './process-needs.ts';
import { ofStateMachines } from './state-machine-needs.ts';
import { makingKafkaTopic } from './stream-permissions.ts';
import {
  CUSTOM_BUS_CONTEXT,
  permissionsOf,
  publishing,
  receiving,
  sending,
  subscribing,
} from './delivery-permissions.ts';

export interface Need {
  readonly permission: Permission;
  /** For people: what would stop working. */
  readonly because: string;
}

const found = new WeakMap<Messaging, readonly Need[]>();

export function needsOf(messaging: Messaging): readonly Need[] {
  const known = found.get(messaging);
  if (known !== undefined) return known;
  const needs = [
    ...ofDeliveries(messaging),
    ...messaging.functions.flatMap((fn) => ofFunction(messaging, fn)),
    ...messaging.processes.flatMap((process) =>
      ofProcess(messaging, process, (actor, environment) => {
        const path = process.resource.constructPath;
        return [
          ...ofVariables(messaging, actor, environment, path),
          ...ofSealing(messaging, actor, environment).map((permission) => ({
            permission,
            because: `sealed personal data of ${path}`,
          })),
        ];
      }),
    ),
    ...ofEncryptedBuses(messaging),
    ...ofApiGateway(messaging),
    ...ofFlowLogs(messaging),
    ...ofRotations(messaging),
    ...ofStateMachines(messaging),
    ...ofKafkaTopics(messaging),
    ...ofCostAnomalies(messaging),
    ...ofDeclaredUses(messaging),
  ];
  found.set(messaging, needs);
  return needs;
}

function ofDeliveries(messaging: Messaging): Need[] {
  return deliveriesOf(messaging).flatMap((delivery): Need[] => {
    const { carrier, hop } = delivery;
    if (carrier.kind === 'sqs') return [];
    const because = `${delivery.purpose === 'deadLetter' ? 'dead letters' : delivery.kind} of ${hop.constructPath}`;
    if (carrier.kind === 'service') {
      return [...permissionsOf(messaging, delivery, carrier), ...subscribing(messaging, delivery)].map(
        (permission) => ({ permission, because }),
      );
    }
    const role = messaging.role(carrier.roleArn);
    if (role === undefined) return [];
    const { service, sourceArn } = carrier;
    const trust = {
      actor: { kind: 'service', service, sourceArn },
      action: 'sts:AssumeRole',
      resourceArn: role.arn,
    } as const;
    return [trust, ...permissionsOf(messaging, delivery, { kind: 'role', role })].map((permission) => ({
      permission,
      because,
    }));
  });
}

/** What Lambda needs to place a function in a VPC, lambda/latest/dg/configuration-vpc.html. */
const NETWORK_INTERFACE_ACTIONS = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];
/** lambda/latest/dg/monitoring-cloudwatchlogs.html */
const LOG_ACTIONS = ['logs:CreateLogStream', 'logs:PutLogEvents'];

function ofFunction(messaging: Messaging, fn: LambdaFunction): Need[] {
  const role = messaging.role(fn.roleArn);
  if (role === undefined) return [];
  const actor: Actor = { kind: 'role', role };
  const path = fn.resource.constructPath;
  const need = (because: string, permissions: readonly Permission[]): Need[] =>
    permissions.map((permission) => ({ permission, because: `${because} of ${path}` }));
  const simple = (actions: readonly string[], resourceArn: string): Permission[] =>
    actions.map((action) => ({ actor, action, resourceArn }));
  const trust: Permission = {
    actor: { kind: 'service', service: 'lambda.amazonaws.com', sourceArn: fn.arn },
    action: 'sts:AssumeRole',
    resourceArn: role.arn,
  };
  const logGroup = fn.logGroupName ?? `/aws/lambda/${fn.name}`;
  return [
    ...need('the role', [trust]),
    ...need('logs', simple(LOG_ACTIONS, formatArn('logs', fn, `log-group:${logGroup}:*`))),
    ...(fn.inVpc ? need('the VPC', simple(NETWORK_INTERFACE_ACTIONS, '*')) : []),
    ...ofVariables(messaging, actor, fn.environment, path),
    ...need('sealed personal data', ofSealing(messaging, actor, fn.environment)),
    ...need('claim checks', ofClaimChecks(messaging, actor, fn.environment)),
    ...need('controls', usingControls(messaging, actor, fn)),
  ];
}

function ofVariables(
  messaging: Messaging,
  actor: Actor,
  environment: Readonly<Record<string, string>>,
  path: string,
): Need[] {
  return Object.entries(environment).flatMap(([variable, value]) =>
    ofVariable(messaging, actor, variable, value).map((permission) => ({
      permission,
      because: `${variable} of ${path}`,
    })),
  );
}

/**
 * What the runtime does with a variable.
 *
 * | variable | use |
 * |---|---|
 * | WAYBILL_QUEUE_URL | changes the visibility of what failed (D6) |
 * | WAYBILL_DEAD_LETTER_QUEUE_URL | puts there what can never be handled (D10) |
 * | WAYBILL_OUTBOX_NUDGE_QUEUE_URL | wakes the relay after a commit |
 * | WAYBILL_PARKING_QUEUE_URL | parks messages of tenants that are switched off |
 * | WAYBILL_PUBLISH_ROUTES, WAYBILL_KAFKA_RETRY_TOPICS | publishes to each of its targets |
 * | WAYBILL_KAFKA_DEAD_LETTER_TOPIC | puts there what can never be handled |
 * | WAYBILL_STATE_MACHINE_ARN | starts its executions |
 * | any that is the ARN of a secret in the assembly | reads the secret |
 */
function ofVariable(
  messaging: Messaging,
  actor: Actor,
  variable: string,
  value: string,
): readonly Permission[] {
  switch (variable) {
    case 'WAYBILL_QUEUE_URL': {
      const queue = messaging.queue(value);
      return queue === undefined
        ? []
        : [
            ...receiving(messaging, queue.arn, actor),
            { actor, action: 'sqs:ChangeMessageVisibility', resourceArn: queue.arn },
          ];
    }
    case 'WAYBILL_DEAD_LETTER_QUEUE_URL':
    case 'WAYBILL_OUTBOX_NUDGE_QUEUE_URL':
    case 'WAYBILL_PARKING_QUEUE_URL':
      return sending(messaging, messaging.queue(value)?.arn ?? value, actor);
    case 'WAYBILL_PUBLISH_ROUTES':
    case 'WAYBILL_KAFKA_RETRY_TOPICS':
      return publishTargets(value).flatMap((target) => publishing(messaging, target, actor));
    case 'WAYBILL_KAFKA_DEAD_LETTER_TOPIC':
      return publishing(messaging, value, actor);
    case 'WAYBILL_STATE_MACHINE_ARN':
      return [{ actor, action: 'states:StartExecution', resourceArn: value }];
    default:
      return parseArn(value)?.service === 'secretsmanager'
        ? [
            { actor, action: 'secretsmanager:GetSecretValue', resourceArn: value },
            ...secretKeyUse(messaging, value, actor),
          ]
        : [];
  }
}

/** Data keys for the events of WAYBILL_SEALS and WAYBILL_OPENS, under WAYBILL_SEALING_KEY_ARN (D13). */
function ofSealing(
  messaging: Messaging,
  actor: Actor,
  environment: Readonly<Record<string, string>>,
): readonly Permission[] {
  const keyArn = environment['WAYBILL_SEALING_KEY_ARN'];
  if (keyArn === undefined) return [];
  const uses = (action: string, events: string | undefined): Permission[] =>
    (events ?? '')
      .split(',')
      .filter((eventType) => eventType !== '')
      .map((eventType) => ({
        actor,
        action,
        resourceArn: messaging.key(keyArn)?.arn ?? keyArn,
        keys: {
          'kms:EncryptionContext:eventType': eventType,
          'kms:EncryptionContext:tenantId': 'any-tenant',
        },
      }));
  return [
    ...uses('kms:GenerateDataKey', environment['WAYBILL_SEALS']),
    ...uses('kms:Decrypt', environment['WAYBILL_OPENS']),
  ];
}

/** The targets of WAYBILL_PUBLISH_ROUTES. */
export function publishTargets(routes: string): readonly string[] {
  try {
    const parsed: unknown = JSON.parse(routes);
    return Array.isArray(parsed)
      ? parsed.filter(isRecord).flatMap(({ target }) => (typeof target === 'string' ? [target] : []))
      : [];
  } catch {
    return [];
  }
}

/** Reading takes `kms:Decrypt`; a new version takes a data key, too: secretsmanager/latest/userguide/security-encryption.html. */
function secretKeyUse(
  messaging: Messaging,
  secretArn: string,
  actor: Actor,
  actions: readonly string[] = ['kms:Decrypt'],
): readonly Permission[] {
  const secret = messaging.assembly.find(secretArn);
  const key = messaging.key(secret?.properties['KmsKeyId']);
  return key === undefined ? [] : actions.map((action) => ({ actor, action, resourceArn: key.arn }));
}

/** eventbridge/latest/userguide/eb-encryption-event-bus-cmkey.html */
const BUS_KEY_ACTIONS = ['kms:DescribeKey', 'kms:GenerateDataKey', 'kms:Decrypt'];
/** eventbridge/latest/userguide/encryption-archives.html */
const ARCHIVE_KEY_ACTIONS = [...BUS_KEY_ACTIONS, 'kms:ReEncryptFrom', 'kms:ReEncryptTo'];
/** eventbridge/latest/userguide/eb-custom-bus-encryption.html, "Writing the key policy" */
const CUSTOM_BUS_KEY_ACTIONS = [
  'kms:Decrypt',
  'kms:Encrypt',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

function ofEncryptedBuses(messaging: Messaging): Need[] {
  const encrypted = [
    ...messaging.buses.map(({ arn, kmsKeyId, resource }) => ({
      arn,
      kmsKeyId,
      resource,
      actions: BUS_KEY_ACTIONS,
      context: 'aws:events:event-bus:arn',
    })),
    ...messaging.customBuses.map(({ arn, kmsKeyId, resource }) => ({
      arn,
      kmsKeyId,
      resource,
      actions: CUSTOM_BUS_KEY_ACTIONS,
      context: CUSTOM_BUS_CONTEXT,
    })),
    ...messaging.archives.map(({ kmsKeyId, resource }) => ({
      arn: resource.arn ?? '',
      kmsKeyId,
      resource,
      actions: ARCHIVE_KEY_ACTIONS,
      context: 'aws:events:event-bus:arn',
    })),
  ];
  return encrypted.flatMap(({ arn, kmsKeyId, resource, actions, context }) => {
    const key = messaging.key(kmsKeyId);
    if (key === undefined) return [];
    return actions.map((action) => ({
      permission: {
        actor: { kind: 'service', service: 'events.amazonaws.com', sourceArn: arn },
        action,
        resourceArn: key.arn,
        keys: { [`kms:EncryptionContext:${context}`]: arn },
      },
      because: `encryption of ${resource.constructPath}`,
    }));
  });
}

/** secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html */
const ROTATION_ACTIONS = ['DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'];

/** Secrets Manager invokes the function, which puts the new version into the secret. */
function ofRotations(messaging: Messaging): Need[] {
  return messaging.assembly.ofType('AWS::SecretsManager::RotationSchedule').flatMap((schedule) => {
    const secretArn = text(schedule.properties['SecretId']) ?? '';
    const fn = messaging.function(schedule.properties['RotationLambdaARN']);
    const role = messaging.role(fn?.roleArn);
    if (fn === undefined || role === undefined) return [];
    const actor: Actor = { kind: 'role', role };
    const permissions: readonly Permission[] = [
      {
        actor: { kind: 'service', service: 'secretsmanager.amazonaws.com', sourceArn: secretArn },
        action: 'lambda:InvokeFunction',
        resourceArn: fn.arn,
      },
      ...ROTATION_ACTIONS.map((action) => ({
        actor,
        action: `secretsmanager:${action}`,
        resourceArn: secretArn,
      })),
      ...secretKeyUse(messaging, secretArn, actor, ['kms:Decrypt', 'kms:GenerateDataKey']),
    ];
    return permissions.map((permission) => ({
      permission,
      because: `rotation ${schedule.constructPath}`,
    }));
  });
}

/** A topic that is a custom resource is made by the function behind its service token. */
function ofKafkaTopics(messaging: Messaging): Need[] {
  return messaging.kafkaTopics.flatMap(({ arn, resource }) => {
    const fn = messaging.function(resource.properties['ServiceToken']);
    const role = messaging.role(fn?.roleArn);
    if (role === undefined) return [];
    return makingKafkaTopic(arn, { kind: 'role', role }).map((permission) => ({
      permission,
      because: `Kafka topic ${resource.constructPath}`,
    }));
  });
}

/** Cost Anomaly Detection publishes to topics: cost-management/latest/userguide/ad-SNS.html. */
function ofCostAnomalies(messaging: Messaging): Need[] {
  return messaging.assembly.ofType('AWS::CE::AnomalySubscription').flatMap((subscription) => {
    const { accountId, region, properties, constructPath } = subscription;
    const actor: Actor = {
      kind: 'service',
      service: 'costalerts.amazonaws.com',
      sourceArn: `arn:${partitionOf(region)}:ce::${accountId}:anomalysubscription/${subscription.logicalId}`,
    };
    return objects(properties['Subscribers'])
      .filter(({ Type: type }) => type === 'SNS')
      .flatMap(({ Address: address }) => publishing(messaging, text(address) ?? '', actor))
      .map((permission) => ({ permission, because: `cost anomalies of ${constructPath}` }));
  });
}

/** vpc/latest/userguide/flow-logs-iam-role.html, for a log group that exists */
const FLOW_LOG_ACTIONS = ['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'];

function ofFlowLogs(messaging: Messaging): Need[] {
  return messaging.assembly.ofType('AWS::EC2::FlowLog').flatMap((flowLog) => {
    const role = messaging.role(flowLog.properties['DeliverLogsPermissionArn']);
    if (role === undefined) return [];
    const group = formatArn('logs', flowLog, `log-group:${text(flowLog.properties['LogGroupName']) ?? ''}:*`);
    const trust: Permission = {
      actor: {
        kind: 'service',
        service: 'vpc-flow-logs.amazonaws.com',
        sourceArn: formatArn('ec2', flowLog, `vpc-flow-log/${flowLog.ref}`),
      },
      action: 'sts:AssumeRole',
      resourceArn: role.arn,
    };
    const writing = FLOW_LOG_ACTIONS.map((action): Permission => ({
      actor: { kind: 'role', role },
      action,
      resourceArn: group,
    }));
    return [trust, ...writing].map((permission) => ({
      permission,
      because: `flow log ${flowLog.constructPath}`,
    }));
  });
}
