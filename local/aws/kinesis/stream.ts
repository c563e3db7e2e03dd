/** One stream: its settings and shards, where a record goes, and how shards are split and merged. */
import { evenRanges, type HashKeyRange } from './hash-key.ts';
import { createShard, type Shard, type ShardData } from './shard.ts';

export type StreamMode = 'PROVISIONED' | 'ON_DEMAND';

/** What lasts of a stream, its records aside. */
export interface StreamData {
  readonly name: string;
  readonly arn: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  mode: StreamMode;
  retentionHours: number;
  maxRecordSizeKiB: number;
  distribution: 'AUTO' | 'USER_PARTITION_KEY';
  /** Undefined while records are not encrypted. */
  keyId: string | undefined;
  warmThroughputMiBps: number | undefined;
  enhancedMetrics: readonly string[];
  tags: Readonly<Record<string, string>>;
  policy: string | undefined;
  /** When the shard count and the mode were changed last, in milliseconds since the epoch. */
  shardCountUpdates: readonly number[];
  modeUpdates: readonly number[];
  readonly shards: ShardData[];
}

export interface Stream {
  readonly data: StreamData;
  /** In the order in which they came, closed ones included. */
  readonly shards: readonly Shard[];
  shardFor(hashKey: bigint): Shard;
  openShards(): readonly Shard[];
  /** Closes a shard; two children take its range from and up to this hash key. */
  split(shard: Shard, newStartingHashKey: bigint, now: number): void;
  /** Closes two adjacent shards; one child takes both ranges. */
  merge(shard: Shard, adjacent: Shard, now: number): void;
  /** Splits and merges until the ranges are even. */
  scaleTo(count: number, now: number): void;
  /** Forgets closed shards whose records have all expired. */
  forgetEmptyShards(before: number): void;
}

export function rangeOf({ from, to }: ShardData): HashKeyRange {
  return { from: BigInt(from), to: BigInt(to) };
}

export function createStream(data: StreamData): Stream {
  const maximumRecordBytes = (): number => data.maxRecordSizeKiB * 1024;
  const shards: Shard[] = data.shards.map((each) => createShard(each, maximumRecordBytes));
  let open: readonly { readonly shard: Shard; readonly range: HashKeyRange }[] = [];

  const sortOpen = (): void => {
    open = shards
      .filter(({ closed }) => !closed)
      .map((shard) => ({ shard, range: rangeOf(shard.data) }))
      .toSorted((a, b) => (a.range.from < b.range.from ? -1 : 1));
  };

  const openShard = (range: HashKeyRange, now: number, parents: readonly Shard[]): Shard => {
    const seconds = Math.floor(now / 1000);
    const [parent, adjacent] = parents;
    const shard: ShardData = {
      index: (shards.at(-1)?.data.index ?? -1) + 1,
      from: String(range.from),
      to: String(range.to),
      // A child's sequence numbers are higher than its parents', however soon it follows.
      birth: parents.reduce((latest, { data: each }) => Math.max(latest, each.birth + 1), seconds),
      parentIndex: parent?.data.index,
      adjacentParentIndex: adjacent?.data.index,
      closedAt: undefined,
      closedTime: undefined,
      trimmedTo: 0,
    };
    data.shards.push(shard);
    const created = createShard(shard, maximumRecordBytes);
    shards.push(created);
    return created;
  };

  const split = (shard: Shard, at: bigint, now: number): void => {
    const { from, to } = rangeOf(shard.data);
    shard.close(now);
    openShard({ from, to: at - 1n }, now, [shard]);
    openShard({ from: at, to }, now, [shard]);
    sortOpen();
  };

  const merge = (shard: Shard, adjacent: Shard, now: number): void => {
    const [a, b] = [rangeOf(shard.data), rangeOf(adjacent.data)];
    shard.close(now);
    adjacent.close(now);
    openShard({ from: a.from < b.from ? a.from : b.from, to: a.to > b.to ? a.to : b.to }, now, [
      shard,
      adjacent,
    ]);
    sortOpen();
  };

  sortOpen();
  return {
    data,
    shards,
    shardFor(hashKey) {
      let low = 0;
      let high = open.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >>> 1;
        const entry = open[middle];
        if (entry && entry.range.from <= hashKey) low = middle;
        else high = middle - 1;
      }
      const found = open[low];
      if (!found) throw new Error(`the stream ${data.name} has no open shard`);
      return found.shard;
    },
    openShards: () => open.map(({ shard }) => shard),
    split,
    merge,
    scaleTo(count, now) {
      const wanted = evenRanges(count);
      for (const { from } of wanted) {
        const cut = open.find(({ range }) => range.from < from && from <= range.to);
        if (cut) split(cut.shard, from, now);
      }
      for (const { from, to } of wanted) {
        for (;;) {
          const [first, second] = open.filter(({ range }) => range.from >= from && range.to <= to);
          if (!first || !second) break;
          merge(first.shard, second.shard, now);
        }
      }
    },
    forgetEmptyShards(before) {
      for (let position = shards.length - 1; position >= 0; position--) {
        const shard = shards[position];
        const closedTime = shard?.data.closedTime;
        if (!shard || closedTime === undefined || closedTime >= before) continue;
        if (shard.trimHorizon !== shard.nextOrdinal) continue;
        shards.splice(position, 1);
        data.shards.splice(data.shards.indexOf(shard.data), 1);
      }
    },
  };
}

/** The shards of a new stream. */
export function firstShards(count: number, now: number): ShardData[] {
  return evenRanges(count).map(({ from, to }, index) => ({
    index,
    from: String(from),
    to: String(to),
    birth: Math.floor(now / 1000),
    parentIndex: undefined,
    adjacentParentIndex: undefined,
    closedAt: undefined,
    closedTime: undefined,
    trimmedTo: 0,
  }));
}
