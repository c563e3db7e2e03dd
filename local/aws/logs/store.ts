/**
 * The events that are kept: in order within their stream, no longer than their group's retention, and all
 * together within a bound of memory.
 */
import type { AwsContext } from '../context.ts';
import { groupNotFound, streamNotFound } from './errors.ts';
import { KEPT_CHARACTERS } from './limits.ts';
import type { LogEvent, LogGroup, LogStream } from './model.ts';

const DAY = 24 * 60 * 60 * 1000;

/** An event as a writer hands it in. */
export interface InputLogEvent {
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly message: string;
}

export interface LogStore {
  readonly groups: Map<string, LogGroup>;
  /** @throws AwsError ResourceNotFoundException */
  group(name: string): LogGroup;
  stream(group: LogGroup, name: string): LogStream;
  /** Keeps events; returns them as kept. */
  add(stream: LogStream, events: readonly InputLogEvent[]): readonly LogEvent[];
  /** Takes all events out of a stream. */
  clear(stream: LogStream): void;
  /** Takes out what is older than the group's retention. Before every reading. */
  expire(group: LogGroup): void;
}

export function createLogStore(context: AwsContext): LogStore {
  const groups = new Map<string, LogGroup>();
  /** Which streams took how many events, the oldest first: the order in which events make room. */
  let arrivals: { readonly stream: LogStream; readonly count: number }[] = [];
  let firstArrival = 0;
  let characters = 0;
  let lastOrder = 0;

  const drop = (stream: LogStream, count: number): void => {
    for (const { message } of stream.events.splice(0, count)) characters -= message.length;
  };

  const makeRoom = (): void => {
    if (characters <= KEPT_CHARACTERS) return;
    for (const { stream, count } of arrivals.slice(firstArrival)) {
      if (characters <= KEPT_CHARACTERS) break;
      drop(stream, count);
      firstArrival++;
    }
    if (firstArrival > 1024 && firstArrival > arrivals.length / 2) {
      arrivals = arrivals.slice(firstArrival);
      firstArrival = 0;
    }
  };

  return {
    groups,
    group(name) {
      const group = groups.get(name);
      if (!group) throw groupNotFound();
      return group;
    },
    stream(group, name) {
      const stream = group.streams.get(name);
      if (!stream) throw streamNotFound();
      return stream;
    },
    add(stream, events) {
      const now = context.clock.now();
      const kept = events.map(({ timestamp, message }): LogEvent => {
        characters += message.length;
        return { timestamp, message, ingestionTime: now, order: ++lastOrder };
      });
      const first = kept[0];
      if (!first) return kept;
      const inOrder = (stream.events.at(-1)?.timestamp ?? -Infinity) <= first.timestamp;
      stream.events.push(...kept);
      if (!inOrder) stream.events.sort((a, b) => a.timestamp - b.timestamp || a.order - b.order);
      stream.lastIngestionTime = now;
      arrivals.push({ stream, count: kept.length });
      makeRoom();
      return kept;
    },
    clear: (stream) => drop(stream, stream.events.length),
    expire(group) {
      if (group.retentionDays === undefined) return;
      const oldest = context.clock.now() - group.retentionDays * DAY;
      for (const stream of group.streams.values()) {
        const count = stream.events.findIndex(({ timestamp }) => timestamp >= oldest);
        if (count !== 0) drop(stream, count < 0 ? stream.events.length : count);
      }
    },
  };
}
