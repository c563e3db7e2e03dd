import { describe, expect, test } from '@jest/globals';

import { readBatchResponse } from '../../../../local/aws/polling/batch-response.ts';

describe('ReportBatchItemFailures', () => {
  const messageIds = ['m1', 'm2', 'm3'];

  test.each(['null', '{}', '{"batchItemFailures":null}', '{"batchItemFailures":[]}'])(
    '%s is success of the whole batch',
    (answer) => {
      expect(readBatchResponse(answer, messageIds)).toEqual({ kind: 'succeeded' });
    },
  );

  test.each([
    '"done"',
    '[]',
    'not json',
    '{"batchItemFailures":"m1"}',
    '{"batchItemFailures":[{"itemIdentifier":""}]}',
    '{"batchItemFailures":[{"itemIdentifier":null}]}',
    '{"batchItemFailures":[{"messageId":"m1"}]}',
    '{"batchItemFailures":[null]}',
    '{"batchItemFailures":[{"itemIdentifier":"m1"},{"itemIdentifier":"stranger"}]}',
  ])('%s is failure of the whole batch', (answer) => {
    expect(readBatchResponse(answer, messageIds).kind).toBe('failed');
  });

  test('named messages fail, and only they', () => {
    const answer = '{"batchItemFailures":[{"itemIdentifier":"m2"},{"itemIdentifier":"m2"}]}';

    expect(readBatchResponse(answer, messageIds)).toEqual({ kind: 'partial', failed: new Set(['m2']) });
  });
});
