/**
 * A synthesized application as data that can be reasoned about: every resource of every stack with its properties
 * resolved, and the name and ARN it would have. No CDK code is loaded and nothing is deployed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTopology, TopologyError } from '../topology/index.ts';
import type { Topology } from '../topology/index.ts';
import { parseArn } from './arn.ts';
import { readCloudAssembly } from './cloud-assembly.ts';
import type { Assembly, Resource, SourceStack } from './model.ts';
import { resolveStacks } from './stack-scope.ts';
import type { Template } from './template.ts';

/**
 * Reads a `cdk.out` directory, the stages within it included.
 * @throws AssemblyError WAYBILL_ASSEMBLY_NOT_FOUND or WAYBILL_ASSEMBLY_INVALID
 */
export function readAssembly(directory: string): Assembly {
  const { directory: root, stacks } = readCloudAssembly(directory);
  return assemblyOf(
    stacks.map((stack) => ({
      ...stack,
      constructPath: (logicalId, nestedStack) => stack.constructPaths(nestedStack).get(logicalId),
      nestedTemplate: (path) => templateIn(join(stack.directory, path)),
    })),
    topologyIn(root),
  );
}

/** Undefined where the file is not there: a template in YAML, or one that is fetched from elsewhere. */
function templateIn(file: string): Template | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Template;
  } catch {
    return undefined;
  }
}

function topologyIn(directory: string): Topology | undefined {
  try {
    return readTopology(directory);
  } catch (error) {
    if (error instanceof TopologyError && error.code === 'WAYBILL_TOPOLOGY_NOT_FOUND') return undefined;
    throw error;
  }
}

/** The same of templates that are at hand. */
export function assemblyOf(stacks: readonly SourceStack[], topology?: Topology): Assembly {
  const { stacks: resolved, resources } = resolveStacks(stacks);
  const byType = Map.groupBy(resources, ({ type }) => type);
  const byReference = new Map<string, Resource>();
  for (const resource of resources) {
    if (resource.arn !== undefined) byReference.set(resource.arn, resource);
    if (resource.type === 'AWS::SQS::Queue') byReference.set(resource.ref, resource);
  }
  return {
    stacks: resolved,
    resources,
    topology,
    ofType: (...types) => types.flatMap((type) => byType.get(type) ?? []),
    find: (arn) =>
      typeof arn === 'string' ? (byReference.get(arn) ?? byReference.get(unqualified(arn))) : undefined,
  };
}

/** A function's ARN without version or alias; a log group's with the `:*` that `Fn::GetAtt` gives. */
function unqualified(arn: string): string {
  const parsed = parseArn(arn);
  if (parsed?.service === 'lambda' && parsed.resource.startsWith('function:')) {
    return arn.split(':').slice(0, 7).join(':');
  }
  if (parsed?.service === 'logs' && !arn.endsWith(':*')) return `${arn}:*`;
  return arn;
}
