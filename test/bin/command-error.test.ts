import { expect, test } from '@jest/globals';
import { CommandError, describeError } from '../../bin/command-error.ts';

test('what an error came from is told to its first cause', () => {
  const refused = Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' });
  const cause = new TypeError('fetch failed', { cause: refused });
  const error = new CommandError('WAYBILL_METRICS_UNREADABLE', 'nothing could be read', {
    fix: 'start it',
    cause,
  });

  expect(describeError(error)).toBe(
    'waybill: nothing could be read\n  Because: fetch failed: ECONNREFUSED\n  Fix: start it\n  Code: WAYBILL_METRICS_UNREADABLE\n',
  );
});

test('an error without a cause has no line for it', () => {
  expect(describeError(new CommandError('WAYBILL_ADVICE_SOURCE', 'none', { fix: 'give one' }))).toBe(
    'waybill: none\n  Fix: give one\n  Code: WAYBILL_ADVICE_SOURCE\n',
  );
});
