/** What things cost. A shop would ask its product catalogue; here each SKU has one price, always the same. */
import { createHash } from 'node:crypto';
import type { Money, OrderItem } from '../../../catalog/commerce/index.ts';

const CURRENCY = 'EUR';
const LOWEST_MINOR_UNITS = 500;
const RANGE_MINOR_UNITS = 9_500;

export function priceOf(sku: string): Money {
  const number = createHash('sha256').update(sku).digest().readUInt32BE(0);
  return { minorUnits: LOWEST_MINOR_UNITS + (number % RANGE_MINOR_UNITS), currency: CURRENCY };
}

export function totalOf(items: readonly OrderItem[]): Money {
  const minorUnits = items.reduce(
    (sum, { quantity, unitPrice }) => sum + quantity * (unitPrice?.minorUnits ?? 0),
    0,
  );
  return { minorUnits, currency: CURRENCY };
}
