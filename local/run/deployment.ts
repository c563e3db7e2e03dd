/** A project in the embedded AWS: synthesized and deployed, and again whenever its sources have changed. */
import { rm } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { deployAssembly, stacksOf } from '../assembly/index.ts';
import type { DeployedAssembly, DeployOptions, StartDatabase } from '../assembly/index.ts';
import type { EmbeddedAws } from '../aws/index.ts';
import { changesBetween } from './changes.ts';
import type { Changes, ResourceState } from './changes.ts';
import { removeLeftOverAssemblies } from './left-over-assemblies.ts';
import { synthesize } from './synthesize.ts';

export interface DeploymentProps {
  /** Where cdk.json is. */
  readonly directory: string;
  readonly environment: string;
  /** Context of the synth on top of that of cdk.json. @default - none */
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  readonly aws: EmbeddedAws;
  /**
   * The name of the region, where a second one has folders of its own.
   * @default - the first region
   */
  readonly folderSuffix?: '-standby';
}

export interface Deployment {
  /**
   * Synthesizes into a new folder and gives it.
   * @param more context of this synth alone
   * @throws SynthesisError
   */
  synthesize(more?: Readonly<Record<string, unknown>>): Promise<string>;
  /**
   * Makes the embedded AWS what the assembly says; what is there already is changed as CloudFormation would.
   * @throws AssemblyError after the stack that failed was rolled back
   */
  deploy(
    assemblyDirectory: string,
    startDatabase?: StartDatabase,
    only?: DeployOptions['only'],
  ): Promise<Deployed>;
  /** Ends a synthesis that runs, and removes the folders. */
  close(): Promise<void>;
}

export interface Deployed {
  readonly assemblyDirectory: string;
  readonly assembly: DeployedAssembly;
  readonly changes: Changes;
}

export function createDeployment(props: DeploymentProps): Deployment {
  const { directory, environment, context = {}, aws, folderSuffix = '' } = props;
  const folders: string[] = [];
  const closed = new AbortController();
  let count = 0;

  /** Functions whose code did not change still have it in the folder of an earlier synthesis. */
  const removeUnused = async (current: string): Promise<void> => {
    const code = aws.services.lambda.listFunctions().map(({ codeDirectory }) => codeDirectory);
    const unused = folders.filter(
      (folder) => folder !== current && !code.some((path) => path.startsWith(folder + sep)),
    );
    for (const folder of unused) {
      folders.splice(folders.indexOf(folder), 1);
      await rm(folder, { recursive: true, force: true });
    }
  };

  return {
    async synthesize(more = {}) {
      // The process id keeps two runs in one clone apart.
      const outputDirectory = join(directory, '.waybill', `cdk.out-${process.pid}-${count++}${folderSuffix}`);
      if (folders.length === 0) await removeLeftOverAssemblies(join(directory, '.waybill'));
      folders.push(outputDirectory);
      await synthesize({
        directory,
        environment,
        context: { ...context, ...more },
        outputDirectory,
        signal: closed.signal,
      });
      return outputDirectory;
    },
    async deploy(assemblyDirectory, startDatabase, only) {
      const before = resourceStates(aws);
      try {
        const assembly = await deployAssembly({
          assemblyDirectory,
          aws: aws.context,
          ...(startDatabase !== undefined && { startDatabase }),
          ...(only !== undefined && { only }),
        });
        return { assemblyDirectory, assembly, changes: changesBetween(before, resourceStates(aws)) };
      } finally {
        await removeUnused(assemblyDirectory);
      }
    },
    async close() {
      closed.abort();
      for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What runs, by stack and logical id. A resource is a value: a change makes a new one. */
function resourceStates(aws: EmbeddedAws): ReadonlyMap<string, ResourceState> {
  return new Map(
    [...stacksOf(aws.context).byName.values()].flatMap((stack) =>
      [...stack.resources.values()]
        .filter(({ bookkeeping, notRunBecause }) => bookkeeping !== true && notRunBecause === undefined)
        .map((resource) => [`${stack.name}/${resource.logicalId}`, resource] as const),
    ),
  );
}
