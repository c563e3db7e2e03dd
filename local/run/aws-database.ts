/**
 * The PostgreSQL behind the database clusters of an embedded AWS. The first cluster starts it: most never need one. In a
 * state directory it keeps its data and its port, which templates have resolved into secrets and environments.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { StartDatabase } from '../assembly/providers/provider.ts';
import { stacksOf } from '../assembly/stacks.ts';
import type { AwsContext } from '../aws/index.ts';
import type { EmbeddedPostgres } from '../postgres/index.ts';

export interface AwsDatabase {
  readonly startDatabase: StartDatabase;
  stop(): Promise<void>;
}

/**
 * @param cacheDirectory where the template that makes a start fast is kept
 * @throws EmbeddedPostgresError when the server of a state directory does not start again
 */
export async function awsDatabase(context: AwsContext, cacheDirectory: string): Promise<AwsDatabase> {
  let postgres: Promise<EmbeddedPostgres> | undefined;
  const { directory } = context.state;
  const dataDirectory = directory === undefined ? undefined : join(directory, 'postgres');
  const launch = async (): Promise<EmbeddedPostgres> => {
    const { startEmbeddedPostgres } = await postgresModule();
    const port = stacksOf(context).records.databases[0]?.port;
    return startEmbeddedPostgres({
      database: 'postgres',
      cacheDirectory,
      ...(dataDirectory !== undefined && { dataDirectory }),
      ...(port !== undefined && { port }),
    });
  };
  const start = (): Promise<EmbeddedPostgres> => (postgres ??= launch());
  if (dataDirectory !== undefined && existsSync(dataDirectory)) await start();
  return {
    async startDatabase(request) {
      const server = await start();
      const { createDatabase } = await postgresModule();
      await createDatabase(server, request);
      return { host: server.host, port: server.port };
    },
    async stop() {
      await (await postgres?.catch(() => undefined))?.stop();
    },
  };
}

/** Loaded when a database is wanted, because it costs every start some 50 ms. */
function postgresModule() {
  return import('../postgres/index.ts');
}
