/** D13 in the event store: what is personal is sealed at rest, and opened where it may be read. */
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as z from 'zod/mini';

import { encode } from '../../../../lambda/runtime/encode.ts';
import { createEventStore } from '../../../../lambda/runtime/event-store/index.ts';
import type { Projection } from '../../../../lambda/runtime/event-store/index.ts';
import {
  ERASED,
  eraseSubject,
  isSealed,
  postgresSubjectKeys,
  subjectKeyTable,
} from '../../../../lambda/runtime/sealing/index.ts';
import type { Sealer } from '../../../../lambda/runtime/sealing/index.ts';
import { inTransaction } from '../../../../lambda/runtime/postgres/transaction.ts';
import { postgresTransport } from '../../../../lambda/runtime/transports/postgres.ts';
import { createPublisher } from '../../../../lambda/runtime/publisher.ts';
import { createEnvelope, event } from '../../../../lib/contracts/index.ts';
import { keptDataKeys, refusedDataKeys, testSealer } from '../../../support/sealing.ts';
import { counted, Counted, empty, silent, useEventStore } from './support.ts';

const Said = event('Said', {
  version: '1.0',
  source: 'notes',
  data: z.object({ by: z.string(), text: z.string() }),
  orderingKey: 'by',
  pii: ['text'],
  dataSubject: 'by',
});
const CLEAR = 'Ada lives in 12 St James’s Square';
const said = (text = CLEAR, by = 'ada') => createEnvelope(Said, { tenantId: 'acme', data: { by, text } });

const database = useEventStore();
const dataKeys = keptDataKeys();
let sealer: Sealer;

beforeAll(async () => {
  await database().pool.query(subjectKeyTable);
});

beforeEach(async () => {
  const { pool } = database();
  await empty(pool);
  await pool.query('truncate sealing_subject_key');
  // Nothing is remembered from test to test.
  sealer = testSealer(postgresSubjectKeys({ pool, rememberSeconds: 0 }), dataKeys);
});

const storeWith = (given?: Pick<Sealer, 'seal'>) =>
  createEventStore({
    pool: database().pool,
    contracts: [Said, Counted],
    logger: silent,
    ...(given !== undefined && { sealer: given }),
  });

/** All that the database keeps of events and snapshots, as text. */
async function atRest(): Promise<string> {
  const { rows } = await database().pool.query<{ kept: string }>(
    `select e::text as kept from event_store e union all select s::text from event_store_snapshot s
     union all select d::text from event_dead_letter d`,
  );
  return rows.map(({ kept }) => kept).join('\n');
}

describe('on append', () => {
  test('what the contract declares is sealed at rest, and the rest can be read', async () => {
    const store = storeWith(sealer);
    const written = said();
    await store.append('notes-1', [written, counted(1)], { expectedVersion: 0 });

    const kept = await atRest();
    expect(kept).not.toContain('Ada lives');
    expect(kept).not.toContain('St James');
    const [stored] = await store.stream('notes-1');
    const { data } = stored!.envelope as typeof written;
    expect(isSealed(data.text)).toBe(true);
    expect(data.by).toBe('ada');
    expect((await sealer.open(stored!.envelope)).data).toEqual(written.data);
  });

  test('the key of a person is made in the transaction of the append, and gone with it', async () => {
    const { pool } = database();
    const store = storeWith(sealer);
    const failed = inTransaction(pool, async (tx) => {
      await store.appendWithin(tx, 'notes-1', [said()]);
      throw new Error('rolled back');
    });
    await expect(failed).rejects.toThrow('rolled back');
    const { rows } = await pool.query('select 1 from sealing_subject_key');
    expect(rows).toEqual([]);
  });

  test('the same events again are answered as the first time', async () => {
    const store = storeWith(sealer);
    const written = said();
    const [first] = await store.append('notes-1', [written]);
    const [again] = await store.append('notes-1', [written]);
    expect(again).toEqual({ ...first, isNew: false });
  });

  test('without a sealer clear text is refused and nothing is stored; what is sealed already is stored', async () => {
    const store = storeWith();
    await expect(store.append('notes-1', [counted(1), said()])).rejects.toMatchObject({
      code: 'WAYBILL_EVENT_STORE_SEALER_MISSING',
    });
    await expect(store.append('notes-1', [said()])).rejects.not.toThrow(/St James/);
    expect(await atRest()).toBe('');

    const sealed = await sealer.seal(Said, said());
    await store.append('notes-1', [sealed]);
    expect((await store.stream('notes-1'))[0]!.envelope).toEqual(sealed);
  });

  test('without the right to seal the append fails with its code, and nothing is stored', async () => {
    const { pool } = database();
    const store = storeWith(testSealer(postgresSubjectKeys({ pool }), refusedDataKeys()));
    await expect(store.append('notes-1', [said()])).rejects.toMatchObject({
      code: 'WAYBILL_SEALING_NOT_GRANTED',
    });
    expect(await atRest()).toBe('');
  });

  test('what a transport is given is sealed, too, or refused', async () => {
    const publish = (given?: Pick<Sealer, 'seal'>) =>
      createPublisher({ contracts: [Said], transport: postgresTransport({ store: storeWith(given) }) });
    const written = said();
    expect((await publish().publishBatch([written])).failed).toEqual([
      expect.objectContaining({ code: 'WAYBILL_EVENT_STORE_SEALER_MISSING' }),
    ]);
    await publish(sealer).publish(written);
    expect(await atRest()).not.toContain('St James');
    const page = await storeWith().read();
    expect((await sealer.open(page.events[0]!.envelope)).data).toEqual(written.data);
  });

  test('contracts without personal data never meet the sealer', async () => {
    const never: Pick<Sealer, 'seal'> = {
      seal: () => Promise.reject(new Error('asked')),
    };
    const store = storeWith(never);
    await store.append('notes-1', [counted(1)]);
    await store.appendEncoded([encode(Counted, counted(2))]);
    expect((await store.read()).events).toHaveLength(2);
  });
});

describe('an erased person', () => {
  test('reads as erased in what is there, and what comes is erased before it is stored', async () => {
    const { pool } = database();
    const store = storeWith(sealer);
    await store.append('notes-1', [said(), said('Grace lives elsewhere', 'grace')]);
    await eraseSubject(pool, 'acme', 'ada');
    await store.append('notes-1', [said('Ada again')]);
    // What an erased person would have said needs no sealer to be stored.
    await storeWith().append('notes-1', [await sealer.seal(Said, said('Ada once more'))]);

    const opened = [];
    for (const { envelope } of await store.stream('notes-1')) opened.push((await sealer.open(envelope)).data);
    expect(opened).toEqual([
      { by: 'ada', text: ERASED },
      { by: 'grace', text: 'Grace lives elsewhere' },
      { by: 'ada', text: ERASED },
      { by: 'ada', text: ERASED },
    ]);
    expect(await atRest()).not.toContain('Ada');
  });
});

describe('state', () => {
  const texts: Projection<string[], typeof Said> = {
    name: 'texts',
    contracts: [Said],
    fold: (state = [], { data }) => [...state, data.text],
  };

  test('a projection with a sealer sees what was said, now and as it was; another one sees it sealed', async () => {
    const store = storeWith(sealer);
    await store.append('notes-1', [said('one'), said('two'), said('three')]);
    const opening = { ...texts, sealer };
    expect((await store.state(opening, 'notes-1'))?.state).toEqual(['one', 'two', 'three']);
    expect((await store.state(opening, 'notes-1', { version: 2 }))?.state).toEqual(['one', 'two']);
    expect((await store.state(texts, 'notes-1'))?.state.every(isSealed)).toBe(true);
  });

  test('snapshots keep what is sealed sealed, and a projection that opens takes none', async () => {
    const store = storeWith(sealer);
    await store.append('notes-1', [said('one'), said('two')]);
    const kept = { ...texts, snapshotEvery: 1 };
    const first = await store.state(kept, 'notes-1');
    expect(await store.state(kept, 'notes-1')).toEqual(first);
    const { rows } = await database().pool.query<{ state: string[] }>(
      'select state from event_store_snapshot',
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]!.state.every(isSealed)).toBe(true);
    await expect(store.state({ ...kept, sealer }, 'notes-1')).rejects.toMatchObject({
      code: 'WAYBILL_EVENT_STORE_OPTION_INVALID',
    });
  });
});
