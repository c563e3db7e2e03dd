/** D13: what is sealed, for whom it opens, and what becomes of a person who is erased. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Pool } from 'pg';
import * as z from 'zod/mini';
import { createEnvelope, event, toCloudEvent, fromCloudEvent } from '../../../../lib/contracts/index.ts';
import type { Envelope } from '../../../../lib/contracts/index.ts';
import {
  createSealer,
  ERASED,
  eraseSubject,
  isSealed,
  postgresSubjectKeys,
  subjectKeyTable,
} from '../../../../lambda/runtime/sealing/index.ts';
import type { DataKeys, SubjectKeys } from '../../../../lambda/runtime/sealing/index.ts';
import { startEmbeddedPostgres } from '../../../../local/postgres/index.ts';
import type { EmbeddedPostgres } from '../../../../local/postgres/index.ts';

const CustomerRegistered = event('CustomerRegistered', {
  version: '1.0',
  source: 'customers',
  data: z.object({
    customerId: z.string(),
    name: z.string(),
    email: z.optional(z.string()),
    addresses: z.array(z.object({ kind: z.string(), street: z.string() })),
  }),
  pii: ['name', 'email', 'addresses.*.street'],
  dataSubject: 'customerId',
});
const data = {
  customerId: 'c-1',
  name: 'Ada Lovelace',
  addresses: [
    { kind: 'home', street: '12 St James’s Square' },
    { kind: 'work', street: '1 Dorset Street' },
  ],
};
const registered = (more: Partial<typeof data> = {}, tenantId = 'acme') =>
  createEnvelope(CustomerRegistered, { tenantId, data: { ...data, ...more } });

/** KMS without KMS: wraps by keeping, bound to its context as the real one is. */
function keptKeys(): DataKeys & { readonly made: string[] } {
  const kept = new Map<string, { key: Buffer; context: string }>();
  const made: string[] = [];
  return {
    made,
    async current(context) {
      const key = randomBytes(32);
      const wrapped = `key-${kept.size}`;
      kept.set(wrapped, { key, context: JSON.stringify(context) });
      made.push(wrapped);
      return { plaintext: key, wrapped };
    },
    async unwrap(wrapped, context) {
      const found = kept.get(wrapped);
      if (found?.context !== JSON.stringify(context)) throw new Error('InvalidCiphertextException');
      return found.key;
    },
  };
}

function keptSubjects(): SubjectKeys & { erase(subject: string): void } {
  const keys = new Map<string, Buffer | null>();
  return {
    erase: (subject) => void keys.set(subject, null),
    async sealingKey(tenant, subject) {
      const name = `${tenant} ${subject}`;
      if (!keys.has(name)) keys.set(name, randomBytes(32));
      return keys.get(name)!;
    },
    openingKey: async (tenant, subject) => keys.get(`${tenant} ${subject}`) ?? null,
  };
}

function aSealer() {
  const subjectKeys = keptSubjects();
  return { subjectKeys, sealer: createSealer({ dataKeys: keptKeys(), subjectKeys }) };
}

const overTheWire = (envelope: Envelope): Envelope => JSON.parse(JSON.stringify(envelope)) as Envelope;

describe('D13 sealing', () => {
  test('seals the fields of the contract and nothing else; opening gives the event back', async () => {
    const { sealer } = aSealer();
    const original = registered();

    const sealed = await sealer.seal(CustomerRegistered, original);
    const text = JSON.stringify(sealed);
    for (const secret of ['Lovelace', 'St James', 'Dorset']) expect(text).not.toContain(secret);
    expect(sealed.data.customerId).toBe('c-1');
    expect(sealed.data.addresses.map(({ kind }) => kind)).toEqual(['home', 'work']);
    expect(isSealed(sealed.data.name)).toBe(true);
    expect('email' in sealed.data).toBe(false);

    expect((await sealer.open(overTheWire(sealed))).data).toEqual(original.data);
  });

  test('sealed data passes its own schema, so that consumers that may not read it can handle it', async () => {
    const { sealer } = aSealer();
    const sealed = await sealer.seal(CustomerRegistered, registered());
    expect(CustomerRegistered.schema['~standard'].validate(sealed.data)).not.toHaveProperty('issues');
  });

  test('survives the way through CloudEvents', async () => {
    const { sealer } = aSealer();
    const original = registered();
    const sealed = await sealer.seal(CustomerRegistered, original);
    const back = fromCloudEvent(JSON.parse(JSON.stringify(toCloudEvent(sealed))) as never);
    expect((await sealer.open(back)).data).toEqual(original.data);
  });

  test('the same text never seals to the same text, and sealing twice changes nothing', async () => {
    const { sealer } = aSealer();
    const once = await sealer.seal(CustomerRegistered, registered());
    const other = await sealer.seal(CustomerRegistered, registered());
    expect(once.data.name).not.toBe(other.data.name);
    expect(await sealer.seal(CustomerRegistered, once)).toBe(once);
  });

  const tampered: readonly (readonly [string, (sealed: Envelope) => Envelope])[] = [
    ['another tenant', (sealed) => ({ ...sealed, tenantId: 'globex' })],
    ['another event id', (sealed) => ({ ...sealed, eventId: '00000000-0000-7000-8000-000000000000' })],
    [
      'another field',
      (sealed) => ({
        ...sealed,
        data: { ...(sealed.data as object), name: (sealed.data as typeof data).addresses[0]!.street },
      }),
    ],
    [
      'one character changed',
      (sealed) => {
        const { name } = sealed.data as typeof data;
        const flipped = name.at(-3) === 'A' ? 'B' : 'A';
        return {
          ...sealed,
          data: { ...(sealed.data as object), name: name.slice(0, -3) + flipped + name.slice(-2) },
        };
      },
    ],
    ['no mark', (sealed) => ({ ...sealed, metadata: { hopCount: 0 } })],
  ];
  test.each(tampered)('does not open with %s', async (_what, tamper) => {
    const { sealer, subjectKeys } = aSealer();
    await subjectKeys.sealingKey('globex', 'c-1');
    const sealed = await sealer.seal(CustomerRegistered, registered());
    await expect(sealer.open(tamper(sealed))).rejects.toThrow(/WAYBILL|can't be opened|InvalidCiphertext/);
  });

  test('an erased subject: what was sealed reads ERASED, what is new is erased before it leaves', async () => {
    const { sealer, subjectKeys } = aSealer();
    const sealed = await sealer.seal(CustomerRegistered, registered());
    const neighbour = await sealer.seal(CustomerRegistered, registered({ customerId: 'c-2' }));
    subjectKeys.erase('acme c-1');

    const opened = await sealer.open(sealed);
    expect(opened.data.name).toBe(ERASED);
    expect(opened.data.addresses.map(({ street }) => street)).toEqual([ERASED, ERASED]);
    expect((await sealer.open(neighbour)).data.name).toBe('Ada Lovelace');
    expect((await sealer.seal(CustomerRegistered, registered())).data.name).toBe(ERASED);
  });

  test('a sealed field of another event is refused: it would open nowhere', async () => {
    const { sealer } = aSealer();
    const sealed = await sealer.seal(CustomerRegistered, registered());
    const copy = registered({ name: sealed.data.name });
    await expect(sealer.seal(CustomerRegistered, copy)).rejects.toMatchObject({
      code: 'WAYBILL_SEALED_ELSEWHERE',
    });
  });

  test('personal data that is no text is refused by name, and its value is not told', async () => {
    const Numbers = event('Numbers', {
      version: '1.0',
      source: 'customers',
      data: z.object({ id: z.string(), pin: z.number() }),
      pii: ['pin'],
    });
    const { sealer } = aSealer();
    const failing = sealer.seal(
      Numbers,
      createEnvelope(Numbers, { tenantId: 'acme', data: { id: '1', pin: 4711 } }),
    );
    await expect(failing).rejects.toMatchObject({ code: 'WAYBILL_PII_NOT_TEXT' });
    await expect(failing).rejects.toThrow(/'pin'/);
    await expect(failing).rejects.not.toThrow(/4711/);
  });
});

describe('keys of subjects in PostgreSQL', () => {
  let server: EmbeddedPostgres;
  let pool: Pool;
  beforeAll(async () => {
    server = await startEmbeddedPostgres();
    pool = new Pool({ connectionString: server.url });
    pool.on('error', () => undefined);
    await pool.query(subjectKeyTable);
  });
  afterAll(async () => {
    await pool.end();
    await server.stop();
  });

  test('two processes that seal for a new subject at once get the same key', async () => {
    const one = postgresSubjectKeys({ pool });
    const other = postgresSubjectKeys({ pool });
    const keys = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? one : other).sealingKey('acme', 'race')),
    );
    expect(new Set(keys.map((key) => key?.toString('hex'))).size).toBe(1);
  });

  test('a key made in a transaction that is rolled back is forgotten with it', async () => {
    const keys = postgresSubjectKeys({ pool });
    const client = await pool.connect();
    await client.query('begin');
    const lost = await keys.sealingKey('acme', 'rolled-back', client);
    await client.query('rollback');
    client.release();

    const kept = await keys.sealingKey('acme', 'rolled-back');
    expect(kept).not.toEqual(lost);
    expect(await keys.openingKey('acme', 'rolled-back')).toEqual(kept);
  });

  test('erasing destroys the key for good, and others forget what they remember of it', async () => {
    let time = 0;
    const keys = postgresSubjectKeys({ pool, rememberSeconds: 60, now: () => time });
    const before = await keys.sealingKey('acme', 'gone');
    expect(await keys.openingKey('acme', 'gone')).toEqual(before);

    await eraseSubject(pool, 'acme', 'gone');
    expect(await keys.openingKey('acme', 'gone')).toEqual(before);
    time = 60_001;
    expect(await keys.openingKey('acme', 'gone')).toBeNull();
    expect(await keys.sealingKey('acme', 'gone')).toBeNull();
    const { rows } = await pool.query(
      "select key, erased_at is not null as erased from sealing_subject_key where subject_id = 'gone'",
    );
    expect(rows).toEqual([{ key: null, erased: true }]);
  });
});
