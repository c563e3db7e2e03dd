/**
 * Reads secrets of Secrets Manager. One call of one action is signed here by hand, because the client would be the
 * largest part of a function that has no other use for it.
 */
import { endpointOf } from './clients.ts';
import type { Environment } from './environment.ts';
import { credentialsOf, signedHeaders } from './signed-request.ts';

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
    const headers = signedHeaders({
      credentials,
      region,
      service: 'secretsmanager',
      url,
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'secretsmanager.GetSecretValue',
      },
      body,
    });
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
