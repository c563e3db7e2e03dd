/**
 * The event and the answer of a Lambda proxy integration of a REST API (payload format 1.0).
 * apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 */
import type { AwsContext } from '../../context.ts';
import type { RestResponse } from '../../protocols/rest-json.ts';
import { GatewayRefusal } from './gateway-responses.ts';
import { contextVariables, type ApiRequest } from './request.ts';
import { mediaTypeOf } from './validation.ts';

export interface ProxyEvent {
  readonly [member: string]: unknown;
  readonly body: string | null;
  readonly isBase64Encoded: boolean;
}

export function toProxyEvent(context: AwsContext, request: ApiRequest): ProxyEvent {
  const { headers, query, body, pathParameters, stage } = request;
  const binary = isBinary(request.api.binaryMediaTypes, headers['content-type']);
  const lists: Record<string, string[]> = {};
  for (const [name, value] of query) (lists[name] ??= []).push(value);
  return {
    resource: request.resource.path,
    path: request.path,
    httpMethod: request.httpMethod,
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    // The last of repeated values; all of them are in the list.
    queryStringParameters: orNull(Object.fromEntries(query)),
    multiValueQueryStringParameters: orNull(lists),
    pathParameters: orNull(pathParameters),
    stageVariables: orNull(stage.variables),
    requestContext: contextVariables(context, request),
    body: body.length === 0 ? null : body.toString(binary ? 'base64' : 'utf8'),
    isBase64Encoded: body.length > 0 && binary,
  };
}

interface ProxyAnswer {
  readonly statusCode?: unknown;
  readonly headers?: Readonly<Record<string, unknown>> | null;
  readonly multiValueHeaders?: Readonly<Record<string, readonly unknown[]>> | null;
  readonly body?: unknown;
  readonly isBase64Encoded?: unknown;
}

/** What the client gets for a function's answer. @throws GatewayRefusal MALFORMED_PROXY_RESPONSE */
export function fromProxyAnswer(payload: string): RestResponse {
  const answer = JSON.parse(payload) as ProxyAnswer | null;
  const known = new Set(['statusCode', 'headers', 'multiValueHeaders', 'body', 'isBase64Encoded']);
  const isAnswer =
    typeof answer === 'object' && answer !== null && Object.keys(answer).every((name) => known.has(name));
  const status = Number(answer?.statusCode);
  const { body = '' } = answer ?? {};
  if (!isAnswer || !Number.isInteger(status) || (typeof body !== 'string' && body !== null)) {
    throw new GatewayRefusal('MALFORMED_PROXY_RESPONSE');
  }
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  for (const [name, value] of Object.entries(answer.headers ?? {}))
    headers[name.toLowerCase()] = String(value);
  for (const [name, values] of Object.entries(answer.multiValueHeaders ?? {})) {
    headers[name.toLowerCase()] = values.map(String).join(', ');
  }
  return {
    status,
    headers,
    body: answer.isBase64Encoded === true ? Buffer.from(body ?? '', 'base64') : (body ?? ''),
  };
}

export function isBinary(binaryMediaTypes: readonly string[], contentType: string | undefined): boolean {
  const mediaType = mediaTypeOf(contentType);
  const [group] = mediaType.split('/');
  return binaryMediaTypes.some((type) => type === '*/*' || type === mediaType || type === `${group}/*`);
}

function orNull<Values extends object>(values: Values): Values | null {
  return Object.keys(values).length === 0 ? null : values;
}
