/**
 * A signed POST of an event to a tenant's receiver.
 *
 *     receiver        answer                     what is told
 *     reachable       2xx, 410                   the status
 *     overloaded      408 425 429 5xx, timeout   ReceiverError: try again, later each time
 *     refuses         any other                  PermanentError with the status
 */
import { createHmac } from 'node:crypto';
import { toCloudEvent } from '../../lib/contracts/index.ts';
import type { Envelope } from '../../lib/contracts/index.ts';
import { PermanentError } from '../runtime/errors.ts';
import type { HandlerContext } from '../runtime/types.ts';

/** A receiver that needs longer should answer 202 and work afterwards. */
const RECEIVER_TIMEOUT_MS = 5_000;

const RETRIED: ReadonlySet<number> = new Set([408, 425, 429]);
/** The receiver is not there any more, and wants nothing further. */
export const GONE = 410;

export interface DeliveryTarget {
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
 * With the event's id as the Idempotency-Key, because a receiver may get one twice.
 *
 * @param headers - further ones
 * @returns the status, where it is one that settles the matter
 * @throws ReceiverError to be tried again, PermanentError when the receiver refuses for good
 */
export async function postSigned(
  target: DeliveryTarget,
  event: Envelope,
  context: Pick<HandlerContext, 'signal' | 'traceparent'>,
  now: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const body = JSON.stringify(toCloudEvent(event));
  const timestamp = String(Math.floor(now / 1000));
  const response = await send(target, {
    method: 'POST',
    // A redirect could lead into our own network.
    redirect: 'manual',
    signal: AbortSignal.any([context.signal, AbortSignal.timeout(RECEIVER_TIMEOUT_MS)]),
    headers: {
      ...headers,
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

async function send(target: DeliveryTarget, request: RequestInit): Promise<Response> {
  try {
    return await fetch(target.url, request);
  } catch (cause) {
    const timedOut = cause instanceof Error && cause.name === 'TimeoutError';
    throw new ReceiverError(timedOut ? 'RECEIVER_TIMEOUT' : 'RECEIVER_UNREACHABLE', { cause });
  }
}
