/** The request that EventBridge makes to an API destination, and how it reads the answer. */
import type { AwsContext } from '../context.ts';
import { RETRY_AFTER_SECONDS } from '../delivery/index.ts';
import { AwsError } from '../errors.ts';
import type { ApiDestination, ApiDestinations } from './api-destinations.ts';
import { type Connection, type Connections, httpParameters } from './connections.ts';
import { optionalText, record } from './input.ts';
import type { BusEvent, Target } from './model.ts';
import { createAccessTokens } from './oauth.ts';
import { valueAt } from './transform.ts';

/** How long an endpoint may take. eventbridge/latest/userguide/eb-api-destinations.html */
const TIMEOUT_MS = 5_000;
/** Statuses worth another try, beside 5xx. */
const RETRIED: ReadonlySet<number> = new Set([401, 407, 409, 429]);
const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD']);

export interface HttpTargets {
  /** Throws what decides about a retry: a status of 500 and above for "again", one below for "never". */
  invoke(target: Target, event: BusEvent, text: string): Promise<void>;
}

export function createHttpTargets(
  context: AwsContext,
  destinations: ApiDestinations,
  connections: Connections,
): HttpTargets {
  const tokens = createAccessTokens();
  /** The next time a destination may be invoked, by its ARN. */
  const nextTurn = new Map<string, number>();

  const awaitTurn = async ({ arn, rate }: ApiDestination): Promise<void> => {
    const now = context.clock.now();
    // A second's worth of invocations may come at once; then they are spread.
    const turn = Math.max(now - 1_000, nextTurn.get(arn) ?? 0) + 1_000 / rate;
    nextTurn.set(arn, turn);
    if (turn > now) await new Promise<void>((resolve) => context.clock.setTimeout(resolve, turn - now));
  };

  const authorization = async (connection: Connection): Promise<Record<string, string>> => {
    const basic = record(connection.parameters['BasicAuthParameters']);
    const key = record(connection.parameters['ApiKeyAuthParameters']);
    if (connection.type === 'BASIC') {
      const pair = `${optionalText(basic, 'Username')}:${optionalText(basic, 'Password')}`;
      return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
    }
    if (connection.type === 'API_KEY') {
      return { [optionalText(key, 'ApiKeyName') ?? '']: optionalText(key, 'ApiKeyValue') ?? '' };
    }
    return { authorization: `Bearer ${await tokens.token(connection)}` };
  };

  return {
    async invoke(target, event, text) {
      const destination = destinations.find(target.Arn);
      if (!destination) {
        throw new AwsError('ResourceNotFoundException', 'The API destination does not exist');
      }
      const connection = connections.find(destination.connectionArn);
      if (connection?.state !== 'AUTHORIZED') {
        throw new AwsError(
          'ConnectionNotAuthorized',
          'The connection of the API destination is not authorized',
        );
      }
      await awaitTurn(destination);
      const { url, headers, body } = request(destination, connection, target, event, text);
      const status = await send(destination, url, { ...headers, ...(await authorization(connection)) }, body);
      if (status === undefined) return;
      if (status.code === 401 || status.code === 407) tokens.forget(connection);
      const again = status.code >= 500 || RETRIED.has(status.code);
      throw new AwsError(
        status.code === 429 ? 'TooManyRequestsException' : 'ErrorFromTarget',
        `The API destination answered ${status.code}`,
        again ? 503 : 400,
        {
          fields:
            again && status.retryAfter !== undefined ? { [RETRY_AFTER_SECONDS]: status.retryAfter } : {},
        },
      );
    },
  };
}

/** The parameters of the target come first, the connection's replace them. */
function request(
  destination: ApiDestination,
  connection: Connection,
  target: Target,
  event: BusEvent,
  text: string,
) {
  const own = record(target.HttpParameters);
  const ofConnection = record(connection.parameters['InvocationHttpParameters']);
  const filled = (value: unknown): string => fill(event, typeof value === 'string' ? value : '');

  const pathValues = (own['PathParameterValues'] as readonly unknown[] | undefined) ?? [];
  let position = 0;
  const path = destination.endpoint.replaceAll('*', () => encodeURIComponent(filled(pathValues[position++])));
  const url = new URL(path);
  for (const [name, value] of Object.entries(record(own['QueryStringParameters']))) {
    url.searchParams.set(name, filled(value));
  }
  for (const [name, value] of httpParameters(ofConnection, 'QueryStringParameters')) {
    url.searchParams.set(name, value);
  }
  const headers: Record<string, string> = {
    'user-agent': 'Amazon/EventBridge/ApiDestinations',
    'content-type': 'application/json; charset=utf-8',
    range: 'bytes=0-1048575',
    ...Object.fromEntries(
      Object.entries(record(own['HeaderParameters'])).map(([name, value]) => [
        name.toLowerCase(),
        filled(value),
      ]),
    ),
    ...Object.fromEntries(
      httpParameters(ofConnection, 'HeaderParameters').map(([name, value]) => [name.toLowerCase(), value]),
    ),
  };
  return { url, headers, body: withBodyParameters(text, httpParameters(ofConnection, 'BodyParameters')) };
}

/** A value of the target's parameters is text, or a path into the event. */
function fill(event: BusEvent, value: string): string {
  if (!value.startsWith('$.')) return value;
  const found = valueAt(event, value);
  if (found === undefined || found === null) return '';
  return typeof found === 'string' ? found : JSON.stringify(found);
}

function withBodyParameters(text: string, parameters: readonly (readonly [string, string])[]): string {
  if (parameters.length === 0) return text;
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) {
      return JSON.stringify({ ...body, ...Object.fromEntries(parameters) });
    }
  } catch {
    // What is no JSON object takes no parameters.
  }
  return text;
}

/** Undefined for a 2xx answer. */
async function send(
  destination: ApiDestination,
  url: URL,
  headers: Record<string, string>,
  body: string,
): Promise<{ readonly code: number; readonly retryAfter: number | undefined } | undefined> {
  const { method } = destination;
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers,
      ...(WITHOUT_BODY.has(method) ? {} : { body }),
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    const timedOut = error instanceof Error && error.name === 'TimeoutError';
    const code = timedOut ? 'Timeout' : 'ConnectionFailure';
    throw new AwsError(code, `${url.origin} did not answer: ${String(error)}`, 503);
  }
  await response.arrayBuffer();
  if (response.ok) return undefined;
  const wait = Number(response.headers.get('retry-after') ?? NaN);
  return { code: response.status, retryAfter: Number.isNaN(wait) ? undefined : wait };
}
