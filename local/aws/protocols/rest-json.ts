/** REST-JSON: operations found by method and path. Lambda, Scheduler and API Gateway register routes here. */
import type { Caller } from '../context.ts';
import type { AwsError } from '../errors.ts';

/** One operation or resource found by method and path. */
export interface RestRoute {
  /** An HTTP method, or `ANY`. */
  readonly method: string;
  /** E.g. `/2015-03-31/functions/{FunctionName}/invocations`; a last `{proxy+}` takes the rest of the path. */
  readonly path: string;
  handle(request: RestRequest): Promise<RestResponse>;
}

export interface RestRequest {
  readonly method: string;
  /** The path as sent, without the query string. */
  readonly path: string;
  /** The decoded values of the path's placeholders. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Header names are lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly caller: Caller;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

export interface RestResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: Buffer | string | object;
}

/** The route for a request with the values of its placeholders, or undefined. The most literal path wins. */
export function matchRoute(
  routes: readonly RestRoute[],
  method: string,
  path: string,
): { readonly route: RestRoute; readonly parameters: Record<string, string> } | undefined {
  let best: { route: RestRoute; parameters: Record<string, string>; literal: number } | undefined;
  for (const route of routes) {
    if (route.method !== 'ANY' && route.method !== method) continue;
    const matched = matchPath(route.path, path);
    if (matched && (!best || matched.literal > best.literal)) best = { route, ...matched };
  }
  return best;
}

/** An error as REST-JSON services send it. */
export function restError(error: AwsError): RestResponse {
  return {
    status: error.httpStatus,
    headers: { 'x-amzn-errortype': error.code },
    body: { ...error.fields, Type: error.senderFault ? 'User' : 'Service', message: error.message },
  };
}

function matchPath(
  pattern: string,
  path: string,
): { parameters: Record<string, string>; literal: number } | undefined {
  const wanted = segments(pattern);
  const given = segments(path);
  const parameters: Record<string, string> = {};
  let literal = 0;
  for (const [index, segment] of wanted.entries()) {
    const name = /^\{(.+)\}$/.exec(segment)?.[1];
    const value = given[index];
    if (name?.endsWith('+')) {
      parameters[name.slice(0, -1)] = given.slice(index).map(decode).join('/');
      return { parameters, literal };
    }
    if (value === undefined) return undefined;
    if (name !== undefined) parameters[name] = decode(value);
    else if (segment === value) literal++;
    else return undefined;
  }
  return wanted.length === given.length ? { parameters, literal } : undefined;
}

function segments(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
