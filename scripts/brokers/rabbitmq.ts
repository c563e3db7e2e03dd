/**
 * RabbitMQ 4 from Debian 13's packages, unpacked into .waybill/brokers/rabbitmq without installing anything in the
 * system. Its programs are run by the C library that comes with them, because Debian 12's is older.
 */
import { execFile } from 'node:child_process';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { promisify } from 'node:util';

import { findRabbitmq } from '../../local/brokers/rabbitmq.ts';
import { downloadPackages, obstacleToPackages } from './debian-packages.ts';
import type { Installation } from './installation.ts';

const TARGET = path.resolve(import.meta.dirname, '../../.waybill/brokers/rabbitmq');
const LIBRARIES = 'usr/lib/x86_64-linux-gnu';
const ERLANG = 'usr/lib/erlang';

/** The server, the parts of Erlang it depends on, and the libraries that those are linked with. */
const PACKAGES = [
  'rabbitmq-server',
  'erlang-base erlang-asn1 erlang-crypto erlang-eldap erlang-ftp erlang-inets erlang-mnesia erlang-os-mon',
  'erlang-parsetools erlang-public-key erlang-runtime-tools erlang-snmp erlang-ssl erlang-syntax-tools',
  'erlang-tftp erlang-tools erlang-xmerl',
  'libc6 libgcc-s1 libstdc++6 libssl3t64 libtinfo6 libncursesw6 zlib1g libsystemd0 libzstd1 libcap2',
].flatMap((names) => names.split(' '));

const run = promisify(execFile);

export async function installRabbitmq(): Promise<Installation> {
  const broker = 'RabbitMQ';
  const found = await findRabbitmq();
  if (found !== undefined) return { broker, state: 'present', detail: found.server };
  const obstacle = await obstacleToPackages('rabbitmq-server');
  if (obstacle !== undefined) return { broker, state: 'left out', detail: obstacle };
  const work = await fs.mkdtemp(path.join(os.tmpdir(), 'waybill-rabbitmq-packages-'));
  try {
    const packages = await downloadPackages(work, PACKAGES);
    await fs.rm(TARGET, { recursive: true, force: true });
    await fs.mkdir(TARGET, { recursive: true });
    for (const file of packages) await run('dpkg-deb', ['-x', file, TARGET]);
    await usePackagedLibraries();
    await writeLaunchers();
  } catch (error) {
    await fs.rm(TARGET, { recursive: true, force: true });
    const { message } = error as Error;
    return { broker, state: 'left out', detail: message.split('\n').slice(0, 4).join(' ') };
  } finally {
    await fs.rm(work, { recursive: true, force: true });
  }
  return { broker, state: 'installed', detail: `Debian's packages, in ${path.relative('.', TARGET)}` };
}

/** Each program becomes a script that runs it with the loader and libraries that were unpacked with it. */
async function usePackagedLibraries(): Promise<void> {
  const root = path.join(TARGET, ERLANG);
  for (const entry of await fs.readdir(root, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (!entry.isFile() || entry.name.endsWith('.so') || !(await isProgram(file))) continue;
    await fs.rename(file, `${file}.elf`);
    await writeScript(file, [
      `root=${upwards(file)}`,
      `exec "$root/${LIBRARIES}/ld-linux-x86-64.so.2" --library-path "$root/${LIBRARIES}" --argv0 "$0" "$0.elf" "$@"`,
    ]);
  }
}

async function isProgram(file: string): Promise<boolean> {
  const { mode } = await fs.stat(file);
  if ((mode & 0o100) === 0) return false;
  const handle = await fs.open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.toString('latin1') === '\u007fELF';
  } finally {
    await handle.close();
  }
}

async function writeLaunchers(): Promise<void> {
  const [release] = (await fs.readdir(path.join(TARGET, ERLANG))).filter((name) => name.startsWith('erts-'));
  const [server] = await fs.readdir(path.join(TARGET, 'usr/lib/rabbitmq/lib'));
  if (release === undefined || server === undefined)
    throw new Error('the packages hold no Erlang or no RabbitMQ');
  const binaries = path.join(TARGET, 'bin');
  await fs.mkdir(binaries);
  const root = 'root=$(cd "$(dirname "$0")/.." && pwd)';
  await writeScript(path.join(binaries, 'erl'), [
    root,
    `ROOTDIR=$root/${ERLANG} BINDIR=$root/${ERLANG}/${release}/bin EMU=beam PROGNAME=erl`,
    'export ROOTDIR BINDIR EMU PROGNAME',
    'exec "$BINDIR/erlexec" "$@"',
  ]);
  await writeScript(path.join(binaries, 'epmd'), [root, `exec "$root/${ERLANG}/${release}/bin/epmd" "$@"`]);
  await writeScript(path.join(binaries, 'escript'), [
    root,
    `PATH=$root/bin:$PATH ESCRIPT_EMULATOR=$root/bin/erl`,
    'export PATH ESCRIPT_EMULATOR',
    `exec "$root/${ERLANG}/${release}/bin/escript" "$@"`,
  ]);
  for (const name of ['rabbitmq-server', 'rabbitmqctl']) {
    await writeScript(path.join(binaries, name), [
      root,
      'PATH=$root/bin:$PATH',
      'export PATH',
      `exec "$root/usr/lib/rabbitmq/lib/${server}/sbin/${name}" "$@"`,
    ]);
  }
}

/** The way from a script's own place to the target, so that the directory can be moved. */
function upwards(file: string): string {
  const levels = path.relative(TARGET, path.dirname(file)).split(path.sep).length;
  return `$(cd "$(dirname "$0")/${Array.from({ length: levels }, () => '..').join('/')}" && pwd)`;
}

async function writeScript(file: string, lines: readonly string[]): Promise<void> {
  await fs.writeFile(file, `${['#!/bin/sh', ...lines].join('\n')}\n`, { mode: 0o755 });
}
