import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { describe, expect, test } from '@jest/globals';
import { filterWithoutExample, unmatchableFilter } from '../../../lib/guards/w20-unmatchable-filter.ts';
import { findingsOf, plainStack, template } from './support.ts';
import { only, waybillSystem } from './waybill-system.ts';
import type { MutableResources } from './waybill-system.ts';

const system = waybillSystem();
const SUBSCRIPTION = ['Ours/Fulfilment/FromOrders FilterPolicy'];
const RULE = ['Ours/Fulfilment/FromBusInventory EventPattern'];

const setFilter =
  (FilterPolicy: unknown, FilterPolicyScope = 'MessageAttributes') =>
  (resources: MutableResources) => {
    Object.assign(only(resources, 'AWS::SNS::Subscription', 'Fulfilment')[1].Properties, {
      FilterPolicy,
      FilterPolicyScope,
    });
  };
const setPattern = (EventPattern: unknown) => (resources: MutableResources) => {
  Object.assign(only(resources, 'AWS::Events::Rule')[1].Properties, { EventPattern });
};

describe('W20 a filter lets something through', () => {
  test('as it is: nothing', () => {
    const messaging = system.changed(() => {});

    expect(findingsOf(unmatchableFilter, messaging)).toEqual([]);
    expect(findingsOf(filterWithoutExample, messaging)).toEqual([]);
    expect(messaging.subscriptions.some(({ filterPolicy }) => filterPolicy !== undefined)).toBe(true);
  });

  test.each([
    ['a type that is mistyped', { eventType: ['OrderPlacd'] }, true],
    ['an attribute that no message has', { type: ['OrderPlaced'] }, true],
    ['an attribute that no message may have', { type: [{ exists: false }] }, false],
    ['a version that is not published', { eventVersion: ['9.9'] }, true],
    ['a version that is', { eventVersion: [{ prefix: '1.' }] }, false],
    ['a priority', { priority: ['normal'] }, false],
    ['a priority of none of the events', { priority: ['high'] }, true],
    ['some tenant', { tenantId: ['acme'] }, false],
    ['some tenant, of a type that is mistyped', { tenantId: ['acme'], eventType: ['Order'] }, true],
    ['one type or another', { $or: [{ eventType: ['Order'] }, { eventType: ['OrderCancelled'] }] }, false],
    [
      'a type of one alternative, a tenant of the other',
      { $or: [{ eventType: ['Order'] }, { tenantId: ['a'] }] },
      false,
    ],
    ['what only AWS knows', { eventType: [{ 'Fn::ImportValue': 'type' }] }, false],
  ])('attributes: %s', (_, policy, isFound) => {
    expect(findingsOf(unmatchableFilter, system.changed(setFilter(policy)))).toEqual(
      isFound ? SUBSCRIPTION : [],
    );
  });

  test.each([
    ['the type', { eventType: ['OrderPlaced'] }, false],
    ['the data beside the envelope', { orderId: ['o-1'] }, true],
    ['the data in the envelope', { data: { orderId: ['o-1'] } }, false],
    ['data that no contract has, which is not certain', { data: { nothing: ['o-1'] } }, false],
    ['another source', { source: ['billing'] }, true],
  ])('body: %s', (_, policy, isFound) => {
    expect(findingsOf(unmatchableFilter, system.changed(setFilter(policy, 'MessageBody')))).toEqual(
      isFound ? SUBSCRIPTION : [],
    );
  });

  test.each([
    ['as it should be', { source: ['inventory'], 'detail-type': ['StockReserved'] }, false],
    ['a detail type that is mistyped', { source: ['inventory'], 'detail-type': ['StockReservd'] }, true],
    ['another source', { source: ['orders'], 'detail-type': ['StockReserved'] }, true],
    ['the envelope’s type', { detail: { eventType: ['StockReserved'] } }, false],
    ['the data right below detail', { detail: { sku: [{ exists: true }] } }, true],
    ['the data where they are', { detail: { data: { sku: [{ exists: true }] } } }, false],
    [
      'account and Region',
      { account: ['222222222222'], region: ['us-east-1'], source: ['inventory'] },
      false,
    ],
  ])('pattern: %s', (_, pattern, isFound) => {
    expect(findingsOf(unmatchableFilter, system.changed(setPattern(pattern)))).toEqual(isFound ? RULE : []);
  });

  test('a rule that is switched off is another question', () => {
    const messaging = system.changed((resources) => {
      only(resources, 'AWS::Events::Rule')[1].Properties['State'] = 'DISABLED';
    });

    expect(findingsOf(unmatchableFilter, messaging)).toEqual([]);
  });

  test('a bus that something else feeds: not known', () => {
    const messaging = system.changed((resources) => {
      setPattern({ source: ['elsewhere'] })(resources);
      const [busId] = only(resources, 'AWS::Events::EventBus');
      resources['Forward'] = {
        Type: 'AWS::Events::Rule',
        Properties: {
          EventPattern: { source: ['elsewhere'] },
          Targets: [{ Id: 'Bus', Arn: { 'Fn::GetAtt': [busId, 'Arn'] } }],
        },
      };
    });

    expect(findingsOf(unmatchableFilter, messaging)).toEqual([]);
  });

  test('subscribers of a Custom Event Bus: every filter has to let it through', () => {
    const subscriber = (...filters: readonly (readonly [string, object])[]) =>
      system.changed((resources) => {
        const [busId] = only(resources, 'AWS::Events::EventBus');
        resources['Subscriber'] = {
          Type: 'AWS::EventsV2::Subscriber',
          Properties: {
            EventBusArn: { 'Fn::GetAtt': [busId, 'Arn'] },
            FilterConfiguration: {
              Filters: filters.map(([Scope, pattern]) => ({ Scope, Pattern: JSON.stringify(pattern) })),
            },
          },
        };
      });
    const right = [
      'SYSTEM_METADATA',
      { 'aws:Source': ['inventory'], 'aws:DetailType': ['StockReserved'] },
    ] as const;
    const found = ['Ours/Subscriber FilterConfiguration'];

    expect(findingsOf(unmatchableFilter, subscriber(right))).toEqual([]);
    expect(
      findingsOf(unmatchableFilter, subscriber(right, ['DATA', { detail: { tenantId: ['acme'] } }])),
    ).toEqual([]);
    expect(findingsOf(unmatchableFilter, subscriber(right, ['DATA', { detail: { type: ['x'] } }]))).toEqual(
      found,
    );
    expect(
      findingsOf(unmatchableFilter, subscriber(['SYSTEM_METADATA', { 'aws:Source': ['orders'] }])),
    ).toEqual(found);
  });

  test.each([
    ['an empty range', { amount: [{ numeric: ['>', 10, '<', 5] }] }, true],
    ['no array', { type: 'OrderPlaced' }, true],
    ['an unknown operator', { type: [{ startsWith: 'Order' }] }, true],
    ['a range', { amount: [{ numeric: ['>', 5, '<', 10] }] }, false],
    ['a wildcard, of which SNS says both', { type: [{ wildcard: 'Order*' }] }, false],
    ['nothing', {}, false],
  ])('any application: a filter policy of %s', (_, FilterPolicy, isFound) => {
    const messaging = template({
      Subscription: {
        Type: 'AWS::SNS::Subscription',
        Properties: { Protocol: 'sqs', TopicArn: 'topic', FilterPolicy: FilterPolicy },
      },
    });

    expect(findingsOf(unmatchableFilter, messaging)).toEqual(
      isFound ? ['Bare/Subscription FilterPolicy'] : [],
    );
  });

  test('any application: patterns of rules and mappings that the service refuses', () => {
    const messaging = template({
      Rule: {
        Type: 'AWS::Events::Rule',
        Properties: { EventPattern: { detail: { amount: [{ numeric: ['>', 9, '<', 1] }] } } },
      },
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: { FunctionName: 'any', FilterCriteria: { Filters: [{ Pattern: '{"body": "text"}' }] } },
      },
    });

    expect(findingsOf(unmatchableFilter, messaging)).toEqual([
      'Bare/Rule EventPattern',
      'Bare/Mapping FilterCriteria',
    ]);
  });
});

describe('W20A a filter matches an example', () => {
  test('data that no example has; an event without examples may have them', () => {
    const nothing = { data: { nothing: ['o-1'] }, eventType: ['OrderPlaced'] };
    const withExample = system.changed(setFilter(nothing, 'MessageBody'));
    const example = { data: { orderId: ['o-1'] }, eventType: ['OrderPlaced'] };
    const withoutExample = system.changed(setFilter({ data: { nothing: ['x'] } }, 'MessageBody'));

    expect(findingsOf(filterWithoutExample, withExample)).toEqual(SUBSCRIPTION);
    expect(findingsOf(filterWithoutExample, system.changed(setFilter(example, 'MessageBody')))).toEqual([]);
    // OrderCancelled has no example.
    expect(findingsOf(filterWithoutExample, withoutExample)).toEqual([]);
  });

  test('what W20 finds is not found again', () => {
    expect(
      findingsOf(filterWithoutExample, system.changed(setFilter({ eventType: ['OrderPlacd'] }))),
    ).toEqual([]);
  });

  test('plain CDK: events of AWS’s services never come to a bus of one’s own', () => {
    const rule = (source: string) =>
      plainStack((stack) => {
        const eventBus = new EventBus(stack, 'Bus');
        new Rule(stack, 'Rule', { eventBus, eventPattern: { source: [source] } });
        new Rule(stack, 'Default', { eventPattern: { source: [source] } });
      });

    expect(findingsOf(filterWithoutExample, rule('aws.s3'))).toEqual(['Plain/Rule EventPattern']);
    expect(findingsOf(filterWithoutExample, rule('orders'))).toEqual([]);
    expect(findingsOf(filterWithoutExample, rule('aws.partner/example.com'))).toEqual([]);
  });

  test('unless they are forwarded there', () => {
    const messaging = plainStack((stack) => {
      const eventBus = new EventBus(stack, 'Bus');
      new Rule(stack, 'Rule', { eventBus, eventPattern: { source: ['aws.s3'] } });
      new Rule(stack, 'Forward', {
        eventPattern: { source: ['aws.s3'] },
        targets: [{ bind: () => ({ arn: eventBus.eventBusArn }) }],
      });
    });

    expect(findingsOf(filterWithoutExample, messaging)).toEqual([]);
  });
});
