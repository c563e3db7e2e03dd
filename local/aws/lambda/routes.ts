/**
 * Lambda's REST operations: which method and path is which action.
 *
 * https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
 */
import type { AwsContext } from '../context.ts';
import { callService } from '../dispatch.ts';
import { AwsError } from '../errors.ts';
import type { RestRequest, RestResponse, RestRoute } from '../protocols/rest-json.ts';
import type { LambdaService } from './index.ts';

const FUNCTION = '/2015-03-31/functions/{FunctionName}';
const INVOKE_CONFIG = '/2019-09-25/functions/{FunctionName}/event-invoke-config';
const MAPPINGS = '/2015-03-31/event-source-mappings';

/** The version in the path says since when an operation has been there. */
const OPERATIONS: readonly (readonly [method: string, path: string, action: string, status?: number])[] = [
  ['POST', '/2015-03-31/functions', 'CreateFunction', 201],
  ['GET', '/2015-03-31/functions', 'ListFunctions'],
  ['GET', FUNCTION, 'GetFunction'],
  ['DELETE', FUNCTION, 'DeleteFunction', 204],
  ['GET', `${FUNCTION}/configuration`, 'GetFunctionConfiguration'],
  ['PUT', `${FUNCTION}/configuration`, 'UpdateFunctionConfiguration'],
  ['PUT', `${FUNCTION}/code`, 'UpdateFunctionCode'],
  ['POST', `${FUNCTION}/policy`, 'AddPermission', 201],
  ['GET', `${FUNCTION}/policy`, 'GetPolicy'],
  ['DELETE', `${FUNCTION}/policy/{StatementId}`, 'RemovePermission', 204],
  ['POST', `${FUNCTION}/versions`, 'PublishVersion', 201],
  ['GET', `${FUNCTION}/versions`, 'ListVersionsByFunction'],
  ['POST', `${FUNCTION}/aliases`, 'CreateAlias', 201],
  ['GET', `${FUNCTION}/aliases`, 'ListAliases'],
  ['GET', `${FUNCTION}/aliases/{Name}`, 'GetAlias'],
  ['PUT', `${FUNCTION}/aliases/{Name}`, 'UpdateAlias'],
  ['DELETE', `${FUNCTION}/aliases/{Name}`, 'DeleteAlias', 204],
  ['PUT', '/2017-10-31/functions/{FunctionName}/concurrency', 'PutFunctionConcurrency'],
  ['DELETE', '/2017-10-31/functions/{FunctionName}/concurrency', 'DeleteFunctionConcurrency', 204],
  ['GET', '/2019-09-30/functions/{FunctionName}/concurrency', 'GetFunctionConcurrency'],
  ['PUT', INVOKE_CONFIG, 'PutFunctionEventInvokeConfig'],
  ['POST', INVOKE_CONFIG, 'UpdateFunctionEventInvokeConfig'],
  ['GET', INVOKE_CONFIG, 'GetFunctionEventInvokeConfig'],
  ['DELETE', INVOKE_CONFIG, 'DeleteFunctionEventInvokeConfig', 204],
  ['POST', '/2017-03-31/tags/{Resource}', 'TagResource', 204],
  ['DELETE', '/2017-03-31/tags/{Resource}', 'UntagResource', 204],
  ['GET', '/2017-03-31/tags/{Resource}', 'ListTags'],
  ['POST', MAPPINGS, 'CreateEventSourceMapping', 202],
  ['GET', MAPPINGS, 'ListEventSourceMappings'],
  ['GET', `${MAPPINGS}/{UUID}`, 'GetEventSourceMapping'],
  ['PUT', `${MAPPINGS}/{UUID}`, 'UpdateEventSourceMapping', 202],
  ['DELETE', `${MAPPINGS}/{UUID}`, 'DeleteEventSourceMapping', 202],
];

export function lambdaRoutes(context: AwsContext, service: () => LambdaService): readonly RestRoute[] {
  const operations = OPERATIONS.map(([method, path, action, status = 200]): RestRoute => ({
    method,
    path,
    async handle(request) {
      const input = { ...Object.fromEntries(request.query), ...readBody(request), ...request.parameters };
      const output = await callService(context, service(), action, input, request.caller, request.signal);
      return status === 204 ? { status } : { status, body: output as object };
    },
  }));
  return [
    ...operations,
    {
      method: 'POST',
      path: `${FUNCTION}/invocations`,
      handle: (request) => invoke(context, service(), request),
    },
  ];
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html: the body is the event, the rest travels in headers. */
async function invoke(
  context: AwsContext,
  service: LambdaService,
  request: RestRequest,
): Promise<RestResponse> {
  const output = (await callService(
    context,
    service,
    'Invoke',
    {
      FunctionName: request.parameters['FunctionName'],
      InvocationType: request.headers['x-amz-invocation-type'],
      LogType: request.headers['x-amz-log-type'],
      Qualifier: request.query.get('Qualifier') ?? undefined,
      Payload: request.body,
    },
    request.caller,
    request.signal,
  )) as {
    readonly StatusCode: number;
    readonly Payload?: string;
    readonly ExecutedVersion?: string;
    readonly FunctionError?: string;
    readonly LogResult?: string;
  };
  return {
    status: output.StatusCode,
    headers: {
      ...(output.ExecutedVersion === undefined ? {} : { 'x-amz-executed-version': output.ExecutedVersion }),
      ...(output.FunctionError === undefined ? {} : { 'x-amz-function-error': output.FunctionError }),
      ...(output.LogResult === undefined ? {} : { 'x-amz-log-result': output.LogResult }),
      ...(output.Payload === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: output.Payload ?? '',
  };
}

function readBody(request: RestRequest): Record<string, unknown> {
  if (request.body.length === 0) return {};
  try {
    return JSON.parse(request.body.toString('utf8')) as Record<string, unknown>;
  } catch {
    throw new AwsError('InvalidRequestContentException', 'Could not parse request body into json');
  }
}
