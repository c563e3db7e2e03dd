/**
 * Data directories. `initdb` takes most of a second, so its result is kept once per version as a template
 * and each new directory is a copy of it. The superuser's password stands in a file inside, mode 0600.
 */
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';

import type { PostgresBinaries } from './binaries.ts';
import { EmbeddedPostgresError } from './errors.ts';
import type { RunAs } from './run-as.ts';
import { canReach, changeOwner } from './run-as.ts';

export const SUPERUSER = 'waybill';
const PASSWORD_FILE = 'waybill.password';
/** Counted up whenever the options of initdb below change, so that older templates are not used. */
const TEMPLATE_REVISION = 1;

export function randomPassword(): string {
  return randomBytes(24).toString('base64url');
}

export async function passwordOf(directory: string): Promise<string | undefined> {
  return fs.readFile(path.join(directory, PASSWORD_FILE), 'utf8').catch(() => undefined);
}

export async function writePassword(directory: string, password: string): Promise<void> {
  await fs.writeFile(path.join(directory, PASSWORD_FILE), password, { mode: 0o600 });
}

/**
 * Makes `directory` a data directory where it is missing or empty.
 * @returns whether it was made now
 * @throws EmbeddedPostgresError WAYBILL_POSTGRES_DIRECTORY_UNUSABLE, WAYBILL_POSTGRES_FAILED
 */
export async function prepareDataDirectory(
  directory: string,
  binaries: PostgresBinaries,
  runAs: RunAs,
  cacheDirectory: string,
): Promise<boolean> {
  await fs.mkdir(directory, { recursive: true, mode: 0o700 });
  if (!(await canReach(path.dirname(directory), runAs))) {
    throw new EmbeddedPostgresError(
      'WAYBILL_POSTGRES_DIRECTORY_UNUSABLE',
      `the data directory ${directory} can't be used: PostgreSQL refuses to run as root, and the user it runs as instead (uid ${runAs.uid}) may not enter a directory above it. Choose a directory outside your home, or leave dataDirectory out for a temporary one`,
    );
  }
  if ((await fs.readdir(directory)).length > 0) {
    if ((await passwordOf(directory)) === undefined) {
      throw new EmbeddedPostgresError(
        'WAYBILL_POSTGRES_DIRECTORY_UNUSABLE',
        `the data directory ${directory} holds files that are not Waybill's. Choose an empty directory, or set DATABASE_URL to use a PostgreSQL of your own`,
      );
    }
    return false;
  }
  const template = await templateDirectory(binaries, runAs, cacheDirectory);
  await copyTree(template, directory, runAs);
  await fs.chmod(directory, 0o700);
  return true;
}

/** @returns a data directory that no server ever runs on */
async function templateDirectory(
  binaries: PostgresBinaries,
  runAs: RunAs,
  cacheDirectory: string,
): Promise<string> {
  const template = path.join(cacheDirectory, `postgres-template-${binaries.version}-${TEMPLATE_REVISION}`);
  if ((await passwordOf(template)) !== undefined) return template;

  // Where PostgreSQL's user can write, which the cache may not be.
  const made = await initialise(binaries, runAs);
  try {
    await fs.mkdir(cacheDirectory, { recursive: true });
    const fresh = `${template}-${randomUUID()}`;
    await copyTree(made, fresh, {});
    // Renaming onto a directory that holds files fails: a parallel start was faster, and its template is as good.
    await fs.rename(fresh, template).catch(() => fs.rm(fresh, { recursive: true, force: true }));
  } finally {
    await fs.rm(path.dirname(made), { recursive: true, force: true });
  }
  return template;
}

async function initialise(binaries: PostgresBinaries, runAs: RunAs): Promise<string> {
  const parent = await fs.mkdtemp(path.join(os.tmpdir(), 'waybill-initdb-'));
  const directory = path.join(parent, 'data');
  const password = randomPassword();
  const passwordFile = path.join(parent, 'password');
  await fs.writeFile(passwordFile, password, { mode: 0o600 });
  await changeOwner(parent, runAs);
  await changeOwner(passwordFile, runAs);
  const options = [
    `--pgdata=${directory}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    // The built-in provider: the same collation on every machine, and no locale has to be installed.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    // Smaller files: a copy of the template is ready sooner.
    '--wal-segsize=4',
    '--no-sync',
    '--no-instructions',
  ];
  const { code, output } = await runToEnd(binaries.initdb, options, runAs, parent);
  if (code !== 0) {
    await fs.rm(parent, { recursive: true, force: true });
    throw new EmbeddedPostgresError(
      'WAYBILL_POSTGRES_FAILED',
      `PostgreSQL's initdb ended with code ${code}: ${output.trim().slice(-1000)}`,
    );
  }
  await writePassword(directory, password);
  return directory;
}

function runToEnd(
  program: string,
  options: readonly string[],
  runAs: RunAs,
  cwd: string,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...options], { ...runAs, cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    let output = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** Several files at a time, which for a thousand small ones is twice as fast as `fs.cp`. */
async function copyTree(source: string, target: string, runAs: RunAs): Promise<void> {
  await fs.mkdir(target, { recursive: true, mode: 0o700 });
  const entries = await fs.readdir(source, { withFileTypes: true });
  await Promise.all(
    entries.map(async (entry) => {
      const [from, to] = [path.join(source, entry.name), path.join(target, entry.name)];
      if (entry.isDirectory()) return copyTree(from, to, runAs);
      await fs.copyFile(from, to, fs.constants.COPYFILE_FICLONE);
      await changeOwner(to, runAs);
    }),
  );
  await changeOwner(target, runAs);
}
