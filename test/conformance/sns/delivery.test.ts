/** What subscribers receive, and what becomes of a message that can't be delivered. */
import { ListSubscriptionsByTopicCommand } from '@aws-sdk/client-sns';
import { DeleteQueueCommand } from '@aws-sdk/client-sqs';
import { behavioursOf, bodies, expect } from '../harness.ts';
import { API, envelope, GUIDE, messageAttributes, redriveTo, topic } from './topics.ts';

const behaviour = behavioursOf('sns');
const FORMATS = `${GUIDE}/sns-message-and-json-formats.html`;
const RAW = `${GUIDE}/sns-large-payload-raw-message-delivery.html`;
const DEAD = `${GUIDE}/sns-dead-letter-queues.html`;

behaviour('every subscription gets its own copy', `${GUIDE}/welcome.html`, async (aws) => {
  const orders = await topic(aws);
  const queues = [
    await orders.queue({ RawMessageDelivery: 'true' }),
    await orders.queue({ RawMessageDelivery: 'true' }),
  ];
  await orders.publish('copy');

  for (const queue of queues) expect(bodies(await queue.receive(1))).toEqual(['copy']);
});

behaviour('a queue gets the message in an envelope', FORMATS, async (aws) => {
  const orders = await topic(aws);
  const queue = await orders.queue();
  const { MessageId } = await orders.publish('hello', {
    Subject: 'greeting',
    MessageAttributes: messageAttributes({ n: 1, tags: ['a'] }),
  });

  const [message] = await queue.receive(1);
  expect(envelope(message)).toMatchObject({
    Type: 'Notification',
    MessageId,
    TopicArn: orders.arn,
    Subject: 'greeting',
    Message: 'hello',
    MessageAttributes: { n: { Type: 'Number', Value: '1' }, tags: { Type: 'String.Array', Value: '["a"]' } },
  });
  expect(envelope(message).Timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(message?.MessageAttributes).toBeUndefined();
});

behaviour('an envelope without subject and attributes has no such members', FORMATS, async (aws) => {
  const orders = await topic(aws);
  const queue = await orders.queue();
  await orders.publish('hello');

  const [message] = await queue.receive(1);
  const members = Object.keys(envelope(message));
  expect(members).not.toContain('Subject');
  expect(members).not.toContain('MessageAttributes');
});

behaviour('raw delivery is the message itself, attributes as attributes', RAW, async (aws) => {
  const orders = await topic(aws);
  const queue = await orders.queue({ RawMessageDelivery: 'true' });
  const BinaryValue = new Uint8Array([1, 2, 255]);
  await orders.publish('raw', {
    MessageAttributes: { ...messageAttributes({ n: 1, t: 'x' }), b: { DataType: 'Binary', BinaryValue } },
  });

  const [message] = await queue.receive(1);
  expect(message?.Body).toBe('raw');
  expect(message?.MessageAttributes).toMatchObject({
    n: { DataType: 'Number', StringValue: '1' },
    t: { DataType: 'String', StringValue: 'x' },
    b: { DataType: 'Binary' },
  });
  expect([...(message?.MessageAttributes?.['b']?.BinaryValue ?? [])]).toEqual([1, 2, 255]);
});

const eleven = () =>
  messageAttributes(Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`a${index}`, 'x'])));

behaviour('raw delivery with more than ten attributes is discarded', RAW, async (aws) => {
  const orders = await topic(aws);
  const queue = await orders.queue({ RawMessageDelivery: 'true' });
  await orders.publish('too many', { MessageAttributes: eleven() });
  await orders.publish('next');

  expect(bodies(await queue.receive(1))).toEqual(['next']);
  expect(await queue.receiveOnce()).toEqual([]);
});

behaviour('what raw delivery discards comes to the dead-letter queue', RAW, async (aws) => {
  const orders = await topic(aws);
  const dead = await aws.queue();
  await aws.allow(dead, 'sns.amazonaws.com', orders.arn);
  await orders.queue({ RawMessageDelivery: 'true', RedrivePolicy: redriveTo(dead) });
  await orders.publish('too many', { MessageAttributes: eleven() });

  expect(await dead.receive(1)).toHaveLength(1);
});

behaviour('without raw delivery eleven attributes are fine', RAW, async (aws) => {
  const orders = await topic(aws);
  const queue = await orders.queue();
  await orders.publish('eleven', { MessageAttributes: eleven() });

  const [message] = await queue.receive(1);
  expect(Object.keys(envelope(message).MessageAttributes ?? {})).toHaveLength(11);
});

behaviour('a message for a queue that is gone comes to the dead-letter queue at once', DEAD, async (aws) => {
  const orders = await topic(aws);
  const dead = await aws.queue();
  await aws.allow(dead, 'sns.amazonaws.com', orders.arn);
  const queue = await orders.queue({ RedrivePolicy: redriveTo(dead), RawMessageDelivery: 'true' });
  await aws.sqs.send(new DeleteQueueCommand({ QueueUrl: queue.url }));
  await aws.applied();
  await orders.publish('lost', { MessageAttributes: messageAttributes({ t: 'x' }) });

  const [letter] = await dead.receive(1);
  expect(letter?.Body).toBe('lost');
  expect(letter?.MessageAttributes).toMatchObject({ t: { StringValue: 'x' } });
});

behaviour(
  'a subscription without a dead-letter queue loses what it can not deliver, the others do not',
  DEAD,
  async (aws) => {
    const orders = await topic(aws);
    const gone = await orders.queue();
    const there = await orders.queue({ RawMessageDelivery: 'true' });
    await aws.sqs.send(new DeleteQueueCommand({ QueueUrl: gone.url }));
    await orders.publish('a');

    expect(bodies(await there.receive(1))).toEqual(['a']);
  },
);

behaviour('the UnsubscribeURL of a message ends the subscription', FORMATS, async (aws) => {
  if (!aws.embedded) aws.notRun('AWS asks for a signature unless the owner confirmed without one');
  const orders = await topic(aws);
  const queue = await orders.queue();
  await orders.publish('a');
  const [message] = await queue.receive(1);
  await fetch(envelope(message).UnsubscribeURL);
  const listed = await aws.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: orders.arn }));

  expect(listed.Subscriptions ?? []).toEqual([]);
});

behaviour('the Query protocol answers XML with a request id', `${API}/CommonParameters.html`, async (aws) => {
  const orders = await topic(aws);
  const answer = await aws.request({
    service: 'sns',
    form: { Action: 'Publish', Version: '2010-03-31', TopicArn: orders.arn, Message: 'a' },
  });

  expect(answer.status).toBe(200);
  expect(answer.text).toContain('<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">');
  expect(answer.text).toMatch(/<MessageId>[0-9a-f-]{36}<\/MessageId>/);
  expect(answer.text).toMatch(/<RequestId>[0-9a-f-]+<\/RequestId>/);
});

behaviour('an unknown action is an InvalidAction', `${API}/CommonErrors.html`, async (aws) => {
  const answer = await aws.request({ service: 'sns', form: { Action: 'Fly', Version: '2010-03-31' } });

  expect(answer.text).toContain('<Code>InvalidAction</Code>');
});
