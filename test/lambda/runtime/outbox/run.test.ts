import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { Pool } from 'pg';

import { createLogger } from '../../../../lambda/runtime/logger.ts';
import type { Outbox, OutboxProcessor } from '../../../../lambda/runtime/outbox/index.ts';
import {
  createOutbox,
  createOutboxProcessor,
  enqueue,
  notifyNudge,
} from '../../../../lambda/runtime/outbox/index.ts';
import { inTransaction, migrate } from '../../../../lambda/runtime/postgres/index.ts';
import type { EmbeddedPostgres } from '../../../../local/postgres/index.ts';
import { startEmbeddedPostgres } from '../../../../local/postgres/index.ts';
import { useDatabase } from '../../../support/postgres.ts';
import { Broker, checkHistory, eventually, message, messagesOfKeys, write } from './support.ts';

const database = useDatabase();
let stop = new AbortController();
let running: Promise<unknown> = Promise.resolve();
afterEach(async () => {
  stop.abort();
  await running;
  stop = new AbortController();
  await database().pool.query('truncate event_outbox');
});

/** Milliseconds from the commit to the broker, for one event after the other. */
async function delays(broker: Broker, outbox: Pick<Outbox, 'nudge'>, count: number): Promise<number[]> {
  const { pool } = database();
  const measured: number[] = [];
  for (let index = 0; index < count; index++) {
    const arrived = new Promise<number>((resolve) => {
      broker.before = () => resolve(performance.now());
    });
    await inTransaction(pool, (tx) => enqueue(tx, [message()]));
    const committed = performance.now();
    void outbox.nudge();
    measured.push((await arrived) - committed);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return measured.sort((a, b) => a - b);
}

function start(processor: OutboxProcessor): void {
  running = processor.run({ signal: stop.signal });
}

/** Milliseconds. No machine is so slow that a nudge takes as long. */
const POLL = 60_000;

describe('D11 the long-running relay', () => {
  test.each(['in process', 'NOTIFY'] as const)(
    'D11 a nudge (%s) brings an event to the broker, long before a poll',
    async (kind) => {
      const { pool } = database();
      const broker = new Broker();
      const processor = createOutboxProcessor({
        pool,
        publisher: broker,
        listen: kind === 'NOTIFY',
        pollMilliseconds: POLL,
      });
      start(processor);
      const nudge = kind === 'NOTIFY' ? notifyNudge(pool) : () => processor.nudge();
      const outbox = createOutbox({ contracts: [], nudge });
      // Polls have become rare.
      await new Promise((resolve) => setTimeout(resolve, 300));

      const measured = await delays(broker, outbox, 30);

      expect(measured[15]).toBeLessThan(POLL / 2);
    },
  );

  test('D11 without any nudge polling is the guarantee', async () => {
    const { pool } = database();
    const broker = new Broker();
    start(createOutboxProcessor({ pool, publisher: broker, pollMilliseconds: 100 }));
    await new Promise((resolve) => setTimeout(resolve, 200));

    await write(pool, [message()]);

    await eventually(() => expect(broker.accepted).toHaveLength(1), 60_000);
  });

  test('D11 a LISTEN connection that is killed is replaced; meanwhile polling delivers', async () => {
    const { pool } = database();
    const broker = new Broker();
    start(
      createOutboxProcessor({
        pool,
        publisher: broker,
        listen: true,
        pollMilliseconds: 100,
        random: () => 0.1,
      }),
    );
    const listeners = async (): Promise<number[]> => {
      const { rows } = await pool.query<{ pid: number }>(
        'select pid from pg_stat_activity where query = \'listen "waybill_outbox"\' and datname = current_database()',
      );
      return rows.map(({ pid }) => pid);
    };
    await eventually(async () => expect(await listeners()).toHaveLength(1));
    const [killed] = await listeners();

    await pool.query('select pg_terminate_backend($1)', [killed]);
    await write(pool, [message()]);

    await eventually(() => expect(broker.accepted).toHaveLength(1), 60_000);
    await eventually(async () => {
      const now = await listeners();
      expect(now).toHaveLength(1);
      expect(now[0]).not.toBe(killed);
    });
  });

  test('D17 stopping finishes what was sent and gives the lanes back', async () => {
    const { pool } = database();
    const broker = new Broker();
    const written = messagesOfKeys(50, 2);
    await write(pool, written);
    broker.before = async () => {
      stop.abort();
      await new Promise((resolve) => setTimeout(resolve, 50));
    };
    start(
      createOutboxProcessor({ pool, publisher: broker, batchSize: 10, inFlight: 2, retentionSeconds: 0 }),
    );

    expect(await running).toMatchObject({ published: 20 });

    const { rows } = await pool.query<{ waiting: number; taken: number }>(
      `select (select count(*)::int from event_outbox) as waiting,
              (select count(*)::int from event_outbox_lane where owner is not null) as taken`,
    );
    expect(rows).toEqual([{ waiting: 80, taken: 0 }]);
  });
});

describe('D11 a database that goes away', () => {
  let directory = '';
  let server: EmbeddedPostgres;
  beforeAll(async () => {
    directory = await fs.mkdtemp(path.join(os.tmpdir(), 'waybill-test-'));
    await fs.chmod(directory, 0o755);
    server = await startEmbeddedPostgres({ dataDirectory: path.join(directory, 'data') });
  });
  afterAll(async () => {
    await server.stop();
    await fs.rm(directory, { recursive: true, force: true });
  });

  test('D11 the database restarts in the middle of a drain: the relay survives, nothing is lost, order holds', async () => {
    const pool = new Pool({ connectionString: server.url });
    pool.on('error', () => undefined);
    await migrate(pool);
    const broker = new Broker();
    broker.before = () => new Promise((resolve) => setTimeout(resolve, 2));
    const written = messagesOfKeys(100, 20);
    await write(pool, written);
    const warnings: string[] = [];
    const log = (text: string): void => void warnings.push(text);
    const logger = createLogger({ level: 'info', write: log });
    start(
      createOutboxProcessor({
        pool,
        publisher: broker,
        batchSize: 10,
        inFlight: 2,
        leaseMilliseconds: 500,
        logger,
      }),
    );
    await eventually(() => expect(broker.accepted.length).toBeGreaterThan(300));

    await server.stop();
    await eventually(() => expect(warnings.some((text) => text.includes('nothing is lost'))).toBe(true));
    server = await startEmbeddedPostgres({ dataDirectory: path.join(directory, 'data'), port: server.port });

    await eventually(async () => {
      const { rows } = await pool.query("select 1 from event_outbox where status = 'PENDING' limit 1");
      expect(rows).toEqual([]);
    });
    stop.abort();
    await running;
    checkHistory(written, broker.accepted);
    await pool.end();
  });
});
