/** The synthesized application in an AWS of the test's own: an order reaches the new consumer and the old queue. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { SNSClient } from '@aws-sdk/client-sns';
import { createEnvelope } from 'waybill/contracts';
import { createPublisher, snsTransport } from 'waybill/runtime';
import { startAws } from 'waybill/testing';
import { OrderPlaced } from '../events.ts';
import { createApplication } from '../lib/application.ts';

await test('deployed', async (context) => {
  // Inside the application, so that the functions find its node_modules.
  const outdir = mkdtempSync('cdk.out-');
  createApplication({ outdir }).synth();
  const aws = await startAws({ frozen: true });
  context.after(async () => {
    await aws.stop();
    rmSync(outdir, { recursive: true });
  });
  await aws.deploy(outdir);

  await context.test('an order is packed, and accounting is told', async () => {
    const topicArn = aws.topic('Orders').arn;
    const publisher = createPublisher({
      contracts: [OrderPlaced],
      transport: snsTransport({ topicArn, client: new SNSClient(aws.clientConfig) }),
    });

    await publisher.publish(
      createEnvelope(OrderPlaced, { tenantId: 'acme', data: { orderId: 'o-1', total: 42 } }),
    );
    await aws.settled();

    const packed = aws.function('Packing').invocations();
    assert.deepEqual(
      packed.map(({ errorType }) => errorType),
      [undefined],
    );
    const told = aws
      .queue('Accounting')
      .messages()
      .map((message) => message.json() as { data?: unknown });
    assert.deepEqual(
      told.map(({ data }) => data),
      [{ orderId: 'o-1', total: 42 }],
    );
    assert.deepEqual(aws.denied(), []);
  });

  await context.test('what was there before works: a refund reaches accounting over the bus', async () => {
    await aws
      .eventBus('Partners')
      .putEvent({ source: 'partners', detailType: 'Refunded', detail: { orderId: 'o-1' } });
    await aws.settled();

    const bodies = aws
      .queue('Accounting')
      .messages()
      .map((message) => message.json() as { 'detail-type'?: string });
    assert.equal(bodies.filter((body) => body['detail-type'] === 'Refunded').length, 1);
  });
});
