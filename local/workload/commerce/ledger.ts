/**
 * What the events of the outbox say happened to each order, to its money and to its goods. Told from the envelopes that
 * were committed alone, so that neither a service nor a consumer can hide a mistake of its own.
 */

/** An event of the outbox, in the order of writing. */
export interface LedgerEvent {
  readonly eventId: string;
  readonly eventType: string;
  readonly tenantId: string;
  readonly orderingKey: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface OrderLedger {
  readonly orderId: string;
  readonly customerId: string;
  placed: number;
  confirmed: number;
  shipped: number;
  /** Reasons of cancellations. */
  readonly cancelled: string[];
  /** Outcomes recorded for analytics. */
  readonly outcomes: string[];
  /** In the currency's smallest unit. */
  reserved: number;
  captured: number;
  /** Of what was set aside. */
  refunded: number;
  /** Of what was taken. */
  returned: number;
  /** Pieces, over all products. */
  stockReserved: number;
  stockReleased: number;
  shipmentsArranged: number;
  shipmentsCancelled: number;
  /** Templates of what the customer was told. */
  readonly told: string[];
}

export interface Ledger {
  /** Of the events that were written. */
  readonly eventIds: ReadonlySet<string>;
  readonly orders: ReadonlyMap<string, OrderLedger>;
  /** How many events of each type were written. */
  readonly byType: Readonly<Record<string, number>>;
  readonly totals: LedgerTotals;
}

export interface LedgerTotals {
  readonly placed: number;
  readonly confirmed: number;
  readonly shipped: number;
  readonly cancelled: Readonly<Record<string, number>>;
  readonly money: {
    readonly reserved: number;
    readonly captured: number;
    readonly refunded: number;
    readonly returned: number;
  };
  readonly stock: { readonly reserved: number; readonly released: number; readonly shipped: number };
  readonly notifications: number;
}

export function ledgerOf(events: readonly LedgerEvent[]): Ledger {
  const orders = new Map<string, OrderLedger>();
  const byType: Record<string, number> = {};
  for (const event of events) {
    byType[event.eventType] = (byType[event.eventType] ?? 0) + 1;
    const orderId = text(event.data, 'orderId');
    if (orderId === undefined) continue;
    const order = orders.get(orderId) ?? emptyOrder(orderId, text(event.data, 'customerId') ?? '');
    orders.set(orderId, order);
    ENTRIES[event.eventType]?.(order, event.data);
  }
  const eventIds = new Set(events.map(({ eventId }) => eventId));
  return { eventIds, orders, byType, totals: totalsOf([...orders.values()]) };
}

/** Of an order that has ended: everything that does not add up, in words. */
export function orderFailures(order: OrderLedger): readonly string[] {
  const failures: string[] = [];
  const fail = (what: string): void => void failures.push(`order ${order.orderId} ${what}`);
  const ended = order.shipped + order.cancelled.length;
  if (order.placed !== 1) fail(`was placed ${order.placed} times`);
  if (ended === 0) fail('has not ended: it is neither shipped nor cancelled');
  if (ended > 1) fail(`ended ${ended} times: ${describeEnds(order)}`);
  if (order.shipped > 0) {
    if (order.confirmed !== 1) fail(`was shipped, and confirmed ${order.confirmed} times`);
    if (order.captured === 0) fail('was shipped without being paid');
    if (order.stockReserved === 0) fail('was shipped without goods');
    if (order.shipmentsArranged !== 1 || order.shipmentsCancelled !== 0) {
      fail(`was shipped with ${order.shipmentsArranged - order.shipmentsCancelled} shipments`);
    }
    if (order.stockReleased !== 0) fail(`was shipped, and ${order.stockReleased} pieces were given back`);
  } else if (order.cancelled.length > 0) {
    if (order.confirmed !== 0) fail('was cancelled after it was confirmed');
    if (order.captured !== order.returned) {
      fail(`was cancelled, and ${order.captured - order.returned} is still taken`);
    }
    if (order.stockReserved !== order.stockReleased) {
      fail(`was cancelled, and ${order.stockReserved - order.stockReleased} pieces are still set aside`);
    }
    if (order.shipmentsArranged !== order.shipmentsCancelled) {
      fail('was cancelled, and its shipment was not');
    }
  }
  // What was set aside is taken, or given back: nothing stays, nothing is made up.
  if (order.reserved !== order.captured + order.refunded) {
    fail(`has ${order.reserved} reserved, ${order.captured} captured and ${order.refunded} refunded`);
  }
  if (order.outcomes.length !== 1) fail(`has ${order.outcomes.length} recorded outcomes`);
  const wanted = order.shipped > 0 ? 'order-confirmed' : 'order-cancelled';
  if (order.told.some((template) => template !== wanted)) {
    fail(`told its customer ${order.told.join(', ')} instead of ${wanted}`);
  }
  return failures;
}

type Data = LedgerEvent['data'];
type Entry = (order: OrderLedger, data: Data) => void;

const ENTRIES: Readonly<Record<string, Entry>> = {
  OrderPlaced: (order) => void (order.placed += 1),
  OrderConfirmed: (order) => void (order.confirmed += 1),
  OrderShipped: (order) => void (order.shipped += 1),
  OrderCancelled: (order, data) => void order.cancelled.push(text(data, 'reason') ?? 'no reason'),
  OrderOutcomeRecorded: (order, data) => void order.outcomes.push(text(data, 'outcome') ?? 'no outcome'),
  PaymentReserved: (order, data) => void (order.reserved += money(data)),
  PaymentCaptured: (order, data) => void (order.captured += money(data)),
  PaymentRefunded: (order, data) => {
    if (data['was'] === 'captured') order.returned += money(data);
    else order.refunded += money(data);
  },
  InventoryReserved: (order, data) => void (order.stockReserved += pieces(data)),
  InventoryReleased: (order, data) => void (order.stockReleased += pieces(data)),
  ShipmentArranged: (order) => void (order.shipmentsArranged += 1),
  ShipmentCancelled: (order) => void (order.shipmentsCancelled += 1),
  NotificationRequested: (order, data) => void order.told.push(text(data, 'template') ?? 'no template'),
};

function emptyOrder(orderId: string, customerId: string): OrderLedger {
  return {
    orderId,
    customerId,
    placed: 0,
    confirmed: 0,
    shipped: 0,
    cancelled: [],
    outcomes: [],
    reserved: 0,
    captured: 0,
    refunded: 0,
    returned: 0,
    stockReserved: 0,
    stockReleased: 0,
    shipmentsArranged: 0,
    shipmentsCancelled: 0,
    told: [],
  };
}

function totalsOf(orders: readonly OrderLedger[]): LedgerTotals {
  const sum = (of: (order: OrderLedger) => number): number =>
    orders.reduce((total, order) => total + of(order), 0);
  const cancelled: Record<string, number> = {};
  for (const reason of orders.flatMap((order) => order.cancelled)) {
    cancelled[reason] = (cancelled[reason] ?? 0) + 1;
  }
  return {
    placed: sum(({ placed }) => placed),
    confirmed: sum(({ confirmed }) => confirmed),
    shipped: sum(({ shipped }) => shipped),
    cancelled,
    money: {
      reserved: sum(({ reserved }) => reserved),
      captured: sum(({ captured }) => captured),
      refunded: sum(({ refunded }) => refunded),
      returned: sum(({ returned }) => returned),
    },
    stock: {
      reserved: sum(({ stockReserved }) => stockReserved),
      released: sum(({ stockReleased }) => stockReleased),
      shipped: sum((order) => (order.shipped > 0 ? order.stockReserved - order.stockReleased : 0)),
    },
    notifications: sum(({ told }) => told.length),
  };
}

function describeEnds({ shipped, cancelled }: OrderLedger): string {
  return [...Array.from({ length: shipped }, () => 'shipped'), ...cancelled].join(', ');
}

function text(data: Data, name: string): string | undefined {
  const value = data[name];
  return typeof value === 'string' ? value : undefined;
}

function money(data: Data): number {
  const { minorUnits } = (data['amount'] ?? {}) as { readonly minorUnits?: number };
  return minorUnits ?? 0;
}

function pieces(data: Data): number {
  const items = (data['items'] ?? []) as readonly { readonly quantity?: number }[];
  return items.reduce((total, { quantity = 0 }) => total + quantity, 0);
}
