/** How long a server takes until it answers: the median of some starts. */
import { startServer, type ServerName } from './peers.ts';
import { median } from './statistics.ts';

const STARTS = 5;

/** Milliseconds. */
export async function measureReady(name: ServerName): Promise<number> {
  // The first start installs a peer and fills the disk's cache.
  await (await startServer(name)).stop();
  const times: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    const server = await startServer(name);
    times.push(server.readyMilliseconds);
    await server.stop();
  }
  return median(times);
}
