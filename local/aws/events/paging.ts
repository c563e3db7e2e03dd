/** Pages of a List action: `Limit` items, and an opaque token for the next ones. */
import { validationError } from './errors.ts';
import { type Input, optionalNumber, optionalText } from './input.ts';
import { PAGE_SIZE } from './limits.ts';

export function page<Item>(
  all: readonly Item[],
  input: Input,
): { readonly items: readonly Item[]; readonly next: { readonly NextToken?: string } } {
  const token = optionalText(input, 'NextToken');
  const from = token === undefined ? 0 : readToken(token);
  const end = from + (optionalNumber(input, 'Limit') ?? PAGE_SIZE);
  return {
    items: all.slice(from, end),
    next: end < all.length ? { NextToken: Buffer.from(`from:${end}`).toString('base64url') } : {},
  };
}

function readToken(token: string): number {
  const position = /^from:(\d+)$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (position === undefined) throw validationError('Parameter NextToken is not valid.');
  return Number(position);
}
