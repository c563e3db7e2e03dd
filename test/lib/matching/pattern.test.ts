/** Patterns: operators, arrays, $or, limits, by profile. */
import { describe, expect, test } from '@jest/globals';

import {
  EVENT_BUS_PROFILE,
  EVENT_SOURCE_MAPPING_PROFILE,
  matchesPattern,
  PatternError,
  readPattern,
  SNS_ATTRIBUTES_PROFILE,
  SNS_BODY_PROFILE,
} from '../../../lib/matching/index.ts';

const matches = (pattern: Record<string, unknown>, event: Record<string, unknown>) =>
  matchesPattern(pattern, event, EVENT_BUS_PROFILE);

describe('operators on an event bus', () => {
  const cases: readonly [name: string, member: unknown, yes: readonly unknown[], no: readonly unknown[]][] = [
    ['exact text', 'a', ['a', ['b', 'a']], ['A', 'ab', 1, null, [], {}]],
    ['exact number', 100, [100, 1e2, [1, 100]], ['100', 101, null]],
    ['exact boolean', true, [true], ['true', false]],
    ['null', null, [null], ['', 'null', 0]],
    ['empty text', '', [''], [null, ' ']],
    ['prefix', { prefix: 'us-' }, ['us-east-1', ['x', 'us-']], ['eu-us-', 1]],
    ['prefix, empty', { prefix: '' }, ['', 'x'], [1, null]],
    ['prefix, any case', { prefix: { 'equals-ignore-case': 'US-' } }, ['us-east', 'Us-x'], ['eu']],
    ['suffix', { suffix: '.png' }, ['a.png'], ['a.PNG', '.png.']],
    ['suffix, any case', { suffix: { 'equals-ignore-case': '.png' } }, ['a.PNG'], ['a.jpg']],
    ['equals-ignore-case', { 'equals-ignore-case': 'Alice' }, ['ALICE', 'alice'], ['alic', null]],
    ['anything-but text', { 'anything-but': 'a' }, ['b', null, 1, ['a', 'b']], ['a']],
    ['anything-but list', { 'anything-but': ['a', 'b'] }, ['c'], ['a', 'b', ['a', 'b']]],
    ['anything-but number', { 'anything-but': 0 }, [1, '0'], [0]],
    ['anything-but prefix', { 'anything-but': { prefix: 'a' } }, ['b', 1, null], ['ab']],
    ['anything-but prefixes', { 'anything-but': { prefix: ['a', 'b'] } }, ['c'], ['ax', 'bx']],
    ['anything-but suffix', { 'anything-but': { suffix: '.txt' } }, ['x.md'], ['x.txt']],
    ['anything-but any case', { 'anything-but': { 'equals-ignore-case': ['A', 'b'] } }, ['c'], ['a', 'B']],
    ['anything-but wildcard', { 'anything-but': { wildcard: '*/lib/*' } }, ['/a/b'], ['/a/lib/b']],
    ['numeric =', { numeric: ['=', 3.018e2] }, [301.8], [301, '301.8']],
    ['numeric range', { numeric: ['>', 0, '<=', 5] }, [0.1, 5], [0, 5.1, '3', null]],
    ['numeric <', { numeric: ['<', 10] }, [9, -1], [10]],
    ['cidr', { cidr: '10.0.0.0/24' }, ['10.0.0.255', ['x', '10.0.0.1']], ['10.0.1.0', 'x', 10]],
    ['cidr v6', { cidr: '2001:db8::/32' }, ['2001:db8::1'], ['2001:db9::1', '10.0.0.1']],
    ['exists', { exists: true }, ['', null, 0, false, ['a']], [[], {}, { b: 1 }]],
    ['exists false', { exists: false }, [[], {}, { b: 1 }], ['', null]],
    ['wildcard', { wildcard: 'dir/*.png' }, ['dir/a.png', 'dir/.png'], ['dir/a.jpg', 'x/dir/a.png', 1]],
    ['wildcard, several', { wildcard: '*a*b*' }, ['ab', 'xaxbx'], ['ba']],
    ['wildcard, no overlap in the middle', { wildcard: 'a*bc*c' }, ['abcc', 'axbcxc'], ['abc']],
    ['wildcard, no overlap', { wildcard: 'aba*ba' }, ['ababa'], ['aba']],
    ['wildcard, escaped', { wildcard: 'a\\*\\\\*' }, ['a*\\z'], ['ab\\z']],
  ];
  test.each(cases)('%s', (_name, member, yes, no) => {
    for (const value of yes) expect([value, matches({ a: [member] }, { a: value })]).toEqual([value, true]);
    for (const value of no) expect([value, matches({ a: [member] }, { a: value })]).toEqual([value, false]);
  });

  test('a key that is missing matches exists:false alone', () => {
    expect(matches({ a: [{ exists: false }] }, {})).toBe(true);
    expect(matches({ a: [{ exists: false }, 'x'] }, {})).toBe(true);
    for (const member of [{ 'anything-but': 'x' }, { exists: true }, null, '', { wildcard: '*' }]) {
      expect(matches({ a: [member] }, { b: 1 })).toBe(false);
    }
  });
});

describe('structure', () => {
  test('all keys, any value', () => {
    const pattern = { source: ['a', 'b'], detail: { state: ['on'], level: [1] } };

    expect(matches(pattern, { source: 'b', detail: { state: 'on', level: 1, more: 2 } })).toBe(true);
    expect(matches(pattern, { source: 'b', detail: { state: 'on' } })).toBe(false);
  });

  test('keys below an array match in one element, not across two', () => {
    const event = {
      employees: [
        [
          { first: 'Anna', last: 'Smith' },
          { first: 'John', last: 'Doe' },
        ],
        [{ first: 'Peter', last: 'Jones' }],
      ],
    };

    expect(matches({ employees: { first: ['Anna'], last: ['Smith'] } }, event)).toBe(true);
    expect(matches({ employees: { first: ['Anna'], last: ['Jones'] } }, event)).toBe(false);
    expect(matches({ employees: { first: ['Anna'], last: ['Doe'] } }, event)).toBe(false);
    expect(matches({ employees: { first: ['Nobody', 'Peter'] } }, event)).toBe(true);
    expect(matches({ employees: { middle: [{ exists: false }], last: ['Doe'] } }, event)).toBe(true);
  });

  test('keys of separate arrays are free of each other', () => {
    const event = { a: [{ x: 1 }, { x: 2 }], b: [{ y: 1 }, { y: 2 }] };

    expect(matches({ a: { x: [1] }, b: { y: [2] } }, event)).toBe(true);
  });

  test('$or at the top, nested, twice, and with an and inside', () => {
    const pattern = {
      source: ['cloudwatch'],
      $or: [
        { metric: ['cpu', 'latency'] },
        { kind: ['k'], namespace: ['n'], $or: [{ metricId: [1] }, { spaceId: [2] }] },
      ],
      detail: { $or: [{ scope: ['s'] }, { level: [{ numeric: ['>', 3] }] }] },
    };

    expect(matches(pattern, { source: 'cloudwatch', metric: 'cpu', detail: { level: 4 } })).toBe(true);
    expect(
      matches(pattern, {
        source: 'cloudwatch',
        kind: 'k',
        namespace: 'n',
        spaceId: 2,
        detail: { scope: 's' },
      }),
    ).toBe(true);
    expect(
      matches(pattern, {
        source: 'cloudwatch',
        kind: 'k',
        namespace: 'n',
        spaceId: 3,
        detail: { scope: 's' },
      }),
    ).toBe(false);
    expect(matches(pattern, { source: 'cloudwatch', metric: 'cpu', detail: { level: 3 } })).toBe(false);
    expect(matches(pattern, { source: 'x', metric: 'cpu', detail: { level: 4 } })).toBe(false);
  });

  test('$or is an ordinary key when it does not hold objects', () => {
    expect(matches({ $or: ['x'] }, { $or: 'x' })).toBe(true);
    expect(matches({ $or: { a: ['x'] } }, { $or: { a: 'x' } })).toBe(true);
  });

  test('dots in keys join with nesting', () => {
    expect(matches({ detail: { 'a.b': ['x'] } }, { detail: { a: { b: 'x' } } })).toBe(true);
    expect(matches({ detail: { a: { b: ['x'] } } }, { detail: { 'a.b': 'x' } })).toBe(true);
  });
});

describe('what AWS refuses', () => {
  const cases: readonly [pattern: unknown, message: string][] = [
    [[], 'Filter is not an object'],
    [{}, 'Empty objects are not allowed'],
    [{ a: {} }, 'Empty objects are not allowed'],
    [{ a: [] }, 'Empty arrays are not allowed'],
    [{ a: 'x' }, '"a" must be an object or an array'],
    [{ a: { suffix: 'x' } }, '"suffix" must be an object or an array'],
    [{ a: [['x']] }, 'Match value must be String, number, true, false, or null'],
    [{ a: [{ EXISTS: true }] }, 'Unrecognized match type EXISTS'],
    [{ a: [{ toString: true }] }, 'Unrecognized match type toString'],
    [{ a: [{ prefix: 'x', suffix: 'y' }] }, 'Only one key allowed in match expression'],
    [{ a: [{ prefix: 1 }] }, 'prefix match pattern must be a string'],
    [{ a: [{ suffix: ['x'] }] }, 'suffix match pattern must be a string'],
    [{ a: [{ 'equals-ignore-case': { prefix: 'x' } }] }, 'equals-ignore-case match pattern must be a string'],
    [{ a: [{ exists: 'no' }] }, 'exists match pattern must be either true or false.'],
    [{ a: [{ wildcard: 1 }] }, 'wildcard match pattern must be a string'],
    [{ a: [{ wildcard: 'x**' }] }, 'Consecutive wildcard characters at pos 2'],
    [{ a: [{ wildcard: 'x\\y' }] }, 'Invalid escape character at pos 2'],
    [{ a: [{ wildcard: '*:*:*:*:*:event-bus/*' }] }, 'Rule is too complex'],
    [{ a: [{ cidr: '10.0.0.0' }] }, "Malformed CIDR, one '/' required"],
    [{ a: [{ cidr: '10.0.0.0/x' }] }, 'Malformed CIDR, mask bits must be an integer'],
    [{ a: [{ cidr: '10.0.0.0/32' }] }, 'IPv4 mask bits must be < 32'],
    [{ a: [{ cidr: '10.0.0.256/8' }] }, 'Nonstandard IP address: 10.0.0.256'],
    [{ a: [{ 'anything-but': null }] }, 'Value of anything-but must be an array or single'],
    [{ a: [{ 'anything-but': ['x', 1] }] }, 'Inside anything but list, either all values'],
    [{ a: [{ 'anything-but': ['x', null] }] }, 'Inside anything but list, start|null|boolean'],
    [{ a: [{ 'anything-but': { numeric: ['=', 1] } }] }, 'Unsupported anything-but pattern: numeric'],
    [{ a: [{ 'anything-but': { prefix: 1 } }] }, 'prefix/suffix match pattern must be a string'],
    [{ a: [{ 'anything-but': { suffix: '' } }] }, 'Null prefix/suffix not allowed'],
    [{ a: [{ 'anything-but': { 'equals-ignore-case': 1 } }] }, 'Inside anything-but/equals-ignore-case list'],
    [{ a: [{ numeric: [] }] }, 'Invalid member in numeric match: ]'],
    [{ a: [{ numeric: [1, '<='] }] }, 'Invalid member in numeric match: 1'],
    [{ a: [{ numeric: ['operator'] }] }, 'Unrecognized numeric range operator: operator'],
    [{ a: [{ numeric: ['=', '000'] }] }, 'Value of equals must be numeric'],
    [{ a: [{ numeric: ['>='] }] }, 'Value of >= must be numeric'],
    [{ a: [{ numeric: ['<', 100, '>', 10] }] }, 'Too many elements in numeric expression'],
    [{ a: [{ numeric: ['>=', 1, '>', 2] }] }, 'Bad numeric range operator: >'],
    [{ a: [{ numeric: ['>', 3, '<', 1] }] }, 'Bottom must be less than top'],
    [{ a: [{ numeric: ['>', 20, '<='] }] }, 'Value of <= must be numeric'],
    [{ a: [{ numeric: ['>', 20, 30] }] }, 'Bad value in numeric range: 30'],
    [{ a: [{ numeric: ['>', 20, '<', 30, '<', 50] }] }, 'Too many terms in numeric range expression'],
    [{ a: [{ numeric: ['>', 6e9] }] }, 'Value must be between -5.0E9 and 5.0E9, inclusive'],
  ];
  test.each(cases)('%j', (pattern, message) => {
    const read = () => readPattern(JSON.stringify(pattern), EVENT_BUS_PROFILE);

    expect(read).toThrow(PatternError);
    expect(read).toThrow(message);
  });

  test('text that is not JSON, and more than 2,048 characters', () => {
    expect(() => readPattern('{"a": x}', EVENT_BUS_PROFILE)).toThrow(PatternError);
    const longest = { a: ['x'.repeat(2_048 - '{"a":[""]}'.length)] };
    expect(() => readPattern(longest, EVENT_BUS_PROFILE)).not.toThrow();
    expect(() => readPattern({ a: [`${longest.a[0]}x`] }, EVENT_BUS_PROFILE)).toThrow('the limit is 2048');
  });

  test('$or that multiplies out to more than 1,000 alternatives', () => {
    const pattern = { a: { b: ['x'] } } as Record<string, unknown>;
    let inner = pattern;
    for (let level = 0; level < 4; level++) {
      inner['$or'] = Array.from({ length: 6 }, (_, index) => ({ [`k${level}-${index}`]: [1] }));
      inner[`level${level}`] = inner = {};
    }
    inner['end'] = [1];

    expect(() => readPattern(pattern, EVENT_BUS_PROFILE)).toThrow('the limit is 1000');
  });
});

describe('SNS filter policies', () => {
  const values = (count: number) => Array.from({ length: count }, (_, index) => `value${index}`);

  test('no more than 5 keys; nested keys are not counted in the body scope', () => {
    const six = Object.fromEntries(values(6).map((key) => [key, ['x']]));
    const nested = { a: ['x'], b: ['x'], c: ['x'], d: { e: ['x'], f: ['x'], g: ['x'] } };

    expect(() => readPattern(six, SNS_ATTRIBUTES_PROFILE)).toThrow('can not have more than 5 keys');
    expect(() => readPattern(six, SNS_BODY_PROFILE)).toThrow('can not have more than 5 keys');
    expect(() => readPattern(nested, SNS_BODY_PROFILE)).not.toThrow();
  });

  test('no more than 150 combinations', () => {
    const read = (pattern: Record<string, unknown>) => () => readPattern(pattern, SNS_ATTRIBUTES_PROFILE);

    expect(read({ a: values(150) })).not.toThrow();
    expect(read({ a: values(151) })).toThrow('Filter policy is too complex');
    expect(read({ a: values(15), b: values(10) })).not.toThrow();
    expect(read({ a: values(15), b: values(11) })).toThrow('Filter policy is too complex');
  });

  test('each level of nesting multiplies, each branch of $or adds', () => {
    const nested = {
      key_a: { key_b: { key_c: values(4) } },
      key_d: { key_e: values(3) },
      key_f: values(3),
    };
    const flatOr = (spaces: number) => ({
      source: values(3),
      $or: [
        { metricName: values(6) },
        { metricType: values(4), $or: [{ metricId: values(4) }, { spaceId: values(spaces) }] },
      ],
    });
    const nestedOr = {
      $or: [{ metricName: values(3) }, { namespace: values(2) }],
      detail: { scope: values(2), $or: [{ source: values(1) }, { type: values(3) }] },
    };

    expect(() => readPattern(nested, SNS_BODY_PROFILE)).toThrow('too complex');
    expect(() => readPattern({ ...nested, key_f: values(2) }, SNS_BODY_PROFILE)).not.toThrow();
    expect(() => readPattern(flatOr(7), SNS_ATTRIBUTES_PROFILE)).not.toThrow();
    expect(() => readPattern(flatOr(8), SNS_ATTRIBUTES_PROFILE)).toThrow('too complex');
    expect(() => readPattern(nestedOr, SNS_BODY_PROFILE)).toThrow('too complex');
  });

  test('no nesting in the attribute scope, no wildcard, numbers up to 1e9', () => {
    expect(codeOf(() => readPattern({ a: { b: ['x'] } }, SNS_ATTRIBUTES_PROFILE))).toBe('NestedPattern');
    expect(() => readPattern({ a: { suffix: 'x' } }, SNS_ATTRIBUTES_PROFILE)).toThrow('must be an object');
    expect(() => readPattern({ a: [{ wildcard: '*' }] }, SNS_BODY_PROFILE)).toThrow(
      'Unrecognized match type',
    );
    expect(() => readPattern({ a: [{ 'anything-but': { wildcard: 'x*' } }] }, SNS_BODY_PROFILE)).toThrow(
      'Unsupported anything-but pattern: wildcard',
    );
    expect(() => readPattern({ a: [{ 'anything-but': { suffix: 'x' } }] }, SNS_BODY_PROFILE)).not.toThrow();
    expect(() => readPattern({ a: [2e9] }, SNS_BODY_PROFILE)).toThrow('between -1.0E9 and 1.0E9');
    const time = readPattern({ a: [1_767_225_600_000] }, EVENT_SOURCE_MAPPING_PROFILE);
    expect(time.matches({ a: 1_767_225_600_000 })).toBe(true);
  });

  test('an empty policy is no filter; 256 KB is the limit', () => {
    expect(readPattern('{}', SNS_ATTRIBUTES_PROFILE).matches({ a: 1 })).toBe(true);
    expect(() => readPattern({ a: ['x'.repeat(262_144)] }, SNS_BODY_PROFILE)).toThrow('the limit is 262144');
  });
});

test('event source mappings know fewer operators and take 4,096 characters', () => {
  const read = (member: unknown) => () =>
    readPattern({ body: { a: [member] } }, EVENT_SOURCE_MAPPING_PROFILE);

  expect(read({ cidr: '10.0.0.0/8' })).toThrow('Unrecognized match type cidr');
  expect(read({ wildcard: '*' })).toThrow('Unrecognized match type wildcard');
  expect(read({ 'anything-but': { prefix: 'x' } })).toThrow('Unsupported anything-but pattern: prefix');
  expect(read({ 'anything-but': ['x'] })).not.toThrow();
  expect(read('x'.repeat(4_000))).not.toThrow();
  expect(read('x'.repeat(4_096))).toThrow('the limit is 4096');
});

function codeOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return error instanceof PatternError ? error.code : undefined;
  }
}
