/** Access tokens of connections with OAuth client credentials. eventbridge/latest/userguide/eb-target-connection-auth.html */
import { AwsError } from '../errors.ts';
import { type Connection, httpParameters } from './connections.ts';
import { optionalText, record } from './input.ts';

const TIMEOUT_MS = 5_000;

export interface AccessTokens {
  /** The connection's token, fetched when there is none. Throws when the authorization endpoint gives none. */
  token(connection: Connection): Promise<string>;
  /** After a 401 or 407: the next call fetches a new one. */
  forget(connection: Connection): void;
}

export function createAccessTokens(): AccessTokens {
  /** By the connection's ARN and when it was changed: a changed connection has a token of its own. */
  const tokens = new Map<string, Promise<string>>();
  const keyOf = ({ arn, modifiedAt }: Connection) => `${arn} ${modifiedAt}`;
  return {
    token(connection) {
      const key = keyOf(connection);
      let token = tokens.get(key);
      if (!token) {
        token = fetchToken(connection);
        tokens.set(key, token);
        token.catch(() => tokens.delete(key));
      }
      return token;
    },
    forget: (connection) => void tokens.delete(keyOf(connection)),
  };
}

async function fetchToken(connection: Connection): Promise<string> {
  const oauth = record(connection.parameters['OAuthParameters']);
  const client = record(oauth['ClientParameters']);
  const extra = record(oauth['OAuthHttpParameters']);
  const url = new URL(optionalText(oauth, 'AuthorizationEndpoint') ?? '');
  for (const [name, value] of httpParameters(extra, 'QueryStringParameters'))
    url.searchParams.set(name, value);
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: optionalText(client, 'ClientID') ?? '',
    client_secret: optionalText(client, 'ClientSecret') ?? '',
  });
  for (const [name, value] of httpParameters(extra, 'BodyParameters')) form.set(name, value);
  const method = optionalText(oauth, 'HttpMethod') ?? 'POST';
  if (method === 'GET') for (const [name, value] of form) url.searchParams.set(name, value);

  const response = await fetch(url, {
    method,
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      ...Object.fromEntries(httpParameters(extra, 'HeaderParameters')),
    },
    ...(method === 'GET' ? {} : { body: form.toString() }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: unknown) => {
    throw new AwsError('ConnectionFailure', `${url.origin} gave no access token: ${String(error)}`, 503);
  });
  const answer = record(await response.json().catch(() => undefined));
  const token = optionalText(answer, 'access_token');
  if (!response.ok || token === undefined) {
    throw new AwsError('ConnectionFailure', `${url.origin} gave no access token: ${response.status}`, 503);
  }
  return token;
}
