/** Routes as those of an HTTP API, behind a REST API (payload format 1.0), which answers problems of its own as documents. */
import type { APIGatewayProxyEvent, APIGatewayProxyEventV2, APIGatewayProxyResult } from 'aws-lambda';
import { httpHandler } from './http-handler.ts';
import type { ReportFailure, Route } from './http-handler.ts';

/** Origins of pages that may read the answers, separated by spaces. @default - none */
const PAGE_ORIGINS = 'API_PAGE_ORIGINS';

export type RestRoutesHandler = (event: APIGatewayProxyEvent) => Promise<APIGatewayProxyResult>;

/** @param routes - by method and resource, such as `POST /generations` */
export function restRoutesHandler(
  routes: Readonly<Record<string, Route>>,
  report: ReportFailure,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): RestRoutesHandler {
  const handle = httpHandler(routes, report);
  return async (event) => {
    const asHttp = httpEventOf(event);
    const { statusCode = 500, headers = {}, body = '' } = await handle(asHttp);
    const origins = (environment[PAGE_ORIGINS] ?? '').split(' ').filter((origin) => origin !== '');
    return { statusCode, headers: { ...headers, ...corsHeaders(asHttp.headers['origin'], origins) }, body };
  };
}

/** HTTP APIs add these themselves. `Vary`, as a cache must not give one origin the answer of another. */
function corsHeaders(origin: string | undefined, origins: readonly string[]): Record<string, string> {
  if (origin === undefined || !origins.includes(origin)) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'location,retry-after',
    vary: 'Origin',
  };
}

/** The event in payload format 2.0, as far as routes read it. */
export function httpEventOf(event: APIGatewayProxyEvent): APIGatewayProxyEventV2 {
  const { httpMethod, resource, requestContext, queryStringParameters, pathParameters, body } = event;
  const headers = Object.fromEntries(
    // Names come as the caller wrote them, which over HTTP/2 is in small letters.
    Object.entries(event.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const routeKey = `${httpMethod} ${resource}`;
  return {
    version: '2.0',
    routeKey,
    rawPath: requestContext.path,
    rawQueryString: '',
    headers,
    ...(queryStringParameters !== null && { queryStringParameters }),
    ...(pathParameters !== null && { pathParameters }),
    ...(body !== null && { body }),
    isBase64Encoded: event.isBase64Encoded,
    requestContext: {
      accountId: requestContext.accountId,
      apiId: requestContext.apiId,
      domainName: requestContext.domainName ?? '',
      domainPrefix: requestContext.domainPrefix ?? '',
      http: {
        method: httpMethod,
        // With the stage, or the base path of a domain of one's own: a Location begins with it.
        path: requestContext.path,
        protocol: requestContext.protocol,
        sourceIp: requestContext.identity.sourceIp,
        userAgent: requestContext.identity.userAgent ?? '',
      },
      // Callers may choose the request id, but not this one.
      requestId: requestContext.extendedRequestId ?? requestContext.requestId,
      routeKey,
      stage: requestContext.stage,
      time: requestContext.requestTime ?? '',
      timeEpoch: requestContext.requestTimeEpoch,
      authorizer: { lambda: requestContext.authorizer ?? undefined },
    } as APIGatewayProxyEventV2['requestContext'],
  };
}
