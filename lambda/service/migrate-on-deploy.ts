/**
 * Applies a system's migrations when its stack is created or updated: a custom resource, so that nothing that
 * needs a table is deployed before it. It never drops anything, so a deleted stack leaves its data.
 */
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { createLogger } from '../runtime/index.ts';
import { describeError } from '../runtime/logger.ts';
import { createPool, migrate } from '../runtime/postgres/index.ts';
import type { Migration } from '../runtime/postgres/index.ts';
import { failed, respond } from './custom-resource.ts';
import type { Outcome } from './custom-resource.ts';

const logger = createLogger({ fields: { service: 'migrate-database' } });

export interface DeployedMigrations {
  readonly migrations: readonly Migration[];
  /** The custom resource's own id. Must never change: CloudFormation would replace the resource. */
  readonly physicalResourceId: string;
}

/** A handler that always answers. */
export function migrateOnDeploy(
  deployed: DeployedMigrations,
): (event: CloudFormationCustomResourceEvent) => Promise<void> {
  return async (event) => respond(event, deployed.physicalResourceId, await outcomeOf(event, deployed));
}

async function outcomeOf(
  event: CloudFormationCustomResourceEvent,
  { migrations }: DeployedMigrations,
): Promise<Outcome> {
  if (event.RequestType === 'Delete') return { Status: 'SUCCESS', Data: {} };
  try {
    const pool = await createPool({ max: 1, logger });
    try {
      const applied = await migrate(pool, migrations);
      logger.info('migrations applied', { applied });
      return { Status: 'SUCCESS', Data: { Applied: applied.join(',') } };
    } finally {
      await pool.end();
    }
  } catch (error) {
    logger.error('migrations failed', { error: describeError(error) });
    return failed(error);
  }
}
