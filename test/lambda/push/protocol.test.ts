/** Both directions of the protocol: what is a message, and that everything else is none instead of a crash. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { problemMessage } from '../../../lambda/push/problems.ts';
import { parseClientMessage, parseServerMessage } from '../../../lambda/push/protocol.ts';

describe('messages of a client', () => {
  test.each([
    [{ action: 'resume', cursor: 0 }],
    [{ action: 'resume', cursor: 41 }],
    [{ action: 'resume', cursor: 'latest' }],
    [{ action: 'ping' }],
  ])('%j', (message) => {
    expect(parseClientMessage(JSON.stringify({ ...message, more: 'passed over' }))).toEqual(message);
  });

  test.each([
    '',
    'ping',
    'null',
    '[]',
    '[{"action":"ping"}]',
    '{"action":"resume"}',
    '{"action":"resume","cursor":-1}',
    '{"action":"resume","cursor":1.5}',
    '{"action":"resume","cursor":"1"}',
    '{"action":"resume","cursor":1e400}',
    '{"action":"subscribe","cursor":1}',
    '{"action":"__proto__"}',
  ])('%s is none', (text) => {
    expect(parseClientMessage(text)).toBeUndefined();
  });
});

describe('messages of the server', () => {
  test.each([
    [{ type: 'notification', id: 'e-1', cursor: 1, eventType: 'GenerationComplete', data: { a: 1 } }],
    [{ type: 'caught-up', cursor: 0 }],
    [{ type: 'more', cursor: 50 }],
    [{ type: 'gap', from: 1, to: 3 }],
    [{ type: 'pong' }],
    [{ type: 'pong', cursor: 7 }],
    [{ type: 'expired' }],
    [problemMessage('WAYBILL_PUSH_UNAVAILABLE')],
  ])('%j', (message) => {
    expect(parseServerMessage(JSON.stringify(message))).toEqual(message);
  });

  test.each([
    '',
    'null',
    '{"message":"Internal server error","connectionId":"a=","requestId":"b"}',
    '{"type":"notification","id":"e-1","cursor":0,"eventType":"A","data":{}}',
    '{"type":"notification","id":"e-1","cursor":1,"eventType":"A"}',
    '{"type":"notification","cursor":1,"eventType":"A","data":{}}',
    '{"type":"gap","from":3,"to":1}',
    '{"type":"caught-up"}',
    '{"type":"error","problem":"no"}',
    '{"type":"tomorrow"}',
  ])('%s is none', (text) => {
    expect(parseServerMessage(text)).toBeUndefined();
  });
});

test('no text and no JSON value makes a parser throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      parseClientMessage(text);
      parseServerMessage(text);
    }),
  );
});
