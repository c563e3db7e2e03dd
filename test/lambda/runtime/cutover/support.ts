/** Builders for the tests of moves between transports. */
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import type { Pool } from 'pg';

import { cutoverMigrations } from '../../../../lambda/runtime/cutover/index.ts';
import { createEventStore, eventStoreMigrations } from '../../../../lambda/runtime/event-store/index.ts';
import { migrate, runtimeMigrations } from '../../../../lambda/runtime/postgres/index.ts';
import type { EncodedMessage, PublishFailure, Transport } from '../../../../lambda/runtime/types.ts';
import { createTestDatabase } from '../../../support/postgres.ts';
import { Counted, empty, Noted, silent } from '../event-store/support.ts';
import type { StoreDatabase } from '../event-store/support.ts';

export { moving } from './consumer.ts';
export { effects, eventually, numbersOf, SOON } from '../subscription/support.ts';
export { Counted, counted, Noted, noted, silent } from '../event-store/support.ts';

/** A database with the tables of moves; emptied before each test, when what the last one started has been stopped. */
export function useCutover(connections = 20): () => StoreDatabase {
  let database: StoreDatabase | undefined;
  beforeAll(async () => {
    const made = await createTestDatabase({ connections });
    await prepareCutover(made.pool);
    database = {
      ...made,
      store: createEventStore({ pool: made.pool, contracts: [Noted, Counted], logger: silent }),
    };
  });
  beforeEach(async () => {
    const { pool } = database!;
    await empty(pool);
    await pool.query(
      'truncate consumer_transport, consumer_transport_move, transport_mirror, consumer_given_up, shadow_arrival',
    );
  });
  afterAll(async () => {
    await database?.drop();
  });
  return () => database!;
}

export async function prepareCutover(pool: Pool): Promise<void> {
  await migrate(pool, [...runtimeMigrations, ...eventStoreMigrations, ...cutoverMigrations]);
  await pool.query(
    `create table effect (
       id bigint generated always as identity primary key, consumer text, event_id uuid, note text, number int,
       replay text, process text, transport text)`,
  );
}

/** A transport that keeps what it takes. `refuse` may fail single events, or throw for the whole call. */
export class Taken implements Transport {
  readonly messages: EncodedMessage[] = [];
  calls = 0;
  refuse: (message: EncodedMessage) => PublishFailure['code'] | undefined = () => undefined;
  isRetryable = true;
  before: (messages: readonly EncodedMessage[]) => Promise<void> = () => Promise.resolve();

  async send(messages: readonly EncodedMessage[]): Promise<{ failed: PublishFailure[] }> {
    this.calls += 1;
    await this.before(messages);
    const failed: PublishFailure[] = [];
    for (const message of messages) {
      const code = this.refuse(message);
      if (code === undefined) this.messages.push(message);
      else failed.push({ eventId: message.eventId, code, message: code, retryable: this.isRetryable });
    }
    return { failed };
  }

  /** In the order of the first copies. */
  numbersOf(note: string): number[] {
    const seen = new Map<string, number>();
    for (const { eventId, body } of this.messages) {
      const { data } = JSON.parse(body) as { data: { note: string; number: number } };
      if (data.note === note && !seen.has(eventId)) seen.set(eventId, data.number);
    }
    return [...seen.values()];
  }
}
