/** The migrations of the commerce system, applied when its stack is deployed. */
import { commerceMigrations } from '../../commerce/migrations/index.ts';
import { migrateOnDeploy } from '../../service/migrate-on-deploy.ts';

export const handler = migrateOnDeploy({
  migrations: commerceMigrations,
  physicalResourceId: 'commerce-database-schema',
});
