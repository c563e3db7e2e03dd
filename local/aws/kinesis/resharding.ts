/** SplitShard, MergeShards and UpdateShardCount. */
import type { AwsContext } from '../context.ts';
import { invalidArgument, limitExceeded, resourceInUse, validation } from './errors.ts';
import { findShard } from './get-records.ts';
import { requiredText, wholeNumber, type Input } from './input.ts';
import { DAY_MILLISECONDS, SHARD_COUNT_MAXIMUM, SHARD_COUNT_UPDATES_PER_DAY } from './limits.ts';
import { readHashKey } from './put-records.ts';
import { rangeOf, type Stream } from './stream.ts';
import type { Streams } from './streams.ts';

export interface Resharding {
  readonly splitShard: (input: Input) => void;
  readonly mergeShards: (input: Input) => void;
  readonly updateShardCount: (input: Input) => Record<string, unknown>;
}

export function createResharding({ clock, accountId }: AwsContext, streams: Streams): Resharding {
  const provisioned = (input: Input): Stream => {
    const stream = streams.of(input);
    if (stream.data.mode === 'PROVISIONED') return stream;
    throw validation(
      `Request is invalid. Stream ${stream.data.name} under account ${accountId} is in On-Demand mode.`,
    );
  };

  const openShard = (stream: Stream, id: string) => {
    const shard = findShard(stream, id, accountId);
    if (!shard.closed) return shard;
    throw resourceInUse(`Shard ${id} in stream ${stream.data.name} under account ${accountId} is closed.`);
  };

  /** Readers of the closed shards have to hear that they ended. */
  const changed = (stream: Stream): void => {
    streams.keep(stream);
    for (const shard of stream.shards) if (shard.closed) streams.changed(stream, shard.id);
  };

  return {
    splitShard(input) {
      const stream = provisioned(input);
      const shard = openShard(stream, requiredText(input, 'ShardToSplit'));
      const start = readHashKey(requiredText(input, 'NewStartingHashKey'), 'NewStartingHashKey');
      const { from, to } = rangeOf(shard.data);
      if (start <= from + 1n || start >= to) {
        throw invalidArgument(
          `NewStartingHashKey ${start} used in SplitShard() on shard ${shard.id} in stream ${stream.data.name} under account ${accountId} is not both greater than one plus the shard's StartingHashKey ${from} and less than the shard's EndingHashKey ${to}.`,
        );
      }
      stream.split(shard, start, clock.now());
      changed(stream);
    },
    mergeShards(input) {
      const stream = provisioned(input);
      const shard = openShard(stream, requiredText(input, 'ShardToMerge'));
      const adjacent = openShard(stream, requiredText(input, 'AdjacentShardToMerge'));
      const [a, b] = [rangeOf(shard.data), rangeOf(adjacent.data)];
      if (a.to + 1n !== b.from && b.to + 1n !== a.from) {
        throw invalidArgument(
          `Shards ${shard.id} and ${adjacent.id} in stream ${stream.data.name} under account ${accountId} are not an adjacent pair of shards eligible for merging`,
        );
      }
      stream.merge(shard, adjacent, clock.now());
      changed(stream);
    },
    updateShardCount(input) {
      const stream = provisioned(input);
      const type = requiredText(input, 'ScalingType');
      if (type !== 'UNIFORM_SCALING') {
        throw validation(
          `1 validation error detected: Value '${type}' at 'scalingType' failed to satisfy constraint: Member must satisfy enum value set: [UNIFORM_SCALING]`,
        );
      }
      const count = stream.openShards().length;
      const target = wholeNumber(input, 'TargetShardCount', 1, SHARD_COUNT_MAXIMUM, undefined);
      if (target === undefined) throw invalidArgument('TargetShardCount is required.');
      if (target > count * 2 || target < count / 2) {
        throw limitExceeded(
          `UpdateShardCount cannot scale ${target > count ? 'up over double' : 'down below half'} your current open shard count. Current open shard count: ${count} Target shard count: ${target}`,
        );
      }
      const now = clock.now();
      const recent = stream.data.shardCountUpdates.filter((time) => now - time < DAY_MILLISECONDS);
      if (recent.length >= SHARD_COUNT_UPDATES_PER_DAY) {
        throw limitExceeded(
          `UpdateShardCount has been called ${SHARD_COUNT_UPDATES_PER_DAY} times in the last 24 hours for stream ${stream.data.name} under account ${accountId}.`,
        );
      }
      stream.data.shardCountUpdates = [...recent, now];
      stream.scaleTo(target, now);
      changed(stream);
      return {
        StreamName: stream.data.name,
        StreamARN: stream.data.arn,
        CurrentShardCount: count,
        TargetShardCount: target,
      };
    },
  };
}
