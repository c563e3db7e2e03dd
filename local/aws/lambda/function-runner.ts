/** Runs one event in one instance of a function: limits, faults, what is observed of it, and the outcome. */
import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';

import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import { roleCaller } from '../iam/role-caller.ts';
import type { Concurrency } from './concurrency.ts';
import type { LambdaFaults } from './faults.ts';
import type { FunctionConfiguration } from './function-configuration.ts';
import { exited } from './function-error.ts';
import type { FunctionError } from './function-error.ts';
import { createInstancePool } from './instance-pool.ts';
import type { HostCapacity } from './instance-pool.ts';
import type { LogLine, Outcome } from './instance.ts';

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: synchronous request and response. */
export const SYNCHRONOUS_PAYLOAD_BYTES = 6 * 1024 * 1024;
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
  prewarm(): Promise<void>;
  instances(): number;
  close(): Promise<void>;
}

export interface RunOptions {
  readonly requestId?: string;
  readonly invokedFunctionArn?: string;
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
  readonly onLog: (line: LogLine) => void;
}

export function createFunctionRunner(
  configuration: FunctionConfiguration,
  { context, concurrency, capacity, faults, scaleOutDelayMilliseconds, onLog }: RunnerDependencies,
): FunctionRunner {
  const { functionName, functionArn } = configuration;
  const pool = createInstancePool(configuration, {
    region: context.region,
    endpointUrl: context.endpointUrl,
    credentials: context.credentials.issue(
      roleCaller(configuration.roleArn, functionName, {
        sourceFunctionArn: functionArn,
        assumedBy: { service: 'lambda.amazonaws.com' },
      }),
    ),
    capacity,
    scaleOutDelayMilliseconds,
    delayStart: () => faults.startDelay(functionName),
    onLog,
  });

  const runOnInstance = async (
    payload: string,
    requestId: string,
    invokedFunctionArn: string | undefined,
  ): Promise<{ readonly outcome: Outcome; readonly coldStart: boolean }> => {
    const acquired = await pool.acquire();
    if ('initError' in acquired)
      return { outcome: { ok: false, error: acquired.initError }, coldStart: true };

    const { instance, coldStart } = acquired;
    const fault = faults.forInvocation(functionName);
    if (fault !== undefined) {
      context.events.emit({
        kind: 'fault',
        service: 'lambda',
        resourceArn: functionArn,
        detail: { effect: fault },
      });
    }
    if (fault === 'crash-before') {
      await instance.terminate();
      return { outcome: { ok: false, error: exited(requestId, 1) }, coldStart };
    }
    const outcome = await instance.invoke({
      requestId,
      payload,
      ...(invokedFunctionArn === undefined ? {} : { invokedFunctionArn }),
      ...(fault === 'crash-during'
        ? { crashAfterMilliseconds: context.faults.random() * CRASH_WITHIN_MILLISECONDS }
        : {}),
    });
    pool.release(instance);
    return fault === 'lose-response'
      ? { outcome: { ok: false, error: exited(requestId, 1) }, coldStart }
      : { outcome, coldStart };
  };

  return {
    configuration,
    async run(payload, { requestId = randomUUID(), invokedFunctionArn } = {}) {
      refuseTooLarge(payload);
      const leave = concurrency.enter(functionName);
      const started = performance.now();
      context.events.emit({
        kind: 'invoked',
        service: 'lambda',
        resourceArn: functionArn,
        detail: { requestId },
      });
      try {
        const { outcome, coldStart } = await runOnInstance(payload, requestId, invokedFunctionArn);
        const result = toResult(requestId, outcome);
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
            coldStart,
            durationMilliseconds: performance.now() - started,
            errorType: result.error?.errorType,
          },
        });
        return result;
      } finally {
        leave();
      }
    },
    scaleOutDelay: () => pool.scaleOutDelay(),
    prewarm: () => pool.prewarm(),
    instances: () => pool.size(),
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
