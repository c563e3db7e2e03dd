/** The migrations of the generation system, applied when its stack is deployed. */
import { generationMigrations } from '../../generation/migrations/index.ts';
import { migrateOnDeploy } from '../../service/migrate-on-deploy.ts';

export const handler = migrateOnDeploy({
  migrations: generationMigrations,
  physicalResourceId: 'generation-database-schema',
});
