/** A function, its versions, aliases and asynchronous settings as the API shows them. */
import { createHash } from 'node:crypto';

import type { EventInvokeConfig } from './async-invocation.ts';
import type { FunctionConfiguration } from './function-configuration.ts';
import type { Alias, FunctionEntry } from './functions.ts';

/** https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html */
export function describeFunction(
  { runner, modifiedAt }: FunctionEntry,
  qualifier = '$LATEST',
  { qualifiedArn = false } = {},
): Record<string, unknown> {
  const configuration = runner.configuration;
  const { props } = configuration;
  const json = configuration.logFormat === 'JSON';
  return {
    FunctionName: configuration.functionName,
    FunctionArn: qualifiedArn ? `${configuration.functionArn}:${qualifier}` : configuration.functionArn,
    Runtime: configuration.runtime,
    Role: configuration.roleArn,
    Handler: configuration.handler,
    Description: configuration.description,
    Timeout: configuration.timeoutSeconds,
    MemorySize: configuration.memoryMegabytes,
    LastModified: new Date(modifiedAt).toISOString().replace('Z', '+0000'),
    CodeSha256: props.codeSha256 ?? sha256(configuration.codeDirectory),
    Version: qualifier,
    RevisionId: revisionOf(configuration, modifiedAt),
    Environment: { Variables: configuration.environment },
    TracingConfig: { Mode: 'PassThrough' },
    PackageType: 'Zip',
    Architectures: [process.arch === 'arm64' ? 'arm64' : 'x86_64'],
    EphemeralStorage: { Size: 512 },
    State: 'Active',
    LastUpdateStatus: 'Successful',
    LoggingConfig: {
      LogFormat: configuration.logFormat,
      LogGroup: configuration.logGroupName,
      ...(json && {
        ApplicationLogLevel: configuration.applicationLogLevel,
        SystemLogLevel: configuration.systemLogLevel,
      }),
    },
    ...(configuration.deadLetterTargetArn !== undefined && {
      DeadLetterConfig: { TargetArn: configuration.deadLetterTargetArn },
    }),
  };
}

export function describeAlias(
  configuration: FunctionConfiguration,
  { name, version, description }: Alias,
): Record<string, unknown> {
  return {
    AliasArn: `${configuration.functionArn}:${name}`,
    Name: name,
    FunctionVersion: version,
    Description: description,
    RevisionId: sha256(`${configuration.functionArn}:${name}:${version}`),
  };
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionEventInvokeConfig.html */
export function describeEventInvokeConfig(
  functionArn: string,
  qualifier: string,
  config: EventInvokeConfig,
  now: number,
): Record<string, unknown> {
  return {
    FunctionArn: `${functionArn}:${qualifier}`,
    LastModified: now / 1000,
    ...(config.maximumRetryAttempts !== undefined && {
      MaximumRetryAttempts: config.maximumRetryAttempts,
    }),
    ...(config.maximumEventAgeSeconds !== undefined && {
      MaximumEventAgeInSeconds: config.maximumEventAgeSeconds,
    }),
    DestinationConfig: {
      OnSuccess: config.onSuccess === undefined ? {} : { Destination: config.onSuccess },
      OnFailure: config.onFailure === undefined ? {} : { Destination: config.onFailure },
    },
  };
}

/** In the form of a UUID, as AWS's are. */
function revisionOf(configuration: FunctionConfiguration, modifiedAt: number): string {
  const hash = createHash('sha256').update(`${configuration.functionArn} ${modifiedAt}`).digest('hex');
  return [8, 12, 16, 20, 32].map((end, index, ends) => hash.slice(ends[index - 1] ?? 0, end)).join('-');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
