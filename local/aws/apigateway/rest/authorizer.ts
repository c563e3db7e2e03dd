/**
 * Who may call a method: anybody, whoever signs with a permission (AWS_IAM), or whom a Lambda authorizer lets in.
 * apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
 */
import type { AwsContext } from '../../context.ts';
import { callFunction } from '../function-call.ts';
import { GatewayRefusal } from './gateway-responses.ts';
import type { RestApi, RestAuthorizer } from './model.ts';
import { policyVerdict } from '../policy-verdict.ts';
import { contextVariables, methodArn, requestValue, type ApiRequest } from './request.ts';
import { toProxyEvent } from './proxy-event.ts';

/** What a Lambda authorizer answers. */
interface Answer {
  readonly principalId?: unknown;
  readonly policyDocument?: unknown;
  readonly context?: Readonly<Record<string, unknown>>;
}

/** Answers of authorizers, by API, authorizer and identity. They are asked again when their time is over. */
export type AuthorizerCache = Map<string, { readonly answer: Answer; readonly until: number }>;

/** Sets `request.authorizer`. @throws GatewayRefusal */
export async function authorizeRequest(
  context: AwsContext,
  cache: AuthorizerCache,
  request: ApiRequest,
): Promise<void> {
  const { api, method } = request;
  if (method.authorizationType === 'AWS_IAM') return requirePermission(context, request);
  if (method.authorizationType !== 'CUSTOM') return;
  const authorizer = method.authorizerId === undefined ? undefined : api.authorizers[method.authorizerId];
  if (!authorizer) throw new GatewayRefusal('AUTHORIZER_CONFIGURATION_ERROR');

  const identity = identityOf(authorizer, request);
  const answer = await answerOf(context, cache, api, authorizer, request, identity);
  const verdict = policyVerdict(answer.policyDocument, 'execute-api:Invoke', methodArn(context, request));
  if (verdict === 'invalid' || typeof answer.principalId !== 'string') {
    throw new GatewayRefusal('AUTHORIZER_CONFIGURATION_ERROR');
  }
  if (verdict === 'denied') {
    throw new GatewayRefusal(
      'ACCESS_DENIED',
      'User is not authorized to access this resource with an explicit deny',
    );
  }
  if (verdict === 'not allowed') throw new GatewayRefusal('ACCESS_DENIED');
  request.authorizer = { principalId: answer.principalId, integrationLatency: 0, ...textsOf(answer.context) };
}

/** A caller that signed, and that a policy allows `execute-api:Invoke`. */
function requirePermission(context: AwsContext, request: ApiRequest): void {
  if (!request.headers['authorization']?.startsWith('AWS4-HMAC-SHA256')) {
    throw new GatewayRefusal('MISSING_AUTHENTICATION_TOKEN');
  }
  const needed = {
    action: 'execute-api:Invoke',
    resourceArn: methodArn(context, request),
    ...(request.api.policy !== undefined && { resourcePolicy: request.api.policy }),
  };
  try {
    context.authorizer?.authorize('execute-api', request.original.caller, [needed]);
  } catch (error) {
    throw new GatewayRefusal('ACCESS_DENIED', (error as Error).message);
  }
}

/** The values of the identity sources. A missing one is a 401, without a word to the function. */
function identityOf(authorizer: RestAuthorizer, request: ApiRequest): readonly string[] {
  const sources = authorizer.identitySource.split(',').map((source) => source.trim());
  const values = sources.filter((source) => source !== '').map((source) => sourceValue(request, source));
  if (values.some((value) => value === undefined || value === '')) throw new GatewayRefusal('UNAUTHORIZED');
  const expression = authorizer.identityValidationExpression;
  if (expression !== undefined && !new RegExp(`^(?:${expression})$`).test(values[0] ?? '')) {
    throw new GatewayRefusal('UNAUTHORIZED');
  }
  return values.map(String);
}

function sourceValue(request: ApiRequest, source: string): string | undefined {
  const variable = /^context\.(.+)$/.exec(source)?.[1];
  if (variable === 'httpMethod') return request.httpMethod;
  if (variable === 'path' || variable === 'resourcePath') return request.path;
  const stageVariable = /^stageVariables\.(.+)$/.exec(source)?.[1];
  if (stageVariable !== undefined) return request.stage.variables[stageVariable];
  return requestValue(request, source);
}

async function answerOf(
  context: AwsContext,
  cache: AuthorizerCache,
  api: RestApi,
  authorizer: RestAuthorizer,
  request: ApiRequest,
  identity: readonly string[],
): Promise<Answer> {
  const key = JSON.stringify([api.id, request.stage.stageName, authorizer.id, identity]);
  const known = cache.get(key);
  if (known && known.until > context.clock.now()) return known.answer;

  const answer = await ask(context, api, authorizer, request, identity);
  if (authorizer.resultTtlSeconds > 0 && identity.length > 0) {
    cache.set(key, { answer, until: context.clock.now() + authorizer.resultTtlSeconds * 1000 });
  }
  return answer;
}

async function ask(
  context: AwsContext,
  api: RestApi,
  authorizer: RestAuthorizer,
  request: ApiRequest,
  identity: readonly string[],
): Promise<Answer> {
  const arn = methodArn(context, request);
  const event =
    authorizer.type === 'TOKEN'
      ? { type: 'TOKEN', authorizationToken: identity[0], methodArn: arn }
      : requestEvent(context, request, arn);
  const sourceArn = `arn:aws:execute-api:${context.region}:${context.accountId}:${api.id}/authorizers/${authorizer.id}`;
  const { payload, failed } = await callFunction(context, authorizer.functionArn, event, { sourceArn }).catch(
    () => {
      throw new GatewayRefusal('AUTHORIZER_CONFIGURATION_ERROR');
    },
  );
  const answer = JSON.parse(payload) as (Answer & { readonly errorMessage?: string }) | null;
  if (failed) {
    // The one message by which a function says 401.
    throw new GatewayRefusal(answer?.errorMessage === 'Unauthorized' ? 'UNAUTHORIZED' : 'AUTHORIZER_FAILURE');
  }
  return answer ?? {};
}

function requestEvent(context: AwsContext, request: ApiRequest, arn: string): Record<string, unknown> {
  const { body: _body, isBase64Encoded: _encoded, ...event } = toProxyEvent(context, request);
  return { type: 'REQUEST', methodArn: arn, ...event, requestContext: contextVariables(context, request) };
}

/** Templates and functions see the authorizer's context as texts. */
function textsOf(values: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}
