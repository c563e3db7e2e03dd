/** Cases: order by key, and what of it a failure costs. Where there is none it is shown that later events overtake. */
import { expect } from '@jest/globals';
import { PermanentError } from '../../../../lambda/runtime/errors.ts';
import type { Case, Run } from '../case.ts';
import { MAX_RECEIVES } from '../driver.ts';
import { expectOrderByKey, gate, idsOf, noting, orders, publish } from '../events.ts';

export const orderCases: readonly Case[] = [
  {
    id: 'key-order',
    title: '16 keys keep their order while handlers fail and take their time',
    anchors: [34, 36, 41],
    claim: 'ordersByKey',
    async holds(run) {
      const channel = await run.channel();
      const failed = new Set<string>();
      const { consumer, handled } = noting(async ({ data, eventId }) => {
        const number = Number(data.orderId.slice(1));
        await new Promise((resolve) => setTimeout(resolve, number % 3));
        if (number % 11 !== 3 || failed.has(eventId)) return;
        failed.add(eventId);
        throw new Error('once');
      });
      const group = await channel.group('ordered');
      await group.start(consumer);
      const sent = orders(96, 16);
      await publish(channel, sent);
      await run.until(() => new Set(handled).size >= sent.length);
      // What was repeated is the same event again: its first handling counts, as with an inbox.
      const first = [...new Set(handled)];
      expect(first).toHaveLength(sent.length);
      expectOrderByKey(first, 16);
      expect(failed.size).toBeGreaterThan(0);
    },
    async fails(run) {
      const channel = await run.channel();
      let tries = 0;
      const { consumer, handled } = noting(async ({ data }) => {
        if (data.orderId !== 'o0') return;
        tries += 1;
        if (tries < MAX_RECEIVES) throw new Error('not yet');
        // Not handled before the other one, if that can be.
        await run.until(() => handled.includes('o1'));
      });
      const group = await channel.group('unordered');
      await group.start(consumer);
      const [first, second] = orders(2, 1);
      await publish(channel, [first!]);
      await run.until(() => tries >= MAX_RECEIVES - 1);
      await publish(channel, [second!]);
      await run.until(() => handled.length >= 2);
      expect(handled).toEqual(['o1', 'o0']);
    },
  },
  {
    id: 'one-at-a-time',
    title: 'the next event of a key is not begun before the one ahead is done',
    anchors: [35],
    claim: 'oneAtATime',
    async holds(run) {
      const channel = await run.channel();
      const hold = gate();
      const begun: string[] = [];
      const { consumer, handled } = noting(async ({ data }) => {
        begun.push(data.orderId);
        if (data.orderId === 'o0') await hold.opened;
      });
      const group = await channel.group('one');
      await group.start(consumer);
      // o0 and o2 have the key c0, o1 and o3 the key c1.
      await publish(channel, orders(4, 2));
      const others = run.driver.claims.keysAreIndependent === true ? 'o3' : 'o1';
      await run.until(() => handled.includes(others) && begun.includes('o0'));
      expect(begun).not.toContain('o2');
      hold.open();
      await run.until(() => new Set(handled).size >= 4);
      // Where the clock is ours its lease may have ended meanwhile: then it came twice, and still before the next one.
      const first = [...new Set(handled)];
      expect(first.filter((id) => id === 'o0' || id === 'o2')).toEqual(['o0', 'o2']);
    },
    async fails(run) {
      const channel = await run.channel();
      const hold = gate();
      const { consumer, handled } = noting(async ({ data }) => {
        if (data.orderId === 'o0') await hold.opened;
      });
      const group = await channel.group('several');
      await group.start(consumer);
      await publish(channel, orders(2, 1));
      await run.until(() => handled.includes('o1'));
      expect(handled).toEqual(['o1']);
      hold.open();
      await run.until(() => handled.length >= 2);
    },
  },
  {
    id: 'failure-holds-key',
    title: 'an event that fails holds what follows of its key, and nothing else',
    anchors: [37, 39, 42],
    claim: 'keysAreIndependent',
    async holds(run) {
      const { handled } = await whileOneFails(run, (ids) =>
        ['o1', 'o3', 'o5'].every((id) => ids.includes(id)),
      );
      expect(handled.slice(0, 3)).toEqual(['o1', 'o3', 'o5']);
      expect(handled.slice(3)).toEqual(['o0', 'o2', 'o4']);
    },
    async fails(run) {
      const { handled } = await whileOneFails(run, (_ids, failures) => failures >= 4);
      expect(handled[0]).toBe('o0');
    },
  },
  {
    id: 'dead-letter-frees-key',
    title: 'when an event is given up for good, its key goes on in order',
    anchors: [42],
    claim: 'oneAtATime',
    async holds(run) {
      const channel = await run.channel();
      const { consumer, handled } = noting(({ data }) => {
        if (data.orderId === 'o1') throw new PermanentError('NEVER');
      });
      const group = await channel.group('freed');
      await group.start(consumer);
      await publish(channel, orders(5, 1));
      await run.until(() => handled.length >= 4);
      await group.deadLetters(1);
      expect(handled).toEqual(['o0', 'o2', 'o3', 'o4']);
    },
  },
  {
    id: 'total-order',
    title:
      'where it is asked for, all events are handled in their order, one after the other, failures included',
    anchors: [34],
    claim: 'ordersAll',
    async holds(run) {
      const channel = await run.channel();
      let failures = 0;
      const { consumer, handled } = noting(({ data }) => {
        if (data.orderId === 'o5' && failures++ < 2) throw new Error('not yet');
      });
      const group = await channel.group('total', { order: 'total' });
      await group.start(consumer);
      const sent = orders(30, 7);
      for (const one of sent) await publish(channel, [one]);
      await run.until(() => handled.length >= sent.length);
      expect(handled).toEqual(idsOf(sent));
    },
  },
];

/** Six events of two keys: the first fails until `enough` was seen, and has failed before the others are published. */
async function whileOneFails(
  run: Run,
  enough: (handled: readonly string[], failures: number) => boolean,
): Promise<{ readonly handled: readonly string[] }> {
  const channel = await run.channel();
  let failures = 0;
  let open = false;
  const { consumer, handled } = noting(
    async ({ data }) => {
      if (data.orderId !== 'o0' || open) return;
      failures += 1;
      // Where it comes back at once the others get their turn, too.
      await new Promise((resolve) => setTimeout(resolve, 5));
      throw new Error('closed');
    },
    { maxReceiveCount: 100_000 },
  );
  const group = await channel.group('held');
  await group.start(consumer, { concurrency: 2 });
  const [first, ...others] = orders(6, 2);
  await publish(channel, [first!]);
  await run.until(() => failures > 0);
  await publish(channel, others);
  await run.until(() => enough(handled, failures));
  open = true;
  await run.until(() => new Set(handled).size >= 6);
  return { handled: [...new Set(handled)] };
}
