/** Errors of the runtime. Each has a stable code, and a message that says what happened and what to do. */
export type RuntimeErrorCode =
  | 'WAYBILL_ENVIRONMENT_MISSING'
  | 'WAYBILL_ENVIRONMENT_INVALID'
  | 'WAYBILL_EVENT_NOT_DECLARED'
  | 'WAYBILL_EVENT_NOT_ROUTED'
  | 'WAYBILL_TARGET_UNSUPPORTED'
  | 'WAYBILL_KAFKA_TOPIC_FAILED'
  | 'WAYBILL_OPTION_INVALID'
  | 'WAYBILL_PUBLISHER_MISSING'
  | 'WAYBILL_DEADLINE_NEAR'
  | 'WAYBILL_BATCH_NOT_FINISHED'
  | 'WAYBILL_MESSAGE_LOST'
  | 'WAYBILL_WAITED_TOO_LONG'
  | 'WAYBILL_SHUTDOWN'
  | 'WAYBILL_TRANSPORT_NOT_LIVE'
  | 'WAYBILL_TRANSPORT_CONSUMER_UNKNOWN'
  | 'WAYBILL_TRANSPORT_TYPES_UNKNOWN'
  | 'WAYBILL_TRANSPORT_MOVE_UNSAFE'
  | 'WAYBILL_TRANSPORT_MOVE_BLOCKED'
  | 'WAYBILL_TRANSPORT_MOVED_MEANWHILE'
  | 'WAYBILL_TRANSPORT_NOT_MIGRATED';

export class RuntimeError extends Error {
  readonly code: RuntimeErrorCode;

  constructor(code: RuntimeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RuntimeError';
    this.code = code;
  }
}

/**
 * Throw this from a handler when no retry can help: the message is dead-lettered at once instead of after
 * its last receive. The `code` is kept as the reason's detail, so it must not hold personal data; the message
 * is only for your own logs.
 *
 * @example
 * throw new PermanentError('ACCOUNT_CLOSED', 'account was closed before the invoice came');
 */
export class PermanentError extends Error {
  readonly code: string;

  constructor(code: string, message: string = code, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PermanentError';
    this.code = code;
  }
}

/** True for a PermanentError of this or another copy of the package: told by name, because `instanceof` fails across copies. */
export function isPermanentError(error: unknown): error is PermanentError {
  return error instanceof Error && error.name === 'PermanentError' && 'code' in error;
}

/** An event that was not accepted. */
export class PublishError extends Error {
  readonly code: string;
  readonly eventId: string;
  readonly retryable: boolean;

  constructor(failure: {
    readonly eventId: string;
    readonly code: string;
    readonly message: string;
    readonly retryable: boolean;
  }) {
    super(`event ${failure.eventId} was not published: ${failure.code}: ${failure.message}`);
    this.name = 'PublishError';
    this.code = failure.code;
    this.eventId = failure.eventId;
    this.retryable = failure.retryable;
  }
}
