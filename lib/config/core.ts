/** The core system's values of each environment. */
import type { EnvironmentName } from './environments.ts';

export interface CoreConfig {
  /** Tenants whose software delivery is measured: the filter of the consumer `delivery-insights`. */
  readonly premiumTenants: readonly string[];
  /** Requests a second to the HTTP API, over all callers. */
  readonly apiRateLimit: number;
  /** Requests at once above the rate. */
  readonly apiBurstLimit: number;
  /** Invocations at a time of each consumer: its database connections are four times as many. */
  readonly consumerConcurrency: number;
}

const CORE: Readonly<Record<EnvironmentName, CoreConfig>> = {
  local: {
    premiumTenants: ['tenant-1', 'tenant-2'],
    apiRateLimit: 1000,
    apiBurstLimit: 2000,
    consumerConcurrency: 2,
  },
  dev: { premiumTenants: ['tenant-1'], apiRateLimit: 50, apiBurstLimit: 100, consumerConcurrency: 2 },
  staging: { premiumTenants: ['tenant-1'], apiRateLimit: 200, apiBurstLimit: 400, consumerConcurrency: 5 },
  prod: {
    premiumTenants: ['acme-logistics', 'northern-rail'],
    apiRateLimit: 1000,
    apiBurstLimit: 2000,
    consumerConcurrency: 20,
  },
};

export function coreConfig(environment: EnvironmentName): CoreConfig {
  return CORE[environment];
}
