/**
 * Message ids: random UUIDs in one piece of memory. Those of `node:crypto` are put together from parts that stay
 * in memory as long as the id, several hundred bytes each, which is too much for a million queued messages.
 */
import { randomFillSync } from 'node:crypto';

const ID_BYTES = 16;
const pool = Buffer.allocUnsafe(ID_BYTES * 256);
let used = pool.length;

const text = Buffer.alloc(36, '-');
/** Where the two digits of each byte go, between the hyphens. */
const PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;
const DIGITS = Buffer.from('0123456789abcdef');

/** A UUID of version 4. https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-4 */
export function newMessageId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  pool[used + 6] = (pool[used + 6]! & 0x0f) | 0x40;
  pool[used + 8] = (pool[used + 8]! & 0x3f) | 0x80;
  for (let index = 0; index < ID_BYTES; index++) {
    const byte = pool[used + index]!;
    const place = PLACES[index]!;
    text[place] = DIGITS[byte >> 4]!;
    text[place + 1] = DIGITS[byte & 0x0f]!;
  }
  used += ID_BYTES;
  return text.toString('latin1');
}
