import { describe, expect, test } from '@jest/globals';
import { AwsError } from '../../../../local/aws/index.ts';
import { parseFilterPattern } from '../../../../local/aws/logs/filter-pattern.ts';

const matches = (pattern: string, message: string) => parseFilterPattern(pattern).matches(message);

describe('terms', () => {
  test.each([
    ['', 'anything', true],
    ['ERROR', '[ERROR 400] BAD REQUEST', true],
    ['ERROR', '[error 400]', false],
    ['ERROR', 'ERRORCODE', false],
    ['ERROR REQUEST', '[ERROR 400] BAD REQUEST', true],
    ['ERROR MISSING', '[ERROR 400] BAD REQUEST', false],
    ['?ERROR ?WARN', 'WARN: slow', true],
    ['?ERROR ?WARN', 'INFO: fine', false],
    ['ERROR -ARGUMENTS', 'ERROR 419 MISSING ARGUMENTS', false],
    ['ERROR -ARGUMENTS', 'ERROR 401 UNAUTHORIZED', true],
    ['?WARN ERROR', 'ERROR only', true],
    ['"INTERNAL SERVER"', 'ERROR 500 INTERNAL SERVER ERROR', true],
    ['"a.b"', 'axb', false],
    [String.raw`%AUTH\w+\s%`, 'AUTHORIZED user', true],
  ])('%s on "%s" is %s', (pattern, message, expected) => {
    expect(matches(pattern, message)).toBe(expected);
  });
});

describe('JSON', () => {
  const event = JSON.stringify({
    level: 'ERROR',
    latency: 120,
    ok: false,
    none: null,
    user: { 'first name': 'Ann', tags: ['a', 'b'] },
    list: [{ id: 1 }, { id: 2 }],
  });

  test.each([
    ['{ $.level = "ERROR" }', true],
    ['{ $.level = ERR* }', true],
    ['{ $.level != "ERROR" }', false],
    ['{ $.missing != "ERROR" }', false],
    ['{ $.latency > 100 }', true],
    ['{ $.latency <= 119.5 }', false],
    ['{ $.latency = 120 && $.level = "ERROR" }', true],
    ['{ ($.latency < 10) || ($.level = "ERROR") }', true],
    ['{ $.latency < 10 || $.level = "ERROR" && $.ok IS TRUE }', false],
    ['{ $.ok IS FALSE }', true],
    ['{ $.none IS NULL }', true],
    ['{ $.missing NOT EXISTS }', true],
    ['{ $.level NOT EXISTS }', false],
    ['{ $.user.tags[1] = "b" }', true],
    ['{ $.user["first name"] = "Ann" }', true],
    ['{ $.list[*].id = 2 }', true],
    ['{ $.list[0].id = 2 }', false],
    ['{ $.level = %^ERR% }', true],
  ])('%s is %s', (pattern, expected) => {
    expect(matches(pattern, event)).toBe(expected);
  });

  test('an event that is not JSON matches no JSON pattern', () => {
    expect(matches('{ $.level NOT EXISTS }', 'plain text')).toBe(false);
  });
});

describe('columns', () => {
  const line = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /apache_pb.gif HTTP/1.0" 404 1534';

  test.each([
    ['[ip, id, user, timestamp, request, status_code, size]', true],
    ['[ip, id, user]', false],
    ['[ip, id, user, timestamp, request, status_code = 4*, size > 1000]', true],
    ['[..., status_code = 404, size]', true],
    ['[..., request = *html*, status_code, size]', false],
    ['[ip, id, user = frank || user = joe, ...]', true],
    ['[ip = %127\\.0\\.0\\.[0-9]%, ...]', true],
  ])('%s is %s', (pattern, expected) => {
    expect(matches(pattern, line)).toBe(expected);
  });

  test('a name stands for its column', () => {
    expect(parseFilterPattern('[..., status, size]').valueOf(line, '$size')).toBe('1534');
  });
});

test.each(['{ $.a = }', '{ a = 1 }', '{ $.a = 1', '[a, b', '{ $.a > "x" }', '{ ($.a = 1 }', 'a-b', '%[%'])(
  '%s is no pattern',
  (pattern) => {
    expect(() => parseFilterPattern(pattern)).toThrow(AwsError);
  },
);
