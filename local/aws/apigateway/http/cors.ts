/** CORS of HTTP APIs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html */
import type { RestResponse } from '../../protocols/rest-json.ts';

export interface CorsConfiguration {
  readonly AllowCredentials?: boolean;
  readonly AllowHeaders?: readonly string[];
  readonly AllowMethods?: readonly string[];
  readonly AllowOrigins?: readonly string[];
  readonly ExposeHeaders?: readonly string[];
  readonly MaxAge?: number;
}

/** The answer to a preflight request; the function does not see it. */
export function preflight(cors: CorsConfiguration, origin: string): RestResponse {
  return {
    status: 204,
    headers: {
      ...corsHeaders(cors, origin),
      ...listHeader('access-control-allow-methods', cors.AllowMethods),
      ...listHeader('access-control-allow-headers', cors.AllowHeaders),
      ...(cors.MaxAge === undefined ? {} : { 'access-control-max-age': String(cors.MaxAge) }),
    },
  };
}

/** The headers of every answer to a request from an allowed origin; none for another one. */
export function corsHeaders(cors: CorsConfiguration, origin: string | undefined): Record<string, string> {
  if (origin === undefined || !(cors.AllowOrigins ?? []).some((allowed) => matchesOrigin(allowed, origin)))
    return {};
  return {
    'access-control-allow-origin': cors.AllowOrigins?.includes('*') === true ? '*' : origin,
    ...(cors.AllowCredentials === true ? { 'access-control-allow-credentials': 'true' } : {}),
    ...listHeader('access-control-expose-headers', cors.ExposeHeaders),
  };
}

/** `*`, `https://*` (any origin of that scheme), or the origin itself. */
function matchesOrigin(allowed: string, origin: string): boolean {
  return (
    allowed === '*' ||
    allowed === origin ||
    (allowed.endsWith('://*') && origin.startsWith(allowed.slice(0, -1)))
  );
}

function listHeader(name: string, values: readonly string[] | undefined): Record<string, string> {
  return values === undefined || values.length === 0 ? {} : { [name]: values.join(',') };
}
