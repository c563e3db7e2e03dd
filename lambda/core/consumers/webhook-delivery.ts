/**
 * Delivers events to the URL a tenant registered: signed, with the event's id as the Idempotency-Key, because
 * a receiver may get one twice. The POST is outside the transaction: a slow receiver must not hold a connection.
 *
 *     receiver        answer                     what happens here
 *     reachable       2xx                        effect recorded
 *     reachable       410                        URL disabled, tenant told, effect recorded
 *     overloaded      408 425 429 5xx, timeout   thrown: the message comes again, later each time
 *     refuses         any other                  PermanentError: dead-lettered with the status
 */
import { createHmac } from 'node:crypto';
import { DeliveryUrlChanged } from '../../../catalog/index.ts';
import { toCloudEvent } from '../../../lib/contracts/index.ts';
import type { Envelope } from '../../../lib/contracts/index.ts';
import { PermanentError } from '../../runtime/index.ts';
import type { HandlerContext } from '../../runtime/index.ts';
import { handleOnce } from '../handle-once.ts';
import { hasRows, rowsOf } from '../../service/unit-of-work.ts';
import type { Service } from '../../service/unit-of-work.ts';

/** A receiver that needs longer should answer 202 and work afterwards. */
const RECEIVER_TIMEOUT_MS = 5_000;

const RETRIED: ReadonlySet<number> = new Set([408, 425, 429]);
const GONE = 410;

interface Target {
  readonly url: string;
  readonly secret: string;
}

/** A receiver that should be tried again. Its message names the status, never the URL. */
export class ReceiverError extends Error {
  readonly code: string;

  constructor(code: string, options?: ErrorOptions) {
    super(`the receiver did not take the event: ${code}`, options);
    this.name = 'ReceiverError';
    this.code = code;
  }
}

/**
 * @throws ReceiverError to be tried again, PermanentError when the receiver refuses for good
 */
export async function deliverWebhook(
  core: Service,
  event: Envelope,
  context: Pick<HandlerContext, 'signal' | 'traceparent'>,
  now: () => number = Date.now,
): Promise<void> {
  if (await wasDelivered(core, event)) return;
  const target = await targetOf(core, event.tenantId);
  const status = target === undefined ? null : await post(target, event, context, now());
  await handleOnce(core, 'webhook-delivery', event, async (tx, emit) => {
    if (status !== GONE) return { outcome: status === null ? 'no-url' : 'delivered', status };
    const disabled = await hasRows(
      tx,
      `update delivery_url set disabled_at = now(), disabled_reason = 'the receiver answered 410'
        where tenant_id = $1 and url = $2 and disabled_at is null returning tenant_id`,
      [event.tenantId, target?.url],
    );
    if (disabled) {
      const data = { change: 'disabled', changedBy: 'webhook-delivery' } as const;
      emit(DeliveryUrlChanged, { tenantId: event.tenantId, causedBy: event, data });
    }
    return { outcome: 'disabled', status };
  });
}

/** Saves the receiver a request that its Idempotency-Key would have to tell apart. */
async function wasDelivered(core: Service, event: Envelope): Promise<boolean> {
  return hasRows(core.database, `select 1 from delivered_webhook where event_id = $1 limit 1`, [
    event.eventId,
  ]);
}

async function targetOf(core: Service, tenantId: string): Promise<Target | undefined> {
  const [target] = await rowsOf<Target>(
    core.database,
    `select url, secret from delivery_url where tenant_id = $1 and disabled_at is null`,
    [tenantId],
  );
  return target;
}

/** The status, where it is one that settles the matter. */
async function post(
  target: Target,
  event: Envelope,
  context: Pick<HandlerContext, 'signal' | 'traceparent'>,
  now: number,
): Promise<number> {
  const body = JSON.stringify(toCloudEvent(event));
  const timestamp = String(Math.floor(now / 1000));
  const response = await send(target, {
    method: 'POST',
    // A redirect could lead into our own network.
    redirect: 'manual',
    signal: AbortSignal.any([context.signal, AbortSignal.timeout(RECEIVER_TIMEOUT_MS)]),
    headers: {
      'content-type': 'application/cloudevents+json',
      'idempotency-key': event.eventId,
      'x-waybill-event': event.eventType,
      'x-waybill-timestamp': timestamp,
      'x-waybill-signature': signDelivery(target.secret, timestamp, body),
      ...(event.metadata.replay !== undefined && { 'x-waybill-replay': event.metadata.replay.kind }),
      traceparent: context.traceparent,
    },
    body,
  });
  await response.body?.cancel();
  const { status } = response;
  if (response.ok || status === GONE) return status;
  if (status >= 500 || RETRIED.has(status)) throw new ReceiverError(`RECEIVER_${status}`);
  throw new PermanentError(`RECEIVER_REFUSED_${status}`);
}

/** The timestamp is signed too, so that a receiver can refuse what was recorded and sent again later. */
export function signDelivery(secret: string, timestamp: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

async function send(target: Target, request: RequestInit): Promise<Response> {
  try {
    return await fetch(target.url, request);
  } catch (cause) {
    const timedOut = cause instanceof Error && cause.name === 'TimeoutError';
    throw new ReceiverError(timedOut ? 'RECEIVER_TIMEOUT' : 'RECEIVER_UNREACHABLE', { cause });
  }
}
