/**
 * pg-boss with order by key: a queue of the policy `key_strict_fifo`, told by LISTEN. Its documentation has two answers to a
 * backlog, batches and workers. Each fetch looks for the first job of every key that waits, so few large batches it
 * is; what is in a batch is handled side by side, each job in its own transaction and settled by itself.
 */
import { PgBoss } from 'pg-boss';
import type { JobInsert } from 'pg-boss';

import { event } from '../outbox/events.ts';
import { CONCURRENCY, dataOf } from '../subscriptions.ts';
import type { Sink } from '../subscriptions.ts';
import type { Started } from './started.ts';

const QUEUE = 'bench';
const CHUNK = 1_000;
/** Jobs of a fetch. From 24 to 1,000, and with two or four workers, made no difference above the noise of our trials. */
const BATCH = 240;

export async function startPgBoss(connectionString: string): Promise<Started> {
  const boss = new PgBoss({ connectionString, useListenNotify: true, schedule: false });
  boss.on('error', () => undefined);
  await boss.start();
  await boss.createQueue(QUEUE, { policy: 'key_strict_fifo', notify: true });
  return {
    contender: {
      name: 'pg-boss',
      fill: async (from, count) => {
        for (let at = 0; at < count; at += CHUNK) {
          const size = Math.min(CHUNK, count - at);
          await boss.insert(
            QUEUE,
            Array.from({ length: size }, (_, index) => jobOf(from + at + index)),
          );
        }
      },
      start: async (sink) => {
        await boss.work<object>(
          QUEUE,
          {
            batchSize: BATCH,
            perJobResults: true,
            burstWhenBatchFull: true,
            pollingIntervalSeconds: 0.5,
            notifyPollingIntervalSeconds: 0.5,
          },
          async (jobs) => {
            const waiting = [...jobs];
            const results: { id: string; status: 'completed' | 'failed' }[] = [];
            const handle = async (): Promise<void> => {
              for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
                results.push({ id: job.id, status: await settled(sink, job.id, job.data) });
              }
            };
            await Promise.all(Array.from({ length: CONCURRENCY }, handle));
            return results;
          },
        );
        return () => boss.offWork(QUEUE);
      },
      clear: () => boss.deleteAllJobs(QUEUE),
    },
    stop: () => boss.stop({ graceful: false }),
  };
}

/** Jobs of one insert have the same time: those of a key are in the order of their ids then, which eventIds keep. */
function jobOf(index: number): JobInsert {
  const { eventId, orderingKey, body } = event(index);
  return { id: eventId, singletonKey: orderingKey, data: JSON.parse(body) as object };
}

async function settled(sink: Sink, eventId: string, payload: object): Promise<'completed' | 'failed'> {
  try {
    await sink.handle(eventId, dataOf(payload));
    return 'completed';
  } catch {
    return 'failed';
  }
}
