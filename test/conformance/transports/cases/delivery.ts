/** Cases: what is published arrives, whole, at everybody whom it is for. */
import { expect } from '@jest/globals';
import * as z from 'zod/mini';
import { consume } from '../../../../lambda/runtime/consume.ts';
import { encode } from '../../../../lambda/runtime/encode.ts';
import { createEnvelope, event } from '../../../../lib/contracts/index.ts';
import type { Envelope } from '../../../../lib/contracts/index.ts';
import { encoded, orderPlaced } from '../../../lambda/runtime/fixtures.ts';
import { silent } from '../../../lambda/runtime/event-store/contracts.ts';
import type { Case } from '../case.ts';
import { consumerOf, idsOf, noting, orders, publish } from '../events.ts';

const Blank = event('Blank', { version: '1.0', source: 'shop', data: z.object({}) });

/** Every plane of Unicode, what JSON escapes, what XML refuses and what headers of protocols break on. */
const ANY_TEXT =
  'Zoë 漢字 العربية 🗝️ \u{1F469}\u200D\u{1F680} "quoted" <tag/> &amp; \\ / \u0001 \u007F \uFFFD \r\n\t end ';

/** Bytes of an event that a transport without a limit has to take. */
const LARGE = 4 * 1024 * 1024;
/** Bytes beside the body that services count: attributes, ids, keys. */
const BESIDE_BODY = 2_048;

export const deliveryCases: readonly Case[] = [
  {
    id: 'all-arrive',
    title: '100 events of 10 keys arrive once, each envelope as it was published',
    anchors: [1, 36],
    async holds(run) {
      const channel = await run.channel();
      const received: Envelope[] = [];
      const group = await channel.group('all');
      await group.start(consumerOf((envelope) => void received.push(envelope)));
      const sent = orders(100, 10);
      await publish(channel, sent);
      await run.until(() => received.length >= sent.length);

      const byId = new Map(received.map((envelope) => [envelope.eventId, envelope]));
      expect(received).toHaveLength(sent.length);
      expect(sent.map(({ eventId }) => byId.get(eventId))).toEqual(sent);
    },
  },
  {
    id: 'share-work',
    title: 'two members of a group share its events, and none is lost',
    anchors: [2],
    claim: 'sharesWork',
    async holds(run) {
      const channel = await run.channel();
      const group = await channel.group('shared');
      const handled: string[] = [];
      const byMember = [0, 0];
      for (const number of byMember.keys()) {
        const consumer = consumerOf(async ({ data }) => {
          await new Promise((resolve) => setTimeout(resolve, 20));
          byMember[number]! += 1;
          handled.push(data.orderId);
        });
        await group.start(consumer, { concurrency: 2, lease: 'short' });
      }
      const sent: ReturnType<typeof orders> = [];
      // However long it takes a member to join: there is work until both have had some.
      while (sent.length === 0 || Math.min(...byMember) === 0) {
        const more = orders(60, 60, sent.length);
        await publish(channel, more);
        sent.push(...more);
        // One that joins may get what another one has begun: at least once.
        await run.until(() => new Set(handled).size >= sent.length);
      }

      expect([...new Set(handled)].toSorted()).toEqual(idsOf(sent).toSorted());
    },
    async fails(run) {
      const channel = await run.channel();
      const group = await channel.group('shared');
      const [one, other] = [noting(), noting()];
      await group.start(one.consumer);
      await group.start(other.consumer);
      await publish(channel, orders(5, 5));
      await run.until(() => one.handled.length + other.handled.length === 10);
    },
  },
  {
    id: 'isolated',
    title: 'what is published to one of five channels reaches none of the others',
    anchors: [3, 4],
    async holds(run) {
      const places = await Promise.all(
        Array.from({ length: 5 }, async (_, number) => {
          const channel = await run.channel();
          const { consumer, handled } = noting();
          const group = await channel.group('own');
          await group.start(consumer);
          return { channel, handled, sent: orders(4, 2, number * 100) };
        }),
      );
      await Promise.all(places.map(({ channel, sent }) => publish(channel, sent)));
      await run.until(() => places.every(({ handled }) => handled.length >= 4));
      for (const { handled, sent } of places) expect(handled.toSorted()).toEqual(idsOf(sent).toSorted());
    },
  },
  {
    id: 'each-group',
    title: 'each of two groups gets every event',
    anchors: [5],
    async holds(run) {
      const channel = await run.channel();
      const groups = [noting(), noting()];
      for (const [number, { consumer }] of groups.entries()) {
        const group = await channel.group(`group-${number}`);
        await group.start(consumer);
      }
      const sent = orders(20, 4);
      await publish(channel, sent);
      await run.until(() => groups.every(({ handled }) => handled.length >= sent.length));
      for (const { handled } of groups) expect(handled.toSorted()).toEqual(idsOf(sent).toSorted());
    },
  },
  {
    id: 'late-group',
    title: 'a group that is made later gets what was published before',
    anchors: [7],
    claim: 'lateGroupsSeeAll',
    async holds(run) {
      const channel = await run.channel();
      await channel.group('first');
      await publish(channel, orders(5, 5));
      const { consumer, handled } = noting();
      const late = await channel.group('late');
      await late.start(consumer);
      await run.until(() => handled.length >= 5);
      expect(handled.toSorted()).toEqual(idsOf(orders(5, 5)));
    },
    async fails(run) {
      const channel = await run.channel();
      const early = await channel.group('first');
      const first = noting();
      await early.start(first.consumer);
      await publish(channel, orders(5, 5));
      await run.until(() => first.handled.length === 5);
      const { consumer, handled } = noting();
      const late = await channel.group('late');
      await late.start(consumer);
      await publish(channel, orders(5, 5, 5));
      await run.until(() => handled.length >= 5 && first.handled.length === 10);
      expect(handled.toSorted()).toEqual(idsOf(orders(5, 5, 5)));
    },
  },
  {
    id: 'waits-for-readers',
    title: 'what is published while nobody reads is handled when somebody does',
    anchors: [6, 32],
    claim: 'waitsForReaders',
    async holds(run) {
      const channel = await run.channel();
      const group = await channel.group('later');
      await publish(channel, orders(15, 5));
      const { consumer, handled } = noting();
      await group.start(consumer);
      await run.until(() => handled.length >= 15);
      expect(handled.toSorted()).toEqual(idsOf(orders(15, 5)).toSorted());
    },
    async fails(run) {
      const channel = await run.channel();
      const group = await channel.group('later');
      await publish(channel, orders(15, 5));
      const { consumer, handled } = noting();
      await group.start(consumer);
      await publish(channel, orders(1, 1, 15));
      await run.until(() => handled.length > 0);
      expect(handled).toEqual(['o15']);
    },
  },
  {
    id: 'any-text',
    title: 'any text arrives as it was, in the data and in the ordering key',
    anchors: [8, 52],
    async holds(run) {
      const channel = await run.channel();
      const received: Envelope[] = [];
      const group = await channel.group('text');
      await group.start(consumerOf((envelope) => void received.push(envelope)));
      const sent = [orderPlaced(`${ANY_TEXT}\u0000`, ANY_TEXT), orderPlaced('o1', 'k'.repeat(300))];
      await publish(channel, sent);
      await run.until(() => received.length >= 2);
      expect(received).toEqual(expect.arrayContaining(sent));
    },
  },
  {
    id: 'empty-data',
    title: 'an event without data arrives',
    anchors: [9],
    async holds(run) {
      const channel = await run.channel();
      const received: Envelope[] = [];
      const group = await channel.group('empty');
      await group.start(
        consume(Blank, (envelope) => void received.push(envelope), { consumer: 'empty', logger: silent }),
      );
      const blank = createEnvelope(Blank, { tenantId: 'acme', data: {} });
      const { failed } = await channel.transport.send([encode(Blank, blank)]);
      expect(failed).toEqual([]);
      await run.until(() => received.length > 0);
      expect(received).toEqual([blank]);
    },
  },
  {
    id: 'declared-twice',
    title: 'what a group needs can be made again: nothing is lost, nothing comes twice',
    anchors: [10],
    async holds(run) {
      const channel = await run.channel();
      const { consumer, handled } = noting();
      const first = await channel.group('again');
      await first.start(consumer);
      await publish(channel, orders(3, 3));
      await channel.group('again');
      await publish(channel, orders(3, 3, 3));
      await run.until(() => handled.length >= 6);
      expect(handled.toSorted()).toEqual(idsOf(orders(6, 3)));
    },
  },
  {
    id: 'size',
    title:
      'the largest event arrives; a larger one is refused by its eventId, for good, and its neighbours arrive',
    anchors: [47, 48],
    async holds(run) {
      const { largestEvent } = run.driver.costs;
      const channel = await run.channel();
      const { consumer, handled } = noting();
      const group = await channel.group('size');
      await group.start(consumer);
      const large = withBytes(orderPlaced('large', 'c1'), (largestEvent ?? LARGE) - BESIDE_BODY);
      const sent = [orderPlaced('before', 'c2'), large, orderPlaced('after', 'c3')];
      const tooLarge = withBytes(orderPlaced('too large', 'c4'), (largestEvent ?? 0) + 1);
      if (largestEvent !== undefined) sent.splice(1, 0, tooLarge);

      const { failed } = await channel.transport.send(sent.map((envelope) => encoded(envelope)));
      await run.until(() => handled.length >= 3);

      expect(failed.map(({ eventId, retryable }) => ({ eventId, retryable }))).toEqual(
        largestEvent === undefined ? [] : [{ eventId: tooLarge.eventId, retryable: false }],
      );
      expect(handled.toSorted()).toEqual(['after', 'before', 'large']);
    },
  },
];

/** The same event with so much text that its JSON has this many bytes. */
function withBytes(envelope: ReturnType<typeof orderPlaced>, bytes: number): ReturnType<typeof orderPlaced> {
  const padded = (text: string) => ({
    ...envelope,
    metadata: { ...envelope.metadata, userAgent: text },
  });
  const fill = bytes - Buffer.byteLength(JSON.stringify(padded('')));
  return padded('x'.repeat(Math.max(0, fill)));
}
