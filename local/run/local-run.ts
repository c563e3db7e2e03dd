/** One local run: the synthesized environment in an embedded AWS, with an embedded PostgreSQL behind it. */
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Pool } from 'pg';
import { deployAssembly } from '../assembly/index.ts';
import type { DeployedAssembly } from '../assembly/index.ts';
import { controllableClock, rootCaller, startEmbeddedAws } from '../aws/index.ts';
import type { ControllableClock, EmbeddedAws } from '../aws/index.ts';
import { createDatabase, startEmbeddedPostgres } from '../postgres/index.ts';
import { readTopology } from '../../lib/topology/index.ts';
import type { Topology } from '../../lib/topology/index.ts';

import { synthesize } from './synthesize.ts';
import { watchDenials } from './denials.ts';
import type { DeniedCall } from './denials.ts';

export interface LocalRunProps {
  /** Where cdk.json is. */
  readonly directory: string;
  readonly environment: string;
  /** Of the AWS endpoint; 0 takes a free one. */
  readonly port: number;
  /** Of the injected faults. */
  readonly seed: number;
  /**
   * What functions print goes there; replaced at each start.
   * @default - not kept
   */
  readonly logFile?: string;
}

export interface LocalRun {
  readonly environment: string;
  readonly aws: EmbeddedAws;
  readonly clock: ControllableClock;
  readonly deployed: DeployedAssembly;
  readonly topology: Topology;
  /** Connections to the system's own database, as its owner. */
  readonly database: Pool;
  readonly databaseUrl: string;
  /** Of the first HTTP API. */
  readonly apiUrl: string;
  /** Resolves when each function has a warm instance. */
  readonly warm: Promise<void>;
  /** The value of the secret whose logical id contains this text. */
  secretValue(logicalIdPart: string): Promise<string>;
  /** Calls that a policy denied, each kind once. */
  denials(): readonly DeniedCall[];
  /** Finishes what runs, then stops everything. */
  stop(): Promise<void>;
}

/**
 * Synthesizes and starts everything. What was started is stopped again when a later step fails.
 * @throws SynthesisError, EndpointError (a busy port), EmbeddedPostgresError, AssemblyError
 */
export async function startLocalRun(props: LocalRunProps): Promise<LocalRun> {
  // One folder for each run: two runs in one clone do not meet.
  const assemblyDirectory = join(props.directory, '.waybill', `cdk.out-${process.pid}`);
  const clock = controllableClock();
  const started: (() => Promise<unknown>)[] = [() => rm(assemblyDirectory, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const stopOne of started.splice(0).reverse()) await stopOne();
  };
  try {
    const aws = await startEmbeddedAws({
      port: props.port,
      clock,
      faultSeed: props.seed,
      policies: 'enforced',
    });
    started.push(() => aws.close());
    const denials = watchDenials(aws.context);
    const [postgres] = await Promise.all([
      startEmbeddedPostgres({ database: 'postgres', cacheDirectory: join(props.directory, '.waybill') }).then(
        (server) => {
          started.push(() => server.stop());
          return server;
        },
      ),
      synthesize({
        directory: props.directory,
        environment: props.environment,
        outputDirectory: assemblyDirectory,
      }),
    ]);
    if (props.logFile !== undefined) started.push(await writeLogs(aws, props.logFile));
    let databaseUrl = postgres.url;
    const deployed = await deployAssembly({
      assemblyDirectory,
      aws: aws.context,
      startDatabase: async (request) => {
        databaseUrl = await createDatabase(postgres, request);
        return { host: postgres.host, port: postgres.port };
      },
    });
    const database = new Pool({ connectionString: databaseUrl, max: 4 });
    // A server that stops ends idle connections; that is not an error of the run.
    database.on('error', () => {});
    started.push(() => database.end());
    const warm = aws.services.lambda.prewarm();
    warm.catch(() => {});
    return {
      environment: props.environment,
      aws,
      clock,
      deployed,
      topology: readTopology(assemblyDirectory),
      database,
      databaseUrl,
      apiUrl: deployed.records.apis[0]?.url ?? '',
      warm,
      denials,
      secretValue: (logicalIdPart) => secretValue(aws, deployed, logicalIdPart),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function writeLogs(aws: EmbeddedAws, logFile: string): Promise<() => Promise<void>> {
  await mkdir(dirname(logFile), { recursive: true });
  const file = createWriteStream(logFile);
  const stop = aws.services.lambda.observeLogs(({ functionName, text }) =>
    file.write(`${functionName} ${text.trimEnd()}\n`),
  );
  return async () => {
    stop();
    await new Promise((resolve) => file.end(resolve));
  };
}

async function secretValue(
  aws: EmbeddedAws,
  deployed: DeployedAssembly,
  logicalIdPart: string,
): Promise<string> {
  const secret = deployed
    .find('AWS::SecretsManager::Secret')
    .find(({ logicalId }) => logicalId.includes(logicalIdPart));
  if (secret === undefined) throw new Error(`no secret of the templates is called ${logicalIdPart}`);
  const answer = await aws.services.secretsmanager.handle(
    'GetSecretValue',
    { SecretId: secret.physicalId },
    rootCaller(aws.context),
  );
  return (answer as { SecretString: string }).SecretString;
}
