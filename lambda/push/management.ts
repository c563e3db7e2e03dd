/**
 * The management API of a WebSocket API, called by hand: the AWS SDK's client would be the largest part of the
 * functions that push. apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { requiredCredentials } from '../runtime/aws/signed-call.ts';
import { fullJitter } from '../runtime/backoff.ts';
import type { Environment } from '../runtime/environment.ts';
import { signedHeaders } from '../runtime/signed-request.ts';
import type { ServerMessage } from './protocol.ts';

/**
 * | answer to a post           | outcome     | what the caller does |
 * |----------------------------|-------------|----------------------|
 * | 200                        | `sent`      | goes on              |
 * | 410                        | `gone`      | removes the connection's row |
 * | 429, 5xx, no answer        | `unreached` | leaves it: the notification is stored, and the client resumes |
 * | 400, 403, 413 and the like | (throws)    | fails: it is a mistake of ours, and an alarm has to tell of it |
 */
export type PostOutcome = 'sent' | 'gone' | 'unreached';

export interface ConnectionManagement {
  /** @throws PushManagementError for what no repetition can help */
  post(connectionId: string, message: ServerMessage): Promise<PostOutcome>;
  /** Closes a connection; one that is not there is closed. @throws PushManagementError */
  close(connectionId: string): Promise<void>;
}

export class PushManagementError extends Error {
  readonly code = 'WAYBILL_PUSH_REFUSED';
  readonly status: number;

  constructor(method: string, status: number) {
    super(
      `${method} @connections answered ${status}: allow execute-api:ManageConnections on the WebSocket API, and check WEB_SOCKET_MANAGEMENT_URL`,
    );
    this.name = 'PushManagementError';
    this.status = status;
  }
}

/** "Message payload size", 128 KB. apigateway-execution-service-websocket-limits-table.html */
export const MAX_MESSAGE_BYTES = 128 * 1024;

const MAX_ATTEMPTS = 3;
/** Milliseconds between the tries. Short: a message of a queue waits for it. */
const CALL_BACKOFF = { base: 50, cap: 500 };
const CALL_TIMEOUT = 3_000;

export interface ManagementProps {
  /** `https://ID.execute-api.REGION.amazonaws.com/STAGE` */
  readonly url: string;
  /** @default - process.env */
  readonly environment?: Environment;
  readonly fetch?: typeof fetch;
}

export function connectionManagement(props: ManagementProps): ConnectionManagement {
  const { url, environment = process.env, fetch: send = fetch } = props;
  const region = environment['AWS_REGION'] ?? /execute-api\.([^.]+)\./.exec(url)?.[1] ?? 'us-east-1';

  /** The status; undefined where there was no answer. */
  const once = async (method: 'POST' | 'DELETE', connectionId: string, body: string) => {
    const target = new URL(`${url.replace(/\/$/, '')}/@connections/${encodeURIComponent(connectionId)}`);
    const headers = { 'content-type': 'application/json' };
    const credentials = requiredCredentials(environment);
    const signed = { credentials, region, service: 'execute-api', url: target, method, headers, body };
    try {
      const response = await send(target, {
        method,
        headers: signedHeaders(signed),
        ...(method === 'POST' && { body }),
        signal: AbortSignal.timeout(CALL_TIMEOUT),
      });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return undefined;
    }
  };

  const call = async (method: 'POST' | 'DELETE', connectionId: string, body: string) => {
    for (let attempt = 1; ; attempt += 1) {
      const status = await once(method, connectionId, body);
      if (status !== undefined && status < 300) return 'sent';
      if (status === 410) return 'gone';
      const isTransient = status === undefined || status === 429 || status >= 500;
      if (!isTransient) throw new PushManagementError(method, status);
      if (attempt === MAX_ATTEMPTS) return 'unreached';
      await sleep(fullJitter(CALL_BACKOFF, attempt, Math.random));
    }
  };

  return {
    post: (connectionId, message) => call('POST', connectionId, JSON.stringify(message)),
    async close(connectionId) {
      await call('DELETE', connectionId, '');
    },
  };
}
