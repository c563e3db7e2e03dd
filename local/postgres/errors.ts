/** Why the embedded PostgreSQL could not be started, with what to do about it. */
export type EmbeddedPostgresErrorCode =
  | 'WAYBILL_POSTGRES_NOT_INSTALLED'
  | 'WAYBILL_POSTGRES_PORT_BUSY'
  | 'WAYBILL_POSTGRES_DIRECTORY_IN_USE'
  | 'WAYBILL_POSTGRES_DIRECTORY_UNUSABLE'
  | 'WAYBILL_POSTGRES_FAILED';

export class EmbeddedPostgresError extends Error {
  readonly code: EmbeddedPostgresErrorCode;

  constructor(code: EmbeddedPostgresErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EmbeddedPostgresError';
    this.code = code;
  }
}
