import { describe, expect, test } from '@jest/globals';
import { compare, comparisonTable, estimate } from '../../../lib/estimate/index.ts';
import { shop } from './support.ts';

const before = estimate(
  shop({
    consumers: [{ name: 'Invoices', events: ['OrderPlaced'] }],
    resources: { Board: { Type: 'AWS::CloudWatch::Dashboard', Properties: {} } },
  }),
);
const after = estimate(
  shop({
    consumers: [
      { name: 'Invoices', events: ['OrderPlaced'], function: { MemorySize: 1024 } },
      { name: 'Audit', events: ['OrderPlaced'] },
    ],
  }),
);

describe('comparing two assemblies', () => {
  test('new, gone and changed lines, and the totals', () => {
    const { changes, difference, ...totals } = compare(before, after);

    expect(totals.before).toEqual(before.total);
    expect(totals.after).toEqual(after.total);
    expect(difference.idle).toBeCloseTo(-3 + 0.2628, 6);
    const sum = changes.reduce((total, change) => total + change.difference.load, 0);
    expect(sum).toBeCloseTo(difference.load, 2);
    expect(changes.find(({ item }) => item === 'dashboards')).toMatchObject({
      constructPath: 'shop/Board',
      before: { idle: 3, load: 3 },
      after: undefined,
      difference: { idle: -3, load: -3 },
    });
    // Twice the memory, the same time.
    const duration = changes.find((change) => change.item === 'duration' && change.owner === 'Invoices')!;
    expect(duration.after!.load).toBeCloseTo(duration.before!.load * 2, 6);
    expect(
      changes.filter(({ owner }) => owner === 'Audit').every((change) => change.before === undefined),
    ).toBe(true);
    expect(changes.filter(({ owner }) => owner === 'Invoices').map(({ item }) => item)).toEqual(['duration']);
  });

  test('the same twice: nothing changes', () => {
    const comparison = compare(after, after);

    expect(comparison.changes).toEqual([]);
    expect(comparison.difference).toEqual({ idle: 0, load: 0 });
    expect(comparisonTable(comparison, { before: 'main', after: 'now' })).toContain('Nothing changes.');
  });

  test('the table: signs, the largest first, no line above 100 characters', () => {
    const table = comparisonTable(compare(before, after), { before: 'main', after: 'the working tree' });

    const lines = table.split('\n');
    expect(lines[0]).toBe('Cost a month in US dollars: the working tree against main');
    expect(lines[2]).toMatch(/^ {2}new +0\.00 +\+42\.05 {2}SQS receives and deletes, shop\/AuditQueue$/);
    expect(lines).toContainEqual(
      expect.stringMatching(/^ {2}gone +-3\.00 +-3\.00 {2}CloudWatch dashboards, shop\/Board$/),
    );
    expect(lines.every((line) => line.length <= 100)).toBe(true);
    expect(table).toMatch(/difference +-2\.74 +\+\d/);
  });
});
