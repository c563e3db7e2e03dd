/**
 * Redis 8 and Valkey 8 from Debian 13's packages, unpacked into .waybill/brokers without installing anything in the system.
 * They are run by the C library that comes with them, because Debian 12's is older.
 */
import { execFile } from 'node:child_process';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { findRedis } from '../../local/brokers/redis.ts';
import type { RedisKind } from '../../local/brokers/redis.ts';
import { downloadPackages, obstacleToPackages } from './debian-packages.ts';
import type { Installation } from './installation.ts';

const TARGETS = path.resolve(import.meta.dirname, '../../.waybill/brokers');
const LIBRARIES = 'usr/lib/x86_64-linux-gnu';
/** What both are linked with. */
const SHARED = [
  'libc6 libgcc-s1 libstdc++6 libssl3t64 libatomic1 libjemalloc2 liblzf1 libsystemd0 libzstd1 libcap2 zlib1g',
].flatMap((names) => names.split(' '));

const run = promisify(execFile);

export const installRedis = (): Promise<Installation> => install('redis', 'Redis');
export const installValkey = (): Promise<Installation> => install('valkey', 'Valkey');

async function install(kind: RedisKind, broker: string): Promise<Installation> {
  const found = await findRedis(kind);
  if (found !== undefined) return { broker, state: 'present', detail: `${found.version}, ${found.server}` };
  const obstacle = await obstacleToPackages(`${kind}-server`);
  if (obstacle !== undefined) return { broker, state: 'left out', detail: obstacle };
  const target = path.join(TARGETS, kind);
  const work = await fs.mkdtemp(path.join(os.tmpdir(), `waybill-${kind}-packages-`));
  try {
    const packages = await downloadPackages(work, [`${kind}-server`, `${kind}-tools`, ...SHARED]);
    await fs.rm(target, { recursive: true, force: true });
    await fs.mkdir(path.join(target, 'bin'), { recursive: true });
    for (const file of packages) await run('dpkg-deb', ['-x', file, target]);
    await writeLauncher(path.join(target, 'bin', `${kind}-server`), kind);
    if ((await findRedis(kind)) === undefined) throw new Error('the unpacked server does not run');
  } catch (error) {
    await fs.rm(target, { recursive: true, force: true });
    const { message } = error as Error;
    return { broker, state: 'left out', detail: message.split('\n').slice(0, 4).join(' ') };
  } finally {
    await fs.rm(work, { recursive: true, force: true });
  }
  return { broker, state: 'installed', detail: `Debian's packages, in ${path.relative('.', target)}` };
}

/** The program tells by the name it is called by what it is to be. */
async function writeLauncher(file: string, kind: RedisKind): Promise<void> {
  const lines = [
    '#!/bin/sh',
    'root=$(cd "$(dirname "$0")/.." && pwd)',
    `exec "$root/${LIBRARIES}/ld-linux-x86-64.so.2" --library-path "$root/${LIBRARIES}" --argv0 ${kind}-server "$root/usr/bin/${kind}-server" "$@"`,
  ];
  await fs.writeFile(file, `${lines.join('\n')}\n`, { mode: 0o755 });
}
