/** All the stacks of an environment. */
import type { App } from 'aws-cdk-lib';
import type { EnvironmentConfig } from '../config/index.ts';
import type { DatabaseConnection } from '../constructs/index.ts';
import {
  ENVIRONMENT_CONTEXT_KEY,
  retainMessages,
  RUNBOOK_BASE_URL_CONTEXT_KEY,
} from '../constructs/index.ts';
import { createAgents } from './agents.ts';
import type { Agents } from './agents.ts';
import { createCommerce } from './commerce.ts';
import type { Commerce } from './commerce.ts';
import { CoreStack } from './core-stack.ts';
import { DataStack } from './data-stack.ts';
import { createGeneration } from './generation.ts';
import type { GenerationStack } from './generation-stack.ts';
import { FoundationStack } from './foundation-stack.ts';
import { createJobs } from './jobs.ts';
import type { JobsStack } from './jobs-stack.ts';
import { NetworkStack } from './network-stack.ts';
import { ObservabilityStack } from './observability-stack.ts';

export interface ApplicationStacks {
  readonly foundation: FoundationStack;
  readonly network: NetworkStack;
  readonly data: DataStack;
  /** Undefined where the environment has the core system switched off. */
  readonly core: CoreStack | undefined;
  /** Undefined where the environment has the commerce system switched off. */
  readonly commerce: Commerce | undefined;
  /** Undefined where the environment has the jobs system switched off. */
  readonly jobs: JobsStack | undefined;
  /** Undefined where the environment has the generation system switched off. */
  readonly generation: GenerationStack | undefined;
  /** Undefined where the environment has the agents system switched off. */
  readonly agents: Agents | undefined;
  readonly observability: ObservabilityStack;
}

/** Creates the shared stacks, and those of the systems that the environment has switched on. */
export function createApplication(app: App, config: EnvironmentConfig): ApplicationStacks {
  app.node.setContext(ENVIRONMENT_CONTEXT_KEY, config.name);
  if (config.runbookBaseUrl !== undefined) {
    app.node.setContext(RUNBOOK_BASE_URL_CONTEXT_KEY, config.runbookBaseUrl);
  }
  const foundation = new FoundationStack(app, 'Foundation', { config });
  const network = new NetworkStack(app, 'Network', { config });
  const data = new DataStack(app, 'Data', { config, network });
  const shared = { config, key: foundation.key, bus: foundation.bus, database: data.database };
  const core = config.systems.core ? new CoreStack(app, 'Core', shared) : undefined;
  // Weak references order nothing by themselves: the tables must be there before their users.
  core?.addStackDependency(data);
  const commerce = config.systems.commerce
    ? createCommerce(app, {
        ...shared,
        network,
        ...commerceDatabases(data.database, network, config),
        dependsOn: [data],
      })
    : undefined;
  const jobs = config.systems.jobs ? createJobs(app, config, foundation) : undefined;
  const generation = config.systems.generation
    ? createGeneration(app, { ...shared, dependsOn: [foundation, data] })
    : undefined;
  const agents = config.systems.agents
    ? createAgents(app, { ...shared, network, dependsOn: [network, data] })
    : undefined;
  const observability = new ObservabilityStack(app, 'Observability', {
    config,
    systems: {
      ...(core === undefined ? {} : { core: [core, ...core.consumerStacks.stacks] }),
      ...(commerce === undefined ? {} : { commerce: commerce.stacks }),
      ...(jobs === undefined ? {} : { jobs: [jobs] }),
      ...(generation === undefined ? {} : { generation: [generation] }),
      ...(agents === undefined ? {} : { agents: agents.stacks }),
    },
    shared: [foundation, network, data],
  });
  if (config.removalPolicy === 'retain') retainMessages(app);
  return { foundation, network, data, core, commerce, jobs, generation, agents, observability };
}

/**
 * The database as the commerce system's functions reach it: from where no internet is, in the words of a security group
 * of their own. A database that is there already lets in one group only.
 */
function commerceDatabases(
  database: DatabaseConnection,
  network: NetworkStack,
  config: EnvironmentConfig,
): { readonly database: DatabaseConnection; readonly databaseWithInternet: DatabaseConnection } {
  const clientSecurityGroup =
    config.database.kind === 'existing' ? network.databaseClients : network.commerceClients;
  const own = { ...database, ...(clientSecurityGroup === undefined ? {} : { clientSecurityGroup }) };
  return { database: { ...own, vpcSubnets: network.isolatedSubnets }, databaseWithInternet: own };
}
