/**
 * A GitHub webhook, received: proven, told apart from its repetition, mapped, and stored with its events in
 * one transaction. The endpoint in the path gives the tenant, and only its secret lets a request in (D18).
 */
import { createHash } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { Answer } from '../../../http/http-handler.ts';
import { Problem } from '../../../http/problem.ts';
import { notFound, parseJson, pathParameter, rawBody } from '../../../http/request.ts';
import { rowsOf, unitOfWork } from '../../../service/unit-of-work.ts';
import type { Service, Transaction } from '../../../service/unit-of-work.ts';
import { mapWebhook } from './mapping.ts';
import type { Mapping } from './mapping.ts';
import type { GitHubWebhook } from './origin.ts';
import { optionalTextIn } from './payload.ts';
import type { Payload } from './payload.ts';
import { isSignedBy } from './signature.ts';
import { storeFacts } from './store-facts.ts';

/**
 * A function gets at most 6 MB, of which text that is escaped as JSON takes more than it measures.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
export const MAX_WEBHOOK_BYTES = 4 * 1024 * 1024;

/** GitHub sends a GUID; anything that could be a sane key is accepted. */
const DELIVERY_ID = /^[A-Za-z0-9._:-]{1,64}$/;
const EVENT_NAME = /^[a-z0-9_]{1,64}$/;

/** Compared with when the endpoint is unknown, so that the answer takes as long as for a known one. */
const NO_SECRET = 'no endpoint has this secret, because none has less than 32 random bytes';

interface Endpoint {
  readonly endpointId: string;
  readonly tenantId: string;
  readonly secret: string;
}

/**
 * | the request                          | answer                                     |
 * |--------------------------------------|--------------------------------------------|
 * | genuine, first time                  | 200 `accepted` and the ids of its events   |
 * | genuine, seen before                 | 200 `duplicate`, nothing new               |
 * | genuine, of a kind we do not map     | 200 `accepted`, told as WebhookReceived    |
 * | too large, not JSON, headers missing | 413, 400, 400; 415 for a form              |
 * | unknown endpoint, wrong signature    | 404, 401                                   |
 * | database unreachable                 | 503 with Retry-After, nothing half-written |
 */
export async function receiveGitHubWebhook(core: Service, event: APIGatewayProxyEventV2): Promise<Answer> {
  const body = rawBody(event);
  if (body.byteLength > MAX_WEBHOOK_BYTES) throw tooLarge(body.byteLength);
  const endpoint = await provenEndpoint(core, event, body);
  const webhook = readWebhook(event, body);
  const mapping = mapWebhook(webhook);
  return unitOfWork(core, async (tx, emit) => {
    if (!(await storeWebhook(tx, endpoint, webhook, mapping, body))) {
      return { status: 200, body: { status: 'duplicate', deliveryId: webhook.deliveryId } };
    }
    const envelopes = mapping.events.map(({ contract, data }) =>
      emit(contract, { tenantId: endpoint.tenantId, data, correlationId: webhook.deliveryId }),
    );
    await storeFacts(tx, endpoint.tenantId, envelopes);
    return {
      status: 200,
      body: {
        status: 'accepted',
        deliveryId: webhook.deliveryId,
        events: envelopes.map(({ eventId, eventType }) => ({ eventId, eventType })),
      },
    };
  });
}

async function provenEndpoint(core: Service, event: APIGatewayProxyEventV2, body: Buffer): Promise<Endpoint> {
  const endpointId = pathParameter(event, 'endpointId');
  const [endpoint] = await rowsOf<Endpoint>(
    core.database,
    `select endpoint_id as "endpointId", tenant_id as "tenantId", secret
       from webhook_endpoint
      where endpoint_id = $1 and provider = 'github' and disabled_at is null`,
    [endpointId],
  );
  const genuine = isSignedBy(endpoint?.secret ?? NO_SECRET, body, event.headers['x-hub-signature-256']);
  if (endpoint === undefined) throw notFound('No webhook endpoint has this id, or it was disabled.');
  if (!genuine) {
    throw new Problem({
      status: 401,
      code: 'WAYBILL_WEBHOOK_SIGNATURE_INVALID',
      title: 'The signature is missing or wrong',
      detail:
        "X-Hub-Signature-256 must be 'sha256=' and the HMAC-SHA256 of the raw body with this endpoint's secret. " +
        'Check that the secret at GitHub is the one given when the endpoint was made.',
    });
  }
  return endpoint;
}

function readWebhook(event: APIGatewayProxyEventV2, body: Buffer): GitHubWebhook {
  const contentType = event.headers['content-type'] ?? 'application/json';
  if (!/^application\/json\b/i.test(contentType)) {
    throw new Problem({
      status: 415,
      code: 'WAYBILL_WEBHOOK_CONTENT_TYPE',
      title: 'The content type is not supported',
      detail: "Set the webhook's content type at GitHub to application/json.",
    });
  }
  const payload = parseJson(body);
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    throw badWebhook('The body is JSON but not an object.');
  }
  return {
    name: header(event, 'x-github-event', EVENT_NAME),
    deliveryId: header(event, 'x-github-delivery', DELIVERY_ID),
    payload: payload as Payload,
    payloadBytes: body.byteLength,
  };
}

function header(event: APIGatewayProxyEventV2, name: string, pattern: RegExp): string {
  const value = event.headers[name];
  if (value === undefined || !pattern.test(value)) {
    throw badWebhook(`The header ${name} is missing or has characters that do not belong there.`);
  }
  return value;
}

/** False when the delivery is already there. Waits for one that is being stored at this moment. */
async function storeWebhook(
  tx: Transaction,
  endpoint: Endpoint,
  webhook: GitHubWebhook,
  mapping: Mapping,
  body: Buffer,
): Promise<boolean> {
  const stored = await rowsOf<{ readonly delivery_id: string }>(
    tx,
    `insert into received_webhook (endpoint_id, delivery_id, tenant_id, webhook_event, action, payload_bytes,
                                   payload_sha256, event_count, unmapped_payload, unmapped_reason)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     on conflict (endpoint_id, delivery_id) do nothing
     returning delivery_id`,
    [
      endpoint.endpointId,
      webhook.deliveryId,
      endpoint.tenantId,
      webhook.name,
      optionalTextIn(webhook.payload, 'action'),
      webhook.payloadBytes,
      createHash('sha256').update(body).digest('hex'),
      mapping.events.length,
      mapping.unmapped === undefined ? null : body.toString('utf8'),
      mapping.unmapped?.reason ?? null,
    ],
  );
  return stored.length === 1;
}

function tooLarge(bytes: number): Problem {
  return new Problem({
    status: 413,
    code: 'WAYBILL_WEBHOOK_TOO_LARGE',
    title: 'The webhook is too large',
    detail: `A webhook has at most ${MAX_WEBHOOK_BYTES} bytes; ${bytes} were received. Deselect at GitHub the events that make it so large.`,
  });
}

function badWebhook(detail: string): Problem {
  return new Problem({
    status: 400,
    code: 'WAYBILL_WEBHOOK_INVALID',
    title: 'The webhook is not valid',
    detail,
  });
}
