/** The agents system's values of each environment: above all, by which transport each agent gets its events. */
import { ConfigError } from './environments.ts';
import type { EnvironmentConfig, EnvironmentName } from './environments.ts';

/** What an agent can get its events by. The event store in PostgreSQL is the record whatever it is. */
export const AGENT_TRANSPORTS = ['postgres', 'redis', 'sns-sqs'] as const;
export type AgentTransport = (typeof AGENT_TRANSPORTS)[number];

/** The agents, by their consumer names. */
export const AGENT_NAMES = [
  'sentiment',
  'categorisation',
  'duplicate-detection',
  'priority',
  'notification',
  'roadmap',
  'weekly-digest',
  'webhook-relay',
] as const;
export type AgentName = (typeof AGENT_NAMES)[number];

export interface AgentPlacement {
  /**
   * Where it is live at first. Once it has moved, the table `consumer_transport` says where; then move this value after it,
   * before the next deployment: that may disable the event source mapping of where it is live again.
   */
  readonly transport: AgentTransport;
  /**
   * What is wired besides: the mirror, its group or queue, which is held until the move, and its shadow.
   * @default - nothing: it cannot move
   */
  readonly next?: readonly AgentTransport[];
}

/** The service and the size of the server of Redis Streams. */
export interface RedisConfig {
  /**
   * | service | what was accepted, after a failure of the primary |
   * |---|---|
   * | `memorydb` | is there: a log in several zones has it before it is accepted |
   * | `elasticache-durable` | the same: ElastiCache with synchronous writes |
   * | `elasticache` | may be gone: replicas follow asynchronously |
   */
  readonly service: 'memorydb' | 'elasticache-durable' | 'elasticache';
  /** Of the service: `db.r7g.large` of MemoryDB, `cache.r7g.large` of ElastiCache. */
  readonly nodeType: string;
  /** Partitions of streams are spread over them. */
  readonly shards: number;
  /** Of each shard, in other zones. */
  readonly replicas: number;
}

export interface AgentsConfig {
  readonly agents: Readonly<Record<AgentName, AgentPlacement>>;
  /** Requests a second to the HTTP API, over all callers. */
  readonly apiRateLimit: number;
  /** Requests at once above the rate. */
  readonly apiBurstLimit: number;
  /** Invocations at a time of each agent that is behind a queue. */
  readonly consumerConcurrency: number;
  /** Of each long-running service: agents on PostgreSQL, agents on Redis, the mirror. */
  readonly service: {
    /** Tasks; all share the work. At least one: none would leave events unread. */
    readonly desiredCount: number;
    /** Units of 1,024 for a processor, as Fargate has them: 256, 512, 1024 ... */
    readonly cpu: number;
    readonly memoryMiB: number;
  };
  readonly redis: RedisConfig;
  /** Days that the event store keeps events, to replay from. What an agent has not read is kept longer. */
  readonly eventRetentionDays: number;
}

const ON_POSTGRES: Readonly<Record<AgentName, AgentPlacement>> = placedAlike({ transport: 'postgres' });

const SMALL = {
  agents: ON_POSTGRES,
  apiRateLimit: 50,
  apiBurstLimit: 100,
  consumerConcurrency: 2,
  service: { desiredCount: 1, cpu: 256, memoryMiB: 512 },
  redis: { service: 'elasticache', nodeType: 'cache.t4g.micro', shards: 1, replicas: 0 },
  eventRetentionDays: 30,
} as const satisfies AgentsConfig;

const AGENTS: Readonly<Record<EnvironmentName, AgentsConfig>> = {
  local: { ...SMALL, apiRateLimit: 1000, apiBurstLimit: 2000 },
  dev: SMALL,
  staging: {
    ...SMALL,
    apiRateLimit: 200,
    apiBurstLimit: 400,
    consumerConcurrency: 5,
    service: { desiredCount: 2, cpu: 512, memoryMiB: 1024 },
    redis: { service: 'memorydb', nodeType: 'db.t4g.small', shards: 1, replicas: 1 },
  },
  prod: {
    ...SMALL,
    apiRateLimit: 500,
    apiBurstLimit: 1000,
    consumerConcurrency: 20,
    service: { desiredCount: 2, cpu: 1024, memoryMiB: 2048 },
    redis: { service: 'memorydb', nodeType: 'db.r7g.large', shards: 2, replicas: 1 },
    eventRetentionDays: 90,
  },
};

/** The values of the environment, with its agents placed otherwise where `withAgents` said so. */
export function agentsConfig({ name, agents }: Pick<EnvironmentConfig, 'name' | 'agents'>): AgentsConfig {
  return agents === undefined ? AGENTS[name] : { ...AGENTS[name], agents: placedAlike(agents) };
}

/** Every transport of an agent: the one it is live on, then what is wired besides. */
export function transportsOf({ transport, next = [] }: AgentPlacement): readonly AgentTransport[] {
  return [...new Set([transport, ...next])];
}

/** Whether any agent is on Redis, or can move there. */
export function usesRedis(config: Pick<EnvironmentConfig, 'name' | 'agents'>): boolean {
  return Object.values(agentsConfig(config).agents).some((one) => transportsOf(one).includes('redis'));
}

/**
 * The environment with all agents on other transports: `-c agents=redis`, or `-c agents=postgres:redis:sns-sqs`, where
 * they are live on the first one and can move to the others.
 *
 * @param agents undefined leaves the environment as it is
 * @throws ConfigError WAYBILL_AGENT_TRANSPORT_UNKNOWN
 */
export function withAgents(config: EnvironmentConfig, agents: unknown): EnvironmentConfig {
  if (agents === undefined) return config;
  const names = typeof agents === 'string' ? agents.split(':').map((name) => name.trim()) : [];
  const known: readonly string[] = AGENT_TRANSPORTS;
  if (
    names.length === 0 ||
    new Set(names).size < names.length ||
    names.some((name) => !known.includes(name))
  ) {
    throw new ConfigError(
      'WAYBILL_AGENT_TRANSPORT_UNKNOWN',
      `unknown transports ${JSON.stringify(agents)}: give one or more of ${AGENT_TRANSPORTS.join(', ')}, each once, with colons between and the live one first, for example -c agents=postgres:redis`,
    );
  }
  const [transport, ...next] = names as [AgentTransport, ...AgentTransport[]];
  return { ...config, agents: { transport, next } };
}

function placedAlike(placement: AgentPlacement): Readonly<Record<AgentName, AgentPlacement>> {
  return Object.fromEntries(AGENT_NAMES.map((name) => [name, placement])) as Record<
    AgentName,
    AgentPlacement
  >;
}
