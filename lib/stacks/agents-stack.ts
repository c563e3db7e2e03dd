/**
 * The agents system's HTTP API, its event store's functions, its topic, its server of Redis Streams and its long-running
 * services: as much of each as the configuration places agents on. Agents behind queues are in stacks of their own.
 */
import { CfnOutput, Duration } from 'aws-cdk-lib';
import { Cluster, ContainerInsights } from 'aws-cdk-lib/aws-ecs';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct, IDependable } from 'constructs';
import {
  agentConsumes,
  agentOpens,
  agentPublishes,
  agentsEvents,
  Feedback,
  FeedbackReceived,
  FeedbackVoted,
} from '../../catalog/agents/index.ts';
import type { AnyEventContract } from '../contracts/index.ts';
import {
  acknowledgeGuard,
  consumerLate,
  EventFunction,
  EventProcess,
  eventsGivenUp,
  EventTopic,
  HopAlarms,
  recordEdge,
  recordEvents,
  RedisServer,
  ScheduledFunction,
  SealingKey,
} from '../constructs/index.ts';
import { AGENT_NAMES, agentsConfig, transportsOf } from '../config/index.ts';
import type { AgentName, AgentsConfig, AgentTransport } from '../config/index.ts';
import { pascalCase } from '../constructs/names.ts';
import { migrate } from './database-migration.ts';
import { EnvironmentStack } from './environment-stack.ts';
import { SystemHttpApi } from './http-api.ts';
import type { NetworkStack } from './network-stack.ts';
import { createSecret } from './signing-secret.ts';
import type { SystemStackProps } from './system-stack.ts';

export interface AgentsStackProps extends SystemStackProps {
  readonly network: NetworkStack;
}

export type FeedbackTopic = EventTopic<(typeof agentsEvents)[number]>;

/** What reads without end, and so is no function. */
type ProcessTransport = Exclude<AgentTransport, 'sns-sqs'>;

/** An event that waits this long for an agent is late, and one that waits for a mirror as well. */
const MAX_AGENT_LAG = Duration.minutes(5);
const MAX_MIRROR_LAG = Duration.minutes(1);
/** Above a partition's worth of deletions. */
const MAINTENANCE_TIMEOUT = Duration.minutes(5);
const MEASURING_TIMEOUT = Duration.seconds(50);

/** A file for each function, of its name. */
export function entryOf(name: string): string {
  return `lambda/handlers/agents/${name}.ts`;
}

export class AgentsStack extends EnvironmentStack {
  /** Undefined where no agent is on `sns-sqs`, or can move there. */
  readonly events: FeedbackTopic | undefined;
  /** What people wrote is sealed under it: in the event store, and in every copy. */
  readonly sealingKey: SealingKey;
  /** Undefined where no agent is on `redis`, or can move there. */
  readonly redis: RedisServer | undefined;
  readonly cluster: Cluster | undefined;
  /** By what they read. */
  readonly processes: Readonly<Partial<Record<ProcessTransport, EventProcess>>>;
  /** Copies the event store to the other transports. Undefined where no agent needs one. */
  readonly mirror: EventProcess | undefined;
  readonly http: SystemHttpApi;
  /** Signs the tokens of the HTTP API. */
  readonly tokenSecret: Secret;
  readonly maintenance: ScheduledFunction;
  readonly measuring: ScheduledFunction;
  readonly #shared: AgentsStackProps;
  readonly #values: AgentsConfig;
  readonly #migrated: IDependable;

  constructor(scope: Construct, id: string, props: AgentsStackProps) {
    super(scope, id, {
      config: props.config,
      description: 'Feedback and the agents that work on it: the agents system',
    });
    this.#shared = props;
    this.#values = agentsConfig(props.config);
    this.#migrated = migrate(this, {
      entry: entryOf('migrate-database'),
      database: props.database,
      after: [],
    }).migrated;
    recordEvents(this, agentsEvents);
    this.sealingKey = new SealingKey(this, 'SealingKey', { removalPolicy: this.removalPolicy });
    this.events = this.#on('sns-sqs').length > 0 ? this.#createTopic() : undefined;
    this.redis = this.#on('redis').length > 0 ? this.#createRedis() : undefined;
    this.tokenSecret = createSecret(
      this,
      'TokenSecret',
      'Signs the tokens of the HTTP API',
      'Whoever issues tokens must change to a new key at the same moment, so the rotation is commanded and not scheduled',
    );
    this.http = this.#createApi();
    this.maintenance = this.#createMaintenance();
    this.measuring = this.#createMeasuring();
    this.cluster = this.#needsCluster ? this.#createCluster() : undefined;
    this.processes = this.#createProcesses();
    this.mirror = this.#createMirror();
    this.#watchConsumers();
    new CfnOutput(this, 'ApiUrl', { value: this.http.api.apiEndpoint, description: 'The HTTP API' });
    new CfnOutput(this, 'TokenSecretArn', {
      value: this.tokenSecret.secretArn,
      description: 'The secret whose text signs the tokens of the HTTP API',
    });
  }

  /** Notes for the topology that it appends these events to the event store. */
  recordAppends(writer: Construct, events: readonly AnyEventContract[]): void {
    if (events.length === 0) return;
    recordEdge(this, {
      kind: 'publishes',
      from: writer,
      to: this.#store,
      source: Feedback.source,
      events: events.map(({ name }) => name),
    });
  }

  get #store() {
    const { construct, secret } = this.#shared.database;
    return construct ?? secret;
  }

  /** The agents that are live on a transport, or can move there. */
  #on(transport: AgentTransport): readonly AgentName[] {
    return AGENT_NAMES.filter((name) => transportsOf(this.#values.agents[name]).includes(transport));
  }

  /** What the event store is copied to: it is the record, and the other transports are not. */
  get #mirrored(): readonly AgentTransport[] {
    return (['redis', 'sns-sqs'] as const).filter((transport) => this.#on(transport).length > 0);
  }

  get #needsCluster(): boolean {
    return this.#on('postgres').length > 0 || this.#mirrored.length > 0;
  }

  /** FIFO: what is said of a product is told in the order in which it was said. */
  #createTopic(): FeedbackTopic {
    return new EventTopic(this, 'FeedbackEvents', {
      service: Feedback,
      publishes: agentsEvents,
      fifo: true,
      encryptionKey: this.#shared.key,
    });
  }

  #createRedis(): RedisServer {
    const { network, key } = this.#shared;
    const { service, nodeType, shards, replicas } = this.#values.redis;
    const server = new RedisServer(this, 'Redis', {
      service,
      nodeType,
      shards,
      replicas,
      vpc: network.vpc,
      vpcSubnets: network.databaseSubnets,
      clientSecurityGroup: network.databaseClients,
      encryptionKey: key,
      snapshotRetentionDays: this.config.removalPolicy === 'retain' ? 7 : 0,
      logRetention: this.logRetention,
      removalPolicy: this.removalPolicy,
    });
    if (service === 'elasticache') {
      acknowledgeGuard(server.resource, {
        id: 'W24A',
        received: 'disabled',
        reason:
          'This environment is made to be deleted and made again, and the event store has every event. What remains: events that a failover loses stay unread by agents that are live on Redis, until the alarm on their oldest unprocessed event rises and the time is published again',
      });
    }
    return server;
  }

  #createApi(): SystemHttpApi {
    const { logRetention } = this;
    const api = new EventFunction(this, 'FeedbackApi', {
      service: Feedback,
      entry: entryOf('feedback-api'),
      database: this.#shared.database,
      logRetention,
    });
    // The API appends, and has no effect of an agent: the record is in PostgreSQL whatever carries it on.
    api.function.addEnvironment('WAYBILL_TRANSPORT', 'postgres');
    this.recordAppends(api, [FeedbackReceived, FeedbackVoted]);
    this.sealingKey.grants.seal(api, [FeedbackReceived, FeedbackVoted]);
    return new SystemHttpApi(this, 'Http', {
      tokenSecret: this.tokenSecret,
      throttlingRateLimit: this.#values.apiRateLimit,
      throttlingBurstLimit: this.#values.apiBurstLimit,
      logRetention,
      functions: [
        {
          target: api,
          routes: [
            'POST /feedback',
            'POST /feedback/{feedbackId}/votes',
            'GET /feedback/{feedbackId}',
            'GET /roadmap',
            'PUT /webhook-endpoint',
            'DELETE /webhook-endpoint',
            'GET /events/metrics',
          ],
        },
      ],
    });
  }

  #createMaintenance(): ScheduledFunction {
    const made = new ScheduledFunction(this, 'EventStoreMaintenance', {
      entry: entryOf('maintain-event-store'),
      description: 'Makes and drops partitions of the event store',
      interval: Duration.days(1),
      timeout: MAINTENANCE_TIMEOUT,
      database: this.#shared.database,
      encryptionKey: this.#shared.key,
      logRetention: this.logRetention,
    });
    made.function.addEnvironment('WAYBILL_TRANSPORT', 'postgres');
    made.function.addEnvironment('WAYBILL_EVENT_RETENTION_DAYS', String(this.#values.eventRetentionDays));
    made.node.addDependency(this.#migrated);
    return made;
  }

  /** What processes cannot tell when they are gone. */
  #createMeasuring(): ScheduledFunction {
    const made = new ScheduledFunction(this, 'EventMeasuring', {
      entry: entryOf('measure-events'),
      description: 'Measures how far agents and mirrors are behind the event store',
      timeout: MEASURING_TIMEOUT,
      database: this.#shared.database,
      encryptionKey: this.#shared.key,
      logRetention: this.logRetention,
    });
    made.function.addEnvironment('WAYBILL_TRANSPORT', 'postgres');
    made.function.addEnvironment('WAYBILL_MIRROR_TO', this.#mirrored.join(','));
    this.redis?.grants.inspect(made.handler);
    made.node.addDependency(this.#migrated);
    return made;
  }

  #createCluster(): Cluster {
    return new Cluster(this, 'Cluster', {
      vpc: this.#shared.network.vpc,
      containerInsightsV2: ContainerInsights.ENABLED,
      enableFargateCapacityProviders: false,
    });
  }

  #createProcesses(): AgentsStack['processes'] {
    const made = (['postgres', 'redis'] as const).flatMap((transport) => {
      const agents = this.#on(transport);
      if (agents.length === 0) return [];
      // The event store is the record itself: what arrives by it needs no comparison.
      const shadows = transport === 'postgres' ? [] : this.#shadowsOn(transport);
      const process = this.#createProcess(`Agents${pascalCase(transport)}`, transport, {
        WAYBILL_AGENTS: agents.join(','),
        ...(shadows.length === 0 ? {} : { WAYBILL_SHADOW_AGENTS: shadows.join(',') }),
      });
      if (transport === 'redis') this.redis?.grants.use(process);
      this.recordAppends(process, allOf(agents, agentPublishes));
      this.sealingKey.grants.seal(process, allOf(agents, agentPublishes));
      this.sealingKey.grants.open(process, allOf(agents, agentOpens));
      this.#recordReaders(process, transport, agents, shadows);
      return [[transport, process] as const];
    });
    return Object.fromEntries(made);
  }

  #shadowsOn(transport: AgentTransport): readonly AgentName[] {
    return AGENT_NAMES.filter((name) => this.#values.agents[name].next?.includes(transport) === true);
  }

  #createMirror(): EventProcess | undefined {
    if (this.#mirrored.length === 0) return undefined;
    const mirror = this.#createProcess('Mirror', 'postgres', {
      WAYBILL_MIRROR_TO: this.#mirrored.join(','),
    });
    if (this.events !== undefined) mirror.publishTo(this.events);
    this.redis?.grants.publish(mirror, agentsEvents);
    for (const transport of this.#mirrored) {
      recordEdge(this, {
        kind: 'follows',
        from: this.#store,
        to: mirror,
        consumer: mirrorName(transport),
        events: agentsEvents.map(({ name }) => name),
        role: 'mirror',
      });
    }
    return mirror;
  }

  #createProcess(
    id: string,
    transport: ProcessTransport,
    environment: Readonly<Record<string, string>>,
  ): EventProcess {
    const { desiredCount, cpu, memoryMiB } = this.#values.service;
    const process = new EventProcess(this, id, {
      entry: entryOf('process'),
      cluster: this.cluster!,
      database: this.#shared.database,
      desiredCount,
      cpu,
      memoryLimitMiB: memoryMiB,
      environment: {
        WAYBILL_TRANSPORT: transport,
        WAYBILL_CONFIGURED_TRANSPORTS: AGENT_NAMES.map(
          (name) => `${name}=${this.#values.agents[name].transport}`,
        ).join(','),
        ...environment,
      },
      logRetention: this.logRetention,
    });
    process.node.addDependency(this.#migrated);
    return process;
  }

  #recordReaders(
    process: EventProcess,
    transport: ProcessTransport,
    agents: readonly AgentName[],
    shadows: readonly AgentName[],
  ): void {
    const follow = (agent: AgentName, consumer: string, role: 'live' | 'next' | 'shadow') =>
      recordEdge(this, {
        kind: 'follows',
        from: transport === 'redis' ? this.redis! : this.#store,
        to: process,
        consumer,
        events: agentConsumes[agent].map(({ name }) => name),
        role,
      });
    for (const agent of agents) {
      follow(agent, agent, this.#values.agents[agent].transport === transport ? 'live' : 'next');
    }
    for (const agent of shadows) follow(agent, `${agent}-shadow`, 'shadow');
  }

  /** By the record, whatever carries the events: an agent on a queue that is late is late here, too. */
  #watchConsumers(): void {
    const alarms = new HopAlarms(this.measuring, {});
    const watch = (consumer: string, lag: Duration) => {
      const measured = { environment: this.config.name, consumer };
      const id = pascalCase(consumer);
      alarms.add(`${id}LateAlarm`, consumerLate(this.#store, measured, lag.toSeconds()));
      alarms.add(`${id}GivenUpAlarm`, eventsGivenUp(this.#store, measured));
    };
    for (const agent of AGENT_NAMES) watch(agent, MAX_AGENT_LAG);
    for (const transport of this.#mirrored) watch(mirrorName(transport), MAX_MIRROR_LAG);
  }
}

function allOf(
  agents: readonly AgentName[],
  events: Readonly<Record<AgentName, readonly AnyEventContract[]>>,
): readonly AnyEventContract[] {
  return [...new Set(agents.flatMap((agent) => events[agent]))];
}

/** As lambda/runtime/cutover/mirror.ts names its subscriptions. */
function mirrorName(transport: AgentTransport): string {
  return `mirror-${transport}`;
}
