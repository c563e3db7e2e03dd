import { describe, expect, test } from '@jest/globals';

import type { Json } from '../../../../local/aws/states/json.ts';
import { evaluateValue } from '../../../../local/aws/states/language/jsonata.ts';

const NOW = Date.UTC(2026, 2, 4, 5, 6, 7);
const SCOPE = {
  input: { prices: [1, 2, 3], name: 'Ada' },
  context: { State: { Name: 'S' } },
  result: { ok: true },
  variables: { factor: 2 },
  now: () => NOW,
  random: () => 0.25,
};

const evaluated = (value: Json) => evaluateValue(value, 'Output', SCOPE);

describe('JSONata', () => {
  test.each<[string, Json]>([
    ['$sum($states.input.prices) * $factor', 12],
    ['$states.result.ok', true],
    ['$states.context.State.Name', 'S'],
    ['$states.input.prices[$ > 1]', [2, 3]],
    ['{"a": $states.input.name, "b": $nothing}', { a: 'Ada' }],
    ['$partition([1,2,3,4,5], 2)', [[1, 2], [3, 4], [5]]],
    ['$range(0, 10, 5)', [0, 5, 10]],
    ["$hash('a', 'MD5')", '0cc175b9c0f1b6a831c399e269772661'],
    ["$hash('a')", 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb'],
    ['$parse(\'{"a": [1]}\').a[0]', 1],
    ['$random()', 0.25],
    ['$random(7) = $random(7)', true],
    ['$uuid() != $uuid()', true],
    ['$millis()', NOW],
    ['$now()', '2026-03-04T05:06:07.000Z'],
    ["$now('[Y]/[M]')", '2026/3'],
    ['null', null],
    ['[]', []],
  ])('{%% %s %%}', async (expression, expected) => {
    expect(await evaluated(`{% ${expression} %}`)).toEqual(expected);
  });

  test('expressions stand anywhere in a value; other texts are texts', async () => {
    const value = { list: ['{% 1 + 1 %}', 'plain', ' {% 1 %}'], deep: { er: '{% $factor %}' } };
    expect(await evaluated(value)).toEqual({ list: [2, 'plain', ' {% 1 %}'], deep: { er: 2 } });
  });

  test.each([
    ['$nothing', 'returned nothing (undefined)'],
    ['$sum', 'returned an unsupported result type'],
    ['function($x) { $x }', 'returned an unsupported result type'],
    ['1 / 0', 'unsupported result type'],
    ["$error('mine')", 'mine'],
    ["'a' + 1", 'T2001'],
    ["$eval('1')", '$eval is not supported'],
    ["$parse('{')", 'threw an error during evaluation'],
    ['($f := function($n) { 1 + $f($n + 1) }; $f(1))', 'D1011'],
  ])('%s fails with States.QueryEvaluationError', async (expression, problem) => {
    await expect(evaluated(`{% ${expression} %}`)).rejects.toMatchObject({
      error: 'States.QueryEvaluationError',
      causeText: expect.stringContaining(problem),
      location: 'Output',
    });
  });
});
