/** Ids that follow from an order's: the same each time, so that a repeated step makes the same thing. */
import { createHash } from 'node:crypto';

const LENGTH = 24;

/** @param prefix - what it is the id of, such as `pay` */
export function derivedId(prefix: string, orderId: string): string {
  return `${prefix}_${createHash('sha256').update(`${prefix} ${orderId}`).digest('hex').slice(0, LENGTH)}`;
}
