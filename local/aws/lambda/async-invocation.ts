/**
 * Asynchronous invocation: the event is taken at once and run later, retried twice after an error, and handed to the
 * on-failure destination or the dead-letter queue when that does not help.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */
import { randomUUID } from 'node:crypto';

import type { AwsContext, ClockTimer } from '../context.ts';
import { asAwsError, AwsError } from '../errors.ts';
import { roleCaller } from '../iam/role-caller.ts';
import { sendToDestination, type MessageAttributes } from './destinations.ts';
import type { FunctionConfiguration } from './function-configuration.ts';
import type { RunOptions, RunResult } from './function-runner.ts';
import { publishMetric } from './metrics.ts';

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: asynchronous request. */
const ASYNCHRONOUS_PAYLOAD_BYTES = 1024 * 1024;
/** The page above: "one minute before the first retry, and two minutes before the second". */
const RETRY_DELAY_MILLISECONDS = [60_000, 120_000];
/** The page above: throttles are retried "starting at 1 second, up to a maximum of 5 minutes". */
const THROTTLE_BACKOFF_MILLISECONDS = { first: 1000, maximum: 300_000 };

/** https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html */
export interface EventInvokeConfig {
  /** 0 to 2; 2 when absent. */
  readonly maximumRetryAttempts?: number;
  /** 60 to 21,600; 21,600 when absent. */
  readonly maximumEventAgeSeconds?: number;
  /** ARN of an SQS queue, SNS topic, function or event bus. */
  readonly onSuccess?: string;
  readonly onFailure?: string;
}

const DEFAULT_RETRY_ATTEMPTS = 2;
const DEFAULT_EVENT_AGE_SECONDS = 21_600;

export interface AsyncInvocations {
  /** Takes the event for a function, by its reference; returns its request id at once. */
  submit(reference: string, payload: string): string;
  /** How many events are taken and not yet done or given up, those that wait for a retry left out. */
  running(): number;
  /** How many events wait for a retry. */
  waiting(): number;
  close(): void;
}

/** A function as an event finds it when its turn comes: it may have changed since the event was taken. */
export interface AsyncTarget {
  readonly configuration: FunctionConfiguration;
  readonly config: EventInvokeConfig;
  readonly version: string;
  run(payload: string, options: RunOptions): Promise<RunResult>;
}

export interface AsyncInvocationOptions {
  /** Milliseconds before each retry; AWS's own when absent. A local run may not want to wait a minute. */
  readonly retryDelayMilliseconds?: readonly number[] | undefined;
  /** Throws `ResourceNotFoundException`. */
  readonly target: (reference: string) => AsyncTarget;
}

/** What is kept of an event until it is done. */
interface KeptEvent {
  readonly reference: string;
  readonly payload: string;
  /** Milliseconds since the epoch. */
  readonly takenAt: number;
}

interface AsyncEvent extends KeptEvent {
  readonly requestId: string;
  attempts: number;
  throttles: number;
  last: RunResult | undefined;
}

type Condition = 'Success' | 'RetriesExhausted' | 'EventAgeExceeded' | 'ServiceError';

export function createAsyncInvocations(
  context: AwsContext,
  { retryDelayMilliseconds: delays = RETRY_DELAY_MILLISECONDS, target }: AsyncInvocationOptions,
): AsyncInvocations {
  const kept = context.state.collection<KeptEvent>('lambda.async-events');
  const timers = new Set<ClockTimer>();
  let pending = 0;
  let closed = false;

  const maximumAge = (config: EventInvokeConfig): number =>
    (config.maximumEventAgeSeconds ?? DEFAULT_EVENT_AGE_SECONDS) * 1000;

  /** Tries again after so long, or gives the event up when it is too old before. */
  const later = (event: AsyncEvent, milliseconds: number, config: EventInvokeConfig): void => {
    if (closed) return;
    const left = event.takenAt + maximumAge(config) - context.clock.now();
    const timer = context.clock.setTimeout(
      () => {
        timers.delete(timer);
        void (milliseconds < left ? attempt(event) : finish(event, 'EventAgeExceeded'));
      },
      Math.max(0, Math.min(milliseconds, left)),
    );
    timers.add(timer);
  };

  const attempt = async (event: AsyncEvent): Promise<void> => {
    let aim: AsyncTarget;
    try {
      aim = target(event.reference);
    } catch {
      // The function is gone, and nobody is left to hear of it.
      return done(event);
    }
    const { config, configuration } = aim;
    publishMetric(context, configuration.functionName, 'AsyncEventAge', context.clock.now() - event.takenAt);
    try {
      const result = await aim.run(event.payload, { requestId: event.requestId, version: aim.version });
      event.attempts++;
      event.last = result;
      if (result.error === undefined) return await finish(event, 'Success');
      const retries = config.maximumRetryAttempts ?? DEFAULT_RETRY_ATTEMPTS;
      if (event.attempts > retries) return await finish(event, 'RetriesExhausted');
      later(event, delays[event.attempts - 1] ?? delays.at(-1) ?? 0, config);
    } catch (thrown) {
      if (asAwsError(thrown).code !== 'TooManyRequestsException') {
        return finish(event, 'ServiceError');
      }
      const backoff = THROTTLE_BACKOFF_MILLISECONDS.first * 2 ** event.throttles++;
      later(event, Math.min(backoff, THROTTLE_BACKOFF_MILLISECONDS.maximum), config);
    }
  };

  const done = (event: AsyncEvent): void => {
    pending--;
    kept.delete(event.requestId);
  };

  const finish = async (event: AsyncEvent, condition: Condition): Promise<void> => {
    try {
      await handOn(event, condition, target(event.reference));
    } catch {
      // The function was deleted meanwhile.
    }
    done(event);
  };

  const handOn = async (event: AsyncEvent, condition: Condition, aim: AsyncTarget): Promise<void> => {
    const { configuration, config, version } = aim;
    const { functionName, functionArn, deadLetterTargetArn } = configuration;
    const failed = condition !== 'Success';
    if (failed) publishMetric(context, functionName, 'AsyncEventsDropped');
    const destination = failed ? config.onFailure : config.onSuccess;
    // Lambda hands events on in the name of the function's role.
    const caller = roleCaller(configuration.roleArn, functionName);
    const report = (kind: 'dead-lettered' | 'delivery-failed', to: string, reason?: string): void =>
      context.events.emit({
        kind,
        service: 'lambda',
        resourceArn: functionArn,
        messageId: event.requestId,
        detail: { condition, to, reason },
      });
    if (destination !== undefined) {
      const body = invocationRecord(context, event, condition, functionArn, version);
      const detailType = `Lambda Function Invocation Result - ${failed ? 'Failure' : 'Success'}`;
      const resources = [`${functionArn}:${version}`, destination];
      try {
        await sendToDestination(
          context,
          destination,
          { body, event: { detailType, resources }, object: objectOf(body, event, configuration) },
          caller,
        );
        if (failed) report('dead-lettered', destination);
      } catch (thrown) {
        publishMetric(context, functionName, 'DestinationDeliveryFailures');
        report('delivery-failed', destination, asAwsError(thrown).code);
      }
    }
    if (failed && deadLetterTargetArn !== undefined) {
      try {
        const attributes = deadLetterAttributes(event);
        await sendToDestination(context, deadLetterTargetArn, { body: event.payload, attributes }, caller);
        report('dead-lettered', deadLetterTargetArn);
      } catch (thrown) {
        publishMetric(context, functionName, 'DeadLetterErrors');
        report('delivery-failed', deadLetterTargetArn, asAwsError(thrown).code);
      }
    }
  };

  const take = (requestId: string, event: KeptEvent): void => {
    pending++;
    const taken: AsyncEvent = { ...event, requestId, attempts: 0, throttles: 0, last: undefined };
    setImmediate(() => void attempt(taken));
  };

  // Events that an earlier process took and did not finish begin anew, once every service is there.
  for (const [requestId, event] of kept.entries()) take(requestId, event);

  return {
    submit(reference, payload) {
      const bytes = Buffer.byteLength(payload);
      if (bytes > ASYNCHRONOUS_PAYLOAD_BYTES) {
        throw new AwsError(
          'RequestTooLargeException',
          `${bytes} byte payload is too large for the Event invocation type (limit ${ASYNCHRONOUS_PAYLOAD_BYTES} bytes)`,
          413,
        );
      }
      const requestId = randomUUID();
      const event = { reference, payload, takenAt: context.clock.now() };
      kept.put(requestId, event);
      publishMetric(context, target(reference).configuration.functionName, 'AsyncEventsReceived');
      take(requestId, event);
      return requestId;
    },
    running: () => pending - timers.size,
    waiting: () => timers.size,
    close() {
      closed = true;
      for (const timer of timers) context.clock.clearTimeout(timer);
      timers.clear();
    },
  };
}

/** What a destination gets: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
function invocationRecord(
  context: AwsContext,
  event: AsyncEvent,
  condition: Condition,
  functionArn: string,
  version: string,
): string {
  const { last } = event;
  return JSON.stringify({
    version: '1.0',
    timestamp: new Date(context.clock.now()).toISOString(),
    requestContext: {
      requestId: event.requestId,
      functionArn: `${functionArn}:${version}`,
      condition,
      approximateInvokeCount: event.attempts,
    },
    requestPayload: JSON.parse(event.payload) as unknown,
    ...(last && {
      responseContext: {
        statusCode: 200,
        executedVersion: version,
        ...(last.error && { functionError: 'Unhandled' }),
      },
      responsePayload: JSON.parse(last.payload) as unknown,
    }),
  });
}

/** A bucket keeps the same record: `aws/lambda/async/FUNCTION/YYYY/MM/DD/...` (page above). */
function objectOf(
  body: string,
  event: AsyncEvent,
  { functionName }: FunctionConfiguration,
): { readonly key: string; readonly body: string } {
  const { timestamp } = JSON.parse(body) as { readonly timestamp: string };
  const [date = '', time = ''] = timestamp.split('T');
  return {
    key: `aws/lambda/async/${functionName}/${date.replaceAll('-', '/')}/${date}T${time.slice(0, 8).replaceAll(':', '.')}-${event.requestId}`,
    body,
  };
}

function deadLetterAttributes({ requestId, last }: AsyncEvent): MessageAttributes {
  const text = (value: string) => ({ DataType: 'String', StringValue: value });
  return {
    RequestID: text(requestId),
    ErrorCode: { DataType: 'Number', StringValue: last === undefined ? '429' : '200' },
    // AWS cuts the message at 1 KB (page in the head of this file).
    ErrorMessage: text((last?.error?.errorMessage ?? 'Rate Exceeded.').slice(0, 1024)),
  };
}
