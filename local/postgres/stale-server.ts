/**
 * A data directory that is kept may still have a server on it: one of another run that is alive, or one whose
 * parent and guardian were both killed. The first is an error, the second is ended.
 */
import { execFile } from 'node:child_process';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';

import { EmbeddedPostgresError } from './errors.ts';

/** Names the process that uses the directory. */
const OWNER_FILE = 'waybill.owner';
/** Milliseconds. */
const END_TIMEOUT = 5_000;

/** @throws EmbeddedPostgresError WAYBILL_POSTGRES_DIRECTORY_IN_USE */
export async function claimDataDirectory(directory: string): Promise<void> {
  // Beside the data, not in it: PostgreSQL's user owns the inside, and an empty directory has to stay empty.
  const ownerFile = path.join(path.dirname(directory), `${path.basename(directory)}.${OWNER_FILE}`);
  const server = await firstLineAsNumber(path.join(directory, 'postmaster.pid'));
  if (server !== undefined && isAlive(server) && (await runsOn(directory, server))) {
    const owner = await firstLineAsNumber(ownerFile);
    if (owner !== undefined && isAlive(owner)) {
      throw new EmbeddedPostgresError(
        'WAYBILL_POSTGRES_DIRECTORY_IN_USE',
        `the data directory ${directory} is used by process ${owner}: stop that run, or give another dataDirectory`,
      );
    }
    await endOrphan(server, path.join(directory, 'postmaster.pid'));
  }
  await fs.mkdir(path.dirname(directory), { recursive: true });
  await fs.writeFile(ownerFile, `${process.pid}\n`);
}

/** After a restart of the machine, the process id in an old file may be anybody's. */
async function runsOn(directory: string, pid: number): Promise<boolean> {
  const command = await new Promise<string>((resolve) => {
    execFile('ps', ['-ww', '-o', 'command=', '-p', String(pid)], (_error, stdout) => resolve(stdout));
  });
  return command.includes(directory);
}

async function endOrphan(server: number, pidFile: string): Promise<void> {
  process.kill(server, 'SIGINT');
  const deadline = Date.now() + END_TIMEOUT;
  while ((await firstLineAsNumber(pidFile)) === server && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function firstLineAsNumber(file: string): Promise<number | undefined> {
  const text = await fs.readFile(file, 'utf8').catch(() => '');
  const value = Number.parseInt(text, 10);
  return Number.isInteger(value) && value > 0 ? value : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
