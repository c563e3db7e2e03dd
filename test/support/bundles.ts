/** What is in the bundles of functions: by handler, the files that leave something in the output. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions } from '../../lib/constructs/bundle-options.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** The handlers of a folder, by their paths in the repository. */
export function handlersIn(folder: string): readonly string[] {
  return readdirSync(`${repository}/${folder}`)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`);
}

/** A file a line, by handler. All handlers at once, so that what they share is read once. */
export async function bundledInto(handlers: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { metafile } = await build({
    ...bundleOptions(),
    entryPoints: [...handlers],
    absWorkingDir: repository,
    outdir: 'unused',
    write: false,
    metafile: true,
  });
  return new Map(
    Object.values(metafile.outputs).map(({ entryPoint = '', inputs }) => {
      const left = Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
      return [entryPoint, left.map(([path]) => path).join('\n')];
    }),
  );
}
