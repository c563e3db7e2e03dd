/**
 * One stream: what changed in a table, in order, for 24 hours. It is one shard, open until the stream is disabled.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
 */
import type { AwsContext } from '../../context.ts';
import type { Collection } from '../../state/index.ts';
import type { Item, KeySchemaElement, StreamViewType } from '../model.ts';

/** Records live this long. Streams.html, "Data retention limit for DynamoDB Streams" */
export const RETENTION_MILLISECONDS = 24 * 60 * 60 * 1000;

/** Sequence numbers are 21 to 40 digits of text. API_streams_StreamRecord.html */
const FIRST_SEQUENCE_NUMBER = 100_000_000_000_000_000_000n;

/** A change of one item. API_streams_Record.html */
export interface StreamRecord {
  readonly eventID: string;
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly eventVersion: '1.1';
  readonly eventSource: 'aws:dynamodb';
  readonly awsRegion: string;
  readonly dynamodb: {
    /** Whole seconds since the epoch. */
    readonly ApproximateCreationDateTime: number;
    readonly Keys: Item;
    readonly NewImage?: Item;
    readonly OldImage?: Item;
    readonly SequenceNumber: string;
    readonly SizeBytes: number;
    readonly StreamViewType: StreamViewType;
  };
  /** Set when DynamoDB itself deleted the item, because its time to live was over. */
  readonly userIdentity?: { readonly Type: 'Service'; readonly PrincipalId: 'dynamodb.amazonaws.com' };
}

/** What a write tells the stream. */
export interface Change {
  readonly keys: Item;
  readonly before: Item | undefined;
  readonly after: Item | undefined;
  readonly byTimeToLive: boolean;
}

/** What is kept of a stream itself. */
export interface StreamDescription {
  readonly arn: string;
  readonly label: string;
  readonly tableName: string;
  readonly keySchema: readonly KeySchemaElement[];
  readonly viewType: StreamViewType;
  readonly shardId: string;
  readonly createdAt: number;
  /** Undefined while the stream is on. */
  readonly disabledAt: number | undefined;
}

/** A record with when it came, by the clock. */
export interface KeptRecord {
  readonly at: number;
  readonly record: StreamRecord;
}

/** A place in the shard: the number of the record to read next, counted from 0 when the stream was made. */
export type Position = number;

export interface StreamLog {
  readonly description: () => StreamDescription;
  /** The place of the oldest record that is still there. */
  oldest(): Position;
  /** The place after the newest record. */
  end(): Position;
  at(position: Position): KeptRecord | undefined;
  append(change: Change): void;
  disable(): void;
  /** Calls `listener` soon after records came in or the stream was disabled: once per burst, in a microtask. */
  onChange(listener: () => void): () => void;
  /** Forgets records that are over 24 hours old. */
  trim(): void;
  forget(): void;
}

export function sequenceNumberOf(position: Position): string {
  return String(FIRST_SEQUENCE_NUMBER + BigInt(position));
}

/** Undefined for text that is no sequence number of ours. */
export function positionOf(sequenceNumber: string): Position | undefined {
  if (!/^\d{21,40}$/.test(sequenceNumber)) return undefined;
  const position = Number(BigInt(sequenceNumber) - FIRST_SEQUENCE_NUMBER);
  return position >= 0 ? position : undefined;
}

/** `kept` is what an earlier process left of this stream, oldest first. */
export function createStreamLog(
  context: Pick<AwsContext, 'clock' | 'region' | 'state'>,
  initial: StreamDescription,
  store: { readonly streams: Collection<StreamDescription>; readonly records: Collection<KeptRecord> },
  sizeOf: (item: Item) => number,
  kept: readonly KeptRecord[] = [],
): StreamLog {
  let description = initial;
  let records: KeptRecord[] = [...kept];
  // Records before `head` were trimmed; they leave the array in large steps only.
  let head = 0;
  let firstPosition = kept[0] === undefined ? 0 : (positionOf(kept[0].record.dynamodb.SequenceNumber) ?? 0);
  const listeners = new Set<() => void>();
  let announced = false;

  const storeKey = (position: Position) => `${description.arn}#${position}`;
  const announce = () => {
    if (announced || listeners.size === 0) return;
    announced = true;
    queueMicrotask(() => {
      announced = false;
      for (const listener of listeners) listener();
    });
  };

  const log: StreamLog = {
    description: () => description,
    oldest: () => firstPosition + head,
    end: () => firstPosition + records.length,
    at: (position) => records[position - firstPosition],
    append(change) {
      log.trim();
      const { viewType } = description;
      const withNew = viewType === 'NEW_IMAGE' || viewType === 'NEW_AND_OLD_IMAGES';
      const withOld = viewType === 'OLD_IMAGE' || viewType === 'NEW_AND_OLD_IMAGES';
      const newImage = withNew ? change.after : undefined;
      const oldImage = withOld ? change.before : undefined;
      const position = log.end();
      const at = context.clock.now();
      const eventName =
        change.before === undefined ? 'INSERT' : change.after === undefined ? 'REMOVE' : 'MODIFY';
      const entry: KeptRecord = {
        at,
        record: {
          eventID: eventId(description.arn, position),
          eventName,
          eventVersion: '1.1',
          eventSource: 'aws:dynamodb',
          awsRegion: context.region,
          dynamodb: {
            ApproximateCreationDateTime: Math.floor(at / 1000),
            Keys: change.keys,
            ...(newImage && { NewImage: newImage }),
            ...(oldImage && { OldImage: oldImage }),
            SequenceNumber: sequenceNumberOf(position),
            SizeBytes:
              sizeOf(change.keys) + (newImage ? sizeOf(newImage) : 0) + (oldImage ? sizeOf(oldImage) : 0),
            StreamViewType: viewType,
          },
          ...(change.byTimeToLive && {
            userIdentity: { Type: 'Service', PrincipalId: 'dynamodb.amazonaws.com' } as const,
          }),
        },
      };
      records.push(entry);
      if (context.state.persistent) store.records.put(storeKey(position), entry);
      announce();
    },
    disable() {
      description = { ...description, disabledAt: context.clock.now() };
      store.streams.put(description.arn, description);
      announce();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    trim() {
      const oldestKept = context.clock.now() - RETENTION_MILLISECONDS;
      while (head < records.length && (records[head]?.at ?? 0) < oldestKept) {
        if (context.state.persistent) store.records.delete(storeKey(firstPosition + head));
        head++;
      }
      if (head > 1024 && head * 2 > records.length) {
        records = records.slice(head);
        firstPosition += head;
        head = 0;
      }
    },
    forget() {
      for (let position = log.oldest(); position < log.end(); position++)
        store.records.delete(storeKey(position));
      store.streams.delete(description.arn);
      listeners.clear();
    },
  };
  return log;
}

/** 32 hexadecimal digits, different for each record. Cheap: two rounds of a 32-bit hash and the place. */
function eventId(arn: string, position: Position): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < arn.length; index++) hash = Math.imul(hash ^ arn.charCodeAt(index), 0x01000193);
  const mixed = Math.imul(hash ^ position, 0x9e3779b1);
  return [hash, mixed, Math.imul(mixed, 0x85ebca6b), position]
    .map((part) => (part >>> 0).toString(16).padStart(8, '0'))
    .join('');
}
