import { describe, expect, test } from '@jest/globals';
import { failuresOf, reportOf } from '../../../local/run/report.ts';
import type { Outcome } from '../../../local/run/report.ts';
import type { ConsumerMeasure } from '../../../local/workload/index.ts';

const handledAll: ConsumerMeasure = {
  expected: 3,
  handled: 3,
  duplicates: 0,
  missing: [],
  uninvited: 0,
  orderViolations: 0,
  fifo: true,
};
const success: Outcome = {
  measured: {
    published: 3,
    waiting: 0,
    quarantined: 0,
    consumers: { audit: handledAll },
    latencyMs: { p50: 4, p99: 9 },
  },
  deadLetters: [],
  denials: [],
  alarms: [],
  retried: 1,
  seconds: 2,
  waitingFor: [],
  unexpectedAnswers: {},
  poisoned: [],
};
const alarm = {
  name: 'core-AuditDeadLetterAlarm1A2B3C4D-0a1b2c3d4e5f',
  shortName: 'AuditDeadLetterAlarm',
  reason: 'Threshold Crossed',
  consumer: 'audit',
};
const withConsumer = (changes: Partial<ConsumerMeasure>): Outcome => ({
  ...success,
  measured: { ...success.measured, consumers: { audit: { ...handledAll, ...changes } } },
});

test('the report has the shape that scripts read', () => {
  expect(reportOf(success)).toEqual({
    published: 3,
    consumers: { audit: { expected: 3, handled: 3, duplicates: 0 } },
    retried: 1,
    deadLettered: 0,
    lost: 0,
    denied: 0,
    alarms: [],
    latencyMs: { p50: 4, p99: 9 },
    seconds: 2,
  });
  expect(failuresOf(success)).toEqual([]);
});

describe('fails when', () => {
  test.each<[string, Outcome, RegExp]>([
    [
      'an event is lost',
      withConsumer({ handled: 2, missing: ['e1'] }),
      /audit lost 1 events, for example e1/,
    ],
    ['an effect happened twice', withConsumer({ duplicates: 1 }), /more than once/],
    ['an event came through a filter', withConsumer({ uninvited: 1 }), /keeps away/],
    ['a FIFO consumer got a key out of order', withConsumer({ orderViolations: 2 }), /before an earlier one/],
    [
      'the outbox is not empty',
      { ...success, measured: { ...success.measured, waiting: 4 } },
      /still in the outbox/,
    ],
    [
      'nothing was published',
      { ...success, measured: { ...success.measured, published: 0 } },
      /nothing was published/,
    ],
    ['it was not quiet in time', { ...success, waitingFor: ['audit: 2 visible'] }, /still waiting for audit/],
    [
      'a call was denied',
      {
        ...success,
        denials: [
          {
            principal: 'sns.amazonaws.com',
            action: 'sqs:SendMessage',
            resourceArn: 'arn:aws:sqs:us-east-1:000000000000:audit',
            policy: 'the policy of the queue',
            statement: '{}',
            times: 3,
          },
        ],
      },
      /sns\.amazonaws\.com was denied sqs:SendMessage on .*:audit, 3 times/,
    ],
    ['the API refused a request', { ...success, unexpectedAnswers: { '500': 2 } }, /2 requests with 500/],
    [
      'a consumer that nobody poisoned has dead letters',
      {
        ...success,
        deadLetters: [
          { consumer: 'audit', eventId: 'e9', reason: 'HANDLER_FAILED', cutOff: false, region: 'us-east-1' },
        ],
      },
      /audit has 1 dead letters: HANDLER_FAILED/,
    ],
    ['the poison did not arrive', { ...success, poisoned: ['audit'] }, /its dead-letter queue is empty/],
    [
      'the poison has no reason',
      {
        ...success,
        poisoned: ['audit'],
        deadLetters: [
          { consumer: 'audit', eventId: 'e9', reason: 'MAX_RECEIVES', cutOff: false, region: 'us-east-1' },
        ],
      },
      /without a reason/,
    ],
    [
      'the poison raised no alarm',
      {
        ...success,
        poisoned: ['audit'],
        deadLetters: [
          { consumer: 'audit', eventId: 'e9', reason: 'HANDLER_FAILED', cutOff: false, region: 'us-east-1' },
        ],
      },
      /no alarm of its dead-letter queue is in ALARM/,
    ],
  ])('%s', (_name, outcome, message) => {
    expect(failuresOf(outcome).join('\n')).toMatch(message);
  });
});

test('an event in the dead-letter queue of its consumer is not lost', () => {
  const outcome: Outcome = {
    ...withConsumer({ handled: 2, missing: ['e1'] }),
    poisoned: ['audit'],
    deadLetters: [
      { consumer: 'audit', eventId: 'e1', reason: 'HANDLER_FAILED', cutOff: false, region: 'us-east-1' },
    ],
    alarms: [alarm],
  };

  expect(reportOf(outcome)).toMatchObject({ lost: 0, deadLettered: 1 });
  expect(failuresOf(outcome)).toEqual([]);
});

describe('a dead letter of the poisoned consumer without a reason', () => {
  const letter = {
    consumer: 'audit',
    eventId: 'e9',
    reason: 'HANDLER_FAILED',
    cutOff: false,
    region: 'us-east-1',
  };
  const judged = (deadLetters: Outcome['deadLetters']): string[] =>
    failuresOf({ ...success, poisoned: ['audit'], deadLetters, alarms: [alarm] });

  test('is explained where its last receive crashed', () => {
    expect(judged([letter, { ...letter, eventId: 'e10', reason: 'MAX_RECEIVES', cutOff: true }])).toEqual([]);
  });

  test('is explained beside the copy that has the reason: the original could not be deleted', () => {
    expect(judged([letter, { ...letter, reason: 'MAX_RECEIVES' }])).toEqual([]);
  });

  test('is a failure otherwise', () => {
    expect(judged([letter, { ...letter, eventId: 'e10', reason: 'MAX_RECEIVES' }])).toEqual([
      'audit has 1 dead letters without a reason, for example e10',
    ]);
  });
});
