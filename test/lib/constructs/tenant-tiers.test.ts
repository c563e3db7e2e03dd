import { describe, expect, test } from '@jest/globals';
import type { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EventTopic, MessageBus, MessagingKey, QueueConsumer } from '../../../lib/constructs/index.ts';
import type { EventSubscription, SubscriptionOptions } from '../../../lib/constructs/index.ts';
import { expectDelivery } from '../../../lib/proofs/index.ts';
import { codesOf, ENTRY, OrderPlaced, Orders, propertiesOf, reference, testStack } from './support.ts';

const PREMIUM = ['acme', 'northern-rail'];

/** A consumer of the tier under a key of its own, and one of everybody else. */
function tiers(sourceOf: (stack: Stack) => (options: SubscriptionOptions) => EventSubscription): Stack {
  const stack = testStack();
  const source = sourceOf(stack);
  new QueueConsumer(stack, 'Pool', { subscribesTo: [source({ exceptTenants: PREMIUM })], entry: ENTRY });
  new QueueConsumer(stack, 'Premium', {
    subscribesTo: [source({ tenants: PREMIUM })],
    entry: ENTRY,
    encryptionKey: new MessagingKey(stack, 'PremiumKey'),
    maxConcurrency: 50,
  });
  return stack;
}

const ofTopic = (stack: Stack) => {
  const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
  return (options: SubscriptionOptions) => orders.event(OrderPlaced, options);
};
const ofBus = (stack: Stack) => {
  const bus = new MessageBus(stack, 'Orders');
  return (options: SubscriptionOptions) => bus.event(OrderPlaced, options);
};

describe('a tier of tenants with a queue, a key and a mapping of its own', () => {
  test.each<[string, string]>([
    ['acme', 'Premium'],
    ['northern-rail', 'Premium'],
    ['tenant-1', 'Pool'],
    ['acme-2', 'Pool'],
  ])('an event of %s, by topic, is for %s alone', (tenantId, consumer) => {
    const assembly = (tiers(ofTopic).node.root as App).synth().directory;
    const message = {
      attributes: { eventType: 'OrderPlaced', eventVersion: '1.0', tenantId },
      body: { tenantId },
    };
    const claims = expectDelivery(assembly).of(message).from('Orders');
    const other = consumer === 'Pool' ? 'Premium' : 'Pool';

    expect(() => claims.reaches(consumer)).not.toThrow();
    expect(() => claims.reaches(other)).toThrow('WAYBILL_PROOF_FILTERED_OUT');
  });

  test.each<[string, string]>([
    ['acme', 'Premium'],
    ['tenant-1', 'Pool'],
  ])('an event of %s, by bus, is for %s alone', (tenantId, consumer) => {
    const assembly = (tiers(ofBus).node.root as App).synth().directory;
    const claims = expectDelivery(assembly)
      .of({ source: 'orders', detailType: 'OrderPlaced', detail: { tenantId } })
      .from('Orders');

    expect(() => claims.reaches(consumer)).not.toThrow();
    expect(() => claims.reaches(consumer === 'Pool' ? 'Premium' : 'Pool')).toThrow(
      'WAYBILL_PROOF_FILTERED_OUT',
    );
  });

  test('queues of the tier are under its key, those of the pool are not, and concurrency is its own', () => {
    const template = Template.fromStack(tiers(ofTopic));
    for (const id of ['PremiumQueue', 'PremiumDeadLetterQueue', 'PremiumFromOrdersDeadLetterQueue']) {
      expect(propertiesOf(template, 'AWS::SQS::Queue', id)['KmsMasterKeyId']).toEqual(
        reference('PremiumKey'),
      );
    }
    expect(propertiesOf(template, 'AWS::SQS::Queue', 'PoolQueue')).toMatchObject({
      SqsManagedSseEnabled: true,
    });
    expect(propertiesOf(template, 'AWS::Lambda::EventSourceMapping', 'Premium')).toMatchObject({
      ScalingConfig: { MaximumConcurrency: 50 },
    });
  });
});

test('WAYBILL_TENANTS_AMBIGUOUS: tenants and exceptTenants together', () => {
  const source = ofTopic(testStack());
  expect(codesOf(() => source({ tenants: ['a'], exceptTenants: ['b'] }))).toEqual([
    'WAYBILL_TENANTS_AMBIGUOUS',
  ]);
});

test('a tier without tenants excepts nobody: the pool has no filter on tenants', () => {
  expect(ofTopic(testStack())({ exceptTenants: [] }).tenants).toBeUndefined();
});

test('WAYBILL_FILTER_TOO_LARGE counts the tenants that are excepted', () => {
  const stack = testStack();
  const exceptTenants = Array.from({ length: 151 }, (_, index) => `tenant-${index}`);
  const subscribesTo = [ofTopic(stack)({ exceptTenants })];
  expect(codesOf(() => new QueueConsumer(stack, 'Pool', { subscribesTo, entry: ENTRY }))).toEqual([
    'WAYBILL_FILTER_TOO_LARGE',
  ]);
});
