/** What EventBridge refuses, in its words. */
import { afterAll, describe, expect, test } from '@jest/globals';

import { createHarness, queueArn, refusal } from './harness.ts';

const h = createHarness();
afterAll(() => h.close());
h.events.createEventBus({ Name: 'orders' });
h.rule({ Arn: queueArn('q') }, { Name: 'r' });

const target = (more: Record<string, unknown>) => ({
  Rule: 'r',
  Targets: [{ Id: 't', Arn: queueArn('q'), ...more }],
});
const INVALID = 'ValidationException';

const cases: readonly (readonly [string, Record<string, unknown>, string, string])[] = [
  [
    'CreateEventBus',
    { Name: 'orders' },
    'ResourceAlreadyExistsException',
    'Event bus orders already exists.',
  ],
  ['DescribeEventBus', { Name: 'x' }, 'ResourceNotFoundException', 'Event bus x does not exist.'],
  ['DeleteEventBus', { Name: 'default' }, INVALID, 'Cannot delete event bus default.'],
  ['RemovePermission', { StatementId: 'x' }, 'ResourceNotFoundException', 'EventBus does not have a policy.'],
  ['PutRule', { Name: 'x' }, INVALID, 'Parameter(s) EventPattern or ScheduleExpression must be specified.'],
  [
    'PutRule',
    { Name: 'x', EventBusName: 'orders', ScheduleExpression: 'rate(1 minute)' },
    INVALID,
    'ScheduleExpression is supported only on the default event bus.',
  ],
  [
    'PutRule',
    { Name: 'x', ScheduleExpression: 'cron(INVALID)' },
    INVALID,
    'Parameter ScheduleExpression is not valid.',
  ],
  [
    'PutRule',
    { Name: 'x', EventPattern: '{"source": "shop"}' },
    'InvalidEventPatternException',
    'Event pattern is not valid. Reason: "source" must be an object or an array',
  ],
  [
    'PutRule',
    { Name: 'x', EventPattern: `{"source": ["${'x'.repeat(2_048)}"]}` },
    'InvalidEventPatternException',
    'Event pattern is not valid. Reason: the pattern has 2064 characters, the limit is 2048',
  ],
  [
    'PutRule',
    { Name: 'x', EventBusName: 'y', EventPattern: '{"source":["a"]}' },
    'ResourceNotFoundException',
    'Event bus y does not exist.',
  ],
  ['DescribeRule', { Name: 'x' }, 'ResourceNotFoundException', 'Rule x does not exist on EventBus default.'],
  ['DeleteRule', { Name: 'r' }, INVALID, "Rule can't be deleted since it has targets."],
  [
    'PutTargets',
    { Rule: 'x', Targets: [] },
    'ResourceNotFoundException',
    'Rule x does not exist on EventBus default.',
  ],
  [
    'PutTargets',
    {
      Rule: 'r',
      Targets: ['a', 'b', 'c', 'd', 'e', 'f'].map((Id) => ({ Id, Arn: queueArn('q') })),
    },
    'LimitExceededException',
    'The requested resource exceeds the maximum number allowed.',
  ],
  [
    'PutTargets',
    target({ Id: '!@#$@!#$' }),
    INVALID,
    "1 validation error detected: Value '!@#$@!#$' at 'targets.1.member.id' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
  ],
  ['PutTargets', target({ Arn: 'queue' }), INVALID, 'Provided Arn is not in correct format.'],
  [
    'PutTargets',
    target({ Arn: queueArn('q.fifo') }),
    INVALID,
    'Parameter(s) SqsParameters must be specified for target: t.',
  ],
  [
    'PutTargets',
    target({ Input: '{}', InputPath: '$.detail' }),
    INVALID,
    'Only one of Input, InputPath, or InputTransformer must be provided for target t.',
  ],
  [
    'PutTargets',
    target({ InputTransformer: { InputPathsMap: {}, InputTemplate: '"<notdefinedkey>"' } }),
    INVALID,
    'InputTemplate for target t contains invalid placeholder notdefinedkey.',
  ],
  [
    'PutTargets',
    target({ RetryPolicy: { MaximumRetryAttempts: 186 } }),
    INVALID,
    'must have value less than or equal to 185',
  ],
  [
    'PutTargets',
    target({ RetryPolicy: { MaximumEventAgeInSeconds: 59 } }),
    INVALID,
    'must have value greater than or equal to 60',
  ],
  [
    'PutTargets',
    target({ DeadLetterConfig: { Arn: queueArn('d.fifo') } }),
    INVALID,
    'it must be a standard queue',
  ],
  [
    'PutTargets',
    { Rule: 'r', Targets: [] },
    INVALID,
    "Value '[]' at 'targets' failed to satisfy constraint: Member must have length greater than or equal to 1",
  ],
  [
    'PutTargets',
    { Rule: 'r', Targets: ['t'] },
    'SerializationException',
    'Targets must be a list of objects',
  ],
  ['RemoveTargets', { Rule: 'r', Ids: [] }, INVALID, "Value '[]' at 'ids' failed to satisfy constraint"],
  ['PutEvents', { Entries: [5] }, 'SerializationException', 'Entries must be a list of objects'],
  ['PutEvents', { Entries: [] }, INVALID, 'Member must have length greater than or equal to 1'],
  [
    'PutEvents',
    { Entries: Array.from({ length: 11 }, () => ({})) },
    INVALID,
    'Member must have length less than or equal to 10',
  ],
  [
    'PutEvents',
    { Entries: [{ Source: 's', DetailType: 'd', Detail: JSON.stringify({ a: 'x'.repeat(1_048_576) }) }] },
    INVALID,
    'Total size of the entries in the request is over the limit.',
  ],
  [
    'CreateArchive',
    { ArchiveName: 'a', EventSourceArn: 'arn:aws:events:us-east-1:000000000000:event-bus/x' },
    'ResourceNotFoundException',
    'Event bus x does not exist.',
  ],
];

describe('EventBridge refuses, with the code and the words of AWS', () => {
  test.each(cases)('%s %j', async (action, input, code, message) => {
    expect(await refusal(() => h.call(action, input))).toEqual([code, expect.stringContaining(message)]);
  });
});

test('entries fail one by one, by position', async () => {
  const good = { Source: 'shop', DetailType: 'd', Detail: '{}' };
  const output = await h.events.putEvents({
    Entries: [
      good,
      { ...good, Source: undefined },
      { ...good, DetailType: '' },
      { ...good, Detail: undefined },
      { ...good, Detail: 'not json' },
      { ...good, Detail: '[1]' },
      { ...good, Source: 'aws.s3' },
      good,
    ],
  });

  const required = (name: string) => ({
    ErrorCode: 'InvalidArgument',
    ErrorMessage: `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
  });
  const EventId = expect.any(String) as unknown;
  expect(output).toEqual({
    FailedEntryCount: 6,
    Entries: [
      { EventId },
      required('Source'),
      required('DetailType'),
      required('Detail'),
      { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' },
      { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' },
      { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' },
      { EventId },
    ],
  });
});

test('TestEventPattern answers whether an event matches', async () => {
  const event = {
    id: '1',
    account: 'a',
    source: 'shop',
    time: 't',
    region: 'r',
    resources: [],
    'detail-type': 'd',
  };
  const ask = (pattern: unknown) =>
    h.call('TestEventPattern', { EventPattern: JSON.stringify(pattern), Event: JSON.stringify(event) });

  expect(await ask({ source: ['shop'] })).toEqual({ Result: true });
  expect(await ask({ source: ['other'] })).toEqual({ Result: false });
});
