/** The event buses (classic), rules and archives of an assembly. */
import { formatArn } from './arn.ts';
import type { Place } from './arn.ts';
import { busNameOf } from './identity.ts';
import type { Assembly, Resource } from './model.ts';
import { list, number, object, text } from './property.ts';
import { statementsOf } from './resource-policies.ts';
import type { AttachedPolicy } from './resource-policies.ts';

export interface Bus extends Place {
  readonly resource: Resource;
  readonly arn: string;
  readonly name: string;
  readonly kmsKeyId: string | undefined;
  readonly deadLetterArn: string | undefined;
  /** Of AWS::Events::EventBusPolicy, and of the bus itself. */
  readonly policies: readonly AttachedPolicy[];
}

export interface Rule extends Place {
  readonly resource: Resource;
  readonly arn: string;
  readonly name: string;
  readonly busName: string;
  readonly busArn: string;
  /** Undefined: the rule goes by its schedule alone. */
  readonly eventPattern: Readonly<Record<string, unknown>> | undefined;
  readonly scheduleExpression: string | undefined;
  readonly enabled: boolean;
  readonly targets: readonly RuleTarget[];
}

export interface RuleTarget {
  readonly id: string;
  readonly arn: string;
  readonly roleArn: string | undefined;
  readonly deadLetterArn: string | undefined;
  /** Undefined: EventBridge's own, 24 hours. */
  readonly maximumEventAgeSeconds: number | undefined;
  /** Undefined: EventBridge's own, 185. */
  readonly maximumRetryAttempts: number | undefined;
  readonly inputPath: string | undefined;
  readonly input: string | undefined;
  readonly inputTransformer: Readonly<Record<string, unknown>> | undefined;
  /** The one static group of all messages to an SQS queue. */
  readonly messageGroupId: string | undefined;
}

export interface Archive extends Place {
  readonly resource: Resource;
  readonly sourceArn: string;
  readonly kmsKeyId: string | undefined;
  readonly eventPattern: Readonly<Record<string, unknown>> | undefined;
  /** 0: for ever. */
  readonly retentionDays: number;
}

export function busesOf(assembly: Assembly): readonly Bus[] {
  const separate = Map.groupBy(
    assembly.ofType('AWS::Events::EventBusPolicy'),
    (policy) => `${policy.accountId} ${policy.region} ${busNameOf(policy.properties['EventBusName'])}`,
  );
  return assembly.ofType('AWS::Events::EventBus').map((resource) => {
    const { properties, accountId, region, name } = resource;
    const own = statementsOf(properties['Policy']);
    const policies = (separate.get(`${accountId} ${region} ${name}`) ?? []).map((policy) => ({
      resource: policy,
      statements: busStatements(policy),
    }));
    return {
      resource,
      accountId,
      region,
      arn: resource.arn ?? '',
      name,
      kmsKeyId: keyOf(properties),
      deadLetterArn: text(object(properties['DeadLetterConfig'])?.['Arn']),
      policies: own.length === 0 ? policies : [{ resource, statements: own }, ...policies],
    };
  });
}

/** An empty text means AWS's own key too, and is what CDK writes for an archive without one. */
function keyOf(properties: Resource['properties']): string | undefined {
  const id = text(properties['KmsKeyIdentifier']);
  return id === '' ? undefined : id;
}

/** A statement as a whole, or in the older form as action and principal. */
function busStatements({ properties, accountId, region }: Resource): AttachedPolicy['statements'] {
  const statement = object(properties['Statement']);
  if (statement !== undefined) return [statement];
  const principal = text(properties['Principal']);
  if (principal === undefined) return [];
  const bus = busNameOf(properties['EventBusName']);
  const condition = object(properties['Condition']);
  return [
    {
      Sid: properties['StatementId'],
      Effect: 'Allow',
      Principal: principal === '*' ? '*' : { AWS: `arn:aws:iam::${principal}:root` },
      Action: properties['Action'],
      Resource: formatArn('events', { accountId, region }, `event-bus/${bus}`),
      ...(condition === undefined
        ? {}
        : {
            Condition: {
              [text(condition['Type']) ?? '']: { [text(condition['Key']) ?? '']: condition['Value'] },
            },
          }),
    },
  ];
}

export function rulesOf(assembly: Assembly): readonly Rule[] {
  return assembly.ofType('AWS::Events::Rule').map((resource) => {
    const { properties, accountId, region, name } = resource;
    const busName = busNameOf(properties['EventBusName']);
    return {
      resource,
      accountId,
      region,
      arn: resource.arn ?? '',
      name,
      busName,
      busArn: formatArn('events', resource, `event-bus/${busName}`),
      eventPattern: object(properties['EventPattern']),
      scheduleExpression: text(properties['ScheduleExpression']),
      enabled: properties['State'] !== 'DISABLED',
      targets: list(properties['Targets']).map((target) => targetOf(object(target) ?? {})),
    };
  });
}

function targetOf(target: Readonly<Record<string, unknown>>): RuleTarget {
  const retry = object(target['RetryPolicy']);
  return {
    id: text(target['Id']) ?? '',
    arn: text(target['Arn']) ?? '',
    roleArn: text(target['RoleArn']),
    deadLetterArn: text(object(target['DeadLetterConfig'])?.['Arn']),
    maximumEventAgeSeconds: number(retry?.['MaximumEventAgeInSeconds']),
    maximumRetryAttempts: number(retry?.['MaximumRetryAttempts']),
    inputPath: text(target['InputPath']),
    input: text(target['Input']),
    inputTransformer: object(target['InputTransformer']),
    messageGroupId: text(object(target['SqsParameters'])?.['MessageGroupId']),
  };
}

export function archivesOf(assembly: Assembly): readonly Archive[] {
  return assembly.ofType('AWS::Events::Archive').map((resource) => ({
    resource,
    accountId: resource.accountId,
    region: resource.region,
    sourceArn: text(resource.properties['SourceArn']) ?? '',
    kmsKeyId: keyOf(resource.properties),
    eventPattern: object(resource.properties['EventPattern']),
    retentionDays: number(resource.properties['RetentionDays']) ?? 0,
  }));
}
