/** A request to a REST API with everything that is known about it: what authorizers, templates and functions see. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { AwsContext } from '../../context.ts';
import type { RestRequest } from '../../protocols/rest-json.ts';
import type { TemplateInput } from './mapping-template.ts';
import type { Method, Resource, RestApi, Stage } from './model.ts';

/** As long as AWS's. */
const EXTENDED_ID_BYTES = 11;

export interface ApiRequest {
  readonly api: RestApi;
  readonly stage: Stage;
  readonly resource: Resource;
  readonly method: Method;
  readonly httpMethod: string;
  /** Without the stage: `/orders/o-1`. */
  readonly path: string;
  readonly pathParameters: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly requestId: string;
  /** Always API Gateway's own. */
  readonly extendedRequestId: string;
  readonly receivedAt: number;
  /** What the authorizer said of the caller. */
  authorizer: Readonly<Record<string, unknown>>;
  readonly original: RestRequest;
}

export function apiRequest(
  context: AwsContext,
  request: RestRequest,
  found: Pick<ApiRequest, 'api' | 'stage' | 'resource' | 'method' | 'path' | 'pathParameters'>,
): ApiRequest {
  return {
    ...found,
    httpMethod: request.method,
    headers: request.headers,
    query: request.query,
    body: request.body,
    ...requestIds(request),
    receivedAt: context.clock.now(),
    authorizer: {},
    original: request,
  };
}

/** `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH`: what policies of authorizers and permissions name. */
export function methodArn(context: AwsContext, request: ApiRequest): string {
  const { region, accountId } = context;
  const path = request.path.replace(/^\//, '');
  return `arn:aws:execute-api:${region}:${accountId}:${request.api.id}/${request.stage.stageName}/${request.httpMethod}/${path}`;
}

/** The same with the resource instead of the path, as permissions of functions name it. */
export function sourceArn(context: AwsContext, { api, stage, method, resource }: ApiRequest): string {
  const { region, accountId } = context;
  const httpMethod = method.httpMethod === 'ANY' ? '*' : method.httpMethod;
  const path = resource.path.replace(/^\//, '').replaceAll(/\{[^}]+\}/g, '*');
  return `arn:aws:execute-api:${region}:${accountId}:${api.id}/${stage.stageName}/${httpMethod}/${path}`;
}

/** `$context` of templates, and with a few more members `requestContext` of proxy events. */
export function contextVariables(context: AwsContext, request: ApiRequest): Record<string, unknown> {
  return {
    accountId: context.accountId,
    apiId: request.api.id,
    authorizer: request.authorizer,
    domainName: new URL(context.endpointUrl).host,
    domainPrefix: request.api.id,
    extendedRequestId: request.extendedRequestId,
    httpMethod: request.httpMethod,
    identity: {
      accountId: null,
      apiKey: request.headers['x-api-key'] ?? null,
      caller: null,
      sourceIp: '127.0.0.1',
      user: null,
      userAgent: request.headers['user-agent'] ?? null,
      userArn: null,
    },
    path: `/${request.stage.stageName}${request.path}`,
    protocol: 'HTTP/1.1',
    requestId: request.requestId,
    requestTime: commonLogTime(request.receivedAt),
    requestTimeEpoch: request.receivedAt,
    resourceId: request.resource.id,
    resourcePath: request.resource.path,
    stage: request.stage.stageName,
  };
}

/** What templates see of the request; `body` is the request's, or the backend's when a response is mapped. */
export function templateInput(context: AwsContext, request: ApiRequest, body: string): TemplateInput {
  return {
    body,
    path: request.pathParameters,
    querystring: Object.fromEntries(request.query),
    header: request.headers,
    context: contextVariables(context, request),
    stageVariables: request.stage.variables,
  };
}

/** The same of a request for which the API has no method. */
export function unmatchedInput(
  context: AwsContext,
  request: RestRequest,
  { stage, path }: Pick<ApiRequest, 'stage' | 'path'>,
): TemplateInput {
  const receivedAt = context.clock.now();
  return {
    body: '',
    path: {},
    querystring: Object.fromEntries(request.query),
    header: request.headers,
    context: {
      ...requestIds(request),
      httpMethod: request.method,
      path: `/${stage.stageName}${path}`,
      requestTime: commonLogTime(receivedAt),
      requestTimeEpoch: receivedAt,
      stage: stage.stageName,
    },
    stageVariables: stage.variables,
  };
}

/** A client may name its request: "$context variables", api-gateway-mapping-template-reference.html. */
function requestIds(request: RestRequest): Pick<ApiRequest, 'requestId' | 'extendedRequestId'> {
  return {
    requestId: request.headers['x-amzn-requestid'] ?? randomUUID(),
    extendedRequestId: randomBytes(EXTENDED_ID_BYTES).toString('base64url'),
  };
}

/** The value that `method.request.header.X`, `...querystring.X`, `...path.X` or `...body...` names. */
export function requestValue(request: ApiRequest, source: string): string | undefined {
  const [, place, name = ''] =
    /^method\.request\.(header|querystring|path|multivalueheader|multivaluequerystring)\.(.+)$/.exec(
      source,
    ) ?? [];
  if (place === 'header' || place === 'multivalueheader') return request.headers[name.toLowerCase()];
  if (place === 'querystring' || place === 'multivaluequerystring')
    return request.query.get(name) ?? undefined;
  if (place === 'path') return request.pathParameters[name];
  return source === 'method.request.body' ? request.body.toString('utf8') : undefined;
}

/** `12/Mar/2026:19:03:58 +0000` */
function commonLogTime(milliseconds: number): string {
  const [, day, month, year, time] = new Date(milliseconds).toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}
