/**
 * What a pipe does with a batch at its end, in the pipe's role.
 *
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-target.html
 */
import type { AwsContext, Caller } from '../context.ts';
import { call, sendToQueue } from '../delivery/index.ts';
import { asAwsError, AwsError } from '../errors.ts';
import { readBatchResponse, type BatchOutcome } from '../polling/index.ts';
import type { Pipe } from './model.ts';
import { serviceOf } from './read-pipe.ts';
import { parameterOf } from './template.ts';

/** An event of a batch on its way to the target. */
export interface Outgoing {
  /** The message id or sequence number of its record; undefined when an enrichment made another list of it. */
  readonly identifier: string | undefined;
  /** The event as it came out of the enrichment, for the target's paths. */
  readonly event: unknown;
  /** What the target's template made of it. */
  readonly text: string;
}

/** Hands a batch to the target. Throws what the target answers when all of it failed. */
export async function deliverToTarget(
  context: AwsContext,
  pipe: Pipe,
  batch: readonly Outgoing[],
  caller: Caller,
): Promise<BatchOutcome> {
  const { Target, TargetParameters } = pipe;
  switch (serviceOf(Target)) {
    case 'lambda':
    case 'states':
      return invoke(context, pipe, batch, caller);
    case 'sqs': {
      const { MessageGroupId, MessageDeduplicationId } = TargetParameters.SqsQueueParameters ?? {};
      return each(batch, async ({ event, text }) => {
        const group = parameterOf(MessageGroupId, event);
        const deduplication = parameterOf(MessageDeduplicationId, event);
        const message = {
          MessageBody: text,
          ...(group !== undefined && { MessageGroupId: group }),
          ...(deduplication !== undefined && { MessageDeduplicationId: deduplication }),
        };
        sendToQueue(context, Target, message, caller);
      });
    }
    case 'sns':
      return each(batch, async ({ text }) => {
        await call(context, 'sns', 'Publish', { TopicArn: Target, Message: text }, caller);
      });
    case 'events':
      return each(batch, (outgoing) => putEvent(context, pipe, outgoing, caller));
    case 'kinesis':
      return each(batch, async ({ event, text }) => {
        await call(
          context,
          'kinesis',
          'PutRecord',
          {
            StreamARN: Target,
            Data: Buffer.from(text).toString('base64'),
            PartitionKey: parameterOf(TargetParameters.KinesisStreamParameters?.PartitionKey, event) ?? '',
          },
          caller,
        );
      });
    case 'logs': {
      const logs = context.services.get('logs');
      const group = /:log-group:([^:]+)/.exec(Target)?.[1] ?? '';
      return each(batch, async ({ event, text }) => {
        const stream = parameterOf(TargetParameters.CloudWatchLogsParameters?.LogStreamName, event);
        logs.append(group, stream ?? pipe.Name, [{ timestamp: context.clock.now(), message: text }], caller);
      });
    }
    default:
      throw new AwsError('ValidationException', `${Target} can't be the target of a pipe`);
  }
}

/** A function or state machine gets the batch as one list, and may answer which items failed. */
async function invoke(
  context: AwsContext,
  pipe: Pipe,
  batch: readonly Outgoing[],
  caller: Caller,
): Promise<BatchOutcome> {
  const payload = listOf(batch.map(({ text }) => text));
  const identifiers = batch.flatMap(({ identifier }) => identifier ?? []);
  const answer = await invokeWith(context, pipe.Target, payload, invocationType(pipe), caller);
  if (answer === undefined || identifiers.length === 0) return { kind: 'succeeded' };
  const outcome = readBatchResponse(answer, identifiers);
  // What a target answers that says nothing of items is no failure.
  return outcome.kind === 'failed' && !answer.includes('batchItemFailures') ? { kind: 'succeeded' } : outcome;
}

function invocationType({ Target, TargetParameters }: Pipe): string {
  const parameters =
    serviceOf(Target) === 'lambda'
      ? TargetParameters.LambdaFunctionParameters
      : TargetParameters.StepFunctionStateMachineParameters;
  return parameters?.InvocationType ?? 'REQUEST_RESPONSE';
}

/** @returns the answer as JSON, or undefined when nobody waits for one. Throws when the function or execution failed. */
export async function invokeWith(
  context: AwsContext,
  arn: string,
  payload: string,
  invocation: string,
  caller: Caller,
): Promise<string | undefined> {
  const waits = invocation === 'REQUEST_RESPONSE';
  if (serviceOf(arn) === 'lambda') {
    const InvocationType = waits ? 'RequestResponse' : 'Event';
    const input = { FunctionName: arn, InvocationType, Payload: payload };
    const answer = (await call(context, 'lambda', 'Invoke', input, caller)) as {
      readonly Payload?: string;
      readonly FunctionError?: string;
    };
    if (answer.FunctionError !== undefined) throw failedInvocation(arn, answer.Payload ?? '');
    return answer.Payload;
  }
  const input = { stateMachineArn: arn, input: payload };
  if (!waits) {
    await call(context, 'states', 'StartExecution', input, caller);
    return undefined;
  }
  const answer = (await call(context, 'states', 'StartSyncExecution', input, caller)) as {
    readonly status: string;
    readonly output?: string;
    readonly cause?: string;
  };
  if (answer.status !== 'SUCCEEDED') throw failedInvocation(arn, answer.cause ?? answer.status);
  return answer.output;
}

function failedInvocation(arn: string, reason: string): AwsError {
  return new AwsError('InvocationFailed', `${arn} failed: ${reason.slice(0, 1024)}`, 500);
}

/** https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeTargetEventBridgeEventBusParameters.html */
async function putEvent(
  context: AwsContext,
  { Name, Source, Target, TargetParameters }: Pipe,
  { event, text }: Outgoing,
  caller: Caller,
): Promise<void> {
  const parameters = TargetParameters.EventBridgeEventBusParameters ?? {};
  const entry = {
    EventBusName: Target,
    Source: parameterOf(parameters.Source, event) ?? `Pipe ${Name}`,
    DetailType: parameterOf(parameters.DetailType, event) ?? `Event from aws:${serviceOf(Source)}`,
    Resources: (parameters.Resources ?? []).flatMap((each) => parameterOf(each, event) ?? []),
    Detail: text,
  };
  const answer = (await call(context, 'events', 'PutEvents', { Entries: [entry] }, caller)) as {
    readonly Entries?: readonly { readonly ErrorCode?: string; readonly ErrorMessage?: string }[];
  };
  const [result] = answer.Entries ?? [];
  if (result?.ErrorCode !== undefined) throw new AwsError(result.ErrorCode, result.ErrorMessage ?? '', 400);
}

/** One call for each event; the ones that failed are tried again. Throws when all of them did. */
async function each(
  batch: readonly Outgoing[],
  send: (outgoing: Outgoing) => Promise<void>,
): Promise<BatchOutcome> {
  const failed = new Set<string>();
  let failures = 0;
  let last: AwsError | undefined;
  for (const outgoing of batch) {
    try {
      await send(outgoing);
    } catch (thrown) {
      failures++;
      last = asAwsError(thrown);
      if (outgoing.identifier !== undefined) failed.add(outgoing.identifier);
    }
  }
  if (last === undefined) return { kind: 'succeeded' };
  if (failures === batch.length || failed.size < failures) throw last;
  return { kind: 'partial', failed };
}

/** A JSON list of texts that are JSON, or are taken for strings. */
export function listOf(texts: readonly string[]): string {
  return `[${texts.map((text) => (isJson(text) ? text : JSON.stringify(text))).join(',')}]`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
