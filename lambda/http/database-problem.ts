/** Tells a database that can't be reached, which the caller should try again, from a mistake of ours. */
import { Problem } from './problem.ts';

/** Seconds a caller is asked to wait; an Aurora failover takes about that long. */
const RETRY_AFTER_SECONDS = 30;

/** Node's network errors, as pg passes them on; and a secret that can't be read, so that there is no way in. */
const UNREACHABLE_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'WAYBILL_DATABASE_SECRET_UNREADABLE',
]);

/**
 * SQLSTATEs that say "not now": 08 connection, 53 no resources, 57P shutdown, crash or starting up, 28P01 a
 * password that was just rotated.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const SQLSTATE_NOT_NOW = /^(08|53|57P|28P01)/;

/** What pg's pool and client say without a code when a connection can't be had or was lost. */
const POOL_MESSAGES =
  /connection terminated|not currently accepting connections|timeout exceeded when trying to connect|connection timeout|client has encountered a connection error/i;

/** The 503 for an unreachable database, else undefined. */
export function databaseProblem(error: unknown): Problem | undefined {
  if (!isDatabaseUnreachable(error)) return undefined;
  return new Problem({
    status: 503,
    code: 'WAYBILL_DATABASE_UNAVAILABLE',
    title: 'The database can not be reached',
    detail: `Nothing was stored. Send the same request again after ${RETRY_AFTER_SECONDS} seconds.`,
    headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
    cause: error,
  });
}

/** Told by its fields and not by its class: an error may come from another realm, or another copy of pg. */
export function isDatabaseUnreachable(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, message, cause, errors } = error as Readonly<Record<string, unknown>>;
  return (
    (typeof code === 'string' && (UNREACHABLE_CODES.has(code) || SQLSTATE_NOT_NOW.test(code))) ||
    (typeof message === 'string' && POOL_MESSAGES.test(message)) ||
    (Array.isArray(errors) && errors.some(isDatabaseUnreachable)) ||
    isDatabaseUnreachable(cause)
  );
}
