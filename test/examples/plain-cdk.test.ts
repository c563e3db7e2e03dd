/**
 * How somebody else's CDK app is tested with `waybill/testing`: synthesized once, deployed into an AWS of the
 * test's own, and looked at from all sides. Nothing of it is mocked.
 */
import { rmSync } from 'node:fs';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { App } from 'aws-cdk-lib';
import { startAws, type TestAws } from 'waybill/testing';
import { ShopStack } from '../../examples/plain-cdk/shop-stack.ts';

/** Inside the project, so that the functions find its node_modules. */
const outdir = `.waybill/test-plain-cdk-${process.pid}`;
let aws: TestAws;

beforeAll(async () => {
  const app = new App({ outdir, analyticsReporting: false, builtinCloudFormationValidation: false });
  new ShopStack(app, 'Shop');
  app.synth();

  aws = await startAws({ frozen: true });
  await aws.deploy(outdir);
});

afterAll(async () => {
  await aws.stop();
  rmSync(outdir, { recursive: true, force: true });
});

const placed = { kind: { DataType: 'String', StringValue: 'OrderPlaced' } };

describe('an order', () => {
  test('is shipped once it is placed, and nothing was refused on the way', async () => {
    const sns = new SNSClient(aws.clientConfig);
    const order = { orderId: 'o-1', address: '1 High Street' };
    await sns.send(
      new PublishCommand({
        TopicArn: aws.topic('Orders').arn,
        Message: JSON.stringify(order),
        MessageAttributes: placed,
      }),
    );
    await aws.settled();

    expect(
      aws
        .queue('Shipped')
        .messages()
        .map((message) => message.json()),
    ).toEqual([{ orderId: 'o-1' }]);
    expect(aws.queue('Shipping').counts()).toMatchObject({ visible: 0, inFlight: 0 });
    expect(aws.denied()).toEqual([]);
  });

  test('of another kind is filtered out', async () => {
    const { messageId } = await aws.topic('Orders').publish({ orderId: 'o-2' });
    await aws.settled();

    expect(
      aws
        .topic('Orders')
        .deliveries()
        .filter((delivery) => delivery.messageId === messageId),
    ).toMatchObject([{ outcome: 'filtered', target: expect.stringContaining('Shipping') }]);
  });

  test('without an address is tried three times, then kept in the dead-letter queue', async () => {
    await aws.topic('Orders').publish({ orderId: 'o-3' }, { MessageAttributes: placed });
    await aws.settled();
    const runsBefore = aws.function('Ship').invocations().length;
    const deadLetters = aws.queue('ShippingDeadLetters');
    expect(deadLetters.messages()).toEqual([]);

    await aws.clock.advance({ minutes: 10 });

    expect(aws.function('Ship').invocations().length - runsBefore).toBe(2);
    expect(deadLetters.messages().map((message) => message.json())).toEqual([{ orderId: 'o-3' }]);
  });

  test('survives a throttled queue: the function is asked again after the visibility timeout', async () => {
    aws.faults.add({ service: 'sqs', action: 'SendMessage', times: 3, effect: { kind: 'throttle' } });
    await aws.topic('Orders').publish({ orderId: 'o-4', address: 'x' }, { MessageAttributes: placed });
    await aws.settled();

    await aws.clock.advance({ minutes: 10 });

    expect(
      aws
        .queue('Shipped')
        .messages()
        .map((message) => message.json()),
    ).toContainEqual({ orderId: 'o-4' });
  });
});
