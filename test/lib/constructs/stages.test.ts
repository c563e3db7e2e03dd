/** Environments as stages of one app: the same constructs twice, in one account, and neither sees the other. */
import { expect, test } from '@jest/globals';
import { Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AlertTopic, EventTopic, QueueConsumer } from '../../../lib/constructs/index.ts';
import { ENTRY, OrderPlaced, Orders, testApp } from './support.ts';

test('two stages have consumers of one name, each with alarms that go to the topic of its own stage', () => {
  const app = testApp();
  const consumers = ['Staging', 'Production'].map((name) => {
    const stage = new Stage(app, name, { env: { account: '111111111111', region: 'eu-west-1' } });
    new AlertTopic(new Stack(stage, 'Shared'), 'Alerts');
    const stack = new Stack(stage, 'Orders');
    const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
    new QueueConsumer(stack, 'Billing', { subscribesTo: [orders.events()], entry: ENTRY });
    return stack;
  });

  for (const stack of consumers) {
    const template = Template.fromStack(stack);
    const [alarm] = Object.values(template.findResources('AWS::CloudWatch::CompositeAlarm'));
    const { AlarmActions } = (alarm as { Properties: { AlarmActions: unknown[] } }).Properties;

    expect(AlarmActions).toHaveLength(1);
    expect(JSON.stringify(AlarmActions)).toContain(`${Stage.of(stack)?.stageName}-Shared`);
  }
});
