/** The payment provider is away: commands wait, uncounted, behind one breaker of two instances, and every order ends. */
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { paymentCommands } from '../../../catalog/commerce/index.ts';
import { guardedProvider } from '../../../lambda/commerce/controls.ts';
import { workOnPayment } from '../../../lambda/commerce/payments/payment-worker.ts';
import {
  PaymentProviderUnavailable,
  simulatedPaymentProvider,
} from '../../../lambda/commerce/payments/provider.ts';
import type { PaymentProvider } from '../../../lambda/commerce/payments/provider.ts';
import { breakerStore } from '../../../lambda/runtime/degradation/breaker-store.ts';
import { createControls } from '../../../lambda/runtime/degradation/index.ts';
import { poll } from '../../../lambda/runtime/poll.ts';
import type { Poller } from '../../../lambda/runtime/poll.ts';
import { controlsUnderTest, createQueue } from '../runtime/degradation/support.ts';
import type { ControlsUnderTest, TestQueue } from '../runtime/degradation/support.ts';
import { capturedLog } from '../runtime/fixtures.ts';
import { anOrder, CONTEXT, useCommerce } from './commerce-under-test.ts';
import type { CommerceUnderTest, PlacedOrder } from './commerce-under-test.ts';
import { untilOnClock } from '../../support/waiting.ts';

const commerce = useCommerce();
const ORDERS = 12;
const MAX_FAILURES = 5;
let system: CommerceUnderTest;
let under: ControlsUnderTest;
let queue: TestQueue;
let deadLetters: TestQueue;
let pollers: Poller[];
/** Whether the provider answers, and the times of all calls by either instance. */
let isUp: boolean;
let calls: number[];

beforeEach(async () => {
  system = commerce();
  under = await controlsUnderTest();
  // Longer than any handling takes here: the clock runs faster than the database.
  queue = await createQueue(under.sqs, 'payment-worker.fifo', { VisibilityTimeout: '43200' });
  deadLetters = await createQueue(under.sqs, 'payment-worker-dead.fifo');
  pollers = [];
  isUp = false;
  calls = [];
});
afterEach(async () => {
  await Promise.all(pollers.map((poller) => poller.stop({ within: 0 })));
  await under.close();
});

function provider(): PaymentProvider {
  const answering = simulatedPaymentProvider();
  const asked = async <Answer>(answer: () => Promise<Answer>): Promise<Answer> => {
    calls.push(under.clock.now());
    if (!isUp) throw new PaymentProviderUnavailable();
    return answer();
  };
  return {
    reserve: (request, signal) => asked(() => answering.reserve(request, signal)),
    capture: (reference, signal) => asked(() => answering.capture(reference, signal)),
    giveBack: (key, signal) => asked(() => answering.giveBack(key, signal)),
  };
}

/** An instance of the function, with controls of its own over the shared table. */
function startInstance(): void {
  const logger = capturedLog().logger;
  const controls = createControls({ tableClient: under.table, clock: under.runtimeClock, logger });
  const gateway = controls.dependency('payment-gateway', { maxConcurrent: 10 });
  const worker = {
    service: system.service,
    callbacks: system.callbacks,
    provider: guardedProvider(provider(), gateway),
  };
  pollers.push(
    poll(paymentCommands, (command, context) => workOnPayment(worker, command, context), {
      consumer: 'payment-worker',
      queueUrl: queue.url,
      deadLetterQueueUrl: deadLetters.url,
      maxReceiveCount: MAX_FAILURES,
      client: under.sqs,
      clock: under.runtimeClock,
      concurrency: 20,
      controls,
      logger,
    }),
  );
}

async function send(order: PlacedOrder, step: 'ReservePayment' | 'CapturePayment'): Promise<void> {
  const command = order.command(step);
  await under.sqs.send(
    new SendMessageCommand({
      QueueUrl: queue.url,
      MessageBody: JSON.stringify(command),
      MessageGroupId: order.customerId,
      MessageDeduplicationId: command.data.taskToken,
    }),
  );
}

const until = (condition: () => boolean | Promise<boolean>): Promise<void> =>
  untilOnClock(under.clock, condition, 250);

const breaker = () => breakerStore(under.table, 'payment-gateway').read();
const openings = async () => (await breaker()).openings;

describe('the payment provider is away', () => {
  test('commands wait and are not counted; one probe at a time asks; then all orders are paid, and nothing is dead', async () => {
    const orders: PlacedOrder[] = [];
    for (let index = 0; index < ORDERS; index += 1) orders.push(await anOrder(system));
    for (const order of orders) await send(order, 'ReservePayment');
    // As the state machine does when a step has timed out: another token, the same command.
    for (const order of orders) await send(order, 'ReservePayment');
    startInstance();
    startInstance();

    await until(async () => (await openings()) === 1);
    await under.clock.advance(1_000);
    const whileClosed = calls.length;
    // Three probes fail, whichever instance takes them, and each is one call.
    await until(async () => (await openings()) === 4);
    expect(calls.length - whileClosed).toBe(3);
    expect(system.callbacks.answers).toEqual([]);

    isUp = true;
    const before = calls.length;
    await until(async () => (await breaker()).state === 'closed');
    expect(calls.length - before).toBeGreaterThanOrEqual(1);
    await until(() => system.callbacks.answers.length === 2 * ORDERS);

    expect(system.callbacks.answers.every(({ succeeded }) => succeeded)).toBe(true);
    expect((await system.written('PaymentReserved')).length).toBe(ORDERS);
    // Failures are of calls alone, far below what a command may have.
    expect(calls.length).toBeLessThan(4 * ORDERS);
    expect(await depthOf(deadLetters)).toBe(0);
  });

  test('people are told once, at whatever receive a call fails', async () => {
    const order = await anOrder(system);
    const worker = { service: system.service, callbacks: system.callbacks, provider: provider() };
    for (const receiveCount of [2, 7, 9]) {
      const command = order.command('ReservePayment');
      await expect(workOnPayment(worker, command, { ...CONTEXT, receiveCount })).rejects.toMatchObject({
        code: 'PAYMENT_PROVIDER_UNAVAILABLE',
      });
    }
    expect((await system.written('SystemErrorRaised')).length).toBe(1);
  });
});

async function depthOf({ url }: TestQueue): Promise<number> {
  const { Attributes } = await under.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['ApproximateNumberOfMessages'] }),
  );
  return Number(Attributes?.['ApproximateNumberOfMessages']);
}
