/** What of Redis streams needs no server: names, partitions, options, errors, settings. */
import { describe, expect, test } from '@jest/globals';
import { consume } from '../../../../lambda/runtime/consume.ts';
import type { SqsHandler } from '../../../../lambda/runtime/consume.ts';
import { needsNewConnection, redisError, redisFailure } from '../../../../lambda/runtime/redis/errors.ts';
import { partitionKeys, partitionOf } from '../../../../lambda/runtime/redis/keys.ts';
import { pollRedis } from '../../../../lambda/runtime/redis/poll-redis.ts';
import type { PollRedisOptions } from '../../../../lambda/runtime/redis/redis-consumer-options.ts';
import { redisFromEnvironment } from '../../../../lambda/runtime/redis/server.ts';
import { redisTransport } from '../../../../lambda/runtime/transports/redis.ts';
import { encoded, OrderPlaced, orderPlaced } from '../fixtures.ts';

describe('keys', () => {
  test('the partition of a key never changes: what is in a stream was placed by it', () => {
    const keys = ['acme#c1', 'acme#c2', 'acme#c3', 'globex', 'é'];

    expect(keys.map((key) => partitionOf(key, 8))).toEqual([0, 2, 1, 5, 6]);
    expect(keys.map((key) => partitionOf(key, 1))).toEqual([0, 0, 0, 0, 0]);
  });

  test('all keys of a partition have one hash tag', () => {
    const { stream, published, delayed, lease, dead } = partitionKeys({ stream: 'feedback' }, 3);
    const tags = [stream, published, delayed('g'), lease('g'), dead('g')].map(
      (key) => /\{([^}]*)\}/.exec(key)![1],
    );

    expect(new Set(tags)).toEqual(new Set(['feedback/3']));
  });

  test.each([
    { stream: '' },
    { stream: 'a}b' },
    { stream: 'a', prefix: '{x' },
    { stream: 'a', partitions: 0 },
  ])('refused: %j', (props) => {
    expect(() => redisTransport({ server: { url: 'redis://127.0.0.1:1' }, ...props })).toThrow(
      expect.objectContaining({ code: 'WAYBILL_REDIS_NOT_CONFIGURED' }),
    );
  });
});

describe('options', () => {
  const options = (more: Partial<PollRedisOptions>): PollRedisOptions => ({
    server: { url: 'redis://127.0.0.1:1' },
    stream: 'x',
    consumer: 'x',
    ...more,
  });

  test.each([
    { order: 'total' as const, partitions: 2 },
    { concurrency: 0 },
    { visibilityTimeout: 0.5 },
    { backoff: { base: 5, cap: 1 } },
  ])('refused: %j', (more) => {
    expect(() => pollRedis(OrderPlaced, () => undefined, options(more))).toThrow(
      expect.objectContaining({ code: 'WAYBILL_OPTION_INVALID' }),
    );
  });
});

describe('a consumer that consume() declared', () => {
  const server = { url: 'redis://127.0.0.1:1' };

  test('what is given is checked, as where contracts and a handler are given', () => {
    const declared = consume(OrderPlaced, () => undefined, { consumer: 'x' });

    expect(() => pollRedis({ consumer: declared, server, stream: 'x', concurrency: 0 })).toThrow(
      'concurrency must be a whole number above zero, received 0',
    );
  });

  test('anything else is refused', () => {
    const stranger = (() => Promise.resolve({ batchItemFailures: [] })) as SqsHandler;

    expect(() => pollRedis({ consumer: stranger, server, stream: 'x' })).toThrow(
      'must be what consume(contracts, handler) returned',
    );
  });
});

describe('the server of the environment', () => {
  test('none, or another kind of address, is refused', () => {
    for (const url of [undefined, 'http://x', 'not an address']) {
      expect(() => redisFromEnvironment({ environment: { WAYBILL_REDIS_URL: url } })).toThrow(
        'set WAYBILL_REDIS_URL to a redis:// or rediss:// address',
      );
    }
  });

  test('a secret gives user and password, read for each connection; one without is refused by name', async () => {
    const secrets = ['{"username":"u","password":"p"}', '{"password":"q"}', 'p'];
    const server = redisFromEnvironment({
      environment: { WAYBILL_REDIS_URL: 'rediss://h:6379', WAYBILL_REDIS_SECRET_ARN: 'arn:secret' },
      readSecret: async () => secrets.shift()!,
    });

    expect(await server.credentials!()).toEqual({ username: 'u', password: 'p' });
    expect(await server.credentials!()).toEqual({ password: 'q' });
    await expect(server.credentials!()).rejects.toThrow('arn:secret must be JSON with password');
  });

  test('a token of IAM is a signed address without its scheme, for the user and the cache', async () => {
    const environment = {
      WAYBILL_REDIS_URL: 'rediss://agent@events.example:6379',
      WAYBILL_REDIS_IAM: 'elasticache-serverless:Events',
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
    };
    const { username, password } = await redisFromEnvironment({ environment }).credentials!();
    const { host, searchParams } = new URL(`https://${password}`);

    expect(username).toBe('agent');
    expect(host).toBe('events');
    expect(Object.fromEntries(searchParams)).toMatchObject({
      Action: 'connect',
      User: 'agent',
      ResourceType: 'ServerlessCache',
      'X-Amz-Expires': '900',
    });
    expect(searchParams.get('X-Amz-Credential')).toContain('/eu-west-1/elasticache/aws4_request');
    expect(() =>
      redisFromEnvironment({ environment: { ...environment, WAYBILL_REDIS_URL: 'rediss://events.example' } }),
    ).toThrow('with a user in the address');
  });
});

describe('errors', () => {
  test.each([
    ["OOM command not allowed when used memory > 'maxmemory'.", 'WAYBILL_REDIS_OUT_OF_MEMORY', false, false],
    ["READONLY You can't write against a read only replica.", 'WAYBILL_REDIS_READ_ONLY', true, true],
    ['LOADING Redis is loading the dataset in memory', 'WAYBILL_REDIS_LOADING', true, false],
    ['MOVED 3999 127.0.0.1:6381', 'WAYBILL_REDIS_CLUSTER', true, false],
    ['CLUSTERDOWN The cluster is down', 'WAYBILL_REDIS_CLUSTER', true, true],
    ['WRONGPASS invalid username-password pair', 'WAYBILL_REDIS_ACCESS_REFUSED', false, true],
    ['NOPERM User agent has no permissions', 'WAYBILL_REDIS_ACCESS_REFUSED', false, false],
    ["NOGROUP No such key 'x' or consumer group", 'WAYBILL_REDIS_GROUP_MISSING', false, false],
    [
      'ERR Error running script: @user_script:3: NOGROUP No such key',
      'WAYBILL_REDIS_GROUP_MISSING',
      false,
      false,
    ],
    ['MISCONF Redis is configured to save', 'WAYBILL_REDIS_OUT_OF_MEMORY', false, false],
    ["ERR unknown command 'XAUTOCLAIM'", 'WAYBILL_REDIS_REFUSED', false, false],
  ])('%s', (words, code, retryNow, opensAnew) => {
    const error = new Error(words);

    expect(redisFailure(error)).toMatchObject({ code, retryNow, messageAtFault: false });
    expect(redisError(error).message).toContain(words);
    expect(needsNewConnection(error)).toBe(opensAnew);
  });

  test('an event that is too large is refused, and its neighbours are not blamed', async () => {
    const transport = redisTransport({
      server: { url: 'redis://127.0.0.1:1' },
      stream: 'x',
      tuning: { attempts: 1 },
    });
    const large = encoded(orderPlaced('o1'), 'x'.repeat(1_100_000));
    const { failed } = await transport.send([large, encoded(orderPlaced('o2'))]);

    expect(failed.map(({ code, retryable }) => [code, retryable])).toEqual([
      ['WAYBILL_EVENT_TOO_LARGE', false],
      ['WAYBILL_REDIS_UNREACHABLE', true],
    ]);
  });
});
