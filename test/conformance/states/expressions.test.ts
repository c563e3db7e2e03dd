/** JSONPath, intrinsic functions, and JSONata. */
import { behavioursOf, expect } from '../harness.ts';
import { GUIDE, JSONATA, only, outputOf, run } from './workflows.ts';

const behaviour = behavioursOf('states');
const PATHS = `${GUIDE}/amazon-states-language-paths.html`;
const INTRINSICS = `${GUIDE}/intrinsic-functions.html`;
const TRANSFORM = `${GUIDE}/transforming-data.html`;

const INPUT = {
  list: [{ n: 1 }, { n: 2 }, { n: 3, tag: 'x' }],
  'with space': 7,
  numbers: [3, 1, 2, 3],
  object: { a: { x: 1 }, b: 1 },
  text: '{"k":[1]}',
};

for (const [title, path, expected] of [
  ['a member in brackets', "$['with space']", 7],
  ['an index', '$.list[1].n', 2],
  ['a wildcard gives a list', '$.list[*].n', [1, 2, 3]],
  ['a slice', '$.numbers[1:3]', [1, 2]],
  ['a deep scan', '$..tag', ['x']],
  ['a filter', '$.list[?(@.n > 1)].n', [2, 3]],
  ['a filter that finds nothing gives an empty list', '$.list[?(@.n > 9)]', []],
  ['length()', '$.list.length()', 3],
] as const) {
  behaviour(`JSONPath: ${title}`, PATHS, async (aws) => {
    expect(await outputOf(aws, { Type: 'Pass', Parameters: { 'v.$': path } }, INPUT)).toEqual({
      v: expected,
    });
  });
}

for (const [expression, expected] of [
  ["States.Format('{} of {}', $.numbers[0], 'x')", '3 of x'],
  ['States.StringToJson($.text)', { k: [1] }],
  ['States.JsonToString($.object)', '{"a":{"x":1},"b":1}'],
  ["States.Array(1, 'a', null)", [1, 'a', null]],
  ['States.ArrayPartition($.numbers, 3)', [[3, 1, 2], [3]]],
  ['States.ArrayContains($.numbers, 2)', true],
  ['States.ArrayRange(1, 9, 2)', [1, 3, 5, 7, 9]],
  ['States.ArrayGetItem($.numbers, 2)', 2],
  ['States.ArrayLength($.numbers)', 4],
  ["States.Base64Encode('Data to encode')", 'RGF0YSB0byBlbmNvZGU='],
  ["States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", 'Data to encode'],
  ["States.Hash('input data', 'SHA-1')", 'aaff4a450a104cd177d28d18d74485e8cae074b7'],
  ['States.JsonMerge($.object, States.StringToJson(\'{"a":{"y":2}}\'), false)', { a: { y: 2 }, b: 1 }],
  ['States.MathAdd($.numbers[0], -1)', 2],
  ["States.StringSplit('1,2;3', ',;')", ['1', '2', '3']],
] as const) {
  behaviour(`intrinsic function: ${expression}`, INTRINSICS, async (aws) => {
    expect(await outputOf(aws, { Type: 'Pass', Parameters: { 'v.$': expression } }, INPUT)).toEqual({
      v: expected,
    });
  });
}
behaviour('intrinsic function: States.ArrayUnique leaves one of each', INTRINSICS, async (aws) => {
  const output = (await outputOf(
    aws,
    { Type: 'Pass', Parameters: { 'v.$': 'States.ArrayUnique($.numbers)' } },
    INPUT,
  )) as { v: number[] };
  expect(output.v.toSorted((left, right) => left - right)).toEqual([1, 2, 3]);
});
behaviour('intrinsic function: States.UUID and States.MathRandom', INTRINSICS, async (aws) => {
  const Parameters = { 'id.$': 'States.UUID()', 'n.$': 'States.MathRandom(1, 9)' };
  const output = (await outputOf(aws, { Type: 'Pass', Parameters })) as { id: string; n: number };
  expect(output.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(output.n >= 1 && output.n < 9).toBe(true);
});
behaviour(
  'an intrinsic function that fails is States.IntrinsicFailure',
  `${GUIDE}/concepts-error-handling.html`,
  async (aws) => {
    const end = await run(
      aws,
      only({ Type: 'Pass', Parameters: { 'v.$': 'States.ArrayGetItem($.numbers, 99)' } }),
      INPUT,
    );
    expect([end.status, end.error]).toEqual(['FAILED', 'States.IntrinsicFailure']);
  },
);

for (const [title, Output, expected] of [
  ['$states.input', '{% $states.input.n * 2 %}', 4],
  ['expressions within a value', { a: ['{% $states.input.n %}', 'plain'] }, { a: [2, 'plain'] }],
  ['$states.context', '{% $states.context.State.Name %}', 'Only'],
  ['higher-order functions', '{% $map([1,2,3], function($v) { $v * $v }) %}', [1, 4, 9]],
  ['$partition', '{% $partition([1,2,3,4], 3) %}', [[1, 2, 3], [4]]],
  ['$range', '{% $range(0, 10, 5) %}', [0, 5, 10]],
  ['$hash', "{% $hash('a', 'MD5') %}", '0cc175b9c0f1b6a831c399e269772661'],
  ['$parse', '{% $parse(\'{"a":1}\').a %}', 1],
  ['$random with a seed repeats', '{% $random(7) = $random(7) %}', true],
] as const) {
  behaviour(`JSONata: ${title}`, TRANSFORM, async (aws) => {
    expect(await outputOf(aws, { Type: 'Pass', Output }, { n: 2 }, JSONATA)).toEqual(expected);
  });
}
behaviour('JSONata in one state of a JSONPath machine', TRANSFORM, async (aws) => {
  expect(await outputOf(aws, { Type: 'Pass', ...JSONATA, Output: '{% 1 + 1 %}' })).toBe(2);
});
behaviour('JSONata: what gives nothing is States.QueryEvaluationError', TRANSFORM, async (aws) => {
  const end = await run(aws, only({ Type: 'Pass', Output: '{% $states.input.gone %}' }, JSONATA), {});
  expect([end.status, end.error]).toEqual(['FAILED', 'States.QueryEvaluationError']);
});
behaviour(
  'JSONata: conditions of a Choice, with Output and Assign of the rule',
  `${GUIDE}/state-choice.html`,
  async (aws) => {
    const definition = {
      ...JSONATA,
      StartAt: 'C',
      States: {
        C: {
          Type: 'Choice',
          Choices: [
            { Condition: '{% $states.input.n > 1 %}', Assign: { v: 'big' }, Output: { was: 1 }, Next: 'E' },
          ],
          Default: 'E',
        },
        E: { Type: 'Pass', Output: ['{% $v %}', '{% $states.input.was %}'], End: true },
      },
    };
    expect((await run(aws, definition, { n: 2 })).json).toEqual(['big', 1]);
  },
);
behaviour('JSONata: items and selector of a Map', `${GUIDE}/state-map-inline.html`, async (aws) => {
  const state = {
    Type: 'Map',
    Items: '{% $states.input.l[$ > 1] %}',
    ItemSelector: { d: '{% $states.context.Map.Item.Value * 2 %}' },
    ItemProcessor: { StartAt: 'Each', States: { Each: { Type: 'Pass', End: true } } },
  };
  expect(await outputOf(aws, state, { l: [1, 2, 3] }, JSONATA)).toEqual([{ d: 4 }, { d: 6 }]);
});
