/** Public surface of the configuration. */
export {
  AGENT_NAMES,
  AGENT_TRANSPORTS,
  agentsConfig,
  transportsOf,
  usesRedis,
  withAgents,
} from './agents.ts';
export type { AgentName, AgentPlacement, AgentsConfig, AgentTransport, RedisConfig } from './agents.ts';
export { coreConfig } from './core.ts';
export type { CoreConfig } from './core.ts';
export { commerceConfig } from './commerce.ts';
export type { CommerceConfig, NotificationEndpoint } from './commerce.ts';
export { generationConfig } from './generation.ts';
export type { GenerationConfig } from './generation.ts';
export { jobsConfig } from './jobs.ts';
export type { JobsConfig } from './jobs.ts';
export {
  ConfigError,
  ENVIRONMENT_NAMES,
  environmentConfig,
  onlySystems,
  SYSTEM_NAMES,
  withSystems,
} from './environments.ts';
export type {
  ConfigErrorCode,
  EnvironmentConfig,
  EnvironmentLoad,
  EnvironmentName,
  ExistingDatabase,
  ExistingNetwork,
  LogRetentionDays,
  NewDatabase,
  NewNetwork,
  SystemName,
} from './environments.ts';
export { standbyRegionOf, withStandby, withStandbyRegion } from './standby.ts';
export type { FirstRegion, Standby } from './standby.ts';
export { APPLICATION_NAME, stackNameOf } from './names.ts';
