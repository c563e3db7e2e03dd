/** All the stacks of the commerce system, in one Region. */
import type { App, Stack } from 'aws-cdk-lib';
import type { DatabaseConnection } from '../constructs/index.ts';
import { createCommerceConsumers } from './commerce-consumers.ts';
import type { CommerceConsumers } from './commerce-consumers.ts';
import { CommerceStack } from './commerce-stack.ts';
import type { SystemStackProps } from './system-stack.ts';

export interface CommerceProps extends SystemStackProps {
  /**
   * What the ids of the stacks begin with; another one in another Region.
   * @default 'Commerce'
   */
  readonly idPrefix?: string;
  /** What must be deployed before: the stacks of the database and of the network. */
  readonly dependsOn: readonly Stack[];
  /**
   * The database as functions reach it that call the internet.
   * @default - that of all functions
   */
  readonly databaseWithInternet?: DatabaseConnection;
}

export interface Commerce {
  readonly commerce: CommerceStack;
  readonly consumers: CommerceConsumers;
  /** In the order of deployment. */
  readonly stacks: readonly Stack[];
}

/** The PostgreSQL schema of the system's tables. */
const SCHEMA = 'commerce';

export function createCommerce(app: App, props: CommerceProps): Commerce {
  const prefix = props.idPrefix ?? 'Commerce';
  const shared = { ...props, database: { ...props.database, schema: SCHEMA } };
  const commerce = new CommerceStack(app, prefix, { ...shared, streams: [] });
  // Weak references order nothing by themselves: the database must be there before its users.
  for (const stack of props.dependsOn) commerce.addStackDependency(stack);
  const consumers = createCommerceConsumers(app, `${prefix}Consumers`, {
    ...shared,
    commerce,
    databaseWithInternet: { ...(props.databaseWithInternet ?? props.database), schema: SCHEMA },
  });
  return { commerce, consumers, stacks: [commerce, ...consumers.stacks.stacks] };
}
