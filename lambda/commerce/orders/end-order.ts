/** The end of an order: recorded in the ledger once, told once, whatever comes again. */
import { OrderCancelled, OrderOutcomeRecorded, OrderShipped } from '../../../catalog/commerce/index.ts';
import type { CancellationReason } from '../../../catalog/commerce/index.ts';
import type { Envelope } from '../../../lib/contracts/index.ts';
import { hasRows, rowsOf } from '../../service/unit-of-work.ts';
import type { Emit, Transaction } from '../../service/unit-of-work.ts';
import type { VersionedOrder } from './event-store.ts';
import { changeOrder } from './order.ts';

export type Ending =
  | { readonly outcome: 'FULFILLED'; readonly reason: null }
  | { readonly outcome: 'CANCELLED'; readonly reason: CancellationReason };

/**
 * @param order - under its lock
 * @returns false when the order had ended before; then nothing is changed and nothing is told
 */
export async function endOrder(
  tx: Transaction,
  emit: Emit,
  order: VersionedOrder,
  ending: Ending,
  causedBy: Envelope,
): Promise<boolean> {
  const { orderId, tenantId, customerId, total } = order.state;
  if (await hasRows(tx, `select 1 from order_outcome where order_id = $1`, [orderId])) return false;
  const event =
    ending.outcome === 'FULFILLED'
      ? emit(OrderShipped, {
          tenantId,
          causedBy,
          data: { orderId, customerId, shipmentId: await ship(tx, orderId) },
        })
      : emit(OrderCancelled, { tenantId, causedBy, data: { orderId, customerId, reason: ending.reason } });
  await changeOrder(tx, order, [event]);
  const { eventId } = emit(OrderOutcomeRecorded, {
    tenantId,
    causedBy,
    data: { orderId, customerId, total, ...ending },
  });
  // The primary key is what makes a second end impossible, whoever forgot the lock.
  await tx.query(
    `insert into order_outcome (order_id, tenant_id, customer_id, outcome, reason, event_id)
     values ($1, $2, $3, $4, $5, $6)`,
    [orderId, tenantId, customerId, ending.outcome, ending.reason, eventId],
  );
  return true;
}

/** Goods and shipment leave the house. */
async function ship(tx: Transaction, orderId: string): Promise<string> {
  await tx.query(`update stock_reservation set status = 'shipped' where order_id = $1`, [orderId]);
  const [shipment] = await rowsOf<{ readonly shipmentId: string }>(
    tx,
    `update shipment set status = 'shipped' where order_id = $1 and status = 'arranged'
     returning shipment_id as "shipmentId"`,
    [orderId],
  );
  if (shipment === undefined) throw new Error(`order ${orderId} has no arranged shipment to send`);
  return shipment.shipmentId;
}
