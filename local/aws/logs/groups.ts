/** Log groups and streams: made, described, tagged, kept for so many days, deleted. */
import type { AwsContext } from '../context.ts';
import { page } from '../paging.ts';
import {
  alreadyExists,
  invalidParameter,
  notFound,
  optionalText,
  requiredText,
  textList,
  wholeNumber,
  type Input,
} from './errors.ts';
import { MAXIMUM_PAGE, RETENTION_DAYS } from './limits.ts';
import type { LogGroup, LogStream } from './model.ts';
import { groupOf } from './read-events.ts';
import type { LogStore } from './store.ts';

const CLASSES: readonly string[] = ['STANDARD', 'INFREQUENT_ACCESS', 'DELIVERY'];

export interface Groups {
  readonly actions: Readonly<Record<string, (input: Input) => unknown>>;
  /** The group's stream; both are made when they are missing. */
  open(groupName: string, streamName: string): { readonly group: LogGroup; readonly stream: LogStream };
  /** Keeps the group as it is now. */
  changed(group: LogGroup): void;
}

/** A group as it outlives the process: without streams and events. */
interface KeptGroup {
  readonly createdAt: number;
  readonly retentionDays?: number;
  readonly kmsKeyId?: string;
  readonly logGroupClass: string;
  readonly tags: Readonly<Record<string, string>>;
}

export function createGroups(context: AwsContext, store: LogStore): Groups {
  const kept = context.state.collection<KeptGroup>('logs.groups');
  const arnOf = (name: string) => `arn:aws:logs:${context.region}:${context.accountId}:log-group:${name}`;

  const newGroup = (name: string, about: KeptGroup): LogGroup => {
    const group: LogGroup = {
      name,
      arn: arnOf(name),
      createdAt: about.createdAt,
      retentionDays: about.retentionDays,
      kmsKeyId: about.kmsKeyId,
      logGroupClass: about.logGroupClass,
      tags: new Map(Object.entries(about.tags)),
      streams: new Map(),
      metricFilters: new Map(),
      subscriptionFilters: new Map(),
    };
    store.groups.set(name, group);
    return group;
  };

  const changed = (group: LogGroup): void =>
    kept.put(group.name, {
      createdAt: group.createdAt,
      ...(group.retentionDays !== undefined && { retentionDays: group.retentionDays }),
      ...(group.kmsKeyId !== undefined && { kmsKeyId: group.kmsKeyId }),
      logGroupClass: group.logGroupClass,
      tags: Object.fromEntries(group.tags),
    });

  const createGroup = (name: string, about: Omit<KeptGroup, 'createdAt'>): LogGroup => {
    const group = newGroup(checkedGroupName(name), { createdAt: context.clock.now(), ...about });
    changed(group);
    return group;
  };

  const createStream = (group: LogGroup, name: string): LogStream => {
    if (!/^[^:*]{1,512}$/.test(name)) {
      throw invalidParameter(
        `1 validation error detected: Value '${name}' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*`,
      );
    }
    const stream: LogStream = {
      name,
      arn: `${group.arn}:log-stream:${name}`,
      createdAt: context.clock.now(),
      events: [],
      lastIngestionTime: undefined,
    };
    group.streams.set(name, stream);
    return stream;
  };

  const tagged = (input: Input): LogGroup => {
    const arn = requiredText(input, 'resourceArn').replace(/:\*$/, '');
    const group = [...store.groups.values()].find((one) => one.arn === arn);
    if (!group) throw notFound('The specified resource does not exist.');
    return group;
  };

  const tag = (group: LogGroup, input: Input): void => {
    for (const [key, value] of Object.entries((input['tags'] ?? {}) as Record<string, string>)) {
      group.tags.set(key, value);
    }
    changed(group);
  };

  const untag = (group: LogGroup, keys: readonly string[]): void => {
    for (const key of keys) group.tags.delete(key);
    changed(group);
  };

  for (const [name, about] of kept.entries()) newGroup(name, about);

  return {
    changed,
    open(groupName, streamName) {
      const group =
        store.groups.get(groupName) ?? createGroup(groupName, { logGroupClass: 'STANDARD', tags: {} });
      return { group, stream: group.streams.get(streamName) ?? createStream(group, streamName) };
    },
    actions: {
      CreateLogGroup(input) {
        const name = requiredText(input, 'logGroupName');
        if (store.groups.has(name)) throw alreadyExists('log group');
        const logGroupClass = optionalText(input, 'logGroupClass') ?? 'STANDARD';
        if (!CLASSES.includes(logGroupClass))
          throw invalidParameter(`logGroupClass must be one of ${CLASSES.join(', ')}.`);
        const kmsKeyId = optionalText(input, 'kmsKeyId');
        const tags = (input['tags'] ?? {}) as Record<string, string>;
        createGroup(name, { logGroupClass, tags, ...(kmsKeyId !== undefined && { kmsKeyId }) });
      },
      DeleteLogGroup(input) {
        const group = store.group(requiredText(input, 'logGroupName'));
        store.groups.delete(group.name);
        for (const stream of group.streams.values()) store.clear(stream);
        kept.delete(group.name);
      },
      DescribeLogGroups(input) {
        const prefix = optionalText(input, 'logGroupNamePrefix');
        const pattern = optionalText(input, 'logGroupNamePattern');
        if (prefix !== undefined && pattern !== undefined) {
          throw invalidParameter(
            'LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.',
          );
        }
        const wanted = [...store.groups.values()]
          .filter(({ name }) => name.startsWith(prefix ?? ''))
          .filter(({ name }) => name.toLowerCase().includes((pattern ?? '').toLowerCase()))
          .toSorted((a, b) => (a.name < b.name ? -1 : 1));
        const { items, next } = pageOf(wanted, input);
        for (const group of items) store.expire(group);
        return { logGroups: items.map(shownGroup), ...next };
      },
      PutRetentionPolicy(input) {
        const group = store.group(requiredText(input, 'logGroupName'));
        const days = Number(input['retentionInDays']);
        if (!RETENTION_DAYS.includes(days)) {
          throw invalidParameter(
            `1 validation error detected: Value '${String(input['retentionInDays'])}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [${RETENTION_DAYS.join(', ')}]`,
          );
        }
        group.retentionDays = days;
        changed(group);
      },
      DeleteRetentionPolicy(input) {
        const group = store.group(requiredText(input, 'logGroupName'));
        group.retentionDays = undefined;
        changed(group);
      },
      CreateLogStream(input) {
        const group = store.group(requiredText(input, 'logGroupName'));
        const name = requiredText(input, 'logStreamName');
        if (group.streams.has(name)) throw alreadyExists('log stream');
        createStream(group, name);
      },
      DeleteLogStream(input) {
        const group = store.group(requiredText(input, 'logGroupName'));
        const stream = store.stream(group, requiredText(input, 'logStreamName'));
        group.streams.delete(stream.name);
        store.clear(stream);
      },
      DescribeLogStreams(input) {
        const group = groupOf(store, input);
        store.expire(group);
        const { items, next } = pageOf(orderedStreams(group, input), input);
        return { logStreams: items.map(shownStream), ...next };
      },
      TagResource: (input) => tag(tagged(input), input),
      UntagResource: (input) => untag(tagged(input), textList(input, 'tagKeys')),
      ListTagsForResource: (input) => ({ tags: Object.fromEntries(tagged(input).tags) }),
      TagLogGroup: (input) => tag(store.group(requiredText(input, 'logGroupName')), input),
      UntagLogGroup: (input) =>
        untag(store.group(requiredText(input, 'logGroupName')), textList(input, 'tags')),
      ListTagsLogGroup: (input) => ({
        tags: Object.fromEntries(store.group(requiredText(input, 'logGroupName')).tags),
      }),
    },
  };
}

/** One page by `limit` and `nextToken`. */
export function pageOf<Item>(items: readonly Item[], input: Input) {
  const paged = page(items, {
    size: wholeNumber(input, 'limit', 1, MAXIMUM_PAGE, MAXIMUM_PAGE),
    token: optionalText(input, 'nextToken'),
    invalidToken: () => invalidParameter('The specified nextToken is invalid.'),
  });
  const { NextToken } = paged.next;
  return { items: paged.items, next: NextToken === undefined ? {} : { nextToken: NextToken } };
}

function checkedGroupName(name: string): string {
  if (/^[\w./#-]{1,512}$/.test(name)) return name;
  throw invalidParameter(
    String.raw`1 validation error detected: Value '${name}' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+`,
  );
}

function orderedStreams(group: LogGroup, input: Input): LogStream[] {
  const prefix = optionalText(input, 'logStreamNamePrefix');
  const byTime = input['orderBy'] === 'LastEventTime';
  if (byTime && prefix !== undefined) {
    throw invalidParameter('Cannot order by LastEventTime with a logStreamNamePrefix.');
  }
  const lastTime = ({ events }: LogStream) => events.at(-1)?.timestamp ?? 0;
  const streams = [...group.streams.values()]
    .filter(({ name }) => name.startsWith(prefix ?? ''))
    .toSorted((a, b) => (byTime ? lastTime(a) - lastTime(b) : a.name < b.name ? -1 : 1));
  return input['descending'] === true ? streams.toReversed() : streams;
}

function shownGroup(group: LogGroup) {
  return {
    logGroupName: group.name,
    creationTime: group.createdAt,
    ...(group.retentionDays !== undefined && { retentionInDays: group.retentionDays }),
    metricFilterCount: group.metricFilters.size,
    arn: `${group.arn}:*`,
    logGroupArn: group.arn,
    storedBytes: [...group.streams.values()].reduce((sum, stream) => sum + bytesOf(stream), 0),
    ...(group.kmsKeyId !== undefined && { kmsKeyId: group.kmsKeyId }),
    logGroupClass: group.logGroupClass,
  };
}

function shownStream(stream: LogStream) {
  const { name, arn, createdAt, events, lastIngestionTime } = stream;
  return {
    logStreamName: name,
    creationTime: createdAt,
    ...(events[0] && { firstEventTimestamp: events[0].timestamp }),
    ...(events.length > 0 && { lastEventTimestamp: events.at(-1)?.timestamp }),
    ...(lastIngestionTime !== undefined && { lastIngestionTime }),
    uploadSequenceToken: String(createdAt),
    arn,
    // AWS has shown 0 for streams since 2019.
    storedBytes: 0,
  };
}

function bytesOf({ events }: LogStream): number {
  return events.reduce((sum, { message }) => sum + Buffer.byteLength(message), 0);
}
