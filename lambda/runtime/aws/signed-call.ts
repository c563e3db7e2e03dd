/** A call of AWS by hand, for the few actions that are not worth the AWS SDK's client of their service. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fullJitter } from '../backoff.ts';
import { endpointOf, localAws, MAX_ATTEMPTS, REQUEST_TIMEOUT_MILLISECONDS } from '../clients.ts';
import type { ClientService } from '../clients.ts';
import type { Environment } from '../environment.ts';
import { credentialsOf, signedHeaders } from '../signed-request.ts';
import type { SignedRequest, SigningCredentials } from '../signed-request.ts';

export interface SignedCall {
  /** Whose AWS_ENDPOINT_URL_SERVICE counts. */
  readonly endpoint: ClientService;
  /** The service's name in signatures and host names. */
  readonly service: string;
  readonly region: string;
  readonly partition: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Milliseconds between tries of a call. */
const CALL_BACKOFF = { base: 100, cap: 2_000 };

/**
 * The answer as JSON. Throttling, errors of the service and broken connections are tried again.
 * @throws an error whose name is AWS's code
 */
export function callAws(environment: Environment, call: SignedCall): Promise<unknown> {
  return withRetries(() => once(environment, call));
}

/** Throttling, errors of the service and broken connections are tried again. */
export async function withRetries<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !isTransient(error)) throw error;
      await sleep(fullJitter(CALL_BACKOFF, attempt, Math.random));
    }
  }
}

/** From where Lambda puts them; the embedded AWS needs none. @throws CredentialsProviderError */
export function requiredCredentials(environment: Environment): SigningCredentials {
  const local = { accessKeyId: 'local', secretAccessKey: 'local', sessionToken: undefined };
  const credentials = credentialsOf(environment) ?? (localAws(environment) === undefined ? undefined : local);
  if (credentials !== undefined) return credentials;
  throw named(
    'CredentialsProviderError',
    'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not in the environment, where Lambda puts them: set both, or give the transport a client',
  );
}

async function once(environment: Environment, call: SignedCall): Promise<unknown> {
  const { endpoint, service, region, partition, path } = call;
  const suffix = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  const url = new URL(path, endpointOf(endpoint, environment) ?? `https://${service}.${region}.${suffix}`);
  const response = await sendSigned(environment, url, call);
  const answer = readJson(await response.text());
  if (response.ok && answer !== undefined) return answer;
  const type = response.headers.get('x-amzn-errortype') ?? answer?.['__type'];
  const code = (typeof type === 'string' ? type : '').split(':')[0]?.split('#').at(-1);
  const text = answer?.['message'] ?? answer?.['Message'];
  const message = typeof text === 'string' ? text : `status ${response.status}`;
  throw Object.assign(named(code || `HTTP${response.status}`, message), { status: response.status });
}

/** One try, whatever the answer says. */
export function sendSigned(
  environment: Environment,
  url: URL,
  request: Pick<SignedRequest, 'region' | 'service' | 'method' | 'headers' | 'body'>,
): Promise<Response> {
  const { method = 'POST', body } = request;
  const credentials = requiredCredentials(environment);
  return fetch(url, {
    method,
    headers: signedHeaders({ ...request, credentials, url }),
    ...(method !== 'GET' && { body: body as string | Uint8Array<ArrayBuffer> }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MILLISECONDS),
  });
}

/** Undefined for what is no JSON object, such as the page of a proxy. */
function readJson(text: string): Record<string, unknown> | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

export function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

const THROTTLED = new Set([
  'ThrottlingException',
  'TooManyRequestsException',
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'KMSThrottlingException',
]);

/** A refusal is final, but for throttling, whatever its status; what never arrived is tried again. */
function isTransient(error: unknown): boolean {
  const { status, name } = error as { readonly status?: number; readonly name: string };
  if (name === 'CredentialsProviderError' || name === 'ConfigError') return false;
  return status === undefined || status >= 500 || status === 429 || THROTTLED.has(name);
}
