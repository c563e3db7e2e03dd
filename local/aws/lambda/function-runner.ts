/** Runs one event in one instance of a function: limits, faults, what is observed of it, and the outcome. */
import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';

import type { AwsContext } from '../context.ts';
import { asAwsError, AwsError } from '../errors.ts';
import { roleCaller } from '../iam/role-caller.ts';
import { throttled } from './concurrency.ts';
import type { Concurrency } from './concurrency.ts';
import { messageIdsOf, withFailedItems } from './failed-items.ts';
import type { InvocationFault, LambdaFaults } from './faults.ts';
import type { FunctionConfiguration } from './function-configuration.ts';
import { exited } from './function-error.ts';
import type { FunctionError } from './function-error.ts';
import { createInstancePool } from './instance-pool.ts';
import type { HostCapacity } from './instance-pool.ts';
import type { Instance, LogLine, Outcome } from './instance.ts';
import { publishMetric } from './metrics.ts';

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: synchronous request and response. */
const SYNCHRONOUS_PAYLOAD_BYTES = 6 * 1024 * 1024;
/** A crash "in the middle" comes within so many milliseconds after the handler has started. */
const CRASH_WITHIN_MILLISECONDS = 8;

export interface FunctionRunner {
  readonly configuration: FunctionConfiguration;
  /**
   * Runs the handler with this event, given as JSON.
   *
   * @throws AwsError `TooManyRequestsException` when a concurrency limit is reached, `RequestTooLargeException`.
   */
  run(payload: string, options?: RunOptions): Promise<RunResult>;
  /** Milliseconds that an event waits for a busy instance before another one is started. */
  scaleOutDelay(): number;
  prewarm(count: number): Promise<void>;
  instances(): number;
  /** Replaces settings that instances do not see. */
  reconfigure(configuration: FunctionConfiguration): void;
  /** Another runner has taken over: instances end as soon as they are idle. */
  retire(): void;
  /** Ends every instance where it stands. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

export interface RunOptions {
  readonly requestId?: string;
  readonly invokedFunctionArn?: string;
  /** The version that runs, for the log; `$LATEST` when absent. */
  readonly version?: string;
}

export interface RunResult {
  readonly requestId: string;
  /** The handler's answer, or the error, as JSON. */
  readonly payload: string;
  readonly error: FunctionError | undefined;
}

export interface RunnerDependencies {
  readonly context: AwsContext;
  readonly concurrency: Concurrency;
  readonly capacity: HostCapacity;
  readonly faults: LambdaFaults;
  readonly scaleOutDelayMilliseconds: number | undefined;
  /** Asked at the start of each instance: mappings come and go. */
  readonly niceness: () => number;
  readonly onLog: (line: LogLine) => void;
  readonly onRun: (report: RunReport) => void;
}

/** What Lambda's own lines in the log say about an invocation. */
export interface RunReport {
  readonly configuration: FunctionConfiguration;
  readonly requestId: string;
  readonly version: string;
  readonly phase: 'start' | 'end';
  /** Absent at the start. */
  readonly durationMilliseconds?: number;
  readonly initMilliseconds?: number | undefined;
  readonly memoryUsedMegabytes?: number;
  readonly error?: FunctionError | undefined;
  readonly logStreamName: string;
}

/** What an instance made of an event. */
interface Ran {
  readonly outcome: Outcome;
  readonly coldStart: boolean;
  readonly durationMilliseconds: number;
}

export function createFunctionRunner(
  configuration: FunctionConfiguration,
  {
    context,
    concurrency,
    capacity,
    faults,
    scaleOutDelayMilliseconds,
    niceness,
    onLog,
    onRun,
  }: RunnerDependencies,
): FunctionRunner {
  const { functionName, functionArn } = configuration;
  const pool = createInstancePool(configuration, {
    region: context.region,
    // Asked at the start of each instance: an endpoint may begin to listen when the functions are already there.
    get endpointUrl() {
      return context.endpointUrl;
    },
    credentials: context.credentials.issue(
      roleCaller(configuration.roleArn, functionName, {
        sourceFunctionArn: functionArn,
        assumedBy: { service: 'lambda.amazonaws.com' },
      }),
    ),
    capacity,
    scaleOutDelayMilliseconds,
    get niceness() {
      return niceness();
    },
    delayStart: () => faults.startDelay(functionName),
    onLog,
  });

  const runOnInstance = async (payload: string, requestId: string, options: RunOptions): Promise<Ran> => {
    const fault = faults.forInvocation(functionName, payload);
    if (fault !== undefined) {
      context.events.emit({
        kind: 'fault',
        service: 'lambda',
        resourceArn: functionArn,
        detail: { effect: fault.kind, messageIds: messageIdsOf(payload).join(' ') },
      });
    }
    if (fault?.kind === 'throttle') throw throttled('ConcurrentInvocationLimitExceeded');
    const acquired = await pool.acquire();
    if ('initError' in acquired) {
      return {
        outcome: { ok: false, error: acquired.initError },
        coldStart: true,
        durationMilliseconds: 0,
      };
    }
    const { instance, coldStart } = acquired;
    const { version = '$LATEST' } = options;
    const about = { configuration, requestId, version, logStreamName: instance.logStreamName };
    onRun({ ...about, phase: 'start' });
    const started = performance.now();
    const outcome = await runWithFault(instance, payload, requestId, options, fault);
    const durationMilliseconds = performance.now() - started;
    onRun({
      ...about,
      phase: 'end',
      durationMilliseconds,
      initMilliseconds: coldStart ? instance.initMilliseconds : undefined,
      memoryUsedMegabytes: outcome.ok ? outcome.memoryUsedMegabytes : configuration.memoryMegabytes,
      error: outcome.ok ? undefined : outcome.error,
    });
    return { outcome, coldStart, durationMilliseconds };
  };

  const runWithFault = async (
    instance: Instance,
    payload: string,
    requestId: string,
    { invokedFunctionArn }: RunOptions,
    fault: InvocationFault | undefined,
  ): Promise<Outcome> => {
    if (fault?.kind === 'crash-before') {
      await instance.terminate();
      return { ok: false, error: exited(requestId, 1) };
    }
    if (fault?.kind === 'fail') {
      pool.release(instance);
      const { errorType = 'Error', errorMessage = 'injected fault' } = fault;
      return { ok: false, error: { errorType, errorMessage, trace: [] } };
    }
    const outcome = await instance.invoke({
      requestId,
      payload,
      ...(invokedFunctionArn === undefined ? {} : { invokedFunctionArn }),
      ...(fault?.kind === 'crash-during' && {
        crashAfterMilliseconds: context.faults.random() * CRASH_WITHIN_MILLISECONDS,
      }),
      ...(fault?.kind === 'slow' && { delayMilliseconds: fault.milliseconds }),
    });
    pool.release(instance);
    if (fault?.kind === 'lose-response') return { ok: false, error: exited(requestId, 1) };
    if (fault?.kind !== 'fail-items' || !outcome.ok) return outcome;
    return { ...outcome, payload: withFailedItems(payload, outcome.payload, fault.share, faults) };
  };

  const measure = (ran: Ran | undefined): void => {
    publishMetric(context, functionName, 'Invocations');
    publishMetric(context, functionName, 'Errors', ran?.outcome.ok === true ? 0 : 1);
    if (ran) publishMetric(context, functionName, 'Duration', ran.durationMilliseconds);
  };

  let shown = configuration;
  return {
    get configuration() {
      return shown;
    },
    reconfigure(changed) {
      shown = changed;
    },
    async run(payload, options = {}) {
      const { requestId = randomUUID() } = options;
      while (context.outage) await context.outage;
      refuseTooLarge(payload);
      let leave: () => void;
      try {
        leave = concurrency.enter(functionName);
      } catch (thrown) {
        publishMetric(context, functionName, 'Throttles');
        throw thrown;
      }
      publishMetric(context, functionName, 'ConcurrentExecutions', concurrency.inFlight(functionName));
      const started = performance.now();
      context.events.emit({
        kind: 'invoked',
        service: 'lambda',
        resourceArn: functionArn,
        detail: { requestId },
      });
      try {
        const ran = await runOnInstance(payload, requestId, options);
        const result = toResult(requestId, ran.outcome);
        measure(ran);
        // Lambda writes every failed invocation to the log, so that it is seen even when nobody looks at the answer.
        if (result.error !== undefined) {
          onLog({
            functionName,
            requestId,
            stream: 'stderr',
            text: `ERROR\tInvoke Error\t${result.payload}`,
          });
        }
        context.events.emit({
          kind: 'returned',
          service: 'lambda',
          resourceArn: functionArn,
          detail: {
            requestId,
            coldStart: ran.coldStart,
            durationMilliseconds: performance.now() - started,
            errorType: result.error?.errorType,
          },
        });
        return result;
      } catch (thrown) {
        if (asAwsError(thrown).code === 'TooManyRequestsException') {
          publishMetric(context, functionName, 'Throttles');
        }
        throw thrown;
      } finally {
        leave();
      }
    },
    scaleOutDelay: () => pool.scaleOutDelay(),
    prewarm: (count) => pool.prewarm(count),
    instances: () => pool.size(),
    retire: () => pool.retire(),
    crash: () => pool.crash(),
    close: () => pool.close(),
  };
}

function toResult(requestId: string, outcome: Outcome): RunResult {
  if (!outcome.ok) return { requestId, payload: JSON.stringify(outcome.error), error: outcome.error };
  if (Buffer.byteLength(outcome.payload) <= SYNCHRONOUS_PAYLOAD_BYTES) {
    return { requestId, payload: outcome.payload, error: undefined };
  }
  const error: FunctionError = {
    errorType: 'Function.ResponseSizeTooLarge',
    errorMessage: 'Response payload size exceeded maximum allowed payload size (6291556 bytes).',
  };
  return { requestId, payload: JSON.stringify(error), error };
}

function refuseTooLarge(payload: string): void {
  const bytes = Buffer.byteLength(payload);
  if (bytes <= SYNCHRONOUS_PAYLOAD_BYTES) return;
  throw new AwsError(
    'RequestTooLargeException',
    `${bytes} byte payload is too large for the RequestResponse invocation type (limit ${SYNCHRONOUS_PAYLOAD_BYTES} bytes)`,
    413,
  );
}
