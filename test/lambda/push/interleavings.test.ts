/**
 * A resume, pushes of several notifiers, a reconnect and lost posts, in thousands of orders of their steps: a client
 * that follows the protocol ends with every cursor once, in order.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { begin, receive, sequenceFrom } from '../../../browser/notifications/sequence.ts';
import type { Sequence } from '../../../browser/notifications/sequence.ts';
import { connectHandler } from '../../../lambda/push/connections.ts';
import { messageHandler } from '../../../lambda/push/messages.ts';
import { createNotifier } from '../../../lambda/push/notifier.ts';
import type { ServerMessage } from '../../../lambda/push/protocol.ts';
import { eventOf, memoryPush, notification, SILENT } from './memory-push.ts';
import type { MemoryPush, Step } from './memory-push.ts';

const now = (): number => 0;
const RUNS = 150;

interface Setup {
  readonly push: MemoryPush;
  readonly step: Step;
  readonly scheduler: fc.Scheduler;
}

function setup(scheduler: fc.Scheduler): Setup {
  const step: Step = async (name, run) => {
    await scheduler.schedule(Promise.resolve(), name);
    return run();
  };
  return { push: memoryPush(step), step, scheduler };
}

/** The browser's own client, with a connection of its own; it ends when all that was sent has arrived. */
function clientOf({ push, scheduler }: Setup, connectionId: string, from: Sequence) {
  const { store, management } = push;
  const reports: string[] = [];
  const handle = messageHandler(
    () => ({ store, management, now, pageSize: 2 }),
    (what) => void reports.push(what),
  );
  let sequence = from;
  const delivered: number[] = [];
  const gaps: unknown[] = [];
  const underway: Promise<unknown>[] = [];
  const send = (message: object): void => void underway.push(handle(eventOf(connectionId, message)));
  const follow = (made: ReturnType<typeof receive>): void => {
    sequence = made.sequence;
    if (made.deliver !== undefined) delivered.push(made.deliver.cursor);
    if (made.gap !== undefined) gaps.push(made.gap);
    if (made.resume !== undefined) send({ action: 'resume', cursor: made.resume });
  };
  const arrive = (message: ServerMessage): void => follow(receive(sequence, message));
  return {
    delivered,
    gaps,
    reports,
    arrive,
    open: () => follow(begin(sequence, 0)),
    ping: () => send({ action: 'ping' }),
    get sequence() {
      return sequence;
    },
    async settle() {
      while (underway.length > 0) await scheduler.waitFor(underway.shift()!);
    },
  };
}

/** What is sent arrives with the client in the order in which it was sent: a WebSocket is one stream. */
function deliverTo(
  push: MemoryPush,
  clients: Readonly<Record<string, ReturnType<typeof clientOf>>>,
  loses: () => boolean,
): void {
  push.answer = (connectionId, message) => {
    const client = clients[connectionId];
    if (client === undefined) return 'gone';
    // Only what is pushed: who loses an answer to a resume asks again after a time, which is no matter of order.
    if (message.type === 'notification' && client.sequence.asked === undefined && loses()) return 'unreached';
    client.arrive(message);
    return 'sent';
  };
}

const range = (to: number): readonly number[] => Array.from({ length: to }, (_, index) => index + 1);

describe('whatever the order of the steps', () => {
  test('a client that connects while notifications come ends with each of them once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.nat(4), fc.nat(4), async (scheduler, before, during) => {
        const made = setup(scheduler);
        const { store, management } = made.push;
        const notifier = createNotifier({ store, management, now });
        const notify = (id: string) => notifier.notify(notification(id), { logger: SILENT });
        for (const index of range(before)) await scheduler.waitFor(notify(`before-${index}`));
        const client = clientOf(made, 'a=', sequenceFrom(0));
        deliverTo(made.push, { 'a=': client }, () => false);

        const notifiers = range(during).map((index) => notify(`during-${index}`));
        client.open();
        await scheduler.waitFor(Promise.all(notifiers));
        await client.settle();

        expect(client.delivered).toEqual(range(before + during));
        expect([client.gaps, client.reports]).toEqual([[], []]);
      }),
      { numRuns: RUNS },
    );
  });

  test('a connection that a push found before its handshake had ended stays known: the next push finds it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const made = setup(scheduler);
        const { store, management } = made.push;
        const notifier = createNotifier({ store, management, now });
        const notify = (id: string) => notifier.notify(notification(id), { logger: SILENT });
        const client = clientOf(made, 'a=', sequenceFrom(0));
        const clients: Record<string, typeof client> = {};
        deliverTo(made.push, clients, () => false);

        const connected = connectHandler(() => ({
          store,
          management,
          maxConnections: 5,
          report: (what) => void client.reports.push(what),
        }))(eventOf('a='));
        const notifiers = range(2).map((index) => notify(`during-${index}`));
        await scheduler.waitFor(connected);
        const opened = made.step('the handshake ends', () => {
          clients['a='] = client;
          client.open();
        });
        await scheduler.waitFor(Promise.all([opened, ...notifiers]));
        await client.settle();
        await scheduler.waitFor(notify('after'));

        expect(client.delivered).toEqual(range(3));
        expect([client.gaps, client.reports]).toEqual([[], []]);
      }),
      { numRuns: RUNS },
    );
  });

  test('events that come twice, from two notifiers at a time, have one cursor each', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const made = setup(scheduler);
        const { store, management } = made.push;
        const notifier = createNotifier({ store, management, now });
        const client = clientOf(made, 'a=', sequenceFrom(0));
        deliverTo(made.push, { 'a=': client }, () => false);

        client.open();
        const results = await scheduler.waitFor(
          Promise.all(
            ['e-1', 'e-2', 'e-1', 'e-2'].map((id) => notifier.notify(notification(id), { logger: SILENT })),
          ),
        );
        await client.settle();

        expect(results[0]?.cursor).toBe(results[2]?.cursor);
        expect(results[1]?.cursor).toBe(results[3]?.cursor);
        expect(client.delivered).toEqual([1, 2]);
      }),
      { numRuns: RUNS },
    );
  });

  test('pushes that are lost on the way are found by the next ping at the latest', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.infiniteStream(fc.boolean()), async (scheduler, losses) => {
        const made = setup(scheduler);
        const { store, management } = made.push;
        const notifier = createNotifier({ store, management, now });
        const client = clientOf(made, 'a=', sequenceFrom(0));
        deliverTo(made.push, { 'a=': client }, () => losses.next().value as boolean);

        client.open();
        const notifiers = range(4).map((index) =>
          notifier.notify(notification(`e-${index}`), { logger: SILENT }),
        );
        await scheduler.waitFor(Promise.all(notifiers));
        await client.settle();
        client.ping();
        await client.settle();

        expect(client.delivered).toEqual(range(4));
        expect(client.gaps).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  test('a client that goes and comes back with its cursor misses nothing and gets nothing twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const made = setup(scheduler);
        const { store, management } = made.push;
        const notifier = createNotifier({ store, management, now });
        const notify = (id: string) => notifier.notify(notification(id), { logger: SILENT });
        const first = clientOf(made, 'a=', sequenceFrom(0));
        const clients: Record<string, typeof first> = { 'a=': first };
        deliverTo(made.push, clients, () => false);

        first.open();
        const notifiers = range(3).map((index) => notify(`e-${index}`));
        await scheduler.waitFor(notifiers[0]!);
        // Gone without a word: the row is still there, and a post finds out.
        delete clients['a='];
        const second = clientOf(made, 'b=', { ...sequenceFrom(first.sequence.position) });
        clients['b='] = second;
        second.open();
        notifiers.push(notify('e-4'));
        await scheduler.waitFor(Promise.all(notifiers));
        await first.settle();
        await second.settle();

        expect([...first.delivered, ...second.delivered]).toEqual(range(4));
        expect(made.push.rows.has('b=')).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });
});
