/** The jobs system's values of each environment. */
import type { EnvironmentName } from './environments.ts';

export interface JobsConfig {
  /** Requests a second to the REST API, over all callers. */
  readonly apiRateLimit: number;
  /** Requests at once above the rate. */
  readonly apiBurstLimit: number;
  /** Invocations of the worker at a time; each has ten jobs. */
  readonly workerConcurrency: number;
  /** Invocations at a time of the function that takes results. */
  readonly resultConcurrency: number;
  /** Jobs of one tenant that run at a time; the others wait, and count as no failure. */
  readonly maxRunningPerTenant: number;
  /** Jobs that one tenant may begin a day (UTC); the others end as failed. */
  readonly dailyQuotaPerTenant: number;
  /** Days until a job's row is deleted, from its end. */
  readonly retentionDays: number;
  /** US dollars a day above what is expected from which on a cost anomaly is told. */
  readonly costAnomalyThreshold: number;
}

const SMALL = {
  apiRateLimit: 50,
  apiBurstLimit: 100,
  workerConcurrency: 2,
  resultConcurrency: 2,
  maxRunningPerTenant: 5,
  dailyQuotaPerTenant: 1000,
  retentionDays: 7,
  costAnomalyThreshold: 10,
} as const satisfies JobsConfig;

const JOBS: Readonly<Record<EnvironmentName, JobsConfig>> = {
  local: {
    ...SMALL,
    apiRateLimit: 1000,
    apiBurstLimit: 2000,
    maxRunningPerTenant: 10,
    dailyQuotaPerTenant: 100_000,
  },
  dev: SMALL,
  staging: { ...SMALL, workerConcurrency: 5, maxRunningPerTenant: 10, retentionDays: 14 },
  prod: {
    apiRateLimit: 200,
    apiBurstLimit: 400,
    workerConcurrency: 50,
    resultConcurrency: 10,
    maxRunningPerTenant: 50,
    dailyQuotaPerTenant: 20_000,
    retentionDays: 30,
    costAnomalyThreshold: 100,
  },
};

export function jobsConfig(environment: EnvironmentName): JobsConfig {
  return JOBS[environment];
}
