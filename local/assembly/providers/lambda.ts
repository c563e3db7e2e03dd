/** AWS::Lambda::* */
import { createHash } from 'node:crypto';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { AwsError } from '../../aws/errors.ts';
import {
  answered,
  booleanProperty,
  CannotRun,
  defined,
  numberProperty,
  objectProperty,
  tagsOf,
  textProperty,
} from './provider.ts';
import type { Provider, ProviderContext } from './provider.ts';
import type { JsonObject } from '../../../lib/assembly/template.ts';

/** https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html */
const FUNCTION_NAME_LENGTH = 64;

export const LAMBDA_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::Lambda::Function': {
    honoured: [
      'Code',
      'DeadLetterConfig',
      'Description',
      'Environment',
      'FunctionName',
      'Handler',
      'LoggingConfig',
      'MemorySize',
      'PackageType',
      'ReservedConcurrentExecutions',
      'Role',
      'Runtime',
      'Tags',
      'Timeout',
    ],
    inert: [
      'Architectures',
      'CodeSigningConfigArn',
      'EphemeralStorage',
      'KmsKeyArn',
      'RecursiveLoop',
      'RuntimeManagementConfig',
      'SnapStart',
      'TracingConfig',
      'VpcConfig',
    ],
    replacedOnChange: ['FunctionName', 'PackageType'],
    async create(properties, context) {
      const name = textProperty(properties, 'FunctionName') ?? context.generatedName(FUNCTION_NAME_LENGTH);
      const answer = await context.call('lambda', 'CreateFunction', {
        FunctionName: name,
        ...settingsOf(properties),
        Tags: tagsOf(properties),
        Code: { LocalDirectory: await codeDirectory(objectProperty(properties, 'Code'), context) },
      });
      await reserveConcurrency(name, properties, context);
      return { physicalId: name, attributes: { Arn: answered(answer, 'FunctionArn') } };
    },
    /** Running invocations finish with the old code and settings. */
    async update(created, properties, _previous, context) {
      const FunctionName = created.physicalId;
      const LocalDirectory = await codeDirectory(objectProperty(properties, 'Code'), context);
      await context.call('lambda', 'UpdateFunctionCode', { FunctionName, LocalDirectory });
      await context.call('lambda', 'UpdateFunctionConfiguration', {
        FunctionName,
        ...DEFAULT_SETTINGS,
        ...settingsOf(properties),
      });
      await reserveConcurrency(FunctionName, properties, context);
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('lambda', 'DeleteFunction', { FunctionName: created.physicalId });
    },
  },
  'AWS::Lambda::EventSourceMapping': {
    honoured: [
      'AmazonManagedKafkaEventSourceConfig',
      'BatchSize',
      'BisectBatchOnFunctionError',
      'DestinationConfig',
      'Enabled',
      'EventSourceArn',
      'FilterCriteria',
      'FunctionName',
      'FunctionResponseTypes',
      'MaximumBatchingWindowInSeconds',
      'MaximumRecordAgeInSeconds',
      'MaximumRetryAttempts',
      'MetricsConfig',
      'ParallelizationFactor',
      'ProvisionedPollerConfig',
      'Queues',
      'ScalingConfig',
      'SourceAccessConfigurations',
      'StartingPosition',
      'StartingPositionTimestamp',
      'Tags',
      'Topics',
      'TumblingWindowInSeconds',
    ],
    inert: ['KmsKeyArn', 'LoggingConfig', 'SourceAccessConfigurations'],
    replacedOnChange: [
      'AmazonManagedKafkaEventSourceConfig',
      'EventSourceArn',
      'StartingPosition',
      'StartingPositionTimestamp',
    ],
    async create(properties, context) {
      const source = textProperty(properties, 'EventSourceArn') ?? 'a self-managed source';
      if (!['sqs', 'kinesis', 'dynamodb', 'mq', 'kafka'].includes(source.split(':')[2] ?? '')) {
        throw new CannotRun(`event source mappings of ${source} do not run here`);
      }
      const answer = await context.call('lambda', 'CreateEventSourceMapping', {
        EventSourceArn: source,
        ...mappingOf(properties),
        ...defined({
          AmazonManagedKafkaEventSourceConfig: properties['AmazonManagedKafkaEventSourceConfig'],
          StartingPosition: properties['StartingPosition'],
          StartingPositionTimestamp: numberProperty(properties, 'StartingPositionTimestamp'),
        }),
      });
      const uuid = answered(answer, 'UUID');
      return {
        physicalId: uuid,
        attributes: {
          Id: uuid,
          EventSourceMappingArn: `arn:aws:lambda:${context.aws.region}:${context.aws.accountId}:event-source-mapping:${uuid}`,
        },
      };
    },
    async update(created, properties, _previous, context) {
      await context.call('lambda', 'UpdateEventSourceMapping', {
        UUID: created.physicalId,
        ...Object.fromEntries(MAPPING_PROPERTIES.map((name) => [name, undefined])),
        ...mappingOf(properties),
      });
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('lambda', 'DeleteEventSourceMapping', { UUID: created.physicalId });
    },
  },
  'AWS::Lambda::EventInvokeConfig': {
    honoured: [
      'DestinationConfig',
      'FunctionName',
      'MaximumEventAgeInSeconds',
      'MaximumRetryAttempts',
      'Qualifier',
    ],
    inert: [],
    replacedOnChange: ['FunctionName', 'Qualifier'],
    async create(properties, context) {
      await context.call('lambda', 'PutFunctionEventInvokeConfig', invokeConfigOf(properties));
      return { physicalId: context.generatedName(FUNCTION_NAME_LENGTH), attributes: {} };
    },
    async update(created, properties, _previous, context) {
      await context.call('lambda', 'PutFunctionEventInvokeConfig', invokeConfigOf(properties));
      return created;
    },
    async delete(_created, properties, context) {
      const { FunctionName, Qualifier } = invokeConfigOf(properties);
      await context.call('lambda', 'DeleteFunctionEventInvokeConfig', { FunctionName, Qualifier });
    },
  },
  'AWS::Lambda::Version': {
    honoured: ['Description', 'FunctionName'],
    inert: ['CodeSha256', 'ProvisionedConcurrencyConfig', 'RuntimePolicy', 'FunctionScalingConfig'],
    async create(properties, context) {
      const answer = await context.call(
        'lambda',
        'PublishVersion',
        defined({ FunctionName: properties['FunctionName'], Description: properties['Description'] }),
      );
      const arn = answered(answer, 'FunctionArn');
      return { physicalId: arn, attributes: { FunctionArn: arn, Version: answered(answer, 'Version') } };
    },
  },
  'AWS::Lambda::Alias': {
    honoured: ['Description', 'FunctionName', 'FunctionVersion', 'Name'],
    inert: ['ProvisionedConcurrencyConfig', 'RoutingConfig'],
    replacedOnChange: ['FunctionName', 'Name'],
    async create(properties, context) {
      const answer = await context.call('lambda', 'CreateAlias', aliasOf(properties));
      const arn = answered(answer, 'AliasArn');
      return { physicalId: arn, attributes: { AliasArn: arn } };
    },
    async update(created, properties, _previous, context) {
      await context.call('lambda', 'UpdateAlias', aliasOf(properties));
      return created;
    },
    async delete(_created, properties, context) {
      const { FunctionName, Name } = aliasOf(properties);
      await context.call('lambda', 'DeleteAlias', { FunctionName, Name });
    },
  },
  'AWS::Lambda::Permission': {
    honoured: [
      'Action',
      'EventSourceToken',
      'FunctionName',
      'FunctionUrlAuthType',
      'InvokedViaFunctionUrl',
      'Principal',
      'PrincipalOrgID',
      'SourceAccount',
      'SourceArn',
    ],
    inert: [],
    async create(properties, context) {
      const id = context.generatedName(FUNCTION_NAME_LENGTH);
      await addPermission(properties, context, id);
      return { physicalId: id, attributes: { Id: id } };
    },
    async delete(created, properties, context) {
      const { FunctionName } = functionOf(properties);
      const input = { FunctionName, StatementId: created.physicalId };
      await context.call('lambda', 'RemovePermission', input);
    },
  },
};

async function addPermission(
  properties: JsonObject,
  context: ProviderContext,
  statementId: string,
): Promise<void> {
  try {
    await context.call('lambda', 'AddPermission', {
      ...properties,
      ...functionOf(properties),
      StatementId: statementId,
    });
  } catch (error) {
    if (error instanceof AwsError && error.code === 'ResourceNotFoundException') {
      throw new CannotRun('its function does not run here');
    }
    throw error;
  }
}

/** A name or an ARN; the ARN of a version or an alias says which in its last part. */
function functionOf(properties: JsonObject): Record<string, unknown> {
  const reference = textProperty(properties, 'FunctionName') ?? '';
  const [, name = reference, qualifier] = /:function:([^:]+)(?::(.+))?$/.exec(reference) ?? [];
  return defined({ FunctionName: name, Qualifier: qualifier });
}

/** What a setting is again when its property is taken out of the template. */
const DEFAULT_SETTINGS = {
  Description: '',
  Timeout: 3,
  MemorySize: 128,
  DeadLetterConfig: { TargetArn: '' },
};

function settingsOf(properties: JsonObject): Record<string, unknown> {
  const runtime = textProperty(properties, 'Runtime');
  if (runtime === undefined || !runtime.startsWith('nodejs')) {
    throw new CannotRun(`only Node.js functions run here, not ${runtime ?? 'container images'}`);
  }
  return defined({
    Runtime: runtime,
    Handler: properties['Handler'],
    Role: properties['Role'],
    Description: properties['Description'],
    Timeout: numberProperty(properties, 'Timeout'),
    MemorySize: numberProperty(properties, 'MemorySize'),
    Environment: { Variables: variablesOf(properties) },
    LoggingConfig: properties['LoggingConfig'],
    DeadLetterConfig: properties['DeadLetterConfig'],
  });
}

async function reserveConcurrency(
  FunctionName: string,
  properties: JsonObject,
  context: ProviderContext,
): Promise<void> {
  const reserved = numberProperty(properties, 'ReservedConcurrentExecutions');
  if (reserved === undefined) await context.call('lambda', 'DeleteFunctionConcurrency', { FunctionName });
  else {
    await context.call('lambda', 'PutFunctionConcurrency', {
      FunctionName,
      ReservedConcurrentExecutions: reserved,
    });
  }
}

/** The properties of a mapping that can change. */
const MAPPING_PROPERTIES = [
  'Queues',
  'SourceAccessConfigurations',
  'BatchSize',
  'BisectBatchOnFunctionError',
  'DestinationConfig',
  'FilterCriteria',
  'FunctionResponseTypes',
  'MaximumBatchingWindowInSeconds',
  'MaximumRecordAgeInSeconds',
  'MaximumRetryAttempts',
  'MetricsConfig',
  'ParallelizationFactor',
  'ProvisionedPollerConfig',
  'ScalingConfig',
  'Topics',
  'TumblingWindowInSeconds',
];

function mappingOf(properties: JsonObject): Record<string, unknown> {
  const number = (name: string): number | undefined => numberProperty(properties, name);
  const scaling = objectProperty(properties, 'ScalingConfig');
  const pollers = objectProperty(properties, 'ProvisionedPollerConfig');
  return defined({
    FunctionName: properties['FunctionName'],
    Enabled: textProperty(properties, 'Enabled') !== 'false',
    BatchSize: number('BatchSize'),
    BisectBatchOnFunctionError: booleanProperty(properties, 'BisectBatchOnFunctionError'),
    DestinationConfig: properties['DestinationConfig'],
    FilterCriteria: properties['FilterCriteria'],
    FunctionResponseTypes: properties['FunctionResponseTypes'],
    MaximumBatchingWindowInSeconds: number('MaximumBatchingWindowInSeconds'),
    MaximumRecordAgeInSeconds: number('MaximumRecordAgeInSeconds'),
    MaximumRetryAttempts: number('MaximumRetryAttempts'),
    MetricsConfig: properties['MetricsConfig'],
    Queues: properties['Queues'],
    SourceAccessConfigurations: properties['SourceAccessConfigurations'],
    ParallelizationFactor: number('ParallelizationFactor'),
    ProvisionedPollerConfig:
      Object.keys(pollers).length === 0
        ? undefined
        : defined({
            MinimumPollers: numberProperty(pollers, 'MinimumPollers'),
            MaximumPollers: numberProperty(pollers, 'MaximumPollers'),
            PollerGroupName: textProperty(pollers, 'PollerGroupName'),
          }),
    Topics: properties['Topics'],
    ScalingConfig:
      Object.keys(scaling).length === 0
        ? undefined
        : defined({ MaximumConcurrency: numberProperty(scaling, 'MaximumConcurrency') }),
    Tags: tagsOf(properties),
    TumblingWindowInSeconds: number('TumblingWindowInSeconds'),
  });
}

function invokeConfigOf(properties: JsonObject): Record<string, unknown> {
  return defined({
    FunctionName: properties['FunctionName'],
    Qualifier: properties['Qualifier'],
    MaximumEventAgeInSeconds: numberProperty(properties, 'MaximumEventAgeInSeconds'),
    MaximumRetryAttempts: numberProperty(properties, 'MaximumRetryAttempts'),
    DestinationConfig: properties['DestinationConfig'],
  });
}

function aliasOf(properties: JsonObject): Record<string, unknown> {
  return defined({
    FunctionName: properties['FunctionName'],
    Name: properties['Name'],
    FunctionVersion: properties['FunctionVersion'],
    Description: properties['Description'],
  });
}

function variablesOf(properties: JsonObject): Record<string, string> {
  const variables = objectProperty(objectProperty(properties, 'Environment'), 'Variables');
  return Object.fromEntries(
    Object.keys(variables).map((name) => [name, textProperty(variables, name) ?? '']),
  );
}

async function codeDirectory(code: JsonObject, context: ProviderContext): Promise<string> {
  const inline = textProperty(code, 'ZipFile');
  if (inline !== undefined) return writeInlineCode(inline, context.workDirectory);
  const objectKey = textProperty(code, 'S3Key');
  if (objectKey === undefined) throw new CannotRun('its code is a container image');
  const path = context.asset(objectKey);
  if (path === undefined) throw new CannotRun(`its code ${objectKey} is not an asset of this assembly`);
  if (!(await stat(path)).isDirectory())
    throw new CannotRun(`its code is an archive (${path}); give the asset a directory`);
  return path;
}

/** CloudFormation puts inline code into `index.js`, or `index.mjs` when it holds ES module syntax. */
async function writeInlineCode(source: string, workDirectory: string): Promise<string> {
  const directory = join(
    workDirectory,
    `inline-${createHash('sha256').update(source).digest('hex').slice(0, 16)}`,
  );
  const isModule = /^\s*(?:export|import)\s/m.test(source);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, isModule ? 'index.mjs' : 'index.js'), source);
  return directory;
}
