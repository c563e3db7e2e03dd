import { expect, test } from '@jest/globals';
import * as z from 'zod/mini';
import { checkCatalogue, EMPTY_LOCK, recordCatalogue } from '../../../lib/contracts/catalogue-lock.ts';
import type { ToJsonSchema } from '../../../lib/contracts/catalogue-lock.ts';
import { event } from '../../../lib/contracts/index.ts';
import type { AnyEventContract, EventVersion, Upcaster } from '../../../lib/contracts/index.ts';

const toJsonSchema: ToJsonSchema = (contract) =>
  z.toJSONSchema(contract.schema as unknown as z.ZodMiniType, { io: 'input' });

interface Declaration {
  readonly version?: EventVersion;
  readonly data?: z.ZodMiniObject;
  readonly source?: string;
  readonly pii?: readonly never[];
  readonly orderingKey?: never;
  readonly upcast?: Readonly<Record<string, Upcaster<never>>>;
  readonly examples?: readonly never[];
}

const data = z.object({ orderId: z.string(), email: z.string() });
const declare = (declaration: Declaration = {}): AnyEventContract =>
  event('OrderPlaced', {
    version: '1.0',
    source: 'orders',
    data,
    orderingKey: 'orderId' as never,
    pii: ['email' as never],
    ...declaration,
  });

const lock = recordCatalogue(EMPTY_LOCK, [declare()], toJsonSchema);
const codes = (events: readonly AnyEventContract[]): string[] =>
  checkCatalogue(lock, events, toJsonSchema).map(({ code }) => code.replace('WAYBILL_LOCK_', ''));

const narrower = z.object({ orderId: z.string() });
const wider = z.object({ orderId: z.string(), email: z.string(), note: z.optional(z.string()) });
const upcast = { '1': () => ({}) as never };

test.each<[string, readonly AnyEventContract[], readonly string[]]>([
  ['the same declaration', [declare()], []],
  ['an incompatible change in place', [declare({ data: narrower })], ['INCOMPATIBLE']],
  ['a compatible change in place', [declare({ data: wider })], ['CHANGED_IN_PLACE']],
  [
    'a compatible change as a new minor',
    [declare(), declare({ version: '1.1', data: wider })],
    ['NOT_RECORDED'],
  ],
  ['an incompatible new minor', [declare(), declare({ version: '1.1', data: narrower })], ['INCOMPATIBLE']],
  [
    'a new major without upcaster',
    [declare(), declare({ version: '2.0', data: narrower })],
    ['UPCASTER_MISSING'],
  ],
  ['a new major with upcaster', [declare({ version: '2.0', data: narrower, upcast })], ['NOT_RECORDED']],
  ['another source', [declare({ source: 'shop' })], ['INCOMPATIBLE']],
  [
    'another ordering key',
    [declare({ orderingKey: 'email' as never, pii: [] })],
    ['INCOMPATIBLE', 'INCOMPATIBLE'],
  ],
  ['personal data no longer marked', [declare({ pii: [] })], ['INCOMPATIBLE']],
  ['a removed event', [], ['REMOVED']],
  ['declared twice', [declare(), declare()], ['WAYBILL_CATALOGUE_DUPLICATE']],
  [
    'an example that fails its schema',
    [declare({ examples: [{} as never] })],
    ['WAYBILL_CATALOGUE_EXAMPLE_INVALID'],
  ],
])('%s', (_name, events, expected) => {
  expect(codes(events)).toEqual(expected);
});

test('a finding tells the field, the reason and the way out', () => {
  const [finding] = checkCatalogue(lock, [declare({ data: narrower })], toJsonSchema);

  expect(finding).toMatchObject({ event: 'OrderPlaced', version: '1.0', field: 'email' });
  expect(finding!.reason).toContain('required field removed');
  expect(finding!.fix).toMatch(/version 2\.0.*upcast: \{ '1'/s);
});

test('recording keeps versions already published', () => {
  const recorded = recordCatalogue(lock, [declare({ version: '2.0', data: narrower, upcast })], toJsonSchema);

  expect(Object.keys(recorded.events['OrderPlaced']!)).toEqual(['1.0', '2.0']);
});
