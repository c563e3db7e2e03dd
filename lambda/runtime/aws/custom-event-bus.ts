/**
 * The one call to a Custom Event Bus that the runtime makes. By hand, because the AWS SDK's client of it
 * (`@aws-sdk/client-eventbridgev2`) is newer than what users can be asked to have; who has it may give it to the
 * transport instead. The service speaks Smithy's RPC v2 protocol in CBOR and nothing else.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fullJitter } from '../backoff.ts';
import { endpointOf, localAws, MAX_ATTEMPTS, REQUEST_TIMEOUT_MILLISECONDS } from '../clients.ts';
import type { Environment } from '../environment.ts';
import { credentialsOf, signedHeaders } from '../signed-request.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';

/** PutEvents, eventbridgev2/latest/APIReference/API_PutEvents.html: what of it is used. */
export interface PutEventsRequest {
  readonly EventBusArn: string;
  readonly Entries: readonly PutEventsEntry[];
}

export interface PutEventsEntry {
  readonly Source: string;
  readonly DetailType: string;
  readonly Detail: string;
  readonly SystemMetadata: { readonly EventGroupId: string; readonly DeduplicationId: string };
}

export interface PutEventsAnswer {
  /** In the order of the request. */
  readonly Entries?: readonly {
    /** `PUBLISHED`, or `DEDUPLICATED` where the bus has the event already. */
    readonly SuccessCode?: string | undefined;
    readonly ErrorCode?: string | undefined;
    readonly ErrorMessage?: string | undefined;
  }[];
}

/** What is called of a client; a test gives its own. It throws an error whose name is AWS's code. */
export interface CustomEventBusClient {
  putEvents(request: PutEventsRequest): Promise<PutEventsAnswer>;
}

/** Milliseconds between tries of a call. */
const CALL_BACKOFF = { base: 100, cap: 2_000 };

/** Endpoint and credentials are those of the environment, as for the clients of the SDK (clients.ts). */
export function customEventBusClient(environment: Environment): CustomEventBusClient {
  return {
    async putEvents(request) {
      const body = encodeCbor({ EventBusArn: request.EventBusArn, Entries: request.Entries.map(entry) });
      for (let attempt = 1; ; attempt += 1) {
        try {
          return (await call(environment, request.EventBusArn, body)) as PutEventsAnswer;
        } catch (error) {
          if (attempt === MAX_ATTEMPTS || !isTransient(error)) throw error;
          await sleep(fullJitter(CALL_BACKOFF, attempt, Math.random));
        }
      }
    },
  };
}

const entry = ({ SystemMetadata, ...members }: PutEventsEntry) => ({
  ...members,
  SystemMetadata: { ...SystemMetadata },
});

async function call(environment: Environment, eventBusArn: string, body: Buffer): Promise<unknown> {
  const [, partition, , region = '', account = ''] = eventBusArn.split(':');
  const suffix = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  const base = endpointOf('EVENTBRIDGEV2', environment) ?? `https://${account}.eventsv2.${region}.${suffix}`;
  const url = new URL('/service/AWSEventsV2/operation/PutEvents', base);
  const local = { accessKeyId: 'local', secretAccessKey: 'local', sessionToken: undefined };
  const credentials = credentialsOf(environment) ?? (localAws(environment) === undefined ? undefined : local);
  if (credentials === undefined) {
    throw named(
      'CredentialsProviderError',
      'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not in the environment, where Lambda puts them: set both, or give the transport a client',
    );
  }
  const headers = { 'content-type': CBOR, accept: CBOR, 'smithy-protocol': 'rpc-v2-cbor' };
  const response = await fetch(url, {
    method: 'POST',
    headers: signedHeaders({ credentials, region, service: 'events', url, headers, body }),
    body: new Uint8Array(body),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MILLISECONDS),
  });
  const answer = readAnswer(Buffer.from(await response.arrayBuffer()));
  if (response.ok && answer !== undefined) return answer;
  const { __type = '', message, Message } = answer ?? {};
  const code = String(__type).split('#').at(-1) || `HTTP${response.status}`;
  const text = Message ?? message;
  throw Object.assign(named(code, typeof text === 'string' ? text : `status ${response.status}`), {
    status: response.status,
  });
}

const CBOR = 'application/cbor';

/** Undefined for what is no CBOR map, such as the page of a proxy. */
function readAnswer(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const answer = decodeCbor(bytes);
    return typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

/** A refusal is final, but for throttling, whatever its status; what never arrived is tried again. */
function isTransient(error: unknown): boolean {
  const { status, name } = error as { readonly status?: number; readonly name: string };
  if (name === 'CredentialsProviderError') return false;
  return status === undefined || status >= 500 || status === 429 || name === 'ThrottlingException';
}
