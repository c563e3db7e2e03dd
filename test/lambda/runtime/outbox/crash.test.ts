import { afterEach, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';

import type { OutboxPublisher } from '../../../../lambda/runtime/outbox/index.ts';
import { createOutboxProcessor } from '../../../../lambda/runtime/outbox/index.ts';
import { useDatabase } from '../../../support/postgres.ts';
import { Broker, checkHistory, messagesOfKeys, statuses, write } from './support.ts';

const database = useDatabase();
afterEach(async () => {
  await database().pool.query('truncate event_outbox');
  await database().pool.query('truncate event_outbox_relay');
  await database().pool.query('update event_outbox_lane set owner = null, lease_expires_at = null');
});

const LEASE = 100;

/**
 * A process that dies at its n-th interaction with the world: before it happens, or after it happened and before
 * the answer came. From then on nothing it does has any effect.
 */
class MortalProcess {
  interactions = 0;
  readonly #death = new AbortController();
  readonly #dieAt: number;
  readonly #moment: 'before' | 'after';

  constructor(dieAt: number, moment: 'before' | 'after') {
    this.#dieAt = dieAt;
    this.#moment = moment;
  }

  get dead(): boolean {
    return this.death.aborted;
  }

  /** Aborted when it dies: what is left of it in this process ends, as it would with the process. */
  get death(): AbortSignal {
    return this.#death.signal;
  }

  async #interact<Answer>(act: () => Promise<Answer>): Promise<Answer> {
    if (this.dead) throw new Error('dead');
    const now = ++this.interactions === this.#dieAt;
    if (now && this.#moment === 'before') this.#death.abort();
    if (this.dead) throw new Error('dead');
    const answer = await act();
    if (now) this.#death.abort();
    if (this.dead) throw new Error('dead');
    return answer;
  }

  pool(pool: Pool): Pool {
    const query = (...given: Parameters<Pool['query']>) =>
      this.#interact(() => pool.query(...given) as unknown as Promise<unknown>);
    return { query } as unknown as Pool;
  }

  publisher(publisher: OutboxPublisher): OutboxPublisher {
    return { send: (messages) => this.#interact(() => publisher.send(messages)) };
  }
}

describe('D11 a relay that dies', () => {
  test.each([0, 3600])(
    'D11 at each point where it can die, nothing is lost and order holds (retention %i)',
    async (retentionSeconds) => {
      const { pool } = database();
      const settings = { batchSize: 4, inFlight: 2, leaseMilliseconds: LEASE, retentionSeconds };
      const duplicates: number[] = [];

      for (const moment of ['before', 'after'] as const) {
        for (let point = 1; ; point++) {
          const written = messagesOfKeys(4, 2);
          await write(pool, written);
          const broker = new Broker();
          const victim = new MortalProcess(point, moment);

          const dying = createOutboxProcessor({
            ...settings,
            pool: victim.pool(pool),
            publisher: victim.publisher(broker),
          })
            .processPendingEvents({ signal: victim.death })
            .catch(() => undefined);
          await dying;
          // Its leases are still there, unless it died in the very end.
          const heir = createOutboxProcessor({ ...settings, pool, publisher: broker });
          for (let attempt = 0; (await statuses(pool))['PENDING'] !== undefined; attempt++) {
            if (attempt > 20) throw new Error(`point ${point} ${moment}: events are stuck`);
            await heir.processPendingEvents();
          }

          duplicates.push(checkHistory(written, broker.accepted));
          expect(await statuses(pool)).toEqual(retentionSeconds > 0 ? { PUBLISHED: 8 } : {});
          await pool.query('truncate event_outbox');
          await pool.query('update event_outbox_lane set owner = null, lease_expires_at = null');
          await pool.query('truncate event_outbox_relay');
          if (!victim.dead) break;
        }
      }

      // Dying between the broker's answer and the mark costs duplicates of what was under way, and no more.
      expect(Math.max(...duplicates)).toBeGreaterThan(0);
      expect(Math.max(...duplicates)).toBeLessThanOrEqual(8);
      expect(duplicates.length).toBeGreaterThan(14);
    },
  );

  test("D11 killed between the broker's answer and the mark: published again, with the same eventId", async () => {
    const { pool } = database();
    const broker = new Broker();
    const [only] = messagesOfKeys(1, 1);
    await write(pool, [only!]);
    // Interactions: take lanes, read retries, read, send.
    const victim = new MortalProcess(4, 'after');

    await createOutboxProcessor({
      pool: victim.pool(pool),
      publisher: victim.publisher(broker),
      // So long that no renewal comes between the interactions that are counted.
      leaseMilliseconds: 60_000,
    })
      .processPendingEvents({ signal: victim.death })
      .catch(() => undefined);
    expect(victim.dead).toBe(true);
    expect(broker.eventIds).toEqual([only!.eventId]);
    expect(await statuses(pool)).toEqual({ PENDING: 1 });
    // The minute is over.
    await pool.query('update event_outbox_lane set lease_expires_at = now() where owner is not null');

    await createOutboxProcessor({ pool, publisher: broker, leaseMilliseconds: LEASE }).processPendingEvents();

    expect(broker.eventIds).toEqual([only!.eventId, only!.eventId]);
    expect(await statuses(pool)).toEqual({ PUBLISHED: 1 });
  });
});
