/** One local run: the synthesized environment in an embedded AWS, with an embedded PostgreSQL behind it. */
import { createWriteStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Pool } from 'pg';
import type { DeployedAssembly, StartDatabase } from '../assembly/index.ts';
import { controllableClock, rootCaller } from '../aws/index.ts';
import type { ControllableClock, EmbeddedAws, Region } from '../aws/index.ts';
import { startEmbeddedRegions } from '../aws/start-regions.ts';
import { createDatabase, startEmbeddedPostgres } from '../postgres/index.ts';
import { readTopology } from '../../lib/topology/index.ts';
import type { Topology } from '../../lib/topology/index.ts';

import { prepareBrokers } from './brokers.ts';
import type { BrokerChoice, RunBrokers } from './brokers.ts';
import type { Changes } from './changes.ts';
import { createDeployment } from './deployment.ts';
import type { Deployed, Deployment } from './deployment.ts';
import { watchDenials } from './denials.ts';
import { writeStandbyAssembly } from './standby-assembly.ts';
import type { DeniedCall } from './denials.ts';

export interface LocalRunProps {
  /** Where cdk.json is. */
  readonly directory: string;
  readonly environment: string;
  /** Names of the systems to synthesize. @default - those that the environment has switched on */
  readonly systems?: readonly string[];
  /**
   * A second region that stands by: the same stacks, on the same database, with its relay off.
   * @default - one region
   */
  readonly standbyRegion?: string;
  /** Which Kafka and RabbitMQ the clusters and brokers of the templates get. @default 'embedded' */
  readonly brokers?: BrokerChoice;
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

/** A region with what is deployed in it. */
export interface RunRegion {
  readonly region: Region;
  readonly deployment: Deployment;
  deployed: Deployed;
}

const DEFAULT_REGION = 'us-east-1';

export interface LocalRun {
  readonly environment: string;
  /** Of the region that works now; so are `deployed`, `apiUrl` and secrets. */
  readonly aws: EmbeddedAws;
  /** The first region, and the one that stands by. */
  readonly regions: readonly RunRegion[];
  /** Makes another region the one that works. What that takes in AWS is the caller's. */
  use(region: string): void;
  readonly clock: ControllableClock;
  readonly deployed: DeployedAssembly;
  readonly topology: Topology;
  readonly brokers: Pick<RunBrokers, 'describe'>;
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
    const brokers = await prepareBrokers(props.brokers ?? 'embedded');
    started.push(() => brokers.stop());
    const embedded = await startEmbeddedRegions({
      brokersOf: () => brokers.of(),
      regions: [DEFAULT_REGION, ...(props.standbyRegion === undefined ? [] : [props.standbyRegion])],
      port: props.port,
      clock,
      faultSeed: props.seed,
      policies: 'enforced',
    });
    started.push(() => embedded.close());
    const denials = embedded.all.map(({ aws }) => watchDenials(aws.context));
    const { directory, environment } = props;
    const context = props.systems && { systems: props.systems.join(',') };
    const deployments = embedded.all.map(({ aws }) =>
      createDeployment({ directory, environment, context, aws }),
    );
    let standbyDirectory: string | undefined;
    const [deployment] = deployments as [Deployment, ...Deployment[]];
    started.push(async () => {
      for (const one of deployments) await one.close();
      if (standbyDirectory !== undefined) await rm(standbyDirectory, { recursive: true, force: true });
    });
    const [postgres, assemblyDirectory] = await Promise.all([
      startEmbeddedPostgres({ database: 'postgres', cacheDirectory: join(props.directory, '.waybill') }).then(
        (server) => {
          started.push(() => server.stop());
          return server;
        },
      ),
      deployment.synthesize(),
    ]);
    if (props.logFile !== undefined) {
      started.push(await writeLogs(embedded.all, props.logFile));
    }
    standbyDirectory = `${assemblyDirectory}-standby`;
    let databaseUrl = postgres.url;
    const startDatabase: StartDatabase = async (request) => {
      databaseUrl = await createDatabase(postgres, request);
      return { host: postgres.host, port: postgres.port };
    };
    const regions: RunRegion[] = [];
    for (const [index, region] of embedded.all.entries()) {
      const own = deployments[index]!;
      const deployed = await own.deploy(
        await assemblyFor(assemblyDirectory, regions[0]),
        index === 0
          ? startDatabase
          : // Of a global database, the standby's secret is a replica: it has the same password.
            async ({ password }) => {
              await replacePassword(region.aws, password, decodeURIComponent(new URL(databaseUrl).password));
              return { host: postgres.host, port: postgres.port };
            },
      );
      regions.push({ region, deployment: own, deployed });
    }
    let topology = readTopology(assemblyDirectory);
    let active = regions[0]!;
    const database = new Pool({ connectionString: databaseUrl, max: 4 });
    // A server that stops ends idle connections; that is not an error of the run.
    database.on('error', () => {});
    started.push(() => database.end());
    const prewarm = async (): Promise<void> => {
      for (const { region } of regions) await region.aws.services.lambda.prewarm();
    };
    const warm = prewarm();
    warm.catch(() => {});
    return {
      environment,
      regions,
      brokers,
      use(name) {
        active = regions.find(({ region }) => region.name === name) ?? active;
      },
      get aws() {
        return active.region.aws;
      },
      clock,
      get deployed() {
        return active.deployed.assembly;
      },
      get topology() {
        return topology;
      },
      database,
      databaseUrl,
      get apiUrl() {
        return apiUrlOf(active.deployed.assembly, active.region.aws);
      },
      warm,
      async update() {
        const updated = await deployment.synthesize();
        for (const [index, one] of regions.entries()) {
          one.deployed = await one.deployment.deploy(
            await assemblyFor(updated, index === 0 ? undefined : regions[0]),
          );
        }
        topology = readTopology(updated);
        prewarm().catch(() => {});
        return regions[0]!.deployed.changes;
      },
      denials: () => denials.flatMap((of) => of()),
      secretValue: (logicalIdPart) => secretValue(active.region.aws, active.deployed.assembly, logicalIdPart),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Of the standby it is written when the first region is there, of which it has replicas. */
async function assemblyFor(directory: string, first: RunRegion | undefined): Promise<string> {
  if (first === undefined) return directory;
  const { region, deployed } = first;
  const { region: name, accountId } = region.aws.context;
  const keys = deployed.assembly.find('AWS::KMS::Key').map(({ logicalId, physicalId }) => ({
    logicalId,
    arn: `arn:aws:kms:${name}:${accountId}:key/${physicalId}`,
  }));
  const target = `${directory}-standby`;
  await writeStandbyAssembly(directory, target, keys);
  return target;
}

/** Of the first HTTP API, or the stage of the first REST API; each region has its own address. */
function apiUrlOf(deployed: DeployedAssembly, { endpointUrl }: EmbeddedAws): string {
  const { apis } = deployed.records;
  const url = (apis.find((api) => api.url.startsWith(endpointUrl)) ?? apis[0])?.url ?? '';
  const stage = deployed.find('AWS::ApiGateway::Stage')[0]?.physicalId;
  return stage === undefined ? url : `${url}/${stage}`;
}

/** Gives the secret that holds one password another one. */
async function replacePassword({ context, services }: EmbeddedAws, from: string, to: string): Promise<void> {
  const root = rootCaller(context);
  const { SecretList = [] } = (await services.secretsmanager.handle('ListSecrets', {}, root)) as {
    readonly SecretList?: readonly { readonly ARN: string }[];
  };
  for (const { ARN: SecretId } of SecretList) {
    const { SecretString = '' } = (await services.secretsmanager.handle(
      'GetSecretValue',
      { SecretId },
      root,
    )) as { readonly SecretString?: string };
    if (!SecretString.includes(JSON.stringify(from))) continue;
    const value = JSON.stringify({ ...(JSON.parse(SecretString) as object), password: to });
    await services.secretsmanager.handle('PutSecretValue', { SecretId, SecretString: value }, root);
  }
}

async function writeLogs(regions: readonly Region[], logFile: string): Promise<() => Promise<void>> {
  await mkdir(dirname(logFile), { recursive: true });
  await writeFile(logFile, '');
  // Appended: a second run in the same directory empties the file while this one writes, and must leave no hole in it.
  const file = createWriteStream(logFile, { flags: 'a' });
  const stops = regions.map(({ name, aws }) => {
    const where = regions.length > 1 ? `${name} ` : '';
    return aws.services.lambda.observeLogs(({ functionName, text }) =>
      file.write(`${where}${functionName} ${text.trimEnd()}\n`),
    );
  });
  return async () => {
    for (const stop of stops) stop();
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
