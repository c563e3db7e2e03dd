/** The servers that a test file runs against: a real Redis and a real Valkey, each where it is installed and a word where not. */
import { describe } from '@jest/globals';
import { findRedis, startRealRedis } from '../../local/brokers/redis.ts';
import type { RealRedis, RealRedisOptions, RedisInstallation, RedisKind } from '../../local/brokers/redis.ts';

export interface RedisUnderTest {
  readonly name: string;
  start(options?: RealRedisOptions): Promise<RealRedis>;
}

const KINDS: readonly RedisKind[] = ['redis', 'valkey'];
const installed = new Map<RedisKind, RedisInstallation | undefined>();
for (const kind of KINDS) installed.set(kind, await findRedis(kind));

/** Runs the tests on each that is installed; the others are skipped by name, and with a line on the console. */
export function describeOnEachRedis(name: string, tests: (server: RedisUnderTest) => void): void {
  for (const kind of KINDS) {
    const installation = installed.get(kind);
    if (installation === undefined) {
      const why = `LEFT OUT, no real ${kind} is installed: npm run brokers:install`;
      process.stderr.write(`${name}: ${why}\n`);
      describe.skip(`${name} (${why})`, () => tests({ name: kind, start: () => startRealRedis() }));
    } else {
      describe(`${name} (real ${kind} ${installation.version})`, () =>
        tests({ name: kind, start: (options) => startRealRedis({ ...options, installation }) }));
    }
  }
}
