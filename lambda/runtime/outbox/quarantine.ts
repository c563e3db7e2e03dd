/** Rows that can never be published: found without parsing what is in order, set aside, and released by hand. */
import { isContractError, parseEnvelope } from '../../../lib/contracts/index.ts';
import type { Queryable } from '../postgres/query.ts';
import { exceedsMaxEventBytes, MAX_EVENT_BYTES } from './limits.ts';
import type { OutboxRow } from './rows.ts';

export interface Fault {
  readonly code: 'EVENT_TOO_LARGE' | 'EVENT_UNREADABLE' | 'EVENT_MISMATCHED';
  readonly message: string;
}

/** What no consumer could use. Undefined for a row in order. */
export function faultOf(row: OutboxRow): Fault | undefined {
  if (exceedsMaxEventBytes(row.body)) {
    return {
      code: 'EVENT_TOO_LARGE',
      message: `${Buffer.byteLength(row.body)} bytes, at most ${MAX_EVENT_BYTES} can be sent`,
    };
  }
  // Only rows that something else than `enqueue` wrote are parsed.
  if (beginsAsEncoded(row)) return undefined;
  try {
    const envelope = parseEnvelope(row.body);
    if (envelope.eventId === row.eventId && envelope.eventType === row.eventType) {
      return envelope.tenantId === row.tenantId ? undefined : mismatch('tenantId');
    }
    return mismatch(envelope.eventId === row.eventId ? 'eventType' : 'eventId');
  } catch (error) {
    return { code: 'EVENT_UNREADABLE', message: isContractError(error) ? error.message : 'not an envelope' };
  }
}

const BEFORE_ID = '{"eventId":"';
const BEFORE_TYPE = '","eventType":"';

/** Compares in place: this runs for each row, so it builds no strings. */
function beginsAsEncoded({ body, eventId, eventType }: OutboxRow): boolean {
  const typeAt = BEFORE_ID.length + eventId.length;
  return (
    body.startsWith(BEFORE_ID) &&
    body.startsWith(eventId, BEFORE_ID.length) &&
    body.startsWith(BEFORE_TYPE, typeAt) &&
    body.startsWith(eventType, typeAt + BEFORE_TYPE.length) &&
    body.startsWith('",', typeAt + BEFORE_TYPE.length + eventType.length)
  );
}

function mismatch(field: string): Fault {
  return {
    code: 'EVENT_MISMATCHED',
    message: `${field} in event_data is not the one in the row's own column`,
  };
}

export interface ReleaseFilter {
  /** Only these events. @default - all */
  readonly eventIds?: readonly string[];
  /** Only this event type. @default - all */
  readonly eventType?: string;
}

/**
 * Gives quarantined rows another try, after their cause was repaired. They are published after what of their
 * key was published meanwhile.
 *
 * @returns the number of rows released
 */
export async function releaseQuarantined(queryable: Queryable, filter: ReleaseFilter = {}): Promise<number> {
  const { rows } = await queryable.query(
    `update event_outbox
     set status = 'PENDING', retry_count = 0, next_attempt_at = null
     where status = 'QUARANTINED'
       and ($1::text = '' or event_type = $1::text)
       and ($2::text = '' or id::text = any(string_to_array($2::text, ',')))
     returning id`,
    [filter.eventType ?? '', filter.eventIds?.map((id) => id.toLowerCase()).join(',') ?? ''],
  );
  return rows.length;
}
