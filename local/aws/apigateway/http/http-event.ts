/**
 * The event and the answer of a Lambda proxy integration, payload format 2.0.
 *
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
import type { RestRequest, RestResponse } from '../../protocols/rest-json.ts';

/** Bodies of these types travel as text; all others, forms included, as base64. */
const TEXT_TYPES = /^(?:text\/|application\/(?:[\w.+-]*\+)?(?:json|xml)\b|application\/javascript\b)/i;

export interface RequestPlace {
  readonly accountId: string;
  readonly apiId: string;
  readonly domainName: string;
  readonly stage: string;
  readonly stageVariables: Readonly<Record<string, string>>;
  readonly routeKey: string;
  /** With the stage in front, unless it is `$default`. */
  readonly rawPath: string;
  readonly pathParameters: Readonly<Record<string, string>>;
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** What an authorizer added to the request, already under its kind (`lambda`, `jwt`). */
  readonly authorizer?: Readonly<Record<string, unknown>>;
}

export interface HttpEvent {
  readonly version: '2.0';
  readonly routeKey: string;
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly cookies?: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly queryStringParameters?: Readonly<Record<string, string>>;
  readonly requestContext: Readonly<Record<string, unknown>>;
  readonly body?: string;
  readonly pathParameters?: Readonly<Record<string, string>>;
  readonly stageVariables?: Readonly<Record<string, string>>;
  readonly isBase64Encoded: boolean;
}

export function toHttpEvent(request: RestRequest, place: RequestPlace): HttpEvent {
  const { cookie, ...headers } = request.headers;
  const isText = TEXT_TYPES.test(headers['content-type'] ?? 'text/plain');
  const query = joinRepeated(request.query);
  return {
    version: '2.0',
    routeKey: place.routeKey,
    rawPath: place.rawPath,
    rawQueryString: request.query.toString(),
    ...(cookie === undefined ? {} : { cookies: cookie.split(/;\s*/) }),
    headers,
    ...(Object.keys(query).length === 0 ? {} : { queryStringParameters: query }),
    requestContext: {
      accountId: place.accountId,
      apiId: place.apiId,
      ...(place.authorizer === undefined ? {} : { authorizer: place.authorizer }),
      domainName: place.domainName,
      domainPrefix: place.apiId,
      http: {
        method: request.method,
        path: place.rawPath,
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: place.requestId,
      routeKey: place.routeKey,
      stage: place.stage,
      time: commonLogTime(place.time),
      timeEpoch: place.time,
    },
    ...(Object.keys(place.pathParameters).length === 0 ? {} : { pathParameters: place.pathParameters }),
    ...(Object.keys(place.stageVariables).length === 0 ? {} : { stageVariables: place.stageVariables }),
    ...(request.body.length === 0 ? {} : { body: request.body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: request.body.length > 0 && !isText,
  };
}

/**
 * What the client gets for a function's answer. An answer without a status code is the body of a 200; what is not a
 * valid answer is a 500, as on AWS.
 */
export function toHttpResponse(answer: string): RestResponse {
  const parsed = JSON.parse(answer) as unknown;
  if (!isAnswer(parsed))
    return { status: 200, headers: { 'content-type': 'application/json' }, body: answer };
  const { statusCode, headers = {}, cookies = [], body = '', isBase64Encoded = false } = parsed;
  if (!Number.isInteger(Number(statusCode)) || typeof body !== 'string') return internalServerError();
  return {
    status: Number(statusCode),
    headers: {
      ...(body === '' ? {} : { 'content-type': 'text/plain; charset=utf-8' }),
      ...lowerCaseNames(headers),
      ...(cookies.length === 0 ? {} : { 'set-cookie': cookies.join(', ') }),
    },
    body: isBase64Encoded ? Buffer.from(body, 'base64') : body,
  };
}

export function internalServerError(): RestResponse {
  return { status: 500, body: { message: 'Internal Server Error' } };
}

interface Answer {
  readonly statusCode: unknown;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly cookies?: readonly string[];
  readonly body?: unknown;
  readonly isBase64Encoded?: boolean;
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && 'statusCode' in value;
}

function joinRepeated(query: URLSearchParams): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of query) joined[name] = name in joined ? `${joined[name]},${value}` : value;
  return joined;
}

function lowerCaseNames(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), text(value)]),
  );
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `12/Mar/2026:19:03:58 +0000` */
function commonLogTime(milliseconds: number): string {
  const [, day, month, year, time] = new Date(milliseconds).toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}
