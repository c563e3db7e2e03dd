/**
 * Reads secrets of Secrets Manager. One call of one action is signed here by hand, because the client would be the
 * largest part of a function that has no other use for it.
 */
import { createHash, createHmac } from 'node:crypto';

import { endpointOf } from './clients.ts';
import type { Environment } from './environment.ts';

/** @returns the secret's text */
export type ReadSecret = (secretArn: string) => Promise<string>;

/** Makes the error, which says what the secret is for; `reason` says which one it is and what to do. */
export type Unreadable = (reason: string, options?: ErrorOptions) => Error;

/** Milliseconds. */
const CALL_TIMEOUT = 10_000;

/** Source: GetSecretValue, secretsmanager/latest/apireference/API_GetSecretValue.html. */
export function secretReader(environment: Environment, unreadable: Unreadable): ReadSecret {
  return async (secretArn) => {
    const region = secretArn.split(':')[3] || (environment['AWS_REGION'] ?? 'us-east-1');
    const url = new URL(
      endpointOf('SECRETS_MANAGER', environment) ?? `https://secretsmanager.${region}.amazonaws.com`,
    );
    const body = JSON.stringify({ SecretId: secretArn });
    const credentials = credentialsOf(environment);
    if (credentials === undefined) {
      throw unreadable(
        'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not in the environment, where Lambda puts them',
      );
    }
    const headers = signedHeaders(credentials, region, url, body);
    let answer: { SecretString?: string };
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body,
        signal: AbortSignal.timeout(CALL_TIMEOUT),
      });
      answer = (await response.json()) as { SecretString?: string };
      if (!response.ok) {
        throw new Error((answer as { __type?: string }).__type ?? `status ${response.status}`);
      }
    } catch (cause) {
      throw unreadable(
        `${secretArn} (${cause instanceof Error ? cause.message : 'unknown'}): allow secretsmanager:GetSecretValue on it and kms:Decrypt on its key, and check the way to Secrets Manager (an interface endpoint in a VPC)`,
        { cause },
      );
    }
    return answer.SecretString ?? '';
  };
}

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

function credentialsOf(environment: Environment): Credentials | undefined {
  const accessKeyId = environment['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY'];
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: environment['AWS_SESSION_TOKEN'] };
}

/** Signature Version 4. Source: "Create a signed AWS API request", IAM/latest/UserGuide/create-signed-request.html. */
function signedHeaders(
  { accessKeyId, secretAccessKey, sessionToken }: Credentials,
  region: string,
  url: URL,
  body: string,
): Record<string, string> {
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
