/**
 * The embedded Lambda: functions as directories of code, run in worker threads; synchronous and asynchronous
 * invocation; event source mappings of SQS queues.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';

import { callService } from '../dispatch.ts';
import { serviceCaller } from '../context.ts';
import type { AwsContext, AwsService } from '../context.ts';
import { AwsError } from '../errors.ts';
import { handleAction } from './actions.ts';
import { createAsyncInvocations } from './async-invocation.ts';
import { lambdaAuthorization } from './authorization.ts';
import type { EventInvokeConfig } from './async-invocation.ts';
import { createConcurrency } from './concurrency.ts';
import { configureMapping } from './event-source-mapping.ts';
import type { MappingConfiguration, MappingInput } from './event-source-mapping.ts';
import { createLambdaFaults } from './faults.ts';
import type { LambdaFaults } from './faults.ts';
import { configureFunction } from './function-configuration.ts';
import type { FunctionConfiguration, FunctionProps } from './function-configuration.ts';
import type { FunctionError } from './function-error.ts';
import { createFunctionRunner } from './function-runner.ts';
import type { FunctionRunner } from './function-runner.ts';
import { createHostCapacity } from './instance-pool.ts';
import { createPermissions } from './permissions.ts';
import type { Permissions } from './permissions.ts';
import type { LogLine } from './instance.ts';
import { lambdaRoutes } from './routes.ts';
import { startSqsPoller } from './sqs-poller.ts';
import type { SqsPoller } from './sqs-poller.ts';

export type { EventInvokeConfig } from './async-invocation.ts';
export type { MappingConfiguration, MappingInput } from './event-source-mapping.ts';
export type { FunctionFaults, LambdaFaults } from './faults.ts';
export type { FunctionConfiguration, FunctionProps } from './function-configuration.ts';
export type { FunctionError } from './function-error.ts';
export type { LogLine } from './instance.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly lambda: LambdaService;
  }
}

export interface LambdaService extends AwsService {
  readonly name: 'lambda';
  readonly faults: LambdaFaults;
  /** Who else may invoke functions: the statements of AddPermission. */
  readonly permissions: Permissions;
  /** @throws AwsError `ResourceConflictException`, `InvalidParameterValueException`. */
  createFunction(props: FunctionProps): FunctionConfiguration;
  deleteFunction(functionName: string): Promise<void>;
  /** By name, ARN, partial ARN, each with or without a version or alias. */
  getFunction(functionName: string): FunctionConfiguration;
  listFunctions(): readonly FunctionConfiguration[];
  /** A new version number. It runs the code the function has when it is invoked. */
  publishVersion(functionName: string): string;
  putAlias(functionName: string, alias: string, version: string): void;
  putEventInvokeConfig(functionName: string, config: EventInvokeConfig): void;
  putFunctionConcurrency(functionName: string, reserved: number | undefined): void;
  /**
   * Runs a function with this event.
   *
   * @throws AwsError `ResourceNotFoundException`, `TooManyRequestsException`, `RequestTooLargeException`.
   */
  invoke(functionName: string, event: unknown, options?: InvokeOptions): Promise<InvokeResult>;
  /** As `invoke`, with an event that already is JSON text; `InvalidRequestContentException` when it is not. */
  invokeJson(functionName: string, json: string, options?: InvokeOptions): Promise<InvokeResult>;
  createEventSourceMapping(input: MappingInput): Promise<MappingConfiguration>;
  updateEventSourceMapping(uuid: string, changes: Partial<MappingInput>): Promise<MappingConfiguration>;
  deleteEventSourceMapping(uuid: string): Promise<MappingConfiguration>;
  listEventSourceMappings(): readonly MappingConfiguration[];
  /** Starts one instance per function in the background, so that the first event finds a warm one. */
  prewarm(): Promise<void>;
  /** Adds a listener for what functions write to stdout and stderr; the returned function removes it. */
  observeLogs(listener: (line: LogLine) => void): () => void;
  /** Invocations and batches that are running now. */
  busy(): number;
  /** Asynchronous events that wait, by the context's clock, for a retry. */
  waiting(): number;
  close(): Promise<void>;
}

export interface InvokeOptions {
  /** `RequestResponse` when absent. */
  readonly type?: 'RequestResponse' | 'Event' | 'DryRun';
}

export interface InvokeResult {
  readonly requestId: string;
  readonly statusCode: 200 | 202 | 204;
  /** JSON: the handler's answer or the error. Absent for `Event` and `DryRun`. */
  readonly payload?: string;
  /** Set when the function failed; the caller of the API sees `X-Amz-Function-Error: Unhandled`. */
  readonly error?: FunctionError;
}

export interface LambdaOptions {
  /** Instances of all functions together that this machine may hold; 12 per core when absent. */
  readonly maximumInstances?: number;
  /** Milliseconds an event waits for a busy instance before another one is started; as long as a start takes when absent. */
  readonly scaleOutDelayMilliseconds?: number;
  /** Milliseconds before each retry of an asynchronous invocation; AWS's 60,000 and 120,000 when absent. */
  readonly asyncRetryDelayMilliseconds?: readonly number[];
}

const INSTANCES_PER_CORE = 12;

interface FunctionEntry {
  readonly runner: FunctionRunner;
  eventInvokeConfig: EventInvokeConfig;
  versions: number;
  readonly aliases: Map<string, string>;
}

export function createLambdaService(context: AwsContext, options: LambdaOptions = {}): LambdaService {
  const functions = new Map<string, FunctionEntry>();
  const mappings = new Map<
    string,
    { readonly configuration: MappingConfiguration; poller: SqsPoller | undefined }
  >();
  const logListeners = new Set<(line: LogLine) => void>();
  const concurrency = createConcurrency();
  const permissions = createPermissions(context);
  const faults = createLambdaFaults(() => context.faults.random());
  const capacity = createHostCapacity(options.maximumInstances ?? INSTANCES_PER_CORE * cpus().length);
  const asyncInvocations = createAsyncInvocations(
    context,
    options.asyncRetryDelayMilliseconds === undefined
      ? {}
      : { retryDelayMilliseconds: options.asyncRetryDelayMilliseconds },
  );

  const find = (reference: string): FunctionEntry => {
    const { name, qualifier } = parseFunctionReference(reference);
    const entry = functions.get(name);
    if (entry === undefined || !isQualifierOf(entry, qualifier)) {
      const arn = `arn:aws:lambda:${context.region}:${context.accountId}:function:${name}${qualifier === undefined ? '' : `:${qualifier}`}`;
      throw new AwsError('ResourceNotFoundException', `Function not found: ${arn}`, 404);
    }
    return entry;
  };

  const startPoller = (configuration: MappingConfiguration): SqsPoller | undefined =>
    configuration.enabled
      ? startSqsPoller(configuration, {
          context,
          run: async (functionName, payload) => find(functionName).runner.run(payload),
          scaleOutDelay: (functionName) => find(functionName).runner.scaleOutDelay(),
        })
      : undefined;

  const addMapping = async (input: MappingInput, uuid: string): Promise<MappingConfiguration> => {
    const configuration = configureMapping(input, uuid);
    await refuseShortVisibility(context, configuration, find(input.FunctionName).runner.configuration);
    mappings.set(uuid, { configuration, poller: startPoller(configuration) });
    return configuration;
  };

  const takeMapping = async (uuid: string): Promise<MappingConfiguration> => {
    const mapping = mappings.get(uuid);
    if (mapping === undefined) {
      throw new AwsError(
        'ResourceNotFoundException',
        `The event source mapping ${uuid} does not exist.`,
        404,
      );
    }
    mappings.delete(uuid);
    await mapping.poller?.close();
    return mapping.configuration;
  };

  const service: LambdaService = {
    name: 'lambda',
    protocols: { routes: lambdaRoutes(context, () => service) },
    authorization: (action, input) =>
      lambdaAuthorization(context, (name) => permissions.policyOf(name), action, input),
    handle: (action, input) => handleAction(service, action, input),
    faults,
    permissions,
    createFunction(props) {
      if (functions.has(props.functionName)) {
        throw new AwsError('ResourceConflictException', `Function already exist: ${props.functionName}`, 409);
      }
      const configuration = configureFunction(props, context);
      if (!existsSync(configuration.codeDirectory)) {
        throw new AwsError(
          'InvalidParameterValueException',
          `The code of ${props.functionName} is not there: ${configuration.codeDirectory} does not exist`,
        );
      }
      concurrency.reserve(props.functionName, configuration.reservedConcurrency);
      const runner = createFunctionRunner(configuration, {
        context,
        concurrency,
        capacity,
        faults,
        scaleOutDelayMilliseconds: options.scaleOutDelayMilliseconds,
        onLog: (line) => {
          for (const listener of logListeners) listener(line);
        },
      });
      functions.set(props.functionName, { runner, eventInvokeConfig: {}, versions: 0, aliases: new Map() });
      return configuration;
    },
    async deleteFunction(functionName) {
      const { runner } = find(functionName);
      functions.delete(runner.configuration.functionName);
      permissions.forget(runner.configuration.functionName);
      concurrency.reserve(runner.configuration.functionName, undefined);
      await runner.close();
    },
    getFunction: (functionName) => find(functionName).runner.configuration,
    listFunctions: () => [...functions.values()].map(({ runner }) => runner.configuration),
    publishVersion: (functionName) => String(++find(functionName).versions),
    putAlias: (functionName, alias, version) => void find(functionName).aliases.set(alias, version),
    putEventInvokeConfig(functionName, config) {
      find(functionName).eventInvokeConfig = config;
    },
    putFunctionConcurrency(functionName, reserved) {
      concurrency.reserve(find(functionName).runner.configuration.functionName, reserved);
    },
    invoke: (functionName, event, invokeOptions) =>
      service.invokeJson(functionName, JSON.stringify(event) ?? 'null', invokeOptions),
    async invokeJson(functionName, json, { type = 'RequestResponse' } = {}) {
      const { runner, eventInvokeConfig } = find(functionName);
      refuseInvalidJson(json);
      if (type === 'DryRun') return { requestId: randomUUID(), statusCode: 204 };
      if (type === 'Event') {
        return { requestId: asyncInvocations.submit(runner, json, eventInvokeConfig), statusCode: 202 };
      }
      const { requestId, payload: answer, error } = await runner.run(json);
      return { requestId, statusCode: 200, payload: answer, ...(error === undefined ? {} : { error }) };
    },
    createEventSourceMapping: (input) => addMapping(input, randomUUID()),
    async updateEventSourceMapping(uuid, changes) {
      const old = await takeMapping(uuid);
      return addMapping({ ...inputOf(old), ...changes }, uuid);
    },
    deleteEventSourceMapping: takeMapping,
    listEventSourceMappings: () => [...mappings.values()].map(({ configuration }) => configuration),
    async prewarm() {
      // As many at once as there are cores: a start is work for one core, and the first events should not wait for all.
      const waiting = [...functions.values()].values();
      const lane = async (): Promise<void> => {
        for (const { runner } of waiting) await runner.prewarm();
      };
      await Promise.all(cpus().map(lane));
    },
    observeLogs(listener) {
      logListeners.add(listener);
      return () => logListeners.delete(listener);
    },
    busy() {
      const batches = [...mappings.values()].reduce((sum, { poller }) => sum + (poller?.inFlight() ?? 0), 0);
      const running = [...functions.keys()].reduce((sum, name) => sum + concurrency.inFlight(name), 0);
      return Math.max(batches, running, asyncInvocations.running());
    },
    waiting: () => asyncInvocations.waiting(),
    async close() {
      asyncInvocations.close();
      await Promise.all([...mappings.values()].flatMap(({ poller }) => poller?.close() ?? []));
      await Promise.all([...functions.values()].map(({ runner }) => runner.close()));
    },
  };
  return service;
}

/** `name`, `name:alias`, `account:function:name`, or a full ARN, with or without a qualifier. */
function parseFunctionReference(reference: string): {
  readonly name: string;
  readonly qualifier: string | undefined;
} {
  const afterFunction = /(?:^|:)function:(.+)$/.exec(reference)?.[1] ?? reference;
  const [name = '', qualifier] = afterFunction.split(':');
  return { name, qualifier };
}

function isQualifierOf(entry: FunctionEntry, qualifier: string | undefined): boolean {
  if (qualifier === undefined || qualifier === '$LATEST') return true;
  return entry.aliases.has(qualifier) || (Number(qualifier) >= 1 && Number(qualifier) <= entry.versions);
}

function refuseInvalidJson(json: string): void {
  try {
    JSON.parse(json);
  } catch (cause) {
    throw new AwsError(
      'InvalidRequestContentException',
      `Could not parse request body into json: ${String(cause)}`,
    );
  }
}

/** https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html: refused when the mapping is created. */
async function refuseShortVisibility(
  context: AwsContext,
  { eventSourceArn }: MappingConfiguration,
  { timeoutSeconds }: FunctionConfiguration,
): Promise<void> {
  const sqs = context.services.all().find(({ name }) => name === 'sqs');
  if (sqs === undefined)
    throw new AwsError('ServiceNotRunning', `No SQS runs here for ${eventSourceArn}`, 500);
  const [, , , , accountId, queueName] = eventSourceArn.split(':');
  const answer = (await callService(
    context,
    sqs,
    'GetQueueAttributes',
    { QueueUrl: `${context.endpointUrl}/${accountId}/${queueName}`, AttributeNames: ['VisibilityTimeout'] },
    serviceCaller(context, 'lambda.amazonaws.com', eventSourceArn),
  )) as { readonly Attributes?: { readonly VisibilityTimeout?: string } };
  const visibility = Number(answer.Attributes?.VisibilityTimeout ?? Infinity);
  if (visibility < timeoutSeconds) {
    throw new AwsError(
      'InvalidParameterValueException',
      `Queue visibility timeout: ${visibility} seconds is less than Function timeout: ${timeoutSeconds} seconds`,
    );
  }
}

function inputOf(mapping: MappingConfiguration): MappingInput {
  return {
    EventSourceArn: mapping.eventSourceArn,
    FunctionName: mapping.functionName,
    Enabled: mapping.enabled,
    BatchSize: mapping.batchSize,
    MaximumBatchingWindowInSeconds: mapping.batchingWindowSeconds,
    ...(mapping.declaredMaximumConcurrency === undefined
      ? {}
      : { ScalingConfig: { MaximumConcurrency: mapping.declaredMaximumConcurrency } }),
    FunctionResponseTypes: mapping.reportBatchItemFailures ? ['ReportBatchItemFailures'] : [],
    FilterCriteria: { Filters: mapping.filterPatterns.map((Pattern) => ({ Pattern })) },
  };
}
