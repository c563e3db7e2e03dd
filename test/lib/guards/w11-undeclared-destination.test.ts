import { describe, expect, test } from '@jest/globals';
import { eventTakenByNoRule, undeclaredDestination } from '../../../lib/guards/w11-undeclared-destination.ts';
import { findingsOf, template } from './support.ts';
import { only, waybillSystem } from './waybill-system.ts';
import type { MutableResources } from './waybill-system.ts';

const system = waybillSystem();
const API = ['Ours/Api/Function Environment.Variables.WAYBILL_PUBLISH_ROUTES'];

/** The text within Fn::Join that holds the routes. */
function changeRoutes(resources: MutableResources, from: string, to: string): void {
  const [, { Properties: properties }] = only(resources, 'AWS::Lambda::Function', 'Api');
  const before = JSON.stringify(properties);
  const after = before.replaceAll(from, to);
  if (after === before) throw new Error(`${from} is not in ${before}`);
  Object.assign(properties, JSON.parse(after) as object);
}

describe('W11 what is published goes somewhere', () => {
  test('as it is: nothing', () => {
    const messaging = system.changed(() => {});

    expect(findingsOf(undeclaredDestination, messaging)).toEqual([]);
    expect(findingsOf(eventTakenByNoRule, messaging)).toEqual([]);
    expect(messaging.functions.some(({ environment }) => 'WAYBILL_PUBLISH_ROUTES' in environment)).toBe(true);
  });

  test('an event, or a source, that nothing declares', () => {
    const renamed = system.changed((resources) => changeRoutes(resources, 'StockReserved', 'StockReservd'));
    const resourced = system.changed((resources) => changeRoutes(resources, 'inventory', 'inventry'));

    expect(findingsOf(undeclaredDestination, renamed)).toEqual(API);
    expect(findingsOf(undeclaredDestination, resourced)).toEqual(API);
  });

  test('a target to which the topology has no edge; one that only AWS knows is not judged', () => {
    let topicId = '';
    system.changed((resources) => {
      [topicId] = only(resources, 'AWS::SNS::Topic', 'Orders');
    });
    const to = (reference: object) =>
      system.changed((resources) =>
        changeRoutes(resources, `{"Ref":"${topicId}"}`, JSON.stringify(reference)),
      );
    const elsewhere = { 'Fn::Sub': 'arn:aws:sns:${AWS::Region}:${AWS::AccountId}:oders' };

    expect(findingsOf(undeclaredDestination, to(elsewhere))).toEqual(API);
    expect(findingsOf(undeclaredDestination, to({ 'Fn::ImportValue': 'topic' }))).toEqual([]);
  });

  test('an application without topology: nothing is known', () => {
    const Variables = {
      WAYBILL_PUBLISH_ROUTES:
        '[{"source":"a","target":"arn:aws:sns:eu-west-1:111111111111:b","events":["C"]}]',
    };
    const messaging = template({
      Api: { Type: 'AWS::Lambda::Function', Properties: { Environment: { Variables } } },
    });

    expect(findingsOf(undeclaredDestination, messaging)).toEqual([]);
  });
});

describe('W11A some rule takes what is published to a bus', () => {
  test('without the rule, or with it switched off, the event is lost; an archive keeps it', () => {
    const without = system.changed((resources) => {
      delete resources[only(resources, 'AWS::Events::Rule')[0]];
    });
    const off = system.changed((resources) => {
      only(resources, 'AWS::Events::Rule')[1].Properties['State'] = 'DISABLED';
    });
    const archived = system.changed((resources) => {
      delete resources[only(resources, 'AWS::Events::Rule')[0]];
      const [busId] = only(resources, 'AWS::Events::EventBus');
      resources['Archive'] = {
        Type: 'AWS::Events::Archive',
        Properties: { SourceArn: { 'Fn::GetAtt': [busId, 'Arn'] } },
      };
    });

    expect(findingsOf(eventTakenByNoRule, without)).toEqual(['Ours/Bus/Bus rules']);
    expect(findingsOf(eventTakenByNoRule, off)).toEqual(['Ours/Bus/Bus rules']);
    expect(findingsOf(eventTakenByNoRule, archived)).toEqual([]);
  });

  test.each([
    ['a pipe', 'AWS::Pipes::Pipe', 'OrderPlaced', []],
    ['a pipe, mistyped', 'AWS::Pipes::Pipe', 'OrderPlacd', ['Bare/Publisher Source, DetailType']],
    ['a pipe, filled in', 'AWS::Pipes::Pipe', '$.body.type', []],
    ['a schedule', 'AWS::Scheduler::Schedule', 'OrderPlaced', []],
    ['a schedule, mistyped', 'AWS::Scheduler::Schedule', 'OrderPlacd', ['Bare/Publisher Source, DetailType']],
  ])('%s with a detail type of its own', (_, Type, DetailType, expected) => {
    const bus = { 'Fn::GetAtt': ['Bus', 'Arn'] };
    const parameters = { Source: 'orders', DetailType };
    const Properties =
      Type === 'AWS::Pipes::Pipe'
        ? { Target: bus, TargetParameters: { EventBridgeEventBusParameters: parameters } }
        : { Target: { Arn: bus, EventBridgeParameters: parameters } };
    const messaging = template({
      Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'bus' } },
      Rule: {
        Type: 'AWS::Events::Rule',
        Properties: {
          EventBusName: { Ref: 'Bus' },
          EventPattern: { source: ['orders'], 'detail-type': ['OrderPlaced'], detail: { amount: [1] } },
        },
      },
      Publisher: { Type, Properties },
    });

    expect(findingsOf(eventTakenByNoRule, messaging)).toEqual(expected);
  });
});
