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
import { DeliveryUrlChanged } from '../../../catalog/index.ts';
import type { Envelope } from '../../../lib/contracts/index.ts';
import type { HandlerContext } from '../../runtime/index.ts';
import { handleOnce } from '../handle-once.ts';
import { GONE, postSigned } from '../../service/signed-delivery.ts';
import type { DeliveryTarget } from '../../service/signed-delivery.ts';
import { hasRows, rowsOf } from '../../service/unit-of-work.ts';
import type { Service } from '../../service/unit-of-work.ts';

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
  const status = target === undefined ? null : await postSigned(target, event, context, now());
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

async function targetOf(core: Service, tenantId: string): Promise<DeliveryTarget | undefined> {
  const [target] = await rowsOf<DeliveryTarget>(
    core.database,
    `select url, secret from delivery_url where tenant_id = $1 and disabled_at is null`,
    [tenantId],
  );
  return target;
}
