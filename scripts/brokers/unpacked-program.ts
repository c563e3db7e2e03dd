/**
 * A program of Debian 13's packages, unpacked into a directory without installing anything in the system. It is run by the C
 * library that comes with it, because Debian 12's is older.
 */
import { execFile } from 'node:child_process';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { downloadPackages } from './debian-packages.ts';

const LIBRARIES = 'usr/lib/x86_64-linux-gnu';

const run = promisify(execFile);

export interface UnpackedProgram {
  /** The directory that is replaced. The program is `bin/NAME` in it. */
  readonly target: string;
  readonly name: string;
  /** Its path in its package, for example `usr/bin/NAME`. */
  readonly file: string;
  /** Its package, and those of all that it is linked with. */
  readonly packages: readonly string[];
  /** Whether it runs. Where it does not, nothing is left of it. */
  readonly runs: () => Promise<boolean>;
}

/** @returns why it can not be unpacked or does not run; undefined where it does */
export async function unpackProgram(program: UnpackedProgram): Promise<string | undefined> {
  const { target, name, packages } = program;
  const work = await fs.mkdtemp(path.join(os.tmpdir(), `waybill-${name}-packages-`));
  try {
    const files = await downloadPackages(work, packages);
    await fs.rm(target, { recursive: true, force: true });
    await fs.mkdir(path.join(target, 'bin'), { recursive: true });
    for (const file of files) await run('dpkg-deb', ['-x', file, target]);
    await writeLauncher(program);
    if (!(await program.runs())) throw new Error(`the unpacked ${name} does not run`);
    return undefined;
  } catch (error) {
    await fs.rm(target, { recursive: true, force: true });
    return (error as Error).message.split('\n').slice(0, 4).join(' ');
  } finally {
    await fs.rm(work, { recursive: true, force: true });
  }
}

/** Some programs tell by the name they are called by what they are to be. */
async function writeLauncher({ target, name, file }: UnpackedProgram): Promise<void> {
  const lines = [
    '#!/bin/sh',
    'root=$(cd "$(dirname "$0")/.." && pwd)',
    `exec "$root/${LIBRARIES}/ld-linux-x86-64.so.2" --library-path "$root/${LIBRARIES}" --argv0 ${name} "$root/${file}" "$@"`,
  ];
  await fs.writeFile(path.join(target, 'bin', name), `${lines.join('\n')}\n`, { mode: 0o755 });
}
