/**
 * From a request to the backend and back: mapping templates and parameters on both ways.
 * apigateway/latest/developerguide/how-to-integration-settings.html
 */
import type { AwsContext } from '../../context.ts';
import { asAwsError } from '../../errors.ts';
import type { RestResponse } from '../../protocols/rest-json.ts';
import { callFunction, functionArnOf } from '../function-call.ts';
import { GatewayRefusal } from './gateway-responses.ts';
import { renderTemplate, type Rendered } from './mapping-template.ts';
import type { Integration, IntegrationResponse } from './model.ts';
import { fromProxyAnswer, toProxyEvent } from './proxy-event.ts';
import { requestValue, sourceArn, templateInput, type ApiRequest } from './request.ts';
import {
  callAwsService,
  parseUri,
  type BackendRequest,
  type BackendResponse,
} from './service-integration.ts';
import { mediaTypeOf } from './validation.ts';

/** Runs the method's integration. @throws GatewayRefusal */
export async function runIntegration(context: AwsContext, request: ApiRequest): Promise<RestResponse> {
  const { integration } = request.method;
  if (!integration) throw new GatewayRefusal('API_CONFIGURATION_ERROR');
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new GatewayRefusal('INTEGRATION_TIMEOUT')),
    integration.timeoutInMillis,
  );
  try {
    return await Promise.race([run(context, request, integration), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function run(
  context: AwsContext,
  request: ApiRequest,
  integration: Integration,
): Promise<RestResponse> {
  if (integration.type === 'AWS_PROXY') return runFunctionProxy(context, request, integration);
  if (integration.type === 'HTTP_PROXY') return runHttpProxy(request, integration);
  const backendRequest = mapRequest(context, request, integration);
  if (integration.type === 'MOCK') {
    const status = Number((parsedObject(backendRequest.body) ?? {})['statusCode']);
    if (!Number.isInteger(status)) throw new GatewayRefusal('API_CONFIGURATION_ERROR');
    return mapResponse(context, request, integration, { status, headers: {}, body: '' }, String(status));
  }
  const uri = withStageVariables(integration.uri ?? '', request);
  if (integration.type === 'HTTP') {
    const response = await callHttp(integration.httpMethod ?? request.httpMethod, uri, backendRequest);
    return mapResponse(context, request, integration, response, String(response.status));
  }
  const identity = { sourceArn: sourceArn(context, request), roleArn: roleArnOf(integration, context) };
  if (parseUri(uri)?.service === 'lambda') {
    return runFunction(context, request, integration, functionArnOf(uri), backendRequest, identity);
  }
  const response = await callAwsService(context, uri, backendRequest, identity);
  return mapResponse(context, request, integration, response, String(response.status));
}

async function runFunctionProxy(
  context: AwsContext,
  request: ApiRequest,
  integration: Integration,
): Promise<RestResponse> {
  const functionArn = functionArnOf(withStageVariables(integration.uri ?? '', request));
  const identity = { sourceArn: sourceArn(context, request), roleArn: roleArnOf(integration, context) };
  const answer = await callFunction(context, functionArn, toProxyEvent(context, request), identity).catch(
    (error: unknown) => {
      const isBusy = asAwsError(error).code === 'TooManyRequestsException';
      throw new GatewayRefusal(isBusy ? 'MALFORMED_PROXY_RESPONSE' : 'API_CONFIGURATION_ERROR');
    },
  );
  if (answer.failed) throw new GatewayRefusal('MALFORMED_PROXY_RESPONSE');
  return fromProxyAnswer(answer.payload);
}

/** A function without proxy: it gets the mapped body, and its error message chooses the response. */
async function runFunction(
  context: AwsContext,
  request: ApiRequest,
  integration: Integration,
  functionArn: string,
  { body }: BackendRequest,
  identity: { readonly sourceArn: string; readonly roleArn: string | undefined },
): Promise<RestResponse> {
  const event = parsedObject(body) ?? body;
  const { payload, failed } = await callFunction(context, functionArn, event, identity).catch(() => {
    throw new GatewayRefusal('API_CONFIGURATION_ERROR');
  });
  const errorMessage = failed ? String((parsedObject(payload) ?? {})['errorMessage']) : '';
  const headers = { 'content-type': 'application/json' };
  return mapResponse(context, request, integration, { status: 200, headers, body: payload }, errorMessage);
}

function mapRequest(context: AwsContext, request: ApiRequest, integration: Integration): BackendRequest {
  const contentType = mediaTypeOf(request.headers['content-type']);
  const body = request.body.toString('utf8');
  const template = templateFor(integration, contentType);
  const rendered =
    template === undefined
      ? undefined
      : rendering(() => renderTemplate(template, templateInput(context, request, body)));

  const headers: Record<string, string> = {
    'content-type': request.headers['content-type'] ?? 'application/json',
  };
  const query = new URLSearchParams();
  for (const [target, source] of Object.entries(integration.requestParameters)) {
    const [, place, name = ''] = /^integration\.request\.(header|querystring|path)\.(.+)$/.exec(target) ?? [];
    const value = parameterValue(request, source);
    if (value === undefined) continue;
    if (place === 'header') headers[name.toLowerCase()] = value;
    if (place === 'querystring') query.append(name, value);
  }
  for (const [name, value] of Object.entries(rendered?.requestOverride.header ?? {}))
    headers[name.toLowerCase()] = value;
  for (const [name, value] of Object.entries(rendered?.requestOverride.querystring ?? {}))
    query.set(name, value);
  return { headers, query, body: rendered?.text ?? body };
}

/** @throws GatewayRefusal UNSUPPORTED_MEDIA_TYPE when no template takes the body and it may not pass as it is */
function templateFor(integration: Integration, contentType: string): string | undefined {
  const { requestTemplates, passthroughBehavior } = integration;
  const template = requestTemplates[contentType] ?? requestTemplates['$default'];
  if (template !== undefined) return template;
  const hasTemplates = Object.keys(requestTemplates).length > 0;
  const passes =
    passthroughBehavior === 'WHEN_NO_MATCH' || (passthroughBehavior === 'WHEN_NO_TEMPLATES' && !hasTemplates);
  if (!passes) throw new GatewayRefusal('UNSUPPORTED_MEDIA_TYPE');
  return undefined;
}

function parameterValue(request: ApiRequest, source: string): string | undefined {
  const literal = /^'(.*)'$/s.exec(source)?.[1];
  if (literal !== undefined) return literal;
  const stageVariable = /^stageVariables\.(.+)$/.exec(source)?.[1];
  if (stageVariable !== undefined) return request.stage.variables[stageVariable];
  const authorizerValue = /^context\.authorizer\.(.+)$/.exec(source)?.[1];
  if (authorizerValue !== undefined) {
    const value = request.authorizer[authorizerValue];
    return textOf(value);
  }
  if (source === 'context.requestId') return request.requestId;
  if (source === 'context.httpMethod') return request.httpMethod;
  return requestValue(request, source);
}

/** @throws GatewayRefusal API_CONFIGURATION_ERROR when no response is defined for the answer */
function mapResponse(
  context: AwsContext,
  request: ApiRequest,
  integration: Integration,
  backend: BackendResponse,
  selector: string,
): RestResponse {
  const response = chooseResponse(Object.values(integration.responses), selector);
  if (!response) throw new GatewayRefusal('API_CONFIGURATION_ERROR');
  const contentType = mediaTypeOf(backend.headers['content-type']);
  const template = response.responseTemplates[contentType] ?? response.responseTemplates['application/json'];
  const rendered =
    template === undefined || template === ''
      ? undefined
      : rendering(() => renderTemplate(template, templateInput(context, request, backend.body)));
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  for (const [target, source] of Object.entries(response.responseParameters)) {
    const name = /^method\.response\.header\.(.+)$/.exec(target)?.[1];
    const value = responseValue(source, backend, request);
    if (name !== undefined && value !== undefined) headers[name.toLowerCase()] = value;
  }
  for (const [name, value] of Object.entries(rendered?.responseOverride.header ?? {}))
    headers[name.toLowerCase()] = value;
  return {
    status: Number(rendered?.responseOverride.status ?? response.statusCode),
    headers,
    body: rendered?.text ?? backend.body,
  };
}

/** The first response whose pattern matches all of the selector, else the one without a pattern. */
function chooseResponse(
  responses: readonly IntegrationResponse[],
  selector: string,
): IntegrationResponse | undefined {
  const matching = responses.find(
    ({ selectionPattern }) =>
      selectionPattern !== undefined &&
      selectionPattern !== '' &&
      new RegExp(`^(?:${selectionPattern})$`, 's').test(selector),
  );
  return matching ?? responses.find(({ selectionPattern = '' }) => selectionPattern === '');
}

function responseValue(source: string, backend: BackendResponse, request: ApiRequest): string | undefined {
  const literal = /^'(.*)'$/s.exec(source)?.[1];
  if (literal !== undefined) return literal;
  const header = /^integration\.response\.header\.(.+)$/.exec(source)?.[1];
  if (header !== undefined) return backend.headers[header.toLowerCase()];
  if (source === 'integration.response.body') return backend.body;
  const path = /^integration\.response\.body\.(.+)$/.exec(source)?.[1];
  if (path !== undefined) {
    let value: unknown = parsedObject(backend.body);
    for (const part of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[part];
    return textOf(value);
  }
  return source === 'context.requestId' ? request.requestId : undefined;
}

async function runHttpProxy(request: ApiRequest, integration: Integration): Promise<RestResponse> {
  let url = withStageVariables(integration.uri ?? '', request);
  for (const [name, value] of Object.entries(request.pathParameters))
    url = url.replaceAll(`{${name}}`, value);
  const { host: _host, 'content-length': _length, connection: _connection, ...headers } = request.headers;
  const method =
    integration.httpMethod === 'ANY' || integration.httpMethod === undefined
      ? request.httpMethod
      : integration.httpMethod;
  return callHttp(method, url, { headers, query: request.query, body: request.body.toString('utf8') });
}

async function callHttp(
  method: string,
  url: string,
  { headers, query, body }: BackendRequest,
): Promise<BackendResponse> {
  const target = new URL(url);
  for (const [name, value] of query) target.searchParams.append(name, value);
  try {
    const response = await fetch(target, {
      method,
      headers,
      ...(body !== '' && method !== 'GET' && method !== 'HEAD' && { body }),
    });
    const {
      'content-encoding': _encoding,
      'content-length': _length,
      ...answered
    } = Object.fromEntries(response.headers);
    return { status: response.status, headers: answered, body: await response.text() };
  } catch {
    throw new GatewayRefusal('INTEGRATION_FAILURE');
  }
}

/** A template that can't be rendered is a mistake of the API, not of its client. */
function rendering(render: () => Rendered): Rendered {
  try {
    return render();
  } catch {
    throw new GatewayRefusal('API_CONFIGURATION_ERROR');
  }
}

function withStageVariables(text: string, { stage }: ApiRequest): string {
  return text.replaceAll(/\$\{stageVariables\.(\w+)\}/g, (_, name: string) => stage.variables[name] ?? '');
}

/** `arn:aws:iam::*:user/*` means the client's own credentials, which is nobody here. */
function roleArnOf({ credentials }: Integration, context: AwsContext): string | undefined {
  if (credentials === undefined || credentials.includes('*')) return undefined;
  return credentials.startsWith('arn:')
    ? credentials
    : `arn:aws:iam::${context.accountId}:role/${credentials}`;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || value === undefined ? value : JSON.stringify(value);
}

function parsedObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
