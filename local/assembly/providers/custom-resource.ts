/**
 * AWS::CloudFormation::CustomResource and Custom::*: invokes the function behind the service token, as CloudFormation
 * does, and waits for what it sends to the response URL.
 *
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html
 */
import { randomUUID } from 'node:crypto';

import type { AwsContext } from '../../aws/context.ts';
import { AwsError } from '../../aws/errors.ts';
import type { RestResponse } from '../../aws/protocols/rest-json.ts';
import { AssemblyError } from '../errors.ts';
import { isJsonObject } from '../template.ts';
import type { Json, JsonObject } from '../template.ts';
import { CannotRun, textProperty } from './provider.ts';
import type { Created, ProviderContext } from './provider.ts';

/** CloudFormation waits an hour unless `ServiceTimeout` says otherwise; a local run should not. */
const DEFAULT_SERVICE_TIMEOUT_SECONDS = 60;
const RESPONSE_PATH = '/_waybill/custom-resource-responses';

/** Custom resources of CDK that act on something that does not exist on one machine. */
const INERT_CUSTOM_RESOURCES: Readonly<Record<string, string>> = {
  'Custom::VpcRestrictDefaultSG': 'there is no default security group to close',
  'Custom::LogRetention': 'what functions print is not kept in log groups',
  'Custom::CloudwatchLogResourcePolicy': 'what functions print is not kept in log groups',
  'Custom::S3AutoDeleteObjects': 'nothing outlives the local run',
};

interface CustomResourceResponse {
  readonly Status?: string;
  readonly Reason?: string;
  readonly PhysicalResourceId?: string;
  readonly Data?: JsonObject;
}

/** @throws AssemblyError `WAYBILL_CUSTOM_RESOURCE_FAILED` with the reason the function gave. */
export async function createCustomResource(
  properties: JsonObject,
  context: ProviderContext,
): Promise<Created> {
  const { type, logicalId, stackId, aws } = context;
  const inertBecause = INERT_CUSTOM_RESOURCES[type];
  if (inertBecause !== undefined)
    return { physicalId: context.generatedName(64), attributes: {}, inertBecause };

  const serviceToken = textProperty(properties, 'ServiceToken') ?? '';
  if (serviceToken.split(':')[2] !== 'lambda') {
    throw new CannotRun(`its service token ${serviceToken || '(none)'} is not a function that runs here`);
  }
  const timeoutSeconds = Number(
    textProperty(properties, 'ServiceTimeout') ?? DEFAULT_SERVICE_TIMEOUT_SECONDS,
  );
  const pending = expectResponse(aws);
  const event = {
    RequestType: 'Create',
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
  try {
    const response = await Promise.race([
      pending.response,
      invoke(serviceToken, event, context).then(() => pending.response),
    ]);
    if (response.Status !== 'SUCCESS') throw new Error(response.Reason ?? 'the function gave no reason');
    return {
      physicalId: response.PhysicalResourceId ?? context.generatedName(64),
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

function expectResponse(aws: AwsContext): PendingResponse {
  const waiting = waitingIn.get(aws) ?? registerResponseService(aws);
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

/** The part of CloudFormation that answers on the endpoint: where custom resources put their response. */
function registerResponseService(aws: AwsContext): WaitingResponses {
  const waiting: WaitingResponses = new Map();
  aws.services.register({
    name: 'cloudformation',
    protocols: {
      routes: [
        {
          method: 'PUT',
          path: `${RESPONSE_PATH}/{token}`,
          async handle({ parameters, body }): Promise<RestResponse> {
            const settle = waiting.get(parameters['token'] ?? '');
            if (settle === undefined) throw new AwsError('AccessDenied', 'Request has expired', 403);
            settle(JSON.parse(body.toString('utf8')) as CustomResourceResponse);
            return { status: 200 };
          },
        },
      ],
    },
    handle: (action) => {
      throw new AwsError(
        'InvalidAction',
        `The local run deploys assemblies itself; CloudFormation's ${action} is not offered`,
      );
    },
  });
  waitingIn.set(aws, waiting);
  return waiting;
}
