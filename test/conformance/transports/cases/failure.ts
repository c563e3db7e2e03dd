/** Cases: what fails comes again, what can't be handled is kept with its reason, and goes back when it is told to. */
import { expect } from '@jest/globals';
import { PermanentError } from '../../../../lambda/runtime/errors.ts';
import { encoded, orderPlaced } from '../../../lambda/runtime/fixtures.ts';
import type { Case, Run } from '../case.ts';
import { MAX_RECEIVES } from '../driver.ts';
import { idsOf, noting, orders, publish, send } from '../events.ts';

/** Seconds. Far longer than a test: what comes back without it did not wait for it. */
const LONG = { base: 600, cap: 600 };

export const failureCases: readonly Case[] = [
  {
    id: 'again-after-failure',
    title: 'an event whose handler throws is delivered again until it is handled',
    anchors: [11, 23],
    async holds(run) {
      const channel = await run.channel();
      let tries = 0;
      const { consumer, handled } = noting(() => {
        tries += 1;
        if (tries < MAX_RECEIVES) throw new Error('not yet');
      });
      const group = await channel.group('again');
      await group.start(consumer);
      await publish(channel, orders(1, 1));
      await run.until(() => handled.length > 0);
      expect(tries).toBe(MAX_RECEIVES);
      expect(handled).toEqual(['o0']);
    },
  },
  {
    id: 'counts-deliveries',
    title: 'the handler is told how often the event was delivered',
    anchors: [14],
    claim: 'countsDeliveries',
    holds: (run) => countsAre(run, [1, 2, 3]),
    fails: (run) => countsAre(run, [1, 1, 1]),
  },
  {
    id: 'many-failures',
    title: '40 events that each fail once are all handled',
    anchors: [12],
    claim: 'countsFailuresByEvent',
    async holds(run) {
      const channel = await run.channel();
      const failed = new Set<string>();
      const { consumer, handled } = noting(({ eventId }) => {
        if (failed.has(eventId)) return;
        failed.add(eventId);
        throw new Error('once');
      });
      const group = await channel.group('failing');
      await group.start(consumer);
      const sent = orders(40, 40);
      await publish(channel, sent);
      await run.until(() => new Set(handled).size >= sent.length);
      expect([...new Set(handled)].toSorted()).toEqual(idsOf(sent).toSorted());
    },
    async fails(run) {
      const channel = await run.channel();
      const failures = new Set<string>();
      const { consumer, handled } = noting(({ data }) => {
        if (failures.has(data.orderId)) return;
        failures.add(data.orderId);
        throw new Error('once');
      });
      const group = await channel.group('failing');
      // One after the other: each attempt of the batch gets one event further.
      await group.start(consumer, { concurrency: 1 });
      const sent = orders(10, 10);
      await publish(channel, sent);
      // Nothing failed twice, and yet something was given up.
      expect((await group.deadLetters(1)).length).toBeGreaterThan(0);
      expect(new Set(handled).size).toBeLessThan(sent.length);
    },
  },
  {
    id: 'delayed-retry',
    title: 'what failed comes back after its delay, not before',
    anchors: [14, 23, 41],
    claim: 'delaysRetries',
    async holds(run) {
      const channel = await run.channel();
      const times: number[] = [];
      const { consumer, handled } = noting(
        () => {
          times.push(run.now());
          if (times.length === 1) throw new Error('not yet');
        },
        { backoff: { base: 1, cap: 1 }, random: () => 0.999 },
      );
      const group = await channel.group('delayed');
      await group.start(consumer);
      await publish(channel, orders(1, 1));
      await run.until(() => handled.length > 0);
      // Clocks of two processes may differ by a little.
      expect(times[1]! - times[0]!).toBeGreaterThan(900);
    },
    async fails(run) {
      const channel = await run.channel();
      const times: number[] = [];
      const { consumer, handled } = noting(
        () => {
          times.push(run.now());
          if (times.length === 1) throw new Error('not yet');
        },
        { backoff: LONG, random: () => 0.999 },
      );
      const group = await channel.group('delayed');
      await group.start(consumer);
      await publish(channel, orders(1, 1));
      await run.until(() => handled.length > 0);
      expect(times[1]! - times[0]!).toBeLessThan(LONG.base * 1_000 * 0.9);
    },
  },
  {
    id: 'permanent',
    title: 'a PermanentError is tried once and kept with its reason; what follows of its key goes on',
    anchors: [13, 42],
    async holds(run) {
      const handled = await firstGivenUp(run, new PermanentError('ACCOUNT_CLOSED'), {
        tries: 1,
        reason: 'PERMANENT_ERROR',
      });
      expect(handled.toSorted()).toEqual(['o1', 'o2']);
    },
  },
  {
    id: 'poison',
    title:
      'what can not be read reaches no handler, is kept as it came with its reason, and its neighbours are handled',
    anchors: [20, 57],
    async holds(run) {
      const channel = await run.channel();
      const { consumer, handled } = noting();
      const group = await channel.group('poison');
      await group.start(consumer);
      const body = '{"eventType":"OrderPlaced","not":"an envelope"}';
      await send(channel, [
        encoded(orderPlaced('o0', 'c1')),
        { ...encoded(orderPlaced('poison', 'c1')), body },
        encoded(orderPlaced('o1', 'c1')),
      ]);
      await run.until(() => handled.length >= 2);
      const [dead] = await group.deadLetters(1);

      expect(handled.toSorted()).toEqual(['o0', 'o1']);
      expect(dead).toMatchObject({ reason: 'WAYBILL_ENVELOPE_INVALID', body });
    },
  },
  {
    id: 'given-up',
    title: `what failed ${MAX_RECEIVES} times is kept whole and with its reason; its neighbours are handled`,
    anchors: [23, 42],
    claim: 'keepsGivenUp',
    async holds(run) {
      await firstGivenUp(run, new Error('down'), { tries: MAX_RECEIVES, reason: 'HANDLER_FAILED' });
    },
    async fails(run) {
      const channel = await run.channel();
      const { consumer, handled } = noting(({ data }) => {
        if (data.orderId === 'o0') throw new Error('down');
      });
      const group = await channel.group('given-up');
      await group.start(consumer);
      // Alone: what is behind it in its batch would be given up with it.
      await publish(channel, orders(1, 1));
      const [dead] = await group.deadLetters(1);
      await publish(channel, orders(2, 1, 1));
      await run.until(() => new Set(handled).size >= 2);
      // The service tells where it was, and neither why nor what.
      expect(dead).toMatchObject({ reason: 'RetryAttemptsExhausted', body: '' });
    },
  },
  {
    id: 'redrive',
    title: 'what was given up goes back to its consumer and is handled',
    anchors: [54],
    claim: 'redrives',
    async holds(run) {
      const { handled, marks } = await redriven(run);
      expect(handled).toEqual(['o0']);
      expect(marks).toHaveLength(1);
    },
  },
  {
    id: 'redrive-marked',
    title: 'what was redriven tells its handler so',
    anchors: [54],
    claim: 'marksRedriven',
    async holds(run) {
      expect((await redriven(run)).marks).toEqual(['redrive']);
    },
    async fails(run) {
      expect((await redriven(run)).marks).toEqual([undefined]);
    },
  },
];

/** Three events of one key, the first of which fails each time. @returns what was handled */
async function firstGivenUp(
  run: Run,
  failure: Error,
  expected: { readonly tries: number; readonly reason: string },
): Promise<readonly string[]> {
  const channel = await run.channel();
  let tries = 0;
  const { consumer, handled } = noting(({ data }) => {
    if (data.orderId !== 'o0') return;
    tries += 1;
    throw failure;
  });
  const group = await channel.group('given-up');
  await group.start(consumer);
  const sent = orders(3, 1);
  await publish(channel, sent);
  await run.until(() => new Set(handled).size >= 2);
  const [dead] = await group.deadLetters(1);

  expect(tries).toBe(expected.tries);
  expect(dead).toMatchObject({ reason: expected.reason });
  expect(dead!.receiveCount ?? expected.tries).toBe(expected.tries);
  expect(JSON.parse(dead!.body)).toEqual(sent[0]);
  return handled;
}

async function countsAre(run: Run, counts: readonly number[]): Promise<void> {
  const channel = await run.channel();
  const seen: number[] = [];
  const { consumer, handled } = noting((_event, { receiveCount }) => {
    seen.push(receiveCount);
    if (seen.length < counts.length) throw new Error('not yet');
  });
  const group = await channel.group('counting');
  await group.start(consumer);
  await publish(channel, orders(1, 1));
  await run.until(() => handled.length > 0);
  expect(seen).toEqual(counts);
}

async function redriven(run: Run) {
  const channel = await run.channel();
  let mended = false;
  const marks: (string | undefined)[] = [];
  const { consumer, handled } = noting((_event, { replay }) => {
    if (!mended) throw new PermanentError('BROKEN');
    marks.push(replay?.kind);
  });
  const group = await channel.group('redriven');
  await group.start(consumer);
  await publish(channel, orders(1, 1));
  await group.deadLetters(1);
  mended = true;
  await group.redrive();
  await run.until(() => handled.length > 0);
  return { handled, marks };
}
