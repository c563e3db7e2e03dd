/** The migrations of the agents system, applied when its stack is deployed. */
import { agentsMigrations } from '../../agents/migrations/index.ts';
import { migrateOnDeploy } from '../../service/migrate-on-deploy.ts';

export const handler = migrateOnDeploy({
  migrations: agentsMigrations,
  physicalResourceId: 'agents-database-schema',
});
