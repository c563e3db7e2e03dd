import { expect, test } from '@jest/globals';
import type { App } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { excessOf } from '../../../lib/access/index.ts';
import { messagingOf, readAssembly } from '../../../lib/assembly/index.ts';
import { EventTopic, QueueConsumer } from '../../../lib/constructs/index.ts';
import { ENTRY, OrderPlaced, Orders, testStack } from '../constructs/support.ts';

const TABLE = 'arn:aws:dynamodb:us-east-1:111122223333:table/shop';

/** What is granted in excess to a consumer whose code may also do this to a table. */
function excessWith(action: string): readonly string[] {
  const stack = testStack();
  const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
  const { handler } = new QueueConsumer(stack, 'Fulfilment', {
    subscribesTo: [orders.event(OrderPlaced)],
    entry: ENTRY,
  });
  handler.role.addToPolicy(new PolicyStatement({ actions: [action], resources: [TABLE] }));
  const { directory } = (stack.node.root as App).synth();
  return excessOf(messagingOf(readAssembly(directory))).map(({ kind, what }) => `${kind} ${what}`);
}

test('what a function does with another service is not known, but never everything', () => {
  expect(excessWith('dynamodb:PutItem')).toEqual([]);
  expect(excessWith('dynamodb:*')).toEqual(['tooWide dynamodb:*']);
});
