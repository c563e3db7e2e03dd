/** Streams of a real Redis or Valkey, read in the order of each key. */
import { closeRedisConnections, redisConnection } from '../../../../lambda/runtime/redis/connection.ts';
import { listRedisDeadLetters, redriveRedis } from '../../../../lambda/runtime/redis/dead-letters.ts';
import { allPartitions } from '../../../../lambda/runtime/redis/keys.ts';
import { REDIS_LIMITS, redisTransport } from '../../../../lambda/runtime/transports/redis.ts';
import type { Poller } from '../../../../lambda/runtime/poll.ts';
import type { RedisUnderTest } from '../../../support/redis.ts';
import { until } from '../../../support/waiting.ts';
import type { Channel, MemberOptions, TransportDriver } from '../driver.ts';
import { killWhileHandling } from './killed.ts';
import { joinRedis, REDIS_PARTITIONS, REDIS_VISIBILITY } from './redis-member.ts';

export const redisOn = (server: RedisUnderTest, name: string): TransportDriver => ({
  name,
  leaseMilliseconds: REDIS_VISIBILITY.short * 1_000,
  claims: {
    sharesWork: true,
    waitsForReaders: true,
    lateGroupsSeeAll: true,
    deduplicates: true,
    ordersByKey: true,
    oneAtATime: true,
    keysAreIndependent: true,
    ordersAll: true,
    countsDeliveries: true,
    countsFailuresByEvent: true,
    delaysRetries: true,
    keepsGivenUp: true,
    redrives: true,
    marksRedriven: true,
    keepsHidden: true,
    stopsGracefully: true,
    survivesCrash: true,
  },
  costs: {
    largestEvent: REDIS_LIMITS.entryBytes,
    deduplicationWindow: 300,
    crash: '`visibilityTimeout`, 30 seconds by default',
    reader: `\`redisTransport()\` and \`pollRedis()\`, order by key, ${REDIS_PARTITIONS} partitions`,
  },
  leftOut: {},
  async start() {
    const redis = await server.start();
    let names = 0;
    return {
      broker: `${redis.kind} ${redis.version}`,
      now: () => Date.now(),
      until: (condition) => until(condition),
      channel: async () => openChannel(redis.url, `channel-${(names += 1)}`),
      endDeduplication: () => endDeduplication(redis.url, `channel-${names}`),
      async stop() {
        closeRedisConnections();
        await redis.stop();
      },
    };
  },
});

/** As the server does with what it knows of a stream to which nobody has published for the window of five minutes. */
async function endDeduplication(url: string, stream: string): Promise<void> {
  const connection = redisConnection({ url });
  for (const { published } of allPartitions({ stream }, REDIS_PARTITIONS)) {
    await connection.command(published, 'PEXPIRE', published, '0');
  }
  connection.close();
}

async function openChannel(url: string, stream: string): Promise<Channel> {
  const members: Poller[] = [];
  // Of a channel whose group asks for a total order there is one partition.
  let partitions = REDIS_PARTITIONS;
  const transports = new Map<number, ReturnType<typeof redisTransport>>();
  const transport = (): ReturnType<typeof redisTransport> => {
    const known = transports.get(partitions);
    if (known !== undefined) return known;
    const made = redisTransport({ server: { url }, stream, partitions });
    transports.set(partitions, made);
    return made;
  };
  return {
    transport: { send: (messages) => transport().send(messages) },
    async group(group, { order } = {}) {
      if (order === 'total') partitions = 1;
      const kept = { server: { url }, stream, group, partitions };
      return {
        async start(consumer, { concurrency = 10, lease = 'long' }: MemberOptions = {}) {
          const member = joinRedis({ url, stream, group }, consumer, concurrency, order, lease);
          members.push(member);
          return { stop: (within = 2_000) => member.stop({ within }) };
        },
        async deadLetters(count) {
          await until(async () => (await listRedisDeadLetters(kept)).length >= count);
          return (await listRedisDeadLetters(kept)).map(({ reason, receiveCount, fields }) => ({
            reason,
            receiveCount,
            body: fields['body'] ?? '',
          }));
        },
        async redrive() {
          await redriveRedis(kept);
        },
        crash: () => killWhileHandling({ kind: 'redis', url, stream, group }),
      };
    },
    async close() {
      await Promise.all(members.map((member) => member.stop({ within: 100 })));
    },
  };
}
