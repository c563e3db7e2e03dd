import { expect, test } from '@jest/globals';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { EventTopic, QueueConsumer } from '../../../lib/constructs/index.ts';
import { readAssembly } from '../../../lib/assembly/index.ts';
import { proveAssembly } from '../../../lib/proofs/index.ts';
import { ENTRY, OrderPlaced, Orders, testStack } from '../constructs/support.ts';

/** A shop with a role beside it, which may do this to the topic or to the consumer's queue. */
function breaksWith(actions: string[], on: 'topic' | 'queue' | 'everything'): readonly string[] {
  const stack = testStack();
  const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
  const consumer = new QueueConsumer(stack, 'Fulfilment', {
    subscribesTo: [orders.event(OrderPlaced)],
    entry: ENTRY,
  });
  const resources = { topic: orders.topic.topicArn, queue: consumer.queue.queueArn, everything: '*' };
  const role = new Role(stack, 'Reporting', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  role.addToPolicy(new PolicyStatement({ actions, resources: [resources[on]] }));
  const root = stack.node.root as ReturnType<typeof testStack>['node']['root'] & {
    synth(): { directory: string };
  };
  const proofs = proveAssembly(readAssembly(root.synth().directory));
  return proofs
    .filter(({ claim }) => claim === 'no other role of the application publishes, sends or receives')
    .flatMap(({ breaks }) => breaks.map(({ resource, message }) => `${resource} ${message}`));
}

test('a role that may publish where the topology does not say so is a break', () => {
  expect(breaksWith(['sns:Publish'], 'topic')).toEqual([
    'Test/Reporting it may sns:Publish on Test/Orders/Topic, which the topology does not declare',
  ]);
});

test('so is one that may take from a queue, by name or by wildcard', () => {
  expect(breaksWith(['sqs:ReceiveMessage', 'sqs:DeleteMessage'], 'queue')).toEqual([
    'Test/Reporting it may sqs:ReceiveMessage on Test/Fulfilment/Queue, which the topology does not declare',
    'Test/Reporting it may sqs:DeleteMessage on Test/Fulfilment/Queue, which the topology does not declare',
  ]);
  expect(breaksWith(['sqs:Receive*'], 'everything')).toContain(
    'Test/Reporting it may sqs:ReceiveMessage on Test/Fulfilment/DeadLetterQueue, which the topology does not declare',
  );
});

test('looking at attributes is not', () => {
  expect(breaksWith(['sqs:GetQueueAttributes'], 'queue')).toEqual([]);
});
