/** What patterns look at: SNS attributes and records of event source mappings. */
import { describe, expect, test } from '@jest/globals';

import {
  attributesAsEvent,
  createMappingFilter,
  readPattern,
  SNS_ATTRIBUTES_PROFILE,
} from '../../../lib/matching/index.ts';

describe('SNS message attributes', () => {
  const matches = (member: unknown, attribute: { DataType: string; StringValue?: string }) =>
    readPattern({ a: [member] }, SNS_ATTRIBUTES_PROFILE).matches(attributesAsEvent({ a: attribute }));

  test('a String stays text and a Number a number', () => {
    expect(matches('100', { DataType: 'String', StringValue: '100' })).toBe(true);
    expect(matches(100, { DataType: 'String', StringValue: '100' })).toBe(false);
    expect(matches(100, { DataType: 'Number', StringValue: '100.0' })).toBe(true);
    expect(matches({ numeric: ['>', 99] }, { DataType: 'Number', StringValue: '100' })).toBe(true);
    expect(matches('100', { DataType: 'Number', StringValue: '100' })).toBe(false);
    expect(matches('x', { DataType: 'String.custom', StringValue: 'x' })).toBe(true);
  });

  test('a String.Array matches by any member, of its own type', () => {
    const array = { DataType: 'String.Array', StringValue: '["rugby", "tennis", 5, true, null]' };

    expect(matches('tennis', array)).toBe(true);
    expect(matches(5, array)).toBe(true);
    expect(matches(true, array)).toBe(true);
    expect(matches(null, array)).toBe(true);
    expect(matches({ 'anything-but': ['rugby'] }, array)).toBe(true);
    expect(matches('golf', array)).toBe(false);
    expect(matches('x', { DataType: 'String.Array', StringValue: 'not json' })).toBe(false);
  });

  test('Binary is as good as absent', () => {
    const event = attributesAsEvent({ a: { DataType: 'Binary', BinaryValue: new Uint8Array([1]) } });

    expect(readPattern({ a: [{ exists: true }] }, SNS_ATTRIBUTES_PROFILE).matches(event)).toBe(false);
    expect(readPattern({ a: [{ exists: false }] }, SNS_ATTRIBUTES_PROFILE).matches(event)).toBe(true);
  });
});

describe('filters of an event source mapping', () => {
  const record = (body: string) => ({
    messageId: '1',
    body,
    messageAttributes: { eventType: { dataType: 'String', stringValue: 'OrderPlaced' } },
  });

  test('look into a JSON body, or at it as text', () => {
    const asJson = createMappingFilter(['{"body": {"order": {"total": [{"numeric": [">", 10]}]}}}']);
    const asText = createMappingFilter(['{"body": [{"prefix": "urgent"}]}']);

    expect(asJson.matches(record('{"order": {"total": 11}}'))).toBe(true);
    expect(asJson.matches(record('{"order": {"total": 10}}'))).toBe(false);
    expect(asJson.matches(record('plain'))).toBe(false);
    expect(asText.matches(record('urgent: x'))).toBe(true);
    expect(asText.matches(record('{"urgent": 1}'))).toBe(false);
  });

  test('one of several filters is enough; none at all lets everything through', () => {
    const filter = createMappingFilter([
      '{"body": {"a": [1]}}',
      '{"messageAttributes": {"eventType": {"stringValue": ["OrderPlaced"]}}}',
    ]);

    expect(filter.matches(record('{"a": 2}'))).toBe(true);
    expect(createMappingFilter([]).matches(record('x'))).toBe(true);
  });

  test('more than 10 are refused', () => {
    expect(() => createMappingFilter(Array.from({ length: 11 }, () => '{"body": ["x"]}'))).toThrow(
      'at most 10',
    );
  });
});
