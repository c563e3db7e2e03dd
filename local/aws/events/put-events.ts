/** PutEvents: what is refused as a whole, what per entry, and the event that goes on to the bus. */
import { randomUUID } from 'node:crypto';

import type { AwsContext } from '../context.ts';
import { parseObject } from '../json.ts';
import { parseExact } from '../../../lib/matching/index.ts';
import { validationError } from './errors.ts';
import { type Input, optionalText, optionalTime, records, texts } from './input.ts';
import { MAX_ENTRIES, MAX_ENTRIES_BYTES, TIME_BYTES } from './limits.ts';
import type { BusEvent, EventBus } from './model.ts';
import { type EventsState, findBus } from './state.ts';

export interface PutEventsOutput {
  readonly FailedEntryCount: number;
  readonly Entries: readonly (
    | { readonly EventId: string }
    | { readonly ErrorCode: string; readonly ErrorMessage: string }
  )[];
}

/** An event and the bus it goes to. An event for a bus that does not exist is accepted and lost, as on AWS. */
export interface AcceptedEvent {
  readonly bus: EventBus | undefined;
  readonly event: BusEvent;
}

export function acceptEvents(
  context: AwsContext,
  state: EventsState,
  input: Input,
  /** Only AWS services may use the sources that begin with `aws.`. */
  fromService = false,
): { readonly output: PutEventsOutput; readonly accepted: readonly AcceptedEvent[] } {
  const entries = records(input, 'Entries');
  checkRequest(entries);
  const accepted: AcceptedEvent[] = [];
  const results = entries.map((entry) => {
    const error = entryError(entry, fromService);
    if (error) return error;
    const event = toEvent(context, entry);
    accepted.push({ bus: findBus(state, optionalText(entry, 'EventBusName')), event });
    return { EventId: event.id };
  });
  const FailedEntryCount = results.filter((result) => 'ErrorCode' in result).length;
  return { output: { FailedEntryCount, Entries: results }, accepted };
}

function checkRequest(entries: readonly Input[]): void {
  if (entries.length === 0 || entries.length > MAX_ENTRIES) {
    const bound =
      entries.length === 0 ? 'greater than or equal to 1' : `less than or equal to ${MAX_ENTRIES}`;
    throw validationError(
      `1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length ${bound}`,
    );
  }
  const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
  if (bytes > MAX_ENTRIES_BYTES) {
    throw validationError('Total size of the entries in the request is over the limit.');
  }
}

/** The size of an entry. eventbridge/latest/userguide/eb-putevents.html, "Calculating event entry size" */
function entryBytes(entry: Input): number {
  const members = ['Source', 'DetailType', 'Detail'].map((name) => optionalText(entry, name) ?? '');
  return [...members, ...texts(entry, 'Resources')].reduce(
    (sum, text) => sum + Buffer.byteLength(text),
    entry['Time'] === undefined ? 0 : TIME_BYTES,
  );
}

function entryError(
  entry: Input,
  fromService: boolean,
): { ErrorCode: string; ErrorMessage: string } | undefined {
  for (const name of ['Source', 'DetailType', 'Detail']) {
    if (!optionalText(entry, name)) {
      const ErrorMessage = `Parameter ${name} is not valid. Reason: ${name} is a required argument.`;
      return { ErrorCode: 'InvalidArgument', ErrorMessage };
    }
  }
  if (!fromService && optionalText(entry, 'Source')?.startsWith('aws.')) {
    return {
      ErrorCode: 'NotAuthorizedForSourceException',
      ErrorMessage: 'Not authorized for the source.',
    };
  }
  if (!parseDetail(entry)) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  return undefined;
}

function toEvent(context: AwsContext, entry: Input): BusEvent {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': optionalText(entry, 'DetailType') ?? '',
    source: optionalText(entry, 'Source') ?? '',
    account: context.accountId,
    time: eventTime(optionalTime(entry, 'Time') ?? context.clock.now()),
    region: context.region,
    resources: texts(entry, 'Resources'),
    detail: parseDetail(entry) ?? {},
  };
}

/** ISO time in whole seconds, as events carry it. */
export function eventTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

function parseDetail(entry: Input): Record<string, unknown> | undefined {
  return parseObject(optionalText(entry, 'Detail') ?? '', parseExact);
}
