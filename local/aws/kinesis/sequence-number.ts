/**
 * Sequence numbers: unique in a stream, rising in a shard, higher in a child than in its parents. They are decimal
 * texts of 56 digits, as AWS's are. This one is built so that it says which record of which shard it belongs to:
 *
 *   bits 184-187  147-183            112-146     48-111        16-47          0-15
 *   the digit 2   the shard's birth  zero        ordinal       shard index    zero
 */
const LEADING_DIGIT = 2n << 184n;
const BIRTH_SHIFT = 147n;
const ORDINAL_SHIFT = 48n;
const ORDINAL_MASK = (1n << 64n) - 1n;
const SHARD_SHIFT = 16n;
const SHARD_MASK = (1n << 32n) - 1n;

export interface SequencePosition {
  /** Seconds since the epoch at which the shard opened. */
  readonly birth: number;
  readonly shardIndex: number;
  /** 0 is where the shard begins, 1 its first record. */
  readonly ordinal: number;
}

export function sequenceNumber({ birth, shardIndex, ordinal }: SequencePosition): string {
  return (
    LEADING_DIGIT |
    (BigInt(birth) << BIRTH_SHIFT) |
    (BigInt(ordinal) << ORDINAL_SHIFT) |
    (BigInt(shardIndex) << SHARD_SHIFT)
  ).toString();
}

/** Undefined for what no shard can have given out. */
export function readSequenceNumber(text: string): SequencePosition | undefined {
  if (!/^[1-9]\d{0,59}$/.test(text)) return undefined;
  const value = BigInt(text);
  if (value >> 184n !== 2n) return undefined;
  return {
    birth: Number((value >> BIRTH_SHIFT) & ((1n << 37n) - 1n)),
    shardIndex: Number((value >> SHARD_SHIFT) & SHARD_MASK),
    ordinal: Number((value >> ORDINAL_SHIFT) & ORDINAL_MASK),
  };
}
