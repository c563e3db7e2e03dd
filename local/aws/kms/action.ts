/** What the actions of KMS have in common: their shape, and the pages of their lists. */
import { optionalText, page, wholeNumber, type JsonInput } from '../json-input.ts';

export type Action = (input: JsonInput) => JsonInput | undefined | void;

const DEFAULT_PAGE = 100;
const MAXIMUM_PAGE = 1000;

/** One page for Limit and Marker. */
export function listed<Item>(input: JsonInput, items: readonly Item[]) {
  return page(
    items,
    wholeNumber(input, 'Limit', 1, MAXIMUM_PAGE, DEFAULT_PAGE),
    optionalText(input, 'Marker'),
  );
}

export function truncation(nextToken: string | undefined): JsonInput {
  return nextToken === undefined ? { Truncated: false } : { Truncated: true, NextMarker: nextToken };
}
