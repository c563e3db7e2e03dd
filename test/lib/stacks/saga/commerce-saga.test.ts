/** The order saga with scripted workers: every end, every failure, time limits, lost and repeated answers. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { longestSagaSeconds, SAGA_TIMEOUT_SECONDS } from '../../../../lib/stacks/commerce-saga-definition.ts';
import { namesOf, startSaga } from './saga-under-test.ts';
import type { Answer, SagaUnderTest } from './saga-under-test.ts';

let saga: SagaUnderTest;
beforeAll(async () => {
  saga = await startSaga();
});
afterAll(async () => {
  await saga.close();
});

const FORWARD = [
  'ReservePayment',
  'ScreenOrder',
  'ReserveInventory',
  'ArrangeShipping',
  'CapturePayment',
  'NotifyFulfilled',
];
const MINUTE = 60_000;
let next = 0;

/** Runs an order to its end. */
async function carry(answer: (name: string, attempt: number) => Answer) {
  const orderId = `order-${(next += 1)}`;
  const [commands, errors] = [saga.commands.length, saga.errors.length];
  const executionArn = await saga.start(orderId);
  await saga.run(executionArn, answer);
  return {
    orderId,
    ...(await saga.outcome(executionArn)),
    commands: saga.commands.slice(commands),
    names: namesOf(saga.commands.slice(commands)),
    errors: saga.errors.slice(errors),
  };
}

test('an order that everybody accepts is fulfilled, one step after the other', async () => {
  const { status, output, names, orderId, commands } = await carry(() => 'succeed');

  expect(names).toEqual(FORWARD);
  expect({ status, output }).toEqual({
    status: 'SUCCEEDED',
    output: { orderId, outcome: 'FULFILLED', reason: '' },
  });
  expect(commands.map(({ envelope }) => envelope.correlationId)).toEqual(FORWARD.map(() => 'correlation-1'));
  expect(new Set(commands.map(({ token }) => token)).size).toBe(FORWARD.length);
});

test('D8 money is in the order of its customer, everything else fair between tenants', async () => {
  const { commands } = await carry(() => 'succeed');

  expect(commands.map(({ groupId }) => groupId)).toEqual([
    'acme#cus_1',
    'acme',
    'acme',
    'acme',
    'acme#cus_1',
    'acme',
  ]);
});

describe('a step that is refused is undone, with all before it, in reverse order', () => {
  test.each([
    ['ReservePayment', ['RefundPayment']],
    ['ScreenOrder', ['RefundPayment']],
    ['ReserveInventory', ['ReleaseInventory', 'RefundPayment']],
    ['ArrangeShipping', ['CancelShipping', 'ReleaseInventory', 'RefundPayment']],
    ['CapturePayment', ['CancelShipping', 'ReleaseInventory', 'RefundPayment']],
  ])('%s', async (refused, undone) => {
    const { status, output, names, orderId, commands } = await carry((name) =>
      name === refused ? { fail: 'STOCK_SHORTAGE' } : 'succeed',
    );

    const until = FORWARD.slice(0, FORWARD.indexOf(refused) + 1);
    expect(names).toEqual([...until, ...undone, 'NotifyCancelled']);
    expect({ status, output }).toEqual({
      status: 'SUCCEEDED',
      output: { orderId, outcome: 'CANCELLED', reason: 'STOCK_SHORTAGE' },
    });
    expect(commands.at(-1)?.envelope.data).toMatchObject({ outcome: 'CANCELLED', reason: 'STOCK_SHORTAGE' });
  });
});

test('a worker that says nothing is asked again with the same event, then the order is cancelled', async () => {
  const { status, output, names, commands } = await carry((name) =>
    name === 'ReserveInventory' ? 'silent' : 'succeed',
  );

  expect(names.filter((name) => name === 'ReserveInventory')).toHaveLength(3);
  const asked = commands.filter(({ envelope }) => envelope.eventType === 'ReserveInventory');
  expect(new Set(asked.map(({ envelope }) => envelope.eventId)).size).toBe(1);
  expect(new Set(asked.map(({ token }) => token)).size).toBe(3);
  expect(status).toBe('SUCCEEDED');
  expect(output).toMatchObject({ outcome: 'CANCELLED', reason: 'States.HeartbeatTimeout' });
});

test('a FIFO queue takes the second attempt too, within its five minutes of deduplication', async () => {
  const executionArn = await saga.start(`order-${(next += 1)}`);
  const [first] = await saga.receive();
  await saga.pass(10 * MINUTE + 1000);
  await saga.pass(10 * MINUTE);
  const [second] = await saga.receive();

  expect(second?.envelope.eventId).toBe(first?.envelope.eventId);
  expect(second?.token).not.toBe(first?.token);
  await saga.succeed(second!.token);
  await saga.run(executionArn, () => 'succeed');
  expect((await saga.outcome(executionArn)).output).toMatchObject({ outcome: 'FULFILLED' });
});

test('a worker that keeps saying that it is at it has half an hour, and no longer', async () => {
  const executionArn = await saga.start(`order-${(next += 1)}`);
  const [first] = await saga.receive();
  for (let beat = 0; beat < 3; beat += 1) {
    await saga.pass(9 * MINUTE);
    await saga.heartbeat(first!.token);
  }
  expect(await saga.receive()).toEqual([]);
  await saga.pass(4 * MINUTE);
  await saga.pass(MINUTE);
  await expect(saga.heartbeat(first!.token)).rejects.toMatchObject({ code: 'TaskTimedOut' });
  await saga.run(executionArn, () => 'succeed');
  expect((await saga.outcome(executionArn)).output).toMatchObject({ outcome: 'FULFILLED' });
});

test('the same answer twice changes nothing: the second is refused', async () => {
  const executionArn = await saga.start(`order-${(next += 1)}`);
  const [first] = await saga.receive();
  await saga.succeed(first!.token);
  await saga.receive();
  await expect(saga.succeed(first!.token)).rejects.toMatchObject({ code: expect.stringMatching(/^Task/) });
  await saga.run(executionArn, () => 'succeed');
  const names = namesOf(saga.commands);
  expect(names.filter((name) => name === 'NotifyFulfilled').length).toBeGreaterThan(0);
});

test('an order has one execution: a second one under its name is refused', async () => {
  const orderId = `order-${(next += 1)}`;
  const executionArn = await saga.start(orderId);
  await expect(saga.start(orderId)).rejects.toMatchObject({ code: 'ExecutionAlreadyExists' });
  await saga.run(executionArn, () => 'succeed');
});

test('a compensation that fails once and again is tried until it succeeds', async () => {
  const { output, names, errors } = await carry((name, attempt) => {
    if (name === 'ArrangeShipping') return { fail: 'SHIPPING_REFUSED' };
    return name === 'ReleaseInventory' && attempt < 6 ? { fail: 'DATABASE_UNAVAILABLE' } : 'succeed';
  });

  expect(names.filter((name) => name === 'ReleaseInventory')).toHaveLength(6);
  expect(output).toMatchObject({ outcome: 'CANCELLED', reason: 'SHIPPING_REFUSED' });
  expect(errors).toEqual([]);
});

test('a compensation that never succeeds: the others are done, people are told, the execution has failed', async () => {
  const { status, error, cause, names, errors, orderId } = await carry((name) => {
    if (name === 'ArrangeShipping') return { fail: 'SHIPPING_REFUSED' };
    return name === 'ReleaseInventory' ? { fail: 'DATABASE_UNAVAILABLE' } : 'succeed';
  });

  expect(names.filter((name) => name === 'ReleaseInventory')).toHaveLength(11);
  expect(names).toContain('RefundPayment');
  expect(names).not.toContain('NotifyCancelled');
  expect({ status, error }).toEqual({ status: 'FAILED', error: 'SagaNotCompleted' });
  expect(cause).toMatch(/ReleaseInventory/);
  expect(errors).toEqual([
    expect.objectContaining({
      eventType: 'SystemErrorRaised',
      tenantId: 'acme',
      correlationId: 'correlation-1',
      data: { component: 'order-saga', code: 'ORDER_SAGA_STUCK', orderId },
    }),
  ]);
});

test('a customer who cannot be told is a system error, and nothing is undone', async () => {
  const { status, names, errors } = await carry((name) =>
    name === 'NotifyFulfilled' ? { fail: 'NO_ADDRESS' } : 'succeed',
  );

  expect(status).toBe('FAILED');
  expect(names).not.toContain('RefundPayment');
  expect(errors).toHaveLength(1);
});

test('the machine has more time than all of its states together', () => {
  expect(SAGA_TIMEOUT_SECONDS).toBeGreaterThan(longestSagaSeconds());
});
