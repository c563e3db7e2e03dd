/** What the shop sells, and what it costs. A shop would ask its product catalogue; here each SKU has one price, always the same. */
import { createHash } from 'node:crypto';
import type { Money, OrderItem } from '../../../catalog/commerce/index.ts';
import { Problem } from '../../http/problem.ts';

const SOLD: ReadonlySet<string> = new Set([
  'mug-blue',
  'kettle-1l',
  'tea-earl-grey',
  'teapot-cast-iron',
  'spoon-set',
  'tray-oak',
  // Listed, and never there.
  'out-of-stock',
]);
const CURRENCY = 'EUR';
const LOWEST_MINOR_UNITS = 500;
const RANGE_MINOR_UNITS = 9_500;

/** @throws Problem 422 when the shop sells no such thing */
export function priceOf(sku: string): Money {
  if (!SOLD.has(sku)) throw unknownSku(sku);
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

function unknownSku(sku: string): Problem {
  return new Problem({
    status: 422,
    code: 'WAYBILL_SKU_UNKNOWN',
    title: 'There is no such product',
    // The form of a SKU is checked before: it can hold nothing but letters, digits and a few signs.
    detail: `The shop does not sell '${sku}'. Nothing was ordered.`,
  });
}
