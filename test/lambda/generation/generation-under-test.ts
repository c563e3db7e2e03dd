/** The generation system on a real database in a schema of its own. */
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import type { Pool } from 'pg';
import { generationEvents } from '../../../catalog/generation/index.ts';
import type { GenerationRequested } from '../../../catalog/generation/index.ts';
import { createGeneration } from '../../../lambda/generation/api/create-generation.ts';
import { generationMigrations } from '../../../lambda/generation/migrations/index.ts';
import type { Caller } from '../../../lambda/http/request.ts';
import { processOnce } from '../../../lambda/runtime/inbox/index.ts';
import { createOutbox } from '../../../lambda/runtime/outbox/index.ts';
import { createPool, migrate } from '../../../lambda/runtime/postgres/index.ts';
import { databaseOf } from '../../../lambda/service/database.ts';
import type { Service } from '../../../lambda/service/unit-of-work.ts';
import type { Envelope, EnvelopeOf } from '../../../lib/contracts/index.ts';
import { useDatabase } from '../../support/postgres.ts';

export const CALLER: Caller = { userId: 'usr_1', tenantId: 'tenant-1', role: 'member' };
export const PROMPT = 'A lighthouse at dawn';

export interface GenerationUnderTest {
  readonly service: Service;
  readonly pool: Pool;
  readonly rows: <Row = Record<string, unknown>>(text: string, ...values: unknown[]) => Promise<Row[]>;
  /** Types of the events in the outbox, in the order they were written. */
  readonly outbox: () => Promise<readonly string[]>;
  /** The events of one type in the outbox. */
  readonly written: <Event extends Envelope>(eventType: Event['eventType']) => Promise<Event[]>;
  /** A new generation of the caller, and the event that orders it. */
  readonly order: (generationId: string, prompt?: string) => Promise<EnvelopeOf<typeof GenerationRequested>>;
}

/** For a whole test file; every test begins with empty tables. */
export function useGeneration(): () => GenerationUnderTest {
  const database = useDatabase({ migrated: false });
  let made: GenerationUnderTest | undefined;
  beforeAll(async () => {
    made = await generationOn(database().url);
  });
  beforeEach(async () => {
    const { rows } = made!;
    const tables = await rows<{ name: string }>(
      `select table_name as name from information_schema.tables
        where table_schema = 'generation' and table_type = 'BASE TABLE'
          and table_name not in ('waybill_migration', 'event_outbox_lane', 'event_outbox_relay')`,
    );
    await rows(`truncate ${tables.map(({ name }) => name).join(', ')}`);
  });
  afterAll(async () => {
    await made?.pool.end();
  });
  return () => made!;
}

async function generationOn(url: string): Promise<GenerationUnderTest> {
  const pool = await createPool({
    environment: { DATABASE_URL: url, WAYBILL_DATABASE_SCHEMA: 'generation' },
    max: 10,
  });
  await migrate(pool, generationMigrations);
  const { enqueue } = createOutbox({ contracts: generationEvents });
  const service = { database: databaseOf(pool), enqueue, processOnce, nudge: async () => undefined };
  const rows: GenerationUnderTest['rows'] = async <Row>(text: string, ...values: unknown[]) =>
    (await pool.query(text, values)).rows as Row[];
  const written = async <Event extends Envelope>(eventType: Event['eventType']) =>
    (
      await rows<{ event_data: Event }>(
        'select event_data from event_outbox where event_type = $1 order by sequence',
        eventType,
      )
    ).map(({ event_data }) => event_data);
  return {
    service,
    pool,
    rows,
    written,
    outbox: async () =>
      (await rows<{ event_type: string }>('select event_type from event_outbox order by sequence')).map(
        ({ event_type }) => event_type,
      ),
    order: async (generationId, prompt = PROMPT) => {
      const command = { prompt, model: 'image-small', width: 64, height: 48 };
      await createGeneration(service, CALLER, generationId, command);
      const events = await written<EnvelopeOf<typeof GenerationRequested>>('GenerationRequested');
      return events.find(({ data }) => data.generationId === generationId)!;
    },
  };
}

/** A context that says nothing. */
export const CONTEXT = {
  receiveCount: 1,
  consumer: 'generation-starter',
  signal: new AbortController().signal,
  logger: {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
    with: () => CONTEXT.logger,
  },
};
