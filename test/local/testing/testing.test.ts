/** waybill/testing: names, time, records, faults and errors, on resources made by hand. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { startAws, type TestAws } from '../../../local/testing/index.ts';

let aws: TestAws;
let sqs: SQSClient;
let sns: SNSClient;

async function start(options: Parameters<typeof startAws>[0] = {}): Promise<void> {
  aws = await startAws({ frozen: true, policies: 'enforced-where-present', ...options });
  sqs = new SQSClient(aws.clientConfig);
  sns = new SNSClient(aws.clientConfig);
}
beforeEach(() => start());
afterEach(async () => {
  sqs.destroy();
  sns.destroy();
  await aws.stop();
});

const createQueue = (QueueName: string, Attributes: Record<string, string> = {}) =>
  sqs.send(new CreateQueueCommand({ QueueName, Attributes }));

test('a queue is found by its name, ARN and URL; its messages are looked at without receiving them', async () => {
  await createQueue('orders');
  const { messageId } = await aws.queue('orders').send({ orderId: 'o-1' });

  for (const reference of ['orders', aws.queue('orders').arn, aws.queue('orders').url]) {
    const [message] = aws.queue(reference).messages();
    expect(message).toMatchObject({ messageId, receiveCount: 0, state: 'waiting' });
    expect(message?.json()).toEqual({ orderId: 'o-1' });
  }
});

test('what is not there is an error that lists what there is', async () => {
  await createQueue('orders');

  expect(() => aws.queue('order')).toThrow('There is no queue "order". There are: orders.');
  expect(() => aws.topic('any')).toThrow(expect.objectContaining({ code: 'WAYBILL_UNKNOWN_RESOURCE' }));
});

test('time moves by advance alone, and what falls due happens on the way', async () => {
  await createQueue('later', { DelaySeconds: '60' });
  const started = aws.clock.now();
  await aws.queue('later').send('x');

  await aws.clock.advance({ seconds: 59 });
  expect(aws.queue('later').counts()).toMatchObject({ visible: 0, delayed: 1 });
  await aws.clock.advance({ minutes: 1, milliseconds: 500 });

  expect(aws.queue('later').counts()).toMatchObject({ visible: 1, delayed: 0 });
  expect(aws.clock.now() - started).toBe(119_500);
});

test('startTime and accountId are what everything sees', async () => {
  await aws.stop();
  await start({ startTime: new Date('2030-06-01T12:00:00Z'), accountId: '111122223333' });
  await createQueue('orders');

  expect(new Date(aws.clock.now()).toISOString()).toBe('2030-06-01T12:00:00.000Z');
  expect(aws.queue('orders').arn).toBe('arn:aws:sqs:us-east-1:111122223333:orders');
});

test('a topic tells what became of each message at each subscription', async () => {
  await createQueue('all');
  await createQueue('some');
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'news' }));
  const subscribe = (name: string, Attributes: Record<string, string> = {}) =>
    sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: aws.queue(name).arn, Attributes }));
  await subscribe('all');
  await subscribe('some', { FilterPolicy: '{"kind":["b"]}' });

  const { messageId } = await aws.topic('news').publish('hello');
  await aws.settled();

  expect(
    aws
      .topic('news')
      .deliveries()
      .map(({ outcome, target, messageId: id }) => [outcome, target.split(':').at(-1), id]),
  ).toEqual(
    expect.arrayContaining([
      ['delivered', 'all', messageId],
      ['filtered', 'some', messageId],
    ]),
  );
});

test('a dead-letter queue is found through its source', async () => {
  await createQueue('dead');
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: aws.queue('dead').arn, maxReceiveCount: 1 });
  await createQueue('orders', { RedrivePolicy });

  expect(aws.queue('orders').deadLetterQueue()?.arn).toBe(aws.queue('dead').arn);
  expect(aws.queue('dead').deadLetterQueue()).toBeUndefined();
});

test('the same seed injects the same faults', async () => {
  const outcomes = async (seed: number): Promise<boolean[]> => {
    await aws.stop();
    await start({ seed });
    await createQueue('orders');
    aws.faults.add({ service: 'sqs', action: 'Deliver', probability: 0.5, effect: { kind: 'duplicate' } });
    const twice: boolean[] = [];
    for (let index = 0; index < 12; index++) {
      const before = aws.queue('orders').messages().length;
      await aws.queue('orders').send('x');
      twice.push(aws.queue('orders').messages().length - before === 2);
    }
    return twice;
  };

  const first = await outcomes(5);
  expect(await outcomes(5)).toEqual(first);
  expect(await outcomes(6)).not.toEqual(first);
  expect(first).toContain(true);
  expect(first).toContain(false);
});

test('a bus refuses an event with the code of its entry', async () => {
  await expect(
    aws.eventBus('default').putEvent({ source: 'aws.mine', detailType: 't', detail: {} }),
  ).rejects.toMatchObject({ code: 'NotAuthorizedForSourceException' });
});

test('an unknown assembly is a clear error', async () => {
  await expect(aws.deploy('.waybill/not-there')).rejects.toMatchObject({
    code: expect.stringMatching(/^WAYBILL_/),
  });
});
