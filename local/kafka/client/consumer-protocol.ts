/** What the members of a consumer group tell each other: who wants which topics, and who gets which partitions. */
import { array, int16, int32, string, struct, type Codec } from '../wire/codec.ts';
import { createReader } from '../wire/reader.ts';
import { createWriter } from '../wire/writer.ts';

/** Version 0 of both messages, which every client reads; user data is left out. */
const VERSION = 0;
const subscription = struct({ version: int16, topics: array(string), userData: int32 });
const assignment = struct({
  version: int16,
  topics: array(struct({ topic: string, partitions: array(int32) })),
  userData: int32,
});
const NO_USER_DATA = -1;

export interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

export function encodeSubscription(topics: readonly string[]): Buffer {
  return encode(subscription, { version: VERSION, topics, userData: NO_USER_DATA });
}

export function decodeSubscription(bytes: Buffer): readonly string[] {
  return subscription.read(createReader(bytes, 0, VERSION, false)).topics;
}

export function encodeAssignment(topics: readonly TopicPartitions[]): Buffer {
  return encode(assignment, { version: VERSION, topics, userData: NO_USER_DATA });
}

/** A member that gets nothing may be sent no bytes at all. */
export function decodeAssignment(bytes: Buffer): readonly TopicPartitions[] {
  return bytes.length === 0 ? [] : assignment.read(createReader(bytes, 0, VERSION, false)).topics;
}

function encode<Value>(codec: Codec<Value>, value: Value): Buffer {
  const writer = createWriter(VERSION, false);
  codec.write(writer, value);
  const [, ...chunks] = writer.message();
  return Buffer.concat(chunks);
}

export interface Subscriber {
  readonly memberId: string;
  readonly topics: readonly string[];
}

/** Kafka's `range` assignor: of each topic, members in the order of their ids get neighbouring partitions. */
export function assignRanges(
  members: readonly Subscriber[],
  partitionsOf: ReadonlyMap<string, number>,
): ReadonlyMap<string, readonly TopicPartitions[]> {
  const assigned = new Map<string, TopicPartitions[]>(members.map(({ memberId }) => [memberId, []]));
  for (const [topic, count] of partitionsOf) {
    const readers = members
      .filter(({ topics }) => topics.includes(topic))
      .map(({ memberId }) => memberId)
      .sort();
    let next = 0;
    for (const [index, memberId] of readers.entries()) {
      const share = Math.floor(count / readers.length) + (index < count % readers.length ? 1 : 0);
      const partitions = Array.from({ length: share }, (_, offset) => next + offset);
      next += share;
      if (share > 0) assigned.get(memberId)?.push({ topic, partitions });
    }
  }
  return assigned;
}
