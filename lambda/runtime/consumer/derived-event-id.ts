/** The eventId of an event that follows from another one: the same each time the other one is handled. */
import { createHash } from 'node:crypto';

/**
 * A UUIDv7 with the time of the cause and, in the place of random bits, a hash of what makes the event the
 * same: cause, consumer, type, and its number among those of one handling.
 */
export function derivedEventId(
  causeId: string,
  consumer: string,
  eventType: string,
  ordinal: number,
): string {
  const hash = createHash('sha256').update(`${causeId} ${consumer} ${eventType} ${ordinal}`).digest('hex');
  const time = causeId.slice(0, 13);
  const variant = ((parseInt(hash[3]!, 16) & 0x3) | 0x8).toString(16);
  return `${time}-7${hash.slice(0, 3)}-${variant}${hash.slice(4, 7)}-${hash.slice(7, 19)}`;
}
