/**
 * SQS against a model: random sequences of calls and passing time, run on the real queue and on a plain list
 * that follows the documented rules word by word. FIFO must agree message for message; a standard queue may
 * choose the order, so there the model says which messages may come and how many.
 */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { redriveTo, sqsInProcess } from './in-process.ts';

const MAX_RECEIVES = 3;
const VISIBILITY = 30;
const FIVE_MINUTES = 300_000;

type Step =
  | { readonly do: 'send'; readonly group: string; readonly id: number }
  | { readonly do: 'receive'; readonly max: number; readonly seconds: number }
  | { readonly do: 'delete' | 'release' | 'extend'; readonly which: number }
  | { readonly do: 'pass'; readonly seconds: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      group: fc.constantFrom('A', 'B', 'C'),
      id: fc.nat(30),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('receive' as const),
      max: fc.integer({ min: 1, max: 4 }),
      seconds: fc.constantFrom(0, 5, VISIBILITY),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('delete' as const, 'release' as const, 'extend' as const),
      which: fc.nat(20),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pass' as const), seconds: fc.constantFrom(1, 5, 29, 30, 299) }),
  },
);

interface ModelMessage {
  readonly body: string;
  readonly group: string;
  receives: number;
  /** In flight until then; 0 when it waits. */
  until: number;
}

/** A queue as a list, in order of sending. Times are milliseconds. */
class Model {
  readonly messages: ModelMessage[] = [];
  readonly dead: string[] = [];
  readonly #fifo: boolean;
  readonly #seen = new Map<string, number>();
  now = 0;

  constructor(fifo: boolean) {
    this.#fifo = fifo;
  }

  send(body: string, group: string, id: number): void {
    if (this.#fifo) {
      const first = this.#seen.get(String(id));
      if (first !== undefined && this.now < first + FIVE_MINUTES) return;
      this.#seen.set(String(id), this.now);
    }
    this.messages.push({ body, group, receives: 0, until: 0 });
  }

  pass(seconds: number): void {
    this.now += seconds * 1000;
    for (const message of this.messages) if (message.until <= this.now) message.until = 0;
  }

  remove(message: ModelMessage): void {
    this.messages.splice(this.messages.indexOf(message), 1);
  }

  waiting(): ModelMessage[] {
    return this.messages.filter((message) => message.until === 0);
  }

  take(message: ModelMessage, seconds: number): void {
    message.receives++;
    message.until = seconds === 0 ? 0 : this.now + seconds * 1000;
  }

  bury(message: ModelMessage): void {
    this.remove(message);
    this.dead.push(message.body);
  }

  receiveFifo(max: number, seconds: number): string[] {
    const locked = new Set(this.messages.filter(({ until }) => until > 0).map(({ group }) => group));
    const taken: ModelMessage[] = [];
    let candidates = this.waiting().filter(({ group }) => !locked.has(group));
    while (taken.length < max && candidates.length > 0) {
      const group = candidates[0]?.group;
      for (const message of candidates.filter((candidate) => candidate.group === group)) {
        if (taken.length === max) break;
        if (message.receives >= MAX_RECEIVES) this.bury(message);
        else taken.push(message);
      }
      candidates = candidates.filter((candidate) => candidate.group !== group);
    }
    for (const message of taken) this.take(message, seconds);
    return taken.map(({ body }) => body);
  }
}

interface Held {
  readonly message: ModelMessage;
  readonly handle: string;
  readonly receives: number;
}

async function run(fifo: boolean, steps: readonly Step[]): Promise<void> {
  const { clock, queue, sqs } = sqsInProcess();
  const suffix = fifo ? '.fifo' : '';
  const dead = await queue(`dead${suffix}`);
  const real = await queue(`real${suffix}`, redriveTo(dead.arn, MAX_RECEIVES));
  const model = new Model(fifo);
  const held: Held[] = [];
  const buried = () => sqs.messages(dead.arn).map(({ body }) => body);
  let sent = 0;

  for (const current of steps) {
    if (current.do === 'send') {
      const body = `${current.group} ${sent++}`;
      await real.send(body, {
        MessageGroupId: current.group,
        ...(fifo && { MessageDeduplicationId: String(current.id) }),
      });
      model.send(body, current.group, current.id);
    } else if (current.do === 'pass') {
      await clock.advance(current.seconds * 1000);
      model.pass(current.seconds);
    } else if (current.do === 'receive') {
      const received = await real.receive({
        MaxNumberOfMessages: current.max,
        VisibilityTimeout: current.seconds,
      });
      const before = [...model.messages];
      if (fifo) {
        expect(received.map(({ Body }) => Body)).toEqual(model.receiveFifo(current.max, current.seconds));
      } else {
        followStandard(
          model,
          received.map(({ Body }) => Body),
          buried(),
          current,
        );
      }
      for (const { Body, ReceiptHandle, Attributes } of received) {
        const message = before.find(({ body }) => body === Body);
        expect(Attributes?.['ApproximateReceiveCount']).toBe(String(message?.receives));
        if (message) held.push({ message, handle: ReceiptHandle, receives: message.receives });
      }
    } else {
      const chosen = held[current.which % Math.max(1, held.length)];
      if (chosen) await acknowledge(fifo, real, model, chosen, current.do);
    }
    expect(real.counts()).toEqual({
      visible: model.waiting().length,
      inFlight: model.messages.length - model.waiting().length,
      delayed: 0,
    });
  }
  expect(buried()).toEqual(model.dead);
}

/** Standard: any waiting message may come, as many as there are, and spent ones are buried on the way. */
function followStandard(
  model: Model,
  received: readonly string[],
  buried: readonly string[],
  request: { readonly max: number; readonly seconds: number },
): void {
  for (const body of buried.slice(model.dead.length)) {
    const message = model.waiting().find((candidate) => candidate.body === body);
    expect(message?.receives).toBe(MAX_RECEIVES);
    if (message) model.bury(message);
  }
  const waiting = model.waiting();
  const spent = waiting.filter(({ receives }) => receives >= MAX_RECEIVES);
  expect(received.length).toBeGreaterThanOrEqual(Math.min(request.max, waiting.length - spent.length));
  for (const body of received) {
    const message = model.waiting().find((candidate) => candidate.body === body);
    expect(message).toBeDefined();
    expect(message?.receives).toBeLessThan(MAX_RECEIVES);
    if (message) model.take(message, request.seconds);
  }
}

async function acknowledge(
  fifo: boolean,
  real: { call(action: string, input: Record<string, unknown>): Promise<unknown> },
  model: Model,
  { message, handle, receives }: Held,
  what: 'delete' | 'release' | 'extend',
): Promise<void> {
  const exists = model.messages.includes(message);
  const latest = exists && message.receives === receives;
  const inFlight = latest && message.until > 0;
  if (what === 'delete') {
    const accepted = fifo ? inFlight || !exists : true;
    const answer = real.call('DeleteMessage', { ReceiptHandle: handle });
    await (accepted ? expect(answer).resolves.toBeDefined() : expect(answer).rejects.toThrow('expired'));
    if (fifo ? inFlight : latest) model.remove(message);
    return;
  }
  const seconds = what === 'release' ? 0 : VISIBILITY;
  const answer = real.call('ChangeMessageVisibility', { ReceiptHandle: handle, VisibilityTimeout: seconds });
  await (inFlight ? expect(answer).resolves.toBeDefined() : expect(answer).rejects.toThrow());
  if (inFlight) message.until = seconds === 0 ? 0 : model.now + seconds * 1000;
}

test.each([
  ['FIFO', true],
  ['standard', false],
])('%s: the queue agrees with the model', async (_name, fifo) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) => run(fifo, steps)),
    { numRuns: 150, seed: 20_260_101 },
  );
});
