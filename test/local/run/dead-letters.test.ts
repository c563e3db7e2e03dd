import { expect, test } from '@jest/globals';
import { createAwsContext } from '../../../local/aws/index.ts';
import { watchCutOffs } from '../../../local/run/dead-letters.ts';

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:orders';
const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:orders';

test('a message is cut off while the last thing that happened to it is a crash of its receive', () => {
  const context = createAwsContext();
  const cutOffs = watchCutOffs(context);
  const { events } = context;
  const received = (messageId: string): void =>
    events.emit({ kind: 'received', service: 'sqs', resourceArn: QUEUE, messageId });
  const fault = (effect: string, messageIds: string): void =>
    events.emit({ kind: 'fault', service: 'lambda', resourceArn: FUNCTION, detail: { effect, messageIds } });

  for (const id of ['a', 'b', 'c']) received(id);
  fault('crash-during', 'a b');
  fault('slow', 'c');
  expect([...cutOffs]).toEqual(['a', 'b']);

  received('a');
  expect([...cutOffs]).toEqual(['b']);
});
