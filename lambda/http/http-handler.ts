/** Turns commands that return data and throw Problems into a Lambda handler of an HTTP API (payload format 2.0). */
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { isContractError } from '../../lib/contracts/index.ts';
import { databaseProblem } from './database-problem.ts';
import { Problem, problemResponse } from './problem.ts';

export interface Answer {
  readonly status: number;
  /** Sent as JSON; left out for 204. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Route = (event: APIGatewayProxyEventV2) => Promise<Answer>;

export type HttpHandler = (event: APIGatewayProxyEventV2) => Promise<APIGatewayProxyStructuredResultV2>;

/** Told about every request that ended in a 5xx. Gets no header and no body, which may be personal. */
export type ReportFailure = (failure: {
  readonly requestId: string;
  readonly routeKey: string;
  readonly code: string;
  readonly error: unknown;
}) => void;

/**
 * @param routes - by route key, such as `POST /projects`
 */
export function httpHandler(routes: Readonly<Record<string, Route>>, report: ReportFailure): HttpHandler {
  return async (event) => {
    const { requestId } = event.requestContext;
    try {
      const route = routes[event.routeKey];
      if (route === undefined) {
        throw new Problem({
          status: 404,
          code: 'WAYBILL_ROUTE_UNKNOWN',
          title: 'There is no such route',
          detail: `This function answers ${Object.keys(routes).join(', ')}.`,
        });
      }
      const answer = await route(event);
      return {
        statusCode: answer.status,
        headers: {
          ...(answer.body !== undefined && { 'content-type': 'application/json' }),
          ...answer.headers,
        },
        ...(answer.body !== undefined && { body: JSON.stringify(answer.body) }),
      };
    } catch (error) {
      const problem = problemOf(error);
      if (problem.status >= 500) {
        report({ requestId, routeKey: event.routeKey, code: problem.code, error: problem.cause ?? problem });
      }
      return problemResponse(problem, requestId);
    }
  };
}

/** What the caller is told of an error. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const unreachable = databaseProblem(error);
  if (unreachable !== undefined) return unreachable;
  if (isContractError(error) && error.code === 'WAYBILL_EVENT_DATA_INVALID') {
    return new Problem({
      status: 422,
      code: error.code,
      title: 'The command makes an event that is not valid',
      detail: error.message,
      cause: error,
    });
  }
  return new Problem({
    status: 500,
    code: 'WAYBILL_INTERNAL',
    title: 'Something is wrong with the service',
    detail: 'Nothing was stored. Send the request again; if it fails again, name the instance to support.',
    cause: error,
  });
}
