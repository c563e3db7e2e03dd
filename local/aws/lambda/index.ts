/**
 * The embedded Lambda: functions as directories of code, run in worker threads; synchronous and asynchronous
 * invocation; event source mappings of queues and streams.
 */
import { randomUUID } from 'node:crypto';
import { cpus } from 'node:os';

import type { AwsContext, AwsService } from '../context.ts';
import { AwsError } from '../errors.ts';
import { handleAction } from './actions.ts';
import { createAsyncInvocations } from './async-invocation.ts';
import type { EventInvokeConfig } from './async-invocation.ts';
import { lambdaAuthorization } from './authorization.ts';
import { createCodeStore } from './code-store.ts';
import { createCodeWatch } from './code-watch.ts';
import { createConcurrency } from './concurrency.ts';
import type { MappingConfiguration, MappingInput } from './event-source-mapping.ts';
import { createLambdaFaults } from './faults.ts';
import type { LambdaFaults } from './faults.ts';
import type { FunctionConfiguration, FunctionProps } from './function-configuration.ts';
import type { FunctionError } from './function-error.ts';
import { createFunctionLogs } from './function-logs.ts';
import { createFunctionRunner } from './function-runner.ts';
import type { RunResult } from './function-runner.ts';
import { createFunctions } from './functions.ts';
import type { FunctionEntry } from './functions.ts';
import { createHostCapacity } from './instance-pool.ts';
import type { LogLine } from './instance.ts';
import { createMappings } from './mappings.ts';
import { createPermissions } from './permissions.ts';
import type { Permissions } from './permissions.ts';
import { lambdaRoutes } from './routes.ts';

export type { EventInvokeConfig } from './async-invocation.ts';
export type { MappingConfiguration, MappingInput } from './event-source-mapping.ts';
export type { FunctionFaultRule, FunctionFaults, InvocationFault, LambdaFaults } from './faults.ts';
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
  /** Applies changed settings or code: new invocations run with them, running ones finish. */
  updateFunction(functionName: string, changes: Partial<FunctionProps>): FunctionConfiguration;
  /** A new version number. It runs the code the function has when it is invoked. */
  publishVersion(functionName: string, description?: string): string;
  putAlias(functionName: string, alias: string, version: string, description?: string): void;
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
  /** Ends every instance where it stands, as an outage does. What ran has failed; new instances start when needed. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

export interface InvokeOptions {
  /** `RequestResponse` when absent. */
  readonly type?: 'RequestResponse' | 'Event' | 'DryRun';
  /** Brings the end of the log along with the answer of a `RequestResponse`. */
  readonly tailsLog?: boolean;
}

export interface InvokeResult {
  readonly requestId: string;
  readonly statusCode: 200 | 202 | 204;
  /** JSON: the handler's answer or the error. Absent for `Event` and `DryRun`. */
  readonly payload?: string;
  /** The last 4 KB of the log, when asked for. */
  readonly logTail?: string;
  readonly version: string;
  /** Set when the function failed; the caller of the API sees `X-Amz-Function-Error: Unhandled`. */
  readonly error?: FunctionError;
}

export interface LambdaOptions {
  /**
   * Instances of all functions together that this machine may hold. When absent 12 per core, and at least two per
   * function: with fewer than one, functions would take each other's instances, and each event a cold start.
   */
  readonly maximumInstances?: number;
  /** Milliseconds an event waits for a busy instance before another one is started; as long as a start takes when absent. */
  readonly scaleOutDelayMilliseconds?: number;
  /** Milliseconds before each retry of an asynchronous invocation; AWS's 60,000 and 120,000 when absent. */
  readonly asyncRetryDelayMilliseconds?: readonly number[];
  /** Runs changed code as soon as it is written: new invocations use it, running ones finish. */
  readonly hotReload?: boolean;
}

const INSTANCES_PER_CORE = 12;
const INSTANCES_PER_FUNCTION = 2;
/** Of functions without provisioned pollers: see `niceness` of an instance. */
const HANDLER_NICENESS = 5;

export function createLambdaService(context: AwsContext, options: LambdaOptions = {}): LambdaService {
  const logListeners = new Set<(line: LogLine) => void>();
  const concurrency = createConcurrency();
  const permissions = createPermissions(context);
  const faults = createLambdaFaults(() => context.faults.random());
  const capacity = createHostCapacity(
    () =>
      options.maximumInstances ??
      Math.max(INSTANCES_PER_CORE * cpus().length, INSTANCES_PER_FUNCTION * functions.all().length),
  );
  const logs = createFunctionLogs(context);
  const code = createCodeStore(context);
  const functions = createFunctions({
    context,
    concurrency,
    watch: options.hotReload === true ? createCodeWatch() : undefined,
    startRunner: (configuration) =>
      createFunctionRunner(configuration, {
        context,
        concurrency,
        capacity,
        faults,
        scaleOutDelayMilliseconds: options.scaleOutDelayMilliseconds,
        niceness: () => (provisionedPollers(configuration) > 0 ? 0 : HANDLER_NICENESS),
        onLog(line) {
          logs.line(configuration, line);
          for (const listener of logListeners) listener(line);
        },
        onRun: (report) => logs.report(report),
      }),
  });
  const run = (reference: string, payload: string, requestId: string = randomUUID()): Promise<RunResult> => {
    const { entry, version, qualifier } = functions.find(reference);
    return entry.runner.run(payload, { version, requestId, ...invokedAs(entry, qualifier) });
  };
  /** Pollers that are always there for the function; 0 when nobody pays for any. */
  const provisionedPollers = ({ functionName }: FunctionConfiguration): number =>
    Math.max(
      0,
      ...mappings
        .list()
        .filter((mapping) => mapping.functionName.split(':').includes(functionName))
        .map(({ minimumPollers = 0 }) => minimumPollers),
    );
  const asyncInvocations = createAsyncInvocations(context, {
    retryDelayMilliseconds: options.asyncRetryDelayMilliseconds,
    target(reference) {
      const { entry, version, qualifier } = functions.find(reference);
      return {
        configuration: entry.runner.configuration,
        config: entry.eventInvokeConfigs.get(qualifier ?? '$LATEST') ?? {},
        version,
        run: (payload, runOptions) =>
          entry.runner.run(payload, { ...invokedAs(entry, qualifier), ...runOptions }),
      };
    },
  });
  const mappings = createMappings(context, {
    run,
    configurationOf: (reference) => functions.find(reference).entry.runner.configuration,
    scaleOutDelay: (reference) => functions.find(reference).entry.runner.scaleOutDelay(),
  });

  const service: LambdaService = {
    name: 'lambda',
    protocols: { routes: lambdaRoutes(context, () => service) },
    authorization: (action, input) =>
      lambdaAuthorization(context, (name) => permissions.policyOf(name), action, input),
    handle: (action, input, caller) =>
      handleAction({ service, functions, mappings, code, context }, action, input, caller),
    faults,
    permissions,
    createFunction: (props) => functions.create(props),
    updateFunction: (name, changes) => functions.update(name, changes),
    async deleteFunction(reference) {
      const { functionName } = service.getFunction(reference);
      permissions.forget(functionName);
      await functions.remove(functionName);
    },
    getFunction: (reference) => functions.find(reference).entry.runner.configuration,
    listFunctions: () => functions.all().map(({ runner }) => runner.configuration),
    publishVersion(reference, description = '') {
      const { entry } = functions.find(reference);
      const version = String(Number(entry.versions.at(-1)?.version ?? 0) + 1);
      entry.versions.push({ version, description });
      functions.changed(entry);
      return version;
    },
    putAlias(reference, name, version, description = '') {
      const { entry } = functions.find(reference);
      entry.aliases.set(name, { name, version, description });
      functions.changed(entry);
    },
    putEventInvokeConfig(reference, config) {
      const { entry, qualifier } = functions.find(reference);
      entry.eventInvokeConfigs.set(qualifier ?? '$LATEST', config);
      functions.changed(entry);
    },
    putFunctionConcurrency(reference, reserved) {
      const { functionName, props } = service.getFunction(reference);
      const { reservedConcurrency: _old, ...rest } = props;
      concurrency.reserve(functionName, reserved);
      functions.reserve(functionName, {
        ...rest,
        ...(reserved !== undefined && { reservedConcurrency: reserved }),
      });
    },
    invoke: (reference, event, invokeOptions) =>
      service.invokeJson(reference, JSON.stringify(event) ?? 'null', invokeOptions),
    async invokeJson(reference, json, { type = 'RequestResponse', tailsLog = false } = {}) {
      const { version } = functions.find(reference);
      refuseInvalidJson(json);
      if (type === 'DryRun') return { requestId: randomUUID(), statusCode: 204, version };
      if (type === 'Event') {
        return { requestId: asyncInvocations.submit(reference, json), statusCode: 202, version };
      }
      const requestId = randomUUID();
      const endTail = tailsLog ? logs.tail(requestId) : undefined;
      let logTail: string | undefined;
      let result: RunResult;
      try {
        result = await run(reference, json, requestId);
      } finally {
        logTail = endTail?.();
      }
      const { payload, error } = result;
      return {
        requestId,
        statusCode: 200,
        payload,
        version,
        ...(error && { error }),
        ...(logTail !== undefined && { logTail }),
      };
    },
    createEventSourceMapping: (input) => mappings.create(input),
    updateEventSourceMapping: (uuid, changes) => mappings.update(uuid, changes),
    deleteEventSourceMapping: (uuid) => mappings.delete(uuid),
    listEventSourceMappings: () => mappings.list(),
    async prewarm() {
      // As many at once as there are cores: a start is work for one core, and the first events should not wait for all.
      const waiting = functions.all().values();
      const lane = async (): Promise<void> => {
        for (const { runner } of waiting) {
          // Who pays for pollers that are always there can not wait for a start beside a busy instance either.
          await runner.prewarm(Math.max(1, provisionedPollers(runner.configuration)));
        }
      };
      await Promise.all(cpus().map(lane));
    },
    observeLogs(listener) {
      logListeners.add(listener);
      return () => logListeners.delete(listener);
    },
    busy() {
      const running = functions
        .all()
        .reduce((sum, { runner }) => sum + concurrency.inFlight(runner.configuration.functionName), 0);
      return Math.max(mappings.inFlight(), running, asyncInvocations.running());
    },
    waiting: () => asyncInvocations.waiting(),
    async crash() {
      await Promise.all(functions.all().map(({ runner }) => runner.crash()));
    },
    async close() {
      asyncInvocations.close();
      await mappings.close();
      await functions.close();
      logs.flush();
      code.close();
    },
  };
  return service;
}

/** An invocation by version or alias names it in the context of the handler. */
function invokedAs(
  { runner }: FunctionEntry,
  qualifier: string | undefined,
): { readonly invokedFunctionArn?: string } {
  if (qualifier === undefined) return {};
  return { invokedFunctionArn: `${runner.configuration.functionArn}:${qualifier}` };
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
