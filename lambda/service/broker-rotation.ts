/**
 * Changes the password of a RabbitMQ broker's user, as Secrets Manager asks for it. CloudFormation and the API of Amazon
 * MQ change no users of RabbitMQ: the broker's own management API does.
 *
 * | step | what is done | done before |
 * |---|---|---|
 * | createSecret | a new password is kept as AWSPENDING | it is there: nothing |
 * | setSecret | the broker gets it, signed in to with the current one | the broker takes it already: nothing |
 * | testSecret | one signs in with it | |
 * | finishSecret | AWSPENDING becomes AWSCURRENT | it is: nothing |
 *
 * Each step may come twice. Clients that keep the old password are refused once, and read the secret again.
 * secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html; rabbitmq.com/docs/management
 */
import { randomBytes } from 'node:crypto';
import { record } from '../../lib/json.ts';
import { endpointOf } from '../runtime/clients.ts';
import type { Environment } from '../runtime/environment.ts';
import { credentialsOf, signedHeaders } from '../runtime/signed-request.ts';

export interface RotationEvent {
  readonly Step: 'createSecret' | 'setSecret' | 'testSecret' | 'finishSecret';
  readonly SecretId: string;
  /** The id of the new version. */
  readonly ClientRequestToken: string;
}

/** Calls an action of Secrets Manager. */
export type CallSecrets = (
  action: string,
  input: Readonly<Record<string, unknown>>,
) => Promise<Record<string, unknown>>;

export interface RotationOptions {
  /** The broker's management API, for example `https://b-1.mq.eu-west-1.amazonaws.com`. */
  readonly managementUrl: string;
  readonly callSecrets: CallSecrets;
}

interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Milliseconds. */
const CALL_TIMEOUT = 10_000;
/** 43 characters of letters, digits, `-` and `_`, which Amazon MQ takes. */
const PASSWORD_BYTES = 32;

/** From WAYBILL_BROKER_ENDPOINT, which the construct sets, and the credentials of the environment. */
export function rotationOptions(environment: Environment): RotationOptions {
  const endpoint = environment['WAYBILL_BROKER_ENDPOINT'];
  if (!endpoint) throw new Error('WAYBILL_BROKER_ENDPOINT is not set: MessageBroker sets it for `rotation`');
  const { hostname } = new URL(endpoint);
  return { managementUrl: `https://${hostname}`, callSecrets: secretsCaller(environment) };
}

export async function rotate(event: RotationEvent, options: RotationOptions): Promise<void> {
  const { Step: step, SecretId: secretId, ClientRequestToken: token } = event;
  const { callSecrets, managementUrl } = options;
  const current = () => readVersion(callSecrets, secretId, { VersionStage: 'AWSCURRENT' });
  const pending = () => readVersion(callSecrets, secretId, { VersionId: token, VersionStage: 'AWSPENDING' });
  switch (step) {
    case 'createSecret': {
      if ((await pending()) !== undefined) return;
      const before = required(await current(), 'AWSCURRENT', secretId);
      const password = randomBytes(PASSWORD_BYTES).toString('base64url');
      await callSecrets('PutSecretValue', {
        SecretId: secretId,
        ClientRequestToken: token,
        SecretString: JSON.stringify({ ...before, password }),
        VersionStages: ['AWSPENDING'],
      });
      return;
    }
    case 'setSecret': {
      const wanted = required(await pending(), 'AWSPENDING', secretId);
      if (await signsIn(managementUrl, wanted)) return;
      await setPassword(managementUrl, required(await current(), 'AWSCURRENT', secretId), wanted.password);
      return;
    }
    case 'testSecret': {
      const wanted = required(await pending(), 'AWSPENDING', secretId);
      if (await signsIn(managementUrl, wanted)) return;
      throw new Error(`the broker refuses the new password of ${wanted.username}: setSecret is tried again`);
    }
    case 'finishSecret': {
      const { VersionIdsToStages: stages } = await callSecrets('DescribeSecret', { SecretId: secretId });
      const [before] = Object.entries(record(stages)).find(([, names]) => isCurrent(names)) ?? [];
      if (before === token) return;
      await callSecrets('UpdateSecretVersionStage', {
        SecretId: secretId,
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: token,
        ...(before === undefined ? {} : { RemoveFromVersionId: before }),
      });
    }
  }
}

function isCurrent(stages: unknown): boolean {
  return Array.isArray(stages) && stages.includes('AWSCURRENT');
}

/** Undefined where there is no such version. */
async function readVersion(
  callSecrets: CallSecrets,
  secretId: string,
  version: Readonly<Record<string, string>>,
): Promise<Credentials | undefined> {
  let answer: Record<string, unknown>;
  try {
    answer = await callSecrets('GetSecretValue', { SecretId: secretId, ...version });
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
    throw error;
  }
  const { SecretString: text } = answer;
  const { username, password } = record(parseSecret(typeof text === 'string' ? text : ''));
  if (typeof username !== 'string' || typeof password !== 'string') {
    throw new Error(`the secret ${secretId} must be JSON with username and password`);
  }
  return { username, password };
}

/** The parser's message would quote the text, which is a secret. */
function parseSecret(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function required(version: Credentials | undefined, stage: string, secretId: string): Credentials {
  if (version === undefined) throw new Error(`the secret ${secretId} has no version ${stage}`);
  return version;
}

async function signsIn(managementUrl: string, credentials: Credentials): Promise<boolean> {
  const response = await callBroker(`${managementUrl}/api/whoami`, credentials);
  if (response.ok) return true;
  if (response.status === 401) return false;
  throw new Error(`the broker's management API answered ${response.status}`);
}

async function setPassword(managementUrl: string, current: Credentials, password: string): Promise<void> {
  const url = `${managementUrl}/api/users/${encodeURIComponent(current.username)}`;
  const user = await callBroker(url, current);
  if (!user.ok) throw new Error(`the broker does not show its user ${current.username}: ${user.status}`);
  // A user is written as a whole: without its tags it would lose its rights.
  const { tags } = (await user.json()) as { readonly tags?: unknown };
  const written = await callBroker(url, current, JSON.stringify({ password, tags: tags ?? [] }));
  if (!written.ok) throw new Error(`the broker did not take the new password: ${written.status}`);
}

async function callBroker(
  url: string,
  { username, password }: Credentials,
  body?: string,
): Promise<Response> {
  return fetch(url, {
    method: body === undefined ? 'GET' : 'PUT',
    headers: {
      authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(CALL_TIMEOUT),
  });
}

function secretsCaller(environment: Environment): CallSecrets {
  const region = environment['AWS_REGION'] ?? 'us-east-1';
  const url = new URL(
    endpointOf('SECRETS_MANAGER', environment) ?? `https://secretsmanager.${region}.amazonaws.com`,
  );
  return async (action, input) => {
    const credentials = credentialsOf(environment);
    if (credentials === undefined) throw new Error('no credentials are in the environment');
    const body = JSON.stringify(input);
    const headers = signedHeaders({
      credentials,
      region,
      service: 'secretsmanager',
      url,
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `secretsmanager.${action}`,
      },
      body,
    });
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.timeout(CALL_TIMEOUT),
    });
    const answer = record(await response.json());
    if (response.ok) return { ...answer };
    const type = typeof answer['__type'] === 'string' ? answer['__type'] : String(response.status);
    const error = new Error(`Secrets Manager refuses ${action}: ${type}`);
    // With or without a namespace before the name.
    error.name = type.split('#').at(-1) ?? type;
    throw error;
  };
}
