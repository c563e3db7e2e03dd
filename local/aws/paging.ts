/** Pages of a List action: so many items, and an opaque token for the next ones. Shared by every service that lists. */
import type { AwsError } from './errors.ts';

export interface PageRequest {
  /** Items of a page. */
  readonly size: number;
  /** The caller's `NextToken`. */
  readonly token: string | undefined;
  /** The service's error for a token that is none of ours. */
  readonly invalidToken: () => AwsError;
}

/** One page, and `{NextToken}` when more follow. */
export function page<Item>(
  all: readonly Item[],
  { size, token, invalidToken }: PageRequest,
): { readonly items: readonly Item[]; readonly next: { readonly NextToken?: string } } {
  const from = token === undefined || token === '' ? 0 : readToken(token, invalidToken);
  const end = from + size;
  return {
    items: all.slice(from, end),
    next: end < all.length ? { NextToken: Buffer.from(`from:${end}`).toString('base64url') } : {},
  };
}

function readToken(token: string, invalidToken: () => AwsError): number {
  const position = /^from:(\d+)$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (position === undefined) throw invalidToken();
  return Number(position);
}
