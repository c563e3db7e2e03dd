/** Public surface of the configuration. */
export { coreConfig } from './core.ts';
export type { CoreConfig } from './core.ts';
export { commerceConfig } from './commerce.ts';
export type { CommerceConfig, NotificationEndpoint } from './commerce.ts';
export {
  ConfigError,
  ENVIRONMENT_NAMES,
  environmentConfig,
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
