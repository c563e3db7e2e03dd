/**
 * What a REST API answers by itself when it refuses a request, as problem documents (RFC 9457) with the fields of
 * lambda/http/problem.ts. apigateway/latest/developerguide/supported-gateway-response-types.html
 */

export interface RestProblem {
  readonly status: number;
  /** Stable; callers may depend on it. */
  readonly code: string;
  readonly title: string;
  /** What happened and what to do. No quotation marks: the templates of gateway responses know no escapes. */
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';
export const PROBLEM_TYPE_PREFIX = 'urn:waybill:problem:';

/** Seconds after which a caller that was one too many may try again. */
const RETRY_AFTER_THROTTLING = '1';
/** Seconds after which what was down may be up. */
const RETRY_AFTER_OUTAGE = '5';

const UNAVAILABLE = {
  title: 'The service is not available',
  detail: 'Nothing was done. Send the same request again later, with the same Idempotency-Key.',
  headers: { 'Retry-After': RETRY_AFTER_OUTAGE },
} as const;
const FAILED = {
  status: 500,
  code: 'WAYBILL_INTERNAL',
  title: 'The request failed',
  detail: 'The fault is ours. Send the same request again later, with the same Idempotency-Key.',
} as const;
const TIMED_OUT = {
  status: 504,
  code: 'WAYBILL_TIMED_OUT',
  title: 'The answer took too long',
  detail:
    'Whether the request was carried out is not known. Send it again with the same Idempotency-Key: nothing happens twice.',
  headers: { 'Retry-After': RETRY_AFTER_OUTAGE },
} as const;
const NOT_AUTHENTICATED = {
  status: 401,
  code: 'WAYBILL_NOT_AUTHENTICATED',
  title: 'No valid token',
  detail: 'Send a valid token in the header Authorization: Bearer TOKEN.',
  headers: { 'WWW-Authenticate': 'Bearer' },
} as const;
const NOT_ALLOWED = {
  status: 403,
  code: 'WAYBILL_ROLE_NOT_ALLOWED',
  title: 'Not allowed',
  detail: 'The token does not allow this request.',
} as const;

/** By type of gateway response. The two defaults are for the types that are not named. */
export const GATEWAY_PROBLEMS: Readonly<Record<string, RestProblem>> = {
  ACCESS_DENIED: NOT_ALLOWED,
  API_CONFIGURATION_ERROR: FAILED,
  AUTHORIZER_CONFIGURATION_ERROR: FAILED,
  AUTHORIZER_FAILURE: { ...UNAVAILABLE, status: 503, code: 'WAYBILL_AUTHORIZER_UNAVAILABLE' },
  BAD_REQUEST_BODY: {
    status: 400,
    code: 'WAYBILL_BODY_INVALID',
    title: 'The body does not match its model',
    // Empty where the body is no JSON at all.
    detail: 'Correct the body: $context.error.validationErrorString',
  },
  BAD_REQUEST_PARAMETERS: {
    status: 400,
    code: 'WAYBILL_PARAMETERS_INVALID',
    title: 'A parameter is missing or wrong',
    detail: 'Correct the request: $context.error.message',
  },
  DEFAULT_4XX: {
    status: 400,
    code: 'WAYBILL_REQUEST_INVALID',
    title: 'The request can not be served',
    detail: 'Correct the request: $context.error.message',
  },
  DEFAULT_5XX: FAILED,
  EXPIRED_TOKEN: NOT_AUTHENTICATED,
  INTEGRATION_FAILURE: {
    ...UNAVAILABLE,
    status: 503,
    code: 'WAYBILL_BACKEND_UNAVAILABLE',
    // The connection may have broken after the request was passed on.
    detail:
      'It may be that it was carried out. Send the same request again later, with the same Idempotency-Key: nothing happens twice.',
  },
  INTEGRATION_TIMEOUT: TIMED_OUT,
  INVALID_API_KEY: NOT_ALLOWED,
  INVALID_SIGNATURE: NOT_AUTHENTICATED,
  MISSING_AUTHENTICATION_TOKEN: {
    status: 404,
    code: 'WAYBILL_ROUTE_UNKNOWN',
    title: 'No such route',
    detail: 'The API has no such path, or not with this method.',
  },
  QUOTA_EXCEEDED: {
    status: 429,
    code: 'WAYBILL_QUOTA_EXCEEDED',
    title: 'The quota is used up',
    detail: 'Send the request again when the quota begins anew.',
    headers: { 'Retry-After': RETRY_AFTER_THROTTLING },
  },
  REQUEST_TOO_LARGE: {
    status: 413,
    code: 'WAYBILL_REQUEST_TOO_LARGE',
    title: 'The request is too large',
    detail: 'API Gateway takes bodies of up to 10 MB; the model of the body says what its fields may hold.',
  },
  RESOURCE_NOT_FOUND: {
    status: 404,
    code: 'WAYBILL_ROUTE_UNKNOWN',
    title: 'No such route',
    detail: 'The API has no such path.',
  },
  THROTTLED: {
    status: 429,
    code: 'WAYBILL_TOO_MANY_REQUESTS',
    title: 'Too many requests',
    detail: 'Nothing was done. Send the same request again after Retry-After seconds.',
    headers: { 'Retry-After': RETRY_AFTER_THROTTLING },
  },
  UNAUTHORIZED: NOT_AUTHENTICATED,
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    code: 'WAYBILL_MEDIA_TYPE_UNSUPPORTED',
    title: 'The content type is not taken',
    detail: 'Send the body as Content-Type: application/json.',
  },
  WAF_FILTERED: NOT_ALLOWED,
};

/**
 * The document as a template. `instance` is the extended request id: the other one a caller may choose, and with it
 * what stands in the document. Gateway responses have variables and no logic, so the texts stand as they are.
 */
export function problemTemplate({ status, code, title, detail }: RestProblem): string {
  return JSON.stringify({
    type: `${PROBLEM_TYPE_PREFIX}${code}`,
    title,
    status,
    code,
    detail,
    instance: '$context.extendedRequestId',
  });
}
