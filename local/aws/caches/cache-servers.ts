/** The servers of a service's caches, by the name of the cache: started once, given their users, stopped. */
import { withLocalCaches } from './addresses.ts';
import { startCacheServer } from './running.ts';
import type { CacheRequest, CacheServer, StartRedis } from './running.ts';
import type { CacheUser } from './users.ts';

export interface CacheServers {
  startWith(start: StartRedis): void;
  /** @param names the names that its address has in AWS */
  start(request: CacheRequest, names: readonly string[]): Promise<CacheServer>;
  /** The server; undefined for a cache that has none. */
  of(cache: string): Promise<CacheServer> | undefined;
  setUsers(cache: string, users: readonly CacheUser[]): Promise<void>;
  stop(cache: string): Promise<void>;
  /** The text with addresses of this machine in the place of those that the caches would have in AWS. */
  withLocalAddresses(text: string): string;
  close(): Promise<void>;
}

interface Running {
  readonly server: Promise<CacheServer>;
  readonly names: readonly string[];
  started?: CacheServer;
}

export function createCacheServers(given: StartRedis): CacheServers {
  const running = new Map<string, Running>();
  let start = given;
  const stop = async (cache: string): Promise<void> => {
    const server = running.get(cache)?.server;
    running.delete(cache);
    await (await server?.catch(() => undefined))?.stop();
  };
  return {
    startWith: (other) => void (start = other),
    start(request, names) {
      const server = startCacheServer(start, request);
      const one: Running = { server, names };
      running.set(request.name, one);
      server.then(
        (started) => (one.started = started),
        () => running.delete(request.name),
      );
      return server;
    },
    of: (cache) => running.get(cache)?.server,
    async setUsers(cache, users) {
      await (await running.get(cache)?.server)?.setUsers(users);
    },
    stop,
    withLocalAddresses: (text) =>
      withLocalCaches(
        text,
        [...running.values()].flatMap(({ names, started }) =>
          started === undefined
            ? []
            : names.map((name) => ({ name, host: started.host, port: started.port })),
        ),
      ),
    async close() {
      await Promise.all([...running.keys()].map(stop));
    },
  };
}
