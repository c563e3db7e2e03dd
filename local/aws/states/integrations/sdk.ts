/**
 * SDK integrations: any action of any service that runs here, with the parameters that its API has.
 * https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
 */
import { callService } from '../../dispatch.ts';
import type { AwsService } from '../../context.ts';
import { executionCaller } from '../interpreter/attempt.ts';
import type { Attempt } from '../interpreter/attempt.ts';
import { isArray, isObject } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import { StateError } from '../language/state-error.ts';

/** Services whose name in a resource is not that of their endpoint. */
const ENDPOINT_NAMES: Readonly<Record<string, string>> = {
  apigatewaymanagementapi: 'execute-api',
  cloudwatch: 'monitoring',
  cloudwatchlogs: 'logs',
  dynamodbstreams: 'streams.dynamodb',
  eventbridge: 'events',
  sfn: 'states',
};
/** Services whose API writes its members in camel case; a workflow writes all in Pascal case. */
const CAMEL_CASE: ReadonlySet<string> = new Set(['cloudwatchlogs', 'sfn']);

export async function callSdk(
  resource: { readonly service: string; readonly action: string },
  attempt: Attempt,
  signal: AbortSignal,
): Promise<Json> {
  const { service, action } = resource;
  const camel = CAMEL_CASE.has(service);
  const input = camel ? renamed(attempt.parameters, lowered) : attempt.parameters;
  const output = await callNamed(
    attempt,
    service,
    capitalized(action),
    asInput(service, action, input),
    signal,
  );
  return camel ? renamed(output, capitalized) : output;
}

/** Calls an action by its API name as the execution's role; gives plain JSON. */
export async function callNamed(
  attempt: Attempt,
  service: string,
  action: string,
  input: Record<string, unknown>,
  signal: AbortSignal,
): Promise<Json> {
  const { context } = attempt.step.run;
  const name = ENDPOINT_NAMES[service] ?? service;
  const running: AwsService | undefined = context.services.all().find((one) => one.name === name);
  if (!running) {
    throw new StateError('States.Runtime', `No service ${service} runs in this embedded AWS.`);
  }
  const output = await callService(context, running, action, input, executionCaller(attempt), signal);
  // Dates, buffers and absent members become what JSON has for them.
  return JSON.parse(JSON.stringify(output ?? {})) as Json;
}

function asInput(service: string, action: string, parameters: Json): Record<string, unknown> {
  const input = isObject(parameters) ? parameters : {};
  // Lambda's payload is JSON in the workflow and bytes in the API.
  if (service === 'lambda' && action === 'invoke' && input['Payload'] !== undefined) {
    return { ...input, Payload: JSON.stringify(input['Payload']) };
  }
  return { ...input };
}

function renamed(value: Json, rename: (name: string) => string): Json {
  if (isArray(value)) return value.map((item) => renamed(item, rename));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]): [string, Json] => [rename(name), renamed(item, rename)]),
  ) satisfies JsonObject;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
