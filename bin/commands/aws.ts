/** `waybill aws`: the embedded AWS alone, empty, for anybody's tests in any language. */
import { join } from 'node:path';
import { startEmbeddedAws } from '../../local/aws/index.ts';
import { awsDatabase } from '../../local/run/aws-database.ts';
import { describeDenial, watchDenials } from '../../local/run/denials.ts';

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
  const database = await awsDatabase(context, join(process.cwd(), '.waybill')).catch(
    async (error: unknown) => {
      await embedded.close();
      throw error;
    },
  );
  embedded.services.cloudformation.onDatabase(database.startDatabase);
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
  await database.stop();
}
