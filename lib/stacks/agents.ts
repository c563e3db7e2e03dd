/** The agents system, whole: its stack, and the stacks of agents behind queues. */
import type { App, Stack } from 'aws-cdk-lib';
import { createAgentConsumers } from './agents-consumers.ts';
import { AgentsStack } from './agents-stack.ts';
import type { AgentsStackProps } from './agents-stack.ts';

export interface AgentsProps extends AgentsStackProps {
  /** What must be deployed before: the stacks of the database and of the network. */
  readonly dependsOn: readonly Stack[];
}

export interface Agents {
  readonly agents: AgentsStack;
  /** In the order of deployment. */
  readonly stacks: readonly Stack[];
}

/** The PostgreSQL schema of the system's tables. */
const SCHEMA = 'agents';

export function createAgents(app: App, props: AgentsProps): Agents {
  const shared = { ...props, database: { ...props.database, schema: SCHEMA } };
  const agents = new AgentsStack(app, 'Agents', shared);
  // Weak references order nothing by themselves: what is used must be there before its users.
  for (const stack of props.dependsOn) agents.addStackDependency(stack);
  const consumers = createAgentConsumers(app, 'AgentsConsumers', { ...shared, agents });
  return { agents, stacks: [agents, ...consumers.stacks] };
}
