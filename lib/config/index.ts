/** Public surface of the configuration. */
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
  withStandby,
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
  Standby,
  SystemName,
} from './environments.ts';
