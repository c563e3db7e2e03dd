/** What the database says of a move, in the words of the runtime. */
import { RuntimeError } from '../errors.ts';

/** Source: "PostgreSQL Error Codes", errcodes-appendix.html. */
const UNDEFINED_TABLE = '42P01';
const UNDEFINED_FUNCTION = '42883';
const LOCK_NOT_AVAILABLE = '55P03';

export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

export function isLockTimeout(error: unknown): boolean {
  return codeOf(error) === LOCK_NOT_AVAILABLE;
}

export function explainedMove(error: unknown): unknown {
  const code = codeOf(error);
  if (code !== UNDEFINED_TABLE && code !== UNDEFINED_FUNCTION) return error;
  return new RuntimeError(
    'WAYBILL_TRANSPORT_NOT_MIGRATED',
    'the tables of moves between transports are missing: call migrate(pool, [...runtimeMigrations, ...eventStoreMigrations, ...cutoverMigrations])',
    { cause: error },
  );
}
