/** Archives: which events are kept, and the actions on them. */
import type { AwsContext } from '../context.ts';
import { flattenEvent } from '../../../lib/matching/index.ts';
import { alreadyExists, notFound, validationError } from './errors.ts';
import { checkName, type Input, optionalNumber, optionalText, requiredText, pageOf } from './input.ts';
import type { Archive, ArchivedEvent, BusEvent, EventBus } from './model.ts';
import { readEventPattern } from './rule-input.ts';
import { type EventsState, existingBus } from './state.ts';

const DAY_MS = 86_400_000;
/** API_CreateArchive.html */
const MAX_NAME_LENGTH = 48;

export function createArchive(context: AwsContext, state: EventsState, input: Input) {
  const name = requiredText(input, 'ArchiveName');
  checkName(name, 'archiveName', MAX_NAME_LENGTH);
  const bus = existingBus(state, requiredText(input, 'EventSourceArn'));
  if (state.archives.has(name)) throw alreadyExists(`Archive ${name} already exists.`);
  const archive: Archive = {
    name,
    arn: `arn:aws:events:${context.region}:${context.accountId}:archive/${name}`,
    busArn: bus.arn,
    createdAt: context.clock.now(),
    events: [],
    description: undefined,
    eventPattern: undefined,
    pattern: undefined,
    retentionDays: 0,
    kmsKeyIdentifier: undefined,
  };
  change(archive, input);
  state.archives.set(name, archive);
  state.saveArchive(archive);
  return { ArchiveArn: archive.arn, State: 'ENABLED', CreationTime: archive.createdAt / 1_000 };
}

export function updateArchive(state: EventsState, input: Input) {
  const members = ['EventPattern', 'RetentionDays', 'Description', 'KmsKeyIdentifier'];
  if (members.every((name) => input[name] === undefined)) {
    throw validationError('At least one of EventPattern, RetentionDays or Description must be provided.');
  }
  const archive = existingArchive(state, requiredText(input, 'ArchiveName'));
  change(archive, input);
  state.saveArchive(archive);
  return { ArchiveArn: archive.arn, State: 'ENABLED', CreationTime: archive.createdAt / 1_000 };
}

function change(archive: Archive, input: Input): void {
  const eventPattern = optionalText(input, 'EventPattern');
  if (eventPattern !== undefined) {
    archive.pattern = readEventPattern(eventPattern);
    archive.eventPattern = eventPattern;
  }
  archive.description = optionalText(input, 'Description') ?? archive.description;
  archive.retentionDays = optionalNumber(input, 'RetentionDays') ?? archive.retentionDays;
  archive.kmsKeyIdentifier = optionalText(input, 'KmsKeyIdentifier') ?? archive.kmsKeyIdentifier;
}

export function describeArchive(context: AwsContext, state: EventsState, input: Input) {
  return describe(context, state, existingArchive(state, requiredText(input, 'ArchiveName')));
}

function describe(context: AwsContext, state: EventsState, archive: Archive) {
  const events = keptEvents(context, state, archive);
  return {
    ArchiveName: archive.name,
    ArchiveArn: archive.arn,
    EventSourceArn: archive.busArn,
    State: 'ENABLED',
    RetentionDays: archive.retentionDays,
    EventCount: events.length,
    SizeBytes: events.reduce((sum, { bytes }) => sum + bytes, 0),
    CreationTime: archive.createdAt / 1_000,
    ...(archive.description === undefined ? {} : { Description: archive.description }),
    ...(archive.eventPattern === undefined ? {} : { EventPattern: archive.eventPattern }),
    ...(archive.kmsKeyIdentifier === undefined ? {} : { KmsKeyIdentifier: archive.kmsKeyIdentifier }),
  };
}

export function listArchives(context: AwsContext, state: EventsState, input: Input) {
  const prefix = optionalText(input, 'NamePrefix') ?? '';
  const busArn = optionalText(input, 'EventSourceArn');
  const all = [...state.archives.values()].filter(
    (archive) => archive.name.startsWith(prefix) && (busArn === undefined || archive.busArn === busArn),
  );
  const { items, next } = pageOf(all, input);
  return {
    Archives: items.map((archive) => {
      const { ArchiveArn: _arn, ...listed } = describe(context, state, archive);
      return listed;
    }),
    ...next,
  };
}

export function deleteArchive(state: EventsState, input: Input): void {
  const archive = existingArchive(state, requiredText(input, 'ArchiveName'));
  state.archives.delete(archive.name);
  state.deleteArchive(archive);
}

export function existingArchive(state: EventsState, name: string): Archive {
  const archive = state.archives.get(name);
  if (!archive) throw notFound(`Archive ${name} does not exist.`);
  return archive;
}

/** Keeps an event in the archives of its bus. Replayed events are not archived again. */
export function archiveEvent(context: AwsContext, state: EventsState, bus: EventBus, event: BusEvent): void {
  if (state.archives.size === 0 || event['replay-name'] !== undefined) return;
  const fields = flattenEvent({ ...event });
  for (const archive of state.archives.values()) {
    if (archive.busArn !== bus.arn) continue;
    if (archive.pattern && !archive.pattern.matches(fields)) continue;
    const bytes = Buffer.byteLength(JSON.stringify(event));
    const archived = { at: context.clock.now(), event, bytes };
    archive.events.push(archived);
    state.saveArchived(archive, archived);
  }
}

/** The events whose retention has not ended. Forgets the others. */
export function keptEvents(
  context: AwsContext,
  state: EventsState,
  archive: Archive,
): readonly ArchivedEvent[] {
  if (archive.retentionDays > 0) {
    const oldest = context.clock.now() - archive.retentionDays * DAY_MS;
    const firstKept = archive.events.findIndex(({ at }) => at >= oldest);
    const expired = archive.events.splice(0, firstKept < 0 ? archive.events.length : firstKept);
    state.forgetArchived(archive, expired);
  }
  return archive.events;
}
