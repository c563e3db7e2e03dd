/** Redis Streams: a real server with an append-only file that is synced at each write. */
import { closeRedisConnections, pollRedis, redisTransport } from '../../lambda/runtime/redis/index.ts';
import type { Transport } from '../../lambda/runtime/types.ts';
import { findRedis, startRealRedis } from '../../local/brokers/redis.ts';
import { CONCURRENCY, OrderPlaced, silent } from '../subscriptions.ts';
import { sendAll } from './send.ts';
import type { Started } from './started.ts';

const PARTITIONS = 4;

/** Undefined where no Redis or Valkey is installed. */
export async function startRedis(): Promise<Started | undefined> {
  const installation = (await findRedis('redis')) ?? (await findRedis('valkey'));
  if (installation === undefined) return undefined;
  const redis = await startRealRedis({ installation, durable: true });
  const server = { url: redis.url };
  let stream = '';
  let streams = 0;
  let transport: Transport | undefined;
  return {
    contender: {
      name: `redis (${redis.kind} ${redis.version}, fsync)`,
      fill: (from, count) => sendAll(transport!, from, count),
      async start(sink) {
        const poller = pollRedis(OrderPlaced, ({ eventId, data }) => sink.handle(eventId, data), {
          server,
          stream,
          partitions: PARTITIONS,
          order: 'key',
          consumer: 'bench',
          concurrency: CONCURRENCY,
          logger: silent,
        });
        return () => poller.stop();
      },
      async clear() {
        streams += 1;
        stream = `bench-${streams}`;
        transport = redisTransport({ server, stream, partitions: PARTITIONS });
      },
    },
    async stop() {
      closeRedisConnections();
      await redis.stop();
    },
  };
}
