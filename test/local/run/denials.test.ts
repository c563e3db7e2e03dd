import { expect, test } from '@jest/globals';
import { createAwsContext } from '../../../local/aws/index.ts';
import { describeDenial, watchDenials } from '../../../local/run/denials.ts';

test('each kind of denied call is listed once, with how often it happened and what to add where', () => {
  const context = createAwsContext();
  const denials = watchDenials(context);
  const deny = (action: string) =>
    context.events.emit({
      kind: 'denied',
      service: 'sqs',
      resourceArn: 'arn:aws:sqs:us-east-1:000000000000:orders',
      detail: {
        action,
        principal: 'sns.amazonaws.com',
        policy: 'the policy of the queue',
        statement: '{"A":1}',
      },
    });

  deny('sqs:SendMessage');
  deny('sqs:SendMessage');
  deny('sqs:PurgeQueue');

  expect(denials().map(({ action, times }) => [action, times])).toEqual([
    ['sqs:SendMessage', 2],
    ['sqs:PurgeQueue', 1],
  ]);
  expect(denials().map(describeDenial)[0]).toBe(
    'sns.amazonaws.com may not sqs:SendMessage arn:aws:sqs:us-east-1:000000000000:orders (2 times)\n' +
      '  add to the policy of the queue:\n  {"A":1}',
  );
});
