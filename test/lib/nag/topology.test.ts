import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import type { CfnSubscription } from 'aws-cdk-lib/aws-sns';
import { expect, jest, test } from '@jest/globals';
import { AlertTopic, EventTopic, QueueConsumer } from '../../../lib/constructs/index.ts';
import { WaybillChecks } from '../../../lib/nag/index.ts';
import { ENTRY, OrderPlaced, Orders } from '../constructs/support.ts';

test('the pack knows the topology: a filter that an escape hatch has broken is found at synth', () => {
  jest.spyOn(console, 'error').mockImplementation(() => {}); // CDK prints the report
  const app = new App({
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
    context: {
      'aws:cdk:bundling-stacks': [],
      '@aws-cdk/core:failSynthOnValidationErrors': false,
    },
  });
  const stack = new Stack(app, 'Shop');
  new AlertTopic(stack, 'Alerts');
  const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
  const consumer = new QueueConsumer(stack, 'Fulfilment', {
    subscribesTo: [orders.event(OrderPlaced)],
    entry: ENTRY,
  });
  const subscription = consumer.subscriptions[0]?.node.defaultChild as CfnSubscription;
  subscription.addPropertyOverride('FilterPolicy', { eventType: ['OrderPlacd'] });
  Validations.of(app).addPlugins(new WaybillChecks(app));
  const report = JSON.parse(readFileSync(join(app.synth().directory, 'validation-report.json'), 'utf8')) as {
    pluginReports: { violations: { ruleName: string }[] }[];
  };

  const found = report.pluginReports.flatMap(({ violations }) => violations.map(({ ruleName }) => ruleName));
  expect(found).toEqual(expect.arrayContaining(['Waybill-W20', 'Waybill-W21']));
});
