/** Runs every case on one transport, and keeps what was seen. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { useDatabase } from '../../support/postgres.ts';
import { verdictOf } from './case.ts';
import type { Case, Run } from './case.ts';
import { effectCases } from './cases/effects.ts';
import type { Channel, RunningTransport, TransportDriver } from './driver.ts';
import { CASE_GROUPS } from './groups.ts';
import { publishedResults, recordResults } from './results.ts';
import type { Results } from './results.ts';

const CASES: readonly Case[] = CASE_GROUPS.flatMap(({ cases }) => cases);

/** One test for each case: that it holds, or that it does not where the driver says so. */
export function describeTransport(driver: TransportDriver): void {
  describe(driver.name, () => {
    const database = useDatabase();
    const seen: Record<string, string> = {};
    let transport: RunningTransport;
    let channels: Channel[] = [];
    beforeAll(async () => {
      transport = await driver.start();
    });
    afterEach(async () => {
      await Promise.all(channels.map((channel) => channel.close()));
      channels = [];
    });
    afterAll(async () => {
      await transport?.stop();
    });

    const run = (): Run => ({
      driver,
      channel: async () => {
        const channel = await transport.channel();
        channels.push(channel);
        return channel;
      },
      now: () => transport.now(),
      until: (condition) => transport.until(condition),
      ...(transport.endDeduplication && { endDeduplication: () => transport.endDeduplication!() }),
    });
    const effects = new Map(effectCases(() => database().pool).map((one) => [one.id, one]));

    for (const declared of CASES) {
      const one = effects.get(declared.id) ?? declared;
      const verdict = verdictOf(one, driver);
      if (verdict.startsWith('not applicable')) {
        seen[one.id] = verdict;
        continue;
      }
      test(verdict === 'holds' ? one.title : `does not hold: ${one.title}`, async () => {
        const check = verdict === 'holds' ? one.holds : one.fails;
        if (check === undefined) throw new Error(`case ${one.id} can't show that it does not hold`);
        await check(run());
        seen[one.id] = verdict;
      });
    }

    test('the published results are these: npm run conformance:transports', () => {
      // Of a part of the cases nothing is published.
      if (Object.keys(seen).length < CASES.length) return;
      const results: Results = {
        transport: driver.name,
        broker: transport.broker,
        costs: costsOf(driver),
        cases: seen,
      };
      recordResults(results);
      expect(publishedResults(driver.name)?.cases).toEqual(seen);
    });
  });
}

const costsOf = ({ costs }: TransportDriver): Results['costs'] => ({
  reader: costs.reader,
  crash: costs.crash,
  largestEvent: costs.largestEvent ?? null,
  deduplicationWindow:
    costs.deduplicationWindow === Infinity ? 'forever' : (costs.deduplicationWindow ?? null),
});
