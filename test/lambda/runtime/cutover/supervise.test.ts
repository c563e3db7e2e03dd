import { afterEach, describe, expect, test } from '@jest/globals';
import { Pool } from 'pg';

import { liveTransport, moveConsumer, superviseConsumers } from '../../../../lambda/runtime/cutover/index.ts';
import type {
  SupervisedConsumer,
  SuperviseOptions,
  Supervisor,
} from '../../../../lambda/runtime/cutover/index.ts';
import { deadLineProxy } from '../subscription/proxies.ts';
import { eventually, silent, useCutover } from './support.ts';

const database = useCutover(20);
let supervisors: Supervisor[] = [];
afterEach(async () => {
  await Promise.all(supervisors.map((one) => one.stop({ within: 1_000 })));
  supervisors = [];
});

async function supervise(
  consumers: readonly SupervisedConsumer[],
  options: Partial<SuperviseOptions> = {},
): Promise<Supervisor> {
  const supervisor = await superviseConsumers({
    pool: database().pool,
    transport: 'postgres',
    consumers,
    pollMilliseconds: 50,
    logger: silent,
    ...options,
  });
  supervisors.push(supervisor);
  return supervisor;
}

/** Notes what is asked of it. */
function reader(consumer: string, configured: 'postgres' | 'redis' = 'postgres') {
  const calls: string[] = [];
  return {
    calls,
    consumer,
    configured,
    types: ['Noted'],
    start: () => {
      calls.push('start');
      return { stop: () => Promise.resolve({ abandoned: calls.push('stop') > 100 ? 1 : 0 }) };
    },
  };
}

const go = (consumer: string, to: 'postgres' | 'redis') =>
  moveConsumer(database().pool, { consumer, to, force: true });

describe('supervised consumers', () => {
  test('run while they are live here: started, stopped by a move, started by the move back', async () => {
    const [here, elsewhere] = [reader('here'), reader('elsewhere', 'redis')];
    const supervisor = await supervise([here, elsewhere]);
    await eventually(() => expect(supervisor.running()).toEqual(['here']));
    await go('here', 'redis');
    await eventually(() => expect(here.calls).toEqual(['start', 'stop']));
    await go('here', 'postgres');
    await go('elsewhere', 'postgres');
    await eventually(() => expect(here.calls).toEqual(['start', 'stop', 'start']));
    await eventually(() => expect(supervisor.running()).toEqual(['here', 'elsewhere']));
    await supervisor.stop();
    expect(here.calls).toEqual(['start', 'stop', 'start', 'stop']);
    expect(elsewhere.calls).toEqual(['start', 'stop']);
  });

  test('are told of a move by the database, sooner than by a look', async () => {
    const one = reader('one');
    const supervisor = await supervise([one], { pollMilliseconds: 1_000_000 });
    await eventually(() => expect(supervisor.running()).toEqual(['one']));
    const { pool } = database();
    await eventually(async () =>
      expect(
        (await pool.query(`select 1 from pg_stat_activity where query like 'listen %waybill_transport%'`))
          .rows,
      ).toHaveLength(1),
    );
    await go('one', 'redis');
    await eventually(() => expect(one.calls).toEqual(['start', 'stop']));
  });

  test('are prepared although they are held, and what fails is tried again', async () => {
    const held = { ...reader('held', 'redis'), prepared: 0 };
    const failing = reader('failing');
    let tries = 0;
    const supervisor = await supervise([
      {
        ...held,
        prepare: () => (++held.prepared < 2 ? Promise.reject(new Error('no server')) : Promise.resolve()),
      },
      { ...failing, start: () => (++tries < 2 ? Promise.reject(new Error('not yet')) : failing.start()) },
    ]);
    await eventually(() => expect(held.prepared).toBe(2));
    await eventually(() => expect(supervisor.running()).toEqual(['failing']));
    expect(held.calls).toEqual([]);
  });

  test('go on as they are while the database does not answer', async () => {
    const one = reader('one');
    const { pool } = database();
    let isAway = false;
    const sometimes = {
      query: (...given: unknown[]) =>
        isAway ? Promise.reject(new Error('away')) : (pool.query as (...all: unknown[]) => unknown)(...given),
      on: () => undefined,
      off: () => undefined,
    } as unknown as SuperviseOptions['pool'];
    const supervisor = await supervise([one], { pool: sometimes, listen: false });
    await eventually(() => expect(supervisor.running()).toEqual(['one']));
    isAway = true;
    await go('one', 'redis');
    const seen = supervisor.lastLook();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(supervisor.running()).toEqual(['one']);
    isAway = false;
    await eventually(() => expect(one.calls).toEqual(['start', 'stop']));
    expect(supervisor.lastLook()).toBeGreaterThan(seen);
  });

  test('a look on a line that only seems open is given up, and the next one tells of the move', async () => {
    const proxy = await deadLineProxy(database().url);
    const behind = new Pool({ connectionString: proxy.url });
    behind.on('error', () => undefined);
    const one = reader('one');
    const supervisor = await supervise([one], { pool: behind, listen: false });
    await eventually(() => expect(supervisor.running()).toEqual(['one']));
    proxy.goDead();
    await go('one', 'redis');
    await eventually(() => expect(one.calls).toEqual(['start', 'stop']));
    await supervisor.stop();
    const ended = behind.end();
    await proxy.close();
    await ended;
  });

  test('a consumer that moved before this process began stays where it is', async () => {
    const { pool } = database();
    const first = await supervise([reader('one')]);
    await go('one', 'redis');
    await first.stop();
    const [again, there] = [reader('one'), reader('one')];
    await supervise([again]);
    const onRedis = await supervise([there], { transport: 'redis' });
    await eventually(() => expect(onRedis.running()).toEqual(['one']));
    expect(again.calls).toEqual([]);
    expect(await liveTransport(pool, 'one')).toBe('redis');
  });
});
