/** The actions on versions and aliases of functions, their permissions, and their asynchronous settings. */
import { AwsError } from '../errors.ts';
import {
  invalid,
  notFound,
  optional,
  optionalNumber,
  optionalText,
  reference,
  text,
  type Action,
  type ActionInput,
} from './action-input.ts';
import type { EventInvokeConfig } from './async-invocation.ts';
import { describeAlias, describeEventInvokeConfig, describeFunction } from './function-description.ts';
import { parseFunctionReference } from './function-reference.ts';
import type { Alias, FunctionEntry, Functions } from './functions.ts';

/** https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html */
const RETRY_ATTEMPTS = { minimum: 0, maximum: 2 };
const EVENT_AGE_SECONDS = { minimum: 60, maximum: 21_600 };

export const VERSION_ACTIONS: Readonly<Record<string, Action>> = {
  PublishVersion({ service, functions }, input) {
    const name = text(input, 'FunctionName');
    const version = service.publishVersion(name, optionalText(input, 'Description'));
    return describeFunction(functions.find(name).entry, version, { qualifiedArn: true });
  },
  ListVersionsByFunction({ functions }, input) {
    const { entry } = functions.find(text(input, 'FunctionName'));
    const numbers = ['$LATEST', ...entry.versions.map(({ version }) => version)];
    return {
      Versions: numbers.map((version) => describeFunction(entry, version, { qualifiedArn: true })),
    };
  },
  CreateAlias({ service, functions }, input) {
    const functionName = text(input, 'FunctionName');
    const name = text(input, 'Name');
    const { entry } = functions.find(functionName);
    if (entry.aliases.has(name)) {
      throw new AwsError(
        'ResourceConflictException',
        `Alias already exists: ${entry.runner.configuration.functionArn}:${name}`,
        409,
      );
    }
    const version = text(input, 'FunctionVersion');
    functions.find(`${entry.runner.configuration.functionName}:${version}`);
    service.putAlias(functionName, name, version, optionalText(input, 'Description'));
    return describeAlias(entry.runner.configuration, aliasOf(functions, input));
  },
  UpdateAlias({ service, functions }, input) {
    const old = aliasOf(functions, input);
    service.putAlias(
      text(input, 'FunctionName'),
      old.name,
      optionalText(input, 'FunctionVersion') ?? old.version,
      optionalText(input, 'Description') ?? old.description,
    );
    return describeAlias(
      functions.find(text(input, 'FunctionName')).entry.runner.configuration,
      aliasOf(functions, input),
    );
  },
  GetAlias({ functions }, input) {
    const { entry } = functions.find(text(input, 'FunctionName'));
    return describeAlias(entry.runner.configuration, aliasOf(functions, input));
  },
  ListAliases({ functions }, input) {
    const { entry } = functions.find(text(input, 'FunctionName'));
    const wanted = optionalText(input, 'FunctionVersion');
    const aliases = [...entry.aliases.values()].filter(
      ({ version }) => wanted === undefined || wanted === version,
    );
    return { Aliases: aliases.map((alias) => describeAlias(entry.runner.configuration, alias)) };
  },
  DeleteAlias({ functions }, input) {
    const { entry } = functions.find(text(input, 'FunctionName'));
    entry.aliases.delete(text(input, 'Name'));
    functions.changed(entry);
    return {};
  },
  PutFunctionEventInvokeConfig({ service, functions, context }, input) {
    const name = reference(input);
    service.putEventInvokeConfig(name, readEventInvokeConfig(input));
    return shownConfig(functions, name, context.clock.now());
  },
  UpdateFunctionEventInvokeConfig({ service, functions, context }, input) {
    const name = reference(input);
    service.putEventInvokeConfig(name, {
      ...configOf(functions, name).config,
      ...readEventInvokeConfig(input),
    });
    return shownConfig(functions, name, context.clock.now());
  },
  GetFunctionEventInvokeConfig: ({ functions, context }, input) =>
    shownConfig(functions, reference(input), context.clock.now()),
  DeleteFunctionEventInvokeConfig({ functions }, input) {
    const { entry, qualifier } = configOf(functions, reference(input));
    entry.eventInvokeConfigs.delete(qualifier);
    functions.changed(entry);
    return {};
  },
  AddPermission({ service }, input) {
    const { functionArn, functionName } = service.getFunction(text(input, 'FunctionName'));
    return { Statement: service.permissions.add(functionArn, functionName, input) };
  },
  RemovePermission({ service }, input) {
    const { functionName } = service.getFunction(text(input, 'FunctionName'));
    service.permissions.remove(functionName, text(input, 'StatementId'));
    return {};
  },
  GetPolicy({ service }, input) {
    const { functionName } = service.getFunction(text(input, 'FunctionName'));
    const policy = service.permissions.policyOf(functionName);
    if (policy === undefined) throw notFound('The resource you requested does not exist.');
    return { Policy: policy };
  },
};

function aliasOf(functions: Functions, input: ActionInput): Alias {
  const { entry } = functions.find(text(input, 'FunctionName'));
  const name = text(input, 'Name');
  const alias = entry.aliases.get(name);
  if (alias) return alias;
  throw notFound(`Alias not found: ${entry.runner.configuration.functionArn}:${name}`);
}

function readEventInvokeConfig(input: ActionInput): EventInvokeConfig {
  const { OnSuccess, OnFailure } = (input['DestinationConfig'] ?? {}) as {
    readonly OnSuccess?: { readonly Destination?: string };
    readonly OnFailure?: { readonly Destination?: string };
  };
  for (const destination of [OnSuccess?.Destination, OnFailure?.Destination]) {
    if (destination === undefined) continue;
    if (!/^arn:aws[\w-]*:(?:sqs|sns|lambda|events|s3):/.test(destination)) {
      throw invalid(`The provided destination config DestinationConfig is invalid: ${destination}`);
    }
    // https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html: standard ones only.
    if (destination.endsWith('.fifo')) {
      throw invalid(
        `The destination ${destination} is a FIFO queue or topic; destinations are standard ones.`,
      );
    }
  }
  return {
    ...optional('maximumRetryAttempts', optionalNumber(input, 'MaximumRetryAttempts', RETRY_ATTEMPTS)),
    ...optional(
      'maximumEventAgeSeconds',
      optionalNumber(input, 'MaximumEventAgeInSeconds', EVENT_AGE_SECONDS),
    ),
    ...optional('onSuccess', OnSuccess?.Destination),
    ...optional('onFailure', OnFailure?.Destination),
  };
}

function configOf(
  functions: Functions,
  name: string,
): { readonly entry: FunctionEntry; readonly qualifier: string; readonly config: EventInvokeConfig } {
  const { entry } = functions.find(name);
  const qualifier = parseFunctionReference(name).qualifier ?? '$LATEST';
  const config = entry.eventInvokeConfigs.get(qualifier);
  if (config) return { entry, qualifier, config };
  throw notFound(
    `The function ${entry.runner.configuration.functionArn}:${qualifier} doesn't have an EventInvokeConfig`,
  );
}

function shownConfig(functions: Functions, name: string, now: number): Record<string, unknown> {
  const { entry, qualifier, config } = configOf(functions, name);
  return describeEventInvokeConfig(entry.runner.configuration.functionArn, qualifier, config, now);
}
