import { describe, expect, test } from '@jest/globals';

import { agentsConfig, environmentConfig } from '../../../lib/config/index.ts';
import { transportCosts } from '../../../lib/estimate/index.ts';
import type { TransportCost, TransportLoad } from '../../../lib/estimate/index.ts';

const sizes = agentsConfig(environmentConfig('prod'));
const load: TransportLoad = { eventsPerSecond: 10, deliveriesPerSecond: 30, averageBytes: 1_000, agents: 8 };

function costOf(
  transport: TransportCost['transport'],
  of: TransportLoad = load,
  with_ = sizes,
): TransportCost {
  return transportCosts(of, with_).find((one) => one.transport === transport)!;
}
const usdOf = (cost: TransportCost, item: string): number | undefined =>
  cost.lines.find((line) => line.item === item)?.usd;

const MONTH_SECONDS = 730 * 3_600;

describe('what agents cost a month', () => {
  test('on PostgreSQL: two tasks of a processor and 2 GB, and the database', () => {
    const cost = costOf('postgres');
    expect(usdOf(cost, 'Fargate processors: agents')).toBeCloseTo(2 * 730 * 0.03238, 6);
    expect(usdOf(cost, 'Fargate memory: agents')).toBeCloseTo(2 * 2 * 730 * 0.00356, 6);
    expect(usdOf(cost, 'Aurora capacity: the record and the effects')).toBeCloseTo(
      (40 / 300) * 730 * 0.12,
      6,
    );
    // 30 deliveries over 8 agents are fewer than the marks that there can be.
    expect(usdOf(cost, 'Aurora capacity: agents read and mark')).toBeCloseTo(
      ((60 + 16) / 300) * 730 * 0.12,
      6,
    );
  });

  test('on Redis: the nodes of all shards with their replicas, and a mirror', () => {
    const cost = costOf('redis');
    expect(usdOf(cost, '4 nodes of db.r7g.large')).toBeCloseTo(4 * 730 * 0.23, 6);
    expect(usdOf(cost, 'Fargate processors: mirror')).toBeCloseTo(2 * 730 * 0.03238, 6);
    expect(usdOf(cost, 'MemoryDB, bytes written')).toBeCloseTo(
      ((10 * 1_000 * MONTH_SECONDS) / 1e9) * 0.04,
      6,
    );
  });

  test('on SNS/SQS: what is published, delivered, asked for and handled', () => {
    const cost = costOf('sns-sqs');
    expect(usdOf(cost, 'SNS FIFO, publishes')).toBeCloseTo(((10 * MONTH_SECONDS) / 1e6) * 0.3, 6);
    expect(usdOf(cost, 'SQS FIFO, requests')).toBeCloseTo(((30 * 3 * MONTH_SECONDS) / 1e6) * 0.5, 6);
    expect(usdOf(cost, 'SQS FIFO, polls that find nothing')).toBeCloseTo(
      ((8 / 4) * MONTH_SECONDS * 0.5) / 1e6,
      6,
    );
    expect(usdOf(cost, 'Lambda, requests')).toBeCloseTo(((30 * MONTH_SECONDS) / 1e6) * 0.2, 6);
    expect(cost.lines.some(({ item }) => item.startsWith('Fargate processors: agents'))).toBe(false);
  });

  test('an event above 64 KB is sent and received as several requests', () => {
    const large = costOf('sns-sqs', { ...load, averageBytes: 100_000 });
    expect(usdOf(large, 'SQS FIFO, requests')).toBeCloseTo(((30 * 5 * MONTH_SECONDS) / 1e6) * 0.5, 6);
  });

  test('totals are the sums of their lines, and each has the record', () => {
    for (const { total, lines } of transportCosts(load, sizes)) {
      expect(total).toBeCloseTo(
        lines.reduce((sum, { usd }) => sum + usd, 0),
        9,
      );
      expect(lines.map(({ item }) => item)).toContain('Aurora capacity: the record and the effects');
    }
  });

  test('without a price for its nodes Redis has no total, and says why', () => {
    const odd = { ...sizes, redis: { ...sizes.redis, nodeType: 'db.r9g.huge' } };
    const cost = costOf('redis', load, odd);
    expect(cost.total).toBeNull();
    expect(cost.unpriced).toEqual(['4 nodes of db.r9g.huge: there is no price for them here']);
  });

  test('nothing to do costs what stands there', () => {
    const idle = costOf('postgres', {
      eventsPerSecond: 0,
      deliveriesPerSecond: 0,
      averageBytes: 0,
      agents: 8,
    });
    expect(idle.total).toBeGreaterThan(50);
  });
});
