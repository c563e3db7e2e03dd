/** Consumers under control, over the embedded SQS and DynamoDB: what is switched off, postponed, parked and given back. */
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { releaseTenant } from '../../../../bin/controls/release.ts';
import { parkedOf, setSwitch, switchesOf } from '../../../../bin/controls/operations.ts';
import type { Operator } from '../../../../bin/controls/clients.ts';
import type { ControlledConsumer } from '../../../../bin/controls/consumers.ts';
import { consume } from '../../../../lambda/runtime/consume.ts';
import { createControls } from '../../../../lambda/runtime/degradation/controls.ts';
import type { Controls, ControlsProps } from '../../../../lambda/runtime/degradation/controls-options.ts';
import { poll } from '../../../../lambda/runtime/poll.ts';
import type { Poller } from '../../../../lambda/runtime/poll.ts';
import type { Handler } from '../../../../lambda/runtime/types.ts';
import { capturedLog, encoded, fakeClient, OrderPlaced, orderPlaced, record } from '../fixtures.ts';
import { controlsUnderTest, createQueue, UNREACHABLE_TABLE } from './support.ts';
import type { ControlsUnderTest, TestQueue } from './support.ts';
import { untilOnClock } from '../../../support/waiting.ts';

let under: ControlsUnderTest;
let pollers: Poller[];

beforeEach(async () => {
  under = await controlsUnderTest();
  pollers = [];
});
afterEach(async () => {
  await Promise.all(pollers.map((poller) => poller.stop({ within: 0 })));
  await under.close();
});

const silent = capturedLog().logger;

function controlsOf(props: Partial<ControlsProps> = {}): Controls {
  return createControls({
    tableClient: under.table,
    clock: under.runtimeClock,
    client: under.sqs,
    random: () => 0,
    logger: silent,
    ...props,
  });
}

function operator(): Operator {
  const { table, sqs, runtimeClock: clock } = under;
  const { send } = fakeClient();
  return { table, sqs, clock, lambda: { send } as Operator['lambda'], who: 'an operator' };
}

const until = (condition: () => boolean | Promise<boolean>, step = 500): Promise<void> =>
  untilOnClock(under.clock, condition, step);

function startPoller(queue: TestQueue, controls: Controls, handler: Handler<typeof OrderPlaced>): void {
  pollers.push(
    poll(OrderPlaced, handler, {
      consumer: 'shipping',
      queueUrl: queue.url,
      client: under.sqs,
      clock: under.runtimeClock,
      concurrency: 20,
      controls,
      logger: silent,
      deadLetterQueueUrl: '',
    }),
  );
}

async function send(queue: TestQueue, orderId: string, group: string, tenantId: string): Promise<void> {
  const message = encoded(orderPlaced(orderId, group, tenantId));
  const fifo = queue.url.endsWith('.fifo');
  await under.sqs.send(
    new SendMessageCommand({
      QueueUrl: queue.url,
      MessageBody: message.body,
      MessageGroupId: fifo ? message.orderingKey : tenantId,
      ...(fifo && { MessageDeduplicationId: message.eventId }),
      MessageAttributes: { tenantId: { DataType: 'String', StringValue: tenantId } },
    }),
  );
}

describe('a tenant that is switched off', () => {
  test('FIFO: is parked in order, and given back in order before newer messages; nothing is lost or doubled', async () => {
    const queue = await createQueue(under.sqs, 'orders.fifo');
    const parking = await createQueue(under.sqs, 'parking.fifo');
    const handled: { tenantId: string; customerId: string; orderId: string }[] = [];
    const failedOnce = new Set<string>();
    const instance = () =>
      startPoller(
        queue,
        controlsOf({ parkingQueueUrl: parking.url }),
        async ({ data, tenantId, eventId }) => {
          if (Number(data.orderId) % 5 === 0 && !failedOnce.has(eventId)) {
            failedOnce.add(eventId);
            throw new Error('for a moment');
          }
          handled.push({ tenantId, ...data });
        },
      );
    const groups = ['c1', 'c2', 'c3'];
    let next = 0;
    const sendRound = async (tenants: readonly string[]): Promise<void> => {
      next += 1;
      for (const tenant of tenants)
        for (const group of groups) await send(queue, String(next), group, tenant);
    };
    const of = (tenant: string) => handled.filter(({ tenantId }) => tenantId === tenant);

    await setSwitch(operator(), { consumer: 'shipping', tenant: 'acme' }, 'paused', 'a test');
    await setSwitch(operator(), { tenant: 'other' }, 'paused', 'a test');
    instance();
    instance();
    for (let round = 0; round < 10; round += 1) await sendRound(['acme', 'beta', 'other']);
    await until(() => of('beta').length === 30);
    await until(async () => (await parkedOf(operator(), 'shipping')).messages === 60);
    expect([...of('acme'), ...of('other')]).toEqual([]);

    const consumer: ControlledConsumer = {
      name: 'shipping',
      functionName: 'shipping',
      table: 'controls',
      queueUrl: queue.url,
      parkingQueueUrl: parking.url,
      dependencies: [],
      mappings: [],
    };
    let isDone = false;
    const release = releaseTenant(operator(), {
      target: { consumer: 'shipping', tenant: 'acme' },
      consumers: [consumer],
      why: 'the test goes on',
      within: Number.POSITIVE_INFINITY,
    }).finally(() => (isDone = true));
    for (let round = 0; round < 15; round += 1) {
      await sendRound(['acme']);
      await under.clock.advance(200);
    }
    await until(() => isDone);
    await sendRound(['acme']);
    await until(() => of('acme').length === 26 * 3);

    expect(await release).toMatchObject({ left: 0, isOn: true });
    for (const group of groups) {
      const orders = of('acme')
        .filter(({ customerId }) => customerId === group)
        .map(({ orderId }) => Number(orderId));
      expect(orders).toEqual(Array.from({ length: 26 }, (_, index) => index + 1));
    }
    expect(of('other')).toEqual([]);
    expect(await parkedOf(operator(), 'shipping', 'acme')).toEqual({ messages: 0, oldestAt: undefined });
    expect(await parkedOf(operator(), 'shipping', 'other')).toMatchObject({ messages: 30 });
    expect((await switchesOf(operator())).map(({ target }) => target)).toEqual(['tenant#other']);
  });

  test('standard: is parked, and given back', async () => {
    const queue = await createQueue(under.sqs, 'orders');
    const parking = await createQueue(under.sqs, 'parking');
    const handled: string[] = [];
    await setSwitch(operator(), { tenant: 'acme' }, 'paused', 'a test');
    startPoller(queue, controlsOf({ parkingQueueUrl: parking.url }), async ({ data }) => {
      handled.push(data.orderId);
    });
    for (let order = 0; order < 12; order += 1) await send(queue, String(order), 'c1', 'acme');
    await send(queue, 'of beta', 'c1', 'beta');
    await until(() => handled.length === 1);
    await until(async () => (await parkedOf(operator(), 'shipping')).messages === 12);

    let isDone = false;
    const consumer = {
      queueUrl: queue.url,
      parkingQueueUrl: parking.url,
      mappings: [],
      dependencies: [],
      table: '',
    };
    void releaseTenant(operator(), {
      target: { tenant: 'acme' },
      consumers: [{ ...consumer, name: 'shipping', functionName: 'f' }],
      why: 'the test goes on',
      within: Number.POSITIVE_INFINITY,
    }).then(() => (isDone = true));
    await until(() => isDone);

    expect(handled.toSorted()).toEqual(
      ['of beta', ...Array.from({ length: 12 }, (_, n) => `${n}`)].toSorted(),
    );
  });

  test('a message that can not be parked stays where it is, and holds its group', async () => {
    const controls = controlsOf({
      parkingQueueUrl: 'http://127.0.0.1:1/0/parking.fifo',
      client: { send: () => Promise.reject(new Error('no such queue')) } as never,
    });
    await setSwitch(operator(), { tenant: 'acme' }, 'paused', 'a test');
    const client = fakeClient();
    const handler = consume(OrderPlaced, () => {}, {
      consumer: 'shipping',
      controls,
      client,
      logger: silent,
    });
    const batch = [record({ group: 'g' }), record({ group: 'g' })];

    const answer = await handler({ Records: batch });

    expect(answer.batchItemFailures).toHaveLength(2);
    const entries = client.calls[0]!.input['Entries'] as { VisibilityTimeout: number }[];
    expect(entries.map(({ VisibilityTimeout }) => VisibilityTimeout)).toEqual([10, 11]);
  });
});

describe('a consumer that is switched off', () => {
  test('receives nothing outside Lambda, and goes on where it was', async () => {
    const queue = await createQueue(under.sqs, 'orders.fifo');
    const handled: string[] = [];
    await setSwitch(operator(), { consumer: 'shipping' }, 'paused', 'a test');
    startPoller(queue, controlsOf(), async ({ data }, { receiveCount }) => {
      handled.push(`${data.orderId} at receive ${receiveCount}`);
    });
    for (const order of ['1', '2', '3']) await send(queue, order, 'c1', 'acme');
    for (let turn = 0; turn < 50; turn += 1) await under.clock.advance(1_000);
    expect(handled).toEqual([]);

    await setSwitch(operator(), { consumer: 'shipping' }, undefined, 'the test goes on');
    await until(() => handled.length === 3);

    expect(handled).toEqual(['1 at receive 1', '2 at receive 1', '3 at receive 1']);
  });

  test('postpones what Lambda hands it nevertheless, before its mapping is paused', async () => {
    await setSwitch(operator(), { consumer: 'shipping' }, 'paused', 'a test');
    const client = fakeClient();
    const options = { consumer: 'shipping', controls: controlsOf(), client, logger: silent };
    const handled: string[] = [];
    const handler = consume(OrderPlaced, ({ data }) => void handled.push(data.orderId), options);

    const answer = await handler({ Records: [record(), record()] });

    expect(handled).toEqual([]);
    expect(answer.batchItemFailures).toHaveLength(2);
    expect(client.calls.map(({ name }) => name)).toEqual(['ChangeMessageVisibilityBatch']);
  });
});

describe('a dependency that is down for long', () => {
  const settings = () => ({ consumer: 'shipping', maxReceiveCount: 3, logger: silent });

  test('its messages are postponed to when the breaker closes; the handler is not called for nothing', async () => {
    const controls = controlsOf();
    const gateway = controls.dependency('payment-gateway', { minimumCalls: 2, openSeconds: 60 });
    const client = fakeClient();
    let calls = 0;
    const handler = consume(
      OrderPlaced,
      async () => {
        calls += 1;
        await gateway.call(() => Promise.reject(new Error('down')));
      },
      { ...settings(), controls, client },
    );
    await handler({ Records: [record(), record()] });
    const before = calls;

    await handler({ Records: [record(), record(), record()] });

    expect(calls).toBe(before);
    const { Entries: entries } = client.calls.at(-1)!.input as { Entries: { VisibilityTimeout: number }[] };
    expect(entries.map(({ VisibilityTimeout }) => VisibilityTimeout)).toEqual([60, 60, 60]);
  });

  test('receives that found it down are no failures: after a hundred of them the message still has its tries', async () => {
    const queue = await createQueue(under.sqs, 'orders.fifo');
    const controls = controlsOf();
    const gateway = controls.dependency('payment-gateway', {
      minimumCalls: 1,
      openSeconds: 1,
      maxOpenSeconds: 1,
    });
    const client = fakeClient();
    let isUp = false;
    let results: readonly string[] = [];
    const handler = consume(
      OrderPlaced,
      async () => {
        await gateway.call(() => (isUp ? Promise.resolve() : Promise.reject(new Error('down'))));
        throw new Error('a bug of our own');
      },
      { ...settings(), controls, client, deadLetterQueueUrl: 'https://sqs.x/1/dead' },
    );
    const receive = async (receiveCount: number): Promise<void> => {
      const before = client.calls.length;
      await handler({ Records: [record({ messageId: 'm', receiveCount, queue: queue.arn, group: 'g' })] });
      results = client.calls.slice(before).map(({ name }) => name);
    };
    // The first receive is a failure: the breaker learns of the outage by it.
    await receive(1);
    for (let receives = 2; receives <= 100; receives += 1) await receive(receives);
    expect(client.calls.filter(({ name }) => name === 'SendMessageBatch')).toEqual([]);

    isUp = true;
    await under.clock.advance(5_000);
    await receive(101);
    expect(results).toEqual(['ChangeMessageVisibilityBatch']);
    await receive(102);
    expect(results).toEqual(['SendMessageBatch']);
  });

  test('a poller receives nothing while it is open', async () => {
    const queue = await createQueue(under.sqs, 'orders');
    const controls = controlsOf();
    const gateway = controls.dependency('payment-gateway', { minimumCalls: 1, openSeconds: 60 });
    const receives: number[] = [];
    await gateway.call(() => Promise.reject(new Error('down'))).catch(() => {});
    startPoller(queue, controls, async (_event, { receiveCount }) => {
      await gateway.call(async () => void receives.push(receiveCount));
    });
    await send(queue, '1', 'c1', 'acme');
    for (let turn = 0; turn < 50; turn += 1) await under.clock.advance(1_000);
    expect(receives).toEqual([]);

    await until(() => receives.length === 1);
    expect(receives).toEqual([1]);
  });

  test('a message whose handling never ends is dead-lettered all the same', async () => {
    const controls = controlsOf();
    const client = fakeClient();
    const never = new AbortController();
    const running: Promise<unknown>[] = [];
    let begun = 0;
    const handler = consume(
      OrderPlaced,
      () =>
        new Promise<void>((_, reject) => {
          begun += 1;
          never.signal.addEventListener('abort', () => reject(new Error('the test is over')));
        }),
      { ...settings(), controls, client, deadLetterQueueUrl: 'https://sqs.x/1/dead' },
    );

    for (let receiveCount = 1; receiveCount <= 6; receiveCount += 1) {
      // As if the process had died: nobody waits for the answer.
      running.push(handler({ Records: [record({ messageId: 'm', receiveCount })] }));
      await until(() => begun === receiveCount);
    }
    expect(client.calls).toEqual([]);
    await handler({ Records: [record({ messageId: 'm', receiveCount: 7 })] });
    never.abort();
    await Promise.all(running);

    const { Entries: entries } = client.calls[0]!.input as {
      Entries: { MessageAttributes: Record<string, { StringValue: string }> }[];
    };
    expect(entries[0]!.MessageAttributes['deadLetterReason']!.StringValue).toBe('RECEIVES_EXHAUSTED');
  });
});

describe('under load', () => {
  test('low work waits for normal work that is late; nothing is lost and high is never kept', async () => {
    const controls = controlsOf({ shedding: { maxAgeSeconds: 60, lowPriority: ['OrderPlaced'] } });
    const sentAt = (secondsAgo: number) => String(under.clock.now() - 1_000 * secondsAgo);
    const admit = (eventType: string, priority: 'normal' | 'high', age: number) => {
      const one = record();
      return controls.admit({
        event: { ...orderPlaced('o'), eventType },
        contract: { ...OrderPlaced, priority } as never,
        record: { ...one, attributes: { ...one.attributes, SentTimestamp: sentAt(age) } },
        consumer: 'shipping',
        maxReceiveCount: 3,
        logger: silent,
      });
    };

    expect(await admit('OrderPlaced', 'normal', 100)).toMatchObject({ kind: 'handle' });
    expect(await admit('OrderCancelled', 'normal', 100)).toMatchObject({ kind: 'handle' });
    expect(await admit('OrderPlaced', 'normal', 100)).toMatchObject({
      kind: 'postpone',
      reason: 'LOAD_SHED',
    });
    expect(await admit('OrderPlaced', 'normal', 30_000)).toMatchObject({ kind: 'handle' });
    expect(await admit('PaymentFailed', 'high', 100)).toMatchObject({ kind: 'handle' });
    expect(await admit('OrderCancelled', 'normal', 1)).toMatchObject({ kind: 'postpone' });
    expect(await admit('PaymentFailed', 'high', 100)).toMatchObject({ kind: 'handle' });

    await under.clock.advance(31_000);
    expect(await admit('OrderPlaced', 'normal', 100)).toMatchObject({ kind: 'handle' });
  });
});

describe('without its table', () => {
  test('a consumer handles everything, and says so', async () => {
    const { logger, lines } = capturedLog();
    const controls = controlsOf({ tableClient: UNREACHABLE_TABLE, logger });
    const handled: string[] = [];
    const handler = consume(OrderPlaced, ({ data }) => void handled.push(data.orderId), {
      consumer: 'shipping',
      controls,
      logger,
    });

    const answer = await handler({ Records: [record(), record()] });

    expect(answer).toEqual({ batchItemFailures: [] });
    expect(handled).toHaveLength(2);
    expect(lines.filter((line) => line['ControlsUnreadable'] === 1)).toHaveLength(1);
  });

  test('the last known switches count', async () => {
    let isAway = false;
    const controls = controlsOf({
      tableClient: {
        call: (action, input) => (isAway ? UNREACHABLE_TABLE : under.table).call(action, input),
      },
    });
    await setSwitch(operator(), { consumer: 'shipping' }, 'paused', 'a test');
    expect(await controls.holdReceives('shipping')).toBeGreaterThan(0);
    isAway = true;
    await under.clock.advance(60_000);

    expect(await controls.holdReceives('shipping')).toBeGreaterThan(0);
  });
});
