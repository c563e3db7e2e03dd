/** The generation system's values of each environment. */
import type { EnvironmentName } from './environments.ts';

export interface GenerationConfig {
  /** Requests a second to the HTTP API, over all callers. */
  readonly apiRateLimit: number;
  /** Requests at once above the rate. */
  readonly apiBurstLimit: number;
  /** Invocations at a time of each consumer. */
  readonly consumerConcurrency: number;
  /** Messages a second to and from the WebSocket API. */
  readonly webSocketRateLimit: number;
  /** Messages at once above the rate. */
  readonly webSocketBurstLimit: number;
  /** Connections of one user at a time, such as tabs; the oldest gives way to one more. */
  readonly maxConnectionsPerUser: number;
  /** Days that a notification is kept for somebody who is away. */
  readonly notificationRetentionDays: number;
  /** Minutes without a word of the provider after which a generation ends as failed. */
  readonly generationTimeoutMinutes: number;
  /** What makes the images: `deterministic` is part of the system and needs nobody else. */
  readonly provider: 'deterministic' | 'http';
  /**
   * Origins of pages that may call the HTTP API, such as `https://app.example.com`. The WebSocket API asks for a ticket,
   * which only they get.
   */
  readonly pageOrigins: readonly string[];
  /**
   * Who is told by e-mail of generations that went wrong, besides the alarms.
   */
  readonly errorEmails: readonly string[];
  /**
   * Where the provider takes orders; needed by `http`.
   * @default - none
   */
  readonly providerUrl?: string;
}

const SMALL = {
  apiRateLimit: 50,
  apiBurstLimit: 100,
  consumerConcurrency: 2,
  webSocketRateLimit: 200,
  webSocketBurstLimit: 400,
  maxConnectionsPerUser: 10,
  notificationRetentionDays: 7,
  generationTimeoutMinutes: 30,
  pageOrigins: [],
  errorEmails: [],
  provider: 'deterministic',
} as const satisfies GenerationConfig;

const GENERATION: Readonly<Record<EnvironmentName, GenerationConfig>> = {
  local: {
    ...SMALL,
    apiRateLimit: 1000,
    apiBurstLimit: 2000,
    webSocketRateLimit: 10_000,
    webSocketBurstLimit: 10_000,
  },
  dev: SMALL,
  staging: { ...SMALL, apiRateLimit: 200, apiBurstLimit: 400, consumerConcurrency: 5 },
  prod: {
    ...SMALL,
    apiRateLimit: 500,
    apiBurstLimit: 1000,
    consumerConcurrency: 20,
    webSocketRateLimit: 5000,
    webSocketBurstLimit: 5000,
    notificationRetentionDays: 30,
  },
};

export function generationConfig(environment: EnvironmentName): GenerationConfig {
  return GENERATION[environment];
}
