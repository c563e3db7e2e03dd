import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stripVTControlCharacters } from 'node:util';
import { rootCaller, startEmbeddedAws } from '../../../local/aws/index.ts';
import type { EmbeddedAws } from '../../../local/aws/index.ts';
import type { DeniedCall } from '../../../local/run/denials.ts';
import { noticesOf } from '../../../local/run/notices.ts';

let aws: EmbeddedAws;
beforeAll(async () => {
  aws = await startEmbeddedAws({ port: 0 });
});
afterAll(() => aws.close());

const text = (PhoneNumber: string): Promise<unknown> =>
  aws.services.sns.handle('Publish', { PhoneNumber, Message: 'the secret' }, rootCaller(aws.context));
const denial: DeniedCall = {
  principal: 'sns.amazonaws.com',
  action: 'sqs:SendMessage',
  resourceArn: 'orders',
  policy: 'the policy of the queue',
  statement: '{}',
  times: 1,
};

test('what is new is told once: denials, and messages by kind and receiver without their text', async () => {
  const denials: DeniedCall[] = [];
  const next = noticesOf({ aws, denials: () => denials });
  const told = (): string[] => next().map(stripVTControlCharacters);

  await text('+4930111');
  await text('+4930111');
  await text('+4930222');
  denials.push(denial);

  expect(told()).toEqual([
    'denied: sns.amazonaws.com may not sqs:SendMessage orders\n  add to the policy of the queue:\n  {}',
    'text message to +4930111 (2 times)',
    'text message to +4930222',
  ]);
  expect(told()).toEqual([]);
  await text('+4930111');
  expect(told()).toEqual(['text message to +4930111']);
});
