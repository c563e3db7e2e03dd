// Pages of a List action: 100 items and an opaque token for the next ones.

import { invalidParameter } from './errors.ts';
import { PAGE_SIZE } from './limits.ts';

export function page<Item>(
  all: readonly Item[],
  token: string | undefined,
): { readonly items: readonly Item[]; readonly next: { readonly NextToken?: string } } {
  const from = token === undefined || token === '' ? 0 : readToken(token);
  const end = from + PAGE_SIZE;
  return {
    items: all.slice(from, end),
    next: end < all.length ? { NextToken: Buffer.from(`from:${end}`).toString('base64url') } : {},
  };
}

function readToken(token: string): number {
  const position = /^from:(\d+)$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (position === undefined) throw invalidParameter('NextToken');
  return Number(position);
}
