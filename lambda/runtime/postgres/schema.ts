/** Systems that share a database are kept apart by a PostgreSQL schema each: tables, locks and notifications. */
import type { Environment } from '../environment.ts';
import { DatabaseError } from './errors.ts';

/** PostgreSQL cuts longer names off. Source: "Identifiers and Key Words", sql-syntax-lexical.html. */
const NAME_MAX_LENGTH = 63;

/**
 * The schema of WAYBILL_DATABASE_SCHEMA. Undefined: the role's own search path, which leads to `public`.
 * @throws DatabaseError WAYBILL_DATABASE_SCHEMA_INVALID for what would have to be quoted
 */
export function schemaOf(environment: Environment): string | undefined {
  const name = environment['WAYBILL_DATABASE_SCHEMA'];
  if (name === undefined || name === '') return undefined;
  if (isPlainName(name)) return name;
  throw new DatabaseError(
    'WAYBILL_DATABASE_SCHEMA_INVALID',
    `WAYBILL_DATABASE_SCHEMA must be small letters, digits and '_', not beginning with a digit or 'pg_', at most ${NAME_MAX_LENGTH} characters; received '${name}'`,
  );
}

export function isPlainName(name: string): boolean {
  return name.length <= NAME_MAX_LENGTH && /^(?!pg_)[a-z_][a-z0-9_]*$/.test(name);
}

/** SQL: the schema of this connection, also before it exists. */
const SCHEMA = `coalesce(current_schema(), current_setting('search_path'))`;

/**
 * SQL: what the number of an advisory lock is mixed with (`#`). Advisory locks belong to the whole database, so
 * that two systems would otherwise wait for each other. 0 for `public`, where the number stays what it was.
 */
export const LOCK_OF_SCHEMA = `(case ${SCHEMA} when 'public' then 0 else hashtext(${SCHEMA}) end)`;

/** SQL: a notification channel's name within the schema. Channels belong to the whole database, too. */
export function channelOfSchema(channel: string): string {
  return `left('${channel}' || (case ${SCHEMA} when 'public' then '' else '.' || ${SCHEMA} end), ${NAME_MAX_LENGTH})`;
}
