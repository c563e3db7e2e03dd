import { createHash } from 'node:crypto';

/** Ten letters and digits, as API Gateway's ids, the same in every run. */
export function shortId(seed: string): string {
  return BigInt(`0x${createHash('sha256').update(seed).digest('hex').slice(0, 16)}`)
    .toString(36)
    .padStart(10, '0')
    .slice(0, 10);
}
