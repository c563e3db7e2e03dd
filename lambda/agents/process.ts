/**
 * The long-running process of the agents system: readers of the agents that are live on its transport, shadows of those
 * that may move there, and the mirrors that copy the record. Any number of processes share the work.
 */
import { writeFile } from 'node:fs/promises';
import type { Pool } from 'pg';
import { agentConsumes, agentsEvents } from '../../catalog/agents/index.ts';
import type { AgentName } from '../../catalog/agents/index.ts';
import { mirrorEvents, shadowName, shadowOf, superviseConsumers } from '../runtime/cutover/index.ts';
import type { SupervisedConsumer } from '../runtime/cutover/index.ts';
import type { Environment } from '../runtime/environment.ts';
import { describeError } from '../runtime/logger.ts';
import type { Logger } from '../runtime/logger.ts';
import { createPool } from '../runtime/postgres/index.ts';
import { timed } from '../runtime/postgres/query.ts';
import { makeRedisGroup, pollRedis, redisFromEnvironment, redisTransport } from '../runtime/redis/index.ts';
import type { RedisServer } from '../runtime/redis/index.ts';
import { publisherFromEnvironment } from '../runtime/routes.ts';
import { kmsDataKeys } from '../runtime/sealing/index.ts';
import { subscribe } from '../runtime/subscription/index.ts';
import type { Transport } from '../runtime/types.ts';
import { agentsByName } from './all.ts';
import type { AgentsService } from './effects.ts';
import type { MirrorTarget, ProcessSettings } from './process-settings.ts';
import { FEEDBACK_STREAM } from './redis-stream.ts';
import { agentsOn } from './service.ts';

/** Connections for effects, reading and marking. Those that LISTEN come besides, one for each reader. */
const WORKING_CONNECTIONS = 20;
/** Milliseconds. */
const HEARTBEAT = 5_000;
const HEARTBEAT_TIMEOUT = 5_000;

export interface AgentsProcess {
  /** Consumers whose reader runs here now. */
  running(): readonly string[];
  /** Finishes what runs and ends. Calling it again returns the same promise. */
  stop(): Promise<void>;
}

/** What can be stopped, and then has nothing in work. */
interface Stoppable {
  stop(options?: { readonly within?: number }): Promise<unknown>;
}

/** @throws DatabaseError, RedisError, RuntimeError; EventStoreError where the tables are missing */
export async function startAgentsProcess(
  settings: ProcessSettings,
  logger: Logger,
  environment: Environment = process.env,
): Promise<AgentsProcess> {
  const { transport, agents, shadows, mirrorTo, drainMilliseconds: within } = settings;
  const usesRedis = transport === 'redis' || mirrorTo.includes('redis');
  const stream = { ...FEEDBACK_STREAM, ...(usesRedis && { server: redisFromEnvironment({ environment }) }) };
  const pool = await createPool({ max: WORKING_CONNECTIONS, logger, environment });
  const listen = await createPool({ max: agents.length + mirrorTo.length + 1, logger, environment });
  const service = agentsOn({ pool, transport, logger, dataKeys: kmsDataKeys({ environment }) });
  const started: Stoppable[] = [];
  const heartbeat = keepHealthy(pool, settings.healthFile, logger);
  let running: AgentsProcess['running'] = () => [];

  const end = async (): Promise<void> => {
    await Promise.all(started.map((one) => one.stop({ within })));
    heartbeat.stop();
    await Promise.all([pool.end(), listen.end()]);
    logger.info('the process has ended what it had in work');
  };
  try {
    for (const to of mirrorTo) {
      const types = agentsEvents.map(({ name }) => name);
      const { store } = service;
      started.push(
        await mirrorEvents({
          store,
          to,
          transport: mirrorTransport(to, stream, environment),
          types,
          listen,
          logger,
        }),
      );
    }
    for (const name of shadows) started.push(startShadow(name, service, stream, logger));
    if (agents.length > 0) {
      const consumers = agents.map((name) => supervised(name, settings, { service, stream, listen, logger }));
      const supervisor = await superviseConsumers({
        pool,
        transport,
        consumers,
        listen,
        logger,
        stopWithin: within,
      });
      started.push(supervisor);
      running = () => supervisor.running();
    }
  } catch (error) {
    await end();
    throw error;
  }
  logger.info('the process works', { transport, agents, shadows, mirrorTo });
  let stopped: Promise<void> | undefined;
  return { running, stop: () => (stopped ??= end()) };
}

/** The stream, and where it is. */
type FeedbackStream = typeof FEEDBACK_STREAM & { readonly server?: RedisServer };

interface Surroundings {
  readonly service: AgentsService;
  readonly stream: FeedbackStream;
  readonly listen: Pool;
  readonly logger: Logger;
}

function supervised(
  name: AgentName,
  { transport, configured }: ProcessSettings,
  { service, stream, listen, logger }: Surroundings,
): SupervisedConsumer {
  const consumer = agentsByName[name](() => Promise.resolve(service));
  const common = {
    consumer: name,
    configured: configured[name] ?? transport,
    types: agentConsumes[name].map((contract) => contract.name),
  };
  if (transport === 'postgres') {
    return { ...common, start: () => subscribe({ consumer, store: service.store, listen, logger }) };
  }
  return {
    ...common,
    // The group fills while the agent is live elsewhere.
    prepare: () => makeRedisGroup({ ...stream, group: name }),
    start: () => pollRedis({ ...stream, consumer, order: 'key', logger }),
  };
}

function startShadow(
  name: AgentName,
  service: AgentsService,
  stream: FeedbackStream,
  logger: Logger,
): Stoppable {
  const { pool, transport } = service;
  const shadow = shadowOf(
    agentsByName[name](() => Promise.resolve(service)),
    { pool, transport },
  );
  return pollRedis({
    ...stream,
    consumer: shadow,
    group: shadowName(name),
    order: 'key',
    logger,
  });
}

function mirrorTransport(to: MirrorTarget, stream: FeedbackStream, environment: Environment): Transport {
  return to === 'redis' ? redisTransport(stream) : publisherFromEnvironment([], environment);
}

/** Writes the file as long as the database answers: who watches it starts the process anew when it is old. */
function keepHealthy(pool: Pool, file: string | undefined, logger: Logger): { stop(): void } {
  if (file === undefined) return { stop: () => undefined };
  const beat = async (): Promise<void> => {
    try {
      await pool.query(timed(HEARTBEAT_TIMEOUT, 'select 1'));
      await writeFile(file, '');
    } catch (error) {
      logger.warn('the health file was not written', { detail: describeError(error) });
    }
  };
  void beat();
  const timer = setInterval(() => void beat(), HEARTBEAT);
  return { stop: () => clearInterval(timer) };
}
