/** The README's example: it compiles, it synthesizes, and an order reaches its handler. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { memoryTransport } from 'waybill/runtime';
import { handler } from '../../examples/orders/handlers/fulfilment.ts';
import { placeOrder } from '../../examples/orders/place-order.ts';
import { OrdersStack } from '../../examples/orders/stack.ts';

const order = { orderId: 'o-1', customerId: 'c-1', total: 42 };

test('an order that is placed reaches the handler of the consumer', async () => {
  process.env['WAYBILL_CONSUMER'] = 'fulfilment'; // the QueueConsumer construct sets it in AWS
  const transport = memoryTransport();
  const eventId = await placeOrder(transport, 'acme', order);
  const { body, tenantId, eventType } = transport.sent[0]!;

  const response = await handler({
    Records: [
      {
        messageId: 'm-1',
        receiptHandle: 'r-1',
        body,
        attributes: { ApproximateReceiveCount: '1', MessageGroupId: 'acme#c-1' },
        messageAttributes: {
          eventType: { dataType: 'String', stringValue: eventType },
          tenantId: { dataType: 'String', stringValue: tenantId },
        },
        eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:fulfilment.fifo',
      },
    ],
  });

  expect(JSON.parse(body)).toMatchObject({ eventId, data: order });
  expect(response).toEqual({ batchItemFailures: [] });
});

test('the stack subscribes the consumer to this event alone, with a dead-letter queue at each hop', () => {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] }, builtinCloudFormationValidation: false });
  const template = Template.fromStack(new OrdersStack(app, 'Orders'));

  template.hasResourceProperties('AWS::SNS::Subscription', {
    FilterPolicy: { eventType: ['OrderPlaced'] },
    RawMessageDelivery: true,
    RedrivePolicy: Match.anyValue(),
  });
  template.hasResourceProperties('AWS::SQS::Queue', { FifoQueue: true, RedrivePolicy: Match.anyValue() });
});

test('the code in the README is the code of the example', () => {
  const readme = readFileSync('README.md', 'utf8');
  const lines = (file: string): string[] =>
    readFileSync(`examples/orders/${file}`, 'utf8')
      .split('\n')
      .map((line) => line.trim());

  const example = [...lines('events.ts'), ...lines('stack.ts'), ...lines('handlers/fulfilment.ts')];
  const code = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
  const shown = code
    .split('// place-order.ts')[0]!
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('//'));
  expect(shown.length).toBeGreaterThan(12);
  for (const line of shown) expect(example).toContain(line);
});
