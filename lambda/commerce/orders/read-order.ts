/** What a caller sees of an order: its row now, or what its events made of it at an earlier time. */
import { notFound } from '../../http/request.ts';
import type { Caller } from '../../http/request.ts';
import { rowsOf } from '../../service/unit-of-work.ts';
import type { Service } from '../../service/unit-of-work.ts';
import { rebuildOrder } from './event-store.ts';

export interface OrderSummary {
  readonly orderId: string;
  readonly customerId: string;
  readonly status: string;
  readonly version: number;
  readonly total: { readonly minorUnits: number; readonly currency: string };
  readonly reason: string | null;
  readonly placedAt: string;
  readonly endedAt: string | null;
}

/** @throws Problem 404, also for an order of another tenant, and for one that was not yet placed at that time */
export async function readOrder(
  service: Service,
  caller: Caller,
  orderId: string,
  at?: Date,
): Promise<OrderSummary> {
  const summary = at === undefined ? await now(service, orderId) : await then(service, orderId, at);
  if (summary === undefined || summary.tenantId !== caller.tenantId) {
    throw notFound('You have no order with this id.');
  }
  const { tenantId: _tenantId, ...order } = summary;
  return order;
}

type OwnedSummary = OrderSummary & { readonly tenantId: string };

async function now(service: Service, orderId: string): Promise<OwnedSummary | undefined> {
  const [row] = await rowsOf<
    Omit<OwnedSummary, 'total' | 'placedAt' | 'endedAt'> & {
      readonly minorUnits: string;
      readonly currency: string;
      readonly placedAt: Date;
      readonly endedAt: Date | null;
    }
  >(
    service.database,
    `select order_id as "orderId", tenant_id as "tenantId", customer_id as "customerId", status, version,
            total_minor_units as "minorUnits", currency, reason, placed_at as "placedAt", ended_at as "endedAt"
       from customer_order where order_id = $1`,
    [orderId],
  );
  if (row === undefined) return undefined;
  const { minorUnits, currency, placedAt, endedAt, ...rest } = row;
  return {
    ...rest,
    total: { minorUnits: Number(minorUnits), currency },
    placedAt: placedAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
  };
}

async function then(service: Service, orderId: string, at: Date): Promise<OwnedSummary | undefined> {
  const order = await rebuildOrder(service.database, orderId, { until: at });
  if (order === undefined) return undefined;
  const { customerId, tenantId, status, total, reason, placedAt, endedAt } = order.state;
  return { orderId, tenantId, customerId, status, version: order.version, total, reason, placedAt, endedAt };
}
