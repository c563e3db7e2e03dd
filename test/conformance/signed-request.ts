/**
 * Requests as written, signed with Signature Version 4: the Query protocol, and bodies no SDK would send.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac } from 'node:crypto';
import type { Target } from './target.ts';

export interface WireRequest {
  /** The name in the signature, which also is the host's in AWS: `sqs`, `sns`, `events`. */
  readonly service: string;
  /** `/` when absent. */
  readonly path?: string;
  readonly method?: 'POST' | 'GET';
  /** A call of the Query protocol: sent as a form. */
  readonly form?: Readonly<Record<string, string>>;
  /** A call of AWS JSON: `AmazonSQS.SendMessage` with its input, or text that is no JSON. */
  readonly target?: string;
  readonly json?: unknown;
  /** Sent as it is, with its content type. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text of the first XML element of this name, with character references resolved; undefined without one. */
  xml(element: string): string | undefined;
  /** The body as JSON. */
  json(): Record<string, unknown>;
}

export async function sendSigned(target: Target, request: WireRequest): Promise<WireAnswer> {
  const { service, path = '/', method = 'POST' } = request;
  const base = target.endpoint ?? `https://${service}.${target.region}.amazonaws.com`;
  const url = new URL(path, base);
  const form = request.form && new URLSearchParams(request.form).toString();
  if (method === 'GET' && form !== undefined) url.search = form;
  const body =
    method === 'GET'
      ? ''
      : (form ?? request.body ?? (request.json === undefined ? '' : JSON.stringify(request.json)));
  const headers: Record<string, string> = {
    ...(form !== undefined && method === 'POST' && { 'content-type': 'application/x-www-form-urlencoded' }),
    ...(request.target !== undefined && {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': request.target,
    }),
    ...request.headers,
  };
  const response = await fetch(url, {
    method,
    headers: signed(target, service, method, url, headers, body),
    ...(method === 'POST' && { body }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    xml(element) {
      const found = new RegExp(`<${element}(?: [^>]*)?>([\\s\\S]*?)</${element}>`).exec(text)?.[1];
      return found?.replace(/&(#x?[\dA-Fa-f]+|\w+);/g, (_, entity: string) => resolveEntity(entity));
    },
    json: () => JSON.parse(text) as Record<string, unknown>,
  };
}

function signed(
  target: Target,
  service: string,
  method: string,
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
): Record<string, string> {
  const { credentials, region } = target;
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const day = time.slice(0, 8);
  const all: Record<string, string> = {
    ...headers,
    host: url.host,
    'x-amz-date': time,
    ...(credentials.sessionToken !== undefined && { 'x-amz-security-token': credentials.sessionToken }),
  };
  const names = Object.keys(all).toSorted();
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join('&');
  const canonical = [
    method,
    url.pathname,
    query,
    ...names.map((name) => `${name}:${all[name]?.trim()}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<Buffer | string>(
    (secret, part) => hmac(secret, part),
    `AWS4${credentials.secretAccessKey}`,
  );
  const { host: _host, ...sent } = all;
  const signature = hmac(key, text).toString('hex');
  return {
    ...sent,
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function resolveEntity(entity: string): string {
  if (!entity.startsWith('#')) return ENTITIES[entity] ?? `&${entity};`;
  const code = entity.startsWith('#x') ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1));
  return String.fromCodePoint(code);
}
