/**
 * Consumers `email-notifications`, `sms-notifications` and `webhook-notifications`: each carries the notifications
 * of its channel. The sender is called outside of the transaction, with an idempotency key.
 */
import type { NotificationRequested } from '../../../catalog/commerce/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import { PermanentError } from '../../runtime/index.ts';
import type { HandlerContext } from '../../runtime/index.ts';
import { hasRows } from '../../service/unit-of-work.ts';
import type { Service } from '../../service/unit-of-work.ts';
import { handleOnce } from '../handle-once.ts';
import type { NotificationSender } from './senders.ts';

/** @throws what the sender threw, PermanentError WRONG_CHANNEL for what a filter should have kept away */
export async function deliverNotification(
  service: Service,
  sender: NotificationSender,
  event: EnvelopeOf<typeof NotificationRequested>,
  { consumer, signal }: Pick<HandlerContext, 'consumer' | 'signal'>,
): Promise<void> {
  const { notificationId, orderId, customerId, channel, template, address } = event.data;
  if (channel !== sender.channel) throw new PermanentError('WRONG_CHANNEL');
  if (await wasDelivered(service, notificationId)) return;
  const erased = await isErased(service, event);
  const receipt = erased
    ? null
    : await sender.send({ idempotencyKey: notificationId, address, template, orderId }, signal);
  const outcome = erased ? 'erased' : 'delivered';
  await handleOnce(service, consumer, event, async (tx) => {
    await tx.query(
      `insert into notification_delivery (notification_id, tenant_id, order_id, customer_id, channel, template,
         outcome, receipt)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [notificationId, event.tenantId, orderId, customerId, channel, template, outcome, receipt],
    );
    return { outcome };
  });
}

async function wasDelivered(service: Service, notificationId: string): Promise<boolean> {
  return hasRows(service.database, `select 1 from notification_delivery where notification_id = $1`, [
    notificationId,
  ]);
}

/** Who asked to be forgotten is not written to any more, also about what was under way. */
async function isErased(
  service: Service,
  { tenantId, data }: EnvelopeOf<typeof NotificationRequested>,
): Promise<boolean> {
  return hasRows(
    service.database,
    `select 1 from customer where tenant_id = $1 and customer_id = $2 and erased_at is not null`,
    [tenantId, data.customerId],
  );
}
