/** Takes an order. The saga begins with the event that this writes. */
import { OrderPlaced } from '../../../catalog/commerce/index.ts';
import type { PaymentMethod, StockItem } from '../../../catalog/commerce/index.ts';
import { Problem } from '../../http/problem.ts';
import { notFound } from '../../http/request.ts';
import type { Caller } from '../../http/request.ts';
import { rowsOf, unitOfWork } from '../../service/unit-of-work.ts';
import type { Service } from '../../service/unit-of-work.ts';
import { idOf } from '../../http/ids.ts';
import { requireSameRequest } from '../request-once.ts';
import { placeOrderRow } from './order.ts';
import { priceOf, totalOf } from './prices.ts';

export interface OrderCommand {
  readonly customerId: string;
  readonly items: readonly StockItem[];
  readonly paymentMethod: PaymentMethod;
  readonly shippingCountry: string;
}

/**
 * @param idempotencyKey - the caller's own; the same one again is the same order, placed once
 * @throws Problem 404 when the customer is unknown, 409 when the customer was erased, 422 when an article is unknown,
 *   or the key came with another order before
 */
export async function placeOrder(
  service: Service,
  caller: Caller,
  command: OrderCommand,
  idempotencyKey?: string,
): Promise<{ readonly orderId: string; readonly placed: boolean }> {
  const { tenantId } = caller;
  const { customerId, paymentMethod, shippingCountry } = command;
  const orderId = idOf('ord', tenantId, idempotencyKey);
  return unitOfWork(service, async (tx, emit) => {
    await requireSameRequest(tx, { madeId: orderId, idempotencyKey, command });
    // Locked, so that a customer is not erased meanwhile, and that orders of one customer are placed in turns.
    const [customer] = await rowsOf<{ readonly erased: boolean }>(
      tx,
      `select erased_at is not null as erased from customer where tenant_id = $1 and customer_id = $2 for update`,
      [tenantId, customerId],
    );
    if (customer === undefined) throw notFound('You have no customer with this id.');
    if (customer.erased) throw customerErased();
    const known = await rowsOf(tx, `select 1 from customer_order where order_id = $1`, [orderId]);
    if (known.length > 0) return { orderId, placed: false };
    const items = command.items.map((item) => ({ ...item, unitPrice: priceOf(item.sku) }));
    const total = totalOf(items);
    const event = emit(OrderPlaced, {
      tenantId,
      data: { orderId, customerId, items, total, paymentMethod, shippingCountry },
    });
    await placeOrderRow(tx, event);
    return { orderId, placed: true };
  });
}

function customerErased(): Problem {
  return new Problem({
    status: 409,
    code: 'WAYBILL_CUSTOMER_ERASED',
    title: 'This customer was erased',
    detail: 'Register the customer anew before placing orders.',
  });
}
