/** Turns commands that return data and throw Problems into a Lambda handler of a REST API (payload format 1.0). */
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { problemOf } from './http-handler.ts';
import type { Answer, ReportFailure } from './http-handler.ts';
import { Problem, problemResponse } from './problem.ts';

export type RestRoute = (event: APIGatewayProxyEvent) => Promise<Answer>;

export type RestHandler = (event: APIGatewayProxyEvent) => Promise<APIGatewayProxyResult>;

/**
 * @param routes - by method and resource, such as `GET /jobs/{jobId}`
 * @param problem - the problem of an error that the service knows; undefined for any other
 */
export function restHandler(
  routes: Readonly<Record<string, RestRoute>>,
  report: ReportFailure,
  problem: (error: unknown) => Problem | undefined = () => undefined,
): RestHandler {
  return async (event) => {
    const { requestId } = event.requestContext;
    const routeKey = `${event.httpMethod} ${event.resource}`;
    try {
      const route = routes[routeKey];
      if (route === undefined) {
        throw new Problem({
          status: 404,
          code: 'WAYBILL_ROUTE_UNKNOWN',
          title: 'There is no such route',
          detail: `This function answers ${Object.keys(routes).join(', ')}.`,
        });
      }
      const { status, body, headers } = await route(event);
      return {
        statusCode: status,
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        body: body === undefined ? '' : JSON.stringify(body),
      };
    } catch (error) {
      const told = problem(error) ?? problemOf(error);
      if (told.status >= 500) {
        report({ requestId, routeKey, code: told.code, error: told.cause ?? told });
      }
      const { statusCode = told.status, headers = {}, body = '' } = problemResponse(told, requestId);
      return { statusCode, headers, body };
    }
  };
}
