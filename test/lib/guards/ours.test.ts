/** The traps that plain CDK leaves open, built with Waybill's constructs: no rule about permissions finds any of them. */
import { Duration } from 'aws-cdk-lib';
import type { App } from 'aws-cdk-lib';
import { describe, expect, test } from '@jest/globals';
import { accessOf, deliveriesOf } from '../../../lib/access/index.ts';
import { messagingOf, readAssembly } from '../../../lib/assembly/index.ts';
import type { Messaging } from '../../../lib/assembly/index.ts';
import {
  EventFunction,
  EventTopic,
  MessageBus,
  MessagingKey,
  QueueConsumer,
} from '../../../lib/constructs/index.ts';
import {
  busToOtherAccount,
  OPT_IN,
  stackIn,
  topicToOtherAccount,
  topicToOtherRegion,
} from '../constructs/cross-account/apps.ts';
import {
  ENTRY,
  OrderCancelled,
  OrderPlaced,
  Orders,
  StockReserved,
  testApp,
  testStack,
} from '../constructs/support.ts';
import { found } from './plain-cdk.ts';

/** Topic, bus with archive, consumer, functions and alarms, all under customers' keys. */
function encrypted(): App {
  const app = testApp();
  const stack = stackIn(app, 'Shop', '111111111111', 'eu-west-1');
  const encryptionKey = new MessagingKey(stack, 'Key');
  const orders = new EventTopic(stack, 'Orders', {
    service: Orders,
    publishes: [OrderPlaced, OrderCancelled],
    encryptionKey,
  });
  const bus = new MessageBus(stack, 'Bus', { encryptionKey, archiveRetention: Duration.days(7) });
  new EventFunction(stack, 'Api', {
    entry: ENTRY,
    service: Orders,
    publishesTo: [orders, bus.publishing([StockReserved])],
  });
  new QueueConsumer(stack, 'Fulfilment', {
    subscribesTo: [orders.event(OrderPlaced), bus.event(StockReserved)],
    entry: ENTRY,
    encryptionKey,
  });
  return app;
}

function unencrypted(): App {
  const stack = testStack();
  const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
  const bus = new MessageBus(stack, 'Bus');
  new EventFunction(stack, 'Api', {
    entry: ENTRY,
    service: Orders,
    publishesTo: [orders, bus.publishing([StockReserved])],
  });
  new QueueConsumer(stack, 'Fulfilment', {
    subscribesTo: [orders.event(OrderPlaced), bus.event(StockReserved)],
    entry: ENTRY,
  });
  return stack.node.root as App;
}

function messagingIn(app: App): Messaging {
  return messagingOf(readAssembly(app.synth().directory));
}

describe('what plain CDK deploys green, and our constructs get right', () => {
  test.each([
    ["W1 #19796, #30549: queues are under SQS's own key, not AWS's KMS key", unencrypted],
    [
      "W2 #33169, W3, W6 #38298, W8, W14: customers' keys, a bus with dead-letter queue and archive, alarms",
      encrypted,
    ],
    ['W5 #32526, #37590: a queue in an opt-in Region', () => topicToOtherRegion(OPT_IN)],
    ['W7 #33328: a bus and its consumer in another account', busToOtherAccount],
    ['W7: a topic and its consumer in another account, each under a key', topicToOtherAccount],
  ])('%s', (_, create) => {
    const messaging = messagingIn(create());

    expect(found(messaging)).toEqual([]);
    // No rule is silent because it knows nothing: every decision about every hop is known, and is yes.
    const verdicts = deliveriesOf(messaging).flatMap((delivery) =>
      accessOf(messaging, delivery).map(({ verdict }) => verdict),
    );
    expect(verdicts.length).toBeGreaterThan(10);
    expect([...new Set(verdicts)]).toEqual(['allowed']);
  });

  test('the traps are there: each is set, and none is sprung', () => {
    const { buses, archives, topics, alarms, queues } = messagingIn(encrypted());

    expect(buses.map(({ kmsKeyId, deadLetterArn }) => [kmsKeyId, deadLetterArn].includes(undefined))).toEqual(
      [false],
    );
    expect(archives.map(({ kmsKeyId }) => kmsKeyId === undefined)).toEqual([false]);
    expect(topics.every(({ kmsKeyId, policies }) => kmsKeyId !== undefined && policies.length > 0)).toBe(
      true,
    );
    expect(queues.filter(({ kmsKeyId }) => kmsKeyId !== undefined).length).toBeGreaterThan(3);
    expect(alarms.some(({ alarmActions }) => alarmActions.length > 0)).toBe(true);
    const optIn = deliveriesOf(messagingIn(topicToOtherRegion(OPT_IN)));
    expect(JSON.stringify(optIn.map(({ carrier }) => carrier))).toContain(`sns.${OPT_IN}.amazonaws.com`);
  });
});
