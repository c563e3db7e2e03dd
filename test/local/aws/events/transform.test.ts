/** What a target receives of an event. */
import { describe, expect, test } from '@jest/globals';

import type { BusEvent, InputTransformer } from '../../../../local/aws/events/model.ts';
import { targetInput, undefinedPlaceholder } from '../../../../local/aws/events/transform.ts';

const event: BusEvent = {
  version: '0',
  id: 'id-1',
  'detail-type': 'OrderPlaced',
  source: 'shop',
  account: '000000000000',
  time: '2026-01-21T12:00:00Z',
  region: 'us-east-1',
  resources: [],
  detail: {
    user: 'Anna "A"',
    card: { last4: '1234', ok: true },
    items: [{ sku: 'a' }, { sku: 'b' }],
    total: 3,
  },
};
const values = {
  ruleArn: 'arn:rule',
  ruleName: 'my-rule',
  event,
  ingestionTime: '2026-01-21T12:00:00Z',
};
const transformed = (InputTemplate: string, InputPathsMap: Record<string, string> = {}) =>
  targetInput({ Id: 't', Arn: 'a', InputTransformer: { InputTemplate, InputPathsMap } }, values);
const path = (InputPath: string) => targetInput({ Id: 't', Arn: 'a', InputPath }, values);

describe('InputPath', () => {
  test('a part of the event as JSON', () => {
    expect(path('$.detail.card')).toBe('{"last4":"1234","ok":true}');
    expect(path('$.detail.items[1].sku')).toBe('"b"');
    expect(path("$['detail-type']")).toBe('"OrderPlaced"');
    expect(path('$.detail-type')).toBe('"OrderPlaced"');
    expect(JSON.parse(path('$'))).toEqual(event);
    expect(path('$.detail.missing')).toBe('null');
  });
});

describe('InputTransformer', () => {
  const paths = {
    user: '$.detail.user',
    card: '$.detail.card',
    total: '$.detail.total',
    missing: '$.detail.missing',
  };

  test('outside quotes a placeholder is a JSON value', () => {
    const filled = transformed(
      '{"user": <user>, "card": <card>, "total": <total>, "gone": <missing>}',
      paths,
    );

    expect(JSON.parse(filled)).toEqual({
      user: 'Anna "A"',
      card: { last4: '1234', ok: true },
      total: 3,
      gone: '',
    });
  });

  test('inside quotes it is text: objects lose their quotes, what is missing leaves nothing', () => {
    expect(transformed('"<card> of <user> for <total><missing>"', paths)).toBe(
      '"{last4:1234,ok:true} of Anna \\"A\\" for 3"',
    );
    expect(transformed('{"path": "users/<total>", "n": <total>}', paths)).toBe('{"path":"users/3","n":3}');
  });

  test('what EventBridge knows by itself', () => {
    expect(
      transformed('"<aws.events.rule-arn> <aws.events.rule-name> <aws.events.event.ingestion-time>"'),
    ).toBe('"arn:rule my-rule 2026-01-21T12:00:00Z"');
    expect(JSON.parse(transformed('<aws.events.event.json>'))).toEqual(event);
    expect(JSON.parse(transformed('{"e": <aws.events.event>}'))).toEqual({
      e: {
        version: '0',
        id: 'id-1',
        detailType: 'OrderPlaced',
        source: 'shop',
        account: '000000000000',
        time: '2026-01-21T12:00:00Z',
        region: 'us-east-1',
        resources: [],
      },
    });
  });

  test('a placeholder nothing defines is found', () => {
    const transformer: InputTransformer = { InputPathsMap: paths, InputTemplate: '"<user> <other>"' };
    expect(undefinedPlaceholder(transformer)).toBe('other');
    expect(undefinedPlaceholder({ ...transformer, InputTemplate: '"<user>"' })).toBeUndefined();
  });
});
