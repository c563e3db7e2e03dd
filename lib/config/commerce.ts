/** The commerce system's values of each environment. */
import type { EnvironmentName } from './environments.ts';

/** A subscriber of customer notifications besides the queues: a person, a telephone, a web server. */
export interface NotificationEndpoint {
  readonly protocol: 'email' | 'sms' | 'https';
  /** An address, a number such as `+15550100`, or a URL. */
  readonly endpoint: string;
  /** Only notifications of these channels. */
  readonly channels: readonly ('email' | 'sms' | 'webhook')[];
  /**
   * Only notifications of these tenants.
   * @default - every tenant
   */
  readonly tenants?: readonly string[];
}

export interface CommerceConfig {
  /** Tenants with consumers, or a share of them, of their own. */
  readonly premiumTenants: readonly string[];
  /** Requests a second to the HTTP API, over all callers. */
  readonly apiRateLimit: number;
  /** Requests at once above the rate. */
  readonly apiBurstLimit: number;
  /** Invocations at a time of each consumer. */
  readonly consumerConcurrency: number;
  /** Pollers that always wait at the priority queue, and how many there may be. */
  readonly priorityPollers: { readonly minimum: number; readonly maximum: number };
  /** Besides the queues of the consumers; each has a dead-letter queue. None by default: whose addresses they would be is not known. */
  readonly notificationEndpoints: readonly NotificationEndpoint[];
  /** MSK Serverless scales by itself; Express brokers cost less from a steady load on. */
  readonly kafka: 'serverless' | 'express';
  /** Of the topic for analytics: each has one reader at a time. They may grow, by which keys move; never shrink. */
  readonly analyticsPartitions: number;
  /** Amazon MQ's instance type for the legacy broker. */
  readonly legacyBrokerInstanceType: string;
  /** A cluster of three over the zones, or a single broker. */
  readonly legacyBrokerDeployment: 'CLUSTER_MULTI_AZ' | 'SINGLE_INSTANCE';
}

const SMALL = {
  premiumTenants: ['tenant-1'],
  apiRateLimit: 50,
  apiBurstLimit: 100,
  consumerConcurrency: 2,
  priorityPollers: { minimum: 2, maximum: 2 },
  notificationEndpoints: [],
  kafka: 'serverless',
  analyticsPartitions: 6,
  legacyBrokerInstanceType: 'mq.m7g.medium',
  legacyBrokerDeployment: 'SINGLE_INSTANCE',
} as const satisfies CommerceConfig;

const COMMERCE: Readonly<Record<EnvironmentName, CommerceConfig>> = {
  local: {
    ...SMALL,
    premiumTenants: ['tenant-1', 'tenant-2'],
    apiRateLimit: 1000,
    apiBurstLimit: 2000,
  },
  dev: SMALL,
  staging: { ...SMALL, apiRateLimit: 200, apiBurstLimit: 400, consumerConcurrency: 5 },
  prod: {
    premiumTenants: ['acme-logistics', 'northern-rail'],
    apiRateLimit: 5000,
    apiBurstLimit: 10_000,
    consumerConcurrency: 50,
    priorityPollers: { minimum: 5, maximum: 20 },
    notificationEndpoints: [],
    kafka: 'express',
    analyticsPartitions: 12,
    legacyBrokerInstanceType: 'mq.m7g.large',
    legacyBrokerDeployment: 'CLUSTER_MULTI_AZ',
  },
};

export function commerceConfig(environment: EnvironmentName): CommerceConfig {
  return COMMERCE[environment];
}
