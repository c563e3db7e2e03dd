/** GetLogEvents and FilterLogEvents. */
import { invalidParameter, optionalText, requiredText, textList, wholeNumber, type Input } from './errors.ts';
import { parseFilterPattern } from './filter-pattern.ts';
import { MAXIMUM_ANSWER_BYTES, MAXIMUM_ANSWER_EVENTS } from './limits.ts';
import type { LogEvent, LogGroup, LogStream } from './model.ts';
import type { LogStore } from './store.ts';

/** Digits of an event id, as AWS shows it. */
const EVENT_ID_LENGTH = 56;

/** The group an input names: by name, or by name or ARN in `logGroupIdentifier`. */
export function groupOf(store: LogStore, input: Input): LogGroup {
  const identifier = optionalText(input, 'logGroupIdentifier');
  if (identifier === undefined) return store.group(requiredText(input, 'logGroupName'));
  return store.group(/^arn:[^:]*:logs:[^:]*:[^:]*:log-group:([^:]+)/.exec(identifier)?.[1] ?? identifier);
}

export function getLogEvents(store: LogStore, input: Input): unknown {
  const group = groupOf(store, input);
  const stream = store.stream(group, requiredText(input, 'logStreamName'));
  store.expire(group);
  const limit = wholeNumber(input, 'limit', 1, MAXIMUM_ANSWER_EVENTS, MAXIMUM_ANSWER_EVENTS);
  const events = stream.events.filter(withinTime(input));
  const token = optionalText(input, 'nextToken');
  const position = token === undefined ? undefined : parseToken(token);

  let found: readonly LogEvent[];
  if (position?.direction === 'f')
    found = head(
      events.filter((event) => compare(event, position) > 0),
      limit,
    );
  else if (position)
    found = tail(
      events.filter((event) => compare(event, position) < 0),
      limit,
    );
  else found = input['startFromHead'] === true ? head(events, limit) : tail(events, limit);

  const first = found[0] ?? position ?? { timestamp: 0, order: 0 };
  const last = found.at(-1) ?? position ?? { timestamp: 0, order: 0 };
  return {
    events: found.map(({ timestamp, message, ingestionTime }) => ({ timestamp, message, ingestionTime })),
    // The same token comes back when there is nothing more: that is how a reader knows the end.
    nextForwardToken: `f/${tokenText(last)}`,
    nextBackwardToken: `b/${tokenText(first)}`,
  };
}

export function filterLogEvents(store: LogStore, input: Input): unknown {
  const group = groupOf(store, input);
  store.expire(group);
  const names = textList(input, 'logStreamNames');
  const prefix = optionalText(input, 'logStreamNamePrefix');
  if (names.length > 0 && prefix !== undefined) {
    throw invalidParameter('logStreamNames and logStreamNamePrefix can not be given together.');
  }
  const streams =
    names.length > 0
      ? names.map((name) => store.stream(group, name))
      : [...group.streams.values()].filter(({ name }) => name.startsWith(prefix ?? ''));
  const limit = wholeNumber(input, 'limit', 1, MAXIMUM_ANSWER_EVENTS, MAXIMUM_ANSWER_EVENTS);
  const token = optionalText(input, 'nextToken');
  const after = token === undefined ? undefined : parseToken(token);
  const pattern = parseFilterPattern(optionalText(input, 'filterPattern') ?? '');
  const wanted = withinTime(input);

  const matched = streams
    .flatMap((stream) => stream.events.filter(wanted).map((event) => ({ stream, event })))
    .filter(
      ({ event }) => (after === undefined || compare(event, after) > 0) && pattern.matches(event.message),
    )
    .toSorted((a, b) => compare(a.event, b.event));
  const count = head(
    matched.map(({ event }) => event),
    limit,
  ).length;
  const last = matched[count - 1]?.event;
  return {
    events: matched.slice(0, count).map(({ stream, event }) => shown(stream, event)),
    searchedLogStreams: [],
    ...(count < matched.length && last && { nextToken: `f/${tokenText(last)}` }),
  };
}

function shown(stream: LogStream, { timestamp, message, ingestionTime, order }: LogEvent) {
  return { logStreamName: stream.name, timestamp, message, ingestionTime, eventId: eventId(order) };
}

export function eventId(order: number): string {
  return String(order).padStart(EVENT_ID_LENGTH, '0');
}

function withinTime(input: Input): (event: LogEvent) => boolean {
  const start = wholeNumber(input, 'startTime', 0, Number.MAX_SAFE_INTEGER, 0);
  const end = wholeNumber(input, 'endTime', 0, Number.MAX_SAFE_INTEGER, Infinity);
  return ({ timestamp }) => timestamp >= start && timestamp < end;
}

function head(events: readonly LogEvent[], limit: number): readonly LogEvent[] {
  return events.slice(0, fitting(events, limit));
}

function tail(events: readonly LogEvent[], limit: number): readonly LogEvent[] {
  const count = fitting(events.toReversed(), limit);
  return count === 0 ? [] : events.slice(-count);
}

/** How many events from the front go into one answer. */
function fitting(events: readonly LogEvent[], limit: number): number {
  let bytes = 0;
  for (const [index, { message }] of events.entries()) {
    bytes += Buffer.byteLength(message);
    if (index >= limit || (bytes > MAXIMUM_ANSWER_BYTES && index > 0)) return index;
  }
  return events.length;
}

type Position = Pick<LogEvent, 'timestamp' | 'order'>;

function compare(a: Position, b: Position): number {
  return a.timestamp - b.timestamp || a.order - b.order;
}

function tokenText({ timestamp, order }: Position): string {
  return `${String(timestamp).padStart(20, '0')}${String(order).padStart(36, '0')}/s`;
}

function parseToken(token: string): Position & { readonly direction: 'f' | 'b' } {
  const [, direction, timestamp, order] = /^([fb])\/(\d{20})(\d{36})\/s$/.exec(token) ?? [];
  if (direction !== 'f' && direction !== 'b') throw invalidParameter('The specified nextToken is invalid.');
  return { direction, timestamp: Number(timestamp), order: Number(order) };
}
