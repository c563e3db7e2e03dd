/** All the stacks of the commerce system, in one Region. */
import type { App, Stack } from 'aws-cdk-lib';
import type { DatabaseConnection } from '../constructs/index.ts';
import { createCommerceConsumers } from './commerce-consumers.ts';
import type { CommerceConsumers } from './commerce-consumers.ts';
import { CommerceLegacyStack } from './commerce-legacy-stack.ts';
import { standbyRegionOf } from '../config/index.ts';
import { CommerceStack } from './commerce-stack.ts';
import { CommerceStandbyStack } from './commerce-standby-stack.ts';
import { CommerceStreamsStack } from './commerce-streams-stack.ts';
import type { CommerceNetworkProps } from './commerce-streams-stack.ts';

export interface CommerceProps extends CommerceNetworkProps {
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
  readonly streams: CommerceStreamsStack;
  readonly legacy: CommerceLegacyStack;
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
  const streams = new CommerceStreamsStack(app, `${prefix}Streams`, shared);
  const legacy = new CommerceLegacyStack(app, `${prefix}Legacy`, shared);
  const standbyRegion = standbyRegionOf(props.config);
  const standby =
    standbyRegion === undefined
      ? undefined
      : new CommerceStandbyStack(app, `${prefix}Standby`, { config: props.config, standbyRegion });
  const commerce = new CommerceStack(app, prefix, {
    ...shared,
    streams: [streams.activity, streams.analytics],
    ...(standby === undefined ? {} : { standbyKeyArn: standby.keyAliasArn }),
  });
  if (standby !== undefined) commerce.addStackDependency(standby);
  // Weak references order nothing by themselves: what is used must be there before its users.
  for (const stack of props.dependsOn) {
    for (const user of [streams, legacy, commerce]) user.addStackDependency(stack);
  }
  commerce.addStackDependency(streams);
  const consumers = createCommerceConsumers(app, `${prefix}Consumers`, {
    ...shared,
    commerce,
    streams,
    legacy,
    databaseWithInternet: { ...(props.databaseWithInternet ?? props.database), schema: SCHEMA },
  });
  return {
    streams,
    legacy,
    commerce,
    consumers,
    stacks: [streams, legacy, commerce, ...consumers.stacks.stacks],
  };
}
