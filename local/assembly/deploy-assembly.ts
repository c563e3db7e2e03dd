/**
 * Deploys a synthesized cloud assembly into the embedded AWS: every stack, in the order of its dependencies. Stacks
 * that are there already are changed into what their templates say now.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { AwsContext } from '../aws/context.ts';
import { deployStack } from './engine.ts';
import type { Records, StartDatabase } from './providers/provider.ts';
import { readCloudAssembly } from '../../lib/assembly/cloud-assembly.ts';
import type { CloudAssemblyStack, ImageAsset } from '../../lib/assembly/cloud-assembly.ts';
import type { IgnoredProperty, Stack } from './stack.ts';
import { stacksOf } from './stacks.ts';
import type { Stacks } from './stacks.ts';
import type { Json } from '../../lib/assembly/template.ts';

/** Beside the assets, so that inline code finds the same packages as bundled code does. */
const WORK_DIRECTORY = '.inline-code';

export interface DeployOptions {
  /** The `cdk.out` directory. */
  readonly assemblyDirectory: string;
  /** The embedded AWS to deploy into. Its endpoint must listen: functions get its address. */
  readonly aws: AwsContext;
  /** Starts the PostgreSQL behind a database cluster. Without it, clusters are listed as not run. */
  readonly startDatabase?: StartDatabase;
  /**
   * Which of its stacks.
   * @default - all
   */
  readonly only?: (stack: CloudAssemblyStack) => boolean;
  /** Called with a line per stack. */
  readonly log?: (line: string) => void;
}

export interface DeployedResource {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId: string;
}

export interface LeftOutResource {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly reason: string;
}

export interface DeployedStack {
  readonly name: string;
  readonly displayName: string;
  readonly outputs: Readonly<Record<string, Json>>;
  readonly resources: readonly DeployedResource[];
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
  /** Roles, policies, permissions, alarms, databases and APIs, for whoever works with them. */
  readonly records: Records;
  readonly warnings: readonly string[];
  /** The physical ids of all resources of a type, by `stack/logicalId`. */
  find(type: string): readonly DeployedResource[];
}

/**
 * Called again with a changed assembly, it does what CloudFormation would: adds, updates in place, replaces, removes.
 * Messages in queues that stay are kept. A stack that fails is rolled back; the stacks before it stay deployed.
 *
 * @throws AssemblyError when the assembly cannot be read or resolved, or a resource is refused: the message names the
 *   resource and the reason. What merely cannot run here does not throw; it is in `notRun`.
 */
export async function deployAssembly(options: DeployOptions): Promise<DeployedAssembly> {
  const { aws, assemblyDirectory, startDatabase, only = () => true, log = () => {} } = options;
  const assembly = readCloudAssembly(assemblyDirectory);
  await keepToItself(assembly.directory);
  const stacks = stacksOf(aws);
  if (startDatabase !== undefined) stacks.startDatabase = startDatabase;
  stacks.log = log;
  const deployed: Stack[] = [];
  const { files: earlierAssets, images: earlierImages } = assetsOf(aws);
  const warnings = [...assembly.warnings];
  for (const described of assembly.stacks.filter(only)) {
    warnings.push(...placeWarnings(described, aws));
    const stack = stacks.byName.get(described.stackName) ?? stacks.add(described.stackName);
    stack.displayName = described.displayName;
    const images = imagesIn(aws, described.imageAssets);
    await deployStack(stacks, stack, {
      template: described.template,
      templateBody: JSON.stringify(described.template),
      parameters: described.parameters,
      // A stack that is rolled back needs what an earlier assembly brought.
      asset: (objectKey) => described.fileAssets.get(objectKey) ?? earlierAssets.get(objectKey),
      image: (name) => images.get(name) ?? earlierImages.get(name),
      workDirectory: join(assembly.directory, WORK_DIRECTORY),
      rollback: true,
    });
    for (const [objectKey, path] of described.fileAssets) earlierAssets.set(objectKey, path);
    for (const [name, image] of images) earlierImages.set(name, image);
    const family = familyOf(stacks, stack);
    deployed.push(...family);
    log(`${stack.name}: ${family.reduce((sum, each) => sum + each.resources.size, 0)} resources`);
  }
  return describe(stacks, deployed, warnings);
}

interface Assets {
  /** By object key. */
  readonly files: Map<string, string>;
  /** By repository and tag. */
  readonly images: Map<string, ImageAsset>;
}

/** Of a stack for any account and Region the repository's name has placeholders, as `Image` in its template does. */
function imagesIn(
  { accountId, region }: AwsContext,
  images: ReadonlyMap<string, ImageAsset>,
): ReadonlyMap<string, ImageAsset> {
  const placed = (name: string): string =>
    name
      .replaceAll('${AWS::AccountId}', accountId)
      .replaceAll('${AWS::Region}', region)
      .replaceAll('${AWS::Partition}', 'aws');
  return new Map([...images].map(([name, image]) => [placed(name), image]));
}

const assetsByAws = new WeakMap<AwsContext, Assets>();

/** Where the assets of what is deployed lie. */
function assetsOf(aws: AwsContext): Assets {
  const known = assetsByAws.get(aws) ?? { files: new Map(), images: new Map() };
  assetsByAws.set(aws, known);
  return known;
}

/**
 * In Lambda nothing lies above the code. Here a package.json of the project would decide what kind of modules the
 * functions' files are; an empty one in between leaves that to the code.
 */
async function keepToItself(assemblyDirectory: string): Promise<void> {
  await writeFile(join(assemblyDirectory, 'package.json'), '{}', { flag: 'wx' }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    },
  );
}

/** What these stacks hold now. */
function describe(stacks: Stacks, deployed: readonly Stack[], warnings: readonly string[]): DeployedAssembly {
  const resources = deployed.flatMap(deployedResources);
  const leftOut = (reasonOf: 'notRunBecause' | 'inertBecause'): LeftOutResource[] =>
    deployed.flatMap((stack) =>
      [...stack.resources.values()].flatMap(({ logicalId, type, [reasonOf]: reason }) =>
        reason === undefined ? [] : [{ stack: stack.name, logicalId, type, reason }],
      ),
    );
  return {
    stacks: deployed
      .filter(({ parentId }) => parentId === undefined)
      .map((stack) => ({
        name: stack.name,
        displayName: stack.displayName,
        outputs: Object.fromEntries(stack.outputs.map(({ name, value }) => [name, value])),
        resources: familyOf(stacks, stack).flatMap(deployedResources),
      })),
    resources,
    notRun: leftOut('notRunBecause'),
    inert: leftOut('inertBecause'),
    ignoredProperties: deployed.flatMap(({ ignoredProperties }) => ignoredProperties),
    records: stacks.records,
    warnings,
    find: (type) => resources.filter((resource) => resource.type === type),
  };
}

function deployedResources(stack: Stack): readonly DeployedResource[] {
  return [...stack.resources.values()]
    .filter(({ bookkeeping, notRunBecause }) => bookkeeping !== true && notRunBecause === undefined)
    .map(({ logicalId, type, physicalId }) => ({ stack: stack.name, logicalId, type, physicalId }));
}

/** The stack and all that are nested in it. */
function familyOf(stacks: Stacks, stack: Stack): readonly Stack[] {
  const children = [...stacks.byName.values()].filter(({ parentId }) => parentId === stack.id);
  return [stack, ...children.flatMap((child) => familyOf(stacks, child))];
}

/** A stack's account and region are part of ARNs that CDK has already written out as text. */
function placeWarnings({ stackName, account, region }: CloudAssemblyStack, aws: AwsContext): string[] {
  const differs = (account ?? aws.accountId) !== aws.accountId || (region ?? aws.region) !== aws.region;
  return differs
    ? [
        `The stack ${stackName} was synthesized for ${account ?? 'any account'} in ${region ?? 'any region'}, and is deployed to ${aws.accountId} in ${aws.region}: ARNs that it holds as text point elsewhere.`,
      ]
    : [];
}
