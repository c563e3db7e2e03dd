/** A small seeded generator, so that the same seed makes the same workload on every machine. */

export interface Random {
  /** At least 0, below 1. */
  next(): number;
  /** A whole number, at least 0, below `below`. */
  whole(below: number): number;
  /** A version 4 UUID. */
  uuid(): string;
}

/** Mulberry32: 32 bits of state, good enough to deal cards, not to keep secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (below: number): number => Math.floor(next() * below);
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => whole(16).toString(16)).join('');
  return {
    next,
    whole,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[whole(4)]}${hex(3)}-${hex(12)}`,
  };
}
