/** The prices of a Region, or those of us-east-1 with a note that they are. */
import type { RegionPrices } from './types.ts';
import { US_EAST_1 } from './us-east-1.ts';

export { PRICE_ITEMS } from './types.ts';
export type { Confidence, Price, PriceItem, RegionPrices } from './types.ts';

const REGIONS: Readonly<Record<string, RegionPrices>> = { 'us-east-1': US_EAST_1 };

export interface PricesOfRegion extends RegionPrices {
  /** Why these are not the Region's own prices. Undefined where they are. */
  readonly note: string | undefined;
}

export interface PriceDates {
  readonly oldest: string;
  readonly newest: string;
  /** Figures that nobody has looked up. */
  readonly fromMemory: number;
}

export function datesOf({ prices }: RegionPrices): PriceDates {
  const figures = Object.values(prices);
  const dates = figures.map(({ date }) => date).sort();
  return {
    oldest: dates[0] ?? '',
    newest: dates.at(-1) ?? '',
    fromMemory: figures.filter(({ confidence }) => confidence === 'memory').length,
  };
}

/** @param region undefined where the stacks name none */
export function pricesOf(region: string | undefined): PricesOfRegion {
  const known = region === undefined ? undefined : REGIONS[region];
  if (known !== undefined) return { ...known, note: undefined };
  const reason =
    region === undefined ? 'the stacks name no Region' : `there is no price list for ${region} here`;
  return { ...US_EAST_1, note: `${reason}: prices of us-east-1` };
}
