/** The event store of PostgreSQL and its subscriptions. */
import { createEventStore, eventStoreMigrations } from '../../../../lambda/runtime/event-store/index.ts';
import { MAX_EVENT_BYTES } from '../../../../lambda/runtime/outbox/limits.ts';
import { migrate, runtimeMigrations } from '../../../../lambda/runtime/postgres/index.ts';
import { deadLettersOf, redriveDeadLetters } from '../../../../lambda/runtime/subscription/index.ts';
import type { EventSubscription } from '../../../../lambda/runtime/subscription/index.ts';
import { postgresTransport } from '../../../../lambda/runtime/transports/postgres.ts';
import { silent } from '../../../lambda/runtime/event-store/contracts.ts';
import { createTestDatabase } from '../../../support/postgres.ts';
import type { TestDatabase } from '../../../support/postgres.ts';
import { until } from '../../../support/waiting.ts';
import type { Channel, GroupOptions, MemberOptions, TransportDriver } from '../driver.ts';
import { killWhileHandling } from './killed.ts';
import { joinPostgres, POSTGRES_LEASE } from './postgres-member.ts';

export const postgres: TransportDriver = {
  name: 'PostgreSQL',
  leaseMilliseconds: POSTGRES_LEASE.short,
  claims: {
    sharesWork: true,
    waitsForReaders: true,
    lateGroupsSeeAll: true,
    deduplicates: true,
    ordersByKey: true,
    oneAtATime: true,
    keysAreIndependent: true,
    ordersAll: true,
    countsDeliveries: true,
    countsFailuresByEvent: true,
    delaysRetries: true,
    keepsGivenUp: true,
    redrives: true,
    marksRedriven: true,
    keepsHidden: true,
    stopsGracefully: true,
    survivesCrash: true,
  },
  costs: {
    largestEvent: MAX_EVENT_BYTES,
    deduplicationWindow: Infinity,
    crash: 'the lease of its lanes, 15 seconds by default',
    reader: '`postgresTransport()` and `subscribe()`, order by key',
  },
  leftOut: {},
  async start() {
    const free: TestDatabase[] = [];
    const all: TestDatabase[] = [];
    const first = await makeDatabase();
    free.push(first);
    all.push(first);
    const { rows } = await first.pool.query<{ version: string }>('show server_version');
    return {
      broker: `PostgreSQL ${rows[0] === undefined ? '' : Object.values(rows[0])[0]}`,
      now: () => Date.now(),
      until: (condition) => until(condition),
      async channel() {
        const known = free.pop();
        const database = known ?? (await makeDatabase());
        if (known === undefined) all.push(database);
        return openChannel(database, () => free.push(database));
      },
      async stop() {
        await Promise.all(all.map((database) => database.drop()));
      },
    };
  },
};

/** A store is one log for all: a channel is a database. */
async function makeDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase({ connections: 12 });
  await migrate(database.pool, [...runtimeMigrations, ...eventStoreMigrations]);
  return database;
}

async function openChannel({ pool, url }: TestDatabase, done: () => void): Promise<Channel> {
  const store = createEventStore({ pool, contracts: [], logger: silent });
  const members: EventSubscription[] = [];
  return {
    transport: postgresTransport({ store }),
    group: async (group, { order }: GroupOptions = {}) => ({
      async start(consumer, { concurrency = 10, lease = 'long' }: MemberOptions = {}) {
        const member = await joinPostgres(pool, group, consumer, concurrency, order, lease);
        members.push(member);
        return { stop: (within = 2_000) => member.stop({ within }) };
      },
      async deadLetters(count) {
        await until(async () => (await deadLettersOf(pool, { consumer: group })).length >= count);
        const letters = await deadLettersOf(pool, { consumer: group });
        const { rows } = await pool.query<{ event_id: string; body: string }>(
          `select d.event_id::text, coalesce(d.event_data::text, s.event_data::text) as body
           from event_dead_letter d left join event_store s on s.event_id = d.event_id where d.consumer = $1`,
          [group],
        );
        const bodies = new Map(rows.map(({ event_id, body }) => [event_id, body]));
        return letters.map(({ eventId, reason, attempts }) => ({
          reason,
          receiveCount: attempts,
          body: bodies.get(eventId) ?? '',
        }));
      },
      async redrive() {
        await redriveDeadLetters(pool, { consumer: group });
      },
      crash: () => killWhileHandling({ kind: 'postgres', url, group }),
    }),
    async close() {
      await Promise.all(members.map((member) => member.stop({ within: 100 })));
      await pool.query(
        `truncate event_store, event_store_stream, event_store_receipt, event_store_snapshot, event_subscription,
           event_subscription_lane, event_subscription_member, event_subscription_waiting, event_subscription_begun,
           event_dead_letter, event_inbox restart identity`,
      );
      done();
    },
  };
}
