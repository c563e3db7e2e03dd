import {
  Code,
  FilterCriteria,
  FilterRule,
  Function as LambdaFunction,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from '@jest/globals';
import { competingMappingFilter, deletingMappingFilter } from '../../../lib/guards/w17-mapping-filter.ts';
import { findingsOf, plainStack, template } from './support.ts';
import { only, waybillSystem } from './waybill-system.ts';

const system = waybillSystem();
const filterOf = (...patterns: readonly object[]) => ({
  FilterCriteria: { Filters: patterns.map((pattern) => ({ Pattern: JSON.stringify(pattern) })) },
});

describe('W17 the filter of a mapping deletes no message that somebody needs', () => {
  test('plain CDK: two functions with filters share a queue; SqsEventSource says nothing', () => {
    const messaging = plainStack((stack) => {
      const queue = new Queue(stack, 'Queue');
      for (const type of ['Placed', 'Cancelled']) {
        new LambdaFunction(stack, type, {
          runtime: Runtime.NODEJS_22_X,
          handler: 'index.handler',
          code: Code.fromInline('exports.handler = () => {}'),
        }).addEventSource(
          new SqsEventSource(queue, {
            filters: [FilterCriteria.filter({ body: { type: FilterRule.isEqual(type) } })],
          }),
        );
      }
    });

    expect(findingsOf(competingMappingFilter, messaging)).toEqual([
      expect.stringMatching(/^Plain\/Placed\/.* FilterCriteria$/),
      expect.stringMatching(/^Plain\/Cancelled\/.* FilterCriteria$/),
    ]);
    expect(findingsOf(deletingMappingFilter, messaging)).toEqual([]);
  });

  const mapping = (properties: object) => ({
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      EventSourceArn: 'arn:aws:sqs:eu-west-1:111111111111:orders',
      FunctionName: 'any',
      ...properties,
    },
  });
  const placed = filterOf({ body: { type: ['Placed'] } });

  test('a mapping without a filter beside one with: the one with is found', () => {
    const messaging = template({ One: mapping(placed), Other: mapping({}) });

    expect(findingsOf(competingMappingFilter, messaging)).toEqual(['Bare/One FilterCriteria']);
  });

  test('the same filters on both, one of them switched off, or other queues: not certain, so W17A', () => {
    const same = template({ One: mapping(placed), Other: mapping(placed) });
    const off = template({ One: mapping(placed), Other: mapping({ Enabled: false }) });
    const apart = template({
      One: mapping(placed),
      Other: mapping({ EventSourceArn: 'arn:aws:sqs:eu-west-1:111111111111:others' }),
    });

    for (const messaging of [same, off, apart]) {
      expect(findingsOf(competingMappingFilter, messaging)).toEqual([]);
      expect(findingsOf(deletingMappingFilter, messaging)).toContain('Bare/One FilterCriteria');
    }
  });

  test('no filter, or that of a stream: nothing', () => {
    const stream = { EventSourceArn: 'arn:aws:kinesis:eu-west-1:111111111111:stream/orders' };
    const messaging = template({ One: mapping({}), Stream: mapping({ ...placed, ...stream }) });

    expect(findingsOf(competingMappingFilter, messaging)).toEqual([]);
    expect(findingsOf(deletingMappingFilter, messaging)).toEqual([]);
  });

  const withFilters = (...patterns: readonly object[]) =>
    system.changed((resources) => {
      Object.assign(
        only(resources, 'AWS::Lambda::EventSourceMapping', 'Fulfilment')[1].Properties,
        filterOf(...patterns),
      );
    });
  const both = (...patterns: readonly object[]) => {
    const messaging = withFilters(...patterns);
    return [
      findingsOf(competingMappingFilter, messaging).length,
      findingsOf(deletingMappingFilter, messaging).length,
    ];
  };

  test('our topology knows what reaches the queue: OrderPlaced and StockReserved', () => {
    expect(both()).toEqual([0, 0]);
    expect(both({ body: { eventType: ['OrderPlaced'] } })).toEqual([1, 0]);
    expect(
      both({ body: { eventType: ['OrderPlaced'] } }, { body: { eventType: ['StockReserved'] } }),
    ).toEqual([0, 0]);
    expect(both({ body: { eventType: [{ exists: true }] } })).toEqual([0, 0]);
    expect(both({ body: { type: ['OrderPlaced', 'StockReserved'] } })).toEqual([1, 0]);
    // Which tenants, and which data, is not known: some may be deleted.
    expect(both({ body: { tenantId: ['acme'] } })).toEqual([0, 1]);
    expect(both({ body: { data: { amount: [{ numeric: ['>', 5] }] } } })).toEqual([0, 1]);
    expect(both({ body: { eventType: [{ exists: true }] }, attributes: { SenderId: ['me'] } })).toEqual([
      0, 1,
    ]);
  });

  test('the finding names what is deleted', () => {
    const [finding] = competingMappingFilter.check(withFilters({ body: { eventType: ['OrderPlaced'] } }));

    expect(finding?.received).toBe('a filter that deletes StockReserved');
  });
});
