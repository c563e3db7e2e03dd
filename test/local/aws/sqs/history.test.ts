/**
 * SQS under random commands: several consumers, batches, delays, dead letters, moves back, passing time and ends of
 * the process, on standard, FIFO and high-throughput FIFO queues. What the clients saw must keep every promise.
 */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { manualClock } from '../../../../local/aws/clock.ts';
import { createAwsContext } from '../../../../local/aws/context.ts';
import type { Message } from '../../../../local/aws/sqs/index.ts';
import { brokenPromise, type Event, type QueueRole, type Rules } from './history.ts';
import { redriveTo, sqsOn } from './in-process.ts';
import { memoryState } from './memory-state.ts';

const MAX_RECEIVES = 3;
const VISIBILITY_SECONDS = 30;
const DEDUPLICATION_WINDOW = 300_000;

const group = fc.constantFrom('A', 'B', 'C');
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      group,
      id: fc.nat(15),
      delay: fc.constantFrom(0, 0, 0, 10),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('send-batch' as const),
      entries: fc.array(fc.record({ group, id: fc.nat(15) }), { minLength: 1, maxLength: 5 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('receive' as const),
      from: fc.constantFrom('main' as const, 'main' as const, 'main' as const, 'dead' as const),
      max: fc.integer({ min: 1, max: 5 }),
      seconds: fc.constantFrom(0, 5, VISIBILITY_SECONDS),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('delete' as const, 'release' as const, 'extend' as const),
      which: fc.nat(30),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('delete-batch' as const),
      which: fc.array(fc.nat(30), { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('pass' as const), seconds: fc.constantFrom(1, 5, 29, 30, 299) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('move-back' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

interface Held {
  readonly queue: QueueRole;
  readonly message: Message;
}

async function run(rules: Rules, steps: readonly Step[]): Promise<void> {
  const clock = manualClock();
  const state = memoryState();
  const suffix = rules.fifo ? '.fifo' : '';
  const names = { main: `main${suffix}`, dead: `dead${suffix}` };
  const start = () => sqsOn(createAwsContext({ clock, state: state.store }));
  let aws = start();
  const dead = await aws.queue(names.dead);
  await aws.queue(names.main, {
    ...redriveTo(dead.arn, MAX_RECEIVES),
    VisibilityTimeout: String(VISIBILITY_SECONDS),
    ...(rules.scope === 'messageGroup' && { DeduplicationScope: 'messageGroup' }),
  });
  const arn = (queue: QueueRole) => dead.arn.replace(names.dead, names[queue]);
  const urlOf = (queue: QueueRole) => dead.url.replace(names.dead, names[queue]);
  const call = <Output>(queue: QueueRole, action: string, input: Record<string, unknown>) =>
    aws.call<Output>(action, { QueueUrl: urlOf(queue), ...input });
  const content = (queue: QueueRole) => aws.sqs.messages(arn(queue)).map(({ body }) => body);

  const history: Event[] = [];
  const note = (event: Event) => history.push(event);
  const held: Held[] = [];
  let buried: readonly string[] = [];
  let sent = 0;

  const entry = (to: string, id: number, delay = 0) => {
    const body = `${to} ${sent++}`;
    const deduplicationId = rules.fifo ? String(id) : undefined;
    note({ kind: 'sent', at: clock.now(), body, group: to, deduplicationId, delay: delay * 1000 });
    return {
      MessageBody: body,
      MessageGroupId: to,
      ...(rules.fifo ? { MessageDeduplicationId: String(id) } : { DelaySeconds: delay }),
    };
  };
  /** A delete is an event when the message left; stale handles leave it. */
  const deleted = ({ queue, message }: Held, before: readonly string[]) => {
    if (before.includes(message.Body) && !content(queue).includes(message.Body)) {
      const latest = held.findLast((other) => other.message.Body === message.Body)?.message === message;
      note({ kind: 'deleted', at: clock.now(), body: message.Body, latest });
    }
  };

  const perform = async (current: Step): Promise<void> => {
    if (current.do === 'send') {
      const delay = rules.fifo ? 0 : current.delay;
      await call('main', 'SendMessage', entry(current.group, current.id, delay));
    } else if (current.do === 'send-batch') {
      const Entries = current.entries.map((one, index) => ({
        Id: String(index),
        ...entry(one.group, one.id),
      }));
      await call('main', 'SendMessageBatch', { Entries });
    } else if (current.do === 'receive') {
      const { from: queue, max, seconds } = current;
      const at = clock.now();
      const { Messages = [] } = await call<{ Messages?: Message[] }>(queue, 'ReceiveMessage', {
        MaxNumberOfMessages: max,
        VisibilityTimeout: seconds,
        MessageSystemAttributeNames: ['All'],
      });
      noteBuried();
      note({
        kind: 'received',
        at,
        queue,
        until: at + seconds * 1000,
        messages: Messages.map(({ Body, Attributes }) => ({
          body: Body,
          count: Number(Attributes?.['ApproximateReceiveCount']),
        })),
      });
      held.push(...Messages.map((message) => ({ queue, message })));
    } else if (current.do === 'pass') {
      await clock.advance(current.seconds * 1000);
    } else if (current.do === 'move-back') {
      await moveBack();
    } else if (current.do === 'restart') {
      await aws.sqs.close?.();
      aws = start();
    } else if (current.do === 'delete-batch') {
      const chosen = current.which.flatMap((which) => held[which % Math.max(1, held.length)] ?? []);
      const main = chosen.filter(({ queue }) => queue === 'main');
      if (main.length === 0) return;
      const before = content('main');
      const Entries = main.map(({ message }, index) => ({
        Id: String(index),
        ReceiptHandle: message.ReceiptHandle,
      }));
      await call('main', 'DeleteMessageBatch', { Entries });
      // Of several handles of one message, the latest did it.
      const byBody = new Map(held.filter((one) => main.includes(one)).map((one) => [one.message.Body, one]));
      for (const one of byBody.values()) deleted(one, before);
    } else {
      const chosen = held[current.which % Math.max(1, held.length)];
      if (chosen) await acknowledge(chosen, current.do);
    }
  };

  const acknowledge = async (chosen: Held, what: 'delete' | 'release' | 'extend') => {
    const { queue, message } = chosen;
    const before = content(queue);
    const handle = { ReceiptHandle: message.ReceiptHandle };
    if (what === 'delete') {
      await call(queue, 'DeleteMessage', handle).catch(() => undefined);
      deleted(chosen, before);
      return;
    }
    const seconds = what === 'release' ? 0 : VISIBILITY_SECONDS;
    const changed = await call(queue, 'ChangeMessageVisibility', {
      ...handle,
      VisibilityTimeout: seconds,
    }).then(
      () => true,
      () => false,
    );
    if (changed)
      note({ kind: 'held', at: clock.now(), body: message.Body, until: clock.now() + seconds * 1000 });
  };

  const noteBuried = () => {
    const now = content('dead');
    // A receive from the main queue buries what is spent; a message can be buried again once it was moved back.
    for (const body of now.filter((one) => !buried.includes(one))) {
      note({ kind: 'dead-lettered', at: clock.now(), body });
    }
    buried = now;
  };

  const moveBack = async () => {
    const waiting = aws.sqs.messages(arn('dead')).filter(({ state: place }) => place === 'waiting');
    await aws.call('StartMessageMoveTask', { SourceArn: arn('dead') });
    await clock.advance(1);
    const stayed = content('dead');
    for (const { body } of waiting.filter((one) => !stayed.includes(one.body))) {
      note({ kind: 'moved', at: clock.now(), body });
    }
    buried = stayed;
  };

  for (const current of steps) {
    await perform(current);
    buried = buried.filter((body) => content('dead').includes(body));
  }
  await clock.advance(VISIBILITY_SECONDS * 1000);
  expect(brokenPromise(history, { main: content('main'), dead: content('dead') }, rules)).toBeUndefined();
  await everythingComes();
  await aws.sqs.close?.();

  /** Nothing is withheld for good: all that is left can be received. */
  async function everythingComes(): Promise<void> {
    let left = content('main').length;
    while (left > 0) {
      const { Messages = [] } = await call<{ Messages?: Message[] }>('main', 'ReceiveMessage', {
        MaxNumberOfMessages: 10,
      });
      for (const { ReceiptHandle } of Messages) await call('main', 'DeleteMessage', { ReceiptHandle });
      const now = content('main').length;
      expect(now).toBeLessThan(left);
      left = now;
    }
  }
}

const common = { maxReceiveCount: MAX_RECEIVES, deduplicationWindow: DEDUPLICATION_WINDOW };
test.each<[string, Rules]>([
  ['standard', { ...common, fifo: false, scope: 'queue' }],
  ['FIFO', { ...common, fifo: true, scope: 'queue' }],
  ['high-throughput FIFO', { ...common, fifo: true, scope: 'messageGroup' }],
])('%s: no promise is broken, through ends of the process too', async (_name, rules) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), (steps) => run(rules, steps)),
    { numRuns: 150, seed: 20_260_202 },
  );
});
