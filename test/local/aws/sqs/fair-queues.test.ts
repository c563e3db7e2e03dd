/** Fair queues: MessageGroupId on a standard queue names a tenant, and noisy tenants yield. */
import { expect, test } from '@jest/globals';
import { bodies, sqsInProcess } from './in-process.ts';

test('a quiet tenant is served before the backlog of a tenant that holds the messages in flight', async () => {
  const { queue, sqs } = sqsInProcess();
  const jobs = await queue('jobs');
  for (let index = 0; index < 60; index++) await jobs.send(`noisy ${index}`, { MessageGroupId: 'noisy' });
  for (let index = 0; index < 3; index++) await jobs.receive();
  await jobs.send('quiet', { MessageGroupId: 'quiet' });

  const next = bodies(await jobs.receive());

  expect(next[0]).toBe('quiet');
  expect(next).toHaveLength(10);
  expect(sqs.groupCounts(jobs.arn)).toMatchObject({ noisy: 1, inFlight: 2 });
});

test('a tenant that takes most of the consumer time yields, though it has few messages in flight', async () => {
  const { clock, queue } = sqsInProcess();
  const jobs = await queue('jobs', { VisibilityTimeout: '600' });
  const work = async (tenant: string, seconds: number) => {
    await jobs.send(tenant, { MessageGroupId: tenant });
    const [message] = await jobs.receive();
    await clock.advance(seconds * 1000);
    await jobs.delete(message);
  };
  await work('slow', 60);
  await work('fast', 1);

  await jobs.send('slow', { MessageGroupId: 'slow' });
  await jobs.send('fast', { MessageGroupId: 'fast' });

  expect(bodies(await jobs.receive())).toEqual(['fast', 'slow']);
});

test('past consumer time fades', async () => {
  const { clock, queue } = sqsInProcess();
  const jobs = await queue('jobs', { VisibilityTimeout: '600' });
  await jobs.send('slow', { MessageGroupId: 'slow' });
  const [message] = await jobs.receive();
  await clock.advance(10_000);
  await jobs.delete(message);
  await clock.advance(3_600_000);

  await jobs.send('slow', { MessageGroupId: 'slow' });
  await jobs.send('fast', { MessageGroupId: 'fast' });

  expect(bodies(await jobs.receive())).toEqual(['slow', 'fast']);
});

test('messages without a group count as a tenant each and never yield', async () => {
  const { queue } = sqsInProcess();
  const jobs = await queue('jobs');
  for (let index = 0; index < 50; index++) await jobs.send(`plain ${index}`);
  for (let index = 0; index < 4; index++) await jobs.receive();
  await jobs.send('tenant', { MessageGroupId: 'tenant' });

  expect(bodies(await jobs.receive({ MaxNumberOfMessages: 1 }))).toEqual(['plain 40']);
});

test('one receive of a queue at rest takes the messages of all tenants in order of arrival', async () => {
  const { queue } = sqsInProcess();
  const jobs = await queue('jobs');
  for (const body of ['a1', 'b1', 'c1']) await jobs.send(body, { MessageGroupId: body.slice(0, 1) });

  expect(bodies(await jobs.receive())).toEqual(['a1', 'b1', 'c1']);
});

test('a standard queue does not lock a group', async () => {
  const { queue } = sqsInProcess();
  const jobs = await queue('jobs');
  for (const body of ['a1', 'a2']) await jobs.send(body, { MessageGroupId: 'a' });

  expect(bodies(await jobs.receive({ MaxNumberOfMessages: 1 }))).toEqual(['a1']);
  expect(bodies(await jobs.receive({ MaxNumberOfMessages: 1 }))).toEqual(['a2']);
});

test('a message received three times goes to the back of the line', async () => {
  const { queue } = sqsInProcess();
  const jobs = await queue('jobs');
  for (const body of ['poison', 'good']) await jobs.send(body);
  const one = { MaxNumberOfMessages: 1, VisibilityTimeout: 0 };

  const received: (string | undefined)[] = [];
  for (let index = 0; index < 4; index++) received.push((await jobs.receive(one))[0]?.Body);

  expect(received).toEqual(['poison', 'poison', 'poison', 'good']);
});
