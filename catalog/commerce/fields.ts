/** Fields that events of several commerce services have. */
import * as z from 'zod/mini';

/** Opaque. With the tenant and `#` an ordering key fits the 128 characters of a message group id. */
const ID_MAX_LENGTH = 60;
export const Id = z.string().check(z.minLength(1), z.maxLength(ID_MAX_LENGTH));

const SKU_MAX_LENGTH = 64;
export const Sku = z.string().check(z.minLength(1), z.maxLength(SKU_MAX_LENGTH));

/** A whole number above zero. */
export const Quantity = z.number().check(z.int(), z.minimum(1));

/** In the currency's smallest unit, so that sums are exact: 12.50 EUR is 1250. */
export const Money = z.object({
  minorUnits: z.number().check(z.int(), z.minimum(0)),
  /** ISO 4217. */
  currency: z.string().check(z.regex(/^[A-Z]{3}$/)),
});
export type Money = z.infer<typeof Money>;

/** ISO 3166-1 alpha-2; `ZZ` where an older version of an event did not tell it. */
export const CountryCode = z.string().check(z.regex(/^[A-Z]{2}$/));

export const StockItem = z.object({ sku: Sku, quantity: Quantity });
export type StockItem = z.infer<typeof StockItem>;

/** The price is null where an older version of an event did not tell it. */
export const OrderItem = z.object({ sku: Sku, quantity: Quantity, unitPrice: z.nullable(Money) });
export type OrderItem = z.infer<typeof OrderItem>;

/** The last two are for tests: a provider that declines, and a card that screening knows as stolen. */
export const PaymentMethod = z.enum(['card', 'invoice', 'card-declined', 'card-stolen']);
export type PaymentMethod = z.infer<typeof PaymentMethod>;

export const Channel = z.enum(['email', 'sms', 'webhook']);
export type Channel = z.infer<typeof Channel>;

/** Why an order was not carried out. Also the error names of the saga's failed steps. */
export const CancellationReason = z.enum([
  'PAYMENT_DECLINED',
  'FRAUD_SUSPECTED',
  'STOCK_SHORTAGE',
  'SHIPPING_REFUSED',
  'CUSTOMER_ERASED',
  'STEP_REFUSED',
  'STEP_TIMED_OUT',
]);
export type CancellationReason = z.infer<typeof CancellationReason>;

/** What the examples of all events are about: one order of one customer. */
export const example = {
  orderId: 'ord_01jd2mq7',
  customerId: 'cus_7f1c20',
  paymentId: 'pay_01jd2mq9',
  reservationId: 'rsv_01jd2mqb',
  shipmentId: 'shp_01jd2mqe',
  total: { minorUnits: 4990, currency: 'EUR' },
  items: [
    { sku: 'mug-blue', quantity: 2, unitPrice: { minorUnits: 1495, currency: 'EUR' } },
    { sku: 'kettle-1l', quantity: 1, unitPrice: { minorUnits: 2000, currency: 'EUR' } },
  ],
  stock: [
    { sku: 'mug-blue', quantity: 2 },
    { sku: 'kettle-1l', quantity: 1 },
  ],
} as const;
/** Examples are plain data, whose lists may be changed by the type that the schema infers. */
export const exampleItems: OrderItem[] = example.items.map((item) => ({ ...item }));
export const exampleStock: StockItem[] = example.stock.map((item) => ({ ...item }));
