/** Errors of the outbox, thrown to the writer before anything is stored, or by the relay at its start. */
export type OutboxErrorCode =
  | 'WAYBILL_OUTBOX_EVENT_NOT_DECLARED'
  | 'WAYBILL_OUTBOX_EVENT_TOO_LARGE'
  | 'WAYBILL_OUTBOX_OPTION_INVALID'
  | 'WAYBILL_OUTBOX_NOT_MIGRATED';

export class OutboxError extends Error {
  readonly code: OutboxErrorCode;

  constructor(code: OutboxErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OutboxError';
    this.code = code;
  }
}
