/**
 * Credentials of a task of Amazon ECS, kept in the environment, where Lambda puts them by itself: the runtime's own calls
 * of AWS and the clients of the AWS SDK read them there.
 * Source: "Amazon ECS task IAM role", AmazonECS/latest/developerguide/task-iam-roles.html.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from './environment.ts';

/** Where the agent of ECS answers, whose path is in AWS_CONTAINER_CREDENTIALS_RELATIVE_URI. */
const AGENT = 'http://169.254.170.2';
/** Milliseconds. */
const CALL_TIMEOUT = 5_000;
const CALL_PAUSE = 1_000;
const MAX_CALLS = 5;
/** Credentials hold for hours. They are asked for again this long before they end, at the latest. */
const BEFORE_THE_END = 10 * 60_000;
const LEAST_PAUSE = 30_000;

interface Answer {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly Token: string;
  /** ISO 8601. */
  readonly Expiration: string;
}

/**
 * Reads them once, and then again before they end, as long as the process lives. Does nothing where no container
 * credentials are offered, as in Lambda or on a developer's machine.
 *
 * @throws where they are offered and cannot be read: the process could do nothing with AWS
 */
export async function keepContainerCredentials(
  environment: Record<string, string | undefined> = process.env,
): Promise<void> {
  const url = addressIn(environment);
  if (url === undefined) return;
  await renew(environment, url);
}

async function renew(environment: Record<string, string | undefined>, url: string): Promise<void> {
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = await ask(environment, url);
  Object.assign(environment, {
    AWS_ACCESS_KEY_ID: AccessKeyId,
    AWS_SECRET_ACCESS_KEY: SecretAccessKey,
    AWS_SESSION_TOKEN: Token,
    // With it the clients of the SDK read them again in time.
    AWS_CREDENTIAL_EXPIRATION: Expiration,
  });
  const pause = Math.max(LEAST_PAUSE, Date.parse(Expiration) - Date.now() - BEFORE_THE_END);
  // Those that are there hold for minutes yet: a call that fails is repeated until then.
  const again = (): void => void renew(environment, url).catch(() => setTimeout(again, LEAST_PAUSE).unref());
  setTimeout(again, pause).unref();
}

function addressIn(environment: Environment): string | undefined {
  const path = environment['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];
  if (path) return `${AGENT}${path}`;
  return environment['AWS_CONTAINER_CREDENTIALS_FULL_URI'] || undefined;
}

async function ask(environment: Environment, url: string): Promise<Answer> {
  for (let call = 1; ; call += 1) {
    try {
      const response = await fetch(url, {
        headers: authorization(environment),
        signal: AbortSignal.timeout(CALL_TIMEOUT),
      });
      if (!response.ok) throw new Error(`status ${response.status}`);
      return (await response.json()) as Answer;
    } catch (cause) {
      if (call === MAX_CALLS) {
        throw new Error('WAYBILL_CREDENTIALS_MISSING: the credentials of the container cannot be read', {
          cause,
        });
      }
      await sleep(CALL_PAUSE);
    }
  }
}

function authorization(environment: Environment): Record<string, string> {
  const file = environment['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];
  const token = file ? readFileSync(file, 'utf8').trim() : environment['AWS_CONTAINER_AUTHORIZATION_TOKEN'];
  return token ? { authorization: token } : {};
}
