/** `waybill aws`: the embedded AWS alone, empty, for anybody's tests in any language. */
import { join } from 'node:path';
import { startEmbeddedAws } from '../../local/aws/index.ts';
import { describeDenial, watchDenials } from '../../local/run/denials.ts';
import { createDatabase, startEmbeddedPostgres } from '../../local/postgres/index.ts';
import type { EmbeddedPostgres } from '../../local/postgres/index.ts';

export interface AwsOptions {
  readonly port: number;
  readonly host: string;
  readonly region: string;
  readonly json?: boolean;
  /** Policies are enforced as in AWS, also where a resource has none. */
  readonly strict?: boolean;
  /** Keeps everything acknowledged in this directory. */
  readonly state?: string;
}

/** Listens until it is interrupted. The first line on stdout tells that it is ready. */
export async function aws(options: AwsOptions): Promise<void> {
  const embedded = await startEmbeddedAws({
    port: options.port,
    host: options.host,
    region: options.region,
    policies: options.strict === true ? 'enforced' : 'enforced-where-present',
    ...(options.state !== undefined && { stateDirectory: options.state }),
  });
  const { endpointUrl, context } = embedded;
  watchDenials(context, (denied) => process.stderr.write(`denied: ${describeDenial(denied)}\n`));
  // Only the first database cluster of a template starts it: most never need one.
  let postgres: Promise<EmbeddedPostgres> | undefined;
  embedded.services.cloudformation.onDatabase(async (request) => {
    postgres ??= startEmbeddedPostgres({
      database: 'postgres',
      cacheDirectory: join(process.cwd(), '.waybill'),
    });
    const server = await postgres;
    await createDatabase(server, request);
    return { host: server.host, port: server.port };
  });
  embedded.services.cloudformation.onLog((line) => process.stderr.write(`${line}\n`));
  const services = context.services.all().map(({ name }) => name);
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ endpointUrl, region: context.region, accountId: context.accountId, services })}\n`
      : `waybill aws listens on ${endpointUrl}\n\n` +
          `  export AWS_ENDPOINT_URL=${endpointUrl} AWS_REGION=${context.region}\n` +
          `  export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local\n\n` +
          `services: ${services.join(', ')}\nCtrl-C stops it; ${options.state === undefined ? 'nothing is kept' : `its state is kept in ${options.state}`}.\n`,
  );
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await embedded.close();
  await (await postgres?.catch(() => undefined))?.stop();
}
