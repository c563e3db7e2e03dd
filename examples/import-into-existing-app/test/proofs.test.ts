/** Claims about the templates, without running anything: who gets an event, who does not, and that nothing is in its way. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { DeliveryError, expectDelivery } from 'waybill/testing';
import { OrderPlaced } from '../events.ts';
import { createApplication } from '../lib/application.ts';

await test('by the templates', async (context) => {
  const outdir = mkdtempSync('cdk.out-');
  context.after(() => rmSync(outdir, { recursive: true }));
  createApplication({ outdir }).synth();

  await context.test('an order reaches the new consumer, and the queue that was there before', () => {
    expectDelivery(outdir).of(OrderPlaced).from('Orders/Orders').reaches('Packing');
    expectDelivery(outdir).of(OrderPlaced).from('Orders/Orders').reaches('Accounting');
  });

  await context.test('raw constructs are proven as well: a refund goes over the bus to accounting', () => {
    const refund = { source: 'partners', detailType: 'Refunded', detail: { orderId: 'o-1' } };
    expectDelivery(outdir).of(refund).from('Partners').reaches('Accounting');
  });

  await context.test('a claim that does not hold is refused, with the break', () => {
    const invoiced = { source: 'partners', detailType: 'Invoiced', detail: {} };
    assert.throws(
      () => expectDelivery(outdir).of(invoiced).from('Partners').reaches('Accounting'),
      DeliveryError,
    );
  });
});
