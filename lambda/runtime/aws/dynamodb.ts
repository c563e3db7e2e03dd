/**
 * The few calls to DynamoDB that the runtime makes, signed by hand: the AWS SDK's client would be the largest part
 * of a function that reads three items with it. Endpoint and credentials are those of the environment (clients.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fullJitter } from '../backoff.ts';
import { endpointOf, localAws } from '../clients.ts';
import type { Environment } from '../environment.ts';
import { credentialsOf, signedHeaders } from '../signed-request.ts';

/** The attribute values that are used of DynamoDB's. */
export type Attribute =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly BOOL: boolean }
  /** A set: what is added twice is there once. */
  | { readonly NS: readonly string[] };
export type Item = Readonly<Record<string, Attribute>>;

export type DynamoDbAction =
  | 'DeleteItem'
  | 'GetItem'
  | 'PutItem'
  | 'Query'
  | 'TransactWriteItems'
  | 'UpdateItem';

export interface DynamoDbAnswer {
  readonly Item?: Item;
  readonly Items?: readonly Item[];
  readonly Attributes?: Item;
  readonly Count?: number;
  readonly LastEvaluatedKey?: Item;
}

/**
 * What is called; a test gives its own. It throws an error whose name is AWS's code. A transaction names the table in
 * each of its items; every other call is given it.
 */
export interface DynamoDbClient {
  call(action: DynamoDbAction, input: Readonly<Record<string, unknown>>): Promise<DynamoDbAnswer>;
}

/** Milliseconds. A message waits for it, so it is far below any time limit. */
const CALL_TIMEOUT = 1_500;
const MAX_ATTEMPTS = 2;
/** Milliseconds between the tries. */
const CALL_BACKOFF = { base: 50, cap: 200 };

export interface DynamoDbClientOptions {
  /** Milliseconds that one try may take. @default 1500 */
  readonly callTimeout?: number;
  /** Tries of a call that did not come through. @default 2 */
  readonly maxAttempts?: number;
}

/**
 * @param table the table's name or ARN; an ARN says the Region too
 */
export function dynamoDbClient(
  table: string,
  environment: Environment = process.env,
  { callTimeout = CALL_TIMEOUT, maxAttempts = MAX_ATTEMPTS }: DynamoDbClientOptions = {},
): DynamoDbClient {
  const region =
    table.split(':')[3] ??
    environment['AWS_REGION'] ??
    environment['AWS_DEFAULT_REGION'] ??
    (localAws(environment) === undefined ? undefined : 'us-east-1');
  return {
    async call(action, input) {
      const body = JSON.stringify(action === 'TransactWriteItems' ? input : { TableName: table, ...input });
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await callOnce(environment, region, action, body, callTimeout);
        } catch (error) {
          if (attempt === maxAttempts || !isTransient(error)) throw error;
          await sleep(fullJitter(CALL_BACKOFF, attempt, Math.random));
        }
      }
    },
  };
}

async function callOnce(
  environment: Environment,
  region: string | undefined,
  action: DynamoDbAction,
  body: string,
  callTimeout: number,
): Promise<DynamoDbAnswer> {
  if (region === undefined) throw named('ConfigError', 'AWS_REGION is not set: Lambda sets it');
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const url = new URL(endpointOf('DYNAMODB', environment) ?? `https://dynamodb.${region}.${suffix}`);
  const local = { accessKeyId: 'local', secretAccessKey: 'local', sessionToken: undefined };
  const credentials = credentialsOf(environment) ?? (localAws(environment) === undefined ? undefined : local);
  if (credentials === undefined) {
    throw named('CredentialsProviderError', 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set');
  }
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `DynamoDB_20120810.${action}`,
  };
  const response = await fetch(url, {
    method: 'POST',
    headers: signedHeaders({ credentials, region, service: 'dynamodb', url, headers, body }),
    body,
    signal: AbortSignal.timeout(callTimeout),
  });
  const answer = (await response.json()) as DynamoDbAnswer & {
    readonly __type?: string;
    readonly CancellationReasons?: readonly { readonly Code?: string }[];
  };
  if (response.ok) return answer;
  const code = (answer.__type ?? `HTTP${response.status}`).split('#').at(-1)!;
  throw Object.assign(named(code, `DynamoDB ${action}: ${code}`), {
    status: response.status,
    reasons: answer.CancellationReasons?.map((reason) => reason.Code ?? 'None'),
  });
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

const THROTTLED = /Throttl|ProvisionedThroughputExceeded|RequestLimitExceeded/;

/** A refusal is final, but for throttling; what never arrived is tried again. */
function isTransient(error: unknown): boolean {
  const { status, name } = error as { readonly status?: number; readonly name: string };
  if (name === 'CredentialsProviderError' || name === 'ConfigError') return false;
  return status === undefined || status >= 500 || THROTTLED.test(name);
}

/** True where a condition of a write did not hold: somebody else was first. */
export function isConditionFailed(error: unknown): boolean {
  return error instanceof Error && error.name === 'ConditionalCheckFailedException';
}

/** Why each item of a transaction was refused, by its position; undefined for any other error. */
export function cancellationReasons(error: unknown): readonly string[] | undefined {
  if (!(error instanceof Error) || error.name !== 'TransactionCanceledException') return undefined;
  return (error as { readonly reasons?: readonly string[] }).reasons ?? [];
}

/** Somebody else was first, or is at it. */
const CONTENTION: ReadonlySet<string> = new Set(['ConditionalCheckFailed', 'TransactionConflict']);

/**
 * True where a transaction was refused only because of somebody else, so that reading again helps. Any other reason, such
 * as ValidationError or ThrottlingError, is no contention, whatever stands beside it.
 * "CancellationReasons", amazondynamodb/latest/APIReference/API_TransactWriteItems.html.
 */
export function isContention(error: unknown): boolean {
  const failed = (cancellationReasons(error) ?? []).filter((reason) => reason !== 'None');
  return failed.length > 0 && failed.every((reason) => CONTENTION.has(reason));
}

/** True where DynamoDB throttles: a call, or a part of a transaction, which it cancels then. */
export function isThrottled(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    THROTTLED.test(error.name) || (cancellationReasons(error) ?? []).some((reason) => THROTTLED.test(reason))
  );
}
