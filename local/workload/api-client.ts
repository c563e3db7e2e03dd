/** Calls the core system's HTTP API as its users do: with tokens, with signatures, and again when asked to wait. */
import { createHmac } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

export interface ApiAnswer {
  readonly status: number;
  /** The JSON body; undefined where there is none. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
  /** How often it was sent again because the API was busy, down or not reached. */
  readonly retries: number;
}

/** A text field of an answer; what is absent or no text is the text given instead. */
export function textField(body: ApiAnswer['body'], name: string, otherwise: string): string {
  const value = body?.[name];
  return typeof value === 'string' ? value : otherwise;
}

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is. */
  readonly body?: string;
}

/**
 * The same request, sent until it is answered. Its effect must not depend on how often it arrives. One that is given as a
 * function is made anew for each try, for an API that may move meanwhile.
 */
export type CallApi = (request: ApiRequest | (() => Promise<ApiRequest>)) => Promise<ApiAnswer>;

const RETRIED: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);
const MOST_RETRIES = 40;
const FIRST_DELAY_MS = 20;
const LONGEST_DELAY_MS = 1000;
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * @param apiUrl - without a trailing slash; as a function it is asked before each try
 * @throws the last error when the API could not be reached at all
 */
export function apiClient(apiUrl: string | (() => string), signal?: AbortSignal): CallApi {
  return async (request) => {
    for (let retries = 0; ; retries += 1) {
      const last = retries === MOST_RETRIES;
      try {
        const made = typeof request === 'function' ? await request() : request;
        const answer = await callOnce(typeof apiUrl === 'function' ? apiUrl() : apiUrl, made, signal);
        if (last || !RETRIED.has(answer.status)) return { ...answer, retries };
      } catch (error) {
        if (last || signal?.aborted === true) throw error;
      }
      const wait = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** retries);
      await delay(wait, undefined, signal === undefined ? {} : { signal });
    }
  };
}

async function callOnce(
  apiUrl: string,
  request: ApiRequest,
  signal: AbortSignal | undefined,
): Promise<Omit<ApiAnswer, 'retries'>> {
  const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  const response = await fetch(`${apiUrl}${request.path}`, {
    method: request.method,
    headers: { 'user-agent': 'waybill-sample-workload', ...request.headers },
    ...(request.body !== undefined && { body: request.body }),
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: text.startsWith('{') ? (JSON.parse(text) as ApiAnswer['body']) : undefined,
  };
}

export interface TokenClaims {
  readonly userId: string;
  readonly tenantId: string;
  readonly role: 'member' | 'admin' | 'operator';
}

const TOKEN_LIFETIME_SECONDS = 3600;

/** A JSON Web Token (RFC 7519) signed with HS256, as the API's authorizer expects it. */
export function bearerToken(secret: string, claims: TokenClaims, now = Date.now()): string {
  const issuedAt = Math.floor(now / 1000);
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({
    iss: 'waybill',
    aud: 'waybill-core',
    sub: claims.userId,
    tenantId: claims.tenantId,
    role: claims.role,
    iat: issuedAt,
    exp: issuedAt + TOKEN_LIFETIME_SECONDS,
  })}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** The value of `X-Hub-Signature-256`. */
export function gitHubSignature(secret: string, body: string | Buffer): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}
