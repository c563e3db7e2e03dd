/** One local run: the synthesized environment in an embedded AWS, with an embedded PostgreSQL behind it. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Pool } from 'pg';
import type { DeployedAssembly, StartDatabase } from '../assembly/index.ts';
import { controllableClock, rootCaller, startEmbeddedAws } from '../aws/index.ts';
import type { ControllableClock, EmbeddedAws } from '../aws/index.ts';
import { createDatabase, startEmbeddedPostgres } from '../postgres/index.ts';
import { readTopology } from '../../lib/topology/index.ts';
import type { Topology } from '../../lib/topology/index.ts';

import type { Changes } from './changes.ts';
import { createDeployment } from './deployment.ts';
import { watchDenials } from './denials.ts';
import type { DeniedCall } from './denials.ts';

export interface LocalRunProps {
  /** Where cdk.json is. */
  readonly directory: string;
  readonly environment: string;
  /** Names of the systems to synthesize. @default - those that the environment has switched on */
  readonly systems?: readonly string[];
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
  /**
   * Synthesizes again and applies what changed to the running system. `deployed` and `topology` are new then.
   * @throws SynthesisError, or AssemblyError after the stack that failed was rolled back
   */
  update(): Promise<Changes>;
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
  const clock = controllableClock();
  const started: (() => Promise<unknown>)[] = [];
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
    const { directory, environment } = props;
    const context = props.systems && { systems: props.systems.join(',') };
    const deployment = createDeployment({ directory, environment, context, aws });
    started.push(() => deployment.close());
    const [postgres, assemblyDirectory] = await Promise.all([
      startEmbeddedPostgres({ database: 'postgres', cacheDirectory: join(props.directory, '.waybill') }).then(
        (server) => {
          started.push(() => server.stop());
          return server;
        },
      ),
      deployment.synthesize(),
    ]);
    if (props.logFile !== undefined) started.push(await writeLogs(aws, props.logFile));
    let databaseUrl = postgres.url;
    const startDatabase: StartDatabase = async (request) => {
      databaseUrl = await createDatabase(postgres, request);
      return { host: postgres.host, port: postgres.port };
    };
    let deployed = await deployment.deploy(assemblyDirectory, startDatabase);
    let topology = readTopology(assemblyDirectory);
    const database = new Pool({ connectionString: databaseUrl, max: 4 });
    // A server that stops ends idle connections; that is not an error of the run.
    database.on('error', () => {});
    started.push(() => database.end());
    const warm = aws.services.lambda.prewarm();
    warm.catch(() => {});
    return {
      environment,
      aws,
      clock,
      get deployed() {
        return deployed.assembly;
      },
      get topology() {
        return topology;
      },
      database,
      databaseUrl,
      apiUrl: deployed.assembly.records.apis[0]?.url ?? '',
      warm,
      async update() {
        deployed = await deployment.deploy(await deployment.synthesize(), startDatabase);
        topology = readTopology(deployed.assemblyDirectory);
        aws.services.lambda.prewarm().catch(() => {});
        return deployed.changes;
      },
      denials,
      secretValue: (logicalIdPart) => secretValue(aws, deployed.assembly, logicalIdPart),
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
