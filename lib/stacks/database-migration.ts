/** The migrations of a system's tables, as a custom resource: they run at each deployment that changes them. */
import { CustomResource, Duration } from 'aws-cdk-lib';
import type { CfnResource } from 'aws-cdk-lib';
import type { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { DependencyGroup } from 'constructs';
import type { IConstruct, IDependable } from 'constructs';
import { EventFunction } from '../constructs/index.ts';
import type { DatabaseConnection } from '../constructs/index.ts';
import type { EnvironmentStack } from './environment-stack.ts';

export interface MigrationProps {
  /** The handler that applies the migrations. */
  readonly entry: string;
  readonly database: DatabaseConnection;
  /** What must be there before, such as the cluster. */
  readonly after: readonly IConstruct[];
}

/** Long enough for an index on a large outbox. */
const MIGRATION_TIMEOUT = Duration.minutes(10);

/**
 * Makes both in the stack itself; what needs the tables depends on `migrated`. Where the Region stands by nothing
 * runs: its database takes no writes, and has the tables of the first one's.
 */
export function migrate(
  stack: EnvironmentStack,
  { entry, database, after }: MigrationProps,
): { readonly migration: EventFunction; readonly migrated: IDependable } {
  const migration = new EventFunction(stack, 'Migration', {
    entry,
    description: 'Brings the tables of the database up to date',
    timeout: MIGRATION_TIMEOUT,
    database,
    logRetention: stack.logRetention,
    // Its failure is the deployment's: whoever deploys sees it.
    alarms: 'none',
  });
  if (stack.config.standby?.active === false) return { migration, migrated: new DependencyGroup() };
  const migrated = new CustomResource(stack, 'Migrated', {
    serviceToken: migration.function.functionArn,
    // Changes with the code, and the migrations are part of it: so they run when they have changed.
    properties: { Code: codeKeyOf(migration) },
  });
  // Not the L2's prop, which writes the number as text.
  (migrated.node.defaultChild as CfnResource).addPropertyOverride(
    'ServiceTimeout',
    MIGRATION_TIMEOUT.toSeconds(),
  );
  migrated.node.addDependency(...after);
  return { migration, migrated };
}

function codeKeyOf(fn: EventFunction): string {
  const { code } = fn.function.node.defaultChild as CfnFunction;
  return 's3Key' in code && code.s3Key !== undefined ? code.s3Key : '';
}
