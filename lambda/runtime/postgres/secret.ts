/**
 * The database secret. One call of one action is signed here by hand, because the Secrets Manager client would
 * be the largest part of a function that has no other use for it.
 */
import { createHash, createHmac } from 'node:crypto';

import type { Environment } from '../environment.ts';
import { DatabaseError } from './errors.ts';

/** What RDS writes into the secret of a database. */
export interface DatabaseSecret {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly dbname: string;
}

/** @returns the secret's text */
export type ReadSecret = (secretArn: string) => Promise<string>;

/** Milliseconds. After a rotation the old password keeps working for longer than this with RDS's alternating users. */
const SECRET_LIFETIME = 300_000;

export function cachedSecret(secretArn: string, readSecret: ReadSecret): () => Promise<DatabaseSecret> {
  let cached: { readonly secret: Promise<DatabaseSecret>; readonly until: number } | undefined;
  return () => {
    if (cached === undefined || cached.until < Date.now()) {
      const secret = readSecret(secretArn).then(parseSecret);
      cached = { secret, until: Date.now() + SECRET_LIFETIME };
      // A failure is not kept.
      secret.catch(() => (cached = undefined));
    }
    return cached.secret;
  };
}

function parseSecret(text: string): DatabaseSecret {
  const value = parseObject(text);
  const { host, username, password, dbname } = value;
  const port = Number(value['port'] ?? 5432);
  const missing = Object.entries({ host, username, password, dbname })
    .filter(([, field]) => typeof field !== 'string' || field === '')
    .map(([name]) => name);
  if (missing.length > 0 || !Number.isInteger(port)) {
    throw new DatabaseError(
      'WAYBILL_DATABASE_SECRET_INVALID',
      `the database secret must be JSON with host, port, username, password and dbname; missing or wrong: ${[...missing, ...(Number.isInteger(port) ? [] : ['port'])].join(', ')}`,
    );
  }
  return { host, port, username, password, dbname } as DatabaseSecret;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // The parser's message quotes the text, which is a secret.
    return {};
  }
}

/** Source: GetSecretValue, secretsmanager/latest/apireference/API_GetSecretValue.html. */
export function readSecretFromAws(environment: Environment): ReadSecret {
  return async (secretArn) => {
    const region = secretArn.split(':')[3] || (environment['AWS_REGION'] ?? 'us-east-1');
    const url = new URL(endpointOf(environment, region));
    const body = JSON.stringify({ SecretId: secretArn });
    const headers = signedHeaders(environment, region, url, body);
    let answer: { SecretString?: string };
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body,
        signal: AbortSignal.timeout(10_000),
      });
      answer = (await response.json()) as { SecretString?: string };
      if (!response.ok) {
        throw new Error((answer as { __type?: string }).__type ?? `status ${response.status}`);
      }
    } catch (cause) {
      throw new DatabaseError(
        'WAYBILL_DATABASE_SECRET_UNREADABLE',
        `the database secret ${secretArn} could not be read (${cause instanceof Error ? cause.message : 'unknown'}): allow secretsmanager:GetSecretValue on it and kms:Decrypt on its key, and check the way to Secrets Manager (an interface endpoint in a VPC)`,
        { cause },
      );
    }
    return answer.SecretString ?? '';
  };
}

function endpointOf(environment: Environment, region: string): string {
  const local = environment['USE_LOCAL_AWS'];
  return (
    environment['AWS_ENDPOINT_URL_SECRETS_MANAGER'] ||
    environment['AWS_ENDPOINT_URL'] ||
    (local && local !== '0' && local !== 'false'
      ? local.startsWith('http')
        ? local
        : 'http://127.0.0.1:4566'
      : `https://secretsmanager.${region}.amazonaws.com`)
  );
}

/** Signature Version 4. Source: "Create a signed AWS API request", IAM/latest/UserGuide/create-signed-request.html. */
function signedHeaders(
  environment: Environment,
  region: string,
  url: URL,
  body: string,
): Record<string, string> {
  const accessKeyId = environment['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY'];
  const sessionToken = environment['AWS_SESSION_TOKEN'];
  if (!accessKeyId || !secretAccessKey) {
    throw new DatabaseError(
      'WAYBILL_DATABASE_SECRET_UNREADABLE',
      'the database secret could not be read: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not in the environment, where Lambda puts them. Elsewhere set DATABASE_URL, or give createPool() a readSecret that uses your credentials',
    );
  }
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const day = time.slice(0, 8);
  const signed: Record<string, string> = {
    'content-type': 'application/x-amz-json-1.1',
    host: url.host,
    'x-amz-date': time,
    ...(sessionToken && { 'x-amz-security-token': sessionToken }),
    'x-amz-target': 'secretsmanager.GetSecretValue',
  };
  const names = Object.keys(signed).sort();
  const canonical = [
    'POST',
    '/',
    '',
    ...names.map((name) => `${name}:${signed[name]}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n');
  const scope = `${day}/${region}/secretsmanager/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = ['secretsmanager', 'aws4_request'].reduce(
    hmac,
    hmac(hmac(`AWS4${secretAccessKey}`, day), region),
  );
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  const { host: _host, ...headers } = signed;
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
