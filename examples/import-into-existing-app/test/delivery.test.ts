/** The synthesized application in an AWS of the test's own: an order reaches the new consumer and the old queue. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { SNSClient } from '@aws-sdk/client-sns';
import { createEnvelope } from 'waybill/contracts';
import { createPublisher, snsTransport } from 'waybill/runtime';
import { startAws } from 'waybill/testing';
import type { TestAws } from 'waybill/testing';
import { OrderPlaced } from '../events.ts';
import { createApplication } from '../lib/application.ts';

let aws: TestAws;
/** Inside the application, so that the functions find its node_modules. */
const outdir = mkdtempSync('cdk.out-');

before(async () => {
  createApplication({ outdir }).synth();
  aws = await startAws({ frozen: true });
  await aws.deploy(outdir);
});

after(async () => {
  await aws.stop();
  rmSync(outdir, { recursive: true });
});

await test('an order is packed, and accounting is told', async () => {
  const topicArn = aws.topic('Orders').arn;
  const publisher = createPublisher({
    contracts: [OrderPlaced],
    transport: snsTransport({ topicArn, client: new SNSClient(aws.clientConfig) }),
  });

  await publisher.publish(
    createEnvelope(OrderPlaced, { tenantId: 'acme', data: { orderId: 'o-1', total: 42 } }),
  );
  await aws.settled();

  const [packed] = aws.function('Packing').invocations();
  assert.equal(packed?.errorType, undefined);
  assert.equal(aws.function('Packing').invocations().length, 1);
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

await test('what was there before still works: a refund reaches accounting over the bus', async () => {
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
