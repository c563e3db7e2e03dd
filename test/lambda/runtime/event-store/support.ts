/** Builders for the tests of the event store and its subscriptions. */
import { afterAll, beforeAll } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';

import { createEventStore, eventStoreMigrations } from '../../../../lambda/runtime/event-store/index.ts';
import type { EventStore } from '../../../../lambda/runtime/event-store/index.ts';
import { migrate, runtimeMigrations } from '../../../../lambda/runtime/postgres/index.ts';
import type { EncodedMessage } from '../../../../lambda/runtime/types.ts';
import { createEnvelope } from '../../../../lib/contracts/index.ts';
import type { Envelope } from '../../../../lib/contracts/index.ts';
import { createTestDatabase } from '../../../support/postgres.ts';
import type { TestDatabase } from '../../../support/postgres.ts';
import { Counted, Noted, silent } from './contracts.ts';

export * from './contracts.ts';

export interface StoreDatabase extends TestDatabase {
  readonly store: EventStore;
}

/** A database with the store's tables, for a whole test file. */
export function useEventStore(connections = 20): () => StoreDatabase {
  let database: StoreDatabase | undefined;
  beforeAll(async () => {
    const made = await createTestDatabase({ connections });
    await migrate(made.pool, [...runtimeMigrations, ...eventStoreMigrations]);
    await made.pool.query(
      `create table effect (
         id bigint generated always as identity primary key, consumer text, event_id uuid, note text, number int,
         replay text, process text)`,
    );
    database = {
      ...made,
      store: createEventStore({ pool: made.pool, contracts: [Noted, Counted], logger: silent }),
    };
  });
  afterAll(async () => {
    await database?.drop();
  });
  return () => database!;
}

export async function empty(pool: Pool): Promise<void> {
  await pool.query(
    `truncate event_store, event_store_stream, event_store_receipt, event_store_snapshot, event_subscription,
       event_subscription_lane, event_subscription_member, event_subscription_waiting, event_subscription_begun, event_dead_letter, event_inbox,
       effect restart identity`,
  );
}

export function noted(
  note: string,
  number = 0,
  tenantId = 'acme',
): Envelope<{ note: string; number: number }, 'Noted'> {
  return createEnvelope(Noted, { tenantId, data: { note, number } });
}

export function counted(by: number, eventId?: string): Envelope<{ by: number }, 'Counted'> {
  return createEnvelope(Counted, {
    tenantId: 'acme',
    data: { by },
    ...(eventId !== undefined && { eventId }),
  });
}

export function message(key: string | undefined, data: unknown = {}): EncodedMessage {
  const eventId = randomUUID();
  const fields = { eventId, eventType: 'Noted', eventVersion: '1.0', source: 'notes', tenantId: 'acme' };
  return {
    ...fields,
    priority: 'normal',
    orderingKey: key === undefined ? 'acme' : `acme#${key}`,
    body: JSON.stringify({
      ...fields,
      timestamp: new Date().toISOString(),
      correlationId: eventId,
      causationId: null,
      data,
      metadata: { hopCount: 0 },
    }),
  };
}
