/** Hash keys: which place in the range of 128 bits a record has, and how shards divide that range. */
import { createHash } from 'node:crypto';

/** The highest hash key. */
export const HIGHEST_HASH_KEY = (1n << 128n) - 1n;

export interface HashKeyRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** https://docs.aws.amazon.com/streams/latest/dev/key-concepts.html#partition-key: the MD5 of the partition key. */
export function hashKeyOf(partitionKey: string): bigint {
  return BigInt(`0x${createHash('md5').update(partitionKey).digest('hex')}`);
}

/** The whole range in so many parts of the same size, as near as whole numbers allow. */
export function evenRanges(count: number): readonly HashKeyRange[] {
  const size = (HIGHEST_HASH_KEY + 1n) / BigInt(count);
  return Array.from({ length: count }, (_, index) => ({
    from: size * BigInt(index),
    to: index === count - 1 ? HIGHEST_HASH_KEY : size * BigInt(index + 1) - 1n,
  }));
}
