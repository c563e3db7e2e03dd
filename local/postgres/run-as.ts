/** PostgreSQL refuses to run as root. Where we are root, its processes run as an unprivileged user. */
import * as fs from 'node:fs/promises';
import * as path from 'node:path';

/** Spread into the options of `spawn`. Empty: run as whoever we are. */
export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
}

/** `nobody` on Linux. A number needs no entry in the password file. */
const NOBODY = 65534;

export function postgresUser(): RunAs {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
}

/** Whether that user may enter the directory and each one above it. */
export async function canReach(directory: string, runAs: RunAs): Promise<boolean> {
  if (runAs.uid === undefined) return true;
  let current = await fs.realpath(directory);
  for (;;) {
    const { mode, uid } = await fs.stat(current);
    if (uid === runAs.uid ? (mode & 0o100) === 0 : (mode & 0o001) === 0) return false;
    const parent = path.dirname(current);
    if (parent === current) return true;
    current = parent;
  }
}

export async function changeOwner(file: string, { uid, gid }: RunAs): Promise<void> {
  if (uid !== undefined && gid !== undefined) await fs.chown(file, uid, gid);
}
