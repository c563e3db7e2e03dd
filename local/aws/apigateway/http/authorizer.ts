/**
 * Lambda authorizers of HTTP APIs.
 *
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
 */
import type { AwsContext } from '../../context.ts';
import type { RestResponse } from '../../protocols/rest-json.ts';
import { callFunction } from '../function-call.ts';
import { internalServerError } from './http-event.ts';
import type { HttpEvent } from './http-event.ts';

export interface Authorizer {
  readonly id: string;
  readonly functionArn: string;
  /** `$request.header.Authorization`, `$request.querystring.token`, `$context.routeKey`: all must be there, else the answer is 401. */
  readonly identitySources: readonly string[];
  /** The function answers `{ isAuthorized, context }` instead of an IAM policy. */
  readonly simpleResponses: boolean;
  /** Seconds that an answer is used again for the same identity; 0 asks each time. */
  readonly resultTtlSeconds: number;
  /** Answers by identity. */
  readonly results: Map<string, { readonly until: number; readonly authorization: Authorization }>;
}

export type Authorization =
  | { readonly authorizer?: Record<string, unknown> }
  | { readonly refusal: RestResponse };

export async function authorize(
  authorizer: Authorizer,
  event: HttpEvent,
  context: AwsContext,
): Promise<Authorization> {
  const identitySource = authorizer.identitySources.map((source) => identityOf(source, event));
  if (identitySource.includes(undefined))
    return { refusal: { status: 401, body: { message: 'Unauthorized' } } };

  const identity = JSON.stringify(identitySource);
  const now = context.clock.now();
  const cached = authorizer.results.get(identity);
  if (cached !== undefined && cached.until > now) return cached.authorization;

  const authorization = await ask(authorizer, event, identitySource, context);
  // A function that failed has not answered: the next request asks again.
  if (authorization === undefined) return { refusal: internalServerError() };
  if (identitySource.length > 0 && authorizer.resultTtlSeconds > 0) {
    authorizer.results.set(identity, { until: now + authorizer.resultTtlSeconds * 1000, authorization });
  }
  return authorization;
}

/** Undefined when the function failed. */
async function ask(
  authorizer: Authorizer,
  event: HttpEvent,
  identitySource: readonly (string | undefined)[],
  context: AwsContext,
): Promise<Authorization | undefined> {
  const [, , , , accountId] = authorizer.functionArn.split(':');
  const routeArn = `arn:aws:execute-api:${context.region}:${accountId}:${String(event.requestContext['apiId'])}/${String(event.requestContext['stage'])}/${event.routeKey.replace(' ', '')}`;
  const { body: _body, ...request } = event;
  const sourceArn = `arn:aws:execute-api:${context.region}:${accountId}:${String(event.requestContext['apiId'])}/authorizers/${authorizer.id}`;
  const question = { ...request, type: 'REQUEST', routeArn, identitySource };
  const result = await callFunction(context, authorizer.functionArn, question, { sourceArn }).catch(
    () => undefined,
  );
  if (result === undefined || result.failed) return undefined;
  const answer = JSON.parse(result.payload) as AuthorizerAnswer | null;
  return isAllowed(answer, authorizer.simpleResponses)
    ? { authorizer: { lambda: answer?.context ?? {} } }
    : { refusal: { status: 403, body: { message: 'Forbidden' } } };
}

interface AuthorizerAnswer {
  readonly isAuthorized?: boolean;
  readonly context?: Record<string, unknown>;
  readonly policyDocument?: { readonly Statement?: readonly { readonly Effect?: string }[] };
}

/** A policy allows when it has a statement, and all of its statements allow. */
function isAllowed(answer: AuthorizerAnswer | null, simpleResponses: boolean): boolean {
  if (simpleResponses) return answer?.isAuthorized === true;
  const statements = answer?.policyDocument?.Statement ?? [];
  return statements.length > 0 && statements.every(({ Effect }) => Effect === 'Allow');
}

function identityOf(source: string, event: HttpEvent): string | undefined {
  const [, kind, name = ''] = /^\$request\.(header|querystring)\.(.+)$/.exec(source) ?? [];
  if (kind === 'header') return event.headers[name.toLowerCase()];
  if (kind === 'querystring') return event.queryStringParameters?.[name];
  return source === '$context.routeKey' ? event.routeKey : undefined;
}
