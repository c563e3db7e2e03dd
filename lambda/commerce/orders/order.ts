/** One order under its lock: read, decided on, and written back as events and as the row that GET answers. */
import { PermanentError } from '../../runtime/index.ts';
import { rowsOf } from '../../service/unit-of-work.ts';
import type { Transaction } from '../../service/unit-of-work.ts';
import { appendToOrder, rebuildOrder } from './event-store.ts';
import type { VersionedOrder } from './event-store.ts';
import type { OrderState, OrderStreamEvent } from './order-state.ts';

/**
 * Locks the order until the transaction ends, so that what is decided on it still holds when it is written.
 * @throws PermanentError ORDER_UNKNOWN when there is none: no retry makes it appear
 */
export async function lockOrder(tx: Transaction, orderId: string): Promise<VersionedOrder> {
  const rows = await rowsOf(tx, `select 1 from customer_order where order_id = $1 for update`, [orderId]);
  const order = rows.length === 0 ? undefined : await rebuildOrder(tx, orderId);
  if (order === undefined) throw new PermanentError('ORDER_UNKNOWN');
  return order;
}

/**
 * The first event of an order, and its row.
 * @throws OrderVersionConflict when there is such an order
 */
export async function placeOrderRow(tx: Transaction, event: OrderStreamEvent): Promise<void> {
  const { orderId } = event.data;
  const { state, version } = await appendToOrder(tx, orderId, undefined, [event]);
  await tx.query(
    `insert into customer_order (order_id, tenant_id, customer_id, status, version, total_minor_units, currency,
       payment_method, placed_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      orderId,
      state.tenantId,
      state.customerId,
      state.status,
      version,
      state.total.minorUnits,
      state.total.currency,
      state.paymentMethod,
      state.placedAt,
    ],
  );
}

/** Appends events to a locked order and brings its row up to date. */
export async function changeOrder(
  tx: Transaction,
  order: VersionedOrder,
  events: readonly OrderStreamEvent[],
): Promise<VersionedOrder> {
  if (events.length === 0) return order;
  const changed = await appendToOrder(tx, order.state.orderId, order, events);
  const { status, reason, endedAt, orderId }: OrderState = changed.state;
  await tx.query(
    `update customer_order set status = $2, version = $3, reason = $4, ended_at = $5 where order_id = $1`,
    [orderId, status, changed.version, reason, endedAt],
  );
  return changed;
}
