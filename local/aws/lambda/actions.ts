/** Lambda's API actions in the JSON shapes of its API reference, on top of the typed service. */
import { AwsError } from '../errors.ts';
import { describeMapping } from './event-source-mapping.ts';
import type { MappingInput } from './event-source-mapping.ts';
import type { FunctionConfiguration, InvokeOptions, LambdaService } from './index.ts';

type Input = Record<string, unknown>;
type Action = (service: LambdaService, input: Input) => unknown;

/** @throws AwsError, `UnknownOperationException` for an action this Lambda does not have. */
export async function handleAction(service: LambdaService, action: string, input: Input): Promise<unknown> {
  const run = ACTIONS[action];
  if (run === undefined) {
    throw new AwsError(
      'UnknownOperationException',
      `The embedded Lambda does not have the action ${action}. It has: ${Object.keys(ACTIONS).join(', ')}.`,
      404,
    );
  }
  return run(service, input);
}

const ACTIONS: Readonly<Record<string, Action>> = {
  CreateFunction(service, input) {
    const code = (input['Code'] ?? {}) as { readonly LocalDirectory?: string };
    if (code.LocalDirectory === undefined) {
      throw new AwsError(
        'InvalidParameterValueException',
        'The embedded Lambda runs code from a directory: give Code.LocalDirectory an absolute path. Archives and images are not supported.',
      );
    }
    const environment = input['Environment'] as { readonly Variables?: Record<string, string> } | undefined;
    const logging = input['LoggingConfig'] as { readonly LogGroup?: string } | undefined;
    const deadLetter = input['DeadLetterConfig'] as { readonly TargetArn?: string } | undefined;
    const configuration = service.createFunction({
      functionName: text(input, 'FunctionName'),
      handler: text(input, 'Handler'),
      codeDirectory: code.LocalDirectory,
      ...optional('runtime', input['Runtime'] as string | undefined),
      ...optional('roleArn', input['Role'] as string | undefined),
      ...optional('description', input['Description'] as string | undefined),
      ...optional('timeoutSeconds', input['Timeout'] as number | undefined),
      ...optional('memoryMegabytes', input['MemorySize'] as number | undefined),
      ...optional('environment', environment?.Variables),
      ...optional('logGroupName', logging?.LogGroup),
      ...optional('deadLetterTargetArn', deadLetter?.TargetArn),
    });
    return describeFunction(configuration);
  },
  async DeleteFunction(service, input) {
    await service.deleteFunction(text(input, 'FunctionName'));
    return {};
  },
  GetFunction(service, input) {
    const configuration = service.getFunction(text(input, 'FunctionName'));
    return {
      Configuration: describeFunction(configuration),
      Code: { RepositoryType: 'S3', Location: `file://${configuration.codeDirectory}` },
      ...(configuration.reservedConcurrency === undefined
        ? {}
        : { Concurrency: { ReservedConcurrentExecutions: configuration.reservedConcurrency } }),
    };
  },
  GetFunctionConfiguration: (service, input) =>
    describeFunction(service.getFunction(text(input, 'FunctionName'))),
  ListFunctions: (service) => ({ Functions: service.listFunctions().map(describeFunction) }),
  async Invoke(service, input) {
    const type = (input['InvocationType'] ?? 'RequestResponse') as NonNullable<InvokeOptions['type']>;
    const qualifier = input['Qualifier'] as string | undefined;
    const name = text(input, 'FunctionName') + (qualifier === undefined ? '' : `:${qualifier}`);
    const json = payloadText(input['Payload']);
    const result = await service.invokeJson(name, json, { type });
    return {
      StatusCode: result.statusCode,
      ...(result.payload === undefined ? {} : { Payload: result.payload, ExecutedVersion: '$LATEST' }),
      ...(result.error === undefined ? {} : { FunctionError: 'Unhandled' }),
    };
  },
  PutFunctionConcurrency(service, input) {
    const reserved = Number(input['ReservedConcurrentExecutions']);
    service.putFunctionConcurrency(text(input, 'FunctionName'), reserved);
    return { ReservedConcurrentExecutions: reserved };
  },
  PutFunctionEventInvokeConfig(service, input) {
    const destinations = (input['DestinationConfig'] ?? {}) as {
      readonly OnSuccess?: { readonly Destination?: string };
      readonly OnFailure?: { readonly Destination?: string };
    };
    service.putEventInvokeConfig(text(input, 'FunctionName'), {
      ...optional('maximumRetryAttempts', input['MaximumRetryAttempts'] as number | undefined),
      ...optional('maximumEventAgeSeconds', input['MaximumEventAgeInSeconds'] as number | undefined),
      ...optional('onSuccess', destinations.OnSuccess?.Destination),
      ...optional('onFailure', destinations.OnFailure?.Destination),
    });
    return { ...input, FunctionArn: service.getFunction(text(input, 'FunctionName')).functionArn };
  },
  AddPermission(service, input) {
    const { functionArn, functionName } = service.getFunction(text(input, 'FunctionName'));
    return { Statement: service.permissions.add(functionArn, functionName, input) };
  },
  RemovePermission(service, input) {
    const { functionName } = service.getFunction(text(input, 'FunctionName'));
    service.permissions.remove(functionName, text(input, 'StatementId'));
    return {};
  },
  GetPolicy(service, input) {
    const { functionName } = service.getFunction(text(input, 'FunctionName'));
    const policy = service.permissions.policyOf(functionName);
    if (policy === undefined) {
      throw new AwsError('ResourceNotFoundException', 'The resource you requested does not exist.', 404);
    }
    return { Policy: policy };
  },
  PublishVersion(service, input) {
    const name = text(input, 'FunctionName');
    const version = service.publishVersion(name);
    const description = describeFunction(service.getFunction(name));
    return {
      ...description,
      Version: version,
      FunctionArn: `${String(description['FunctionArn'])}:${version}`,
    };
  },
  CreateAlias(service, input) {
    const [name, alias] = [text(input, 'FunctionName'), text(input, 'Name')];
    service.putAlias(name, alias, text(input, 'FunctionVersion'));
    return {
      AliasArn: `${service.getFunction(name).functionArn}:${alias}`,
      Name: alias,
      FunctionVersion: input['FunctionVersion'],
    };
  },
  async CreateEventSourceMapping(service, input) {
    return described(service, await service.createEventSourceMapping(input as unknown as MappingInput));
  },
  async UpdateEventSourceMapping(service, input) {
    const { UUID: _uuid, ...changes } = input;
    return described(service, await service.updateEventSourceMapping(text(input, 'UUID'), changes));
  },
  async DeleteEventSourceMapping(service, input) {
    return described(service, await service.deleteEventSourceMapping(text(input, 'UUID')));
  },
  GetEventSourceMapping(service, input) {
    const mapping = service.listEventSourceMappings().find(({ uuid }) => uuid === input['UUID']);
    if (mapping === undefined) {
      throw new AwsError('ResourceNotFoundException', 'The resource you requested does not exist.', 404);
    }
    return described(service, mapping);
  },
  ListEventSourceMappings(service, input) {
    const arn =
      input['FunctionName'] === undefined
        ? undefined
        : service.getFunction(text(input, 'FunctionName')).functionArn;
    const wanted = service
      .listEventSourceMappings()
      .filter((mapping) => arn === undefined || service.getFunction(mapping.functionName).functionArn === arn)
      .filter(
        (mapping) =>
          input['EventSourceArn'] === undefined || mapping.eventSourceArn === input['EventSourceArn'],
      );
    return { EventSourceMappings: wanted.map((mapping) => described(service, mapping)) };
  },
};

/** The event of an `Invoke` as JSON; no event is an empty object. */
function payloadText(payload: unknown): string {
  if (payload instanceof Uint8Array) return Buffer.from(payload).toString('utf8') || '{}';
  return typeof payload === 'string' && payload !== '' ? payload : '{}';
}

function described(
  service: LambdaService,
  mapping: Parameters<typeof describeMapping>[0],
): Record<string, unknown> {
  return describeMapping(mapping, service.getFunction(mapping.functionName).functionArn);
}

/** The function as `GetFunctionConfiguration` answers it. */
function describeFunction(configuration: FunctionConfiguration): Record<string, unknown> {
  return {
    FunctionName: configuration.functionName,
    FunctionArn: configuration.functionArn,
    Runtime: configuration.runtime,
    Role: configuration.roleArn,
    Handler: configuration.handler,
    Description: configuration.description,
    Timeout: configuration.timeoutSeconds,
    MemorySize: configuration.memoryMegabytes,
    Version: '$LATEST',
    Environment: { Variables: configuration.environment },
    PackageType: 'Zip',
    Architectures: [process.arch === 'arm64' ? 'arm64' : 'x86_64'],
    State: 'Active',
    LastUpdateStatus: 'Successful',
    LoggingConfig: { LogFormat: 'Text', LogGroup: configuration.logGroupName },
    ...(configuration.deadLetterTargetArn === undefined
      ? {}
      : { DeadLetterConfig: { TargetArn: configuration.deadLetterTargetArn } }),
  };
}

function text(input: Input, member: string): string {
  const value = input[member];
  if (typeof value === 'string' && value !== '') return value;
  throw new AwsError('ValidationException', `${member} must be a text that is not empty`);
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]?: Value });
}
