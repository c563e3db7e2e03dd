/** Degradation of a function behind HTTP: 503 with Retry-After, which clients, proxies and SDKs understand. */
import { retryAfterOf } from '../consumer/admission.ts';
import type { LoadShedder, WorkPriority } from './load-shedder.ts';

/** What API Gateway takes of a function (payload format 2.0). */
export interface UnavailableResponse {
  readonly statusCode: 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The answer to a request that failed because of an open breaker, a full bulkhead or shed load; undefined for other errors. */
export function unavailableResponse(error: unknown, instance?: string): UnavailableResponse | undefined {
  const seconds = retryAfterOf(error);
  if (seconds === undefined) return undefined;
  const { code, message } = error as Error & { readonly code: string };
  return {
    statusCode: 503,
    headers: { 'retry-after': String(seconds), 'content-type': 'application/problem+json' },
    body: JSON.stringify({
      type: `urn:waybill:problem:${code}`,
      title: 'The service cannot do this now',
      status: 503,
      code,
      detail: `${message}. Nothing was stored.`,
      ...(instance !== undefined && { instance }),
    }),
  };
}

export interface SheddingHttpProps<Request> {
  readonly shedder: LoadShedder;
  /** @default - every request is of normal priority */
  readonly priorityOf?: (request: Request) => WorkPriority;
}

/**
 * Wraps a handler: refuses the less important requests under overload, and answers 503 where the handler threw for a
 * dependency that cannot be called. Other errors are thrown on. A Lambda instance has one request at a time, so
 * `maxConcurrent` matters in containers; behind Lambda, breakers and bulkheads do.
 *
 * @example
 * export const handler = sheddingHttp(orders, { shedder, priorityOf: ({ routeKey }) => routeKey === 'POST /activity' ? 'low' : 'normal' });
 */
export function sheddingHttp<Request, Response>(
  handler: (request: Request) => Promise<Response>,
  { shedder, priorityOf = () => 'normal' }: SheddingHttpProps<Request>,
): (request: Request) => Promise<Response | UnavailableResponse> {
  return async (request) => {
    let done: (() => void) | undefined;
    try {
      done = shedder.take(priorityOf(request));
      return await handler(request);
    } catch (error) {
      const response = unavailableResponse(error);
      if (response === undefined) throw error;
      return response;
    } finally {
      done?.();
    }
  };
}
