/**
 * Asynchronous invocation: the event is taken at once and run later, retried twice after an error, and handed to the
 * on-failure destination or the dead-letter queue when that does not help.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */
import { randomUUID } from 'node:crypto';

import type { AwsContext, Caller, ClockTimer } from '../context.ts';
import { call, invokeFunction, sendToQueue } from '../delivery/index.ts';
import { asAwsError, AwsError } from '../errors.ts';
import { roleCaller } from '../iam/role-caller.ts';
import type { FunctionRunner, RunResult } from './function-runner.ts';

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
  /** Takes the event; returns its request id at once. */
  submit(runner: FunctionRunner, payload: string, config: EventInvokeConfig): string;
  /** How many events are taken and not yet done or given up, those that wait for a retry left out. */
  running(): number;
  /** How many events wait for a retry. */
  waiting(): number;
  close(): void;
}

export interface AsyncInvocationOptions {
  /** Milliseconds before each retry; AWS's own when absent. A local run may not want to wait a minute. */
  readonly retryDelayMilliseconds?: readonly number[];
}

interface AsyncEvent {
  readonly runner: FunctionRunner;
  readonly payload: string;
  readonly config: EventInvokeConfig;
  readonly requestId: string;
  readonly takenAt: number;
  attempts: number;
  throttles: number;
}

export function createAsyncInvocations(
  context: AwsContext,
  options: AsyncInvocationOptions = {},
): AsyncInvocations {
  const delays = options.retryDelayMilliseconds ?? RETRY_DELAY_MILLISECONDS;
  const timers = new Set<ClockTimer>();
  let pending = 0;
  let closed = false;

  const later = (event: AsyncEvent, milliseconds: number): void => {
    if (closed) return;
    const timer = context.clock.setTimeout(() => {
      timers.delete(timer);
      void attempt(event);
    }, milliseconds);
    timers.add(timer);
  };

  const attempt = async (event: AsyncEvent): Promise<void> => {
    let result: RunResult;
    try {
      result = await event.runner.run(event.payload, { requestId: event.requestId });
    } catch (thrown) {
      const error = asAwsError(thrown);
      if (isTooOld(event)) return finish(event, 'EventAgeExceeded', undefined);
      if (error.code !== 'TooManyRequestsException') return finish(event, 'ServiceError', undefined);
      const backoff = THROTTLE_BACKOFF_MILLISECONDS.first * 2 ** event.throttles++;
      return later(event, Math.min(backoff, THROTTLE_BACKOFF_MILLISECONDS.maximum));
    }
    event.attempts++;
    if (result.error === undefined) return finish(event, 'Success', result);
    const retries = event.config.maximumRetryAttempts ?? DEFAULT_RETRY_ATTEMPTS;
    if (event.attempts > retries) return finish(event, 'RetriesExhausted', result);
    if (isTooOld(event)) return finish(event, 'EventAgeExceeded', result);
    later(event, delays[event.attempts - 1] ?? delays.at(-1) ?? 0);
  };

  const isTooOld = (event: AsyncEvent): boolean => {
    const limit = (event.config.maximumEventAgeSeconds ?? DEFAULT_EVENT_AGE_SECONDS) * 1000;
    return context.clock.now() - event.takenAt >= limit;
  };

  const finish = async (
    event: AsyncEvent,
    condition: string,
    result: RunResult | undefined,
  ): Promise<void> => {
    pending--;
    const { configuration } = event.runner;
    const destination = condition === 'Success' ? event.config.onSuccess : event.config.onFailure;
    const { deadLetterTargetArn } = configuration;
    // Lambda hands events on in the name of the function's role.
    const caller = roleCaller(configuration.roleArn, configuration.functionName);
    try {
      if (destination !== undefined)
        await deliver(destination, invocationRecord(context, event, condition, result), {}, caller);
      if (condition !== 'Success' && deadLetterTargetArn !== undefined) {
        await deliver(deadLetterTargetArn, event.payload, deadLetterAttributes(event, result), caller);
      }
      if (condition !== 'Success' && (destination ?? deadLetterTargetArn) !== undefined) {
        context.events.emit({
          kind: 'dead-lettered',
          service: 'lambda',
          resourceArn: configuration.functionArn,
          messageId: event.requestId,
          detail: { condition, to: destination ?? deadLetterTargetArn },
        });
      }
    } catch (thrown) {
      context.events.emit({
        kind: 'delivery-failed',
        service: 'lambda',
        resourceArn: configuration.functionArn,
        messageId: event.requestId,
        detail: { to: destination ?? deadLetterTargetArn, reason: asAwsError(thrown).code },
      });
    }
  };

  const deliver = async (
    targetArn: string,
    body: string,
    attributes: MessageAttributes,
    caller: Caller,
  ): Promise<void> => {
    const [, , service = ''] = targetArn.split(':');
    switch (service) {
      case 'sqs':
        return sendToQueue(context, targetArn, { MessageBody: body, MessageAttributes: attributes }, caller);
      case 'sns':
        await call(
          context,
          'sns',
          'Publish',
          { TopicArn: targetArn, Message: body, MessageAttributes: attributes },
          caller,
        );
        return;
      case 'lambda':
        return invokeFunction(context, targetArn, body, caller);
      case 'events': {
        const detailType = 'Lambda Function Invocation Result';
        const entry = { EventBusName: targetArn, Source: 'lambda', DetailType: detailType, Detail: body };
        await call(context, 'events', 'PutEvents', { Entries: [entry] }, caller);
        return;
      }
      default:
        throw new AwsError(
          'InvalidParameterValueException',
          `${targetArn} cannot be a destination of a function`,
        );
    }
  };

  return {
    submit(runner, payload, config) {
      const bytes = Buffer.byteLength(payload);
      if (bytes > ASYNCHRONOUS_PAYLOAD_BYTES) {
        throw new AwsError(
          'RequestTooLargeException',
          `${bytes} byte payload is too large for the Event invocation type (limit ${ASYNCHRONOUS_PAYLOAD_BYTES} bytes)`,
          413,
        );
      }
      const requestId = randomUUID();
      pending++;
      const event = {
        runner,
        payload,
        config,
        requestId,
        takenAt: context.clock.now(),
        attempts: 0,
        throttles: 0,
      };
      setImmediate(() => void attempt(event));
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

type MessageAttributes = Record<string, { readonly DataType: string; readonly StringValue: string }>;

/** What a destination gets: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
function invocationRecord(
  context: AwsContext,
  event: AsyncEvent,
  condition: string,
  result: RunResult | undefined,
): string {
  return JSON.stringify({
    version: '1.0',
    timestamp: new Date(context.clock.now()).toISOString(),
    requestContext: {
      requestId: event.requestId,
      functionArn: `${event.runner.configuration.functionArn}:$LATEST`,
      condition,
      approximateInvokeCount: event.attempts,
    },
    requestPayload: JSON.parse(event.payload) as unknown,
    ...(result === undefined
      ? {}
      : {
          responseContext: {
            statusCode: 200,
            executedVersion: '$LATEST',
            ...(result.error === undefined ? {} : { functionError: 'Unhandled' }),
          },
          responsePayload: JSON.parse(result.payload) as unknown,
        }),
  });
}

function deadLetterAttributes(event: AsyncEvent, result: RunResult | undefined): MessageAttributes {
  const text = (value: string) => ({ DataType: 'String', StringValue: value });
  return {
    RequestID: text(event.requestId),
    ErrorCode: { DataType: 'Number', StringValue: result === undefined ? '429' : '200' },
    // AWS cuts the message at 1 KB (page in the head of this file).
    ErrorMessage: text((result?.error?.errorMessage ?? 'Rate Exceeded.').slice(0, 1024)),
  };
}
