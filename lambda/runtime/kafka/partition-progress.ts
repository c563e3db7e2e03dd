/** What of a partition was taken and what is done: records finish in any order, offsets are committed in theirs. */
export interface PartitionProgress {
  /** False for a record that was taken before: after a rebalance the client reads again what is not committed. */
  take(offset: bigint, leaderEpoch: number): boolean;
  done(offset: bigint): void;
  /** Records taken and not behind the position. */
  readonly open: number;
  /** The position to commit: everything before it is done. Undefined when nothing is new since `committed`. */
  position(): Position | undefined;
  committed(position: Position): void;
}

export interface Position {
  readonly offset: bigint;
  readonly leaderEpoch: number;
}

export function partitionProgress(): PartitionProgress {
  const open: { readonly offset: bigint; readonly leaderEpoch: number; done: boolean }[] = [];
  const byOffset = new Map<bigint, { done: boolean }>();
  let next = -1n;
  let reached: Position | undefined;
  let committed = -1n;
  return {
    take(offset, leaderEpoch) {
      if (offset < next) return false;
      next = offset + 1n;
      const entry = { offset, leaderEpoch, done: false };
      open.push(entry);
      byOffset.set(offset, entry);
      return true;
    },
    done(offset) {
      const entry = byOffset.get(offset);
      if (entry === undefined) return;
      entry.done = true;
      let finished = 0;
      for (const { offset: at, leaderEpoch, done } of open) {
        if (!done) break;
        finished += 1;
        byOffset.delete(at);
        reached = { offset: at + 1n, leaderEpoch };
      }
      open.splice(0, finished);
    },
    get open() {
      return open.length;
    },
    position: () => (reached !== undefined && reached.offset > committed ? reached : undefined),
    committed({ offset }) {
      if (offset > committed) committed = offset;
    },
  };
}
