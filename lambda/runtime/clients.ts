/**
 * The AWS clients of the runtime: loaded and created at first use, one per service and process, with their
 * endpoint, retries and time limits stated here and nowhere else (D15).
 */
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Environment } from './environment.ts';
import { RuntimeError } from './errors.ts';

/** What is called of a client; a test gives its own. */
export type SqsSender = Pick<SQSClient, 'send'>;
export type SnsSender = Pick<SNSClient, 'send'>;
export type EventBridgeSender = Pick<EventBridgeClient, 'send'>;

/** Where the embedded AWS listens when USE_LOCAL_AWS does not say. The port is the one LocalStack made usual. */
const LOCAL_ENDPOINT = 'http://127.0.0.1:4566';

/** One call and two retries by the SDK; what still fails is the caller's to retry, with its own backoff. */
export const MAX_ATTEMPTS = 3;
const CONNECTION_TIMEOUT_MILLISECONDS = 2_000;
/** Above SQS's longest poll (20 s); a hung connection is found by it. */
export const REQUEST_TIMEOUT_MILLISECONDS = 25_000;
/** Sockets are kept open between calls: a new TLS connection costs more than a batch. */
const MAX_SOCKETS = 50;

interface ClientSettings {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly maxAttempts: number;
  readonly retryMode: 'standard';
  readonly requestHandler: {
    readonly connectionTimeout: number;
    readonly requestTimeout: number;
    readonly throwOnRequestTimeout: true;
    readonly httpAgent: { readonly keepAlive: true; readonly maxSockets: number };
    readonly httpsAgent: { readonly keepAlive: true; readonly maxSockets: number };
  };
}

/** As the SDK names the service in AWS_ENDPOINT_URL_SERVICE. */
export type ClientService =
  | 'SQS'
  | 'SNS'
  | 'EVENTBRIDGE'
  | 'EVENTBRIDGEV2'
  | 'KAFKA'
  | 'KINESIS'
  | 'SECRETS_MANAGER'
  | 'DYNAMODB'
  | 'KMS'
  | 'S3'
  | 'SFN';

/**
 * Where a service is called.
 *
 * | set, first wins | endpoint |
 * |---|---|
 * | AWS_ENDPOINT_URL_SQS (or _SNS, _EVENTBRIDGE, _EVENTBRIDGEV2, _KAFKA, _KINESIS, _SECRETS_MANAGER, _DYNAMODB) | its value |
 * | AWS_ENDPOINT_URL | its value |
 * | USE_LOCAL_AWS | its URL; `1` or `true` means http://127.0.0.1:4566; empty, `0` or `false` is not set |
 * | nothing | AWS |
 */
export function endpointOf(service: ClientService, environment: Environment): string | undefined {
  return (
    environment[`AWS_ENDPOINT_URL_${service}`] || environment['AWS_ENDPOINT_URL'] || localAws(environment)
  );
}

/**
 * Settings of every client. With USE_LOCAL_AWS, region and credentials need not be set.
 *
 * @param target an ARN that the client is for: a topic or bus is served by its own Region alone
 */
export function clientSettings(
  service: ClientService,
  environment: Environment,
  target?: string,
): ClientSettings {
  const endpoint = endpointOf(service, environment);
  const local = localAws(environment) !== undefined;
  const here = environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'];
  const there = regionOf(target);
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS } as const;
  return {
    ...(endpoint !== undefined && { endpoint }),
    ...(local && here === undefined && { region: 'us-east-1' }),
    ...(there !== undefined && there !== here && { region: there }),
    ...(local &&
      environment['AWS_ACCESS_KEY_ID'] === undefined && {
        credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      }),
    maxAttempts: MAX_ATTEMPTS,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MILLISECONDS,
      requestTimeout: REQUEST_TIMEOUT_MILLISECONDS,
      // Without this the client only warns, and waits on.
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    },
  };
}

/** `arn:PARTITION:SERVICE:REGION:...`; undefined for a name or URL. */
function regionOf(target: string | undefined): string | undefined {
  const [arn, , , region] = target?.split(':') ?? [];
  return arn === 'arn' && region !== '' ? region : undefined;
}

export function localAws(environment: Environment): string | undefined {
  const value = environment['USE_LOCAL_AWS'];
  if (value === undefined || value === '' || value === '0' || value === 'false') return undefined;
  if (value === '1' || value === 'true') return LOCAL_ENDPOINT;
  if (!URL.canParse(value)) {
    throw new RuntimeError(
      'WAYBILL_ENVIRONMENT_INVALID',
      `USE_LOCAL_AWS must be a URL such as ${LOCAL_ENDPOINT}, or 1 for that URL, received '${value}'`,
    );
  }
  return value;
}

// Caches keyed by immutable values (D5): the settings of a process do not change while it runs.
const created = new Map<string, unknown>();

function cached<Client>(
  service: ClientService,
  create: (settings: ClientSettings) => Client,
  target?: string,
): Client {
  const settings = clientSettings(service, process.env, target);
  const key = `${service} ${JSON.stringify(settings)}`;
  const client = (created.get(key) as Client | undefined) ?? create(settings);
  created.set(key, client);
  return client;
}

export async function sqs(client?: SqsSender) {
  const api = await import('./aws/sqs.ts');
  return { api, client: client ?? cached('SQS', (settings) => new api.SQSClient(settings)) };
}

export async function sns(client?: SnsSender, topicArn?: string) {
  const api = await import('./aws/sns.ts');
  return { api, client: client ?? cached('SNS', (settings) => new api.SNSClient(settings), topicArn) };
}

export async function eventBridge(client?: EventBridgeSender, eventBus?: string) {
  const api = await import('./aws/event-bridge.ts');
  return {
    api,
    client: client ?? cached('EVENTBRIDGE', (settings) => new api.EventBridgeClient(settings), eventBus),
  };
}
