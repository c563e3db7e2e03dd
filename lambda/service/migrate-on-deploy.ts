/**
 * Applies a system's migrations when its stack is created or updated: a custom resource, so that nothing that
 * needs a table is deployed before it. It never drops anything, so a deleted stack leaves its data.
 * Source: "Custom resource response objects", AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html.
 */
import type { CloudFormationCustomResourceEvent, CloudFormationCustomResourceResponse } from 'aws-lambda';
import { createLogger } from '../runtime/index.ts';
import { describeError } from '../runtime/logger.ts';
import { createPool, migrate } from '../runtime/postgres/index.ts';
import type { Migration } from '../runtime/postgres/index.ts';

/** CloudFormation takes at most 4096 bytes of response; the rest of it is short. */
const REASON_MAX_LENGTH = 1024;
const SEND_ATTEMPTS = 3;
const SEND_TIMEOUT_MS = 10_000;

const logger = createLogger({ fields: { service: 'migrate-database' } });

export interface DeployedMigrations {
  readonly migrations: readonly Migration[];
  /** The custom resource's own id. Must never change: CloudFormation would replace the resource. */
  readonly physicalResourceId: string;
}

/** A handler that always answers, for CloudFormation waits for an hour otherwise. */
export function migrateOnDeploy(
  deployed: DeployedMigrations,
): (event: CloudFormationCustomResourceEvent) => Promise<void> {
  return async (event) => respond(event, deployed.physicalResourceId, await outcomeOf(event, deployed));
}

type Outcome =
  | { readonly Status: 'SUCCESS'; readonly Data: Readonly<Record<string, string>> }
  | { readonly Status: 'FAILED'; readonly Reason: string };

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
    const reason = error instanceof Error ? error.message : String(error);
    return { Status: 'FAILED', Reason: reason.slice(0, REASON_MAX_LENGTH) };
  }
}

async function respond(
  event: CloudFormationCustomResourceEvent,
  physicalResourceId: string,
  outcome: Outcome,
): Promise<void> {
  const response: CloudFormationCustomResourceResponse = {
    ...outcome,
    PhysicalResourceId: physicalResourceId,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      // Bytes, not text: fetch would name a content type, which the signed URL does not allow.
      const answer = await fetch(event.ResponseURL, {
        method: 'PUT',
        body: new TextEncoder().encode(JSON.stringify(response)),
        signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
      });
      if (answer.ok) return;
      throw new Error(`CloudFormation's response URL answered ${answer.status}`);
    } catch (error) {
      if (attempt === SEND_ATTEMPTS) throw error;
    }
  }
}
