/** How far each shard was processed, for one mapping or pipe; kept in the state directory. */
import type { AwsContext } from '../context.ts';

export interface Checkpoint {
  /** Everything up to this record is done. */
  readonly sequenceNumber?: string;
  /** The shard is closed and done with, or was closed before reading began. */
  readonly ended?: boolean;
  /** Reading began here, at the newest record: milliseconds since the epoch. */
  readonly since?: number;
}

export interface Checkpoints {
  get(shardId: string): Checkpoint | undefined;
  put(shardId: string, checkpoint: Checkpoint): void;
  /** True while nothing was ever put. */
  empty(): boolean;
  clear(): void;
}

export interface CheckpointStore {
  /** The checkpoints of a mapping or pipe. */
  of(owner: string): Checkpoints;
}

/** @param collection e.g. `lambda.checkpoints`. */
export function createCheckpointStore({ state }: AwsContext, collection: string): CheckpointStore {
  const kept = state.collection<Checkpoint>(collection);
  const owners = new Map<string, Map<string, Checkpoint>>();
  const shardsOf = (owner: string): Map<string, Checkpoint> => {
    const shards = owners.get(owner) ?? new Map<string, Checkpoint>();
    owners.set(owner, shards);
    return shards;
  };
  const SEPARATOR = ' ';
  for (const [key, checkpoint] of kept.entries()) {
    const [owner = '', shardId = ''] = key.split(SEPARATOR);
    shardsOf(owner).set(shardId, checkpoint);
  }
  return {
    of: (owner) => ({
      get: (shardId) => shardsOf(owner).get(shardId),
      put(shardId, checkpoint) {
        shardsOf(owner).set(shardId, checkpoint);
        if (state.persistent) kept.put(owner + SEPARATOR + shardId, checkpoint);
      },
      empty: () => shardsOf(owner).size === 0,
      clear() {
        for (const shardId of shardsOf(owner).keys()) kept.delete(owner + SEPARATOR + shardId);
        owners.delete(owner);
      },
    }),
  };
}
