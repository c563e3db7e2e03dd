/** A role and a database of its own in the one embedded server, for each cluster or instance of a template. */
import { Client } from 'pg';
import type { EmbeddedPostgres } from './server.ts';

export interface DatabaseOwner {
  readonly databaseName: string;
  readonly username: string;
  readonly password: string;
}

/** Creates the role, or gives the one that is there this password, and the database unless it is there. Returns its URL. */
export async function createDatabase(postgres: EmbeddedPostgres, owner: DatabaseOwner): Promise<string> {
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  try {
    const role = client.escapeIdentifier(owner.username);
    const roles = await client.query('select 1 from pg_roles where rolname = $1', [owner.username]);
    await client.query(
      `${roles.rows.length > 0 ? 'alter' : 'create'} role ${role} login superuser password ${client.escapeLiteral(owner.password)}`,
    );
    const databases = await client.query('select 1 from pg_database where datname = $1', [
      owner.databaseName,
    ]);
    if (databases.rows.length === 0) {
      await client.query(`create database ${client.escapeIdentifier(owner.databaseName)} owner ${role}`);
    }
  } finally {
    await client.end();
  }
  const url = new URL(postgres.url);
  url.username = encodeURIComponent(owner.username);
  url.password = encodeURIComponent(owner.password);
  url.pathname = `/${owner.databaseName}`;
  return url.href;
}
