/** Redis 8 and Valkey 8 from Debian 13's packages, unpacked into .waybill/brokers. */
import * as path from 'node:path';
import { findRedis } from '../../local/brokers/redis.ts';
import type { RedisKind } from '../../local/brokers/redis.ts';
import { obstacleToPackages } from './debian-packages.ts';
import type { Installation } from './installation.ts';
import { unpackProgram } from './unpacked-program.ts';

const TARGETS = path.resolve(import.meta.dirname, '../../.waybill/brokers');
/** What both are linked with. */
const SHARED = [
  'libc6 libgcc-s1 libstdc++6 libssl3t64 libatomic1 libjemalloc2 liblzf1 libsystemd0 libzstd1 libcap2 zlib1g',
].flatMap((names) => names.split(' '));

export const installRedis = (): Promise<Installation> => install('redis', 'Redis');
export const installValkey = (): Promise<Installation> => install('valkey', 'Valkey');

async function install(kind: RedisKind, broker: string): Promise<Installation> {
  const found = await findRedis(kind);
  if (found !== undefined) return { broker, state: 'present', detail: `${found.version}, ${found.server}` };
  const target = path.join(TARGETS, kind);
  const name = `${kind}-server`;
  const obstacle =
    (await obstacleToPackages(name)) ??
    (await unpackProgram({
      target,
      name,
      file: `usr/bin/${name}`,
      packages: [name, `${kind}-tools`, ...SHARED],
      runs: async () => (await findRedis(kind)) !== undefined,
    }));
  if (obstacle !== undefined) return { broker, state: 'left out', detail: obstacle };
  return { broker, state: 'installed', detail: `Debian's packages, in ${path.relative('.', target)}` };
}
