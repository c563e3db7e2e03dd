/** The functions of an assembly, what may invoke them, and the event source mappings that poll for them. */
import { formatArn, parseArn } from './arn.ts';
import type { Place } from './arn.ts';
import type { Assembly, Resource } from './model.ts';
import { boolean, list, number, object, objects, text, texts } from './property.ts';
import type { AttachedPolicy, PolicyStatement } from './resource-policies.ts';

export interface LambdaFunction extends Place {
  readonly resource: Resource;
  readonly arn: string;
  readonly name: string;
  readonly roleArn: string | undefined;
  readonly timeoutSeconds: number;
  readonly memoryMib: number;
  readonly reservedConcurrency: number | undefined;
  /** Values of variables; those only AWS knows are marked as such. */
  readonly environment: Readonly<Record<string, string>>;
  /** For asynchronous invocations. */
  readonly deadLetterArn: string | undefined;
  /** AWS::Lambda::EventInvokeConfig of the function or one of its versions and aliases. */
  readonly asyncInvocation: AsyncInvocation | undefined;
  readonly inVpc: boolean;
  readonly logGroupName: string | undefined;
  readonly kmsKeyId: string | undefined;
  /** Of AWS::Lambda::Permission, in the form of a policy. */
  readonly policies: readonly AttachedPolicy[];
}

export interface AsyncInvocation {
  readonly resource: Resource;
  readonly onFailureArn: string | undefined;
  readonly onSuccessArn: string | undefined;
  readonly maximumEventAgeSeconds: number | undefined;
  readonly maximumRetryAttempts: number | undefined;
}

export interface EventSourceMapping extends Place {
  readonly resource: Resource;
  /** Undefined for Kafka clusters and brokers that have none. */
  readonly eventSourceArn: string | undefined;
  readonly functionArn: string;
  readonly enabled: boolean;
  readonly batchSize: number | undefined;
  readonly maxBatchingWindowSeconds: number;
  /** The maximum that is set, or what the provisioned pollers can invoke at most. */
  readonly maxConcurrency: number | undefined;
  readonly reportBatchItemFailures: boolean;
  /** Patterns, each as its JSON text. */
  readonly filters: readonly string[];
  readonly onFailureArn: string | undefined;
  readonly bisectBatchOnFunctionError: boolean;
  /** Undefined: until the record expires. */
  readonly maximumRetryAttempts: number | undefined;
  readonly maximumRecordAgeSeconds: number | undefined;
  /** Of Kafka. */
  readonly topics: readonly string[];
  /** Of Kafka; undefined: one that Lambda makes up. */
  readonly consumerGroupId: string | undefined;
  /** Of a broker. */
  readonly queues: readonly string[];
  /** How it signs in, such as `BASIC_AUTH`, with the ARN of its secret. */
  readonly access: readonly { readonly type: string; readonly uri: string }[];
  readonly provisionedPollers: { readonly minimum: number; readonly maximum: number } | undefined;
}

/** Invocations at once of one poller in provisioned mode, lambda/latest/dg/services-sqs-scaling.html */
const INVOCATIONS_PER_POLLER = 10;
/** What Lambda takes where the template is silent. */
const DEFAULTS = { timeoutSeconds: 3, memoryMib: 128 } as const;
/** EventInvokeConfig: -1 in event source mappings means without end. */
const WITHOUT_END = -1;

export function functionsOf(assembly: Assembly): readonly LambdaFunction[] {
  const permissions = Map.groupBy(assembly.ofType('AWS::Lambda::Permission'), (resource) =>
    functionArnOf(resource, resource.properties['FunctionName']),
  );
  const asyncInvocations = Map.groupBy(assembly.ofType('AWS::Lambda::EventInvokeConfig'), (resource) =>
    functionArnOf(resource, resource.properties['FunctionName']),
  );
  return assembly.ofType('AWS::Lambda::Function').map((resource) => {
    const { properties, accountId, region, name } = resource;
    const arn = resource.arn ?? '';
    const variables = object(object(properties['Environment'])?.['Variables']) ?? {};
    const [invokeConfig] = asyncInvocations.get(arn) ?? [];
    return {
      resource,
      accountId,
      region,
      arn,
      name,
      roleArn: text(properties['Role']),
      timeoutSeconds: number(properties['Timeout']) ?? DEFAULTS.timeoutSeconds,
      memoryMib: number(properties['MemorySize']) ?? DEFAULTS.memoryMib,
      reservedConcurrency: number(properties['ReservedConcurrentExecutions']),
      environment: Object.fromEntries(
        Object.entries(variables).map(([variable, value]) => [variable, String(value)]),
      ),
      deadLetterArn: text(object(properties['DeadLetterConfig'])?.['TargetArn']),
      asyncInvocation: invokeConfig && asyncInvocationOf(invokeConfig),
      inVpc: list(object(properties['VpcConfig'])?.['SubnetIds']).length > 0,
      logGroupName: text(object(properties['LoggingConfig'])?.['LogGroup']),
      kmsKeyId: text(properties['KmsKeyArn']),
      policies: (permissions.get(arn) ?? []).map((permission) => ({
        resource: permission,
        statements: [permissionStatement(permission, arn)],
      })),
    };
  });
}

function asyncInvocationOf(resource: Resource): AsyncInvocation {
  const { properties } = resource;
  const destinations = object(properties['DestinationConfig']);
  return {
    resource,
    onFailureArn: text(object(destinations?.['OnFailure'])?.['Destination']),
    onSuccessArn: text(object(destinations?.['OnSuccess'])?.['Destination']),
    maximumEventAgeSeconds: number(properties['MaximumEventAgeInSeconds']),
    maximumRetryAttempts: number(properties['MaximumRetryAttempts']),
  };
}

/** What AddPermission makes of it, lambda/latest/dg/access-control-resource-based.html. */
function permissionStatement({ properties }: Resource, functionArn: string): PolicyStatement {
  const principal = text(properties['Principal']) ?? '';
  const sourceArn = text(properties['SourceArn']);
  const sourceAccount = text(properties['SourceAccount']);
  const organization = text(properties['PrincipalOrgID']);
  const isService = principal.includes('.') && !principal.startsWith('arn:');
  const wanted = principal === '*' ? '*' : isService ? { Service: principal } : { AWS: principal };
  return {
    Effect: 'Allow',
    Principal: wanted,
    Action: properties['Action'],
    Resource: [functionArn, `${functionArn}:*`],
    Condition: {
      ...(sourceArn === undefined ? {} : { ArnLike: { 'AWS:SourceArn': sourceArn } }),
      ...(sourceAccount === undefined && organization === undefined
        ? {}
        : {
            StringEquals: {
              ...(sourceAccount === undefined ? {} : { 'AWS:SourceAccount': sourceAccount }),
              ...(organization === undefined ? {} : { 'aws:PrincipalOrgID': organization }),
            },
          }),
    },
  };
}

export function mappingsOf(assembly: Assembly): readonly EventSourceMapping[] {
  return assembly.ofType('AWS::Lambda::EventSourceMapping').map((resource) => {
    const { properties, accountId, region } = resource;
    const pollers = object(properties['ProvisionedPollerConfig']);
    const retries = number(properties['MaximumRetryAttempts']);
    const age = number(properties['MaximumRecordAgeInSeconds']);
    const provisionedPollers = pollers && {
      minimum: number(pollers['MinimumPollers']) ?? 2,
      maximum: number(pollers['MaximumPollers']) ?? 200,
    };
    return {
      resource,
      accountId,
      region,
      eventSourceArn: text(properties['EventSourceArn']),
      functionArn: functionArnOf(resource, properties['FunctionName']),
      enabled: boolean(properties['Enabled']) ?? true,
      batchSize: number(properties['BatchSize']),
      maxBatchingWindowSeconds: number(properties['MaximumBatchingWindowInSeconds']) ?? 0,
      maxConcurrency:
        provisionedPollers === undefined
          ? number(object(properties['ScalingConfig'])?.['MaximumConcurrency'])
          : provisionedPollers.maximum * INVOCATIONS_PER_POLLER,
      reportBatchItemFailures: list(properties['FunctionResponseTypes']).includes('ReportBatchItemFailures'),
      filters: list(object(properties['FilterCriteria'])?.['Filters']).flatMap(
        (filter) => text(object(filter)?.['Pattern']) ?? [],
      ),
      onFailureArn: text(object(object(properties['DestinationConfig'])?.['OnFailure'])?.['Destination']),
      bisectBatchOnFunctionError: boolean(properties['BisectBatchOnFunctionError']) ?? false,
      maximumRetryAttempts: retries === WITHOUT_END ? undefined : retries,
      maximumRecordAgeSeconds: age === WITHOUT_END ? undefined : age,
      topics: texts(properties['Topics']),
      consumerGroupId: text(object(properties['AmazonManagedKafkaEventSourceConfig'])?.['ConsumerGroupId']),
      queues: texts(properties['Queues']),
      access: objects(properties['SourceAccessConfigurations']).map((access) => ({
        type: text(access['Type']) ?? '',
        uri: text(access['URI']) ?? '',
      })),
      provisionedPollers,
    };
  });
}

/** A function's name, partial ARN or ARN, with or without qualifier, as its ARN without. */
function functionArnOf(place: Place, reference: unknown): string {
  const given = text(reference) ?? '';
  if (parseArn(given)?.service === 'lambda') return given.split(':').slice(0, 7).join(':');
  return formatArn('lambda', place, `function:${given.split(':')[0] ?? given}`);
}
