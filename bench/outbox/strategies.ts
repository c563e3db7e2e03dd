/** The strategies that are compared: ours, and each peer written as its own advice says. */
import type { TaskList } from 'graphile-worker';
import { Logger, run as runWorker, runMigrations } from 'graphile-worker';
import type { Pool } from 'pg';

import { createOutboxProcessor, enqueue } from '../../lambda/runtime/outbox/index.ts';
import { event, events } from './events.ts';
import type { CountingPublisher } from './publisher.ts';

export interface Strategy {
  readonly name: string;
  /** Writes so many pending events. */
  fill(pool: Pool, count: number): Promise<void>;
  /** Publishes all of them. */
  drain(pool: Pool, publisher: CountingPublisher, count: number): Promise<void>;
}

const CHUNK = 1_000;

async function fillOutbox(pool: Pool, count: number): Promise<void> {
  await pool.query('truncate event_outbox');
  const all = events(count);
  for (let at = 0; at < count; at += CHUNK) await enqueue(pool, all.slice(at, at + CHUNK));
}

export function ours(relays: number, retentionSeconds: number): Strategy {
  const marking = retentionSeconds > 0 ? 'marks rows' : 'deletes rows';
  return {
    name: `waybill, ${relays} relay${relays > 1 ? 's' : ''}, ${marking}`,
    fill: fillOutbox,
    drain: async (pool, publisher, count) => {
      if (relays === 1) {
        await createOutboxProcessor({ pool, publisher, retentionSeconds }).processPendingEvents();
        return;
      }
      // Both take their share first; they stop when all is published.
      const stop = new AbortController();
      const running = Array.from({ length: relays }, () =>
        createOutboxProcessor({ pool, publisher, retentionSeconds }).run({ signal: stop.signal }),
      );
      while (publisher.published < count) await new Promise((resolve) => setTimeout(resolve, 5));
      stop.abort();
      await Promise.all(running);
    },
  };
}

/**
 * perf-anchors: a relay owns its partition, reads, publishes and deletes, overlapped, with the payload as raw
 * text; pages of 1,000, up to 100 batch calls at a time. No leases, no fencing, no retries, no quarantine.
 */
export const laneOwning: Strategy = {
  name: 'lane-owning loop, no leases',
  fill: async (pool, count) => {
    await pool.query(`drop table if exists bench_lane;
      create table bench_lane (seq bigint generated always as identity primary key, key text not null, payload json not null)`);
    const all = events(count);
    for (let at = 0; at < count; at += CHUNK) {
      const page = all.slice(at, at + CHUNK);
      await pool.query('insert into bench_lane (key, payload) select * from unnest($1::text[], $2::json[])', [
        page.map(({ orderingKey }) => orderingKey),
        page.map(({ body }) => body),
      ]);
    }
  },
  drain: async (pool, publisher) => {
    const PAGE = 1_000;
    const RAW = { getTypeParser: () => (value: string) => value } as never;
    const read = async (after: string): Promise<string[][]> => {
      const { rows } = await pool.query<string[]>({
        text: 'select seq, key, payload from bench_lane where seq > $1 order by seq limit $2',
        values: [after, PAGE],
        rowMode: 'array',
        types: RAW,
      });
      return rows;
    };
    let page = await read('0');
    let deleting: Promise<unknown> = Promise.resolve();
    while (page.length > 0) {
      const next = read(page.at(-1)![0]!);
      // Each key at most once a page here, so a page may go out as one.
      await publisher.send(page.map(([, orderingKey, body]) => ({ orderingKey: orderingKey!, body: body! })));
      const done = page.map(([seq]) => seq);
      await deleting;
      deleting = pool.query('delete from bench_lane where seq = any($1::bigint[])', [done]);
      page = await next;
    }
    await deleting;
  },
};

/** select 100, publish one, update one. */
export const oneByOne: Strategy = {
  name: 'one by one',
  fill: fillOutbox,
  drain: async (pool, publisher) => {
    for (;;) {
      const { rows } = await pool.query<{ id: string; ordering_key: string; event_data: unknown }>(
        `select id, ordering_key, event_data from event_outbox where status = 'PENDING' order by sequence limit 100`,
      );
      if (rows.length === 0) return;
      for (const { id, ordering_key: orderingKey, event_data: data } of rows) {
        await publisher.send([{ orderingKey, body: JSON.stringify(data) }]);
        await pool.query(`update event_outbox set status = 'PUBLISHED', published_at = now() where id = $1`, [
          id,
        ]);
      }
    }
  },
};

/** graphile-worker, tuned as its "Scaling tips" say; ordered by a queue for each key. */
export function graphile(ordered: boolean): Strategy {
  return {
    name: ordered ? 'graphile-worker tuned, a queue per key' : 'graphile-worker tuned, unordered',
    fill: async (pool, count) => {
      await runMigrations({ pgPool: pool, logger: SILENT });
      await pool.query('truncate graphile_worker._private_jobs, graphile_worker._private_job_queues');
      for (let at = 0; at < count; at += CHUNK) {
        const page = Array.from({ length: Math.min(CHUNK, count - at) }, (_, index) => event(at + index));
        await pool.query(
          `select graphile_worker.add_jobs(array(
             select row('publish', payload, queue, null, null, null, null, null)::graphile_worker.job_spec
             from unnest($1::json[], $2::text[]) as job (payload, queue)))`,
          [page.map(({ body }) => body), page.map(({ orderingKey }) => (ordered ? orderingKey : null))],
        );
      }
    },
    drain: async (pool, publisher, count) => {
      const tasks: TaskList = {
        publish: async (payload) => {
          const { tenantId, data } = payload as {
            tenantId: string;
            data: { customerId: string; index: number };
          };
          await publisher.send([
            { orderingKey: `${tenantId}#${data.customerId}`, body: `{"index":${data.index}}` },
          ]);
        },
      };
      const runner = await runWorker({
        pgPool: pool,
        taskList: tasks,
        logger: SILENT,
        noHandleSignals: true,
        preset: {
          worker: {
            concurrentJobs: 24,
            maxPoolSize: 10,
            pollInterval: 100,
            localQueue: { size: 500 },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
          },
        },
      });
      while (publisher.published < count) await new Promise((resolve) => setTimeout(resolve, 5));
      await runner.stop();
    },
  };
}

const SILENT = new Logger(() => () => undefined);
