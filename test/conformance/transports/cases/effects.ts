/** Cases: an event that is published twice. What the transport does about it, and what the inbox does. */
import { expect } from '@jest/globals';
import type { Pool } from 'pg';
import { processOnce } from '../../../../lambda/runtime/inbox/index.ts';
import { inTransaction } from '../../../../lambda/runtime/postgres/index.ts';
import type { Case } from '../case.ts';
import { noting, orders, publish } from '../events.ts';

export const repeatCases: readonly Case[] = [
  {
    id: 'same-id-again',
    title: 'an eventId that is sent again is delivered once',
    anchors: [49, 55],
    claim: 'deduplicates',
    async holds(run) {
      const handled = await sentTwice(run);
      expect(handled).toEqual(['o0', 'o1']);
    },
    async fails(run) {
      const handled = await sentTwice(run);
      expect(handled.filter((id) => id === 'o0').length).toBe(2);
    },
  },
];

/** o0, o0 again in a later call, and o1 of the same key behind them. */
async function sentTwice(run: Parameters<Case['holds']>[0]): Promise<readonly string[]> {
  const channel = await run.channel();
  const { consumer, handled } = noting();
  const group = await channel.group('repeated');
  await group.start(consumer);
  const [first, second] = orders(2, 1);
  await publish(channel, [first!]);
  await publish(channel, [first!]);
  await publish(channel, [second!]);
  const expected = run.driver.claims.deduplicates === true ? 2 : 3;
  await run.until(() => handled.length >= expected && handled.includes('o1'));
  return handled;
}

/** With a database for the effects. */
export function effectCases(pool: () => Pool): readonly Case[] {
  return [
    {
      id: 'effect-once',
      title:
        'with `processOnce` the effect of an event happens once: published twice, failed between, and after the window',
      anchors: [52, 55, 59],
      async holds(run) {
        const channel = await run.channel();
        const name = `conformance ${crypto.randomUUID()}`;
        const effects: string[] = [];
        let failures = 0;
        const { consumer, handled } = noting(
          async ({ eventId, data }) => {
            await inTransaction(pool(), async (tx) => {
              if (!(await processOnce(tx, name, eventId))) return;
              if (data.orderId === 'o0' && failures++ === 0) throw new Error('rolled back');
              effects.push(data.orderId);
            });
          },
          { consumer: 'effects' },
        );
        const group = await channel.group('effects');
        await group.start(consumer);
        const sent = orders(4, 4);
        await publish(channel, sent);
        await run.until(() => new Set(effects).size >= 4);
        await publish(channel, sent);
        await run.endDeduplication?.();
        await publish(channel, sent);
        await publish(channel, orders(4, 4, 4));
        const { deduplicationWindow } = run.driver.costs;
        const repeats = deduplicationWindow === undefined ? 8 : deduplicationWindow === Infinity ? 0 : 4;
        await run.until(() => new Set(effects).size >= 8 && handled.length >= 8 + repeats);
        expect(effects.toSorted()).toEqual(['o0', 'o1', 'o2', 'o3', 'o4', 'o5', 'o6', 'o7']);
      },
    },
  ];
}
