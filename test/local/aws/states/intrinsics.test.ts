import { describe, expect, test } from '@jest/globals';

import type { Json } from '../../../../local/aws/states/json.ts';
import { fillTemplate } from '../../../../local/aws/states/language/payload-template.ts';
import type { StateError } from '../../../../local/aws/states/language/state-error.ts';

const SCOPE = {
  data: {
    name: "O'Brien",
    list: [1, 2, 2, { a: 1 }, { a: 1 }],
    n: 3,
    object: { a: { x: 1 }, b: 1 },
    text: '{"k": [1]}',
  },
  context: { Execution: { Name: 'run-1' } },
  variables: { who: 'you', deep: { er: [7] } },
  random: () => 0.5,
};

function evaluated(expression: string): Json {
  return (fillTemplate({ 'v.$': expression }, SCOPE) as { readonly v: Json }).v;
}

function errorOf(expression: string): StateError {
  try {
    evaluated(expression);
  } catch (error) {
    return error as StateError;
  }
  throw new Error(`${expression} was not refused`);
}

describe('intrinsic functions', () => {
  test.each<[string, Json]>([
    ["States.Format('Hello, {} {}!', $.name, $.n)", "Hello, O'Brien 3!"],
    [String.raw`States.Format('\{{}\} it\'s \\', $.n)`, String.raw`{3} it's \ `.trim()],
    ["States.Format('{}', $.object)", '{"a":{"x":1},"b":1}'],
    ["States.Format('{}', $$.Execution.Name)", 'run-1'],
    ["States.Format('{} {}', $who, $deep.er[0])", 'you 7'],
    ['States.StringToJson(\'{"a": 1}\')', { a: 1 }],
    ['States.StringToJson($.text)', { k: [1] }],
    ['States.JsonToString($.object)', '{"a":{"x":1},"b":1}'],
    ['States.Array()', []],
    ["States.Array($.n, 'a', null, true, 1.5)", [3, 'a', null, true, 1.5]],
    ['States.ArrayPartition($.list, 2)', [[1, 2], [2, { a: 1 }], [{ a: 1 }]]],
    ['States.ArrayContains($.list, 2)', true],
    ['States.ArrayContains($.list, $.list[3])', true],
    ["States.ArrayContains($.list, '2')", false],
    ['States.ArrayRange(1, 9, 2)', [1, 3, 5, 7, 9]],
    ['States.ArrayRange(5, 1, -2)', [5, 3, 1]],
    ['States.ArrayRange(5, 1, 1)', []],
    ['States.ArrayGetItem($.list, 1)', 2],
    ['States.ArrayLength($.list)', 5],
    ['States.ArrayUnique($.list)', [1, 2, { a: 1 }]],
    ["States.Base64Encode('Data to encode')", 'RGF0YSB0byBlbmNvZGU='],
    ["States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", 'Data to encode'],
    ["States.Hash('input data', 'SHA-1')", 'aaff4a450a104cd177d28d18d74485e8cae074b7'],
    ["States.Hash('a', 'MD5')", '0cc175b9c0f1b6a831c399e269772661'],
    ['States.JsonMerge($.object, States.StringToJson(\'{"a": {"y": 2}}\'), false)', { a: { y: 2 }, b: 1 }],
    ['States.MathRandom(1, 999)', 500],
    ['States.MathAdd($.n, -1)', 2],
    ['States.MathAdd(1.4, 1.6)', 3],
    ["States.StringSplit('1,2,3,4,5', ',')", ['1', '2', '3', '4', '5']],
    ["States.StringSplit('This.is+a,test=string', '.+,=')", ['This', 'is', 'a', 'test', 'string']],
    ["States.ArrayLength(States.StringSplit(States.Format('{}-{}', 1, 2), '-'))", 2],
  ])('%s', (expression, expected) => {
    expect(evaluated(expression)).toEqual(expected);
  });

  test('UUID makes a version 4 UUID, each time another', () => {
    expect(evaluated('States.UUID()')).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(evaluated('States.UUID()')).not.toBe(evaluated('States.UUID()'));
  });

  test('MathRandom with a seed gives the same number again', () => {
    expect(evaluated('States.MathRandom(1, 1000, 42)')).toBe(evaluated('States.MathRandom(1, 1000, 42)'));
  });

  test.each([
    'States.Format($.n)',
    "States.Format('{} {}', 1)",
    "States.Format('{}', 1, 2)",
    'States.ArrayPartition($.list, 0)',
    'States.ArrayRange(1, 5, 0)',
    'States.ArrayRange(1, 5000, 1)',
    'States.ArrayGetItem($.list, 9)',
    'States.ArrayLength($.n)',
    "States.Base64Decode('%%')",
    "States.Hash('a', 'SHA-3')",
    'States.JsonMerge($.object, $.object, true)',
    "States.StringToJson('{')",
    "States.MathAdd('1', 2)",
    'States.MathRandom(5, 5)',
    'States.MathAdd(3000000000, 1)',
    'States.UUID(1)',
    'States.Nope(1)',
    'States.Array(1',
    'States.Array(1,)',
  ])('%s fails with States.IntrinsicFailure', (expression) => {
    expect(errorOf(expression).error).toBe('States.IntrinsicFailure');
  });

  test('a path of an argument that leads nowhere is named', () => {
    expect(errorOf('States.Array($.nowhere)')).toMatchObject({
      error: 'States.Runtime',
      causeText: expect.stringContaining(
        "The function 'States.Array($.nowhere)' had the following error: The JsonPath argument for the field '$.nowhere' could not be found",
      ),
    });
  });
});

describe('a template', () => {
  test('only members that end in .$ are filled, at any depth', () => {
    const template = { a: '$.n', 'b.$': '$.n', list: [{ 'c.$': '$who' }], 'd.$': '$$.Execution.Name' };
    expect(fillTemplate(template, SCOPE)).toEqual({ a: '$.n', b: 3, list: [{ c: 'you' }], d: 'run-1' });
  });
});
