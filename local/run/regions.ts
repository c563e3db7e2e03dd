/**
 * What is deployed in each region of a run: the environment in the first, and in a second one its standby, synthesized as
 * for AWS from the outputs of the first.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CloudAssemblyStack } from '../../lib/assembly/cloud-assembly.ts';
import { readTopology } from '../../lib/topology/index.ts';
import type { Topology } from '../../lib/topology/index.ts';
import type { DeployedAssembly, StartDatabase } from '../assembly/index.ts';
import type { Region } from '../aws/index.ts';
import type { Deployed, Deployment } from './deployment.ts';

/** A region with what is deployed in it. */
export interface RunRegion {
  readonly region: Region;
  readonly deployment: Deployment;
  deployed: Deployed;
  topology: Topology;
}

export interface PlaceToDeploy extends Pick<RunRegion, 'region' | 'deployment'> {
  /** Undefined where everything is there already. */
  readonly startDatabase: StartDatabase | undefined;
}

/** What the first region's stacks say, in the file that `cdk deploy --outputs-file` writes. */
const OUTPUTS_FILE = 'first-region.json';

/**
 * | step | where |
 * |---|---|
 * | the first region's stacks that are in the other one: what must be there first | the other one |
 * | the first region's stacks | the first one |
 * | the standby's, of which the first region's outputs are a part | the other one |
 *
 * @param assemblyDirectory the first region's
 * @throws SynthesisError, AssemblyError
 */
export async function deployRegions(
  assemblyDirectory: string,
  [first, standby]: readonly [PlaceToDeploy, PlaceToDeploy?],
): Promise<readonly Omit<RunRegion, keyof PlaceToDeploy>[]> {
  const isElsewhere = ({ region }: CloudAssemblyStack): boolean =>
    region !== undefined && region === standby?.region.name;
  const before = await standby?.deployment.deploy(assemblyDirectory, standby.startDatabase, isElsewhere);
  const deployed = await first.deployment.deploy(
    assemblyDirectory,
    first.startDatabase,
    (stack) => !isElsewhere(stack),
  );
  const ofFirst = { deployed, topology: readTopology(assemblyDirectory) };
  if (standby === undefined || before === undefined) return [ofFirst];
  const outputs = join(assemblyDirectory, OUTPUTS_FILE);
  await writeFile(outputs, JSON.stringify(outputsOf([deployed.assembly, before.assembly])));
  const directory = await standby.deployment.synthesize({ standby: 'true', firstRegion: outputs });
  return [
    ofFirst,
    {
      deployed: await standby.deployment.deploy(directory, standby.startDatabase),
      topology: readTopology(directory),
    },
  ];
}

function outputsOf(assemblies: readonly DeployedAssembly[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    assemblies.flatMap(({ stacks }) => stacks.map(({ name, outputs }) => [name, outputs])),
  );
}
