import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { Json } from '../../../../local/aws/states/json.ts';
import { valueAt, withValueAt } from '../../../../local/aws/states/language/json-path.ts';
import { fillTemplate } from '../../../../local/aws/states/language/payload-template.ts';
import { StateError } from '../../../../local/aws/states/language/state-error.ts';

/** What paths and calls are written with. */
const PIECES = (
  `$ . .. * [ ] ( ) ? @ ' " , : -1 0 3 a b == < >= && || ! =~ /a/ in null true length() ` +
  String.raw`\ States. {}`
).split(' ');

const STORE: Json = {
  store: {
    book: [
      { title: 'A', price: 8, tags: ['x'] },
      { title: 'B', price: 12 },
      { title: 'C', price: 22, isbn: '1' },
    ],
    bicycle: { price: 19, 'full name': 'red one' },
  },
  limit: 10,
};

describe('a path', () => {
  test.each<[string, Json | undefined]>([
    ['$', STORE],
    ['$.limit', 10],
    ["$['store']['bicycle']['full name']", 'red one'],
    ["$.store.['bicycle'].price", 19],
    ['$.store.book[0].title', 'A'],
    ['$.store.book[-1].title', 'C'],
    ['$.store.book[*].title', ['A', 'B', 'C']],
    ['$.store.book[0,2].title', ['A', 'C']],
    ['$.store.book[1:].title', ['B', 'C']],
    ['$.store.book[:-1].title', ['A', 'B']],
    ['$.store.book[0:3:2].title', ['A', 'C']],
    ['$..price', [8, 12, 22, 19]],
    ['$.store..tags', [['x']]],
    ["$.store.book[0]['title','price']", [{ title: 'A', price: 8 }]],
    ['$.store.book[?(@.price < 10)].title', ['A']],
    ['$.store.book[?(@.price > $.limit)].title', ['B', 'C']],
    ["$.store.book[?(@.title == 'B' || @.isbn)].title", ['B', 'C']],
    ['$.store.book[?(!@.isbn && @.price >= 12)].title', ['B']],
    ["$.store.book[?(@.title in ['A', 'C'])].title", ['A', 'C']],
    ["$.store.book[?(@.title nin ['A', 'C'])].title", ['B']],
    ['$.store.book[?(@.title =~ /[ab]/i)].title', ['A', 'B']],
    ['$.store.book.length()', 3],
    ['$.store.book[*].price.sum()', 42],
    ['$.store.book[*].price.min()', 8],
    ['$.store.book[*].price.max()', 22],
    ['$.store.book[*].price.avg()', 14],
    ['$.nowhere', undefined],
    ['$.limit.deeper', undefined],
    ['$.store.book[7]', undefined],
    ['$.nowhere[*].title', undefined],
    ['$.store.book[*].nowhere', []],
    ['$.store.book[?(@.price > 100)]', []],
    ['$.constructor', undefined],
    ['$.__proto__', undefined],
  ])('%s', (path, expected) => {
    expect(valueAt(path, STORE)).toEqual(expected);
  });

  test.each([
    '$.',
    '$[',
    '$.a[',
    "$['a",
    '$.a[?(@.b ==)]',
    '$.a[1',
    '$..',
    'a.b',
    '$.a b',
    '$[?(@.a =~ /(/)]',
  ])('%s is refused as States.Runtime', (path) => {
    expect(() => valueAt(path, {})).toThrow(StateError);
  });

  test('a deep scan goes down any depth', () => {
    let deep: Json = { leaf: 1 };
    for (let level = 0; level < 50_000; level++) deep = { inner: deep };
    expect(valueAt('$..leaf', deep)).toEqual([1]);
  });
});

describe('a reference path', () => {
  test.each<[string, Json, Json | undefined]>([
    ['$.a.b', {}, { a: { b: 9 } }],
    ['$.a', { a: 1, c: 2 }, { c: 2, a: 9 }],
    ['$.list[1]', { list: [1, 2] }, { list: [1, 9] }],
    ['$.list[2]', { list: [1, 2] }, undefined],
    ['$.a.b', { a: 'text' }, undefined],
    ['$.a.b', { a: null }, { a: { b: 9 } }],
    ["$['with space']", {}, { 'with space': 9 }],
  ])('%s in %j', (path, before, after) => {
    expect(withValueAt(path, before, 9)).toEqual(after);
  });

  test('`__proto__` is a name like any other', () => {
    const after = withValueAt('$.__proto__.polluted', {}, true);
    expect(JSON.stringify(after)).toBe('{"__proto__":{"polluted":true}}');
    expect(Object.hasOwn({}, 'polluted')).toBe(false);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('whatever is written', () => {
  const piece = fc.constantFrom(...PIECES);
  const path = fc.array(piece, { maxLength: 12 }).map((pieces) => `$${pieces.join('')}`);
  const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>;

  test('a path gives a value, nothing, or an error named States.*', () => {
    fc.assert(
      fc.property(path, json, (text, value) => {
        expectStatesError(() => valueAt(text, value));
        expectStatesError(() => withValueAt(text, value, 1));
      }),
      { numRuns: 3_000 },
    );
  });

  test('a template gives a value or an error named States.*', () => {
    const call = fc
      .tuple(
        fc.constantFrom('Format', 'Array', 'ArrayRange', 'MathAdd', 'Hash', 'StringToJson', 'Nope'),
        fc.array(piece),
      )
      .map(([name, pieces]) => `States.${name}(${pieces.join('')})`);
    fc.assert(
      fc.property(fc.oneof(path, call, fc.string()), json, (text, data) => {
        const scope = { data, context: {}, variables: { a: data }, random: () => 0 };
        expectStatesError(() => fillTemplate({ 'x.$': text, plain: { 'y.$': text } }, scope));
      }),
      { numRuns: 3_000 },
    );
  });

  function expectStatesError(run: () => unknown): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof StateError) || !error.error.startsWith('States.')) throw error;
    }
  }
});
