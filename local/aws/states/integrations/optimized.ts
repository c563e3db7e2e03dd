/**
 * The optimized integrations: what each makes of its parameters and of the answer.
 * https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
 */
import { randomUUID } from 'node:crypto';
import type { Attempt } from '../interpreter/attempt.ts';
import { isArray, isObject } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import { StateError } from '../language/state-error.ts';
import { functionResult, invoke } from './lambda.ts';
import { callNamed } from './sdk.ts';

interface Integration {
  readonly service: string;
  readonly action: string;
}

export async function callOptimized(
  { service, action }: Integration,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<Json> {
  const parameters = isObject(attempt.parameters) ? attempt.parameters : {};
  const run = (input: Record<string, unknown>) => callNamed(attempt, service, apiName(action), input, signal);
  switch (service) {
    case 'lambda':
      return invokeFunction(attempt, parameters);
    case 'sqs':
      return withMetadata(await run({ ...parameters, ...textMember(parameters, 'MessageBody') }));
    case 'sns':
      return withMetadata(await run({ ...parameters, ...textMember(parameters, 'Message') }));
    case 'events':
      return putEvents(attempt, parameters, run);
    case 'states':
      return startExecution(attempt, parameters, signal);
    default:
      return withMetadata(await run({ ...parameters }));
  }
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html */
async function invokeFunction(attempt: Attempt, parameters: JsonObject): Promise<Json> {
  const { Payload: payload, ...rest } = parameters;
  const answer = await invoke(attempt, {
    ...rest,
    ...(payload !== undefined && { Payload: JSON.stringify(payload) }),
  });
  const asynchronous = parameters['InvocationType'] === 'Event';
  const result = asynchronous ? undefined : functionResult(answer);
  return withMetadata({
    ...(result !== undefined && { ExecutedVersion: '$LATEST', Payload: result }),
    StatusCode: answer['StatusCode'] ?? 200,
  });
}

/** Step Functions adds the execution and its machine to the resources of each event. */
async function putEvents(
  attempt: Attempt,
  parameters: JsonObject,
  run: (input: Record<string, unknown>) => Promise<Json>,
): Promise<Json> {
  const { execution } = attempt.step.run;
  const entries = isArray(parameters['Entries']) ? parameters['Entries'] : [];
  const written = entries.filter(isObject).map((entry) => ({
    ...entry,
    ...textMember(entry, 'Detail'),
    Resources: [
      ...(isArray(entry['Resources']) ? entry['Resources'] : []),
      execution.arn,
      execution.machineArn,
    ],
  }));
  const answer = await run({ ...parameters, Entries: written });
  if (isObject(answer) && Number(answer['FailedEntryCount'] ?? 0) > 0) {
    throw new StateError('EventBridge.FailedEntry', JSON.stringify(answer));
  }
  return withMetadata(answer);
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html */
async function startExecution(attempt: Attempt, parameters: JsonObject, signal: AbortSignal): Promise<Json> {
  const { StateMachineArn: stateMachineArn, Name: name, TraceHeader: traceHeader, Input: input } = parameters;
  const answer = await callNamed(
    attempt,
    'states',
    'StartExecution',
    {
      stateMachineArn,
      ...(name !== undefined && { name }),
      ...(traceHeader !== undefined && { traceHeader }),
      input: typeof input === 'string' ? input : JSON.stringify(input ?? {}),
    },
    signal,
  );
  const started = isObject(answer) ? answer : {};
  return withMetadata({
    ExecutionArn: started['executionArn'] ?? '',
    StartDate: Math.round(Number(started['startDate'] ?? 0) * 1_000),
  });
}

/** What the SDK knows of the call, which these integrations hand on. */
function withMetadata(answer: Json): JsonObject {
  return {
    ...(isObject(answer) ? answer : {}),
    SdkHttpMetadata: { AllHttpHeaders: {}, HttpHeaders: {}, HttpStatusCode: 200 },
    SdkResponseMetadata: { RequestId: randomUUID() },
  };
}

/** A member that the API takes as text and a workflow may write as JSON. */
function textMember(parameters: JsonObject, name: string): Record<string, unknown> {
  const value = parameters[name];
  return value === undefined || typeof value === 'string' ? {} : { [name]: JSON.stringify(value) };
}

function apiName(action: string): string {
  return action.charAt(0).toUpperCase() + action.slice(1);
}
