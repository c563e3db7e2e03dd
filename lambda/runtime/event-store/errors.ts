/** Errors of the event store and its subscriptions. */
export type EventStoreErrorCode =
  | 'WAYBILL_EVENT_STORE_VERSION_CONFLICT'
  | 'WAYBILL_EVENT_STORE_ID_TAKEN'
  | 'WAYBILL_EVENT_STORE_EVENT_NOT_DECLARED'
  | 'WAYBILL_EVENT_STORE_EVENT_TOO_LARGE'
  | 'WAYBILL_EVENT_STORE_HISTORY_GONE'
  | 'WAYBILL_EVENT_STORE_NOT_MIGRATED'
  | 'WAYBILL_EVENT_STORE_OPTION_INVALID'
  | 'WAYBILL_EVENT_STORE_SEALER_MISSING'
  | 'WAYBILL_SUBSCRIPTION_ORDER_CHANGED'
  | 'WAYBILL_SUBSCRIPTION_UNKNOWN';

export class EventStoreError extends Error {
  readonly code: EventStoreErrorCode;

  constructor(code: EventStoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EventStoreError';
    this.code = code;
  }
}

/** Another writer appended to the stream meanwhile. Nothing is stored: read the stream again and decide anew. */
export class VersionConflict extends EventStoreError {
  readonly stream: string;
  readonly expectedVersion: number;
  readonly actualVersion: number;

  constructor(stream: string, expectedVersion: number, actualVersion: number) {
    super(
      'WAYBILL_EVENT_STORE_VERSION_CONFLICT',
      `stream ${stream} is at version ${actualVersion}, not at ${expectedVersion}: read it again and decide anew`,
    );
    this.name = 'VersionConflict';
    this.stream = stream;
    this.expectedVersion = expectedVersion;
    this.actualVersion = actualVersion;
  }
}

/** PostgreSQL's codes. Source: "PostgreSQL Error Codes", errcodes-appendix.html. */
const UNDEFINED_TABLE = '42P01';
const UNDEFINED_FUNCTION = '42883';
const UNIQUE_VIOLATION = '23505';

/** What the database said, in the words of the store. */
export function explained(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === UNDEFINED_TABLE || code === UNDEFINED_FUNCTION) {
    return new EventStoreError(
      'WAYBILL_EVENT_STORE_NOT_MIGRATED',
      'the tables of the event store are missing: call migrate(pool, [...runtimeMigrations, ...eventStoreMigrations])',
      { cause: error },
    );
  }
  if (code === UNIQUE_VIOLATION) {
    return new EventStoreError(
      'WAYBILL_EVENT_STORE_ID_TAKEN',
      'an eventId of this append is in another stream, or is being appended by another transaction: nothing is stored, and the same append may be tried again',
      { cause: error },
    );
  }
  return error;
}

/** @throws EventStoreError WAYBILL_EVENT_STORE_OPTION_INVALID */
export function wholeNumber(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new EventStoreError(
    'WAYBILL_EVENT_STORE_OPTION_INVALID',
    `${name} must be a whole number of at least ${least}, received ${value}`,
  );
}
