/** The migrations of the core system, applied when its stack is deployed. */
import { coreMigrations } from '../core/migrations/index.ts';
import { migrateOnDeploy } from '../service/migrate-on-deploy.ts';

export const handler = migrateOnDeploy({
  migrations: coreMigrations,
  physicalResourceId: 'core-database-schema',
});
