/** Redis streams on a real Redis and a real Valkey: publishing, groups, order, retries, poison, trimming, redrive, shutdown. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { createEnvelope } from '../../../../lib/contracts/index.ts';
import { PermanentError } from '../../../../lambda/runtime/errors.ts';
import { consume } from '../../../../lambda/runtime/consume.ts';
import { closeRedisConnections, redisConnection } from '../../../../lambda/runtime/redis/connection.ts';
import type { RedisConnection } from '../../../../lambda/runtime/redis/connection.ts';
import { listRedisDeadLetters, redriveRedis } from '../../../../lambda/runtime/redis/dead-letters.ts';
import { allPartitions, partitionKeys } from '../../../../lambda/runtime/redis/keys.ts';
import { redisGroups, removeRedisGroup } from '../../../../lambda/runtime/redis/operations.ts';
import { pollRedis } from '../../../../lambda/runtime/redis/poll-redis.ts';
import { trimPartition } from '../../../../lambda/runtime/redis/trim.ts';
import { redisTransport } from '../../../../lambda/runtime/transports/redis.ts';
import type { RealRedis } from '../../../../local/brokers/redis.ts';
import { describeOnEachRedis } from '../../../support/redis.ts';
import { capturedLog, encoded, OrderCancelled, OrderPlaced, orderPlaced } from '../fixtures.ts';
import { expectOrder, orders, publishAll, startPoller, stopPollers, until } from './support.ts';

describeOnEachRedis('Redis streams', (kind) => {
  let redis: RealRedis;
  let connection: RedisConnection;
  let url: string;
  beforeAll(async () => {
    redis = await kind.start();
    ({ url } = redis);
    connection = redisConnection({ url });
  });
  afterEach(stopPollers);
  afterAll(async () => {
    closeRedisConnections();
    connection.close();
    await redis.stop();
  });

  const state = async (stream: string, partitions = 1) =>
    (await redisGroups({ server: { url }, stream, partitions })).map(
      ({ group, unread, pending, deadLetters }) => [group, unread, pending, deadLetters],
    );

  /** Until all is acknowledged, which follows the handling. */
  const untilSettled = (stream: string, partitions = 1) =>
    until(async () =>
      (await state(stream, partitions)).every(([, unread, pending]) => unread === 0 && pending === 0),
    );

  test('two groups each get all; the readers of a group share it; nothing stays pending', async () => {
    const handled: Record<string, string[]> = { first: [], second: [] };
    const byReader = [0, 0];
    await publishAll(url, 'groups', orders(200, 9), 3);
    for (const [number] of byReader.entries()) {
      startPoller(
        url,
        'groups',
        async ({ data }) => {
          await new Promise((resolve) => setTimeout(resolve, 10));
          byReader[number]! += 1;
          handled['first']!.push(data.orderId);
        },
        { consumer: 'first', partitions: 3, concurrency: 3 },
      );
    }
    startPoller(url, 'groups', ({ data }) => void handled['second']!.push(data.orderId), {
      consumer: 'second',
      partitions: 3,
    });
    await until(() => handled['first']!.length >= 200 && handled['second']!.length >= 200);
    await untilSettled('groups', 3);
    await stopPollers();

    for (const ids of Object.values(handled)) {
      expect(ids).toHaveLength(200);
      expect(new Set(ids).size).toBe(200);
    }
    expect(Math.min(...byReader)).toBeGreaterThan(0);
    expect(await state('groups', 3)).toEqual([
      ['first', 0, 0, 0],
      ['second', 0, 0, 0],
    ]);
  });

  test('what consume() declared is read as it is: its name is the group, its attempts and its order count', async () => {
    const handled: string[] = [];
    const declared = consume(
      OrderPlaced,
      ({ data }, context) => {
        if (data.orderId === 'o3') throw new Error('fails');
        handled.push(`${context.consumer} ${data.orderId}`);
      },
      { consumer: 'declared', maxReceiveCount: 1, logger: capturedLog().logger },
    );
    await publishAll(url, 'declared', orders(6, 2), 2);

    const poller = pollRedis({
      consumer: declared,
      server: { url },
      stream: 'declared',
      partitions: 2,
      order: 'key',
    });
    await until(() => handled.length === 5);
    await until(async () => (await state('declared', 2))[0]?.[3] === 1);
    await poller.stop();

    expect(handled.toSorted()).toEqual([0, 1, 2, 4, 5].map((id) => `declared o${id}`));
    expect(await state('declared', 2)).toEqual([['declared', 0, 0, 1]]);
  });

  test('D8 an eventId is written once within the window, also when its first answer was lost', async () => {
    const events = orders(250, 5);
    await publishAll(url, 'once', events, 2);
    await publishAll(url, 'once', events, 2);

    let length = 0;
    for (const { stream } of allPartitions({ stream: 'once' }, 2)) {
      length += Number(await connection.command(stream, 'XLEN', stream));
    }
    expect(length).toBe(250);
  });

  test.each(['none', 'key'] as const)(
    'order %s: a stream has events of other types, too: they are no dead letters of who does not declare them',
    async (order) => {
      const stream = `types-${order}`;
      const handled: string[] = [];
      const cancelled = (orderId: string) =>
        createEnvelope(OrderCancelled, { tenantId: 'acme', data: { orderId } });
      await publishAll(url, stream, [cancelled('o8'), ...orders(3, 1), cancelled('o9')]);
      startPoller(url, stream, ({ data }) => void handled.push(data.orderId), { order });
      await until(async () => handled.length === 3 && (await state(stream))[0]?.[2] === 0);

      expect(handled).toEqual(['o0', 'o1', 'o2']);
      expect(await state(stream)).toEqual([['consumer', 0, 0, 0]]);
    },
  );

  test('all must agree on the number of partitions', async () => {
    await publishAll(url, 'agreed', orders(1, 1), 4);
    const transport = redisTransport({ server: { url }, stream: 'agreed', partitions: 3 });
    const { failed } = await transport.send([encoded(orderPlaced('o1'))]);

    expect(failed).toMatchObject([{ code: 'WAYBILL_REDIS_PARTITIONS_DIFFER', retryable: true }]);
    expect(failed[0]!.message).toContain('has 4 partitions, and 3 are asked for');
  });

  test('order by key: three readers come and go, each partition has one at a time, nothing is lost', async () => {
    const handled: string[] = [];
    const byReader: number[] = [];
    const reader = () => {
      const number = byReader.push(0) - 1;
      return startPoller(
        url,
        'keyed',
        async ({ data }) => {
          await new Promise((resolve) => setTimeout(resolve, Number(data.orderId.slice(1)) % 20));
          byReader[number]! += 1;
          handled.push(data.orderId);
        },
        { order: 'key', partitions: 6 },
      );
    };
    const first = reader();
    await publishAll(url, 'keyed', orders(200, 12), 6);
    await until(() => handled.length > 20);
    reader();
    let total = 200;
    const until10 = async (number: number): Promise<void> => {
      while (byReader[number]! <= 10) {
        await publishAll(url, 'keyed', orders(120, 12, total), 6);
        total += 120;
        const goal = total;
        await until(() => byReader[number]! > 10 || handled.length >= goal);
      }
    };
    await until10(1);
    await first.stop();
    reader();
    await until10(2);
    await until(() => handled.length >= total);
    await untilSettled('keyed', 6);
    await stopPollers();

    expect(handled).toHaveLength(total);
    expect(new Set(handled).size).toBe(total);
    expectOrder(handled, 12);
    expect(await state('keyed', 6)).toEqual([['consumer', 0, 0, 0]]);
  });

  test('total order: one after the other, behind a failure too', async () => {
    const handled: string[] = [];
    let failures = 0;
    await publishAll(url, 'total', orders(30, 5));
    startPoller(
      url,
      'total',
      ({ data }) => {
        if (data.orderId === 'o3' && failures++ < 2) throw new Error('for a moment');
        handled.push(data.orderId);
      },
      { order: 'total' },
    );
    await until(() => handled.length >= 30);

    expect(handled).toEqual(orders(30, 5).map(({ data }) => data.orderId));
    expect(() => startPoller(url, 'total', () => undefined, { order: 'total', partitions: 2 })).toThrow(
      'a total order needs one partition, received 2',
    );
  });

  test.each(['none', 'key'] as const)(
    'order %s: what fails waits and comes again, counted; its key waits only where order counts; others go on',
    async (order) => {
      const stream = `retry-${order}`;
      const handled: string[] = [];
      const tries: number[] = [];
      await publishAll(url, stream, orders(40, 4));
      startPoller(
        url,
        stream,
        async ({ data }, { receiveCount }) => {
          if (data.orderId === 'o0') {
            tries.push(receiveCount);
            // What need not wait for it comes meanwhile, however slow the machine.
            if (receiveCount === 3) await until(() => handled.length === (order === 'key' ? 30 : 39));
            if (receiveCount < 4) throw new Error('for a moment');
          }
          handled.push(data.orderId);
        },
        { order, random: () => 0.99 },
      );
      await until(() => handled.length >= 40);
      await untilSettled(stream);
      await stopPollers();

      expect(handled).toHaveLength(40);
      expect(tries).toEqual([1, 2, 3, 4]);
      // Its own key waited for it, the others did not.
      expect(handled.indexOf('o0')).toBeGreaterThan(handled.indexOf('o39'));
      expect(handled.indexOf('o4') > handled.indexOf('o0')).toBe(order === 'key');
      if (order === 'key') expectOrder(handled, 4);
      expect(await state(stream)).toEqual([['consumer', 0, 0, 0]]);
      const { delayed } = partitionKeys({ stream }, 0);
      expect(await connection.command(delayed('consumer'), 'ZCARD', delayed('consumer'))).toBe(0);
    },
  );

  test.each(['none', 'key'] as const)(
    'D10, D16 order %s: poison and failures are dead letters with their reason; redrive filters, tries dry, marks, and is for the group alone',
    async (order) => {
      const stream = `dead-${order}`;
      const server = { url };
      const { stream: key } = partitionKeys({ stream }, 0);
      let mended = false;
      const handled: string[] = [];
      const replayed: (string | undefined)[] = [];
      const others: string[] = [];
      await publishAll(
        url,
        stream,
        ['never', 'closed', 'fine'].map((id) => orderPlaced(id, id)),
      );
      await connection.command(key, 'XADD', key, '*', 'body', 'no json', 'tenantId', 'acme');
      await connection.command(key, 'XADD', key, '*', 'another', 'writer');
      startPoller(
        url,
        stream,
        ({ data }, { replay }) => {
          if (data.orderId === 'never' && !mended) throw new Error('down');
          if (data.orderId === 'closed') throw new PermanentError('ACCOUNT_CLOSED');
          replayed.push(replay?.kind);
          handled.push(data.orderId);
        },
        { order, maxReceiveCount: 2 },
      );
      startPoller(url, stream, ({ data }) => void others.push(data.orderId), { consumer: 'other', order });
      await until(
        async () => (await listRedisDeadLetters({ server, stream, group: 'consumer' })).length === 4,
      );

      const dead = await listRedisDeadLetters({ server, stream, group: 'consumer' });
      expect(dead.map(({ reason }) => reason).toSorted()).toEqual([
        'HANDLER_FAILED',
        'PERMANENT_ERROR',
        'WAYBILL_ENVELOPE_NOT_JSON',
        'WAYBILL_ENVELOPE_NOT_JSON',
      ]);
      expect(dead.find(({ reason }) => reason === 'HANDLER_FAILED')).toMatchObject({
        tenantId: 'acme',
        eventType: 'OrderPlaced',
        receiveCount: 2,
      });
      await until(() => others.length === 3);

      mended = true;
      const filter = { reason: 'HANDLER_FAILED' };
      const dry = await redriveRedis({ server, stream, group: 'consumer', filter, dryRun: true });
      expect(dry.redriven).toHaveLength(1);
      expect(await listRedisDeadLetters({ server, stream, group: 'consumer' })).toHaveLength(4);
      const unreadable = { reason: 'WAYBILL_ENVELOPE_NOT_JSON' };
      const left = await redriveRedis({ server, stream, group: 'consumer', filter: unreadable });
      expect([left.redriven.length, left.left.length]).toEqual([0, 2]);
      const { redriven } = await redriveRedis({ server, stream, group: 'consumer', filter });
      expect(redriven).toHaveLength(1);
      await until(() => handled.includes('never'));
      await until(async () =>
        (await state(stream)).every(([, unread, pending]) => unread === 0 && pending === 0),
      );

      expect(replayed).toEqual([undefined, 'redrive']);
      expect(others).toHaveLength(3);
      expect(await listRedisDeadLetters({ server, stream, group: 'consumer' })).toHaveLength(3);
    },
  );

  test('trimming removes what is old and handled by all, and tells of the group that keeps it from more', async () => {
    const stream = 'trimmed';
    const keys = partitionKeys({ stream }, 0);
    const handled: string[] = [];
    const log = capturedLog();
    await publishAll(url, stream, orders(1_000, 5));
    await connection.command(keys.stream, 'XGROUP', 'CREATE', keys.stream, 'absent', '0');
    const options = { consumer: 'reads', retentionSeconds: 0, trimInterval: 50, logger: log.logger };
    startPoller(url, stream, ({ data }) => void handled.push(data.orderId), options);
    await until(() => handled.length >= 1_000);
    await until(() => log.lines.some((line) => line['heldBy'] === 'absent'));

    expect(await connection.command(keys.stream, 'XLEN', keys.stream)).toBe(1_000);
    expect(log.lines.some((line) => line['RedisTrimHeld'] === 1 && line['group'] === 'absent')).toBe(true);
    await removeRedisGroup({ server: { url }, stream, group: 'absent' });
    // Redis removes whole nodes, of a hundred entries.
    await until(async () => Number(await connection.command(keys.stream, 'XLEN', keys.stream)) <= 100);
    await stopPollers();
    expect(await trimPartition(connection, keys, 3_600)).toEqual({ removed: 0, heldBy: undefined });
  });

  test('trimming never removes what a group has read and not handled', async () => {
    const stream = 'kept';
    const keys = partitionKeys({ stream }, 0);
    await publishAll(url, stream, orders(500, 1));
    await connection.command(keys.stream, 'XGROUP', 'CREATE', keys.stream, 'slow', '0');
    const read = ['XREADGROUP', 'GROUP', 'slow', 'x', 'COUNT', '450', 'STREAMS', keys.stream, '>'];
    await connection.command(keys.stream, ...read);
    const pending = (await connection.command(keys.stream, 'XPENDING', keys.stream, 'slow')) as string[];
    expect(await trimPartition(connection, keys, 0)).toEqual({ removed: 0, heldBy: 'slow' });
    const ids = (
      (await connection.command(keys.stream, 'XRANGE', keys.stream, '-', '+', 'COUNT', '300')) as [string][]
    ).map(([id]) => id);
    await connection.command(keys.stream, 'XACK', keys.stream, 'slow', ...ids);

    expect(pending[0]).toBe(450);
    const { removed, heldBy } = await trimPartition(connection, keys, 0);
    expect(removed).toBeGreaterThan(0);
    expect(removed).toBeLessThanOrEqual(300);
    expect(heldBy).toBe('slow');
  });

  test('D17 shutdown: what runs is finished and acknowledged, what has not begun goes to the next reader uncounted', async () => {
    for (const order of ['none', 'key'] as const) {
      const stream = `stopping-${order}`;
      const handled: string[] = [];
      await publishAll(url, stream, orders(8, 8));
      const poller = startPoller(
        url,
        stream,
        async ({ data }) => {
          await new Promise((resolve) => setTimeout(resolve, 200));
          handled.push(data.orderId);
        },
        { order, concurrency: 2, visibilityTimeout: 60 },
      );
      await until(() => handled.length > 0);
      expect(await poller.stop()).toEqual({ abandoned: 0 });
      const before = handled.length;
      expect(before).toBeLessThan(8);
      const counts: number[] = [];
      const handler = (
        { data }: { data: { orderId: string } },
        { receiveCount }: { receiveCount: number },
      ) => {
        counts.push(receiveCount);
        handled.push(data.orderId);
      };
      startPoller(url, stream, handler, { order, visibilityTimeout: 60 });
      await until(() => handled.length >= 8);

      expect(new Set(handled).size).toBe(8);
      expect(new Set(counts)).toEqual(new Set([1]));
    }
  });

  test('D17 a handler that does not stop in time is aborted and counted, and its event comes again', async () => {
    const reasons: unknown[] = [];
    let begun = false;
    await publishAll(url, 'hanging', orders(1, 1));
    const poller = startPoller(url, 'hanging', async (_event, { signal }) => {
      begun = true;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      reasons.push((signal.reason as { code?: string }).code);
      throw new Error('stopped');
    });
    await until(() => begun);
    expect(await poller.stop({ within: 50 })).toEqual({ abandoned: 1 });
    expect(reasons).toEqual(['WAYBILL_SHUTDOWN']);

    const handled: string[] = [];
    startPoller(url, 'hanging', ({ data }) => void handled.push(data.orderId));
    await until(() => handled.length === 1);
  });

  test('an event that takes longer than the visibility timeout stays with its reader', async () => {
    const handled: string[] = [];
    await publishAll(url, 'long', orders(1, 1));
    const handler = async ({ data }: { data: { orderId: string } }): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 3_500));
      handled.push(data.orderId);
    };
    startPoller(url, 'long', handler, { visibilityTimeout: 1 });
    startPoller(url, 'long', handler, { visibilityTimeout: 1 });
    await until(async () => handled.length > 0 && (await state('long'))[0]![2] === 0);
    await new Promise((resolve) => setTimeout(resolve, 500));

    expect(handled).toEqual(['o0']);
  });

  test('a reader whose lease is another’s is told so, and its key goes on with the other', async () => {
    const reasons: unknown[] = [];
    const handled: string[] = [];
    let begun = false;
    const { lease } = partitionKeys({ stream: 'fenced' }, 0);
    await publishAll(url, 'fenced', orders(3, 1));
    startPoller(
      url,
      'fenced',
      async ({ data }, { signal }) => {
        if (!begun) {
          begun = true;
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
          reasons.push((signal.reason as { code?: string }).code);
          throw new Error('lost');
        }
        handled.push(data.orderId);
      },
      { order: 'key' },
    );
    await until(() => begun);
    const key = lease('consumer');
    await connection.command(key, 'HSET', key, 'owner', 'another', 'until', '0');
    await connection.command(key, 'HINCRBY', key, 'token', '1');
    await until(() => handled.length >= 3);

    expect(reasons).toEqual(['WAYBILL_MESSAGE_LOST']);
    expect(handled).toEqual(['o0', 'o1', 'o2']);
  });

  test('the kill switch holds reading', async () => {
    const handled: string[] = [];
    let held = 0;
    await publishAll(url, 'switched', orders(5, 5));
    startPoller(url, 'switched', ({ data }) => void handled.push(data.orderId), {
      controls: {
        admit: async ({ event }) =>
          (event.data as { orderId: string }).orderId === 'o4' && held < 6
            ? { kind: 'postpone', seconds: 1, reason: 'switched off' }
            : { kind: 'handle' },
        settled: async () => true,
        countFailure: async () => 1,
        holdReceives: async () => (held++ < 5 ? 20 : 0),
      },
    });
    await until(() => handled.length >= 5);

    expect(handled.at(-1)).toBe('o4');
  });
});
