/** Who orders what, and what comes of it: decided by the seed before anything is sent. */
import { seededRandom } from '../random.ts';
import type { Random } from '../random.ts';

/** What is to become of an order. All but `fulfilled` end compensated. */
export const ORDER_FATES = [
  'fulfilled',
  'payment-declined',
  'fraud-suspected',
  'stock-shortage',
  'shipping-refused',
] as const;
export type OrderFate = (typeof ORDER_FATES)[number];

/** The reason in `OrderCancelled` of each fate that is not the good one. */
export const REASON_OF_FATE = {
  'payment-declined': 'PAYMENT_DECLINED',
  'fraud-suspected': 'FRAUD_SUSPECTED',
  'stock-shortage': 'STOCK_SHORTAGE',
  'shipping-refused': 'SHIPPING_REFUSED',
} as const satisfies Readonly<Record<Exclude<OrderFate, 'fulfilled'>, string>>;

export type OrderMix = Readonly<Record<Exclude<OrderFate, 'fulfilled'>, number>>;

/** Shares of all orders. */
export const DEFAULT_MIX: OrderMix = {
  'payment-declined': 0.05,
  'fraud-suspected': 0.02,
  'stock-shortage': 0.03,
  'shipping-refused': 0,
};

export type Channel = 'email' | 'sms' | 'webhook';

export interface PlannedCustomer {
  /** Position in the plan; the API makes up the id. */
  readonly index: number;
  readonly tenantId: string;
  readonly name: string;
  readonly email: string;
  readonly phone: string;
  readonly webhookUrl: string;
  readonly preferredChannel: Channel;
}

export interface PlannedOrder {
  readonly index: number;
  /** Of the customer. */
  readonly customer: number;
  readonly fate: OrderFate;
  /** The same again is the same order. */
  readonly idempotencyKey: string;
  readonly items: readonly { readonly sku: string; readonly quantity: number }[];
  readonly paymentMethod: 'card' | 'invoice' | 'card-declined' | 'card-stolen';
  readonly shippingCountry: string;
}

export interface PlannedActivity {
  readonly sessionId: string;
  /** Of the customer. */
  readonly customer: number;
  readonly sku: string;
  readonly kind: 'ProductViewed' | 'CartUpdated' | 'CheckoutStarted';
}

export interface StockCount {
  readonly countId: string;
  readonly sku: string;
  readonly counted: number;
  readonly countedAt: string;
}

const CHANNELS: readonly Channel[] = ['email', 'sms', 'webhook'];
const COUNTRIES = ['DE', 'FR', 'NL', 'PL', 'GB'] as const;
/** Shipping refuses it. */
const REFUSED_COUNTRY = 'XX';
/** There is none. */
const SHORT_SKU = 'out-of-stock';
/** What the shop has. */
export const PRODUCTS = [
  'mug-blue',
  'kettle-1l',
  'tea-earl-grey',
  'teapot-cast-iron',
  'spoon-set',
  'tray-oak',
] as const;
const MOST_ITEMS = 3;
const MOST_OF_ONE = 4;

/** @param tenants each gets every so many-th customer */
export function planCustomers(options: {
  readonly seed: number;
  readonly customers: number;
  readonly tenants: number;
}): readonly PlannedCustomer[] {
  const random = seededRandom(options.seed);
  return Array.from({ length: options.customers }, (_, index) => ({
    index,
    tenantId: `tenant-${(index % options.tenants) + 1}`,
    name: `Customer ${index + 1}`,
    email: `customer-${index + 1}@example.com`,
    phone: `+4930${String(1_000_000 + index)}`,
    webhookUrl: `https://customer-${index + 1}.example.com/orders`,
    preferredChannel: pick(CHANNELS, random),
  }));
}

/**
 * Exactly the shares of the mix, rounded, in an order that the seed decides; each kind that has a share comes at least
 * once from ten orders on.
 */
export function planOrders(options: {
  readonly seed: number;
  readonly orders: number;
  readonly customers: number;
  readonly mix?: OrderMix;
}): readonly PlannedOrder[] {
  const random = seededRandom(options.seed + 1);
  const fates = dealFates(options.orders, options.mix ?? DEFAULT_MIX, random);
  return fates.map((fate, index) => ({
    index,
    customer: random.whole(options.customers),
    fate,
    idempotencyKey: `order-${options.seed}-${index}`,
    items: itemsOf(fate, random),
    paymentMethod: paymentMethodOf(fate, random),
    shippingCountry: fate === 'shipping-refused' ? REFUSED_COUNTRY : pick(COUNTRIES, random),
  }));
}

/** What visitors do before they order: a session looks, takes, and goes to the checkout more seldom each time. */
export function* activities(options: {
  readonly seed: number;
  readonly customers: number;
}): Generator<PlannedActivity, never> {
  const random = seededRandom(options.seed + 2);
  for (;;) {
    const visit = { sessionId: `ses-${random.uuid()}`, customer: random.whole(options.customers) };
    const sku = pick(PRODUCTS, random);
    yield { ...visit, sku, kind: 'ProductViewed' };
    if (random.next() < 0.5) yield { ...visit, sku, kind: 'CartUpdated' };
    if (random.next() < 0.25) yield { ...visit, sku, kind: 'CheckoutStarted' };
  }
}

/** The old warehouse system counts a shelf, and tells some counts twice. */
export function planStockCounts(options: { readonly seed: number; readonly counts: number }): {
  /** Each count once. */
  readonly counts: readonly StockCount[];
  /** As it tells them. */
  readonly messages: readonly StockCount[];
} {
  const random = seededRandom(options.seed + 3);
  const counts = Array.from({ length: options.counts }, (_, index) => ({
    countId: `cnt-${options.seed}-${index}`,
    sku: pick(PRODUCTS, random),
    counted: 100_000 + random.whole(1000),
    countedAt: new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString(),
  }));
  return { counts, messages: counts.flatMap((count, index) => (index % 4 === 0 ? [count, count] : [count])) };
}

function dealFates(orders: number, mix: OrderMix, random: Random): readonly OrderFate[] {
  const failing = Object.entries(mix).flatMap(([fate, share]) => {
    const least = share > 0 && orders >= 10 ? 1 : 0;
    const length = Math.max(least, Math.round(share * orders));
    return Array.from({ length }, () => fate as OrderFate);
  });
  const fates = Array.from({ length: orders }, (_, index) => failing[index] ?? 'fulfilled');
  for (let last = fates.length - 1; last > 0; last -= 1) {
    const other = random.whole(last + 1);
    [fates[last], fates[other]] = [fates[other]!, fates[last]!];
  }
  return fates;
}

function itemsOf(fate: OrderFate, random: Random): PlannedOrder['items'] {
  const skus = new Set<string>();
  const length = 1 + random.whole(MOST_ITEMS);
  for (let count = 0; count < length; count += 1) skus.add(pick(PRODUCTS, random));
  if (fate === 'stock-shortage') skus.add(SHORT_SKU);
  return [...skus].map((sku) => ({ sku, quantity: 1 + random.whole(MOST_OF_ONE) }));
}

function paymentMethodOf(fate: OrderFate, random: Random): PlannedOrder['paymentMethod'] {
  if (fate === 'payment-declined') return 'card-declined';
  if (fate === 'fraud-suspected') return 'card-stolen';
  return random.next() < 0.8 ? 'card' : 'invoice';
}

function pick<Item>(items: readonly Item[], random: Random): Item {
  return items[random.whole(items.length)]!;
}
