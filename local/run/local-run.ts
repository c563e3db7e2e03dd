/** One local run: the synthesized environment in an embedded AWS, with an embedded PostgreSQL behind it. */
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Pool } from 'pg';
import type { DatabaseAddress, DeployedAssembly, StartDatabase } from '../assembly/index.ts';
import { controllableClock, rootCaller } from '../aws/index.ts';
import type { ControllableClock, EmbeddedAws, Region } from '../aws/index.ts';
import { startEmbeddedRegions } from '../aws/start-regions.ts';
import { createDatabase, startClusterEndpoint, startEmbeddedPostgres } from '../postgres/index.ts';
import type { ClusterEndpoint } from '../postgres/index.ts';
import type { Topology } from '../../lib/topology/index.ts';

import { prepareBrokers } from './brokers.ts';
import type { BrokerChoice, RunBrokers } from './brokers.ts';
import type { Changes } from './changes.ts';
import { createDeployment } from './deployment.ts';
import type { Deployment } from './deployment.ts';
import { watchDenials } from './denials.ts';
import type { DeniedCall } from './denials.ts';
import { deployRegions } from './regions.ts';
import type { PlaceToDeploy, RunRegion } from './regions.ts';

export type { RunRegion } from './regions.ts';

export interface LocalRunProps {
  /** Where cdk.json is. */
  readonly directory: string;
  readonly environment: string;
  /** Names of the systems to synthesize. @default - those that the environment has switched on */
  readonly systems?: readonly string[];
  /**
   * A second region that stands by: the stacks of the standby, whose database follows that of the first.
   * @default - one region
   */
  readonly standbyRegion?: string;
  /** Context of the synth besides. @default - none */
  readonly context?: Readonly<Record<string, string>>;
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

const DEFAULT_REGION = 'us-east-1';

export interface LocalRun {
  readonly environment: string;
  /** Of the region that works now; so are `deployed`, `apiUrl` and secrets. */
  readonly aws: EmbeddedAws;
  /** The first region, and the one that stands by. */
  readonly regions: readonly RunRegion[];
  /**
   * Makes the database cluster of a region the writer. That of the other one takes no writes from now on, and all
   * connections end, as with Aurora Global Database.
   */
  promoteDatabase(region: string): void;
  /** Makes another region the one that works. What that takes in AWS is the caller's. */
  use(region: string): void;
  readonly clock: ControllableClock;
  readonly deployed: DeployedAssembly;
  readonly topology: Topology;
  readonly brokers: Pick<RunBrokers, 'describe'>;
  /** Connections to the system's own database, as its owner. */
  readonly database: Pool;
  readonly databaseUrl: string;
  /** Resolves when the server of the database has ended though nobody stopped it: the run can not go on. */
  readonly databaseLost: Promise<Error>;
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
    const context = {
      ...props.context,
      ...(props.systems && { systems: props.systems.join(',') }),
      ...(props.standbyRegion !== undefined && { standbyRegion: props.standbyRegion }),
    };
    const deployments = embedded.all.map(({ aws }, index) =>
      createDeployment({
        directory,
        environment,
        context,
        aws,
        ...(index > 0 && { folderSuffix: '-standby' }),
      }),
    );
    const [deployment] = deployments as [Deployment, ...Deployment[]];
    started.push(async () => {
      for (const one of deployments) await one.close();
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
    let databaseUrl = postgres.url;
    // The clusters of a global database are one server here: the first Region's is the writer until it moves.
    const clusters: ClusterEndpoint[] = [];
    if (props.standbyRegion !== undefined) {
      for (const role of ['writer', 'reader'] as const) {
        const cluster = await startClusterEndpoint(postgres, role);
        started.push(() => cluster.close());
        clusters.push(cluster);
      }
    }
    const addressIn = (index: number): DatabaseAddress => {
      const { host, port } = clusters[index] ?? postgres;
      return { host, port };
    };
    const startDatabase: StartDatabase = async (request) => {
      databaseUrl = await createDatabase(postgres, request);
      return addressIn(0);
    };
    const places = embedded.all.map((region, index): PlaceToDeploy => ({
      region,
      deployment: deployments[index]!,
      startDatabase: index === 0 ? startDatabase : async () => addressIn(index),
    }));
    const deployAll = (assembly: string, placed: readonly PlaceToDeploy[]) =>
      deployRegions(assembly, placed as [PlaceToDeploy, PlaceToDeploy?]);
    // Long-running processes finish what runs while their database is still there.
    started.push(() => Promise.all(embedded.all.map(({ aws }) => aws.services.ecs.stopTasks())));
    const made = await deployAll(assemblyDirectory, places);
    const regions = made.map((one, index): RunRegion => ({ ...places[index]!, ...one }));
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
      promoteDatabase(name) {
        for (const [index, cluster] of clusters.entries()) {
          cluster.become(regions[index]?.region.name === name ? 'writer' : 'reader');
        }
      },
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
        return regions[0]!.topology;
      },
      database,
      databaseUrl,
      databaseLost: postgres.lost,
      get apiUrl() {
        return apiUrlOf(active.deployed.assembly, active.region.aws);
      },
      warm,
      async update() {
        const updated = await deployment.synthesize();
        const changed = await deployAll(
          updated,
          places.map((place) => ({ ...place, startDatabase: undefined })),
        );
        for (const [index, one] of regions.entries()) Object.assign(one, changed[index]);
        prewarm().catch(() => {});
        return regions[0]!.deployed.changes;
      },
      denials: () => denials.flatMap((of) => of()),
      secretValue: (logicalIdPart) =>
        secretValue(active.region.aws, regions[0]!.deployed.assembly, logicalIdPart),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Of the first HTTP API, or the stage of the first REST API; each region has its own address. */
function apiUrlOf(deployed: DeployedAssembly, { endpointUrl }: EmbeddedAws): string {
  const { apis } = deployed.records;
  const url = (apis.find((api) => api.url.startsWith(endpointUrl)) ?? apis[0])?.url ?? '';
  const stage = deployed.find('AWS::ApiGateway::Stage')[0]?.physicalId;
  return stage === undefined ? url : `${url}/${stage}`;
}

async function writeLogs(regions: readonly Region[], logFile: string): Promise<() => Promise<void>> {
  await mkdir(dirname(logFile), { recursive: true });
  await writeFile(logFile, '');
  // Appended: a second run in the same directory empties the file while this one writes, and must leave no hole in it.
  const file = createWriteStream(logFile, { flags: 'a' });
  const stops = regions.map(({ name, aws }) => {
    const where = regions.length > 1 ? `${name} ` : '';
    const { ecs, lambda } = aws.services;
    const write = (name: string, text: string): void =>
      void file.write(`${where}${name} ${text.trimEnd()}\n`);
    const ends = [
      lambda.observeLogs(({ functionName, text }) => write(functionName, text)),
      ecs.observeLogs(({ name, text }) => write(name, text)),
    ];
    return () => ends.forEach((end) => end());
  });
  return async () => {
    for (const stop of stops) stop();
    await new Promise((resolve) => file.end(resolve));
  };
}

/** @param deployed the first region's: of its secrets another region has replicas, of the same name */
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
    {
      SecretId: secret.physicalId.replace(/:secretsmanager:[^:]+:/, `:secretsmanager:${aws.context.region}:`),
    },
    rootCaller(aws.context),
  );
  return (answer as { SecretString: string }).SecretString;
}
