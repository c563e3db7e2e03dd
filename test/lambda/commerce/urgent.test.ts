/** What can not wait goes out with its writer; all else, and whatever fails, with the relay. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { workOnPayment } from '../../../lambda/commerce/payments/payment-worker.ts';
import { simulatedPaymentProvider } from '../../../lambda/commerce/payments/provider.ts';
import { publishingUrgently } from '../../../lambda/commerce/urgent.ts';
import { memoryTransport } from '../../../lambda/runtime/transports/memory.ts';
import { anOrder, CONTEXT, useCommerce } from './commerce-under-test.ts';
import type { CommerceUnderTest } from './commerce-under-test.ts';

const commerce = useCommerce();
let system: CommerceUnderTest;
beforeEach(() => {
  system = commerce();
});

const pending = async (): Promise<readonly string[]> =>
  (
    await system.rows<{ event_type: string }>(
      `select event_type from event_outbox where status = 'PENDING' order by sequence`,
    )
  ).map(({ event_type }) => event_type);

describe('urgent events', () => {
  test('are published right after the commit and marked, and the relay is left the rest', async () => {
    const order = await anOrder(system, { paymentMethod: 'card-declined' });
    const transport = memoryTransport();
    let whenNudged: readonly string[] = [];
    const service = publishingUrgently(
      { ...system.service, nudge: async () => void (whenNudged = await pending()) },
      transport,
    );

    await workOnPayment(
      { service, callbacks: system.callbacks, provider: simulatedPaymentProvider() },
      order.command('ReservePayment'),
      CONTEXT,
    );

    expect(transport.sent.map(({ eventType, priority }) => [eventType, priority])).toEqual([
      ['PaymentFailed', 'high'],
    ]);
    expect(whenNudged).toEqual(['CustomerRegistered', 'OrderPlaced']);
  });

  test('that the broker does not take stay with the relay, and the step is done all the same', async () => {
    const order = await anOrder(system, { paymentMethod: 'card-declined' });
    const service = publishingUrgently(system.service, {
      send: () => Promise.reject(new Error('no network')),
    });

    await workOnPayment(
      { service, callbacks: system.callbacks, provider: simulatedPaymentProvider() },
      order.command('ReservePayment'),
      CONTEXT,
    );

    expect(await pending()).toContain('PaymentFailed');
    expect(system.callbacks.last).toMatchObject({ succeeded: false, value: 'PAYMENT_DECLINED' });
  });

  test('there are none in a step that goes well', async () => {
    const order = await anOrder(system);
    const transport = memoryTransport();

    await workOnPayment(
      {
        service: publishingUrgently(system.service, transport),
        callbacks: system.callbacks,
        provider: simulatedPaymentProvider(),
      },
      order.command('ReservePayment'),
      CONTEXT,
    );

    expect(transport.sent).toEqual([]);
    expect(await pending()).toContain('PaymentReserved');
  });
});
