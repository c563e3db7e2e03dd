/** Every stream of the account: found by name, ARN or both, kept in the state directory, and trimmed by age. */
import type { AwsContext } from '../context.ts';
import { invalidArgument, streamNotFound, validation } from './errors.ts';
import { optionalText, type Input } from './input.ts';
import type { Shard, StoredRecord } from './shard.ts';
import { createStream, type Stream, type StreamData } from './stream.ts';

const HOUR_MILLISECONDS = 3_600_000;

export interface Streams {
  /** The stream that `StreamName` or `StreamARN` names. Expired records are gone from it. */
  of(input: Input): Stream;
  byName(name: string): Stream | undefined;
  byArn(arn: string): Stream;
  all(): readonly Stream[];
  arnOf(name: string): string;
  add(data: StreamData): Stream;
  remove(stream: Stream): void;
  /** Keeps a stream whose data changed. */
  keep(stream: Stream): void;
  keepRecord(stream: Stream, shard: Shard, record: StoredRecord): void;
  /** Adds a listener for records put and shards closed; the returned function removes it. */
  observe(streamArn: string, listener: (shardId: string) => void): () => void;
  changed(stream: Stream, shardId: string): void;
}

interface KeptRecord extends StoredRecord {
  readonly stream: string;
  readonly shard: number;
}

export function createStreams(context: AwsContext): Streams {
  const { accountId, region, clock, state } = context;
  const byName = new Map<string, Stream>();
  const listeners = new Map<string, Set<(shardId: string) => void>>();
  const keptStreams = state.collection<StreamData>('kinesis.streams');
  const keptRecords = state.collection<KeptRecord>('kinesis.records');
  const recordKey = (stream: Stream, shard: Shard, ordinal: number): string =>
    `${stream.data.name}/${shard.data.index}/${ordinal}`;

  for (const [name, data] of keptStreams.entries()) byName.set(name, createStream({ ...data }));
  for (const [, { stream, shard, ...record }] of keptRecords.entries()) {
    byName
      .get(stream)
      ?.shards.find(({ data }) => data.index === shard)
      ?.restore(record);
  }

  const trim = (stream: Stream): Stream => {
    const before = clock.now() - stream.data.retentionHours * HOUR_MILLISECONDS;
    let any = false;
    for (const shard of stream.shards) {
      for (const ordinal of shard.trim(before)) {
        any = true;
        if (state.persistent) keptRecords.delete(recordKey(stream, shard, ordinal));
      }
    }
    const count = stream.shards.length;
    stream.forgetEmptyShards(before);
    if (any || count !== stream.shards.length) keptStreams.put(stream.data.name, stream.data);
    return stream;
  };

  const existing = (name: string): Stream => {
    const stream = byName.get(name);
    if (!stream) throw streamNotFound(name, accountId);
    return trim(stream);
  };

  const streams: Streams = {
    of(input) {
      const name = optionalText(input, 'StreamName');
      const arn = optionalText(input, 'StreamARN');
      if (arn === undefined) {
        if (name === undefined) {
          throw invalidArgument('StreamARN or StreamName is required to be provided.');
        }
        return existing(name);
      }
      const stream = streams.byArn(arn);
      if (name !== undefined && name !== stream.data.name) {
        throw invalidArgument('StreamName and StreamARN do not name the same stream.');
      }
      return stream;
    },
    byName: (name) => byName.get(name),
    byArn(arn) {
      const name = /^arn:aws[\w-]*:kinesis:[^:]*:\d{12}:stream\/([a-zA-Z0-9_.-]+)$/.exec(arn)?.[1];
      if (name === undefined) {
        throw validation(
          `1 validation error detected: Value '${arn}' at 'streamARN' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+`,
        );
      }
      return existing(name);
    },
    all: () => [...byName.values()],
    arnOf: (name) => `arn:aws:kinesis:${region}:${accountId}:stream/${name}`,
    add(data) {
      const stream = createStream(data);
      byName.set(data.name, stream);
      keptStreams.put(data.name, data);
      return stream;
    },
    remove(stream) {
      byName.delete(stream.data.name);
      keptStreams.delete(stream.data.name);
      if (state.persistent) {
        for (const shard of stream.shards) {
          for (const ordinal of shard.trim(Infinity)) {
            keptRecords.delete(recordKey(stream, shard, ordinal));
          }
        }
      }
    },
    keep: (stream) => keptStreams.put(stream.data.name, stream.data),
    keepRecord(stream, shard, record) {
      if (!state.persistent) return;
      keptRecords.put(recordKey(stream, shard, record.ordinal), {
        ...record,
        stream: stream.data.name,
        shard: shard.data.index,
      });
    },
    observe(streamArn, listener) {
      const set = listeners.get(streamArn) ?? new Set();
      listeners.set(streamArn, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0) listeners.delete(streamArn);
      };
    },
    changed(stream, shardId) {
      for (const listener of listeners.get(stream.data.arn) ?? []) listener(shardId);
    },
  };
  return streams;
}
