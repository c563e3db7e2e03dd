/** Schedule expressions and time zones. */
import { describe, expect, test } from '@jest/globals';

import { readSchedule } from '../../../../local/aws/schedules/index.ts';

const rules = { oneTime: false };

/** The next times of an expression, as ISO texts without seconds. */
function times(expression: string, from: string, count = 3, timeZone?: string): readonly string[] {
  const schedule = readSchedule(expression, { oneTime: true, timeZone });
  const origin = Date.parse(from);
  const found: string[] = [];
  for (let at = schedule?.next(origin, origin); at !== undefined && found.length < count;) {
    found.push(new Date(at).toISOString().slice(0, 16));
    at = schedule?.next(at, origin);
  }
  return found;
}

describe('cron', () => {
  const cases: readonly [expression: string, from: string, times: readonly string[]][] = [
    ['cron(0 12 * * ? *)', '2026-01-21T12:00Z', ['2026-01-22T12:00', '2026-01-23T12:00', '2026-01-24T12:00']],
    [
      'cron(5,35 14 * * ? *)',
      '2026-01-21T14:10Z',
      ['2026-01-21T14:35', '2026-01-22T14:05', '2026-01-22T14:35'],
    ],
    [
      'cron(0/30 0-2 ? * MON-FRI *)',
      '2026-01-23T02:00Z',
      ['2026-01-23T02:30', '2026-01-26T00:00', '2026-01-26T00:30'],
    ],
    [
      'cron(0 2 ? * SAT#3 *)',
      '2026-01-01T00:00Z',
      ['2026-01-17T02:00', '2026-02-21T02:00', '2026-03-21T02:00'],
    ],
    [
      'cron(15 10 ? * 6L 2026-2027)',
      '2026-01-21T00:00Z',
      ['2026-01-30T10:15', '2026-02-27T10:15', '2026-03-27T10:15'],
    ],
    ['cron(0 0 L * ? *)', '2026-01-21T00:00Z', ['2026-01-31T00:00', '2026-02-28T00:00', '2026-03-31T00:00']],
    ['cron(0 8 1W * ? *)', '2026-01-21T00:00Z', ['2026-02-02T08:00', '2026-03-02T08:00', '2026-04-01T08:00']],
    [
      'cron(0 0 29 FEB ? *)',
      '2026-01-21T00:00Z',
      ['2028-02-29T00:00', '2032-02-29T00:00', '2036-02-29T00:00'],
    ],
    [
      'cron(0 0 ? * FRI-MON *)',
      '2026-01-21T00:00Z',
      ['2026-01-23T00:00', '2026-01-24T00:00', '2026-01-25T00:00'],
    ],
    ['cron(0/5 5 ? JAN 1-5 2022)', '2026-01-21T00:00Z', []],
  ];
  test.each(cases)('%s', (expression, from, expected) => {
    expect(times(expression, from)).toEqual(expected);
  });

  test('in a time zone: an hour that summer time leaves out is skipped, one that comes twice is due once', () => {
    const zone = 'Europe/Berlin';

    expect(times('cron(30 2 * * ? *)', '2026-03-27T12:00Z', 3, zone)).toEqual([
      '2026-03-28T01:30',
      '2026-03-30T00:30',
      '2026-03-31T00:30',
    ]);
    expect(times('cron(30 2 * * ? *)', '2026-10-24T12:00Z', 2, zone)).toEqual([
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ]);
    expect(times('cron(0/30 * * * ? *)', '2026-10-25T01:15Z', 1, zone)).toEqual(['2026-10-25T02:00']);
  });

  test.each([
    'cron(INVALID)',
    'cron(0 12 * * * *)',
    'cron(0 12 ? * ? *)',
    'cron(60 12 * * ? *)',
    'cron(0 24 * * ? *)',
    'cron(0 12 * * ?)',
    'cron(0 12 32 * ? *)',
    'cron(0/0 12 * * ? *)',
    'rate(1 minutes)',
    'rate(2 minute)',
    'rate(0 minutes)',
    'rate(5 seconds)',
    'at(2026-01-21T12:00:00)',
    '5 minutes',
  ])('%s is refused on a bus', (expression) => {
    expect(readSchedule(expression, rules)).toBeUndefined();
  });
});

test('rate counts from the origin', () => {
  expect(times('rate(5 minutes)', '2026-01-21T12:01Z')).toEqual([
    '2026-01-21T12:06',
    '2026-01-21T12:11',
    '2026-01-21T12:16',
  ]);
});

test('at is due once, in its time zone', () => {
  expect(times('at(2026-07-01T12:00:00)', '2026-01-21T12:00Z', 3, 'America/New_York')).toEqual([
    '2026-07-01T16:00',
  ]);
  expect(times('at(2025-07-01T12:00:00)', '2026-01-21T12:00Z')).toEqual([]);
});
