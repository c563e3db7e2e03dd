/**
 * Packs the package as `npm pack` does, from a copy, so that nobody's `dist` is touched; and installs it beside links.
 * In CI it takes the file that `npm run package:check` has left.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { sharedPackedFile } from '../../scripts/packed-file.ts';

/** What goes into the package, and what builds it. */
const PARTS = [
  'bin',
  'browser',
  'catalog/jobs',
  'lambda',
  'lib',
  'local',
  'nestjs',
  'scripts',
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'package.json',
  'tsconfig.build.json',
  'tsconfig.json',
];

export interface Packed {
  readonly tarball: string;
  remove(): void;
}

export function pack(root: string): Packed {
  const shared = sharedPackedFile();
  if (shared !== undefined) return { tarball: shared, remove: () => {} };
  const directory = mkdtempSync(join(tmpdir(), 'waybill-package-'));
  const stage = join(directory, 'stage');
  mkdirSync(stage);
  for (const part of PARTS) cpSync(join(root, part), join(stage, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(stage, 'node_modules'));
  const packed = spawnSync('npm', ['pack', '--pack-destination', directory], {
    cwd: stage,
    encoding: 'utf8',
    env: environment(),
  });
  if (packed.status !== 0) throw new Error(`npm pack failed:\n${packed.stdout}${packed.stderr}`);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return {
    tarball: join(directory, `waybill-${version}.tgz`),
    remove: () => rmSync(directory, { recursive: true }),
  };
}

/** Unpacks the tarball into the application's node_modules, next to links to these packages of ours and to no others. */
export function install(tarball: string, app: string, root: string, packages: readonly string[]): void {
  const modules = join(app, 'node_modules');
  mkdirSync(modules, { recursive: true });
  execFileSync('tar', ['xzf', tarball, '-C', modules]);
  renameSync(join(modules, 'package'), join(modules, 'waybill'));
  link(app, root, packages);
}

export function link(app: string, root: string, packages: readonly string[]): void {
  for (const name of packages) {
    const place = join(app, 'node_modules', name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), place);
  }
}

export interface Ran {
  readonly status: number | null;
  readonly output: string;
}

/** Runs Node in the application: this one, and none of what jest has put into the environment. */
export function node(app: string, ...args: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: app,
    encoding: 'utf8',
    env: environment(),
  });
  return { status, output: `${stdout}${stderr}` };
}

function environment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, NODE_ENV: _env, NODE_TEST_CONTEXT: _context, ...rest } = process.env;
  return { ...rest, PATH: `${dirname(process.execPath)}${delimiter}${rest['PATH'] ?? ''}` };
}
