/**
 * The envelope: what every event looks like on every wire. Its checks are written by hand because they
 * run for each message; the data inside is checked by the event's own schema (see decode.ts).
 */
import { ContractError } from './errors.ts';
import type { AnyEventContract, DataOf, InputOf } from './event.ts';
import { describeIssues } from './standard-schema.ts';
import { valueAt } from './field-path.ts';
import { isTenantId } from './tenant-id.ts';
import { isUuid, uuidv7 } from './uuid.ts';

export interface ReplayMark {
  /** `replay` from an archive or an event store, `redrive` from a dead-letter queue. */
  readonly kind: 'replay' | 'redrive';
  /** The name of the replay, or the dead-letter queue it came from. */
  readonly of: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

export interface EnvelopeMetadata {
  /** W3C Trace Context. */
  readonly traceparent?: string;
  readonly tracestate?: string;
  /** How many events led to this one; a loop is refused above MAX_HOP_COUNT. */
  readonly hopCount: number;
  readonly replay?: ReplayMark;
  readonly [key: string]: unknown;
}

export interface Envelope<Data = unknown, Type extends string = string> {
  /** UUIDv7. Also the deduplication id. */
  readonly eventId: string;
  readonly eventType: Type;
  /** `MAJOR.MINOR`. */
  readonly eventVersion: string;
  readonly source: string;
  /** ISO 8601 with milliseconds, UTC. */
  readonly timestamp: string;
  /** The same for everything that one request led to. */
  readonly correlationId: string;
  /** The eventId of the event that led to this one, else null. */
  readonly causationId: string | null;
  /** From verified authentication, never from a body (D18). */
  readonly tenantId: string;
  readonly data: Data;
  readonly metadata: EnvelopeMetadata;
}

/** The envelope of one contract, or of any of several. */
export type EnvelopeOf<Contract> = Contract extends AnyEventContract
  ? Envelope<DataOf<Contract>, Contract['name']>
  : never;

/** Above this an event is part of a loop. AWS's own loop detection stops at about 16 and does not see EventBridge or a database. */
export const MAX_HOP_COUNT = 16;

export interface NewEvent<Contract extends AnyEventContract> {
  readonly tenantId: string;
  readonly data: InputOf<Contract>;
  /**
   * @default - the cause's correlationId, else the new eventId
   */
  readonly correlationId?: string;
  /**
   * The event being handled. Sets causationId, correlationId, trace and hop count.
   * @default - a first event of its chain
   */
  readonly causedBy?: Envelope;
  /** @default - the cause's traceparent, if any */
  readonly traceparent?: string;
  /**
   * Give one where the same request may be made twice, so that both make the same event.
   * @default - a new UUIDv7
   */
  readonly eventId?: string;
  /** @default - now */
  readonly timestamp?: Date;
}

/**
 * A new envelope with validated data.
 *
 * @throws ContractError WAYBILL_EVENT_DATA_INVALID when the data fails the schema; the message names the
 * fields, never their values. WAYBILL_ENVELOPE_INVALID for a bad tenant or a loop of events.
 */
export function createEnvelope<Contract extends AnyEventContract>(
  contract: Contract,
  input: NewEvent<Contract>,
): Envelope<DataOf<Contract>, Contract['name']> {
  const result = contract.schema['~standard'].validate(input.data);
  if (result instanceof Promise) {
    throw new ContractError(
      'WAYBILL_CONTRACT_INVALID',
      `event '${contract.name}': its schema validates asynchronously; use a schema that answers at once`,
    );
  }
  if (result.issues !== undefined) {
    throw new ContractError(
      'WAYBILL_EVENT_DATA_INVALID',
      `${contract.name} ${contract.version} was not created: ${describeIssues(result.issues)}`,
    );
  }
  const now = input.timestamp ?? new Date();
  const eventId = input.eventId ?? uuidv7(now.getTime());
  const cause = input.causedBy;
  const traceparent = input.traceparent ?? cause?.metadata.traceparent;
  const envelope: Envelope<DataOf<Contract>, Contract['name']> = {
    eventId,
    eventType: contract.name,
    eventVersion: contract.version,
    source: contract.source,
    timestamp: now.toISOString(),
    correlationId: input.correlationId ?? cause?.correlationId ?? eventId,
    causationId: cause?.eventId ?? null,
    tenantId: input.tenantId,
    data: result.value as DataOf<Contract>,
    metadata: {
      ...(traceparent !== undefined && { traceparent }),
      ...(cause?.metadata.tracestate !== undefined && { tracestate: cause.metadata.tracestate }),
      hopCount: cause === undefined ? 0 : cause.metadata.hopCount + 1,
      ...(cause?.metadata.replay !== undefined && { replay: cause.metadata.replay }),
    },
  };
  const mistakes = envelopeMistakes(envelope as unknown as Record<string, unknown>);
  if (mistakes.length > 0) {
    throw new ContractError(
      'WAYBILL_ENVELOPE_INVALID',
      `${contract.name} was not created: ${mistakes.join('; ')}`,
    );
  }
  return envelope;
}

/**
 * Reads an envelope from a message body. Its data is not yet checked: see `decode`.
 *
 * @throws ContractError WAYBILL_ENVELOPE_NOT_JSON, WAYBILL_ENVELOPE_INVALID with every mistake at once
 */
export function parseEnvelope(body: string): Envelope {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    // The parser's own message quotes the body, so it is kept as the cause and not repeated.
    throw new ContractError(
      'WAYBILL_ENVELOPE_NOT_JSON',
      `the message body (${body.length} characters) is not JSON`,
      {
        cause,
      },
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ContractError('WAYBILL_ENVELOPE_INVALID', 'the message body is JSON but not an object');
  }
  const mistakes = envelopeMistakes(value as Record<string, unknown>);
  if (mistakes.length > 0) throw new ContractError('WAYBILL_ENVELOPE_INVALID', mistakes.join('; '));
  return value as Envelope;
}

/**
 * The value that keeps this event in order: the contract's ordering key within the tenant, else the
 * tenant (D8). Becomes the message group id, so it is at most 128 characters.
 */
export function orderingKeyOf(
  contract: AnyEventContract,
  envelope: Pick<Envelope, 'tenantId' | 'data'>,
): string {
  if (contract.orderingKey === undefined) return envelope.tenantId;
  const value = valueAt(envelope.data, contract.orderingKey);
  if (typeof value !== 'string' && typeof value !== 'number') return envelope.tenantId;
  return `${envelope.tenantId}#${value}`;
}

function envelopeMistakes(value: Record<string, unknown>): string[] {
  const mistakes: string[] = [];
  const text = (field: string): boolean => typeof value[field] === 'string' && value[field] !== '';
  if (!isUuid(value['eventId'])) mistakes.push('eventId must be a UUID');
  if (!text('eventType')) mistakes.push('eventType must be a non-empty string');
  if (!text('eventVersion') || !/^\d+\.\d+$/.test(value['eventVersion'] as string)) {
    mistakes.push('eventVersion must be MAJOR.MINOR');
  }
  if (!text('source')) mistakes.push('source must be a non-empty string');
  if (!text('timestamp') || Number.isNaN(Date.parse(value['timestamp'] as string))) {
    mistakes.push('timestamp must be an ISO 8601 time');
  }
  if (!text('correlationId')) mistakes.push('correlationId must be a non-empty string');
  if (value['causationId'] !== null && !text('causationId'))
    mistakes.push('causationId must be a string or null');
  if (!text('tenantId') || !isTenantId(value['tenantId'] as string)) {
    mistakes.push("tenantId must be 1 to 64 letters, digits, '.', '_', ':' or '-'");
  }
  if (!('data' in value)) mistakes.push('data is missing');
  const metadata = value['metadata'] as Record<string, unknown> | undefined;
  if (typeof metadata !== 'object' || metadata === null || !Number.isInteger(metadata['hopCount'])) {
    mistakes.push('metadata.hopCount must be a whole number');
  } else if ((metadata['hopCount'] as number) > MAX_HOP_COUNT) {
    mistakes.push(
      `metadata.hopCount is above ${MAX_HOP_COUNT}: these events lead to each other in a loop; find the consumer that publishes what it consumes`,
    );
  }
  return mistakes;
}
