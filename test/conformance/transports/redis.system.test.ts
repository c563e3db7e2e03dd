import { describeOnEachRedis } from '../../support/redis.ts';
import { redisOn } from './drivers/redis.ts';
import { describeTransport } from './suite.ts';

describeOnEachRedis('transports', (server) => {
  describeTransport(redisOn(server, server.name === 'valkey' ? 'Valkey Streams' : 'Redis Streams'));
});
