/**
 * What a queue reports as having happened: the console, the live view and delivery assertions stand on it.
 */
import { expect, test } from '@jest/globals';
import { redriveTo, sqsInProcess } from './in-process.ts';

test('a message is reported at each step of its way, without its content', async () => {
  const { clock, context, queue } = sqsInProcess();
  const dead = await queue('dead');
  const jobs = await queue('jobs', { ...redriveTo(dead.arn, 1), VisibilityTimeout: '10' });
  const seen: string[] = [];
  const stop = context.events.observe((happening) => {
    seen.push(`${happening.kind} ${happening.resourceArn.split(':').at(-1)}`);
    expect(JSON.stringify(happening)).not.toContain('secret');
  });

  await jobs.send('secret');
  await jobs.receive();
  await clock.advance(10_000);
  await jobs.receive();
  const [letter] = await dead.receive();
  await dead.delete(letter);
  stop();
  await jobs.send('unobserved');

  expect(seen).toEqual([
    'sent jobs',
    'received jobs',
    'released jobs',
    'dead-lettered jobs',
    'received dead',
    'deleted dead',
  ]);
});

test('a repeated send is reported as deduplicated, not as sent', async () => {
  const { context, queue } = sqsInProcess();
  const orders = await queue('orders.fifo');
  const kinds: string[] = [];
  context.events.observe(({ kind }) => kinds.push(kind));

  for (let round = 0; round < 2; round++) await orders.sendTo('A', 'a', { MessageDeduplicationId: 'same' });

  expect(kinds).toEqual(['sent', 'deduplicated']);
});
