/** A counter of free places: how many messages may be in work at a time. */
export interface Slots {
  /** Waits until at least `minimum` places are free and takes up to `maximum` of them. Zero after `close`. */
  take(minimum: number, maximum: number): Promise<number>;
  give(count: number): void;
  /** Nobody waits and nothing is taken any more. */
  close(): void;
}

export function createSlots(total: number): Slots {
  const state = { free: total, closed: false };
  const waiting: (() => void)[] = [];
  return {
    async take(minimum, maximum) {
      while (state.free < minimum && !state.closed) {
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
      if (state.closed) return 0;
      const taken = Math.min(state.free, maximum);
      state.free -= taken;
      return taken;
    },
    give(count) {
      state.free += count;
      waiting.shift()?.();
    },
    close() {
      state.closed = true;
      for (const wake of waiting.splice(0)) wake();
    },
  };
}
