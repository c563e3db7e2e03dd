import { expect, test } from '@jest/globals';
import { SYSTEM_NAMES } from '../../../lib/config/index.ts';
import { missing, pinned } from './logical-ids.ts';
import { isSharedStack } from './synthesize.ts';

test('every stack with a pin is of a system or shared, so that a test looks after it', () => {
  const ofNobody = Object.keys(pinned).filter(
    (stack) => !isSharedStack(stack) && !SYSTEM_NAMES.some((name) => stack.toLowerCase().startsWith(name)),
  );
  expect(ofNobody).toEqual([]);
});

test('the pin tells a rename and a move: it would have caught each', () => {
  const queue = { Queue1: 'AWS::SQS::Queue orders' };
  expect(missing({ Core: queue }, { Core: { Queue2: 'AWS::SQS::Queue orders' } })).toEqual([
    'Core Queue1 AWS::SQS::Queue orders',
  ]);
  expect(missing({ Core: queue }, { Other: queue })).toEqual(['Core Queue1 AWS::SQS::Queue orders']);
  expect(missing({ Core: queue }, { Core: { Queue1: 'AWS::SQS::Queue renamed' } })).toEqual([
    'Core Queue1 AWS::SQS::Queue orders',
  ]);
  expect(missing({ Core: queue }, { Core: { ...queue, Queue2: 'AWS::SQS::Queue' } })).toEqual([]);
});
