/**
 * Bundles handlers: one esbuild call for all the entry files of a directory, an output directory per entry.
 * So fifty functions cost one start of esbuild, and a change in one handler changes no other's hash. What is
 * a bundle already, as the library's own handlers are in its package, is taken as it is, without esbuild.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { Construct, IConstruct } from 'constructs';
import type * as esbuild from 'esbuild';
import { bundleOptions, isLibraryBundle } from './bundle-options.ts';
import { ValidationError } from './errors.ts';

/** The name of the bundle's file, without its extension; so a handler is `index.EXPORT`. */
export const BUNDLE_FILE = 'index';

/** Where bundles are kept between runs, below the application's directory. */
export const CACHE_DIRECTORY = join('.waybill', 'bundles');

const SOURCE_EXTENSIONS = ['.ts', '.mts', '.js', '.mjs'];

/**
 * The code of the handler in an entry file. Honours CDK's own switch for skipping bundles
 * (`aws:cdk:bundling-stacks`), then giving a placeholder.
 *
 * @param entry the file, relative to the application's directory
 * @throws ValidationError WAYBILL_ENTRY_NOT_FOUND, WAYBILL_ENTRY_NOT_A_SOURCE, WAYBILL_BUNDLE_FAILED or
 * WAYBILL_BUNDLER_MISSING
 */
export function bundledCode(scope: Construct, entry: string): Code {
  if (isLibraryBundle(entry)) return Code.fromAsset(dirname(entry));
  const file = entryFile(scope, entry);
  return Code.fromAsset(Stack.of(scope).bundlingRequired ? bundleOf(scope, file) : placeholder());
}

/** @throws ValidationError WAYBILL_ENTRY_NOT_FOUND, WAYBILL_ENTRY_NOT_A_SOURCE */
export function entryFile(scope: Construct, entry: string): string {
  const file = resolve(entry);
  if (!SOURCE_EXTENSIONS.includes(extname(file))) {
    throw new ValidationError(scope, [
      {
        code: 'WAYBILL_ENTRY_NOT_A_SOURCE',
        prop: 'entry',
        received: `'${entry}'`,
        allowed: `a file ending in ${SOURCE_EXTENSIONS.join(', ')}`,
        fix: 'name the file that exports the handler, with its extension',
      },
    ]);
  }
  if (!existsSync(file)) {
    throw new ValidationError(scope, [
      {
        code: 'WAYBILL_ENTRY_NOT_FOUND',
        prop: 'entry',
        received: `'${entry}'`,
        allowed: 'an existing file, relative to the directory of cdk.json',
        fix: 'create the file or correct its path',
      },
    ]);
  }
  return file;
}

/** Bundles by entry file, per application: a process that synthesizes again sees what has changed since. */
const bundlesByRoot = new WeakMap<IConstruct, Map<string, string>>();

function bundleOf(scope: Construct, file: string): string {
  const made = bundlesByRoot.get(scope.node.root) ?? new Map<string, string>();
  bundlesByRoot.set(scope.node.root, made);
  const known = made.get(file);
  if (known !== undefined) return known;
  const { buildSync } = bundler(scope);
  const siblings = entriesOf(dirname(file));
  let failure: unknown;
  // One broken file must not stop its neighbours: after a failure the entry is bundled alone.
  for (const entries of siblings.length > 1 && siblings.includes(file) ? [siblings, [file]] : [[file]]) {
    try {
      const output = bundle(entries, buildSync, bundleOptions());
      for (const entry of entries) made.set(entry, join(output, nameOf(entry)));
      return join(output, nameOf(file));
    } catch (error) {
      failure = error;
    }
  }
  throw bundleFailure(scope, file, failure);
}

/**
 * The directory with the bundle of one file, made with options of its own.
 *
 * @throws ValidationError WAYBILL_BUNDLE_FAILED, WAYBILL_BUNDLER_MISSING
 */
export function bundleAlone(scope: Construct, file: string, options: esbuild.BuildOptions): string {
  const { buildSync } = bundler(scope);
  try {
    return join(bundle([file], buildSync, options), nameOf(file));
  } catch (error) {
    throw bundleFailure(scope, file, error);
  }
}

function bundleFailure(scope: Construct, file: string, failure: unknown): ValidationError {
  return new ValidationError(
    scope,
    [
      {
        code: 'WAYBILL_BUNDLE_FAILED',
        prop: 'entry',
        received: `'${relative(process.cwd(), file)}', which esbuild refuses: ${failure instanceof Error ? failure.message : String(failure)}`,
        allowed: 'a file that bundles',
        fix: repairOf(failure),
      },
    ],
    // What esbuild reports is in the message; a failure of anything else keeps its stack.
    errorsOf(failure).length > 0 ? undefined : { cause: failure },
  );
}

function repairOf(failure: unknown): string {
  const missing = errorsOf(failure).flatMap(({ text }) => MISSING_PACKAGE.exec(text)?.[1] ?? []);
  return missing.length > 0
    ? `run npm install ${[...new Set(missing)].join(' ')}, or correct the import`
    : 'repair the file or what it imports';
}

/** The package in esbuild's words for an import that it does not find; relative paths are none. */
const MISSING_PACKAGE = /^Could not resolve "((?:@[\w.-]+\/)?[\w-][\w.-]*)[^"]*"/;

function errorsOf(failure: unknown): readonly esbuild.Message[] {
  return typeof failure === 'object' &&
    failure !== null &&
    'errors' in failure &&
    Array.isArray(failure.errors)
    ? (failure.errors as esbuild.Message[])
    : [];
}

const require = createRequire(import.meta.url);

/** Loaded when something is bundled: who deploys only the library's handlers need not install it. */
function bundler(scope: Construct): typeof esbuild {
  try {
    return require('esbuild') as typeof esbuild;
  } catch (cause) {
    throw new ValidationError(
      scope,
      [
        {
          code: 'WAYBILL_BUNDLER_MISSING',
          prop: 'entry',
          received: 'a source file, and esbuild is not installed',
          allowed: 'a source file with esbuild installed',
          fix: 'run npm install --save-dev esbuild',
        },
      ],
      { cause },
    );
  }
}

/** Every source file of the directory, in a stable order. A package's directory is not the user's: only what is asked for. */
function entriesOf(directory: string): string[] {
  if (directory.split(sep).includes('node_modules')) return [];
  return readdirSync(directory)
    .filter((name) => SOURCE_EXTENSIONS.includes(extname(name)) && !/\.(d|test|spec)\.[a-z]+$/.test(name))
    .sort()
    .map((name) => join(directory, name));
}

function nameOf(entry: string): string {
  return basename(entry, extname(entry));
}

/** What the last bundle of the same entries was made of. */
interface CacheRecord {
  /** Own source files: what a package manager installed is covered by the lock file. */
  readonly inputs: readonly string[];
  readonly key: string;
}

/** The directory that holds a directory per entry. Reuses an earlier run's where nothing it read has changed. */
function bundle(
  entries: readonly string[],
  buildSync: typeof esbuild.buildSync,
  options: esbuild.BuildOptions,
): string {
  const root = process.cwd();
  const cache = join(root, CACHE_DIRECTORY);
  const group = digest([JSON.stringify(options), ...entries.map((entry) => relative(root, entry))]);
  const recordFile = join(cache, `${group}.json`);
  const record = readRecord(recordFile);
  if (record !== undefined && existsSync(join(cache, `${group}-${record.key}`))) {
    if (keyOf(root, record.inputs) === record.key) return join(cache, `${group}-${record.key}`);
  }

  mkdirSync(cache, { recursive: true });
  const output = mkdtempSync(join(cache, 'new-'));
  try {
    const { metafile } = buildSync({
      ...options,
      absWorkingDir: root,
      entryPoints: entries.map((entry) => ({ in: entry, out: join(nameOf(entry), BUNDLE_FILE) })),
      outdir: output,
      metafile: true,
    });
    const inputs = Object.keys(metafile.inputs).filter((input) => !input.includes('node_modules/'));
    const fresh: CacheRecord = { inputs: inputs.sort(), key: keyOf(root, inputs) };
    const place = join(cache, `${group}-${fresh.key}`);
    moveInto(output, place);
    writeAtomically(recordFile, JSON.stringify(fresh));
    removeStale(cache, group);
    return place;
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

function readRecord(file: string): CacheRecord | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as CacheRecord;
  } catch {
    return undefined;
  }
}

/** Changes with every own source file, and with every installed package through the lock file. */
function keyOf(root: string, inputs: readonly string[]): string {
  const files = [...inputs, 'package-lock.json', 'node_modules/esbuild/package.json'].sort();
  return digest(
    files.flatMap((file) => {
      const path = resolve(root, file);
      return existsSync(path) ? [file, readFileSync(path)] : [file, 'absent'];
    }),
  );
}

/** Long enough for any synth that still copies an older bundle. */
const STALE_AFTER_MILLISECONDS = 60 * 60 * 1000;

/** Earlier bundles of the same entries, and what a killed process left behind. */
function removeStale(cache: string, group: string): void {
  for (const name of readdirSync(cache)) {
    const path = join(cache, name);
    if (!name.startsWith(`${group}-`) && !name.startsWith('new-')) continue;
    const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
    if (Date.now() - made > STALE_AFTER_MILLISECONDS) rmSync(path, { recursive: true, force: true });
  }
}

/** Another process may have made the same bundle in the meantime; then its copy is kept. */
function moveInto(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

function writeAtomically(file: string, text: string): void {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text);
  renameSync(temporary, file);
}

function digest(parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\u0000');
  return hash.digest('hex').slice(0, 16);
}

/** A directory with an empty handler, for tests that look at templates and not at code. */
function placeholder(): string {
  const directory = join(process.cwd(), CACHE_DIRECTORY, 'placeholder');
  const file = join(directory, `${BUNDLE_FILE}.cjs`);
  if (!existsSync(file)) {
    mkdirSync(directory, { recursive: true });
    writeAtomically(file, 'exports.handler = async () => {};\n');
  }
  return directory;
}
