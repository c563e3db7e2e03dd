import { describe, expect, test } from '@jest/globals';
import { assemblyOf } from '../../../lib/assembly/index.ts';
import { estimate, fullTable, shortTable } from '../../../lib/estimate/index.ts';
import { systemsOf } from '../../../lib/estimate/systems.ts';
import { shop } from './support.ts';

const ASSEMBLY = shop({
  events: [{ name: 'OrderPlaced', perSecond: 100, bytes: 1000 }],
  consumers: [{ name: 'Invoices', events: ['OrderPlaced'] }],
});

describe('the tables', () => {
  test('short: a line per system and the total, aligned', () => {
    expect(shortTable(estimate(ASSEMBLY, { load: { averageShare: 0.1 } }))).toBe(
      [
        'Cost a month in US dollars, test, us-east-1, load 10 % of peak',
        '  system       idle       load  mostly',
        '  shop         0.26      74.64  SQS 39.68, SNS 13.14, CloudWatch 11.30',
        '  total        0.26      74.64',
        '',
      ].join('\n'),
    );
  });

  test('short: says which part of the declared peak, and that the Region is assumed', () => {
    const agnostic = assemblyOf([{ stackName: 'shop', template: { Resources: {} } }], ASSEMBLY.topology);

    expect(shortTable(estimate(agnostic, { load: { peakShare: 0.01 } })).split('\n')[0]).toBe(
      'Cost a month in US dollars, test, us-east-1 assumed, load 20 % of peak, peak 1 % of declared',
    );
  });

  test.each([
    [
      ['waybill-prod-core', 'waybill-prod-data'],
      ['core', 'data'],
    ],
    [
      ['waybill-prod-core', 'waybill-prod-coreconsumers4', 'waybill-prod-coreconsumers12'],
      ['core', 'core', 'core'],
    ],
    [
      ['shop-orders', 'shop-orders-2'],
      ['orders', 'orders'],
    ],
    [
      ['shop-data', 'shop-database1'],
      ['data', 'database1'],
    ],
    [
      ['shop-orderconsumers1', 'shop-data'],
      ['orderconsumers1', 'data'],
    ],
    [['shop'], ['shop']],
  ])('stacks %j are of the systems %j', (stackNames, systems) => {
    expect(stackNames.map(systemsOf(stackNames))).toEqual(systems);
  });

  test('systems are named without what all stacks begin with', () => {
    const secret = { Type: 'AWS::SecretsManager::Secret', Properties: {} };
    const assembly = assemblyOf(
      ['waybill-prod-core', 'waybill-prod-data'].map((stackName) => ({
        stackName,
        template: { Resources: { Secret: secret } },
      })),
    );

    expect(estimate(assembly).systems.map(({ name }) => name)).toEqual(['core', 'data']);
  });

  test('full: every part, plain ASCII, no line above 100 characters', () => {
    const overloaded = estimate(ASSEMBLY, { load: { peakShare: 50 } });

    const table = fullTable(overloaded);

    for (const heading of ['system', 'service', 'consumer or service', 'stack', 'Capacity: 1 to look at']) {
      expect(table).toContain(heading);
    }
    expect(table).toContain('C2 shop/InvoicesQueue: 5,000 messages a second take 105 invocations at once');
    // What is wrapped loses nothing.
    expect(table.replace(/\n +/g, ' ')).toContain(
      'assuming 20 ms a message and 10 ms an invocation; allowed 10 invocations at once (maxConcurrency)',
    );
    expect(table).toMatch(/^[\n\x20-\x7e]*$/);
    expect(table.split('\n').filter((line) => line.length > 100)).toEqual([]);
  });
});
