/**
 * What API Gateway answers itself when a request does not get through.
 * apigateway/latest/developerguide/supported-gateway-response-types.html
 */
import type { RestResponse } from '../../protocols/rest-json.ts';
import { renderTemplate, type TemplateInput } from './mapping-template.ts';
import type { RestApi } from './model.ts';

/** The built-in status and message of each type. */
const DEFAULTS = {
  ACCESS_DENIED: [403, 'User is not authorized to access this resource'],
  API_CONFIGURATION_ERROR: [500, 'Internal server error'],
  AUTHORIZER_CONFIGURATION_ERROR: [500, null],
  AUTHORIZER_FAILURE: [500, null],
  BAD_REQUEST_BODY: [400, 'Invalid request body'],
  BAD_REQUEST_PARAMETERS: [400, 'Missing required request parameters'],
  INTEGRATION_FAILURE: [504, 'Internal server error'],
  INTEGRATION_TIMEOUT: [504, 'Endpoint request timed out'],
  INVALID_SIGNATURE: [403, 'The request signature we calculated does not match the signature you provided.'],
  MISSING_AUTHENTICATION_TOKEN: [403, 'Missing Authentication Token'],
  REQUEST_TOO_LARGE: [413, 'Request Too Long'],
  THROTTLED: [429, 'Too Many Requests'],
  UNAUTHORIZED: [401, 'Unauthorized'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'Unsupported Media Type'],
  /** A Lambda proxy function that failed, or answered what is no answer. */
  MALFORMED_PROXY_RESPONSE: [502, 'Internal server error'],
} as const satisfies Record<string, readonly [number, string | null]>;

export type GatewayResponseType = keyof typeof DEFAULTS;

/** Ends a request with a gateway response. `message` replaces the built-in one. */
export class GatewayRefusal extends Error {
  override readonly name = 'GatewayRefusal';
  readonly type: GatewayResponseType;
  readonly validationErrors: readonly string[];

  constructor(type: GatewayResponseType, message?: string | null, validationErrors: readonly string[] = []) {
    super(message ?? DEFAULTS[type][1] ?? 'null');
    this.type = type;
    this.validationErrors = validationErrors;
  }
}

/** The answer for a refusal: the API's own response of this type, else of its class, else the built-in one. */
export function gatewayResponse(api: RestApi, refusal: GatewayRefusal, input: TemplateInput): RestResponse {
  const [defaultStatus, builtIn] = DEFAULTS[refusal.type];
  const message = builtIn === null ? null : refusal.message;
  const own =
    api.gatewayResponses[refusal.type] ??
    api.gatewayResponses[defaultStatus < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX'];
  const context = {
    ...input.context,
    error: {
      message,
      messageString: JSON.stringify(message),
      responseType: refusal.type,
      // For a place between quotation marks, which templates write it in.
      validationErrorString: JSON.stringify(`[${refusal.validationErrors.join(', ')}]`).slice(1, -1),
    },
  };
  const template = own?.responseTemplates['application/json'];
  return {
    status: Number(own?.statusCode ?? defaultStatus),
    headers: {
      'content-type': 'application/json',
      'x-amzn-errortype': `${errorType(refusal.type)}Exception`,
      ...headersOf(own?.responseParameters ?? {}, input),
    },
    body: template === undefined ? { message } : renderTemplate(template, { ...input, context }).text,
  };
}

/** `gatewayresponse.header.Access-Control-Allow-Origin: "'*'"` */
function headersOf(
  parameters: Readonly<Record<string, string>>,
  input: TemplateInput,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [target, source] of Object.entries(parameters)) {
    const name = /^gatewayresponse\.header\.(.+)$/.exec(target)?.[1];
    const literal = /^'(.*)'$/s.exec(source)?.[1];
    const header = /^method\.request\.header\.(.+)$/.exec(source)?.[1];
    const value = literal ?? (header === undefined ? undefined : input.header[header.toLowerCase()]);
    if (name !== undefined && value !== undefined) headers[name.toLowerCase()] = value;
  }
  return headers;
}

/** `ACCESS_DENIED` -> `AccessDenied` */
function errorType(type: string): string {
  return type.toLowerCase().replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
