/**
 * Builds what the package holds, into `dist`: JavaScript, types and source maps of what it exports, and each of
 * the library's handlers as a bundle, so that who deploys only those needs no bundler.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { BUNDLE_FILE } from '../lib/constructs/bundling.ts';
import { bundleOptions, LIBRARY_HANDLERS } from '../lib/constructs/bundle-options.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

rmSync(join(root, 'dist'), { recursive: true, force: true });
const compiler = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
for (const file of readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })) {
  if (file.endsWith('.d.ts')) nameJavaScript(join(root, 'dist', file));
}

const { metafile } = buildSync({
  ...bundleOptions(),
  absWorkingDir: root,
  entryPoints: LIBRARY_HANDLERS.map((name) => ({
    in: `lambda/handlers/${name}.ts`,
    out: join(name, BUNDLE_FILE),
  })),
  outdir: join(root, 'dist/bundles'),
  metafile: true,
});
writeFileSync(join(root, 'dist/bundles/LICENSES.txt'), licencesOf(Object.keys(metafile.inputs)));

/**
 * The compiler leaves `./x.ts` in declarations, which TypeScript before 5.0 and other readers of them do not
 * find. The names are as long as before, so the maps stay right.
 */
function nameJavaScript(file: string): void {
  const declarations = readFileSync(file, 'utf8');
  writeFileSync(
    file,
    declarations.replaceAll(/((?:from |import\()['"]\.{1,2}\/[^'"\n]+)\.ts(?=['"])/g, '$1.js'),
  );
}

/** The bundles carry code of these packages; their licences ask to be passed on with it. */
function licencesOf(inputs: readonly string[]): string {
  const packages = new Set(
    inputs.flatMap((input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? []),
  );
  return [...packages]
    .toSorted()
    .map((directory) => {
      const { name, version, license } = JSON.parse(
        readFileSync(join(root, directory, 'package.json'), 'utf8'),
      ) as { name: string; version: string; license: string };
      return `${name} ${version}, ${license}\n\n${licenceText(join(root, directory))}`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}

function licenceText(directory: string): string {
  const file = readdirSync(directory).find((name) => /^licen[cs]e/i.test(name));
  return file === undefined || !existsSync(join(directory, file))
    ? ''
    : readFileSync(join(directory, file), 'utf8');
}
