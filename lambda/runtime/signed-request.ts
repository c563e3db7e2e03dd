/** Signature Version 4, for the few calls that are not worth the AWS SDK's client of their service. */
import { createHash, createHmac } from 'node:crypto';
import type { Environment } from './environment.ts';

export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

export interface SignedRequest {
  readonly credentials: SigningCredentials;
  readonly region: string;
  /** The service's name in signatures, for example `secretsmanager`. */
  readonly service: string;
  /** Without a query. */
  readonly url: URL;
  /** @default 'POST' */
  readonly method?: 'DELETE' | 'GET' | 'POST' | 'PUT';
  /** Sent and signed, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** From where Lambda puts them. Undefined where they are not. */
export function credentialsOf(environment: Environment): SigningCredentials | undefined {
  const accessKeyId = environment['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY'];
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: environment['AWS_SESSION_TOKEN'] };
}

/**
 * The headers of a request, the given ones and those of the signature.
 * Source: "Create a signed AWS API request", IAM/latest/UserGuide/create-signed-request.html.
 */
export function signedHeaders({
  credentials,
  region,
  service,
  url,
  method = 'POST',
  headers,
  body,
}: SignedRequest): Record<string, string> {
  const time = signingTime();
  const signed: Record<string, string> = {
    ...headers,
    host: url.host,
    'x-amz-date': time,
    ...(credentials.sessionToken && { 'x-amz-security-token': credentials.sessionToken }),
  };
  const names = Object.keys(signed).sort();
  const canonical = [
    method,
    // Every service but S3 wants what is encoded in the path to be encoded once more.
    service === 's3' ? url.pathname : url.pathname.split('/').map(encodeURIComponent).join('/'),
    '',
    ...names.map((name) => `${name}:${signed[name]}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n');
  const scope = signingScope(time, region, service);
  const signature = signatureOf(credentials, scope, time, canonical);
  const { host: _host, ...sent } = signed;
  return {
    ...sent,
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  };
}

export interface PresignedUrl {
  readonly credentials: SigningCredentials;
  readonly region: string;
  readonly service: string;
  /** `https://HOST/`, without a query. */
  readonly url: URL;
  readonly query: Readonly<Record<string, string>>;
  readonly expiresInSeconds: number;
}

/**
 * The address of a GET with its signature in the query.
 * Source: the same page, "Step 5: Add the signature to the request", query string.
 */
export function presignedUrl({
  credentials,
  region,
  service,
  url,
  query,
  expiresInSeconds,
}: PresignedUrl): string {
  const time = signingTime();
  const scope = signingScope(time, region, service);
  const parameters: Record<string, string> = {
    ...query,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${credentials.accessKeyId}/${scope}`,
    'X-Amz-Date': time,
    'X-Amz-Expires': String(expiresInSeconds),
    ...(credentials.sessionToken && { 'X-Amz-Security-Token': credentials.sessionToken }),
    'X-Amz-SignedHeaders': 'host',
  };
  const text = Object.keys(parameters)
    .sort()
    .map((name) => `${encoded(name)}=${encoded(parameters[name]!)}`)
    .join('&');
  const canonical = ['GET', url.pathname, text, `host:${url.host}`, '', 'host', sha256('')].join('\n');
  return `${url.origin}${url.pathname}?${text}&X-Amz-Signature=${signatureOf(credentials, scope, time, canonical)}`;
}

/** RFC 3986, which encodes a few characters more than `encodeURIComponent` does. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const signingTime = (): string => new Date().toISOString().replaceAll(/[-:]|\.\d{3}/g, '');

const signingScope = (time: string, region: string, service: string): string =>
  `${time.slice(0, 8)}/${region}/${service}/aws4_request`;

function signatureOf(
  { secretAccessKey }: SigningCredentials,
  scope: string,
  time: string,
  canonical: string,
): string {
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  return createHmac('sha256', key).update(toSign).digest('hex');
}

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
