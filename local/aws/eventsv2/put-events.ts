/** PutEvents and PutRawEvents: what is refused as a whole, what per entry, what is a duplicate, and what is stored. */
import { createHash, randomUUID } from 'node:crypto';
import type { AwsContext } from '../context.ts';
import { isRecord, parseObject } from '../json.ts';
import { retentionStart } from './buses.ts';
import { invalidInput } from './errors.ts';
import { type Input, oneOf, optionalText, optionalTime, record, records } from './input.ts';
import { DEDUPLICATION_MS, MAX_ENTRIES, MAX_ID_LENGTH } from './limits.ts';
import type { CustomEventBus, StoredEvent } from './model.ts';
import type { EventsV2State } from './state.ts';

type Result =
  | { readonly EventId: string; readonly SequenceNumber: string; readonly SuccessCode: SuccessCode }
  | { readonly ErrorCode: string; readonly ErrorMessage: string };
type SuccessCode = 'PUBLISHED' | 'DEDUPLICATED';

export interface PutEventsOutput {
  readonly FailedEntryCount: number;
  readonly Entries: readonly Result[];
}

/** An entry as both actions have it. */
interface Entry {
  readonly data: string;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly systemMetadata: Readonly<Record<string, string>>;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
}

/** Remembers what came in during the last five minutes. */
export interface Deduplication {
  find(key: string): StoredEvent | undefined;
  add(key: string, event: StoredEvent): void;
}

export function createDeduplication(context: AwsContext): Deduplication {
  const known = new Map<string, StoredEvent>();
  const forget = () => {
    const oldest = context.clock.now() - DEDUPLICATION_MS;
    for (const [key, { at }] of known) {
      if (at > oldest) return;
      known.delete(key);
    }
  };
  return {
    find(key) {
      forget();
      return known.get(key);
    },
    add: (key, event) => void known.set(key, event),
  };
}

/** Stores each entry that is accepted. */
export function acceptEvents(
  context: AwsContext,
  state: EventsV2State,
  bus: CustomEventBus,
  action: 'PutEvents' | 'PutRawEvents',
  input: Input,
  deduplication: Deduplication,
): PutEventsOutput {
  const entries = records(input, 'Entries');
  if (entries.length === 0 || entries.length > MAX_ENTRIES) {
    throw invalidInput(
      `1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and ${MAX_ENTRIES}`,
    );
  }
  const byContent =
    oneOf(record(input['DeduplicationConfiguration']), 'DeduplicationType', ['CONTENT_BASED'], undefined) !==
    undefined;
  forgetOldEvents(context, state, bus);
  const results = entries.map((given): Result => {
    // Known before the entry is read, as it is part of the envelope.
    const id = randomUUID();
    const entry = action === 'PutEvents' ? readEntry(context, given, id) : readRawEntry(given);
    if (typeof entry === 'string') return { ErrorCode: 'InvalidInputException', ErrorMessage: entry };
    const key = deduplicationKey(bus, given, entry, byContent);
    const known = key === undefined ? undefined : deduplication.find(key);
    if (known !== undefined) {
      context.events.emit({
        kind: 'deduplicated',
        service: 'eventsv2',
        resourceArn: bus.arn,
        messageId: known.id,
      });
      return result(known, 'DEDUPLICATED');
    }
    const event = store(context, state, bus, id, entry);
    if (key !== undefined) deduplication.add(key, event);
    return result(event, 'PUBLISHED');
  });
  const FailedEntryCount = results.filter((one) => 'ErrorCode' in one).length;
  return { FailedEntryCount, Entries: results };
}

const result = ({ id, sequence }: StoredEvent, SuccessCode: SuccessCode): Result => ({
  EventId: id,
  SequenceNumber: sequenceNumber(sequence),
  SuccessCode,
});

/** As in SQS: digits of one length, so that they sort as texts. */
const sequenceNumber = (sequence: number): string => String(sequence).padStart(20, '0');

function store(
  context: AwsContext,
  state: EventsV2State,
  bus: CustomEventBus,
  id: string,
  entry: Entry,
): StoredEvent {
  const at = context.clock.now();
  const sequence = ++bus.lastSequence;
  const { groupId, deduplicationId } = entry;
  const event: StoredEvent = {
    sequence,
    id,
    at,
    data: entry.data,
    metadata: entry.metadata,
    systemMetadata: {
      ContentType: entry.contentType,
      ...entry.systemMetadata,
      ...(groupId === undefined ? {} : { EventGroupId: groupId }),
      ...(deduplicationId === undefined ? {} : { DeduplicationId: deduplicationId }),
      'aws:EventId': id,
      'aws:IngestionTime': wholeSeconds(at),
      'aws:SequenceNumber': sequenceNumber(sequence),
    },
    groupId,
    deduplicationId,
  };
  bus.events.push(event);
  state.saveEvent(bus, event);
  state.saveBus(bus);
  context.events.emit({ kind: 'published', service: 'eventsv2', resourceArn: bus.arn, messageId: id });
  return event;
}

/** The entry, or what is wrong with it. */
function readEntry(context: AwsContext, input: Input, id: string): Entry | string {
  const source = optionalText(input, 'Source') ?? '';
  const detailType = optionalText(input, 'DetailType') ?? '';
  const detail = optionalText(input, 'Detail') ?? '{}';
  if (source === '' || detailType === '') return 'Source and DetailType must not be empty.';
  if (source.startsWith('aws.')) return 'The source prefix aws. is reserved.';
  if (parseObject(detail) === undefined) return 'Detail is not a JSON object.';
  const ids = readIds(record(input['SystemMetadata']));
  if (typeof ids === 'string') return ids;
  const head = {
    version: '0',
    id,
    'detail-type': detailType,
    source,
    account: context.accountId,
    time: wholeSeconds(optionalTime(input, 'Time') ?? context.clock.now()),
    region: context.region,
    resources: [input['Resources'] ?? []].flat(),
  };
  return {
    ...ids,
    // The detail goes in as it came, so that its numbers keep their spelling.
    data: `${JSON.stringify(head).slice(0, -1)},"detail":${detail}}`,
    contentType: 'application/eventbridge+json',
    metadata: {},
    systemMetadata: { 'aws:Source': source, 'aws:DetailType': detailType },
  };
}

/** JSON alone: this embedded AWS decodes neither Avro nor Protobuf, and keeps no raw bytes. */
function readRawEntry(input: Input): Entry | string {
  const system = record(input['SystemMetadata']);
  const contentType = optionalText(system, 'ContentType') ?? '';
  if (!/^application\/(?:[a-z.-]+\+)?json$/.test(contentType)) {
    return `The embedded AWS takes JSON, not the content type '${contentType}'.`;
  }
  const data = Buffer.from(optionalText(input, 'Data') ?? '', 'base64').toString('utf8');
  try {
    JSON.parse(data);
  } catch {
    return 'Data is not JSON.';
  }
  const metadata = input['Metadata'] ?? {};
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== 'string')) {
    return 'Metadata must be a map of texts.';
  }
  const ids = readIds(system);
  if (typeof ids === 'string') return ids;
  return { ...ids, data, contentType, metadata: metadata as Record<string, string>, systemMetadata: {} };
}

function readIds(system: Input): Pick<Entry, 'groupId' | 'deduplicationId'> | string {
  const groupId = optionalText(system, 'EventGroupId');
  const deduplicationId = optionalText(system, 'DeduplicationId');
  for (const [name, id] of Object.entries({ EventGroupId: groupId, DeduplicationId: deduplicationId })) {
    if (id !== undefined && (id.trim() === '' || id.length > MAX_ID_LENGTH)) {
      return `SystemMetadata.${name} must have 1 to ${MAX_ID_LENGTH} characters.`;
    }
  }
  return { groupId, deduplicationId };
}

/** Of the bus and, where there is one, of the event group. Everybody here is one account. */
function deduplicationKey(
  bus: CustomEventBus,
  given: Input,
  { groupId, deduplicationId }: Entry,
  byContent: boolean,
): string | undefined {
  const id = byContent ? createHash('sha256').update(JSON.stringify(given)).digest('hex') : deduplicationId;
  return id === undefined ? undefined : JSON.stringify([bus.arn, groupId, id]);
}

function forgetOldEvents(context: AwsContext, state: EventsV2State, bus: CustomEventBus): void {
  const start = retentionStart(context, bus);
  const kept = bus.events.findIndex(({ at }) => at >= start);
  const old = bus.events.splice(0, kept === -1 ? bus.events.length : kept);
  if (old.length > 0) state.forgetEvents(bus, old);
}

/** ISO time in whole seconds, as events carry it. */
function wholeSeconds(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
