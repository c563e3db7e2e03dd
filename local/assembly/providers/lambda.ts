/** AWS::Lambda::* */
import { createHash } from 'node:crypto';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { AwsError } from '../../aws/errors.ts';
import { answered, CannotRun, defined, numberProperty, objectProperty, textProperty } from './provider.ts';
import type { Provider, ProviderContext } from './provider.ts';
import type { JsonObject } from '../template.ts';

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
      'Tags',
      'TracingConfig',
      'VpcConfig',
    ],
    async create(properties, context) {
      const runtime = textProperty(properties, 'Runtime');
      if (runtime === undefined || !runtime.startsWith('nodejs')) {
        throw new CannotRun(`only Node.js functions run here, not ${runtime ?? 'container images'}`);
      }
      const name = textProperty(properties, 'FunctionName') ?? context.generatedName(FUNCTION_NAME_LENGTH);
      const answer = await context.call(
        'lambda',
        'CreateFunction',
        defined({
          FunctionName: name,
          Runtime: runtime,
          Handler: properties['Handler'],
          Role: properties['Role'],
          Description: properties['Description'],
          Timeout: numberProperty(properties, 'Timeout'),
          MemorySize: numberProperty(properties, 'MemorySize'),
          Environment: { Variables: variablesOf(properties) },
          LoggingConfig: properties['LoggingConfig'],
          DeadLetterConfig: properties['DeadLetterConfig'],
          Code: { LocalDirectory: await codeDirectory(objectProperty(properties, 'Code'), context) },
        }),
      );
      const reserved = numberProperty(properties, 'ReservedConcurrentExecutions');
      if (reserved !== undefined) {
        await context.call('lambda', 'PutFunctionConcurrency', {
          FunctionName: name,
          ReservedConcurrentExecutions: reserved,
        });
      }
      return { physicalId: name, attributes: { Arn: answered(answer, 'FunctionArn') } };
    },
  },
  'AWS::Lambda::EventSourceMapping': {
    honoured: [
      'BatchSize',
      'Enabled',
      'EventSourceArn',
      'FilterCriteria',
      'FunctionName',
      'FunctionResponseTypes',
      'MaximumBatchingWindowInSeconds',
      'ScalingConfig',
    ],
    inert: ['KmsKeyArn', 'LoggingConfig', 'MetricsConfig', 'ProvisionedPollerConfig', 'Tags'],
    async create(properties, context) {
      const source = textProperty(properties, 'EventSourceArn') ?? 'a self-managed source';
      if (source.split(':')[2] !== 'sqs')
        throw new CannotRun(`event source mappings of ${source} do not run here yet`);
      const answer = await context.call(
        'lambda',
        'CreateEventSourceMapping',
        defined({
          EventSourceArn: source,
          FunctionName: properties['FunctionName'],
          Enabled: textProperty(properties, 'Enabled') !== 'false',
          BatchSize: numberProperty(properties, 'BatchSize'),
          MaximumBatchingWindowInSeconds: numberProperty(properties, 'MaximumBatchingWindowInSeconds'),
          FunctionResponseTypes: properties['FunctionResponseTypes'],
          FilterCriteria: properties['FilterCriteria'],
          ScalingConfig: properties['ScalingConfig'],
        }),
      );
      const uuid = answered(answer, 'UUID');
      return {
        physicalId: uuid,
        attributes: {
          Id: uuid,
          EventSourceMappingArn: `arn:aws:lambda:${context.aws.region}:${context.aws.accountId}:event-source-mapping:${uuid}`,
        },
      };
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
    async create(properties, context) {
      await context.call(
        'lambda',
        'PutFunctionEventInvokeConfig',
        defined({
          FunctionName: properties['FunctionName'],
          MaximumEventAgeInSeconds: numberProperty(properties, 'MaximumEventAgeInSeconds'),
          MaximumRetryAttempts: numberProperty(properties, 'MaximumRetryAttempts'),
          DestinationConfig: properties['DestinationConfig'],
        }),
      );
      return { physicalId: context.generatedName(FUNCTION_NAME_LENGTH), attributes: {} };
    },
  },
  'AWS::Lambda::Version': {
    honoured: ['FunctionName'],
    inert: [
      'CodeSha256',
      'Description',
      'ProvisionedConcurrencyConfig',
      'RuntimePolicy',
      'FunctionScalingConfig',
    ],
    async create(properties, context) {
      const answer = await context.call('lambda', 'PublishVersion', {
        FunctionName: properties['FunctionName'],
      });
      const arn = answered(answer, 'FunctionArn');
      return { physicalId: arn, attributes: { FunctionArn: arn, Version: answered(answer, 'Version') } };
    },
  },
  'AWS::Lambda::Alias': {
    honoured: ['FunctionName', 'FunctionVersion', 'Name'],
    inert: ['Description', 'ProvisionedConcurrencyConfig', 'RoutingConfig'],
    async create(properties, context) {
      const answer = await context.call('lambda', 'CreateAlias', {
        FunctionName: properties['FunctionName'],
        Name: properties['Name'],
        FunctionVersion: properties['FunctionVersion'],
      });
      const arn = answered(answer, 'AliasArn');
      return { physicalId: arn, attributes: { AliasArn: arn } };
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
