/** Filters on events' data, and subscribers that are no queues. */
import { expect, test } from '@jest/globals';
import { Template } from 'aws-cdk-lib/assertions';
import { EventTopic, QueueConsumer, TopicEndpoint, topologyOf } from '../../../lib/constructs/index.ts';
import { topicFilter } from '../../../lib/constructs/topic-filter.ts';
import {
  ENTRY,
  OrderCancelled,
  OrderPlaced,
  Orders,
  propertiesOf,
  queuePolicyOf,
  testStack,
} from './support.ts';

const source = { events: [OrderPlaced], everyEvent: true, tenants: undefined, data: undefined };

test.each([
  ['nothing', {}, null, 'MessageAttributes'],
  ['types', { everyEvent: false }, { eventType: ['OrderPlaced'] }, 'MessageAttributes'],
  ['tenants', { tenants: ['acme'] }, { tenantId: ['acme'] }, 'MessageAttributes'],
  [
    'data, below `data` of the envelope, with all else',
    { everyEvent: false, tenants: ['acme'], data: { 'customer.tier': ['gold'], channel: ['sms'] } },
    {
      eventType: ['OrderPlaced'],
      tenantId: ['acme'],
      data: { customer: { tier: ['gold'] }, channel: ['sms'] },
    },
    'MessageBody',
  ],
] as const)('a filter by %s', (_, conditions, policy, scope) => {
  expect(topicFilter([{ ...source, ...conditions }])).toMatchObject({ policy, scope });
});

function topicIn(stack: ReturnType<typeof testStack>) {
  return new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced, OrderCancelled] });
}

test('a consumer of some data has its subscription look at the body', () => {
  const stack = testStack();
  new QueueConsumer(stack, 'Gold', {
    subscribesTo: [topicIn(stack).events({ data: { tier: ['gold'] } })],
    entry: ENTRY,
  });

  expect(propertiesOf(Template.fromStack(stack), 'AWS::SNS::Subscription', 'Gold')).toMatchObject({
    FilterPolicy: { data: { tier: ['gold'] } },
    FilterPolicyScope: 'MessageBody',
    RawMessageDelivery: true,
  });
  expect(topologyOf(stack).edges).toContainEqual(
    expect.objectContaining({ kind: 'subscribes', filterPolicyScope: 'MessageBody' }),
  );
});

test('D14 an e-mail address, a telephone and a web server each have a dead-letter queue that SNS may fill', () => {
  const stack = testStack();
  const topic = topicIn(stack);
  for (const [protocol, endpoint] of [
    ['email', 'someone@example.com'],
    ['sms', '+15550100'],
    ['https', 'https://example.com/hook'],
  ] as const) {
    new TopicEndpoint(stack, protocol, {
      subscribesTo: topic.events({ tenants: ['acme'] }),
      protocol,
      endpoint,
    });
  }
  const template = Template.fromStack(stack);

  template.resourceCountIs('AWS::SNS::Subscription', 3);
  for (const protocol of ['email', 'sms', 'https']) {
    expect(propertiesOf(template, 'AWS::SNS::Subscription', protocol)).toMatchObject({
      Protocol: protocol,
      FilterPolicy: { tenantId: ['acme'] },
      RedrivePolicy: { deadLetterTargetArn: expect.anything() },
    });
    expect(queuePolicyOf(template, protocol)).toContainEqual(
      expect.objectContaining({ Action: 'sqs:SendMessage', Principal: { Service: 'sns.amazonaws.com' } }),
    );
  }
});
