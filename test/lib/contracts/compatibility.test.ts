import { expect, test } from '@jest/globals';
import * as z from 'zod/mini';
import { incompatibilities } from '../../../lib/contracts/compatibility.ts';
import type { JsonSchema } from '../../../lib/contracts/compatibility.ts';

const json = (schema: z.ZodMiniType): JsonSchema => z.toJSONSchema(schema, { io: 'input' });
const base = z.object({
  id: z.string(),
  note: z.optional(z.string()),
  lines: z.array(z.object({ sku: z.string() })),
});

test.each<[string, z.ZodMiniType, readonly [string, RegExp][]]>([
  ['nothing', base, []],
  ['an optional field added', z.extend(base, { extra: z.optional(z.number()) }), []],
  ['an optional field removed', z.omit(base, { note: true }), []],
  ['a required field added', z.extend(base, { extra: z.number() }), [['extra', /required field added/]]],
  ['a required field removed', z.omit(base, { id: true }), [['id', /required field removed/]]],
  ['required made optional', z.extend(base, { id: z.optional(z.string()) }), [['id', /became optional/]]],
  ['optional made required', z.extend(base, { note: z.string() }), [['note', /became required/]]],
  ['a type changed', z.extend(base, { id: z.number() }), [['id', /type changed from "string" to "number"/]]],
  ['a bound added', z.extend(base, { id: z.string().check(z.maxLength(3)) }), [['id', /maxLength/]]],
  [
    'a field inside a list changed',
    z.extend(base, { lines: z.array(z.object({ sku: z.string(), price: z.number() })) }),
    [['lines.*.price', /required field added/]],
  ],
])('%s', (_name, newer, expected) => {
  const found = incompatibilities(json(base), json(newer));

  expect(found.map(({ field }) => field)).toEqual(expected.map(([field]) => field));
  for (const [index, [, reason]] of expected.entries()) expect(found[index]!.reason).toMatch(reason);
});

test('an enum is compared as a set', () => {
  const schema = (values: [string, ...string[]]): JsonSchema => json(z.object({ kind: z.enum(values) }));

  expect(incompatibilities(schema(['a', 'b']), schema(['b', 'a']))).toEqual([]);
  expect(incompatibilities(schema(['a', 'b']), schema(['a', 'b', 'c']))[0]!.field).toBe('kind');
});

test('a field added to an object that refuses others is incompatible', () => {
  const strict = json(z.strictObject({ id: z.string() }));
  const wider = json(z.strictObject({ id: z.string(), note: z.optional(z.string()) }));

  expect(incompatibilities(strict, wider)).toEqual([
    { field: 'note', reason: expect.stringContaining('older consumers refuse it') },
  ]);
});

test('a field called like an annotation is still a field', () => {
  const titled = json(z.object({ book: z.record(z.string(), z.object({ title: z.string() })) }));
  const untitled = json(z.object({ book: z.record(z.string(), z.object({})) }));

  expect(incompatibilities(titled, untitled).length).toBeGreaterThan(0);
});

test('titles, descriptions and defaults do not count', () => {
  expect(
    incompatibilities(
      { type: 'string', description: 'a', default: 'x' },
      { type: 'string', description: 'b' },
    ),
  ).toEqual([]);
});
