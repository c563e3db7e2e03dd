/** The four environments: what differs between them, and nothing else. */
import type { AgentPlacement } from './agents.ts';
import type { Standby } from './standby.ts';

export const ENVIRONMENT_NAMES = ['local', 'dev', 'staging', 'prod'] as const;
export type EnvironmentName = (typeof ENVIRONMENT_NAMES)[number];

/** The systems that can be switched on or off. */
export const SYSTEM_NAMES = ['core', 'commerce', 'jobs', 'generation', 'agents'] as const;
export type SystemName = (typeof SYSTEM_NAMES)[number];

/** An Aurora PostgreSQL Serverless v2 cluster that the data stack makes. */
export interface NewDatabase {
  readonly kind: 'aurora';
  /** Aurora capacity units, in steps of 0.5; 0 pauses an idle cluster. */
  readonly minCapacity: number;
  readonly maxCapacity: number;
  /** A second instance in another zone, to fail over to. */
  readonly reader: boolean;
  /** 1 to 35. */
  readonly backupRetentionDays: number;
  /** Refuse to delete the cluster. */
  readonly deletionProtection: boolean;
}

/** A database that is there already. */
export interface ExistingDatabase {
  readonly kind: 'existing';
  /** The complete ARN of a secret with host, port, username, password and dbname. */
  readonly secretArn: string;
  /** The security group that the database lets in. */
  readonly clientSecurityGroupId: string;
}

/** A VPC that the network stack makes. */
export interface NewNetwork {
  readonly kind: 'new';
  /** Zones to spread over. */
  readonly maxAzs: number;
  /** Ways out to the internet, for webhooks; one per zone survives the loss of a zone. */
  readonly natGateways: number;
  /** Reach AWS's services without the internet; paid by zone and hour. */
  readonly interfaceEndpoints: boolean;
}

/** A VPC that is there already. */
export interface ExistingNetwork {
  readonly kind: 'existing';
  readonly vpcId: string;
  readonly availabilityZones: readonly string[];
  /** One per zone, in the same order, with a way out to the internet. */
  readonly privateSubnetIds: readonly string[];
  /** One per zone, in the same order. Needed for a new database. */
  readonly isolatedSubnetIds: readonly string[];
}

export interface EnvironmentConfig {
  readonly name: EnvironmentName;
  /**
   * Twelve digits.
   * @default - the account of the credentials in use
   */
  readonly account?: string;
  /** @default - the region of the credentials in use */
  readonly region?: string;
  readonly systems: Readonly<Record<SystemName, boolean>>;
  readonly database: NewDatabase | ExistingDatabase;
  readonly network: NewNetwork | ExistingNetwork;
  /** Who gets every alarm by e-mail. */
  readonly alertEmails: readonly string[];
  /** Who gets critical alarms only, such as a pager. */
  readonly criticalAlertEmails: readonly string[];
  /**
   * Where the runbooks are that alarms lead to.
   * @default - docs/runbooks of this repository
   */
  readonly runbookBaseUrl?: string;
  /** The quota of concurrent executions of the account and region, for the alarm before it is used up. */
  readonly lambdaConcurrencyQuota: number;
  /** How long logs are kept: one of CloudWatch's steps, such as 7, 30, 90 or 365. */
  readonly logRetentionDays: LogRetentionDays;
  /** How long the shared bus keeps events to replay from. */
  readonly archiveRetentionDays: number;
  /** What happens to keys and databases whose stack is deleted. */
  readonly removalPolicy: 'retain' | 'destroy';
  /**
   * The Region that takes over the commerce system when the first one is lost. Its stacks are another deployment, of
   * the same environment with `-c standby=true`. Needs a database and a network that the stacks make.
   * @default - none
   */
  readonly standbyRegion?: string;
  /**
   * Set where the stacks are those of that Region. See withStandby.
   * @default - the first Region's
   */
  readonly standby?: Standby;
  /**
   * Where all agents are, instead of where lib/config/agents.ts has them. See withAgents.
   * @default - each as configured
   */
  readonly agents?: AgentPlacement;
  /** What the checks of capacity and the cost table take for granted. */
  readonly load: EnvironmentLoad;
}

/** The part of the traffic that the events declare, for capacity and costs. */
export interface EnvironmentLoad {
  /** The environment's busiest second over the declared `peakPerSecond`. */
  readonly peakShare: number;
  /** The month's average over that busiest second. */
  readonly averageShare: number;
  /**
   * Milliseconds that a message takes of single consumers, by name.
   * @default - as every other
   */
  readonly messageMillisecondsOf?: Readonly<Record<string, number>>;
}

/**
 * What single consumers take: `activity-analytics` counts in memory and writes once a window; `analytics-sink` has a
 * transaction of 20 ms for each event, of which ten keys run at a time. A job takes a model 20 seconds, and a worker has
 * ten of them at a time.
 */
const HANDLERS = {
  messageMillisecondsOf: { 'activity-analytics': 0.5, 'analytics-sink': 2, 'job-worker': 2_000 },
};

/** PutRetentionPolicy, AmazonCloudWatchLogs/latest/APIReference. */
export type LogRetentionDays = 1 | 7 | 14 | 30 | 90 | 180 | 365 | 731;

/** What an account begins with, lambda/latest/dg/gettingstarted-limits.html. */
const LAMBDA_DEFAULT_QUOTA = 1000;

const ENVIRONMENTS: Readonly<Record<EnvironmentName, EnvironmentConfig>> = {
  local: {
    name: 'local',
    systems: { core: true, commerce: true, jobs: true, generation: true, agents: true },
    database: {
      kind: 'aurora',
      minCapacity: 0.5,
      maxCapacity: 1,
      reader: false,
      backupRetentionDays: 1,
      deletionProtection: false,
    },
    network: { kind: 'new', maxAzs: 2, natGateways: 1, interfaceEndpoints: true },
    alertEmails: [],
    criticalAlertEmails: [],
    lambdaConcurrencyQuota: LAMBDA_DEFAULT_QUOTA,
    logRetentionDays: 1,
    archiveRetentionDays: 1,
    removalPolicy: 'destroy',
    load: { peakShare: 0.01, averageShare: 0.2, ...HANDLERS },
  },
  dev: {
    name: 'dev',
    systems: { core: true, commerce: true, jobs: true, generation: true, agents: true },
    database: {
      kind: 'aurora',
      minCapacity: 0,
      maxCapacity: 2,
      reader: false,
      backupRetentionDays: 1,
      deletionProtection: false,
    },
    network: { kind: 'new', maxAzs: 2, natGateways: 1, interfaceEndpoints: false },
    alertEmails: [],
    criticalAlertEmails: [],
    lambdaConcurrencyQuota: LAMBDA_DEFAULT_QUOTA,
    logRetentionDays: 7,
    archiveRetentionDays: 7,
    removalPolicy: 'destroy',
    load: { peakShare: 0.01, averageShare: 0.2, ...HANDLERS },
  },
  staging: {
    name: 'staging',
    systems: { core: true, commerce: true, jobs: true, generation: true, agents: true },
    database: {
      kind: 'aurora',
      minCapacity: 0.5,
      maxCapacity: 8,
      reader: false,
      backupRetentionDays: 7,
      deletionProtection: true,
    },
    network: { kind: 'new', maxAzs: 2, natGateways: 1, interfaceEndpoints: true },
    alertEmails: [],
    criticalAlertEmails: [],
    lambdaConcurrencyQuota: LAMBDA_DEFAULT_QUOTA,
    logRetentionDays: 30,
    archiveRetentionDays: 14,
    removalPolicy: 'retain',
    load: { peakShare: 0.1, averageShare: 0.2, ...HANDLERS },
  },
  prod: {
    name: 'prod',
    systems: { core: true, commerce: true, jobs: true, generation: true, agents: true },
    database: {
      kind: 'aurora',
      minCapacity: 1,
      maxCapacity: 32,
      reader: true,
      backupRetentionDays: 35,
      deletionProtection: true,
    },
    network: { kind: 'new', maxAzs: 3, natGateways: 3, interfaceEndpoints: true },
    alertEmails: [],
    criticalAlertEmails: [],
    lambdaConcurrencyQuota: LAMBDA_DEFAULT_QUOTA,
    logRetentionDays: 365,
    archiveRetentionDays: 90,
    removalPolicy: 'retain',
    standbyRegion: 'us-west-2',
    load: { peakShare: 1, averageShare: 0.2, ...HANDLERS },
  },
};

/**
 * The values of an environment.
 * @throws ConfigError WAYBILL_ENVIRONMENT_UNKNOWN for any name but the four
 */
export function environmentConfig(name: unknown): EnvironmentConfig {
  if (typeof name === 'string' && Object.hasOwn(ENVIRONMENTS, name)) {
    return ENVIRONMENTS[name as EnvironmentName];
  }
  throw new ConfigError(
    'WAYBILL_ENVIRONMENT_UNKNOWN',
    `unknown environment ${JSON.stringify(name)}: give one of ${ENVIRONMENT_NAMES.join(', ')}, for example -c env=dev`,
  );
}

/**
 * The environment with these systems switched on, and no others.
 *
 * @param systems a comma-separated list, as in `-c systems=commerce`; undefined leaves the environment as it is
 * @throws ConfigError WAYBILL_SYSTEM_UNKNOWN for a name that is no system, or for none
 */
export function withSystems(config: EnvironmentConfig, systems: unknown): EnvironmentConfig {
  if (systems === undefined) return config;
  const names = typeof systems === 'string' ? systems.split(',').map((name) => name.trim()) : [];
  const known: readonly string[] = SYSTEM_NAMES;
  const unknown = names.filter((name) => !known.includes(name));
  if (names.length === 0 || unknown.length > 0) {
    throw new ConfigError(
      'WAYBILL_SYSTEM_UNKNOWN',
      `unknown systems ${JSON.stringify(systems)}: give one or more of ${SYSTEM_NAMES.join(', ')}, for example -c systems=commerce`,
    );
  }
  return { ...config, systems: onlySystems(names as SystemName[]) };
}

/** These systems switched on, and no others. */
export function onlySystems(names: readonly SystemName[]): Readonly<Record<SystemName, boolean>> {
  const switched = SYSTEM_NAMES.map((name): [SystemName, boolean] => [name, names.includes(name)]);
  return Object.fromEntries(switched) as Record<SystemName, boolean>;
}

export type ConfigErrorCode =
  | 'WAYBILL_AGENT_TRANSPORT_UNKNOWN'
  | 'WAYBILL_ENVIRONMENT_UNKNOWN'
  | 'WAYBILL_STANDBY_IMPOSSIBLE'
  | 'WAYBILL_STANDBY_OUTPUT_MISSING'
  | 'WAYBILL_SYSTEM_UNKNOWN';

export class ConfigError extends Error {
  readonly code: ConfigErrorCode;

  constructor(code: ConfigErrorCode, message: string) {
    super(message);
    this.name = 'ConfigError';
    this.code = code;
  }
}
