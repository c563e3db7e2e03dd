/** A connection pool from the environment: a Secrets Manager secret in AWS, DATABASE_URL elsewhere. */
import type { Pool, PoolConfig } from 'pg';

import type { Environment } from '../environment.ts';
import type { Logger } from '../logger.ts';
import { describeError } from '../logger.ts';
import type { ReadSecret } from '../secret-reader.ts';
import { DatabaseError } from './errors.ts';
import { schemaOf } from './schema.ts';
import type { DatabaseSecret } from './secret.ts';
import { cachedSecret, databaseSecretReader } from './secret.ts';

export interface PoolOptions {
  /** @default - process.env */
  readonly environment?: Environment;
  /**
   * Connections at most. A function handles one event at a time and needs few.
   * @default 4
   */
  readonly max?: number;
  /** @default - the Secrets Manager API, signed with the credentials of the environment */
  readonly readSecret?: ReadSecret;
  /** Told when an idle connection breaks; the pool replaces it. */
  readonly logger?: Logger;
}

/** Milliseconds. Above Aurora Serverless's usual resume from a low capacity, below a relay's lease. */
const CONNECT_TIMEOUT = 5_000;
/** Milliseconds. Shorter than the idle timeouts of NAT gateways and proxies (350 s and more). */
const IDLE_TIMEOUT = 60_000;

/**
 * Connects at the first query, so that it can be called while a module loads. Where WAYBILL_DATABASE_SCHEMA is
 * set, that schema is the whole search path of each connection: nothing of another system is ever read by a
 * mistake. It is given with the start of each connection. A PgBouncer that ignores `options` there needs the role's
 * own search_path instead.
 *
 * @throws DatabaseError WAYBILL_DATABASE_NOT_CONFIGURED, WAYBILL_DATABASE_SCHEMA_INVALID or
 * WAYBILL_DATABASE_CLIENT_MISSING. Queries may reject
 * with WAYBILL_DATABASE_SECRET_UNREADABLE or WAYBILL_DATABASE_SECRET_INVALID.
 */
export async function createPool(options: PoolOptions = {}): Promise<Pool> {
  const { Pool: PostgresPool } = await postgresClient();
  const schema = schemaOf(options.environment ?? process.env);
  const pool = new PostgresPool({
    ...(await connectionOf(options)),
    ...(schema !== undefined && { options: `-c search_path=${schema}` }),
    max: options.max ?? 4,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    idleTimeoutMillis: IDLE_TIMEOUT,
    keepAlive: true,
    allowExitOnIdle: true,
    application_name: 'waybill',
  });
  // Without a listener a broken idle connection ends the process.
  pool.on('error', (error) => {
    options.logger?.warn('an idle database connection broke; the pool opens another', {
      error: describeError(error),
    });
  });
  return pool;
}

/** Loaded when a database is wanted: who uses none need not install it. The `try` lets a bundler go on without it too. */
async function postgresClient() {
  try {
    return await import('pg');
  } catch (cause) {
    throw new DatabaseError(
      'WAYBILL_DATABASE_CLIENT_MISSING',
      "the package 'pg' is not installed: npm install pg",
      { cause },
    );
  }
}

async function connectionOf(options: PoolOptions): Promise<PoolConfig> {
  const environment = options.environment ?? process.env;
  const secretArn = environment['WAYBILL_DATABASE_SECRET_ARN'];
  const url = environment['DATABASE_URL'];
  if (secretArn) {
    const secret = cachedSecret(secretArn, options.readSecret ?? databaseSecretReader(environment));
    const { username, dbname, ...named } = await secret();
    // The secret of a database that follows another Region's is a copy, and names that one's endpoint.
    const host = environment['WAYBILL_DATABASE_HOST'] ?? named.host;
    const port = Number(environment['WAYBILL_DATABASE_PORT'] ?? named.port);
    return {
      host,
      port,
      user: username,
      // Asked for each new connection, so that a rotated password is picked up.
      password: async () => (await secret()).password,
      database: dbname,
      ...(needsTls(host) && { ssl: { rejectUnauthorized: true } }),
    };
  }
  if (url) return { connectionString: url };
  throw new DatabaseError(
    'WAYBILL_DATABASE_NOT_CONFIGURED',
    'no database is configured: set WAYBILL_DATABASE_SECRET_ARN (the constructs do) or DATABASE_URL to a postgres:// address',
  );
}

/**
 * RDS is only spoken to over verified TLS. Node must trust Amazon's root certificates: in Lambda set
 * NODE_EXTRA_CA_CERTS=/var/runtime/ca-cert.pem, which Node 20 and later no longer load by default.
 * Source: "Using SSL/TLS connections from Lambda to RDS", lambda/latest/dg/services-rds.html.
 */
function needsTls(host: DatabaseSecret['host']): boolean {
  return host !== 'localhost' && host !== '127.0.0.1' && host !== '::1';
}
