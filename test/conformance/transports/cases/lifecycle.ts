/** Cases: readers that come, go, take long and die. */
import { expect } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { Case } from '../case.ts';
import { consumerOf, gate, idsOf, noting, orders, publish } from '../events.ts';

export const lifecycleCases: readonly Case[] = [
  {
    id: 'stop-finishes',
    title: 'a stop lets the running handler finish, its signal not aborted, and the event is done with',
    anchors: [27],
    claim: 'stopsGracefully',
    async holds(run) {
      const channel = await run.channel();
      const hold = gate();
      const aborted: boolean[] = [];
      const begun: string[] = [];
      const { consumer, handled } = noting(async ({ data }, { signal }) => {
        begun.push(data.orderId);
        await hold.opened;
        aborted.push(signal.aborted);
      });
      const group = await channel.group('stopped');
      const member = await group.start(consumer);
      await publish(channel, orders(1, 1));
      await run.until(() => begun.length === 1);
      const stopping = member.stop(60_000);
      hold.open();
      expect(await stopping).toEqual({ abandoned: 0 });
      expect(handled).toEqual(['o0']);
      expect(aborted).toEqual([false]);

      const next = noting();
      await group.start(next.consumer);
      await publish(channel, orders(1, 1, 1));
      await run.until(() => next.handled.length > 0);
      expect(next.handled).toEqual(['o1']);
    },
  },
  {
    id: 'stop-overdue',
    title:
      'a handler that does not end in time is aborted and counted, and its event is handled by another member',
    anchors: [28],
    claim: 'stopsGracefully',
    async holds(run) {
      const channel = await run.channel();
      const begun: string[] = [];
      const { consumer } = noting(async ({ data }, { signal }) => {
        begun.push(data.orderId);
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        throw new Error('aborted');
      });
      const group = await channel.group('overdue');
      const member = await group.start(consumer, { lease: 'short' });
      await publish(channel, orders(1, 1));
      await run.until(() => begun.length === 1);
      expect(await member.stop(20)).toEqual({ abandoned: 1 });

      const next = noting();
      await group.start(next.consumer, { lease: 'short' });
      await run.until(() => next.handled.length > 0);
      expect(next.handled).toEqual(['o0']);
    },
  },
  {
    id: 'stop-start',
    title: 'members that come and go while events flow lose none',
    anchors: [24, 29],
    claim: 'waitsForReaders',
    async holds(run) {
      const channel = await run.channel();
      const group = await channel.group('cycles');
      const handled = new Set<string>();
      for (let cycle = 0; cycle < 3; cycle += 1) {
        const { consumer } = noting(({ data }) => void handled.add(data.orderId));
        await publish(channel, orders(10, 5, cycle * 20));
        const member = await group.start(consumer, { concurrency: 3 });
        await publish(channel, orders(10, 5, cycle * 20 + 10));
        await run.until(() => handled.size > cycle * 15);
        await member.stop(20_000);
      }
      const last = noting(({ data }) => void handled.add(data.orderId));
      await group.start(last.consumer);
      await run.until(() => handled.size >= 60);
      expect([...handled].toSorted()).toEqual(idsOf(orders(60, 5)).toSorted());
    },
    async fails(run) {
      const channel = await run.channel();
      const group = await channel.group('cycles');
      const first = noting();
      const member = await group.start(first.consumer);
      await member.stop(1_000);
      await publish(channel, orders(2, 2));
      const next = noting();
      await group.start(next.consumer);
      await publish(channel, orders(1, 1, 2));
      await run.until(() => next.handled.length > 0);
      expect([...first.handled, ...next.handled]).toEqual(['o2']);
    },
  },
  {
    id: 'stop-often',
    title: 'ten stops at the same time are one',
    anchors: [25],
    claim: 'stopsGracefully',
    async holds(run) {
      const channel = await run.channel();
      const { consumer, handled } = noting();
      const group = await channel.group('often');
      const member = await group.start(consumer);
      await publish(channel, orders(3, 3));
      await run.until(() => handled.length >= 3);
      const reports = await Promise.all(Array.from({ length: 10 }, () => member.stop(5_000)));
      expect(reports).toEqual(Array.from({ length: 10 }, () => ({ abandoned: 0 })));
    },
  },
  {
    id: 'long-handler',
    title: 'a handler that takes longer than its lease is not run a second time meanwhile',
    anchors: [43, 45],
    claim: 'keepsHidden',
    async holds(run) {
      const channel = await run.channel();
      const [long] = orders(1, 1);
      const begun: string[] = [];
      const ended: string[] = [];
      const byMember = [0, 0];
      const hold = gate();
      const group = await channel.group('long');
      for (const number of byMember.keys()) {
        const consumer = consumerOf(async ({ data }) => {
          begun.push(data.orderId);
          byMember[number]! += 1;
          await (data.orderId === long!.data.orderId ? hold.opened : delay(20));
          ended.push(data.orderId);
        });
        await group.start(consumer, { concurrency: 2, lease: 'short' });
      }
      // One that joins may get what another one has begun, at least once: both have had work before the long one comes.
      let sent = 1;
      while (run.driver.claims.sharesWork === true && Math.min(...byMember) === 0) {
        await publish(channel, orders(60, 60, sent));
        sent += 60;
        await run.until(() => new Set(ended).size >= sent - 1);
      }
      await publish(channel, [long!]);
      await run.until(() => begun.includes(long!.data.orderId));
      const since = run.now();
      // Three times the short lease that the drivers give, or the visibility of 30 seconds on a clock of ours.
      await run.until(() => run.now() - since > run.driver.leaseMilliseconds * 3);
      hold.open();
      await run.until(() => ended.includes(long!.data.orderId));
      expect(begun.filter((id) => id === long!.data.orderId)).toHaveLength(1);
    },
    async fails(run) {
      const channel = await run.channel();
      const begun: string[] = [];
      const hold = gate();
      const group = await channel.group('long');
      const { consumer } = noting(async ({ data }) => {
        begun.push(data.orderId);
        await hold.opened;
      });
      await group.start(consumer);
      await publish(channel, orders(1, 1));
      await run.until(() => begun.length > 1);
      hold.open();
    },
  },
  {
    id: 'crash',
    title:
      'what a process had in work when it was killed is handled by another one, before what follows of its key',
    anchors: [39, 55],
    claim: 'survivesCrash',
    async holds(run) {
      const channel = await run.channel();
      const group = await channel.group('crashed');
      const sent = orders(6, 2);
      await publish(channel, sent);
      await group.crash();
      const { consumer, handled } = noting();
      await group.start(consumer, { lease: 'short' });
      await run.until(() => new Set(handled).size >= sent.length);
      const first = [...new Set(handled)];
      expect(first.toSorted()).toEqual(idsOf(sent));
      if (run.driver.claims.ordersByKey === true) {
        expect(first.filter((id) => Number(id.slice(1)) % 2 === 0)).toEqual(['o0', 'o2', 'o4']);
      }
    },
  },
];
