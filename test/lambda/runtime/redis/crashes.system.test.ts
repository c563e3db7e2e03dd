/** What breaks, on a real Redis and a real Valkey: consumers and servers that are killed, memory, flushes, replicas, clusters. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from '@jest/globals';
import { closeRedisConnections, redisConnection } from '../../../../lambda/runtime/redis/connection.ts';
import { listRedisDeadLetters } from '../../../../lambda/runtime/redis/dead-letters.ts';
import { allPartitions, partitionKeys } from '../../../../lambda/runtime/redis/keys.ts';
import { redisGroups } from '../../../../lambda/runtime/redis/operations.ts';
import { pollRedis } from '../../../../lambda/runtime/redis/poll-redis.ts';
import { redisTransport } from '../../../../lambda/runtime/transports/redis.ts';
import { freePort } from '../../../../local/brokers/free-port.ts';
import { startRealRedis } from '../../../../local/brokers/redis.ts';
import type { RealRedis, RealRedisOptions } from '../../../../local/brokers/redis.ts';
import { describeOnEachRedis } from '../../../support/redis.ts';
import { capturedLog, encoded, OrderPlaced, orderPlaced } from '../fixtures.ts';
import { expectOrder, orders, publishAll, startPoller, stopPollers, until } from './support.ts';

const program = join(import.meta.dirname, 'consumer-process.ts');

describeOnEachRedis('Redis streams, what breaks', (kind) => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    await stopPollers();
    closeRedisConnections();
    for (const end of ends.splice(0).toReversed()) await end();
  });

  const start = async (options?: RealRedisOptions): Promise<RealRedis> => {
    const redis = await kind.start(options);
    ends.push(() => redis.stop());
    return redis;
  };

  const directory = async (): Promise<string> => {
    const made = await mkdtemp(join(tmpdir(), 'waybill-redis-test-'));
    ends.push(() => rm(made, { recursive: true, force: true, maxRetries: 5 }));
    return made;
  };

  const consumerProcess = (options: Readonly<Record<string, unknown>>): ChildProcess => {
    const child = spawn(process.execPath, ['--conditions=waybill-source', program, JSON.stringify(options)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    ends.push(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await exited;
    });
    return child;
  };

  const lines = async (file: string): Promise<string[]> =>
    (await readFile(file, 'utf8').catch(() => '')).split('\n').filter(Boolean);

  test.each(['none', 'key'] as const)(
    'order %s: a consumer that is killed half way: another takes over, each effect is there once',
    async (order) => {
      const redis = await start();
      const place = await directory();
      const options = { url: redis.url, stream: 'crash', partitions: 2, order, directory: place };
      const first = consumerProcess({ ...options, name: 'first', work: 100 });
      await publishAll(redis.url, 'crash', orders(60, 6), 2);
      await until(async () => (await lines(join(place, 'effects'))).length >= 5);
      first.kill('SIGKILL');
      consumerProcess({ ...options, name: 'second', work: 1 });
      await until(async () => (await lines(join(place, 'effects'))).length >= 60);
      await until(async () => {
        const [group] = await redisGroups({ server: { url: redis.url }, stream: 'crash', partitions: 2 });
        return group!.pending === 0 && group!.unread === 0;
      });

      const effects = await lines(join(place, 'effects'));
      expect(effects).toHaveLength(60);
      expect(new Set(effects).size).toBe(60);
      if (order === 'key') expectOrder(effects, 6);
      const begun = await lines(join(place, 'begun'));
      // What was in work was delivered again, and counted.
      expect(begun.some((line) => line.startsWith('second') && line.endsWith(' 2'))).toBe(true);
    },
  );

  test.each(['none', 'key'] as const)(
    'order %s: an event whose handling ends the process is given up, and its neighbours are handled',
    async (order) => {
      const redis = await start();
      const place = await directory();
      const server = { url: redis.url };
      const options = { url: redis.url, stream: 'deadly', partitions: 1, order, directory: place, work: 1 };
      const over = new AbortController();
      await publishAll(redis.url, 'deadly', orders(6, 6));
      const supervise = async (): Promise<void> => {
        while (!over.signal.aborted) {
          const child = consumerProcess({ ...options, name: 'supervised', deadly: 'o2' });
          await new Promise((resolve) => child.once('exit', resolve));
        }
      };
      const supervising = supervise();
      await until(async () => (await lines(join(place, 'effects'))).length >= 5);
      await until(
        async () => (await listRedisDeadLetters({ server, stream: 'deadly', group: 'crashing' })).length > 0,
      );
      over.abort();
      await Promise.all(ends.splice(2).map((end) => end()));
      await supervising;

      const dead = await listRedisDeadLetters({ server, stream: 'deadly', group: 'crashing' });
      expect(dead).toMatchObject([{ reason: 'RECEIVES_EXHAUSTED', receiveCount: 3 }]);
      expect(new Set(await lines(join(place, 'effects')))).toEqual(new Set(['o0', 'o1', 'o3', 'o4', 'o5']));
    },
  );

  test.each(['none', 'key'] as const)(
    'order %s: the server is killed and comes back with its file: all reconnect, nothing is lost',
    async (order) => {
      const redis = await start({ durable: true });
      const handled: string[] = [];
      startPoller(
        redis.url,
        'restart',
        async ({ data }) => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          handled.push(data.orderId);
        },
        { order, partitions: 2, concurrency: 4 },
      );
      const publishing = publishAll(redis.url, 'restart', orders(200, 7), 2);
      await until(() => handled.length > 20);
      await redis.kill();
      const more = publishAll(redis.url, 'restart', orders(100, 7, 200), 2);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await redis.restart();
      await Promise.all([publishing, more]);
      await until(() => new Set(handled).size >= 300);
      await until(async () => {
        const [group] = await redisGroups({ server: { url: redis.url }, stream: 'restart', partitions: 2 });
        return group!.pending === 0;
      });

      expect(new Set(handled).size).toBe(300);
      // What was not acknowledged when the server died may come twice: the inbox removes it.
      if (order === 'key') expectOrder([...new Set(handled)], 7);
    },
  );

  test.each(['none', 'key'] as const)(
    'order %s: after FLUSHALL the group is made again, loudly, and what is published then is handled',
    async (order) => {
      const redis = await start();
      const handled: string[] = [];
      const log = capturedLog();
      startPoller(redis.url, 'flushed', ({ data }) => void handled.push(data.orderId), {
        order,
        logger: log.logger,
        visibilityTimeout: 1,
      });
      await publishAll(redis.url, 'flushed', orders(5, 5));
      await until(() => handled.length >= 5);
      const connection = redisConnection({ url: redis.url });
      await connection.command(undefined, 'FLUSHALL');
      connection.close();
      await publishAll(redis.url, 'flushed', orders(5, 5, 5));
      await until(() => new Set(handled).size >= 10);

      expect(log.lines.filter(({ code }) => code === 'WAYBILL_REDIS_GROUP_MISSING').length).toBeGreaterThan(
        0,
      );
      expect(log.lines.some((line) => line['RedisGroupLost'] === 1)).toBe(true);
    },
  );

  test('a server that is full refuses with a word what to do, writes nothing, and takes events again when there is room', async () => {
    const redis = await start({ settings: ['--maxmemory', '64mb', '--maxmemory-policy', 'noeviction'] });
    const server = { url: redis.url };
    const connection = redisConnection(server);
    const transport = redisTransport({ server, stream: 'full' });
    await connection.command('ballast', 'SET', 'ballast', 'x'.repeat(4_000_000));
    await connection.command(undefined, 'CONFIG', 'SET', 'maxmemory', '1mb');
    const refused = await transport.send([encoded(orderPlaced('o1'))]);
    await connection.command(undefined, 'CONFIG', 'SET', 'maxmemory', '100mb');
    const accepted = await transport.send([encoded(orderPlaced('o2'))]);
    const { stream } = partitionKeys({ stream: 'full' }, 0);
    const length = await connection.command(stream, 'XLEN', stream);
    connection.close();

    expect(refused.failed).toMatchObject([{ code: 'WAYBILL_REDIS_OUT_OF_MEMORY', retryable: true }]);
    expect(refused.failed[0]!.message).toContain('its memory is full');
    expect(accepted.failed).toEqual([]);
    expect(length).toBe(1);
  });

  test('a primary that became a replica: READONLY is tried again on a new connection, and nothing is lost', async () => {
    const redis = await start();
    const primary = await start();
    const server = { url: redis.url };
    const connection = redisConnection(server);
    const handled: string[] = [];
    const log = capturedLog();
    startPoller(redis.url, 'demoted', ({ data }) => void handled.push(data.orderId), { logger: log.logger });
    await publishAll(redis.url, 'demoted', orders(5, 5));
    await until(() => handled.length >= 5);
    // It loses what it had, as a replica does that was ahead of the one that became primary.
    await connection.command(undefined, 'REPLICAOF', '127.0.0.1', String(primary.port));
    const transport = redisTransport({ server, stream: 'demoted', tuning: { attempts: 1 } });
    let code: string | undefined;
    await until(async () => {
      code = (await transport.send([encoded(orderPlaced('o9'))])).failed[0]?.code;
      return code === 'WAYBILL_REDIS_READ_ONLY';
    });
    await connection.command(undefined, 'REPLICAOF', 'NO', 'ONE');
    connection.close();
    await publishAll(redis.url, 'demoted', orders(5, 5, 5));
    await until(() => new Set(handled).size >= 10);

    expect(code).toBe('WAYBILL_REDIS_READ_ONLY');
  });

  test('a cluster: the partitions of a stream are in several slots, all is published, handled and dead-lettered', async () => {
    const redis = await start({ cluster: true });
    const server = { url: redis.url, cluster: true };
    const handled: string[] = [];
    const transport = redisTransport({ server, stream: 'sharded', partitions: 5 });
    const { failed } = await transport.send(orders(100, 20).map((order) => encoded(order)));
    const poller = pollRedis(
      OrderPlaced,
      ({ data }) => {
        if (data.orderId === 'o7') throw new Error('down');
        handled.push(data.orderId);
      },
      {
        server,
        stream: 'sharded',
        partitions: 5,
        consumer: 'x',
        order: 'key',
        maxReceiveCount: 1,
        visibilityTimeout: 2,
        logger: capturedLog().logger,
      },
    );
    await until(() => handled.length >= 99);
    await poller.stop();
    const dead = await listRedisDeadLetters({ server, stream: 'sharded', partitions: 5, group: 'x' });
    const connection = redisConnection(server);
    const slots = await Promise.all(
      allPartitions({ stream: 'sharded' }, 5).map(({ stream }) =>
        connection.command(stream, 'CLUSTER', 'KEYSLOT', stream),
      ),
    );
    connection.close();

    expect(failed).toEqual([]);
    expectOrder(handled, 20);
    expect(dead).toHaveLength(1);
    expect(new Set(slots).size).toBe(5);
  });

  test('a user and password: those in the address, and those asked for at each connection', async () => {
    const redis = await start({ settings: ['--requirepass', 'secret'] });
    const send = (server: Parameters<typeof redisTransport>[0]['server'] & object) =>
      redisTransport({ server, stream: 'closed', tuning: { attempts: 1 } }).send([
        encoded(orderPlaced('o1')),
      ]);
    const none = await send({ url: redis.url });
    const wrong = await send({ url: redis.url.replace('//', '//default:wrong@') });
    const inAddress = await send({ url: redis.url.replace('//', '//default:secret@') });
    closeRedisConnections();
    const asked = await send({
      url: redis.url,
      credentials: async () => ({ username: 'default', password: 'secret' }),
    });

    expect([none.failed[0]?.code, wrong.failed[0]?.code]).toEqual([
      'WAYBILL_REDIS_ACCESS_REFUSED',
      'WAYBILL_REDIS_ACCESS_REFUSED',
    ]);
    expect([inAddress.failed, asked.failed]).toEqual([[], []]);
  });

  test('TLS: the authority that is given is believed, and an unknown one refused with a word', async () => {
    const place = await directory();
    const [key, certificate] = [join(place, 'key.pem'), join(place, 'certificate.pem')];
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
    const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    await promisify(execFile)('openssl', [...request, ...names, '-keyout', key, '-out', certificate]);
    const port = await freePort();
    const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate];
    await start({ settings: ['--tls-port', String(port), ...files, '--tls-auth-clients', 'no'] });
    const url = `rediss://127.0.0.1:${port}`;
    const send = (server: Parameters<typeof redisTransport>[0]['server'] & object) =>
      redisTransport({ server, stream: 'tls', tuning: { attempts: 1 } }).send([encoded(orderPlaced('o1'))]);
    const unknown = await send({ url });
    closeRedisConnections();
    const known = await send({ url, certificateAuthority: await readFile(certificate, 'utf8') });

    expect(unknown.failed).toMatchObject([{ code: 'WAYBILL_REDIS_UNREACHABLE', retryable: true }]);
    expect(known.failed).toEqual([]);
  });

  test('a server that is not there fails with a word, and a consumer begins when it is', async () => {
    const redis = await start({ durable: true });
    await publishAll(redis.url, 'late', orders(3, 3));
    await redis.kill();
    closeRedisConnections();
    const transport = redisTransport({ server: { url: redis.url }, stream: 'late', tuning: { attempts: 2 } });
    const { failed } = await transport.send([encoded(orderPlaced('o1'))]);
    const handled: string[] = [];
    startPoller(redis.url, 'late', ({ data }) => void handled.push(data.orderId));
    await redis.restart();
    await until(() => handled.length >= 3);

    expect(failed).toMatchObject([{ code: 'WAYBILL_REDIS_UNREACHABLE', retryable: true }]);
  });
});

test('a server that cannot start is told of with its own words', async () => {
  await expect(startRealRedis({ settings: ['--no-such-setting', 'x'] })).rejects.toThrow(
    /did not start: it ended[\s\S]*no-such-setting/,
  );
});
