/** Codes of Redis: publishing to and consuming from streams of Redis or Valkey. */
import type { RedisErrorCode } from '../../lambda/runtime/redis/errors.ts';
import type { AreaExplanation } from './explanation.ts';

export const REDIS_EXPLANATIONS = {
  WAYBILL_REDIS_CLIENT_MISSING: {
    what: "The package '@redis/client' is not installed.",
    why: 'It is loaded only where Redis is used, so that nobody else has to install it.',
    fix: 'Install it beside Waybill.',
    example: 'npm install @redis/client',
  },
  WAYBILL_REDIS_NOT_CONFIGURED: {
    what: 'No server is configured, or a stream cannot be named or divided like that.',
    why: 'Names become parts of keys, and keys of one partition have to be in one slot of a cluster.',
    fix: 'Set WAYBILL_REDIS_URL, or correct what the message names.',
    example: 'WAYBILL_REDIS_URL=rediss://events.abc123.euw1.cache.amazonaws.com:6379',
  },
  WAYBILL_REDIS_UNREACHABLE: {
    what: 'No connection to the server came about, or it broke.',
    why: 'It does not run, it fails over, or nothing leads to it. Publishing tries again for some seconds, consumers for as long as it takes.',
    fix: 'Check the address, the security groups on its port, TLS (rediss://), and the state of the server.',
    example: 'aws elasticache describe-replication-groups --replication-group-id ...',
  },
  WAYBILL_REDIS_ACCESS_REFUSED: {
    what: 'The server refused the user, or what the user asked for.',
    why: 'The password was rotated, a token of IAM is over, or the user may not use these keys and commands.',
    fix: 'Compare the secret with the user, and give the user the commands and keys of docs/redis.md.',
    example: 'on ~waybill:* +@stream +@sortedset +@hash +@scripting +time +exists +pexpire +del +ping',
  },
  WAYBILL_REDIS_OUT_OF_MEMORY: {
    what: 'The server takes no writes: its memory or disk is full.',
    why: 'Streams grow until they are trimmed, and what a group has not handled is never trimmed. Nothing was written.',
    fix: 'Find the group that is behind, trim sooner, or take a larger node. The policy of the server has to be noeviction.',
    example: "await redisGroups({ stream: 'feedback', partitions: 8 });",
  },
  WAYBILL_REDIS_READ_ONLY: {
    what: 'The server is a replica, or has too few replicas to take writes.',
    why: 'After a failover an open connection may lead to the former primary. It is opened anew, and the event sent again.',
    fix: 'Use the primary endpoint, or the configuration endpoint of a cluster.',
    example: 'WAYBILL_REDIS_URL=rediss://primary.events.abc123.euw1.cache.amazonaws.com:6379',
  },
  WAYBILL_REDIS_LOADING: {
    what: 'The server is there and not ready.',
    why: 'It reads its data after a start, waits for its primary, or runs a long script.',
    fix: 'Nothing: it is tried again.',
    example: 'redis-cli INFO persistence',
  },
  WAYBILL_REDIS_CLUSTER: {
    what: 'A cluster sent the command elsewhere, or has no node for it.',
    why: 'Either this is a cluster and the runtime was not told, or slots are on their way to another node.',
    fix: 'Set `cluster: true`, or WAYBILL_REDIS_CLUSTER=true.',
    example: "redisTransport({ stream: 'feedback', server: { url, cluster: true } })",
  },
  WAYBILL_REDIS_PARTITIONS_DIFFER: {
    what: 'The stream has another number of partitions.',
    why: 'The number decides where the events of a key go: with two numbers its order would be lost.',
    fix: 'Give all publishers and consumers the same number. To change it, let all groups read to the end first.',
    example: "redisTransport({ stream: 'feedback', partitions: 8 })",
  },
  WAYBILL_REDIS_GROUP_MISSING: {
    what: 'A consumer group was gone, and was made again.',
    why: 'The server was flushed, or a replica became primary that did not know it. What the server lost is lost.',
    fix: 'Publish again what the record (the outbox, the event store) has of that time. The inbox removes doubles.',
    example: 'redis-cli INFO replication',
  },
  WAYBILL_REDIS_WRONG_TYPE: {
    what: 'A key of this name holds something else.',
    why: 'Another application uses the same server and the same names.',
    fix: 'Choose another prefix.',
    example: "redisTransport({ prefix: 'events', stream: 'feedback' })",
  },
  WAYBILL_REDIS_REFUSED: {
    what: 'The server refused a command.',
    why: 'It is older than Redis 7, or a proxy between does not know the command.',
    fix: 'Read the words of the server in the message. Redis 7 or Valkey is needed.',
    example: 'redis-cli INFO server',
  },
} as const satisfies Record<RedisErrorCode, AreaExplanation>;
