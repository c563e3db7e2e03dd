/** The commerce workload: customers who look, order and are told, sent to the system's own HTTP API. */
import { setTimeout as delay } from 'node:timers/promises';
import { apiClient, bearerToken, textField } from '../api-client.ts';
import type { ApiAnswer } from '../api-client.ts';
import { WorkloadError } from '../errors.ts';
import { activities, planCustomers, planOrders } from './plan.ts';
import type { OrderFate, OrderMix, PlannedActivity, PlannedCustomer, PlannedOrder } from './plan.ts';

export interface CommerceWorkloadOptions {
  /** The commerce system's HTTP API, without a trailing slash. Asked before each request: it may move. */
  readonly apiUrl: () => string;
  /** The value of the secret that signs the API's tokens there. */
  readonly tokenSecret: () => Promise<string>;
  readonly seed: number;
  /** @default 50 */
  readonly customers?: number;
  /** @default 5 */
  readonly tenants?: number;
  /** @default - 5 % payment failures, 2 % fraud, 3 % shortages */
  readonly mix?: OrderMix;
  /** How many requests are on their way at once. @default 8 */
  readonly inFlight?: number;
  /** Stops what is being sent. @default - runs to its end */
  readonly signal?: AbortSignal;
}

export interface CommerceRun {
  /** Orders to place; Infinity until the signal. */
  readonly orders: number;
  /** @default - as fast as they are answered */
  readonly perSecond?: number;
  /** Called before each order is sent, with how many were. */
  readonly beforeOrder?: (sent: number) => Promise<void>;
}

export interface RegisteredCustomer extends PlannedCustomer {
  readonly customerId: string;
}

export interface CommerceWorkload {
  readonly customers: readonly RegisteredCustomer[];
  run(options: CommerceRun): Promise<void>;
  /** Orders that the API took, so far. */
  placed(): readonly { readonly orderId: string; readonly fate: OrderFate }[];
  /** Activities that the API took, so far. */
  activities(): number;
  /** Answers that were not expected, by what they were. */
  unexpected(): Readonly<Record<string, number>>;
}

/** What visitors do for each order that is placed. */
const ACTIVITIES_PER_ORDER = 4;
/** Orders that are planned at a time: the mix is exact in each round. */
const ROUND = 1000;
/** Between the seeds of two rounds, so that those of two runs do not meet. */
const SEEDS_APART = 7919;

/** @throws WorkloadError when the API refuses a customer */
export async function createCommerceWorkload(options: CommerceWorkloadOptions): Promise<CommerceWorkload> {
  const { seed, signal } = options;
  const count = { customers: options.customers ?? 50, tenants: options.tenants ?? 5 };
  const placed: { orderId: string; fate: OrderFate }[] = [];
  const unexpected: Record<string, number> = {};
  let active = 0;
  let sent = 0;
  let round = 0;

  const call = apiClient(options.apiUrl, signal);
  const send = async (
    method: string,
    path: string,
    tenantId: string,
    body: object,
    idempotencyKey: string,
  ): Promise<ApiAnswer> => {
    const who = { userId: 'usr_shop', tenantId, role: 'admin' } as const;
    return call(async () => ({
      method,
      path,
      headers: {
        authorization: `Bearer ${bearerToken(await options.tokenSecret(), who)}`,
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
      },
      body: JSON.stringify(body),
    }));
  };
  const unexpectedAnswer = (what: string, answer: ApiAnswer): void => {
    const key = `${what}: ${answer.status} ${textField(answer.body, 'code', 'no code')}`;
    unexpected[key] = (unexpected[key] ?? 0) + 1;
  };

  const register = async (customer: PlannedCustomer): Promise<RegisteredCustomer> => {
    const { name, email, phone, webhookUrl, preferredChannel, tenantId, index } = customer;
    const body = { name, contact: { email, phone, webhookUrl }, preferredChannel };
    const answer = await send('POST', '/customers', tenantId, body, `customer-${seed}-${index}`);
    if (answer.status !== 201 && answer.status !== 200) {
      const code = textField(answer.body, 'code', 'no code');
      const detail = textField(answer.body, 'detail', 'no detail');
      throw new WorkloadError(
        'WAYBILL_WORKLOAD_REFUSED',
        `the sample workload's POST /customers was answered ${answer.status} ${code}: ${detail}`,
      );
    }
    return { ...customer, customerId: textField(answer.body, 'customerId', '') };
  };

  const planned = planCustomers({ seed, ...count });
  const customers = await inLanes(planned, options.inFlight ?? 8, register);
  const visits = activities({ seed, customers: count.customers });

  const visit = async ({ sessionId, customer, sku, kind }: PlannedActivity): Promise<void> => {
    const { customerId, tenantId } = customers[customer]!;
    const body = { sessionId, customerId, ...ACTIVITY_BODY[kind](sku) };
    const answer = await send('POST', '/activity', tenantId, body, `${sessionId}-${kind}`);
    if (answer.status >= 200 && answer.status < 300) active += 1;
    else unexpectedAnswer('activity', answer);
  };
  const order = async ({ customer, fate, idempotencyKey, ...what }: PlannedOrder): Promise<void> => {
    const { customerId, tenantId } = customers[customer]!;
    const { items, paymentMethod, shippingCountry } = what;
    const body = { customerId, items, paymentMethod, shippingCountry };
    const answer = await send('POST', '/orders', tenantId, body, idempotencyKey);
    const orderId = textField(answer.body, 'orderId', '');
    if (answer.status >= 200 && answer.status < 300 && orderId !== '') placed.push({ orderId, fate });
    else unexpectedAnswer('order', answer);
  };

  return {
    customers,
    placed: () => placed,
    activities: () => active,
    unexpected: () => unexpected,
    async run({ orders, perSecond, beforeOrder }) {
      const inFlight = options.inFlight ?? 8;
      const stopped = (): boolean => signal?.aborted === true;
      const send = async (next: PlannedOrder): Promise<void> => {
        if (stopped()) return;
        sent += 1;
        await beforeOrder?.(sent);
        for (let seen = 0; seen < ACTIVITIES_PER_ORDER; seen += 1) await visit(visits.next().value);
        await order(next);
        if (perSecond === undefined) return;
        await delay((inFlight / perSecond) * 1000, undefined, signal === undefined ? {} : { signal });
      };
      try {
        for (let left = orders; left > 0 && !stopped(); left -= ROUND) {
          round += 1;
          const plan = planOrders({
            seed: seed + round * SEEDS_APART,
            orders: Math.min(ROUND, left),
            customers: count.customers,
            ...(options.mix !== undefined && { mix: options.mix }),
          });
          await inLanes(plan, inFlight, send);
        }
      } catch (error) {
        if (!stopped()) throw error;
      }
    },
  };
}

const ACTIVITY_BODY: Readonly<Record<PlannedActivity['kind'], (sku: string) => object>> = {
  ProductViewed: (sku) => ({ kind: 'ProductViewed', sku }),
  CartUpdated: (sku) => ({ kind: 'CartUpdated', sku, change: 'added', quantity: 1 }),
  CheckoutStarted: () => ({ kind: 'CheckoutStarted', total: { minorUnits: 1990, currency: 'EUR' } }),
};

/** Maps with so many at a time. */
async function inLanes<Item, Result>(
  items: readonly Item[],
  lanes: number,
  map: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = Array.from({ length: items.length });
  const queue = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await map(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
