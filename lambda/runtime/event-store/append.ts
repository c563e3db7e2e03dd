/** Appends events: one statement, however many. */
import type { Queryable } from '../postgres/query.ts';
import { exceedsMaxEventBytes, MAX_EVENT_BYTES } from '../outbox/limits.ts';
import type { EncodedMessage } from '../types.ts';
import { EventStoreError, explained, VersionConflict } from './errors.ts';
import type { Appended } from './types.ts';

export interface EventToAppend {
  readonly message: EncodedMessage;
  /** Undefined: an event of no stream. */
  readonly stream: string | undefined;
}

const APPEND = `
select outcome, event_id::text as "eventId", stream, version::float8 as version, position::float8 as position,
  to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "recordedAt"
from event_store_append($1::text, $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
  $9::text[], $10::text[])`;

interface AppendRow extends Omit<Appended, 'isNew'> {
  readonly outcome: 'appended' | 'known' | 'conflict';
}

/**
 * | eventIds known | expectedVersion | |
 * |---|---|---|
 * | none | not given, or the stream's | appended |
 * | none | another | VersionConflict |
 * | all | any | what was answered the first time |
 * | some | not given | the known keep their place, the others are appended |
 * | some | given | VersionConflict: it is not the same append |
 *
 * @returns in the order given; of an eventId given twice, the same twice
 */
export async function appendMessages(
  tx: Queryable,
  events: readonly EventToAppend[],
  expectedVersion?: number,
): Promise<Appended[]> {
  if (events.length === 0) return [];
  const unique = new Map<string, EventToAppend>();
  for (const event of events) {
    refuseTooLarge(event.message);
    const eventId = event.message.eventId.toLowerCase();
    if (!unique.has(eventId)) unique.set(eventId, event);
  }
  const rows = await call(tx, [...unique.values()], expectedVersion);
  const [first] = rows;
  if (first?.outcome === 'conflict') {
    throw new VersionConflict(first.stream ?? '', expectedVersion ?? 0, first.version ?? 0);
  }
  const byId = new Map(
    rows.map(({ outcome, ...row }) => [row.eventId, { ...row, isNew: outcome === 'appended' }]),
  );
  return events.map(({ message }) => byId.get(message.eventId.toLowerCase())!);
}

async function call(
  tx: Queryable,
  events: readonly EventToAppend[],
  expectedVersion: number | undefined,
): Promise<readonly AppendRow[]> {
  const column = (of: (event: EventToAppend) => string): string[] => events.map(of);
  try {
    const { rows } = await tx.query(APPEND, [
      expectedVersion === undefined ? '' : String(expectedVersion),
      column(({ message }) => message.eventId),
      column(({ stream }) => stream ?? ''),
      column(({ message }) => message.tenantId),
      column(({ message }) => message.eventType),
      column(({ message }) => message.eventVersion),
      column(({ message }) => message.source),
      column(({ message }) => message.priority),
      column(({ message }) => message.orderingKey),
      column(({ message }) => message.body),
    ]);
    return rows as AppendRow[];
  } catch (error) {
    throw explained(error);
  }
}

function refuseTooLarge({ eventType, eventId, body }: EncodedMessage): void {
  if (!exceedsMaxEventBytes(body)) return;
  throw new EventStoreError(
    'WAYBILL_EVENT_STORE_EVENT_TOO_LARGE',
    `event ${eventType} ${eventId} has ${Buffer.byteLength(body)} bytes; at most ${MAX_EVENT_BYTES} can be stored: put the large part into S3 and its address into the event`,
  );
}
