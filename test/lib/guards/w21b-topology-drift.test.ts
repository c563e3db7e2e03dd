import { describe, expect, test } from '@jest/globals';
import { partialBatchFailures } from '../../../lib/guards/d03-partial-batch-failures.ts';
import { topologyDrift } from '../../../lib/guards/w21b-topology-drift.ts';
import { findingsOf, template } from './support.ts';
import { only, waybillSystem } from './waybill-system.ts';
import type { MutableResources } from './waybill-system.ts';

const system = waybillSystem();

function set(type: string, prefix: string, property: string, value: unknown) {
  return (resources: MutableResources) => {
    only(resources, type, prefix)[1].Properties[property] = value;
  };
}
const mapping = 'AWS::Lambda::EventSourceMapping';
const subscription = 'AWS::SNS::Subscription';

describe('W21B what is deployed is what the topology says', () => {
  test('as it is: nothing', () => {
    expect(
      findingsOf(
        topologyDrift,
        system.changed(() => {}),
      ),
    ).toEqual([]);
  });

  test.each<[string, (resources: MutableResources) => void, string]>([
    [
      'a filter is gone',
      set(subscription, 'Fulfilment', 'FilterPolicy', undefined),
      'FromOrders FilterPolicy',
    ],
    [
      'another topic',
      set(subscription, 'Fulfilment', 'TopicArn', 'arn:aws:sns:eu-west-1:111111111111:t'),
      'FromOrders TopicArn',
    ],
    [
      'another endpoint',
      set(subscription, 'Fulfilment', 'Endpoint', 'arn:aws:sqs:eu-west-1:111111111111:q'),
      'FromOrders Endpoint',
    ],
    [
      'not raw',
      set(subscription, 'Fulfilment', 'RawMessageDelivery', false),
      'FromOrders RawMessageDelivery',
    ],
    [
      'the default bus',
      set('AWS::Events::Rule', '', 'EventBusName', undefined),
      'FromBusInventory EventBusName',
    ],
    [
      'a wider pattern',
      set('AWS::Events::Rule', '', 'EventPattern', { source: ['inventory'] }),
      'FromBusInventory EventPattern',
    ],
    ['another batch', set(mapping, 'Fulfilment', 'BatchSize', 1), ' BatchSize'],
    [
      'no maximum',
      set(mapping, 'Fulfilment', 'ScalingConfig', undefined),
      ' ScalingConfig.MaximumConcurrency',
    ],
    ['another timeout', set('AWS::Lambda::Function', 'Fulfilment', 'Timeout', 5), 'Function Timeout'],
  ])('%s', (_, change, expected) => {
    expect(findingsOf(topologyDrift, system.changed(change))).toEqual([
      expect.stringMatching(new RegExp(`^Ours/Fulfilment/.*${expected.replaceAll('.', '\\.')}$`)),
    ]);
  });

  test('what only AWS knows is not compared', () => {
    const known = { 'Fn::ImportValue': 'value' };

    expect(
      findingsOf(
        topologyDrift,
        system.changed((resources) => {
          set(mapping, 'Fulfilment', 'BatchSize', known)(resources);
          set(subscription, 'Fulfilment', 'TopicArn', known)(resources);
        }),
      ),
    ).toEqual([]);
  });

  test('an alarm is gone, or looks for more', () => {
    const alarmsOf = (resources: MutableResources) =>
      Object.entries(resources).filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm');
    const all = alarmsOf(system.resources()).length;
    const gone = system.changed((resources) => {
      for (const [id] of alarmsOf(resources)) delete resources[id];
    });
    const higher = system.changed((resources) => {
      for (const [, { Properties: properties }] of alarmsOf(resources)) {
        properties['Threshold'] = Number(properties['Threshold']) + 100;
      }
    });

    expect(all).toBeGreaterThan(10);
    expect(findingsOf(topologyDrift, gone).length).toBeGreaterThanOrEqual(all);
    expect(findingsOf(topologyDrift, higher).length).toBeGreaterThanOrEqual(all);
  });
});

describe('D3 failed messages come back', () => {
  test('a consumer of the topology without ReportBatchItemFailures is found; another function is not known', () => {
    const without = system.changed(set(mapping, 'Fulfilment', 'FunctionResponseTypes', undefined));
    const plain = template({
      Mapping: {
        Type: mapping,
        Properties: { EventSourceArn: 'arn:aws:sqs:eu-west-1:111111111111:q', FunctionName: 'f' },
      },
    });

    expect(findingsOf(partialBatchFailures, without)).toEqual([
      expect.stringMatching(/ FunctionResponseTypes$/),
    ]);
    expect(
      findingsOf(
        partialBatchFailures,
        system.changed(() => {}),
      ),
    ).toEqual([]);
    expect(findingsOf(partialBatchFailures, plain)).toEqual([]);
  });
});
