/**
 * AWS::CloudFormation::CustomResource and Custom::*: invokes the function behind the service token, as CloudFormation
 * does, and waits for what it sends to the response URL.
 *
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html
 */
import { randomUUID } from 'node:crypto';

import type { AwsContext } from '../../aws/context.ts';
import { AwsError } from '../../aws/errors.ts';
import type { RestResponse, RestRoute } from '../../aws/protocols/rest-json.ts';
import { AssemblyError } from '../../../lib/assembly/errors.ts';
import { isJsonObject } from '../../../lib/assembly/template.ts';
import type { Json, JsonObject } from '../../../lib/assembly/template.ts';
import { CannotRun, textProperty } from './provider.ts';
import type { Created, Provider, ProviderContext } from './provider.ts';
import { NATIVE_CUSTOM_RESOURCES } from './native-custom-resources.ts';

/** CloudFormation waits an hour unless `ServiceTimeout` says otherwise; a local run should not. */
const DEFAULT_SERVICE_TIMEOUT_SECONDS = 60;
const RESPONSE_PATH = '/_waybill/custom-resource-responses';

/** Custom resources of CDK that act on something that does not exist on one machine. */
const INERT_CUSTOM_RESOURCES: Readonly<Record<string, string>> = {
  'Custom::VpcRestrictDefaultSG': 'there is no default security group to close',
  'Custom::LogRetention': 'what functions print is not kept in log groups',
  'Custom::CloudwatchLogResourcePolicy': 'what functions print is not kept in log groups',
};

const PHYSICAL_ID_LENGTH = 64;

interface CustomResourceResponse {
  readonly Status?: string;
  readonly Reason?: string;
  readonly PhysicalResourceId?: string;
  readonly Data?: JsonObject;
}

/** What a request says besides the properties. */
type Request =
  | { readonly RequestType: 'Create' }
  | {
      readonly RequestType: 'Update';
      readonly PhysicalResourceId: string;
      readonly OldResourceProperties: Json;
    }
  | { readonly RequestType: 'Delete'; readonly PhysicalResourceId: string };

const INERT: Provider = {
  honoured: ['*'],
  inert: [],
  async create(_properties, context) {
    return {
      physicalId: context.generatedName(PHYSICAL_ID_LENGTH),
      attributes: {},
      inertBecause: INERT_CUSTOM_RESOURCES[context.type] ?? '',
    };
  },
};

/** Its function makes, changes and deletes it; an update that answers another id has replaced it. */
const LAMBDA_BACKED: Provider = {
  honoured: ['*'],
  inert: [],
  replacedOnChange: ['ServiceToken'],
  create: (properties, context) => request({ RequestType: 'Create' }, properties, context),
  update: (created, properties, previous, context) =>
    request(
      {
        RequestType: 'Update',
        PhysicalResourceId: created.physicalId,
        OldResourceProperties: asTexts(previous),
      },
      properties,
      context,
    ),
  async delete(created, properties, context) {
    await request({ RequestType: 'Delete', PhysicalResourceId: created.physicalId }, properties, context);
  },
};

export function customResourceProvider(type: string): Provider {
  return (
    NATIVE_CUSTOM_RESOURCES[type] ?? (Object.hasOwn(INERT_CUSTOM_RESOURCES, type) ? INERT : LAMBDA_BACKED)
  );
}

/** @throws AssemblyError `WAYBILL_CUSTOM_RESOURCE_FAILED` with the reason the function gave. */
async function request(kind: Request, properties: JsonObject, context: ProviderContext): Promise<Created> {
  const { type, logicalId, stackId, aws } = context;
  const serviceToken = textProperty(properties, 'ServiceToken') ?? '';
  if (serviceToken.split(':')[2] !== 'lambda' || !functionRuns(aws, serviceToken)) {
    throw new CannotRun(`its service token ${serviceToken || '(none)'} is not a function that runs here`);
  }
  const timeoutSeconds = Number(
    textProperty(properties, 'ServiceTimeout') ?? DEFAULT_SERVICE_TIMEOUT_SECONDS,
  );
  const pending = expectResponse(aws);
  const event = {
    ...kind,
    ResponseURL: pending.url,
    StackId: stackId,
    RequestId: randomUUID(),
    ResourceType: type,
    LogicalResourceId: logicalId,
    ServiceToken: serviceToken,
    ResourceProperties: asTexts(properties),
  };
  const timer = setTimeout(
    () => pending.settle({ Status: 'FAILED', Reason: `no response came within ${timeoutSeconds} seconds` }),
    timeoutSeconds * 1000,
  );
  // A function that never answers keeps no process from ending.
  timer.unref();
  const known = 'PhysicalResourceId' in kind ? kind.PhysicalResourceId : undefined;
  try {
    const response = await Promise.race([
      pending.response,
      invoke(serviceToken, event, context).then(() => pending.response),
    ]);
    if (response.Status !== 'SUCCESS') throw new Error(response.Reason ?? 'the function gave no reason');
    return {
      physicalId: response.PhysicalResourceId ?? known ?? context.generatedName(PHYSICAL_ID_LENGTH),
      attributes: isJsonObject(response.Data) ? response.Data : {},
    };
  } catch (cause) {
    throw new AssemblyError(
      'WAYBILL_CUSTOM_RESOURCE_FAILED',
      `The custom resource ${logicalId} (${type}) of ${context.stackName} failed: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  } finally {
    clearTimeout(timer);
    pending.forget();
  }
}

/** The function behind a token may itself be one that cannot run here. */
function functionRuns(aws: AwsContext, functionArn: string): boolean {
  const lambda = aws.services.find('lambda');
  if (lambda === undefined) return false;
  try {
    lambda.getFunction(functionArn);
    return true;
  } catch {
    return false;
  }
}

/** Rejects when the function itself fails: then no response is going to come. */
async function invoke(serviceToken: string, event: object, context: ProviderContext): Promise<void> {
  const answer = await context.call('lambda', 'Invoke', {
    FunctionName: serviceToken,
    Payload: JSON.stringify(event),
  });
  if (answer['FunctionError'] === undefined) return;
  const error = JSON.parse(textProperty(answer, 'Payload') ?? '{}') as { readonly errorMessage?: string };
  throw new Error(error.errorMessage ?? 'the function failed');
}

/** CloudFormation hands every number and boolean to a custom resource as text. */
function asTexts(value: Json): Json {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return (value as readonly Json[]).map(asTexts);
  if (isJsonObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, asTexts(each)]));
  return value;
}

interface PendingResponse {
  readonly url: string;
  readonly response: Promise<CustomResourceResponse>;
  settle(response: CustomResourceResponse): void;
  forget(): void;
}

/** Response token -> what to do with the response. */
type WaitingResponses = Map<string, (response: CustomResourceResponse) => void>;

const waitingIn = new WeakMap<AwsContext, WaitingResponses>();

function waitingOf(aws: AwsContext): WaitingResponses {
  const known = waitingIn.get(aws);
  if (known !== undefined) return known;
  const waiting: WaitingResponses = new Map();
  waitingIn.set(aws, waiting);
  return waiting;
}

function expectResponse(aws: AwsContext): PendingResponse {
  const waiting = waitingOf(aws);
  const token = randomUUID();
  const { promise, resolve } = Promise.withResolvers<CustomResourceResponse>();
  waiting.set(token, resolve);
  return {
    url: `${aws.endpointUrl}${RESPONSE_PATH}/${token}`,
    response: promise,
    settle: resolve,
    forget: () => void waiting.delete(token),
  };
}

/** Where custom resources put their response. CloudFormation answers there. */
export function customResourceRoute(aws: AwsContext): RestRoute {
  return {
    method: 'PUT',
    path: `${RESPONSE_PATH}/{token}`,
    async handle({ parameters, body }): Promise<RestResponse> {
      const settle = waitingOf(aws).get(parameters['token'] ?? '');
      if (settle === undefined) throw new AwsError('AccessDenied', 'Request has expired', 403);
      settle(JSON.parse(body.toString('utf8')) as CustomResourceResponse);
      return { status: 200 };
    },
  };
}
