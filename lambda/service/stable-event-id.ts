/** Ids of events that follow from what they tell of: the same each time, so that consumers see them once. */
import { createHash } from 'node:crypto';

/** A UUID of version 8, RFC 9562, section 5.8: its bits are the caller's own, here a hash. */
export function stableEventId(...parts: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  const variant = ((parseInt(hash[16]!, 16) & 0x3) | 0x8).toString(16);
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `${variant}${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-');
}
