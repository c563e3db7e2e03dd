/** Codes of the commerce system: what its HTTP API answers with, and what its event store throws. */
import type { AreaExplanation } from './explanation.ts';

export const COMMERCE_EXPLANATIONS = {
  WAYBILL_IDEMPOTENCY_KEY_REUSED: {
    what: 'A request came with the idempotency key of another one, whose content was different. Answered with 422.',
    why: 'The answer of the first request would look as if the second one had been carried out. Nothing was changed.',
    fix: 'Make a key for each order or customer, and send it again only with the same content.',
    example: "POST /orders with 'idempotency-key: cart-4711', and for the next order another key",
  },
  WAYBILL_SKU_UNKNOWN: {
    what: 'An order names an article that the shop does not sell. Answered with 422.',
    why: 'It would be confirmed to the customer and could never be sent. Nothing was ordered.',
    fix: 'Take the SKU from the list of what is sold: lambda/commerce/orders/prices.ts.',
    example: "POST /orders { items: [{ sku: 'mug-blue', quantity: 1 }] }",
  },
  WAYBILL_CUSTOMER_ERASED: {
    what: 'An order was placed for a customer who was erased. Answered with 409.',
    why: 'Nothing was stored: what belongs to an erased customer could never be read again.',
    fix: 'Register the customer anew, and order under the new id.',
    example: "POST /customers, then POST /orders { customerId: 'cus_...' }",
  },
  WAYBILL_TIME_INVALID: {
    what: 'The query parameter `at` is no time. Answered with 400.',
    why: 'An order can be shown as it was at a time, which has to be known.',
    fix: 'Give it as ISO 8601.',
    example: 'GET /orders/ord_1?at=2026-11-02T06:15:00Z',
  },
  WAYBILL_ORDER_VERSION_CONFLICT: {
    what: 'An order was changed by somebody else since it was read.',
    why: 'What was decided on the older version may be wrong by now. Nothing was stored.',
    fix: 'Read the order under its lock and decide anew; a message comes again by itself.',
    example: 'const order = await lockOrder(tx, orderId);',
  },
  WAYBILL_ORDER_STREAM_INVALID: {
    what: 'The events of an order do not begin with OrderPlaced, or hold it twice.',
    why: 'No state follows from such a stream: events are missing, or two orders have one id.',
    fix: 'Look at the rows of order_event of this order, and restore what is missing.',
    example: 'select version, envelope from commerce.order_event where order_id = $1 order by version;',
  },
} as const satisfies Record<string, AreaExplanation>;
