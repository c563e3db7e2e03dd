/** pgbouncer from Debian 13's packages, unpacked into .waybill/brokers: what the event store is tested behind. */
import { execFile } from 'node:child_process';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { obstacleToPackages } from './debian-packages.ts';
import type { Installation } from './installation.ts';
import { unpackProgram } from './unpacked-program.ts';

const TARGET = path.resolve(import.meta.dirname, '../../.waybill/brokers/pgbouncer');
/** The package, and what the program is linked with. */
const PACKAGES = [
  'pgbouncer libc6 libcares2 libevent-2.1-7t64 libssl3t64 libsystemd0 libpam0g libaudit1 libcap-ng0 libcap2 libzstd1 zlib1g',
].flatMap((names) => names.split(' '));

/** The one on the PATH, else the one that was unpacked. */
export async function findPgbouncer(): Promise<{ version: string; program: string } | undefined> {
  for (const program of ['pgbouncer', path.join(TARGET, 'bin/pgbouncer')]) {
    try {
      const { stdout } = await promisify(execFile)(program, ['--version']);
      const version = /PgBouncer (\S+)/.exec(stdout)?.[1];
      if (version !== undefined) return { version, program };
    } catch {
      // Not this one.
    }
  }
  return undefined;
}

export async function installPgbouncer(): Promise<Installation> {
  const broker = 'pgbouncer';
  const found = await findPgbouncer();
  if (found !== undefined) return { broker, state: 'present', detail: `${found.version}, ${found.program}` };
  const obstacle =
    (await obstacleToPackages(broker)) ??
    (await unpackProgram({
      target: TARGET,
      name: broker,
      file: 'usr/sbin/pgbouncer',
      packages: PACKAGES,
      runs: async () => (await findPgbouncer()) !== undefined,
    }));
  if (obstacle !== undefined) return { broker, state: 'left out', detail: obstacle };
  return { broker, state: 'installed', detail: `Debian's packages, in ${path.relative('.', TARGET)}` };
}
