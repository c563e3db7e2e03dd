/**
 * The PostgreSQL behind the database clusters of `waybill aws`. The first cluster starts it: most never need one. In a
 * state directory it keeps its data and its port, which templates have resolved into secrets and environments.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { stacksOf } from '../assembly/stacks.ts';
import type { EmbeddedAws } from '../aws/index.ts';
import { createDatabase, startEmbeddedPostgres } from '../postgres/index.ts';
import type { EmbeddedPostgres } from '../postgres/index.ts';

export interface AwsDatabase {
  stop(): Promise<void>;
}

/** @throws EmbeddedPostgresError when the server of a state directory does not start again */
export async function serveDatabases(
  { context, services }: EmbeddedAws,
  stateDirectory: string | undefined,
): Promise<AwsDatabase> {
  let postgres: Promise<EmbeddedPostgres> | undefined;
  const dataDirectory = stateDirectory === undefined ? undefined : join(stateDirectory, 'postgres');
  const start = (): Promise<EmbeddedPostgres> => {
    const port = stacksOf(context).records.databases[0]?.port;
    return (postgres ??= startEmbeddedPostgres({
      database: 'postgres',
      cacheDirectory: join(process.cwd(), '.waybill'),
      ...(dataDirectory !== undefined && { dataDirectory }),
      ...(port !== undefined && { port }),
    }));
  };
  services.cloudformation.onDatabase(async (request) => {
    const server = await start();
    await createDatabase(server, request);
    return { host: server.host, port: server.port };
  });
  if (dataDirectory !== undefined && existsSync(dataDirectory)) await start();
  return {
    async stop() {
      await (await postgres?.catch(() => undefined))?.stop();
    },
  };
}
