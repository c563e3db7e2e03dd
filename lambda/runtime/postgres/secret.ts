/** The database secret: what it holds, and how long what was read is kept. */
import type { Environment } from '../environment.ts';
import { secretReader } from '../secret-reader.ts';
import type { ReadSecret } from '../secret-reader.ts';
import { DatabaseError } from './errors.ts';

/** What RDS writes into the secret of a database. */
export interface DatabaseSecret {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly dbname: string;
}

/** Milliseconds. After a rotation the old password keeps working for longer than this with RDS's alternating users. */
const SECRET_LIFETIME = 300_000;

export function cachedSecret(secretArn: string, readSecret: ReadSecret): () => Promise<DatabaseSecret> {
  let cached: { readonly secret: Promise<DatabaseSecret>; readonly until: number } | undefined;
  return () => {
    if (cached === undefined || cached.until < Date.now()) {
      const secret = readSecret(secretArn).then(parseSecret);
      cached = { secret, until: Date.now() + SECRET_LIFETIME };
      // A failure is not kept.
      secret.catch(() => (cached = undefined));
    }
    return cached.secret;
  };
}

function parseSecret(text: string): DatabaseSecret {
  const value = parseObject(text);
  const { host, username, password, dbname } = value;
  const port = Number(value['port'] ?? 5432);
  const missing = Object.entries({ host, username, password, dbname })
    .filter(([, field]) => typeof field !== 'string' || field === '')
    .map(([name]) => name);
  if (missing.length > 0 || !Number.isInteger(port)) {
    throw new DatabaseError(
      'WAYBILL_DATABASE_SECRET_INVALID',
      `the database secret must be JSON with host, port, username, password and dbname; missing or wrong: ${[...missing, ...(Number.isInteger(port) ? [] : ['port'])].join(', ')}`,
    );
  }
  return { host, port, username, password, dbname } as DatabaseSecret;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // The parser's message quotes the text, which is a secret.
    return {};
  }
}

/** Its errors are WAYBILL_DATABASE_SECRET_UNREADABLE. */
export function databaseSecretReader(environment: Environment): ReadSecret {
  return secretReader(
    environment,
    (reason, options) =>
      new DatabaseError(
        'WAYBILL_DATABASE_SECRET_UNREADABLE',
        `the database secret could not be read: ${reason}. Where there is no such secret set DATABASE_URL, or give createPool() a readSecret that uses your credentials`,
        options,
      ),
  );
}
