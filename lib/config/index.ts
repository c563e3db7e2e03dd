/** Public surface of the configuration. */
export { coreConfig } from './core.ts';
export type { CoreConfig } from './core.ts';
export { ConfigError, ENVIRONMENT_NAMES, environmentConfig } from './environments.ts';
export type {
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
