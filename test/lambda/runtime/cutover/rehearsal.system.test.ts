/**
 * The rehearsal of a migration, on a real PostgreSQL and a real Redis and Valkey: there and back while events flow, with
 * processes that are killed, stopped, and write late.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from '@jest/globals';

import { moveConsumer, parityReport, shadowOf } from '../../../../lambda/runtime/cutover/index.ts';
import { closeRedisConnections, makeRedisGroup, pollRedis } from '../../../../lambda/runtime/redis/index.ts';
import type { RealRedis } from '../../../../local/brokers/redis.ts';
import { untilSessionsEnd } from '../../../support/postgres.ts';
import { killed } from '../../../support/processes.ts';
import { describeOnEachRedis } from '../../../support/redis.ts';
import type { CutoverProcessOptions } from './cutover-process.ts';
import { effects, eventually, moving, noted, numbersOf, silent, useCutover } from './support.ts';

const KEYS = 6;
const database = useCutover(30);

describeOnEachRedis('a migration from PostgreSQL to Redis and back', (kind) => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end();
    closeRedisConnections();
    await untilSessionsEnd(database().pool);
  });

  const redis = async (): Promise<RealRedis> => {
    const started = await kind.start();
    ends.push(() => started.stop());
    return started;
  };

  const child = async (
    role: CutoverProcessOptions['role'],
    { url }: RealRedis,
    more: Partial<CutoverProcessOptions> = {},
  ): Promise<ChildProcess> => {
    const options: CutoverProcessOptions = { role, databaseUrl: database().url, redisUrl: url, ...more };
    const started = fork(fileURLToPath(new URL('./cutover-process.ts', import.meta.url)), {
      env: { ...process.env, CUTOVER_PROCESS: JSON.stringify(options) },
      execArgv: ['--conditions=waybill-source'],
    });
    ends.push(() => killed(started));
    const [answer] = (await Promise.race([once(started, 'message'), once(started, 'exit')])) as unknown[];
    if (answer !== 'started') throw new Error(`the process ${role} did not start: ${String(answer)}`);
    return started;
  };

  const append = async (from: number, to: number): Promise<void> => {
    const { store } = database();
    for (let number = from; number < to; number++) {
      await store.append(`s${number % KEYS}`, [noted(`k${number % KEYS}`, number)]);
    }
  };

  /** That many effects, and all of each key in their order. */
  const expectEffects = async (count: number): Promise<void> => {
    const { pool } = database();
    await eventually(async () => expect(await effects(pool)).toHaveLength(count));
    for (let key = 0; key < KEYS; key++) {
      const ofKey = Array.from({ length: count }, (_, number) => number).filter((one) => one % KEYS === key);
      expect(await numbersOf(pool, `k${key}`)).toEqual(ofKey);
    }
  };

  const effectsBy = async (transport: string): Promise<number> => {
    const { rows } = await database().pool.query<{ count: number }>(
      'select count(*)::int as count from effect where transport = $1',
      [transport],
    );
    return rows[0]!.count;
  };

  const move = (to: 'postgres' | 'redis') =>
    eventually(async () => {
      await moveConsumer(database().pool, { consumer: 'recorder', to, within: 20_000 });
    });

  const shadow = async ({ url }: RealRedis): Promise<void> => {
    const { pool } = database();
    const stream = { server: { url }, stream: 'notes', partitions: 4 };
    await makeRedisGroup({ ...stream, group: 'recorder-shadow' });
    const consumer = shadowOf(moving(pool, 'redis'), { pool, transport: 'redis' });
    const poller = pollRedis({ ...stream, consumer, order: 'key', visibilityTimeout: 2, logger: silent });
    ends.push(() => poller.stop({ within: 1_000 }));
  };

  test('there and back while events flow, each process killed once: effects once and in order, and the shadow equal to the record', async () => {
    const { pool } = database();
    const server = await redis();
    const mirror = await child('mirror', server);
    await shadow(server);
    const reader = await child('postgres', server, { work: 10 });
    const next = await child('redis', server, { work: 10 });
    const flow = append(0, 900);
    await eventually(async () => expect(await effectsBy('postgres')).toBeGreaterThan(60));

    // The old reader dies in the middle of its work, and of the move.
    const moved = move('redis');
    await killed(reader);
    await moved;
    await eventually(async () => expect(await effectsBy('redis')).toBeGreaterThan(60));
    await killed(mirror);
    await child('mirror', server);
    const before = await effectsBy('redis');
    await eventually(async () => expect(await effectsBy('redis')).toBeGreaterThan(before + 60));

    const there = await effectsBy('postgres');
    const back = move('postgres');
    await killed(next);
    await back;
    await child('postgres', server);
    await eventually(async () => expect(await effectsBy('postgres')).toBeGreaterThan(there + 60));
    await flow;
    await expectEffects(900);

    await eventually(async () =>
      expect(
        await parityReport(pool, {
          consumer: 'recorder',
          transport: 'redis',
          types: ['Noted'],
          settleSeconds: 0,
        }),
      ).toMatchObject({ recorded: 900, arrived: 900, missing: 0, extra: 0, reordered: 0, isEqual: true }),
    );
  });

  test('back before the new transport has caught up: nothing is lost, and there again nothing happens twice', async () => {
    const server = await redis();
    const mirror = await child('mirror', server);
    await child('postgres', server);
    await child('redis', server);
    await append(0, 60);
    await expectEffects(60);
    // Nothing of what comes now reaches the new transport.
    await killed(mirror);
    await move('redis');
    await append(60, 120);
    await move('postgres');
    await expectEffects(120);
    await child('mirror', server);
    await move('redis');
    await append(120, 180);
    await expectEffects(180);
    expect(await effectsBy('redis')).toBe(60);
  });

  test('a process that stands still before its effect has none when it goes on', async () => {
    const server = await redis();
    await child('mirror', server);
    const zombie = await child('postgres', server, { waitsBefore: 'slow' });
    const reached = once(zombie, 'message');
    await database().store.append('slow', [noted('slow', 1), noted('slow', 2)]);
    await reached;
    zombie.kill('SIGSTOP');
    await move('redis');
    await child('redis', server);
    await eventually(async () => expect(await numbersOf(database().pool, 'slow')).toEqual([1, 2]));

    zombie.kill('SIGCONT');
    zombie.send('go on');
    await append(0, 12);
    await eventually(async () => expect(await effects(database().pool)).toHaveLength(14));
    expect(await effectsBy('postgres')).toBe(0);
  });

  test('one that stands still within its effect holds the move up, which says so; ended by force its effect is undone', async () => {
    const { pool } = database();
    const server = await redis();
    await child('mirror', server);
    const zombie = await child('postgres', server, { waitsWithin: 'slow' });
    const reached = once(zombie, 'message');
    await database().store.append('slow', [noted('slow', 1), noted('slow', 2)]);
    await reached;
    zombie.kill('SIGSTOP');
    const failure: unknown = await moveConsumer(pool, {
      consumer: 'recorder',
      to: 'redis',
      within: 200,
    }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'WAYBILL_TRANSPORT_MOVE_BLOCKED' });
    const processId = /Sessions: (\d+) \(postgres,/.exec((failure as Error).message)?.[1];
    expect(processId).toBeDefined();

    await pool.query('select pg_terminate_backend($1)', [processId]);
    await move('redis');
    await child('redis', server);
    await eventually(async () => expect(await numbersOf(pool, 'slow')).toEqual([1, 2]));
    zombie.kill('SIGCONT');
    zombie.send('go on');
    await append(0, 12);
    await eventually(async () => expect(await effects(pool)).toHaveLength(14));
    expect(await effectsBy('postgres')).toBe(0);
    // It lost its connection in the middle of a transaction, and works on.
    expect(zombie.exitCode).toBeNull();
  });
});
