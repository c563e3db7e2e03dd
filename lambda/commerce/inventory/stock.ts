/** Stock levels: read under a lock, moved between what can be sold and what is set aside. */
import type { StockItem } from '../../../catalog/commerce/index.ts';
import { rowsOf } from '../../service/unit-of-work.ts';
import type { Transaction } from '../../service/unit-of-work.ts';

/** Never there, for tests of a shortage. */
export const NEVER_IN_STOCK = 'out-of-stock';
/** What a shop begins with of anything else. */
const FIRST_LEVEL = 1_000_000;

export interface Shortage {
  readonly sku: string;
  readonly requested: number;
  readonly available: number;
}

/** The same SKU on several lines is one. */
export function bySku(items: readonly StockItem[]): readonly StockItem[] {
  const quantities = new Map<string, number>();
  for (const { sku, quantity } of items) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
  // One order for all transactions, so that two of them can't wait for each other.
  return [...quantities].map(([sku, quantity]) => ({ sku, quantity })).sort(ascending);
}

/** Sets everything aside, or nothing: then the first item that is short is the answer. */
export async function setAside(
  tx: Transaction,
  tenantId: string,
  items: readonly StockItem[],
): Promise<Shortage | undefined> {
  const wanted = bySku(items);
  const levels = await lockLevels(
    tx,
    tenantId,
    wanted.map(({ sku }) => sku),
  );
  for (const { sku, quantity } of wanted) {
    const available = levels.get(sku) ?? 0;
    if (available < quantity) return { sku, requested: quantity, available };
  }
  await move(tx, tenantId, wanted, 1);
  return undefined;
}

/** Undoes `setAside`. */
export async function putBack(tx: Transaction, tenantId: string, items: readonly StockItem[]): Promise<void> {
  await move(tx, tenantId, bySku(items), -1);
}

/** Goods arrived. */
export async function receive(
  tx: Transaction,
  tenantId: string,
  sku: string,
  quantity: number,
): Promise<void> {
  await lockLevels(tx, tenantId, [sku]);
  await tx.query(`update stock set available = available + $3 where tenant_id = $1 and sku = $2`, [
    tenantId,
    sku,
    quantity,
  ]);
}

async function lockLevels(
  tx: Transaction,
  tenantId: string,
  skus: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  await tx.query(
    `insert into stock (tenant_id, sku, available)
     select $1, sku, case sku when '${NEVER_IN_STOCK}' then 0 else ${FIRST_LEVEL} end
       from unnest($2::text[]) as wanted (sku) order by sku
     on conflict do nothing`,
    [tenantId, skus],
  );
  const rows = await rowsOf<{ readonly sku: string; readonly available: string }>(
    tx,
    `select sku, available from stock where tenant_id = $1 and sku = any($2::text[]) order by sku for update`,
    [tenantId, skus],
  );
  return new Map(rows.map(({ sku, available }) => [sku, Number(available)]));
}

/** @param direction - 1 sets aside, -1 puts back */
async function move(
  tx: Transaction,
  tenantId: string,
  items: readonly StockItem[],
  direction: 1 | -1,
): Promise<void> {
  await tx.query(
    `update stock s set available = s.available - m.quantity, reserved = s.reserved + m.quantity
       from unnest($2::text[], $3::bigint[]) as m (sku, quantity)
      where s.tenant_id = $1 and s.sku = m.sku`,
    [tenantId, items.map(({ sku }) => sku), items.map(({ quantity }) => direction * quantity)],
  );
}

function ascending(left: StockItem, right: StockItem): number {
  return left.sku < right.sku ? -1 : 1;
}
