/** The eventId of a message from a system that gives none: the same each time the message comes. */
import { createHash } from 'node:crypto';

/** Milliseconds since the epoch that fit into a UUIDv7. */
const MAX_TIME = 2 ** 48 - 1;

/**
 * A UUIDv7 with a time of the message's own, and a hash of what makes it the same in the place of random bits.
 *
 * @param system who wrote it, so that two systems with the same keys don't meet
 * @param key what the system itself tells its messages apart by
 * @param time of the message, in milliseconds since the epoch. It must come with the message: with the time of its
 * receipt the id would be another one at each delivery.
 *
 * @example
 * deterministicEventId('warehouse', `${sku}/${countNumber}`, Date.parse(countedAt))
 */
export function deterministicEventId(system: string, key: string, time: number): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([system, key]))
    .digest('hex');
  const milliseconds = Number.isFinite(time) ? Math.min(Math.max(Math.floor(time), 0), MAX_TIME) : 0;
  const stamp = milliseconds.toString(16).padStart(12, '0');
  const variant = ((parseInt(hash[3]!, 16) & 0x3) | 0x8).toString(16);
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}-7${hash.slice(0, 3)}-${variant}${hash.slice(4, 7)}-${hash.slice(7, 19)}`;
}
