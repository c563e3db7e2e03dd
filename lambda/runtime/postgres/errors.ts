/** What is wrong with the database or the way to it. */
export type DatabaseErrorCode =
  | 'WAYBILL_DATABASE_CLIENT_MISSING'
  | 'WAYBILL_DATABASE_NOT_CONFIGURED'
  | 'WAYBILL_DATABASE_SCHEMA_INVALID'
  | 'WAYBILL_DATABASE_SECRET_INVALID'
  | 'WAYBILL_DATABASE_SECRET_UNREADABLE'
  | 'WAYBILL_MIGRATION_FAILED';

export class DatabaseError extends Error {
  readonly code: DatabaseErrorCode;

  constructor(code: DatabaseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DatabaseError';
    this.code = code;
  }
}
