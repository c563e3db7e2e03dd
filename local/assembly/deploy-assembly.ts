/** Deploys a synthesized cloud assembly into the embedded AWS: every stack, in the order of its dependencies. */
import { join } from 'node:path';

import type { AwsContext } from '../aws/context.ts';
import { deployStack } from './deploy-stack.ts';
import type {
  DeployedResource,
  DeployedStack,
  Deployment,
  IgnoredProperty,
  LeftOutResource,
} from './deploy-stack.ts';
import { emptyRecords } from './providers/provider.ts';
import type { Records, StartDatabase } from './providers/provider.ts';
import { readAssembly } from './read-assembly.ts';
import type { AssemblyStack } from './read-assembly.ts';

/** Beside the assets, so that inline code finds the same packages as bundled code does. */
const WORK_DIRECTORY = '.inline-code';

export interface DeployOptions {
  /** The `cdk.out` directory. */
  readonly assemblyDirectory: string;
  /** The embedded AWS to deploy into. Its endpoint must listen: functions get its address. */
  readonly aws: AwsContext;
  /** Starts the PostgreSQL behind a database cluster. Without it, clusters are listed as not run. */
  readonly startDatabase?: StartDatabase;
  /** Called with a line per stack. */
  readonly log?: (line: string) => void;
}

export interface DeployedAssembly {
  readonly stacks: readonly DeployedStack[];
  readonly resources: readonly DeployedResource[];
  /** Resources that do not run here, each with the reason. */
  readonly notRun: readonly LeftOutResource[];
  /** Resources that are on record but do nothing here, each with the reason why that is all right. */
  readonly inert: readonly LeftOutResource[];
  /** Properties of resources that run, which no provider knows. */
  readonly ignoredProperties: readonly IgnoredProperty[];
  /** Alarms, databases and APIs, for whoever works with them. */
  readonly records: Records;
  readonly warnings: readonly string[];
  /** The physical ids of all resources of a type, by `stack/logicalId`. */
  find(type: string): readonly DeployedResource[];
}

/**
 * @throws AssemblyError when the assembly cannot be read or resolved, or a resource is refused: the message names the
 *   resource and the reason. What merely cannot run here does not throw; it is in `notRun`.
 */
export async function deployAssembly(options: DeployOptions): Promise<DeployedAssembly> {
  const { aws, assemblyDirectory, startDatabase, log = () => {} } = options;
  const assembly = await readAssembly(assemblyDirectory);
  const deployment: Deployment = {
    aws,
    workDirectory: join(assembly.directory, WORK_DIRECTORY),
    records: emptyRecords(),
    startDatabase,
    outputs: new Map(),
    exports: new Map(),
    notRun: [],
    inert: [],
    ignoredProperties: [],
  };
  const stacks: DeployedStack[] = [];
  const warnings = [...assembly.warnings];
  for (const stack of assembly.stacks) {
    warnings.push(...placeWarnings(stack, aws));
    const deployed = await deployStack(stack, deployment);
    log(`${deployed.name}: ${deployed.resources.length} resources`);
    stacks.push(deployed);
  }
  const resources = stacks.flatMap((stack) => stack.resources);
  return {
    stacks,
    resources,
    notRun: deployment.notRun,
    inert: deployment.inert,
    ignoredProperties: deployment.ignoredProperties,
    records: deployment.records,
    warnings,
    find: (type) => resources.filter((resource) => resource.type === type),
  };
}

/** A stack's account and region are part of ARNs that CDK has already written out as text. */
function placeWarnings({ stackName, account, region }: AssemblyStack, aws: AwsContext): string[] {
  const differs = (account ?? aws.accountId) !== aws.accountId || (region ?? aws.region) !== aws.region;
  return differs
    ? [
        `The stack ${stackName} was synthesized for ${account ?? 'any account'} in ${region ?? 'any region'}, and is deployed to ${aws.accountId} in ${aws.region}: ARNs that it holds as text point elsewhere.`,
      ]
    : [];
}
